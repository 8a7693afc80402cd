"""smtp-server, from npm, in a program of some lines (smtp_server.js). Its answer to the end of data, "OK: message
queued", reads as if a queue ID were to follow, and none does."""

import json
import os

import packages
import server


class Instance(server.Server):
    name, title = "smtp-server", "smtp-server"
    node = ("smtp-server",)
    features = server.Features(
        starttls=True,
        smtps=True,
        auth=("CRAM-MD5", "PLAIN", "LOGIN"),
        size=16 * server.MEBIBYTE,
        pipelining=True,
        eight_bit=True,
        smtputf8=True,
        dsn=True,
        queue_id=False,
    )

    def configure(self):
        os.makedirs(self.path("mail"), exist_ok=True)

    def command(self):
        program = str(packages.PROGRAMS / "smtp_server.js")
        return [packages.node(), program, json.dumps({**self.settings(), "auth": self.features.auth})]

    def environment(self):
        return {**super().environment(), "NODE_PATH": str(packages.node_modules())}

    def stored(self):
        return server.spool(self.path("mail"))

    def queue_ids(self):
        return ()
