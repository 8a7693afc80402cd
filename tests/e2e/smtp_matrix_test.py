#!/usr/bin/env python3
"""The generated matrix: every step of a session, failed in every way, and the answers held against the relay's log.

A case is STEP.FAULT.TLS.KIND.VARIANT, and can be run alone by that name:

    STEP     where the relay fails; in the kind `waiting` those of the first message's end and of the second message
    FAULT    how
    TLS      plain, starttls, implicit
    KIND     fresh: at the first message. pooled: at the second, on the session of the first; where a step is not
             reached on such a session, it has died, and the fault meets the one that is opened in its place.
             waiting: two messages, the second of which waits when the first is sent
    VARIANT  what the relay offers, and what a refused recipient means for the others

Nothing is wanted of an answer but what holds for every one (lib/oracle.py): it is in time, true, one of the contract's,
and shows no secret; and a relay that only splits its replies is no fault. Each cell is run in one variant, in turn;
POSTERN_MATRIX=all runs it in every one. Under sanitizers a sample is run: POSTERN_MATRIX_SEED repeats it.
"""

import dataclasses
import functools
import os
import random
import sys
import time
import uuid

from lib import harness, oracle
from lib.background import in_background
from lib.gateway import message, program
from lib.harness import case, check, check_equal, seconds
from lib.script import as_action
from lib.station import REQUEST_TIMEOUT, Stations

SAMPLE = 300
TRIES = 4
TLS_OF_MODE = {"plain": "none", "starttls": "starttls", "implicit": "implicit"}
# After the request's own time: what is still waited for, so that a refusal can be believed (RSET, QUIT).
PATIENCE = REQUEST_TIMEOUT + 4

# What a good relay says at each step. What comes at `tls` and `body` comes unasked.
GOOD = {
    "greeting": "220 relay.test ESMTP",
    "ehlo": "250 relay.test",
    "starttls": "220 2.0.0 Go",
    "tls": "250 2.0.0 Ok",
    "ehlo2": "250 relay.test",
    "auth": "235 2.7.0 Accepted",
    "mail": "250 2.1.0 Ok",
    "rcpt1": "250 2.1.5 Ok",
    "rcpt3": "250 2.1.5 Ok",
    "data": "354 Go on",
    "body": "250 2.0.0 Ok",
    "dot": "250 2.0.0 Ok: queued as 4X1",
    "rset": "250 2.0.0 Ok",
    "quit": "221 2.0.0 Bye",
}
STEPS_OF_MODE = {
    "plain": [step for step in GOOD if step not in ("starttls", "tls", "ehlo2", "auth")],
    "starttls": list(GOOD),
    "implicit": [step for step in GOOD if step not in ("starttls", "ehlo2")],
}
IN_A_TRANSACTION = ("mail", "rcpt1", "rcpt3", "data", "body", "dot", "rset", "quit")
AFTER_THE_FIRST = ("dot", "mail", "rcpt1", "rcpt3", "data", "body", "dot2")

# How a step is reached that a good message does not reach.
ON_THE_WAY = {
    "rset": {f"rcpt{number}": "550 5.1.1 Unknown" for number in (1, 2, 3)},
    "quit": {"dot": "554 5.6.0 No"},
}
# Of faults that are none: the answer all the same.
HARMLESS = {"rset": "recipients-rejected", "quit": "message-rejected", "body": "outcome-unknown"}

FAULTS = {
    "4yz": lambda good: "451 4.3.0 Later",
    "5yz": lambda good: "554 5.0.0 No",
    "421": lambda good: "421 4.3.2 Closing",
    "wrong-2yz": lambda good: "220 Hm" if good.startswith("250") else "250 2.0.0 Hm",
    "3yz": lambda good: "334 Hm" if good.startswith("354") else "354 Hm",
    "fin": lambda good: {"then": "fin"},
    "rst": lambda good: {"then": "rst"},
    "stall": lambda good: {"then": "stall"},
    "drip": lambda good: {"split": 1, "pause": 0.1},
    "garbage": lambda good: b"\xff\xfe%$ (\x01\r\n",
    "nul": lambda good: good[:3].encode() + b"\0Ok\r\n",
    "long-line": lambda good: good.encode() + b"x" * 100_000 + b"\r\n",
    "endless": lambda good: {"endless": good[:3].encode() + b"-more\r\n"},
    "mismatch": lambda good: f"{good[:3]}-first\n299 second",
    "split": lambda good: {"split": 1},
    "extra": lambda good: f"{good}\n250 2.0.0 and more",
}

BASE = ("SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "DSN")
# What is offered; `partial`; whether the relay answers in one segment what came in one.
VARIANTS = {
    "bare": (BASE, "abort", False),
    "pipelining": ((*BASE, "PIPELINING"), "abort", True),
    "deliver": ((*BASE, "PIPELINING"), "deliver", False),
    "chunking": ((*BASE, "PIPELINING", "CHUNKING"), "deliver", True),
}
# More than one block, less than the sockets' buffers.
LARGE_TEXT = "The quick brown fox jumps over the lazy dog.\n" * 6000


@dataclasses.dataclass(frozen=True)
class Cell:
    step: str
    fault: str
    mode: str
    kind: str
    variant: str

    @property
    def name(self):
        return f"{self.step}.{self.fault}.{self.mode}.{self.kind}.{self.variant}"


def scripts_of(cell):
    """The scenario: what is done on each connection."""
    step = cell.step.replace("dot2", "dot")
    fault = FAULTS[cell.fault](GOOD[step])
    if step == "body":
        unasked = {} if {"then", "endless"} & set(fault) else {"reply": GOOD[step]}
        fault = {**unasked, **as_action(fault), "after": 1000}
    first = cell.kind == "fresh" or (cell.kind == "waiting" and cell.step == "dot")
    way = ON_THE_WAY.get(step, {})

    def turn(action):
        """At which message of a connection it is done."""
        if cell.kind == "fresh":
            return action
        return [action, None] if first else [None, action]

    script = {step: fault if way else turn(fault), **{name: turn(action) for name, action in way.items()}}
    if cell.kind == "waiting":
        return [{"greeting": {"until": cell.name}, **script}, {}]
    if cell.kind == "pooled" and step not in IN_A_TRANSACTION:
        return [{"mail": [None, "421 4.3.2 Closing"]}, {step: fault}]
    return [script] if first else [script, {}]


def fields_of(cell, token):
    _, partial, _ = VARIANTS[cell.variant]
    recipients = [f"r{i}@example.net" for i in range(3)]
    text = LARGE_TEXT if cell.step == "body" else "Hello.\n"
    return message(subject=token, to=recipients, partial=partial, text=text)


class TooSlow(Exception):
    """The machine could not keep the short time limits of a case."""


def post_in_time(station, fields):
    began = time.monotonic()
    response = station.gateway.post(fields)
    took = time.monotonic() - began
    check(took < seconds(PATIENCE), f"the answer took {took:.1f} s")
    return response


def post_one_after_the_other(cell, station, tokens):
    responses = [post_in_time(station, fields_of(cell, token)) for token in tokens]
    if len(responses) == 2 and responses[0].status == 504:
        raise TooSlow
    check(len(responses) == 1 or responses[0].status == 200, "the first message, which nothing hinders, was not sent")
    return responses


def post_with_one_waiting(cell, station, tokens):
    """The greeting is held back until the second message is in the queue."""
    waiting = [in_background(post_in_time, station, fields_of(cell, tokens[0]))]
    station.relay.wait_for_step("greeting")
    waiting.append(in_background(post_in_time, station, fields_of(cell, tokens[1])))
    limit = time.monotonic() + 0.2
    while time.monotonic() < limit and " 1\n" not in station.gateway.metric("postern_queue_depth"):
        time.sleep(0.002)
    station.relay.open(cell.name)
    return [wait() for wait in waiting]


def hold(cell, station, responses, tokens):
    station.relay.settle()
    for response, token in zip(responses, tokens):
        oracle.hold_table(response)
        oracle.hold_invariant(response.json(), station.relay.messages_with(token))
        oracle.hold_secrecy(response.body)
    oracle.hold_secrecy(station.news())
    clear = [c.text for c in station.relay.commands() if not c.tls and c.text.upper().startswith("AUTH")]
    check_equal(clear, [], "AUTH in the clear")
    if cell.fault == "split" and cell.step != "body":
        if responses[-1].status == 504:
            raise TooSlow
        check_equal(responses[-1].json().get("code"), HARMLESS.get(cell.step), "the answer to what is no fault")


def play(stations, cell):
    for _ in range(TRIES):
        try:
            play_once(stations, cell)
            return
        except TooSlow:
            time.sleep(random.random())
    raise harness.Skip("the machine is too slow for its time limits")


def play_once(stations, cell):
    extensions, _, coalesce = VARIANTS[cell.variant]
    tokens = [uuid.uuid4().hex for _ in range(1 if cell.kind == "fresh" else 2)]
    post = post_with_one_waiting if cell.kind == "waiting" else post_one_after_the_other
    with stations.borrow(TLS_OF_MODE[cell.mode]) as station:
        station.play(scripts_of(cell), extensions, coalesce)
        responses = []
        try:
            responses = post(cell, station, tokens)
            hold(cell, station, responses, tokens)
        except AssertionError as failure:
            answers = "\n".join(response.summary() for response in responses)
            again = f"POSTERN_PROGRAM={program()} python3 {os.path.abspath(__file__)} {cell.name}"
            failure.args = (f"{failure}\nagain: {again}\n{answers}\n{station.relay.log()[-4000:]}",)
            raise
        finally:
            station.relay.drop()


def cells():
    """Every one, and whether it is its turn."""
    for mode, steps in STEPS_OF_MODE.items():
        for kind in ("fresh", "pooled", "waiting"):
            for step in AFTER_THE_FIRST if kind == "waiting" else steps:
                for number, fault in enumerate(FAULTS):
                    turn = number + list(STEPS_OF_MODE).index(mode) + (kind == "pooled") + len(step)
                    for at, variant in enumerate(VARIANTS):
                        yield Cell(step, fault, mode, kind, variant), at == turn % len(VARIANTS)


def chosen():
    everything = list(cells())
    named = [cell for cell, _ in everything if cell.name in sys.argv]
    if named:
        return named
    mine = [cell for cell, turn in everything if turn or os.environ.get("POSTERN_MATRIX") == "all"]
    seed = os.environ.get("POSTERN_MATRIX_SEED", str(random.randrange(1_000_000)))
    random.Random(seed).shuffle(mine)
    run = mine[:SAMPLE] if harness.SANITIZED else mine
    print(f"{len(run)} of {len(everything)} cases; POSTERN_MATRIX_SEED={seed}", flush=True)
    return run


def main():
    each = 4 if harness.SANITIZED else 8
    with Stations(each) as stations:
        for cell in chosen():
            case(cell.name)(functools.partial(play, stations, cell))
        harness.main(jobs=3 * each, quiet=True)


if __name__ == "__main__":
    main()
