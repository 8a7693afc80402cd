#!/usr/bin/env python3
"""Whether anything grows: a million messages, or as many as are asked for, by 32 clients over kept connections, to a
relay that takes all of them; memory, threads and descriptors at every twentieth of the way, and when all is over.
POSTERN_PROGRAM names the program, and bench.relay is beside it.
"""

import argparse
import contextlib
import json
import os
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

import load
import peers
from relay import Relay

MESSAGE = {
    "from": "Ann Lee <ann@example.com>",
    "to": "bob@example.net",
    "subject": "The minutes of our last meeting",
    "text": "Please read them, and tell us what is missing.\n" * 20,
}
CLIENTS, SESSIONS, SAMPLES, IDLE_S = 32, 16, 20, 25
MAX_GROWTH_KIB = 1024


@contextlib.contextmanager
def gateway(relay_url):
    """(the process, where it listens). What it logs of single messages is left out."""
    port = peers.free_port()
    command, environment = peers.postern(port, relay_url, SESSIONS)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
    environment = {**inherited, **environment, "POSTERN_LOG_LEVEL": "warn"}
    with subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL) as process:
        try:
            peers.wait_until_it_listens(process, port, "what it says here")
            yield process, port
        finally:
            process.terminate()


def sample(pid, messages):
    """What the kernel says of the process."""
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines())
    kib = {name: int(fields[name].split()[0]) for name in ("VmRSS", "RssAnon", "VmHWM")}
    return {"messages": messages, **kib, "threads": int(fields["Threads"]), "files": len(os.listdir(f"/proc/{pid}/fd"))}


def show(row):
    print(
        f"| {row['messages']:,} | {row['VmRSS'] / 1024:.1f} | {row['RssAnon'] / 1024:.2f} | {row['threads']} "
        f"| {row['files']} |",
        flush=True,
    )
    return row


def send_all(port, pid, relay, total):
    """The samples taken on the way."""
    rows = []
    with load.payload(MESSAGE) as body:
        url = f"http://127.0.0.1:{port}/v1/messages"
        command = ["wrk", "-t1", f"-c{CLIENTS}", "-d24h", "--timeout", "60s", "-s", load.SCRIPT, url, "--", body]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as wrk:
            try:
                while (count := relay.counts()["messages"]) < total:
                    if count >= (len(rows) + 1) * total / SAMPLES:
                        rows.append(show(sample(pid, count)))
                    time.sleep(0.2)
                wrk.send_signal(signal.SIGINT)
                seen = json.loads(wrk.communicate(timeout=60)[0].splitlines()[-1])
            finally:
                wrk.kill()
    print(f"{seen['requests']:,} answers, {seen['failed']} that were no 200", flush=True)
    return rows, seen["failed"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=1_000_000)
    total = parser.parse_args().messages
    relay_program = Path(peers.postern_program()).with_name("bench.relay")
    began = time.monotonic()
    with Relay(relay_program) as relay, gateway(relay.url) as (process, port):
        print("| messages | resident, MB | of it its own, MB | threads | descriptors |")
        print("| --- | --- | --- | --- | --- |")
        time.sleep(2)
        show(sample(process.pid, 0))
        rows, failed = send_all(port, process.pid, relay, total)
        time.sleep(IDLE_S)
        idle = show(sample(process.pid, relay.counts()["messages"]))
    quarter = len(rows) // 4
    early = statistics.median(row["RssAnon"] for row in rows[quarter : 2 * quarter])
    late = statistics.median(row["RssAnon"] for row in rows[-quarter:])
    print(
        f"its own memory: {early:.0f} KiB in the second quarter, {late:.0f} KiB in the last, {idle['RssAnon']} KiB "
        f"idle; {idle['messages'] / (time.monotonic() - began):.0f} messages a second"
    )
    return failed > 0 or late - early > MAX_GROWTH_KIB


if __name__ == "__main__":
    sys.exit(main())
