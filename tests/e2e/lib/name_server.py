"""A name server that knows nothing: it answers every question with one response code, or not at all.

resolv.conf takes no port, so it listens on port 53 of an address in 127/8 that is likely to be its own.
"""

import os
import random
import socket
import threading

from . import harness

NO_ERROR, SERVER_FAILURE, NO_SUCH_NAME = 0, 2, 3


class NameServer:
    """A context manager; `code` None stays silent."""

    def __init__(self, code):
        if os.geteuid() != 0:
            raise harness.Skip("needs root, for port 53")
        self.code = code
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(20):
            self.address = f"127.53.{random.randrange(1, 255)}.{random.randrange(1, 255)}"
            try:
                self.sock.bind((self.address, 53))
                break
            except OSError:
                continue
        self.questions = 0

    def __enter__(self):
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_):
        self.sock.close()

    def _serve(self):
        while True:
            try:
                question, peer = self.sock.recvfrom(2048)
            except OSError:
                return
            self.questions += 1
            if self.code is not None:
                # RFC 1035 4.1.1: QR, RD as asked, RA, the code; the question is sent back
                flags = bytes([0x80 | (question[2] & 0x01), 0x80 | self.code])
                end = question.index(b"\0", 12) + 5
                self.sock.sendto(question[:2] + flags + b"\0\1\0\0\0\0\0\0" + question[12:end], peer)
