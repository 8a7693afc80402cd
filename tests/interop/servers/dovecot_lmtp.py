"""Dovecot's LMTP service (RFC 2033).

Peculiarities: no TLS, AUTH or SIZE; one reply for each recipient, each of which names the same session, as the log
does; the mailbox of a recipient is the local part in lower case.
"""

import os
import re

from dovecot import LOG, Dovecot
from server import Features, maildir, read_text

_LMTP = """
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {port}
  }}
  unix_listener /run/lmtp {{
    mode = 0666
  }}
}}
passdb {{
  driver = static
  username_filter = !refused*
  args = nopassword=y
}}
passdb {{
  driver = passwd-file
  args = /etc/dovecot/passwords
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home=/mail/%u
}}
"""


class Instance(Dovecot):
    name, title = "dovecot-lmtp", "Dovecot LMTP"
    packages = ("dovecot-core", "dovecot-lmtpd")
    programs = (*Dovecot.programs, "usr/lib/dovecot/lmtp")
    protocol = "lmtp"
    stores_lf = True
    features = Features(pipelining=True, chunking=True, eight_bit=True, lmtp=True)

    def settings_of_its_own(self):
        return _LMTP.format(port=self.port)

    def unix_url(self):
        return f"lmtp://{self.inside('run/lmtp')}"

    def stored(self):
        for name in os.listdir(self.inside("mail")):
            for _, content in maildir(self.inside(f"mail/{name}")):
                yield [f"{name}@example.net"], content

    def queue_ids(self):
        return set(re.findall(r"<([^<>\s]+)>: Info: .*saved mail", read_text(self.inside(LOG))))
