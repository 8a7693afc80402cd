#!/usr/bin/env python3
"""What it costs to have it beside you: memory when idle, and the time from start to the first answer."""

import os
import socket
import statistics
import subprocess
import time

from lib import gateway, harness
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, Failure, Skip, case, check, main
from lib.scripted_relay import ScriptedRelay

MAX_IDLE_KB, MAX_START_MS, RUNS = 8 * 1024, 100, 11


def only_as_shipped():
    if SANITIZED:
        raise Skip("the figures are those of the program as it is shipped, not of a sanitizer's build")


@case("idle: under 8 MB resident")
def idle_memory():
    only_as_shipped()
    for command in ("serve", "sandbox"):
        with ScriptedRelay() as relay:
            with Gateway(relay if command == "serve" else None, command=command, log_level="info") as running:
                fresh = running.status_field("VmRSS")
                for _ in range(20):
                    running.post(message())
                used = running.status_field("VmRSS")
                print(f"{command}: {fresh / 1024:.1f} MB after the start, {used / 1024:.1f} MB after 20 messages")
                check(command == "sandbox" or fresh < MAX_IDLE_KB, f"{fresh} KB resident when idle")


def start_once():
    """Milliseconds from the start of the process to its first answer."""
    port, admin = gateway.free_port(), gateway.free_port()
    options = {
        "smtp_url": "smtp://127.0.0.1:1?tls=none",
        "smtp_ehlo_name": "gateway.test",
        "listen": f"127.0.0.1:{port}",
        "admin_listen": f"127.0.0.1:{admin}",
    }
    environment = gateway.clean_environment(**gateway.as_environment(options))
    began = time.monotonic()
    process = subprocess.Popen([gateway.program()], env=environment, stderr=subprocess.DEVNULL)
    stop = harness.own(lambda: (process.kill(), process.wait()))
    try:
        while time.monotonic() - began < harness.seconds(10):
            try:
                with socket.create_connection(("127.0.0.1", port), 1) as sock:
                    sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                    if sock.recv(15) == b"HTTP/1.1 200 OK":
                        return (time.monotonic() - began) * 1000
            except OSError:
                time.sleep(0.0005)
        raise Failure("no answer within 10 s")
    finally:
        stop()


@case("start to first answer: under 100 ms")
def start_time():
    only_as_shipped()
    times = sorted(start_once() for _ in range(RUNS))
    median = statistics.median(times)
    print(f"start to first answer: median {median:.1f} ms, from {times[0]:.1f} to {times[-1]:.1f} ms, {RUNS} runs")
    check(median < MAX_START_MS, f"{median:.1f} ms")


@case("the size of the program")
def size():
    print(f"program: {os.path.getsize(gateway.program()) / 1024:.0f} KB")


if __name__ == "__main__":
    main(jobs=1)
