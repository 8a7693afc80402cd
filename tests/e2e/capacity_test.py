#!/usr/bin/env python3
"""Ten thousand idle connections, and a thousand requests that wait on a slow relay: neither needs a thread each."""

import json
import os
import resource
import select
import socket
import time

from lib import raw_http
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, Failure, case, check, check_equal, eventually, main, seconds
from lib.probe import Probe
from lib.scripted_relay import ScriptedRelay

IDLE, WAITING, SESSIONS = 10_000, 1_000, 16
IDLE_TIMEOUT_S = 30
LIVEZ_MS, MAX_GROWTH_KB = 100, 2048
MAX_THREADS = SESSIONS + 12  # one a session, a few for HTTP, signals and the sanitizers
GET = b"GET / HTTP/1.1\r\n" + raw_http.HOST + b"\r\n"


def room_for(count):
    """So many connections that our own limit and the gateway's, which inherits it, allow."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return min(count, hard - 200)


def figures(running, what):
    threads, rss = running.status_field("Threads"), running.status_field("VmRSS")
    print(f"{what}: {threads} threads, {rss / 1024:.1f} MB resident", flush=True)
    check(threads <= MAX_THREADS, f"{threads} threads")
    return rss


def source(number):
    """Addresses of this run's own: no port range is used up, nor waits for an earlier run's (TIME-WAIT)."""
    return (f"127.{1 + os.getpid() % 250}.{os.getpid() // 250 % 250}.{1 + number // 2000}", 0)


def read_to_end_of_head(sock):
    head = b""
    while b"\r\n\r\n" not in head:
        data = sock.recv(65536)
        if not data:
            raise Failure("the server closed the connection")
        head += data
    return head


@case("idle connections")
def idle_connections():
    count = room_for(IDLE)
    options = {"max_http_connections": count + 100, "timeout_http_idle": f"{IDLE_TIMEOUT_S}s"}
    with ScriptedRelay() as relay, Gateway(relay, **options) as running:
        check_equal(running.post(message()).status, 200, "a first post, which opens a session")
        descriptors, before = running.descriptors(), figures(running, "no connections")
        held = []
        with Probe(running.admin_address) as probe:
            for number in range(count):
                sock = socket.create_connection(running.address, seconds(10), source(number))
                sock.sendall(GET)
                held.append(sock)
            for sock in held:
                check(read_to_end_of_head(sock).startswith(b"HTTP/1.1 200 "), "GET /")
            rss = figures(running, f"{count} idle connections")
            print(f"per connection: {(rss - before) / count:.2f} KB")
            began = time.monotonic()
            check_equal(running.post(message()).status, 200, "a post among them")
            check(time.monotonic() - began < seconds(1), "a post among them was slow")
            held[count // 2].sendall(GET)
            served = held[count // 2].recv(65536)
            check(served.startswith((b"HTTP/1.1 200 ", b"<")), "an old connection is still served")
            for sock in held:
                sock.close()
        probe.hold(LIVEZ_MS)
        # At once, but for ends that libmicrohttpd 0.9.75 misses: those go with the idle time-out.
        eventually(lambda: running.descriptors() <= descriptors, 2 * IDLE_TIMEOUT_S, "descriptors as before")
        time.sleep(seconds(1.5))  # until the main thread's next look
        behind = figures(running, "all gone")
        check(SANITIZED or rss < 400 * 1024, f"{rss} KiB for {count} connections")
        check(SANITIZED or behind < before + MAX_GROWTH_KB, f"{behind} KiB behind, {before} KiB before")


@case("requests that wait on a slow relay")
def waiting_requests():
    room_for(IDLE)
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay:
        options = {"smtp_max_connections": SESSIONS, "timeout_request": "5m", "max_queue": WAITING}
        with Gateway(relay, **options) as running:
            request = raw_http.post(json.dumps(message()).encode())
            held = [socket.create_connection(running.address, seconds(10)) for _ in range(WAITING)]
            for sock in held:
                sock.sendall(request)
            eventually(lambda: in_flight(running) == WAITING, 30, f"{WAITING} requests in flight")
            figures(running, f"{WAITING} requests waiting, {SESSIONS} sessions")
            check_equal(running.get_admin("/livez").status, 200, "/livez")
            check_equal(running.get("/").status, 200, "another request")
            began = time.monotonic()
            relay.open("go")
            statuses = answers(held)
            print(f"answered within {time.monotonic() - began:.1f} s of the relay's waking")
            check_equal(statuses, {b"200": WAITING}, "answers")
            check_equal(len(relay.messages), WAITING, "messages at the relay")
            check(len(relay.connections) <= SESSIONS, f"{len(relay.connections)} sessions")


def in_flight(running):
    return int(running.metric("postern_in_flight ").split()[1])


def answers(held):
    """How many of each status; every connection gets its one answer."""
    statuses = {}
    poll = select.poll()
    by_number = {sock.fileno(): sock for sock in held}
    for number in by_number:
        poll.register(number, select.POLLIN)
    limit = time.monotonic() + seconds(90)
    while by_number and time.monotonic() < limit:
        for number, _ in poll.poll(100):
            sock = by_number.pop(number)
            poll.unregister(number)
            status = read_to_end_of_head(sock).split(b" ")[1]
            statuses[status] = statuses.get(status, 0) + 1
            sock.close()
    return statuses


if __name__ == "__main__":
    main(jobs=1)
