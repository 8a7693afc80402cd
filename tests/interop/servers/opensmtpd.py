"""OpenSMTPD as a relay without a login.

Peculiarities: its TLS is broken in Debian 12 (6.8 cannot sign with OpenSSL 3: its issues 1171 and 1239), and without
TLS it offers no AUTH. No PIPELINING, CHUNKING or SMTPUTF8 either; at most 100 messages a session unless told otherwise.
Its log names a message by the first eight digits of each copy's ID, which are those that its 250 shows.
"""

import os
import re

from chroot import ChrootServer
from server import MEBIBYTE, Features, maildir, read_text

_CONFIGURATION = """
table everybody {{ "@" = "vmail" }}
smtp max-message-size "{size}"
smtp limit max-mails 100000
smtp limit max-rcpt 100000
listen on 127.0.0.1 port {port} hostname opensmtpd.test
action "keep" maildir "/mail/%{{rcpt}}" virtual <everybody>
match from any for rcpt-to regex "^refused" reject
match from any for domain "example.net" action "keep"
"""


class Instance(ChrootServer):
    name, title = "opensmtpd", "OpenSMTPD"
    packages = ("opensmtpd",)
    programs = ("usr/sbin/smtpd",)
    users = ("opensmtpd", "opensmtpq", "vmail")
    borrowed = ("bin/sh",)
    stores_lf = True
    features = Features(
        size=16 * MEBIBYTE,
        eight_bit=True,
        dsn=True,
    )

    def configure(self):
        text = _CONFIGURATION.format(port=self.port, size=self.features.size)
        self.put("etc/smtpd.conf", text, mode=0o600)
        self.put("etc/resolv.conf", "lookup file\n")
        self.put_folder("mail", "vmail")
        self.put_folder("var/lib/opensmtpd/empty")
        self.put_folder("var/spool/smtpd", mode=0o711)

    def command(self):
        return [*self.enter, "/usr/sbin/smtpd", "-d"]

    def version(self):
        return re.search(r"OpenSMTPD (\S+)", self._output())[1]

    def _output(self):
        return read_text(self.path("output"))

    def stored(self):
        for name in os.listdir(self.inside("mail")):
            for _, content in maildir(self.inside(f"mail/{name}")):
                yield [name], content

    def queue_ids(self):
        return set(re.findall(r" smtp message msgid=(\w+)", self._output()))
