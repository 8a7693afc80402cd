"""The relays, each as a context manager: `url` is where it listens, `counts()` what it has counted since its start."""

import contextlib
import json
import os
import re
import socket
import subprocess
import tempfile
import time


class Relay:
    """relay.c."""

    def __init__(self, program, round_trip_ms=0, chunking=False, tls=False):
        switches = [*(["--chunking"] if chunking else []), *(["--tls"] if tls else [])]
        self._command = [program, "--round-trip", str(round_trip_ms), *switches]
        self._scheme = "smtps" if tls else "smtp"

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.url = f"{self._scheme}://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def counts(self):
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())


class Sink:
    """Postfix's smtp-sink, from its unpacked package, with as much of the same."""

    def __init__(self, root):
        self._root = root

    def __enter__(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = f"smtp://127.0.0.1:{port}"
        libraries = ":".join(map(str, self._root.glob("usr/lib/**/postfix"))) or str(self._root / "usr/lib/postfix")
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [str(self._root / "usr/sbin/smtp-sink"), "-c", *user, f"127.0.0.1:{port}", "4096"]
        self._said = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            command, stdout=self._said, stderr=subprocess.DEVNULL, env={**os.environ, "LD_LIBRARY_PATH": libraries}
        )
        limit = time.monotonic() + 10
        while time.monotonic() < limit:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                return self
            time.sleep(0.01)
        raise RuntimeError("smtp-sink does not listen")

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._said.close()

    def counts(self):
        """It writes "sess=1 quit=0 mesg=2" over and over; there is nothing in it of the rest."""
        end = self._said.seek(0, os.SEEK_END)
        said = os.pread(self._said.fileno(), 4096, max(0, end - 4096)).decode()
        messages = re.findall(r"mesg=(\d+)(?=\s)", said)
        return {"messages": int(messages[-1]) if messages else 0, "flights": 0, "connections": 0, "most_open": 0}
