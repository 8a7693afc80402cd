"""HTTP as bytes on a socket: for requests that no client library would send."""

import dataclasses
import json
import socket
import ssl
import time

from .harness import Failure

HOST = b"Host: 127.0.0.1\r\n"
JSON_TYPE = b"Content-Type: application/json\r\n"


@dataclasses.dataclass
class Answer:
    status: int
    fields: list  # of (name in lower case, value)
    body: bytes

    def field(self, name):
        return next((value for key, value in self.fields if key == name.lower()), None)

    def json(self):
        return json.loads(self.body)


def post(body, fields=b"", content_type=JSON_TYPE, path=b"/v1/messages"):
    """A whole right request around a body, unless told otherwise."""
    length = b"Content-Length: %d\r\n" % len(body)
    return b"POST " + path + b" HTTP/1.1\r\n" + HOST + content_type + length + fields + b"\r\n" + body


class Connection:
    """One connection; answers are read one by one. `tls` is the client's ssl.SSLContext, where it speaks HTTPS."""

    def __init__(self, address, timeout=10.0, source=None, tls=None):
        self.sock = socket.create_connection(address, timeout, source)
        if tls:
            self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")
        self.pending = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        """All of it, unless the server has closed meanwhile: then its answer is there to be read."""
        try:
            self.sock.sendall(data)
        except (BrokenPipeError, ConnectionResetError, ssl.SSLEOFError):
            pass

    def drip(self, data, pause):
        for at in range(len(data)):
            self.send(data[at : at + 1])
            time.sleep(pause)

    def _more(self):
        data = self.sock.recv(65536)
        if not data:
            raise EOFError("the server closed the connection")
        self.pending += data

    def _until(self, mark):
        while mark not in self.pending:
            self._more()
        text, _, self.pending = self.pending.partition(mark)
        return text

    def answer(self, to_head=False):
        """The next final answer; 100 Continue is passed over."""
        while True:
            head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
            version, status, *_ = head[0].split(" ")
            if version not in ("HTTP/1.1", "HTTP/1.0"):
                raise Failure(f"no HTTP answer: {head[0]!r}")
            fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in head[1:])]
            if int(status) >= 200:
                return Answer(int(status), fields, b"" if to_head else self._body(dict(fields)))

    def _body(self, fields):
        if "content-length" in fields:
            size = int(fields["content-length"])
            while len(self.pending) < size:
                self._more()
            body, self.pending = self.pending[:size], self.pending[size:]
            return body
        body = b""
        try:
            while True:
                self._more()
        except EOFError:
            body, self.pending = self.pending, b""
        return body

    def is_closed(self):
        """Waits for the end of the connection, a reset included."""
        try:
            return self.sock.recv(65536) == b""
        except ConnectionResetError:
            return True


def exchange(address, data, timeout=10.0):
    """One request on a connection of its own; (answer or None where the server only closed, connection is closed)."""
    with Connection(address, timeout) as connection:
        connection.send(data)
        try:
            answer = connection.answer()
        except (EOFError, ConnectionResetError):
            return None, True
        return answer, answer.field("connection") == "close"
