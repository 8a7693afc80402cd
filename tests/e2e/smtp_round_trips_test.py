#!/usr/bin/env python3
"""How many round trips a message costs: counted in the groups of commands that the relay finds at a time.

A pooled session costs one round trip a message while messages wait, and two when there is none. A new one, whose relay
has just spoken, takes a small message in one where it offers CHUNKING: nothing can have ended it unseen.
"""

import time

from lib.background import in_background
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main
from lib.scripted_relay import ScriptedRelay

PIPELINING = "250-relay.test\n250-SIZE\n250 PIPELINING"
CHUNKING = "250-relay.test\n250-SIZE\n250-PIPELINING\n250 CHUNKING"
BARE = "250 relay.test"


def groups_of(relay):
    """Without the login and the end, each group as text."""
    groups = [" ".join(group) for group in relay.connections[0].groups if group]
    return [group for group in groups if group not in ("EHLO", "QUIT", "NOOP")]


def one_by_one(caps, count=3, **fields):
    with ScriptedRelay(steps={"caps": caps}) as relay, Gateway(relay, smtp_max_connections=1) as gateway:
        for _ in range(count):
            check_equal(gateway.post(message(**fields)).status, 200, "status")
        return groups_of(relay)


@case("an idle session: MAIL RCPT DATA in one flight, the message in the next")
def idle_pipelining():
    check_equal(one_by_one(PIPELINING), ["MAIL RCPT DATA"] * 3, "groups")


@case("several recipients, partial abort: DATA waits for their replies")
def idle_abort():
    groups = one_by_one(PIPELINING, to=["b@example.net", "c@example.net"])
    check_equal(groups, ["MAIL RCPT RCPT", "DATA"] * 3, "groups")


@case("several recipients, partial deliver: DATA goes with them")
def idle_deliver():
    groups = one_by_one(PIPELINING, to=["b@example.net", "c@example.net"], partial="deliver")
    check_equal(groups, ["MAIL RCPT RCPT DATA"] * 3, "groups")


@case("CHUNKING: the first small message of a session in one flight, the others in two")
def idle_chunking():
    check_equal(one_by_one(CHUNKING), ["MAIL RCPT BDAT", *["MAIL RCPT", "BDAT"] * 2], "groups")


@case("neither: a command at a time")
def bare():
    check_equal(one_by_one(BARE), ["MAIL", "RCPT", "DATA"] * 3, "groups")


def send_waiting(caps, count, round_trip):
    """Seconds for `count` messages that wait for one session, and the relay that took them."""
    with ScriptedRelay(steps={"caps": caps}, round_trip=round_trip) as relay:
        with Gateway(relay, smtp_max_connections=1) as gateway:
            check_equal(gateway.post(message()).status, 200, "status of the first, which opens the session")
            begin = time.monotonic()
            answers = [in_background(gateway.post, message(subject=f"n{i}")) for i in range(count)]
            for wait in answers:
                check_equal(wait().status, 200, "status")
            return time.monotonic() - begin, groups_of(relay), len(relay.messages)


def overlap(caps):
    round_trip, count = 0.1, 30
    seconds, groups, taken = send_waiting(caps, count, round_trip)
    check_equal(taken, count + 1, "messages at the relay")
    check(
        seconds < (count + 4) * round_trip * 1.25,
        f"{count} messages took {seconds:.1f} s at {round_trip} s a round trip: {groups}",
    )


@case("messages that wait: one round trip each, the end of one in a flight with the beginning of the next")
def overlap_data():
    overlap(PIPELINING)


@case("messages that wait, with CHUNKING: one round trip each")
def overlap_chunking():
    overlap(CHUNKING)


if __name__ == "__main__":
    main()
