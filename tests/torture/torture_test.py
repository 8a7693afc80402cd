#!/usr/bin/env python3
"""Every call that can fail does: see torture.py, which says how, and paths.py, which says where."""

import sys
from pathlib import Path as FilePath

HERE = FilePath(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
sys.path.insert(0, str(HERE))

import torture  # noqa: E402
import worlds  # noqa: E402, F401  (its cases)
from lib import harness  # noqa: E402
from lives import LIVES  # noqa: E402
from paths import PATHS, Station  # noqa: E402

USUAL = ("overloaded", "outcome-unknown")  # where memory is short
MAX_FINDINGS = 12  # of one case: then it has been shown


class Tally:
    """What came of one path and kind."""

    def __init__(self, name):
        self.name, self.points, self.calls, self.findings, self.answers = name, 0, 0, [], {}

    def count(self, summary):
        self.answers[summary] = self.answers.get(summary, 0) + 1

    def report(self):
        answers = ", ".join(f"{count} x {what}" for what, count in sorted(self.answers.items()))
        print(f"     {self.name}: {self.points} points of {self.calls} calls: {answers}", flush=True)
        harness.check(not self.findings, "\n".join(self.findings))


def count_calls(station, kind):
    station.injector.arm(kind)
    station.path.act(station)
    station.settle()
    return station.injector.disarm()[0]


def try_point(station, kind, error, at, tally):
    """One call fails: what becomes of it, and what is afterwards."""
    for relay in station.relays:
        relay.play(relay.scripts)
    station.injector.arm(kind, error, at, own_only=(kind, error) in torture.OWN_ONLY)
    answers = station.path.act(station)
    station.settle()
    _, failed = station.injector.disarm()
    tally.points += failed > 0
    for answer in answers:
        tally.count(answer.summary())
    harness.check(station.gateway.process.poll() is None, f"ENDED: status {station.gateway.process.poll()}")
    station.settle()
    for answer in answers:
        torture.hold(answer, station.relay)
        if kind == "memory" and answer.code():
            harness.check(answer.code() in (*USUAL, *station.path.expects), f"UNTRUE: {answer.response.summary()}")
    station.check_well()
    station.check_descriptors()
    torture.check_idle(station.gateway.process.pid)


def play(path, kind, tally):
    """Every call of a kind, one after the other, in one process."""
    with Station(path) as station:
        tally.calls = max(count_calls(station, kind) for _ in range(2))
        for error in torture.ERRORS[kind]:
            for at in torture.points(tally.calls, f"{path.name} {kind} {error}"):
                try:
                    try_point(station, kind, error, at, tally)
                except harness.Failure as failure:
                    log = station.gateway.log()[-1500:]
                    tally.findings.append(f"call {at} ({torture.name_of_error(error)}): {failure}\n{log}")
                    if len(tally.findings) >= MAX_FINDINGS:
                        return
                    station.restart()


def play_life(path, kind, tally):
    """The same, where each time is a process of its own."""
    with Station(path, starts=False) as station:
        path.act(station, lambda: station.injector.arm(kind))
        tally.calls = station.injector.disarm()[0]
        for error in torture.ERRORS[kind]:
            for at in torture.points(tally.calls, f"{path.name} {kind} {error}"):
                try:
                    station.relay.play(station.relay.scripts)
                    tally.count(path.act(station, lambda at=at, error=error: station.injector.arm(kind, error, at)))
                    tally.points += 1
                except (harness.Failure, ValueError) as failure:
                    tally.findings.append(f"call {at} ({torture.name_of_error(error)}): {failure}")
                    if len(tally.findings) >= MAX_FINDINGS:
                        return
                finally:
                    station.injector.disarm()


def add(path, kind, play_path):
    name = f"{path.name}: {kind}"

    def run():
        tally = Tally(name)
        play_path(path, kind, tally)
        tally.report()

    harness.case(name)(run)


for row in PATHS:
    for what in row.kinds:
        add(row, what, play)
for row in LIVES:
    for what in row.kinds:
        add(row, what, play_life)

if __name__ == "__main__":
    harness.main(jobs=2)
