"""What a service manager does for a service: it opens its sockets and keeps them (sd_listen_fds(3)), and listens to
what the service says of itself (sd_notify(3)), watchdog included."""

import fcntl
import os
import socket
import threading
import time

from . import harness
from .gateway import Gateway

FIRST_FD, OUT_OF_THE_WAY = 3, 60


class NotifySocket:
    """A context manager. `datagrams` are (when on the monotonic clock in seconds, {name: value})."""

    def __init__(self, abstract=False):
        folder = harness.make_folder()
        self.name = f"@postern-e2e-{os.path.basename(folder)}" if abstract else os.path.join(folder, "notify")
        self.datagrams = []
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + self.name[1:] if abstract else self.name)
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._socket.close()

    def _listen(self):
        while data := self._socket.recv(65536):
            lines = data.decode().splitlines()
            self.datagrams.append((time.monotonic(), dict(line.split("=", 1) for line in lines)))

    def states(self):
        """What was said, in its order, without the watchdog's signs of life."""
        names = ("READY", "RELOADING", "STOPPING")
        return [name for _, fields in self.datagrams for name in names if fields.get(name) == "1"]

    def last(self, name):
        """The fields of the last datagram that has `name`."""
        return next((fields for _, fields in reversed(self.datagrams) if name in fields), {})

    def signs(self):
        """When signs of life came."""
        return [when for when, fields in self.datagrams if fields.get("WATCHDOG") == "1"]


def open_socket():
    """A listening socket on loopback, as a socket unit has one."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 0))
    sock.listen(4096)
    return sock


class Activated(Gateway):
    """A gateway whose sockets are the manager's, which outlive it. `names` as in FileDescriptorName=."""

    hands_over = True

    def __init__(self, relay, sockets, names=("listen", "admin_listen"), **options):
        super().__init__(relay, listen="systemd", admin_listen="systemd", **options)
        self.sockets, self.names = sockets, names
        by_name = dict(zip(names, sockets))
        self.address = by_name["listen"].getsockname()
        self.admin_address = by_name["admin_listen"].getsockname()

    def _choose_addresses(self):
        pass

    def _command_line(self):
        """The shell's process becomes the program's, so that its number is the right one."""
        hand_over = f"LISTEN_PID=$$ LISTEN_FDS={len(self.sockets)} LISTEN_FDNAMES={':'.join(self.names)}"
        return ["/bin/sh", "-c", f'{hand_over} exec "$@"', "sh", *super()._command_line()]

    def _prepare_child(self):
        copies = [fcntl.fcntl(sock, fcntl.F_DUPFD_CLOEXEC, OUT_OF_THE_WAY) for sock in self.sockets]
        for place, copy in enumerate(copies, FIRST_FD):
            os.dup2(copy, place)
