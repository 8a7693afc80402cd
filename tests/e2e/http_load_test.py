#!/usr/bin/env python3
"""Attacks by the thousand: slow in the header, in the body and in reading, and gone in mid-body; a relay that stalls.

While each of them lasts, /livez answers within 100 ms and messages go out; when it is over, memory and descriptors are
where they were. POSTERN_STALL_SECONDS is how long the relay stalls (3; a minute by hand).
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import time

from lib import gateway, harness
from lib.background import in_background
from lib.faults import SENT, expect
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, Skip, case, check, check_equal, eventually, main, seconds
from lib.probe import Probe
from lib.raw_http import HOST, JSON_TYPE, Connection
from lib.scripted_relay import ScriptedRelay

SLOW, VANISHING, ATTACK_S = 1000, 1000, 6
STALL_S = float(os.environ.get("POSTERN_STALL_SECONDS", "3"))
LIVEZ_MS = 100
MAX_GROWTH_KB = 2048
DEADLINES = {f"timeout_http_{name}": gateway.milliseconds(2) for name in ("header", "body", "response", "idle")}


def held_bytes(running):
    return int(running.metric("postern_in_flight_bytes ").split()[1])


def warm_up(running):
    """Every part of it has run; (descriptors, resident KiB) before the attack."""
    for _ in range(20):
        expect(running.post(message()), SENT)
        running.get("/openapi.yaml")
    return settled(running)


def settled(running):
    eventually(lambda: "postern_http_connections 0\n" in running.metric("postern_http_connections "), 20, "all closed")
    eventually(lambda: all(line.endswith(" 0\n") for line in sessions(running)), 20, "no sessions with the relay")
    check_equal(held_bytes(running), 0, "bytes held")
    return running.descriptors(), running.status_field("VmRSS")


def sessions(running):
    return running.metric("postern_sessions{").splitlines(keepends=True)


def as_before(running, before):
    """Nothing is lost: descriptors to the last, memory but for what an allocator keeps."""
    descriptors, memory = before
    settled(running)
    eventually(lambda: running.descriptors() <= descriptors, 20, f"descriptors as before ({descriptors})")
    now = running.status_field("VmRSS")
    peak = running.status_field("VmHWM")
    print(f"resident: {memory} KiB before, {peak} at the peak, {now} behind; {descriptors} descriptors", flush=True)
    check(SANITIZED or now - memory < MAX_GROWTH_KB, f"{now - memory} KiB more than before")


def posts_until(running, is_over):
    """Messages one after the other meanwhile; each is sent, and soon."""
    count = 0
    while not is_over():
        began = time.monotonic()
        expect(running.post(message()), SENT)
        check(time.monotonic() - began < seconds(5), f"a message took {time.monotonic() - began:.1f} s")
        count += 1
        time.sleep(0.02)
    print(f"{count} messages meanwhile", flush=True)
    check(count > 0, "no message went out")


def gateway_for(relay, **options):
    return Gateway(relay, log_level="info", smtp_login_window="1s", timeout_smtp_idle="1s", **DEADLINES, **options)


# --- slowhttptest -------------------------------------------------------------------------------------------------


def slowhttptest(*arguments):
    """The attack, running; its report comes at its end."""
    if not shutil.which("slowhttptest"):
        raise Skip("needs slowhttptest")
    command = ["slowhttptest", "-c", str(SLOW), "-r", str(SLOW), "-l", str(ATTACK_S), "-p", "1", *arguments]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    harness.own(lambda: (process.kill(), process.wait()))
    return process


def attack(mode, path, *arguments):
    # Each relay's session ends before memory is looked at.
    with ScriptedRelay() as relay, gateway_for(relay) as running:
        before = warm_up(running)
        with Probe(running.admin_address) as probe:
            process = slowhttptest(mode, "-u", running.url(path), *arguments)
            posts_until(running, lambda: process.poll() is not None)
        check("slow" in process.stdout.read().lower(), "slowhttptest said nothing")
        probe.hold(LIVEZ_MS)
        as_before(running, before)


@case("slowhttptest: a thousand slow headers")
def slow_headers():
    attack("-H", "/", "-i", "1", "-x", "20")


@case("slowhttptest: a thousand slow bodies")
def slow_bodies():
    attack("-B", "/v1/messages", "-i", "1", "-s", "8192", "-x", "20", "-t", "POST", "-f", "application/json")


@case("slowhttptest: a thousand slow readers")
def slow_readers():
    attack("-X", "/openapi.yaml", "-w", "1", "-y", "16", "-n", "1", "-z", "4", "-k", "3")


# --- Gone ---------------------------------------------------------------------------------------------------------


@case("a thousand clients vanish in mid-body, by FIN and by RST")
def vanish_in_mid_body():
    size = 1 << 20
    head = b"POST /v1/messages HTTP/1.1\r\n" + HOST + JSON_TYPE + b"Content-Length: %d\r\n\r\n" % size
    part = head + json.dumps(message()).encode()[:-1] + b" " * 10_000
    with ScriptedRelay() as relay, gateway_for(relay) as running:
        before = warm_up(running)
        sent = len(relay.messages)
        with Probe(running.admin_address) as probe:
            for turn in range(VANISHING // 100):
                held = [Connection(running.address) for _ in range(100)]
                for connection in held:
                    connection.send(part)
                expect(running.post(message()), SENT)
                for number, connection in enumerate(held):
                    linger = struct.pack("ii", (turn + number) % 2, 0)
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    connection.sock.close()
        probe.hold(LIVEZ_MS)
        as_before(running, before)
        check_equal(len(relay.messages) - sent, VANISHING // 100, "messages at the relay")


# --- A relay that stalls ------------------------------------------------------------------------------------------


@case("a relay that stalls in eight sessions while the other eight work")
def relay_stalls():
    stalled, sessions_in_all = 8, 16
    script = [{"dot": {"until": "go"}}] * stalled + [{}]
    with ScriptedRelay(connections=script) as relay:
        with gateway_for(relay, smtp_max_connections=sessions_in_all, timeout_request="5m") as running:
            waiting = [in_background(running.post, message(), None, STALL_S + 60) for _ in range(stalled)]
            check(relay.wait_for_step("dot", stalled), "the messages did not come")
            before = running.descriptors(), running.status_field("VmRSS")
            over = time.monotonic() + seconds(STALL_S)
            with Probe(running.admin_address) as probe:
                posts_until(running, lambda: time.monotonic() > over)
            probe.hold(LIVEZ_MS)
            relay.open("go")
            for wait in waiting:
                expect(wait(), SENT)
            as_before(running, before)


if __name__ == "__main__":
    main(jobs=1)
