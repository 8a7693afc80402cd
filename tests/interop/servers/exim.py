"""Exim, of Debian's exim4-daemon-heavy (with GnuTLS), as a submission server.

Peculiarities: its replies have no enhanced codes of their own; its 250 names the queue ID as `id=`; it delivers one
copy with all its recipients in Envelope-to.
"""

import re

from chroot import ChrootServer
from server import MEBIBYTE, PASSWORD, USERNAME, Features, maildir, read_text

_CONFIGURATION = r"""
primary_hostname = exim.test
keep_environment =
local_interfaces = 127.0.0.1
daemon_smtp_ports = M_PORT : M_TLS_PORT
tls_on_connect_ports = M_TLS_PORT
log_file_path = /var/log/exim4/%slog
log_selector = +received_recipients
host_lookup =
smtp_accept_max = 0
smtp_accept_queue_per_connection = 0
recipients_max = 0
message_size_limit = M_SIZE
smtputf8_advertise_hosts = *
dsn_advertise_hosts = *
chunking_advertise_hosts = *
tls_advertise_hosts = *
tls_certificate = /etc/chain.pem
tls_privatekey = /etc/key.pem
auth_advertise_hosts = ${if eq{$tls_in_cipher}{}{}{*}}
local_from_check = false
acl_smtp_mail = mail
acl_smtp_rcpt = rcpt
acl_smtp_data = accept

begin acl
mail:
  accept authenticated = *
  deny message = log in first
rcpt:
  deny local_parts = ^refused
       message = 5.1.1 no such mailbox
  accept domains = example.net
  deny message = 5.7.1 no relaying

begin routers
all:
  driver = accept
  transport = maildir

begin transports
maildir:
  driver = appendfile
  directory = /mail
  maildir_format
  user = Debian-exim
  batch_max = 1000
  envelope_to_add

begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${if and{{eq{$auth2}{M_USER}}{eq{$auth3}{M_PASSWORD}}}}
  server_set_id = $auth2
login:
  driver = plaintext
  public_name = LOGIN
  server_prompts = Username:: : Password::
  server_condition = ${if and{{eq{$auth1}{M_USER}}{eq{$auth2}{M_PASSWORD}}}}
  server_set_id = $auth1
cram:
  driver = cram_md5
  public_name = CRAM-MD5
  server_secret = ${if eq{$auth1}{M_USER}{M_PASSWORD}fail}
  server_set_id = $auth1
"""
_FOLDERS = ("mail", "run/exim4", "var/log/exim4", "var/spool/exim4")


class Instance(ChrootServer):
    name, title = "exim", "Exim"
    packages = ("exim4-daemon-heavy",)
    programs = ("usr/sbin/exim4",)
    users = ("Debian-exim", "mail")
    stores_lf = True
    features = Features(
        starttls=True,
        smtps=True,
        auth=("PLAIN", "LOGIN", "CRAM-MD5"),
        size=16 * MEBIBYTE,
        pipelining=True,
        chunking=True,
        eight_bit=True,
        smtputf8=True,
        dsn=True,
    )

    def configure(self):
        macros = {
            "M_PORT": self.port,
            "M_TLS_PORT": self.tls_port,
            "M_SIZE": self.features.size,
            "M_USER": USERNAME,
            "M_PASSWORD": PASSWORD,
        }
        defined = "".join(f"{name} = {value}\n" for name, value in macros.items())
        self.put("etc/exim4/exim4.conf", defined + _CONFIGURATION)
        self.put_certificate("Debian-exim")
        for name in _FOLDERS:
            self.put_folder(name, "Debian-exim")

    def command(self):
        return [*self.enter, "/usr/sbin/exim4", "-bdf", "-q1h"]

    def version(self):
        return re.search(r"version (\S+)", self.run("/usr/sbin/exim4", "-bV"))[1]

    def stored(self):
        for _, content in maildir(self.inside("mail")):
            listed = re.search(rb"^Envelope-to: ((?:.+\n[ \t])*.+)\n", content, re.MULTILINE | re.IGNORECASE)
            yield [name.strip() for name in listed[1].decode().split(",")], content

    def queue_ids(self):
        return set(re.findall(r"^\S+ \S+ (\S+) <= ", read_text(self.inside("var/log/exim4/mainlog")), re.MULTILINE))

    def log(self):
        return super().log() + read_text(self.inside("var/log/exim4/mainlog"))[-4000:]
