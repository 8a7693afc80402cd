"""A small relay behind a server that has none of its own: takes what the server hands on, and keeps it.

It offers what Dovecot's submission service is set to expect behind it, refuses at RCPT whom the scenarios want refused,
and calls each message by a queue ID of its own, which the server passes on.
"""

import contextlib
import itertools
import re
import socketserver
import threading

CAPABILITIES = ("PIPELINING", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN", "SIZE 0")


class Sink:
    """`messages` are (queue ID, recipients, content). It outlives restarts of the server before it."""

    def __init__(self):
        self.messages = []
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Session, bind_and_activate=True)
        self._server.daemon_threads = True
        self._server.block_on_close = False
        self._server.sink = self
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()

    def keep(self, recipients, content):
        with self._lock:
            queue_id = f"SINK{next(self._numbers):06}"
            self.messages.append((queue_id, recipients, content))
        return queue_id


class _Session(socketserver.StreamRequestHandler):
    def handle(self):
        self.recipients = []
        with contextlib.suppress(OSError):
            self._say("220 sink.test ESMTP")
            while line := self.rfile.readline():
                words = line.decode("utf-8", "replace").strip()
                verb = words.partition(" ")[0].upper()
                self._ANSWERS.get(verb, _Session._unknown)(self, words)
                if verb == "QUIT":
                    return

    def _say(self, *lines):
        self.wfile.write("".join(f"{line}\r\n" for line in lines).encode())

    def _ehlo(self, _):
        names = ("sink.test", *CAPABILITIES)
        self._say(*(f"250-{name}" for name in names[:-1]), f"250 {names[-1]}")

    def _mail(self, _):
        self.recipients = []
        self._say("250 2.1.0 Ok")

    def _rcpt(self, words):
        address = re.search(r"<([^>]*)>", words)[1]
        if address.startswith("refused"):
            self._say("550 5.1.1 no such mailbox")
            return
        self.recipients.append(address)
        self._say("250 2.1.5 Ok")

    def _data(self, _):
        self._say("354 go ahead")
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            if not line:
                return
            lines.append(line[1:] if line.startswith(b".") else line)
        self._say(f"250 2.0.0 Ok: queued as {self.server.sink.keep(self.recipients, b''.join(lines))}")

    def _ok(self, _):
        self.recipients = []
        self._say("250 2.0.0 Ok")

    def _quit(self, _):
        self._say("221 2.0.0 Bye")

    def _unknown(self, _):
        self._say("502 5.5.1 not implemented")

    _ANSWERS = {
        **{"EHLO": _ehlo, "HELO": _ok, "MAIL": _mail, "RCPT": _rcpt, "DATA": _data},
        **{"RSET": _ok, "NOOP": _ok, "QUIT": _quit},
    }
