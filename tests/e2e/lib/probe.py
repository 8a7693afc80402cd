"""Is /livez quick all the time? Asked by a process of its own, many times a second, each time on a new connection.

    with Probe(running.admin_address) as probe:
        ...
    probe.hold(100)  # milliseconds, for every answer

On a machine that is busy with something else every process comes late. So another one that only answers is asked at
the same time, and where that took long, nothing is judged.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time

from . import harness

FOLDER = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PAUSE_S, BUSY_MS = 0.02, 20
REQUEST = b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


class Probe:
    """A context manager; the figures are there behind it."""

    def __init__(self, address):
        self.command = [sys.executable, "-B", "-m", "lib.probe", address[0], str(address[1])]
        self.times_ms, self.unjudged, self.failures = [], 0, []

    def __enter__(self):
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(self.command, stdin=pipe, stdout=pipe, cwd=FOLDER, start_new_session=True)
        self.undo = harness.own(self._kill)
        self.process.stdout.readline()  # it has asked once
        return self

    def __exit__(self, *_):
        out, _ = self.process.communicate(timeout=harness.seconds(20))
        self.undo()
        self.times_ms, self.unjudged, self.failures = json.loads(out)

    def _kill(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def hold(self, limit_ms):
        times = sorted(self.times_ms)
        harness.check(not self.failures, f"/livez failed: {self.failures[:3]}")
        harness.check(times, "/livez was asked only while the machine was busy")
        print(
            f"/livez: {len(times)} times, median {times[len(times) // 2]:.1f} ms, longest {times[-1]:.1f} ms"
            f" (and {self.unjudged} times while the machine was busy)",
            flush=True,
        )
        # Where more wants to run than there are processors, everything waits for its turn.
        crowding = min(max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1)), 10.0)
        harness.check(times[-1] <= harness.seconds(limit_ms) * crowding, f"/livez took {times[-1]:.0f} ms")


def serve_echo():
    """Another process that does what /livez does, and nothing else: its pid and address."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    pid = os.fork()
    if pid == 0:
        while True:
            sock, _ = listener.accept()
            with sock:
                sock.recv(4096)
                sock.sendall(b"HTTP/1.1 200 OK\r\n\r\nok\n")
    return pid, listener.getsockname()


def ask(addresses):
    """All at the same time; [(milliseconds, answer)] in their order."""
    began = time.monotonic()
    socks = [socket.create_connection(address, 10) for address in addresses]
    for sock in socks:
        sock.sendall(REQUEST)
    results = {}
    while len(results) < len(socks):
        for sock in select.select([s for s in socks if s not in results], [], [], 10)[0]:
            answer = sock.recv(4096)
            results[sock] = ((time.monotonic() - began) * 1000, answer)
            sock.close()
    return [results[sock] for sock in socks]


def main():
    echo, echo_address = serve_echo()
    addresses = [(sys.argv[1], int(sys.argv[2])), echo_address]
    times_ms, unjudged, failures = [], 0, []
    while True:
        try:
            (took_ms, answer), (echo_ms, _) = ask(addresses)
        except OSError as error:
            took_ms, echo_ms, answer = 0, 0, str(error).encode()
        if not answer.startswith(b"HTTP/1.1 200 "):
            failures.append(answer[:200].decode("latin-1"))
        elif echo_ms < BUSY_MS:
            times_ms.append(took_ms)
        else:
            unjudged += 1
        if len(times_ms) + unjudged + len(failures) == 1:
            print("asking", flush=True)
        if select.select([0], [], [], PAUSE_S)[0]:  # the end of the standard input
            break
    os.kill(echo, signal.SIGKILL)
    print(json.dumps([times_ms, unjudged, failures]))


if __name__ == "__main__":
    main()
