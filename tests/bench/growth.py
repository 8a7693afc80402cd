#!/usr/bin/env python3
"""How throughput and CPU time for a message change with the clients, and with the sessions: a table, and two plots
beside README.md. POSTERN_PROGRAM names the program; what else was built (see CMakeLists.txt) is beside it.
"""

import argparse
import resource
import sys
from pathlib import Path

import load
import plot
from peers import PEERS, running
from relay import Relay
from throughput import SESSIONS, bench_program, message

POSTERN = PEERS[0]
HERE = Path(__file__).resolve().parent
RATE, CPU = "messages a second", "CPU µs a message"


def measure(body, clients, sessions, seconds, round_trip_ms):
    with Relay(bench_program("relay"), round_trip_ms) as relay, running(POSTERN, relay.url, sessions) as gateway:
        return load.measure(gateway, relay, body, clients, max(200, clients), seconds)


def grow(title, axis, points, measure_one):
    """Rows of (x, rate, CPU time), as they are measured."""
    print(f"\n{title}\n\n| {axis} | {RATE} | {CPU} | p99, ms |\n| --- | --- | --- | --- |", flush=True)
    rows = []
    for x in points:
        figures = measure_one(x)
        rows.append((x, figures[RATE], figures[CPU]))
        print(f"| {x:,} | {figures[RATE]:,.0f} | {figures[CPU]:,.0f} | {figures['p99 ms']:,.1f} |", flush=True)
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=4, help="for each point")
    parser.add_argument("--folder", type=Path, default=HERE, help="where the plots go")
    options = parser.parse_args()
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with load.payload(message(1 << 10)) as body:
        by_clients = grow(
            f"1 KB, {SESSIONS} sessions, a fast relay",
            "clients",
            (1, 8, 64, 512, 4096),
            lambda clients: measure(body, clients, SESSIONS, options.seconds, 0),
        )
        by_sessions = grow(
            "1 KB, 512 clients, a relay 10 ms away",
            "sessions",
            (1, 4, 16, 64, 256),
            lambda sessions: measure(body, 512, sessions, options.seconds, 10),
        )
    for name, axis, rows in (("clients", "clients", by_clients), ("sessions", "sessions", by_sessions)):
        svg = plot.draw(axis, [(RATE, [(x, rate) for x, rate, _ in rows]), (CPU, [(x, cpu) for x, _, cpu in rows])])
        (options.folder / f"growth_{name}.svg").write_text(svg)
    return 0


if __name__ == "__main__":
    sys.exit(main())
