#!/usr/bin/env python3
"""Messages a second, time and memory that they take, beside other gateways.

Each round starts every peer afresh, in turn, on a relay of its own that takes whatever comes; wrk posts the same
message again and again, each client as soon as the one before was answered. What a round has found is kept in
build/logs/bench-throughput.jsonl: `--resume` goes on behind it. POSTERN_PROGRAM names the program; what else was built
(see CMakeLists.txt) is beside it.
"""

import argparse
import base64
import dataclasses
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import load
import table
from peers import BUILD, LOGS, PEERS, postern_program, running, versions
from relay import Relay, Sink

SESSIONS = 16
KEPT = LOGS / "bench-throughput.jsonl"
SMTP_SOURCE = "Postfix's smtp-source"
COLUMNS = (
    ("messages a second", 0),
    ("CPU µs a message", 0),
    ("p50 ms", 1),
    ("p99 ms", 1),
    ("idle MB", 0),
    ("peak MB", 0),
    ("start-up ms", 0),
)
TEXT = "Please read them, and tell us what is missing: the Größe of the hall, und was es kostet.\n"
HTML = '<p style="color: #333">Please read them, and tell us what is missing.</p>\n'


def message(text_bytes, html_bytes=0, attachment_bytes=0):
    """In UTF-8, as most clients write JSON; what is attached cannot be compressed, and is the same each time."""
    fields = {
        "from": "Ann Lee <ann@example.com>",
        "to": "bob@example.net",
        "subject": "The minutes of our last meeting",
        "text": (TEXT * (text_bytes // len(TEXT) + 1))[:text_bytes],
    }
    if html_bytes:
        fields["html"] = (HTML * (html_bytes // len(HTML) + 1))[:html_bytes]
    if attachment_bytes:
        content = base64.b64encode(random.Random(1).randbytes(attachment_bytes)).decode()
        fields["attachments"] = [{"filename": "minutes.pdf", "content": content}]
    return fields


@dataclasses.dataclass(frozen=True)
class Case:
    name: str
    title: str
    sizes: tuple  # of text, html and attachment
    clients: int
    warm_up: int  # messages
    seconds: float
    round_trip_ms: int = 0


CASES = [
    Case("1k", "1 KB of text, 32 clients", (1 << 10,), 32, 200, 4),
    Case("25k", "5 KB of text and 20 KB of html, 32 clients", (5 << 10, 20 << 10), 32, 100, 4),
    Case("1m", "an attachment of 1 MB, 32 clients", (100, 0, 1 << 20), 32, 16, 5),
    Case("1m-64", "an attachment of 1 MB, 64 clients", (100, 0, 1 << 20), 64, 16, 5),
    Case("10m", "an attachment of 10 MB, 4 clients", (100, 0, 10 << 20), 4, 2, 8),
    Case("25m", "an attachment of 25 MB, 4 clients", (100, 0, 25 << 20), 4, 1, 10),
    Case("far", "1 KB of text, 256 clients, a relay 50 ms away", (1 << 10,), 256, 64, 5, 50),
]


def make_relay(case, options):
    if options.sink:
        return Sink(BUILD / "peers" / "postfix" / "root")
    return Relay(bench_program("relay"), case.round_trip_ms, tls=options.tls)


def bench_program(name):
    return str(Path(postern_program()).with_name(f"bench.{name}"))


def measure_gateway(peer, case, body, options):
    with make_relay(case, options) as relay, running(peer, relay.url, SESSIONS) as gateway:
        idle_mb = gateway.memory_mb()
        seconds = case.seconds * options.longer
        figures = load.measure(gateway, relay, body, case.clients, case.warm_up, seconds)
        peak_mb = gateway.memory_mb("VmHWM")
    return {**figures, "idle MB": idle_mb, "peak MB": peak_mb, "start-up ms": gateway.start_ms}


def measure_source(case, options):
    """As many messages of the size as `seconds` allow, each behind the other, in as many sessions. It makes nothing:
    its messages stand, and nobody asks it by HTTP."""
    program = BUILD / "peers" / "postfix" / "root" / "usr" / "sbin" / "smtp-source"
    size = sum(case.sizes[:2]) + sum(case.sizes[2:]) * 78 // 57
    seconds = case.seconds * options.longer
    with make_relay(case, options) as relay:
        command = [
            str(program),
            "-d",
            "-s",
            str(SESSIONS),
            "-m",
            "1000000000",
            "-l",
            str(size),
            relay.url.removeprefix("smtp://"),
        ]
        environment = {**os.environ, "LD_LIBRARY_PATH": postfix_libraries()}
        with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as source:
            try:
                load.wait_for_messages(relay, case.warm_up)
                before, begin = relay.counts()["messages"], time.monotonic()
                time.sleep(seconds)
                after, end = relay.counts()["messages"], time.monotonic()
            finally:
                source.kill()
    return {"messages a second": (after - before) / (end - begin)}


def postfix_libraries():
    root = BUILD / "peers" / "postfix" / "root"
    return ":".join(
        str(root / each) for each in ("usr/lib/postfix", "usr/lib/x86_64-linux-gnu", "usr/lib/aarch64-linux-gnu")
    )


def measure(name, case, body, options):
    if name == SMTP_SOURCE:
        return measure_source(case, options)
    peer = next(each for each in PEERS if each.name == name)
    return measure_gateway(peer, case, body, options)


def names_here(options):
    """Postern is the first, against which the others are held."""
    names = []
    for peer in PEERS:
        why_not = peer.why_not()
        if options.only and peer.name != "Postern" and not any(each in peer.name for each in options.only):
            continue
        if why_not:
            print(f"{peer.name} is left out: {why_not}")
        else:
            names.append(peer.name)
    has_source = (BUILD / "peers" / "postfix" / "root" / "usr" / "sbin" / "smtp-source").exists()
    if has_source and not options.only and not options.tls:
        names.append(SMTP_SOURCE)
    return names


def read_kept(resume):
    if not resume or not KEPT.exists():
        return {}
    rows = map(json.loads, KEPT.read_text().splitlines())
    return {(row["case"], row["peer"], row["round"]): row["figures"] for row in rows}


def run_case(case, names, kept, options):
    """The rounds of each peer. One that fails is told, and has a round less."""
    seen = {name: [] for name in names}
    with load.payload(message(*case.sizes)) as body:
        for number in range(options.rounds):
            for name in names:
                figures = kept.get((case.name, name, number))
                try:
                    figures = figures or measure(name, case, body, options)
                except (RuntimeError, OSError) as why:
                    print(f"  {name}, round {number + 1}: {why}", flush=True)
                    continue
                keep(case.name, name, number, figures)
                seen[name].append(figures)
    return {name: rounds for name, rounds in seen.items() if rounds}


def keep(case, peer, number, figures):
    with KEPT.open("a") as file:
        print(json.dumps({"case": case, "peer": peer, "round": number, "figures": figures}), file=file)


def read_options():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--case", action="append", choices=[case.name for case in CASES], help="only this; may be repeated"
    )
    parser.add_argument("--only", action="append", metavar="PEER", help="only peers whose names hold this")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--longer", type=float, default=1, metavar="TIMES", help="measure so many times as long")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--resume", action="store_true", help="go on where the last run ended")
    parser.add_argument("--tls", action="store_true", help="sessions with the relay are encrypted")
    parser.add_argument("--sink", action="store_true", help="the relay is Postfix's smtp-sink, and never far away")
    options = parser.parse_args()
    if options.quick:
        options.rounds, options.longer = 1, 0.3
    return options


def main():
    options = read_options()
    LOGS.mkdir(parents=True, exist_ok=True)
    kept = read_kept(options.resume)
    KEPT.write_text("")
    names = names_here(options)
    print(f"{time.strftime('%Y-%m-%d')}, {os.cpu_count()} CPUs: {versions()}")
    print(f"{SESSIONS} sessions at most; medians of {options.rounds} rounds (least to most)")
    print(f"{os.getloadavg()[0]:.1f} other programs ran", flush=True)
    for case in CASES:
        if not options.case or case.name in options.case:
            table.show(case.title, run_case(case, names, kept, options), COLUMNS)
    return 0


if __name__ == "__main__":
    sys.exit(main())
