"""aiosmtpd, the library of Debian's package, in a program of some lines (aiosmtpd_server.py). It pipelines nothing, and
its answer to the end of data is "250 OK", without a queue ID."""

import json
import os
import sys

import packages
import server


class Instance(server.Server):
    name, title = "aiosmtpd", "aiosmtpd"
    packages = ("python3-aiosmtpd",)
    programs = ("usr/lib/python3/dist-packages/aiosmtpd/smtp.py",)
    features = server.Features(
        starttls=True,
        smtps=True,
        auth=("LOGIN", "PLAIN"),
        size=16 * server.MEBIBYTE,
        eight_bit=True,
        smtputf8=True,
        queue_id=False,
    )

    def configure(self):
        os.makedirs(self.path("mail"), exist_ok=True)

    def command(self):
        return [
            sys.executable,
            "-W",
            "ignore",
            str(packages.PROGRAMS / "aiosmtpd_server.py"),
            json.dumps(self.settings()),
        ]

    def environment(self):
        return {**super().environment(), "PYTHONPATH": str(self.root / "usr/lib/python3/dist-packages")}

    def stored(self):
        return server.spool(self.path("mail"))

    def queue_ids(self):
        return ()
