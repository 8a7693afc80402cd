#!/usr/bin/env python3
"""What many clients cost that come at once, with large messages or with much in small ones: the budget for what is
held, and little besides."""

import base64
import collections
import concurrent.futures
import json
import os
import threading

from lib import raw_http
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, eventually, main, seconds
from lib.raw_http import Connection
from lib.scripted_relay import ScriptedRelay

FILE_BYTES = 25 << 20
BUDGET, BESIDES, MAX_GROWTH_KB = 256 << 20, 64 << 20, 4096


def held_bytes(running):
    return int(running.metric("postern_in_flight_bytes ").split()[1])


def send_all(address, request, started, answers):
    """As a client that looks for its answer while it sends (RFC 9112 9.5 asks for it)."""
    with Connection(address, seconds(100)) as connection:
        started.wait()
        view = memoryview(request)
        try:
            while view:
                connection.sock.settimeout(seconds(100))
                view = view[connection.sock.send(view[: 1 << 20]) :]
                connection.sock.setblocking(False)
                try:
                    connection.pending = connection.sock.recv(65536)
                    break
                except BlockingIOError:
                    pass
        except (BrokenPipeError, ConnectionResetError):
            pass
        connection.sock.settimeout(seconds(100))
        try:
            answers[connection.answer().status] += 1
        except (EOFError, ConnectionResetError):
            answers["reset"] += 1


def crowd(running, relay, request, clients):
    """All of them at once; the relay takes nothing before all that may wait do."""
    answers, started = collections.Counter(), threading.Barrier(clients)
    with concurrent.futures.ThreadPoolExecutor(clients) as pool:
        sending = [pool.submit(send_all, running.address, request, started, answers) for _ in range(clients)]
        eventually(
            lambda: in_flight(running) + sum(s.done() for s in sending) == clients, 90, "all answered or in flight"
        )
        relay.open("go")
    for each in sending:
        each.result()
    return answers


def in_flight(running):
    return int(running.metric("postern_in_flight ").split()[1])


def hold_memory(running, budget, before):
    """At its peak, and when all of it is over."""
    eventually(lambda: running.metric("postern_http_connections ").endswith(" 0\n"), 10, "no connections")
    check_equal(held_bytes(running), 0, "bytes held")
    most = before + MAX_GROWTH_KB
    what = f"no more than {most} KiB of its own"
    eventually(lambda: SANITIZED or running.status_field("RssAnon") < most, 20, what)
    peak, now = running.status_field("VmHWM"), running.status_field("RssAnon")
    print(
        f"{before / 1024:.1f} MB before, {peak / 1024:.1f} MB at the peak of a budget of {budget >> 20} MB, "
        f"{now / 1024:.1f} MB behind",
        flush=True,
    )
    check(SANITIZED or peak < (budget + BESIDES) >> 10, f"{peak} KiB at the peak")


def play(fields, clients, budget):
    """The statuses of the answers, and how large the request was."""
    body = json.dumps(fields, ensure_ascii=False).encode()
    steps = {"mail": {"until": "go", "reply": "550 5.7.1 No"}}  # what it costs to send is not what is asked here
    with ScriptedRelay(steps=steps) as relay:
        options = {"max_in_flight_bytes": budget, "log_level": "info", "timeout_request": "5m"}
        with Gateway(relay, **options) as running:
            running.post(message(to=["bob"]))
            before = running.status_field("RssAnon")  # code comes and goes (service/process/memory.c)
            answers = crowd(running, relay, raw_http.post(body), clients)
            print(f"{clients} clients with {len(body) / 1e6:.3f} MB each: {dict(answers)}")
            hold_memory(running, budget, before)
    check_equal(set(answers), {422, 503}, "statuses: refused by the relay, and by the budget")
    return answers[422], len(body)


@case("100 clients with 25 MB each: those in the budget are admitted, the others hear it before their body is read")
def hundred_clients():
    file = {"content": base64.b64encode(os.urandom(FILE_BYTES)).decode(), "filename": "a.bin"}
    admitted, size = play(message(attachments=[file]), 100, BUDGET)
    check_equal(admitted, BUDGET // size, "admitted")


@case("300 clients with 1,000 recipients each: what is made of a small body counts, too")
def many_recipients():
    budget = 32 << 20
    admitted, _ = play(message(to=[f"a{i}@example.net" for i in range(1000)]), 300, budget)
    check(50 < admitted < 200, f"{admitted} admitted, of about 300 KB each")


if __name__ == "__main__":
    main(jobs=1)
