#!/usr/bin/env python3
"""How even the answers are: at half of the highest load, beside a message of 25 MB, and, where it is asked for, over
ten minutes. POSTERN_PROGRAM names the program; what else was built (see CMakeLists.txt) is beside it.
"""

import argparse
import contextlib
import json
import signal
import subprocess
import sys
import time

import load
from peers import PEERS, running
from relay import Relay
from throughput import SESSIONS, bench_program, message

POSTERN = PEERS[0]
CLIENTS, WARM_UP, SECONDS = 32, 200, 6
SOAK_CLIENTS = 256


@contextlib.contextmanager
def gateway_and_relay():
    with Relay(bench_program("relay")) as relay, running(POSTERN, relay.url, SESSIONS) as gateway:
        yield gateway, relay


def at_half_load(body):
    """Each client rests so long that all of them ask for half of what they got without a rest."""
    with gateway_and_relay() as (gateway, relay):
        full = load.measure(gateway, relay, body, CLIENTS, WARM_UP, SECONDS)
        rest_ms = 2000 * CLIENTS / full["messages a second"] - full["p50 ms"] / 2
        half = load.measure(gateway, relay, body, CLIENTS, WARM_UP, SECONDS, round(rest_ms))
    print(f"\nhighest load: {full['messages a second']:.0f} messages a second, p50 {full['p50 ms']:.1f} ms")
    print(
        f"at {half['messages a second'] / full['messages a second']:.0%} of it: p50 {half['p50 ms']:.2f} ms, "
        f"p99 {half['p99 ms']:.2f} ms: {half['p99 ms'] / half['p50 ms']:.1f} times (less than 10)"
    )


def beside_large(body, large):
    """Small messages of a few clients, without and with one client that posts 25 MB at a time."""
    seen = {}
    for beside in (False, True):
        with gateway_and_relay() as (gateway, relay), contextlib.ExitStack() as stack:
            if beside:
                command = load.wrk(gateway.port, large, 1)
                other = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
                stack.callback(other.kill)
            seen[beside] = load.measure(gateway, relay, body, 4, 20, SECONDS, 20)["p99 ms"]
    print(
        f"\nsmall messages, p99: {seen[False]:.1f} ms alone, {seen[True]:.1f} ms beside messages of 25 MB: "
        f"{seen[True] - seen[False]:.1f} ms more (20 at most)"
    )


def soak(body, minutes):
    """False where in any second no message reached the relay."""
    with gateway_and_relay() as (gateway, relay):
        with subprocess.Popen(load.wrk(gateway.port, body, SOAK_CLIENTS), stdout=subprocess.PIPE, text=True) as wrk:
            try:
                load.wait_for_messages(relay, WARM_UP)
                seconds = list(count_seconds(relay, minutes * 60))
                wrk.send_signal(signal.SIGINT)
                said = json.loads(wrk.communicate(timeout=60)[0].splitlines()[-1])
            finally:
                wrk.kill()
    still = seconds.count(0)
    print(
        f"\n{minutes} minutes, {SOAK_CLIENTS} clients: {sum(seconds)} messages, {min(seconds)} in the slowest second, "
        f"{still} seconds in which nothing moved, {said['failed']} failures"
    )
    return still == 0 and said["failed"] == 0


def count_seconds(relay, seconds):
    before, due = relay.counts()["messages"], time.monotonic()
    for _ in range(seconds):
        due += 1
        time.sleep(max(0, due - time.monotonic()))
        now = relay.counts()["messages"]
        yield now - before
        before = now


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--soak", type=int, metavar="MINUTES", help="only this: does anything ever stand still?")
    options = parser.parse_args()
    with load.payload(message(1 << 10)) as body, load.payload(message(100, 0, 25 << 20)) as large:
        if options.soak:
            return 0 if soak(body, options.soak) else 1
        at_half_load(body)
        beside_large(body, large)
    return 0


if __name__ == "__main__":
    sys.exit(main())
