"""Sendmail with Cyrus SASL, as a submission server.

Peculiarities: neither CHUNKING nor, as Debian builds it, SMTPUTF8; it speaks to syslog(3) only; its configuration is a
page of macros for m4. A mailer of its own keeps a message with all its recipients in one file.
"""

import os
import re

from chroot import ChrootServer
from server import MEBIBYTE, PASSWORD, USERNAME, Features, read_text

REALM = "sendmail.test"
_MACROS = """
define(`TEMPFILE', `')
include(`/usr/share/sendmail/cf/m4/cf.m4')
OSTYPE(`linux')
define(`confDOMAIN_NAME', `sendmail.test')
define(`confPID_FILE', `/run/sendmail.pid')
define(`QUEUE_DIR', `/var/spool/mqueue')
define(`STATUS_FILE', `')
define(`ALIAS_FILE', `')
define(`confHOSTS_FILE', `/etc/hosts')
define(`confDONT_PROBE_INTERFACES', `True')
define(`confQUEUE_LA', `1000')
define(`confREFUSE_LA', `1000')
define(`confDELAY_LA', `0')
define(`confTO_IDENT', `0')
define(`confMAX_MESSAGE_SIZE', `{size}')
define(`confCACERT_PATH', `/etc')
define(`confCACERT', `/etc/chain.pem')
define(`confSERVER_CERT', `/etc/chain.pem')
define(`confSERVER_KEY', `/etc/key.pem')
define(`confAUTH_MECHANISMS', `{mechanisms}')
define(`confAUTH_OPTIONS', `A')
define(`confBIND_OPTS', `-DNSRCH -DEFNAMES')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`nouucp', `reject')
FEATURE(`accept_unresolvable_domains')
FEATURE(`accept_unqualified_senders')
DAEMON_OPTIONS(`Name=MSA, Addr=127.0.0.1, Port={port}, M=Eaf')
DAEMON_OPTIONS(`Name=TLS, Addr=127.0.0.1, Port={tls_port}, M=Eafs')
MAILER(`local')
MAILER(`smtp')
LOCAL_CONFIG
Krefused regex -m -a<REFUSED> ^<?refused.*
LOCAL_RULESETS
SLocal_check_rcpt
R$*\t$: $(refused $1 $)
R$* <REFUSED>\t$#error $@ 5.1.1 $: "550 5.1.1 no such mailbox"
LOCAL_RULE_0
R$+ < @ example.net . > $*\t$#keep $@ example.net $: $1 @ example.net
MAILER_DEFINITIONS
Mkeep, P=/usr/bin/keep, F=SDFMmn8, S=0, R=0, A=keep $i $u
"""
_KEEP = """#!/bin/sh
file=$1.$$
shift
{ echo "X-Envelope-To: $*" && cat; } >"/mail/tmp/$file" && mv "/mail/tmp/$file" "/mail/new/$file"
"""
_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: /etc/sasldb2
"""


class Instance(ChrootServer):
    name, title = "sendmail", "Sendmail"
    packages = ("sendmail-bin", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db", "m4")
    programs = ("usr/libexec/sendmail/sendmail", "usr/sbin/saslpasswd2")
    users = ("mail", "smmta", "smmsp")
    borrowed = ("bin/sh", "bin/cat", "bin/mv", "usr/bin/m4")
    stores_lf = True
    features = Features(
        starttls=True,
        smtps=True,
        auth=("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"),
        size=16 * MEBIBYTE,
        pipelining=True,
        eight_bit=True,
        dsn=True,
    )

    def configure(self):
        terms = {
            **{"port": self.port, "tls_port": self.tls_port},
            **{"size": self.features.size, "mechanisms": " ".join(self.features.auth)},
        }
        self.put("etc/mail/sendmail.cf", self.run("/usr/bin/m4", text=_MACROS.format(**terms)))
        self.put("etc/mail/service.switch", "hosts files\naliases files\n")
        self.put("usr/bin/keep", _KEEP, mode=0o755)
        self.put_certificate()
        self.put_folder("mail/tmp", "mail")
        self.put_folder("mail/new", "mail")
        self.put_folder("var/spool/mqueue", "root", 0o700)
        self.put("usr/lib/sasl2/Sendmail.conf", _SASL)
        if not os.path.exists(self.inside("etc/sasldb2")):
            self.run("/usr/sbin/saslpasswd2", "-p", "-c", "-f", "/etc/sasldb2", "-u", REALM, USERNAME, text=PASSWORD)

    def command(self):
        return [*self.enter, "/usr/libexec/sendmail/sendmail", "-bD", "-q1h"]

    def stored(self):
        for name in os.listdir(self.inside("mail/new")):
            with open(self.inside(f"mail/new/{name}"), "rb") as file:
                first, _, content = file.read().partition(b"\n")
            yield first.decode().split()[1:], content

    def queue_ids(self):
        return set(re.findall(r"\]: (\w+): from=<", read_text(self.path("syslog"))))
