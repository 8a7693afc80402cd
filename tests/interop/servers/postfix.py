"""Postfix with Cyrus SASL: its own configuration, queue, data and log; nothing is read from /etc or written to /var.

It needs root, since Postfix drops its rights to users of its own. STARTTLS on one port, implicit TLS on the other, both
for those who are logged in only. Every recipient's copy goes into the one Maildir, told apart by Delivered-To.
"""

import contextlib
import grp
import os
import pwd
import re
import shutil
import subprocess

import server
from lib import harness

REALM = "postfix.test"

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = {root}/usr/sbin
daemon_directory = {root}/usr/lib/postfix/sbin
shlib_directory = {root}/usr/lib/postfix
meta_directory = {root}/etc/postfix
import_environment = MAIL_CONFIG MAIL_DEBUG MAIL_LOGTAG TZ LANG=C LD_LIBRARY_PATH SASL_PATH
mail_owner = {owner}
setgid_group = {group}
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
syslog_name = postfix

myhostname = postfix.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
alias_maps =
biff = no
message_size_limit = {size}
mailbox_size_limit = 0

virtual_mailbox_domains = example.net
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/etc/mailboxes
virtual_mailbox_limit = 0
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
virtual_destination_recipient_limit = 1
default_transport = error:nothing leaves this machine
relay_transport = error:nothing leaves this machine

smtpd_tls_security_level = may
smtpd_tls_auth_only = yes
smtpd_tls_chain_files = {key}, {chain}
smtpd_sasl_auth_enable = yes
smtpd_sasl_type = cyrus
smtpd_sasl_path = smtpd
cyrus_sasl_config_path = {folder}/etc/sasl
smtpd_sasl_local_domain = postfix.test
smtpd_sasl_security_options = noanonymous
smtpd_relay_restrictions = permit_sasl_authenticated, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit_sasl_authenticated, reject
smtpd_delay_reject = yes
smtpd_peername_lookup = no
"""

_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{tls_port} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""

_MAILBOXES = r"""
if !/^refused/
/^[^@]+@example\.net$/ everybody/
endif
"""

_SASL = """
pwcheck_method: auxprop
auxprop_plugin: sasldb
sasldb_path: {folder}/etc/sasl/sasldb2
mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256
"""

# What `postfix check` would make in some seconds: name, mode, whether the group of the command line tools owns it.
_QUEUE = (
    *((name, 0o700, False) for name in ("active", "bounce", "corrupt", "defer", "deferred", "flush", "hold")),
    *((name, 0o700, False) for name in ("incoming", "private", "saved", "trace")),
    *(("maildrop", 0o730, True), ("public", 0o710, True)),
)


def _first_that_exists(look_up, names):
    """The user or group of Debian's package, or where that is not installed one that every system has."""
    for name in names:
        with contextlib.suppress(KeyError):
            look_up(name)
            return name
    raise harness.Skip(f"none of {names} is there to own Postfix's files")


class Instance(server.Server):
    name, title = "postfix", "Postfix"
    packages = ("postfix", "sasl2-bin", "libsasl2-modules", "libsasl2-modules-db")
    programs = ("usr/lib/postfix/sbin/master", "usr/sbin/saslpasswd2")
    needs_root = True
    stores_lf = True
    features = server.Features(
        starttls=True,
        smtps=True,
        auth=("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"),
        size=16 * server.MEBIBYTE,
        pipelining=True,
        chunking=True,
        eight_bit=True,
        smtputf8=True,
        dsn=True,
    )

    def configure(self):
        nobody = pwd.getpwnam("nobody")
        self.owner = _first_that_exists(pwd.getpwnam, ("postfix", "daemon"))
        group = _first_that_exists(grp.getgrnam, ("postdrop", "bin"))
        chain, key = self.certificate()
        terms = {
            **{"folder": self.folder, "root": str(self.root).rstrip("/"), "owner": self.owner, "group": group},
            **{"port": self.port, "tls_port": self.tls_port, "chain": chain, "key": key},
            **{"uid": nobody.pw_uid, "gid": nobody.pw_gid, "size": self.features.size},
        }
        self.write("etc/main.cf", _MAIN.format(**terms))
        self.write("etc/master.cf", _MASTER.format(**terms))
        self.write("etc/mailboxes", _MAILBOXES)
        self.write("etc/sasl/smtpd.conf", _SASL.format(**terms))
        self._make_folder("data", 0o700, self.owner)
        self._make_folder("mail", 0o755, "nobody")
        self._make_folder("queue", 0o755, "root")
        self._make_folder("queue/pid", 0o755, "root")
        for name, mode, for_tools in _QUEUE:
            self._make_folder(f"queue/{name}", mode, self.owner, group if for_tools else None)
        self._add_user()

    def _make_folder(self, name, mode, owner, group=None):
        os.makedirs(self.path(name), exist_ok=True)
        shutil.chown(self.path(name), owner, group)
        os.chmod(self.path(name), mode)

    def _add_user(self):
        users = self.path("etc/sasl/sasldb2")
        command = [str(self.root / "usr/sbin/saslpasswd2"), "-p", "-c", "-f", users, "-u", REALM, server.USERNAME]
        done = subprocess.run(
            command, input=server.PASSWORD, text=True, capture_output=True, env=self.environment(), check=False
        )
        harness.check_equal((done.returncode, done.stderr), (0, ""), "saslpasswd2")
        shutil.chown(users, self.owner)

    def command(self):
        """master itself, not `postfix start`: it stays our child, and is ready in no time."""
        return [str(self.root / "usr/lib/postfix/sbin/master"), "-c", self.path("etc"), "-d"]

    def stored(self):
        for _, content in server.maildir(self.path("mail/everybody")):
            to = re.search(rb"^Delivered-To: (.*)$", content, re.MULTILINE)
            yield [to[1].decode()], content

    def queue_ids(self):
        return re.findall(r"/cleanup\[\d+\]: (\w+): message-id=", self._log())

    def _log(self):
        return server.read_text(self.path("log"))

    def log(self):
        return self._log()[-4000:]
