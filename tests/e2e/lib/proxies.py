"""Proxies to put between Postern and a relay: SOCKS5 (RFC 1928, 1929) and HTTP CONNECT, with faults to switch on.

    with Proxy("socks5", login=("ann", "pw")) as proxy:      a good one that wants a login
    Proxy("http", fault="endless")                           see FAULTS

`requests` holds what was asked for: (host, port, the login that was given or None).
"""

import base64
import re
import select
import socket
import struct
import threading

FAULTS = (
    "silent",  # takes the connection and says nothing
    "slow",  # an octet at a time
    "closed",  # takes the request and hangs up
    "truncated",  # half of the last reply, then FIN
    "endless",  # HTTP: a header without end; SOCKS5: octets without end
    "glued",  # the last reply and the relay's greeting in one segment
    "garbage",  # no proxy at all
)


class Proxy:
    """`refusal` is the SOCKS5 reply or the HTTP status that is given in place of a connection; `names` are hosts that
    only the proxy knows."""

    def __init__(self, kind, login=None, fault=None, refusal=None, names=None):
        assert fault is None or fault in FAULTS
        self.kind, self.login, self.fault, self.refusal = kind, login, fault, refusal
        self.names = names or {}
        self.requests = []
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]

    def __enter__(self):
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_):
        self._stopped.set()
        self._listener.close()

    def url(self, login=None):
        user = f"{login[0]}:{login[1]}@" if login else ""
        return f"{self.kind}://{user}127.0.0.1:{self.port}"

    # --- Inside

    def _accept(self):
        while not self._stopped.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            client.settimeout(20)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client:
            try:
                if self.fault == "silent":
                    self._stopped.wait(20)
                elif self.fault == "garbage":
                    client.sendall(b"220 relay.test ESMTP\r\n")
                    self._stopped.wait(1)
                elif self.kind == "http":
                    self._serve_http(client)
                else:
                    self._serve_socks(client)
            except (OSError, EOFError, struct.error):
                pass

    def _read(self, client, count):
        data = b""
        while len(data) < count:
            more = client.recv(count - len(data))
            if not more:
                raise EOFError
            data += more
        return data

    def _say(self, client, data, greeting=b""):
        if self.fault == "slow":
            for octet in data:
                client.sendall(bytes([octet]))
                self._stopped.wait(0.005)
        else:
            client.sendall(data + greeting)

    def _serve_http(self, client):
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self._read(client, 1)
        target = re.match(rb"CONNECT \[?([^\]\s]+?)\]?:(\d+) HTTP/1\.1\r\n", head)
        given = re.search(rb"\r\nProxy-Authorization: Basic (\S+)\r\n", head)
        given = tuple(base64.b64decode(given[1]).decode().split(":", 1)) if given else None
        self.requests.append((target[1].decode(), int(target[2]), given))
        if self.fault == "endless":
            self._flood(client, b"HTTP/1.1 200 OK\r\n" + b"X-Endless: " + b"x" * 60000)
        elif self.fault == "closed":
            return
        elif self.login and given != self.login:
            client.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n")
        elif self.refusal:
            client.sendall(f"HTTP/1.1 {self.refusal} No {given}\r\nContent-Length: 2\r\n\r\nno".encode())
        else:
            self._connect(client, *self.requests[-1][:2], b"HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n")

    def _serve_socks(self, client):
        version, count = self._read(client, 2)
        methods = self._read(client, count)
        assert version == 5
        given = None
        wanted = 2 if self.login else 0
        if wanted not in methods:
            client.sendall(b"\x05\xff")
            return
        self._say(client, bytes([5, wanted]))
        if self.login:
            _, length = self._read(client, 2)
            name = self._read(client, length).decode()
            given = (name, self._read(client, self._read(client, 1)[0]).decode())
            self._say(client, b"\x01" + (b"\x00" if given == self.login else b"\x01"))
        _, _, _, kind = self._read(client, 4)
        if kind == 3:
            host = self._read(client, self._read(client, 1)[0]).decode()
        else:
            host = socket.inet_ntop(
                *((socket.AF_INET, self._read(client, 4)) if kind == 1 else (socket.AF_INET6, self._read(client, 16)))
            )
        port = struct.unpack("!H", self._read(client, 2))[0]
        self.requests.append((host, port, given))
        if self.fault == "endless":
            self._flood(client, b"\x05\x00\x00\x09" + b"x" * 60000)
        elif self.fault == "closed":
            return
        elif self.refusal:
            client.sendall(bytes([5, self.refusal, 0, 1, 0, 0, 0, 0, 0, 0]))
        else:
            self._connect(client, host, port, b"\x05\x00\x00\x03\x04test\x00\x00")

    def _flood(self, client, data):
        while not self._stopped.is_set():
            client.sendall(data)

    def _connect(self, client, host, port, reply):
        if self.fault == "truncated":
            client.sendall(reply[: len(reply) // 2])
            return
        with socket.create_connection((self.names.get(host, host), port), 10) as relay:
            greeting = relay.recv(65536) if self.fault == "glued" else b""
            self._say(client, reply, greeting)
            self._pump(client, relay)

    def _pump(self, client, relay):
        while not self._stopped.is_set():
            ready, _, _ = select.select([client, relay], [], [], 0.5)
            for source in ready:
                data = source.recv(65536)
                if not data:
                    return
                (relay if source is client else client).sendall(data)
