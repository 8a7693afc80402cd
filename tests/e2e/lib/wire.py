"""A byte stream with or without TLS, that can be cut, split, reset and left alone at any byte."""

import queue
import select
import socket
import ssl
import struct
import threading
import time


class Gone(Exception):
    """The connection is over."""


class Wire:
    """A byte stream, with or without TLS. TLS runs over memory, so that what is on the wire can be cut anywhere.

    With a round trip, in seconds, whatever arrives is read that much later, and in the pace in which it arrived.
    """

    def __init__(self, sock, stopped, round_trip=0):
        self.sock = sock
        self.stopped = stopped
        self.tls = None
        self.received = 0
        self.is_idle = False  # all that came was read, and answered
        self._round_trip = round_trip
        self._arrivals = queue.SimpleQueue()  # (when it may be read, bytes or the error)
        self._unread = b""
        self._held = b""
        self._arrived = self._leaving = None
        if round_trip:
            threading.Thread(target=self._pump, daemon=True).start()

    def _wait_readable(self):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        while not poll.poll(0):
            self.is_idle = True
            if self.stopped.is_set():
                raise Gone("the server was stopped")
            poll.poll(100)
        self.is_idle = False

    def _recv_now(self):
        self._wait_readable()
        try:
            return self.sock.recv(65536)
        except (OSError, ValueError) as error:
            raise Gone(f"reset by the client ({error})") from None

    def _pump(self):
        data = b"more"
        while data:
            try:
                data = self._recv_now()
            except Gone:
                data = b""
            self._arrivals.put((time.monotonic() + self._round_trip, data))

    def _recv_late(self):
        due, data = self._arrivals.get()
        self.stopped.wait(max(0, due - time.monotonic()))
        return data

    def _recv_raw(self):
        data, self._unread = self._unread, b""
        if not data:
            data = self._recv_late() if self._round_trip else self._recv_now()
        self.received += len(data)
        return data

    def peek(self):
        """Waits for the client's next bytes without taking them; false at their end."""
        self.flush()
        self._unread = self._recv_raw()
        self.received -= len(self._unread)
        return bool(self._unread)

    def recv(self):
        """Some bytes; none at the end."""
        self.flush()
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

    def hold(self, data):
        """To be sent with whatever follows, and no later than it is waited for."""
        self._held += data

    def flush(self):
        data, self._held = self._held, b""
        if data:
            self.send(data)

    def send(self, data, split=0, pause=0.0):
        self.flush()
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

    def drop(self):
        """From another thread: the one who plays the script finds the connection at its end."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass

    def stall(self):
        """Says nothing and reads nothing more, until the client has gone or the server is stopped."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        self.is_idle = True
        while not poll.poll(100) and not self.stopped.is_set():
            pass
