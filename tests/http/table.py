#!/usr/bin/env python3
"""What libmicrohttpd does by itself with each row of tests/e2e/http_framing_test.py: columns of README.md.

    tests/http/table.py BUILD_FOLDER/http.bare

A line a row: whether it answers, what it took the request for, and what becomes of the connection. Behind each
request stands another one, so that it shows where the first was taken to end.
"""

import importlib
import subprocess
import sys
import time
from pathlib import Path

E2E = Path(__file__).resolve().parents[1] / "e2e"
sys.path.insert(0, str(E2E))
from lib.gateway import free_port  # noqa: E402
from lib.raw_http import HOST, Connection  # noqa: E402

NEXT = b"GET /next HTTP/1.1\r\n" + HOST + b"\r\n"
IDLE_TIMEOUT_S = 1  # bare.c's
TABLES = ("LENGTHS", "ENCODINGS", "CHUNKS", "LINES", "TARGETS", "METHODS", "FIELDS", "OTHERS")


def ask(address, request):
    """What is answered to the request and to the one behind it, in words."""
    told, began = [], time.monotonic()
    with Connection(address, 10) as connection:
        connection.send(request + NEXT)
        try:
            while "GET /next with 0 bytes" not in told:
                answer = connection.answer()
                told.append(answer.body.decode("latin-1")[:60] if answer.status == 200 else str(answer.status))
        except (EOFError, ConnectionResetError):
            waited = time.monotonic() - began > IDLE_TIMEOUT_S / 2
            told.append("hangs" if waited else "closed")
    return ", then ".join(told)


def main():
    rows = importlib.import_module("http_framing_test")
    port = free_port()
    with subprocess.Popen([sys.argv[1], str(port)], stdout=subprocess.PIPE, text=True) as server:
        try:
            print("libmicrohttpd", server.stdout.readline().strip())
            for table in TABLES:
                for row in getattr(rows, table):
                    print(f"{row.name:55} {ask(('127.0.0.1', port), row.request)}", flush=True)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
