#!/usr/bin/env python3
"""Plays every scenario against real servers and prints the table. Arguments are names of servers; without, all of them.

    --table            also writes the table into README.md; columns of servers that did not run stay
    --scenario WORDS   only the scenarios whose names begin so (and the last one, for the books)
    --packages         only prints what ./dev has to unpack: a server a line, with Debian's packages

A server's scenarios run one after the other, since each may restart it; servers run side by side. The exit status is 0,
1 where something failed or is not as README.md says, or 77 where no server could run.
"""

import argparse
import concurrent.futures
import importlib
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))

import scenarios  # noqa: E402
import table  # noqa: E402
from lib import harness  # noqa: E402

README = HERE / "README.md"
SERVERS = sorted(path.stem.replace("_", "-") for path in (HERE / "servers").glob("[!_]*.py"))


def instance_class(name):
    return importlib.import_module(f"servers.{name.replace('-', '_')}").Instance


def play_server(name, chosen):
    """(title, {scenario: what the table says}); what failed begins with FAILED."""
    kind = instance_class(name)
    try:
        with kind() as server:
            run = scenarios.Run(server)
            return kind.title, {title: play_scenario(run, title, function) for title, function in chosen}
    except harness.Skip as reason:
        print(f"SKIP {name}: {reason}", flush=True)
        return kind.title, {title: table.skipped(reason) for title, _ in chosen}
    except Exception:
        harness.report(*harness.run_one(f"{name}: starts and stops", _raise_again))
        return kind.title, {title: table.FAILED for title, _ in chosen}


def _raise_again():
    raise


def play_scenario(run, title, function):
    words = []
    name, verdict, detail, elapsed = harness.run_one(
        f"{run.server.name}: {title}", lambda: words.append(scenarios.play(function, run))
    )
    if verdict == "FAIL":
        detail += f"\n--- {run.server.title}'s log:\n{run.server.log()}"
    harness.report(name, verdict, detail or (words[0] if words[0] != "ok" else ""), elapsed)
    return {"ok": words and words[0], "SKIP": table.skipped(detail), "FAIL": table.FAILED}[verdict]


def arguments():
    parser = argparse.ArgumentParser(description="Plays every scenario against real servers.")
    parser.add_argument("servers", nargs="*", metavar="SERVER", help=", ".join(SERVERS))
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--scenario", default="")
    parser.add_argument("--packages", action="store_true")
    parsed = parser.parse_args()
    for name in set(parsed.servers) - set(SERVERS):
        parser.error(f"no server {name}: there are {', '.join(SERVERS)}")
    return parsed


def main():
    wanted = arguments()
    names = wanted.servers or SERVERS
    if wanted.packages:
        for name in names:
            print(name, *instance_class(name).packages)
        return 0
    chosen = [row for row in scenarios.SCENARIOS if row[0].startswith(wanted.scenario)]
    if chosen[-1] is not scenarios.SCENARIOS[-1]:
        chosen.append(scenarios.SCENARIOS[-1])
    began = time.monotonic()
    with harness.leaving_nothing(), concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        columns = dict(pool.map(lambda name: play_server(name, chosen), names))
    return conclude(columns, wanted, time.monotonic() - began)


def conclude(columns, wanted, elapsed):
    words = [word for column in columns.values() for word in column.values()]
    print("\n" + table.render(columns))
    if wanted.table:
        table.write(README, columns)
    contradictions = list(table.contradictions(README, columns))
    for line in contradictions:
        print(f"README.md is wrong: {line}")
    failed = words.count(table.FAILED)
    skipped = sum(map(table.is_skipped, words))
    passed = len(words) - failed - skipped
    print(f"{passed} passed, {failed} failed, {skipped} skipped, of {len(words)} ({elapsed:.0f} s)")
    return 1 if failed or contradictions else 0 if passed else harness.SKIP_STATUS


if __name__ == "__main__":
    sys.exit(main())
