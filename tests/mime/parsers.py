"""The five parsers, each a process that reads many messages.

On its standard input comes the size of a message in decimal, LF, and the message; on its standard output goes a line of
JSON for each: From, Sender, Reply-To, To and Cc (lists of [name, address]), Subject, X-Note, Message-ID, In-Reply-To
and References, text, html, files (type, filename, content_id, disposition, method, sha256 of the content), and the
defects that it remarks upon.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
PACKAGES = Path(os.environ.get("POSTERN_MAIL_PACKAGES", ROOT / "build/tools/mail"))  # where node_modules is
GMIME_READER = os.environ.get("POSTERN_GMIME_READER", "")


def _commands():
    node = ["node", str(HERE / "readers/node_reader.mjs")]
    perl = ["/usr/bin/perl", str(HERE / "readers/email_mime_reader.pl")]
    return {
        "email": [sys.executable, "-B", str(HERE / "readers/python_reader.py")],
        "gmime": [GMIME_READER] if os.access(GMIME_READER, os.X_OK) else None,
        "mailparser": [*node, "mailparser", str(PACKAGES)] if _has_package("mailparser") else None,
        "postal-mime": [*node, "postal-mime", str(PACKAGES)] if _has_package("postal-mime") else None,
        "Email::MIME": perl if _has_perl_module("Email::MIME") else None,
    }


def _has_package(name):
    return bool(shutil.which("node")) and (PACKAGES / "node_modules" / name).is_dir()


def _has_perl_module(name):
    if not os.access("/usr/bin/perl", os.X_OK):
        return False
    return subprocess.run(["/usr/bin/perl", f"-M{name}", "-e1"], capture_output=True, check=False).returncode == 0


class Parser:
    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def read(self, content):
        self.process.stdin.write(b"%d\n" % len(content) + content)
        self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{self.name} ended with status {self.process.wait()}")
        return json.loads(answer)

    def close(self):
        self.process.stdin.close()
        self.process.wait(10)


def available():
    """(the parsers that are there, the names of the others)"""
    commands = _commands()
    there = [Parser(name, command) for name, command in commands.items() if command]
    return there, [name for name, command in commands.items() if not command]
