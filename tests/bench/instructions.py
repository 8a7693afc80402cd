#!/usr/bin/env python3
"""Instructions that Postern takes for a message, counted by callgrind: what else the machine does is not in them, so
that a change can be held against the table in README.md. What the kernel does is not in them either.

A run of few messages is taken from a run of more, so that the start and the end are not counted. POSTERN_PROGRAM names
the program; bench.relay is beside it.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from peers import free_port, postern, postern_program
from relay import Relay
from throughput import bench_program, message

# name, sizes of text, html and attachment, messages of the short run and of the long one
ROWS = (
    ("1 KB of text", (1 << 10,), 50, 350),
    ("5 KB of text and 20 KB of html", (5 << 10, 20 << 10), 20, 120),
    ("an attachment of 1 MB", (100, 0, 1 << 20), 3, 13),
    ("an attachment of 10 MB", (100, 0, 10 << 20), 1, 4),
)


def post(port, body, count):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for _ in range(count):
        connection.request("POST", "/v1/messages", body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != 200:
            raise RuntimeError(f"a message was answered with {answer.status}")
    connection.close()


def wait_for(port):
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.1)
    raise RuntimeError("Postern does not listen")


def count_instructions(body, messages):
    with tempfile.TemporaryDirectory() as folder, Relay(bench_program("relay")) as relay:
        counted, port = Path(folder) / "counted", free_port()
        command, environment = postern(port, relay.url, 1)
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
        valgrind = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={counted}", *command]
        quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        with subprocess.Popen(valgrind, env={**inherited, **environment}, **quiet) as process:
            try:
                wait_for(port)
                post(port, body, messages)
                process.terminate()
                process.wait(60)
            finally:
                process.kill()
        lines = counted.read_text().splitlines()
    return int(next(line for line in lines if line.startswith(("totals:", "summary:"))).split()[1])


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.parse_args()
    version = subprocess.run([postern_program(), "--version"], check=True, capture_output=True, text=True).stdout
    print(f"{time.strftime('%Y-%m-%d')}, {version.strip()}\n\n| message | instructions |\n| --- | --- |", flush=True)
    for name, sizes, few, many in ROWS:
        body = json.dumps(message(*sizes)).encode()
        more = count_instructions(body, many) - count_instructions(body, few)
        print(f"| {name} | {more // (many - few):,} |", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
