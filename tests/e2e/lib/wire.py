"""A byte stream with or without TLS, that can be cut, split, reset and left alone at any byte."""

import select
import socket
import ssl
import struct


class Gone(Exception):
    """The connection is over."""


class Wire:
    """A byte stream, with or without TLS. TLS runs over memory, so that what is on the wire can be cut anywhere."""

    def __init__(self, sock, stopped):
        self.sock = sock
        self.stopped = stopped
        self.tls = None
        self.received = 0
        self._arrived = self._leaving = None

    def _wait_readable(self):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        while not poll.poll(100):
            if self.stopped.is_set():
                raise Gone("the server was stopped")

    def _recv_raw(self, size=65536):
        self._wait_readable()
        try:
            data = self.sock.recv(size)
        except OSError as error:
            raise Gone(f"reset by the client ({error.strerror})") from None
        self.received += len(data)
        return data

    def peek(self):
        """Waits for the client's next bytes without taking them; false at their end."""
        self._wait_readable()
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError as error:
            raise Gone(f"reset by the client ({error.strerror})") from None

    def recv(self):
        """Some bytes; none at the end."""
        if not self.tls:
            return self._recv_raw()
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                data = self._recv_raw()
                if data:
                    self._arrived.write(data)
                else:
                    self._arrived.write_eof()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise Gone(f"TLS: {error.reason}") from None

    def send_raw(self, data, split=0, pause=0.0):
        view = memoryview(data)
        size = split or len(view) or 1
        for at in range(0, len(view), size):
            if at and pause and self.stopped.wait(pause):
                raise Gone("the server was stopped")
            self._send_all(view[at : at + size])

    def _send_all(self, view):
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        while view:
            if not poll.poll(100):
                if self.stopped.is_set():
                    raise Gone("the server was stopped")
                continue
            try:
                view = view[self.sock.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone(f"the client was gone when it was to be answered ({error.strerror})") from None

    def send(self, data, split=0, pause=0.0):
        if not self.tls:
            self.send_raw(data, split, pause)
            return
        size = split or len(data) or 1
        for at in range(0, len(data), size):
            self.tls.write(data[at : at + size])
            self.send_raw(self._leaving.read())
            if pause and self.stopped.wait(pause):
                raise Gone("the server was stopped")

    def start_tls(self, context, split=0, pause=0.0):
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_raw(self._leaving.read(), split, pause)
                data = self._recv_raw()
                if not data:
                    raise Gone("the client ended the TLS handshake") from None
                self._arrived.write(data)
            except ssl.SSLError as error:
                self.send_raw(self._leaving.read())
                raise Gone(f"TLS handshake: {error.reason}") from None
        self.send_raw(self._leaving.read(), split, pause)
        self.tls = tls

    def fin(self, close_notify=True):
        """Ends our direction; what the client still sends is left unread in peace, so that no RST overtakes the FIN."""
        if self.tls and close_notify:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            self.send_raw(self._leaving.read())
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while self._recv_raw():
                pass
        except (OSError, Gone):
            pass

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def stall(self):
        """Says nothing and reads nothing more, until the client has gone or the server is stopped."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not poll.poll(100) and not self.stopped.is_set():
            pass
