"""Haraka, from npm, with a configuration of its own, and plug-ins of some lines that take the recipients that it should
and store what comes (haraka_store.js)."""

import os
import re
import shutil

import packages
import server

# Each file stands in place of Haraka's own of that name, whole.
_FILES = {
    "me": "haraka.test\n",
    "plugins": "tls\nauth/flat_file\nstore\n",
    "log.ini": "[main]\nlevel=INFO\n",
    "tls.ini": "key=key.pem\ncert=chain.pem\n",
    "smtp.ini": """
listen=127.0.0.1:{port},127.0.0.1:{tls_port}
smtps_port={tls_port}
nodes=0
""",
    "connection.ini": """
[main]
smtputf8=true
[haproxy]
hosts[] =
[headers]
max_lines=1000
max_received=100
[max]
bytes={size}
mime_parts=1000
line_length=512
data_line_length=1001
[message]
helo=Haraka is at your service.
close=closing connection.
[uuid]
banner_chars=6
""",
    "auth_flat_file.ini": """
[core]
methods=CRAM-MD5,PLAIN,LOGIN
constrain_sender=false
[users]
{username}={password}
""",
}


class Instance(server.Server):
    name, title = "haraka", "Haraka"
    node = ("Haraka",)
    features = server.Features(
        starttls=True,
        smtps=True,
        auth=("CRAM-MD5", "PLAIN", "LOGIN"),
        size=16 * server.MEBIBYTE,
        pipelining=True,
        eight_bit=True,
        smtputf8=True,
    )

    def configure(self):
        os.makedirs(self.path("mail"), exist_ok=True)
        terms = {"username": server.USERNAME, "password": server.PASSWORD, "size": self.features.size}
        for name, text in _FILES.items():
            self.write(f"config/{name}", text.format(port=self.port, tls_port=self.tls_port, **terms))
        for path in self.certificate():
            shutil.copy(path, self.path("config"))
        os.makedirs(self.path("plugins"), exist_ok=True)
        shutil.copy(packages.PROGRAMS / "haraka_store.js", self.path("plugins/store.js"))

    def command(self):
        return [packages.node(), str(packages.node_modules() / "Haraka/bin/haraka"), "-c", self.folder]

    def stored(self):
        return server.spool(self.path("mail"))

    def queue_ids(self):
        return re.findall(r"\[([0-9A-F-]+\.\d+)\] \[core\] queue code=OK", server.read_text(self.path("output")))
