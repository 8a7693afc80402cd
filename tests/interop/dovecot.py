"""What Dovecot's submission and LMTP services have in common: users, passwords, logs, TLS."""

import re

from chroot import ChrootServer
from server import PASSWORD, USERNAME, read_text

LOG = "var/log/dovecot.log"
_CONFIGURATION = """
log_path = /{log}
protocols = {protocol}
ssl = {ssl}
ssl_cert = </etc/chain.pem
ssl_key = </etc/key.pem
disable_plaintext_auth = yes
auth_username_format = %Ln
auth_username_chars =
auth_mechanisms = {mechanisms}
mail_location = maildir:/mail/%u
"""


class Dovecot(ChrootServer):
    """`protocol`, and `settings_of_its_own()`, the rest of its configuration."""

    programs = ("usr/sbin/dovecot",)
    users = ("dovecot", "dovenull", "vmail")
    protocol = ""

    def configure(self):
        terms = {
            **{"log": LOG, "protocol": self.protocol},
            "mechanisms": " ".join(name.lower() for name in self.features.auth) or "plain",
            "ssl": "required" if self.features.starttls else "no",
        }
        self.put("etc/dovecot/dovecot.conf", _CONFIGURATION.format(**terms) + self.settings_of_its_own())
        self.put("etc/dovecot/passwords", f"{USERNAME}:{{PLAIN}}{PASSWORD}\n", "dovecot", 0o600)
        self.put_certificate()
        self.put_folder("mail", "vmail")

    def command(self):
        return [*self.enter, "/usr/sbin/dovecot", "-F"]

    def version(self):
        return re.match(r"[\d.]+", self.run("/usr/sbin/dovecot", "--version"))[0]

    def log(self):
        return super().log() + read_text(self.inside(LOG))[-4000:]
