#!/usr/bin/env python3
"""What a long line to the relay costs: messages a second, and how late the answer to one is.

A relay 50 ms away bounds 16 sessions that pay one round trip a message to 320 messages a second, and to 160 or 80
those that pay two or four. Peers are measured in turn, round by round, each started afresh. POSTERN_PROGRAM names the
program; what else was built (see CMakeLists.txt) is beside it.
"""

import argparse
import dataclasses
import os
import sys
import time
from pathlib import Path

import load
import table
from peers import PEERS, postern_program, running, versions
from relay import Relay

ROUND_TRIP_MS, SESSIONS = 50, 16
MESSAGE = {
    "from": "Ann Lee <ann@example.com>",
    "to": "bob@example.net",
    "subject": "The minutes of our last meeting",
    "text": "Please read them, and tell us what is missing.\n" * 20,
}


@dataclasses.dataclass(frozen=True)
class Case:
    title: str
    clients: int
    warm_up: int  # messages
    seconds: float
    columns: tuple  # figure, digits; the first is the one that is compared


# The first warms up what the second measures, and leaves the sessions open.
CASES = [
    Case(
        "256 clients: messages wait for a session, always",
        256,
        96,
        2,
        (("messages a second", 0), ("round trips a message", 2), ("sessions", 0)),
    ),
    Case(
        "one client: its message finds an idle session",
        1,
        2,
        1.5,
        (("p50 ms", 0), ("round trips a message", 2)),
    ),
]


def measure(peer, body, options):
    """The figures of each case."""
    program = Path(postern_program()).with_name("bench.relay")
    with Relay(program, ROUND_TRIP_MS, options.chunking) as relay, running(peer, relay.url, SESSIONS) as gateway:
        for case in CASES:
            yield load.measure(gateway, relay, body, case.clients, case.warm_up, case.seconds * options.longer)


def peers_here():
    here = []
    for peer in PEERS:
        why_not = peer.why_not()
        if why_not:
            print(f"{peer.name} is left out: {why_not}")
        else:
            here.append(peer)
    return here


def run(peers, options):
    """For each case the rounds of each peer."""
    seen = [{peer.name: [] for peer in peers} for _ in CASES]
    with load.payload(MESSAGE) as body:
        for _ in range(options.rounds):
            for peer in peers:
                for rounds, figures in zip(seen, measure(peer, body, options)):
                    rounds[peer.name].append(figures)
    return seen


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longer", type=float, default=1, metavar="TIMES", help="measure so many times as long")
    parser.add_argument("--chunking", action="store_true", help="the relay offers CHUNKING, too")
    return parser.parse_args()


def main():
    options = read_options()
    peers = peers_here()
    offered = "PIPELINING and CHUNKING" if options.chunking else "PIPELINING"
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs: {versions()}")
    print(f"A relay {ROUND_TRIP_MS} ms away, with {offered}; {SESSIONS} sessions at most")
    print(
        f"Medians of {options.rounds} rounds (least to most); {os.getloadavg()[0]:.1f} other programs ran", flush=True
    )
    for case, rounds in zip(CASES, run(peers, options)):
        table.show(case.title, rounds, case.columns)
    return 0


if __name__ == "__main__":
    sys.exit(main())
