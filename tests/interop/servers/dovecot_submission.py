"""Dovecot's submission service, in front of a small relay of our own (see sink.py), since it only hands on.

Peculiarities: no SMTPUTF8; the final reply, its queue ID included, is that of the relay behind it, which its own log
repeats. 2.3 ends by a failed assertion (pending_rcpt_cmds == 0) when the next MAIL and RCPT come right behind the end
of data: the message has then been handed on, and nobody is told.
"""

import re

from dovecot import LOG, Dovecot
from server import MEBIBYTE, Features, read_text
from sink import Sink

_SUBMISSION = """
hostname = dovecot.test
submission_max_mail_size = {size}
submission_relay_host = 127.0.0.1
submission_relay_port = {relay_port}
submission_relay_trusted = no
submission_backend_capabilities = 8BITMIME DSN
service submission-login {{
  process_min_avail = 1
  inet_listener submission {{
    address = 127.0.0.1
    port = {port}
  }}
  inet_listener submissions {{
    address = 127.0.0.1
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = passwd-file
  args = /etc/dovecot/passwords
  auth_verbose = yes
}}
userdb {{
  driver = static
  args = uid=vmail gid=vmail home=/mail/%u
}}
"""


class Instance(Dovecot):
    name, title = "dovecot-submission", "Dovecot submission"
    packages = ("dovecot-core", "dovecot-submissiond")
    programs = (*Dovecot.programs, "usr/lib/dovecot/submission")
    protocol = "submission"
    features = Features(
        starttls=True,
        smtps=True,
        auth=("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN"),
        size=16 * MEBIBYTE,
        pipelining=True,
        chunking=True,
        eight_bit=True,
        dsn=True,
    )

    def __init__(self):
        super().__init__()
        self.sink = Sink()

    def settings_of_its_own(self):
        terms = {"port": self.port, "tls_port": self.tls_port, "relay_port": self.sink.port, "size": self.features.size}
        return _SUBMISSION.format(**terms)

    def stored(self):
        for _, recipients, content in list(self.sink.messages):
            yield recipients, content

    def queue_ids(self):
        return set(re.findall(r"reply=`250 .* queued as (\w+)'", read_text(self.inside(LOG))))

    def __exit__(self, *_):
        super().__exit__()
        self.sink.close()
