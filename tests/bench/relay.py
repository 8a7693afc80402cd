"""relay.c as a context manager."""

import json
import subprocess


class Relay:
    """`port` is where it listens; `counts()` what it has counted since its start."""

    def __init__(self, program, round_trip_ms=0, chunking=False):
        self._command = [program, "--round-trip", str(round_trip_ms), *(["--chunking"] if chunking else [])]

    def __enter__(self):
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self._process.stdout.readline())
        return self

    def __exit__(self, *_):
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()

    def counts(self):
        self._process.stdin.write("?\n")
        self._process.stdin.flush()
        return json.loads(self._process.stdout.readline())
