#!/usr/bin/env python3
"""The pool: when a session is reused, how many there are, which relay gets a message, and when none is asked.

Rows of the fault matrix, section 11, by their numbers, and what the breaker and the limit do beside them.
"""

import contextlib
import os
import subprocess
import time
import uuid

from lib import certificates, gateway, harness, oracle
from lib.background import in_background
from lib.faults import (
    AUTH_FAILED,
    DEFERRED,
    FIN,
    RECIPIENTS,
    SENT,
    STALL,
    TEMPORARY,
    TLS,
    Row,
    add,
    expect,
    not_sent,
    unknown,
)
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, eventually, main, seconds
from lib.scripted_relay import PASSWORD, ScriptedRelay

CYCLES = int(os.environ.get("POSTERN_TEST_CYCLES", "1000"))  # 10,000 where there is time


def secure_relay(**more):
    return ScriptedRelay(tls="implicit", certificate=certificates.shared().server("good"), **more)


def secure_gateway(relay, **options):
    return Gateway(relay, smtp_ca_file=certificates.shared().ca_file, **options)


def post_many(running, count, **fields):
    """Posts at the same time; returns what awaits each answer."""
    return [in_background(running.post, message(**fields)) for _ in range(count)]


def logins(relay):
    return relay.verbs().count("AUTH")


def gauge(running, name, place=0):
    for line in running.metric(name + "{").splitlines():
        if f'place="{place}"' in line:
            return int(line.rsplit(" ", 1)[1])
    raise AssertionError(f"no gauge {name}")


# --- F73: one failed login per window -----------------------------------------------------------------------------


@case("F73 sixteen at once with a wrong password: one login")
def one_login_for_many():
    with secure_relay(password="another") as relay:
        with secure_gateway(relay.url(password=PASSWORD)) as running:
            for answer in post_many(running, 16):
                response = answer()
                expect(response, AUTH_FAILED)
                oracle.hold_problem(response)
                oracle.hold_secrecy(response.body)
            check_equal((logins(relay), len(relay.connections)), (1, 1), "logins, connections")


@case("F73 within the window the answer comes at once; behind it one more login is tried")
def one_login_a_window():
    with secure_relay(password="another") as relay:
        options = {"smtp_login_window": gateway.milliseconds(1.5)}
        with secure_gateway(relay.url(password=PASSWORD), **options) as running:
            expect(running.post(message()), AUTH_FAILED)
            began = time.monotonic()
            for _ in range(5):
                expect(running.post(message()), AUTH_FAILED)
            check(time.monotonic() - began < seconds(1), "not at once")
            check_equal(logins(relay), 1, "logins within the window")
            check_equal(gauge(running, "postern_breaker_open"), 1, "postern_breaker_open")
            time.sleep(seconds(1.6))
            for answer in post_many(running, 8):
                expect(answer(), AUTH_FAILED)
            check_equal(logins(relay), 2, "logins in two windows")


@case("F73 readiness costs no login within the window")
def readiness_does_not_log_in():
    with secure_relay(password="another") as relay:
        with secure_gateway(relay.url(password=PASSWORD)) as running:
            eventually(lambda: b"upstream-auth-failed" in running.get_admin("/readyz").body, what="the reason")
            for _ in range(20):
                check_equal(running.get_admin("/readyz").status, 503, "/readyz")
            expect(running.post(message()), AUTH_FAILED)
            check_equal(logins(relay), 1, "logins")


@contextlib.contextmanager
def with_password_file(relay, password, **options):
    with harness.folder() as folder:
        path = os.path.join(folder, "password")

        def write(text):
            with open(path, "w", encoding="utf-8") as file:
                file.write(text)

        def change(running, text):
            count = running.log().count("was reloaded")
            write(text)
            running.signal(1)
            eventually(lambda: running.log().count("was reloaded") > count, what="the reload")

        write(password)
        url = relay.url(credentials=False)
        more = {"smtp_username": relay.username, "smtp_password_file": path, **options}
        with secure_gateway(url, **more) as running:
            yield running, lambda text: change(running, text)


@case("F73 SIGHUP with the right password: tried at once")
def new_credentials_at_once():
    with secure_relay() as relay, with_password_file(relay, "wrong") as (running, change):
        expect(running.post(message()), AUTH_FAILED)
        expect(running.post(message()), AUTH_FAILED)
        change(relay.password)
        expect(running.post(message()), SENT)
        check_equal(logins(relay), 2, "logins")


@case("F73 a refused login at one relay: the next takes every message, and the first is not asked again")
def refused_login_fails_over():
    with secure_relay(password="another") as one, secure_relay() as two:
        with secure_gateway(f"{one.url(password=PASSWORD)} {two.url()}") as running:
            for answer in post_many(running, 6) + post_many(running, 6):
                expect(answer(), SENT)
            check_equal((logins(one), len(two.messages)), (1, 12), "logins at the first, messages at the second")


@case("with the right password one login goes first, and then all go")
def logins_are_free_behind_the_first():
    with secure_relay(steps={"dot": {"until": "go"}}) as relay, secure_gateway(relay) as running:
        answers = post_many(running, 6)
        check(relay.wait_for_step("dot", 6), "not six sessions at a time")
        relay.open("go")
        for answer in answers:
            expect(answer(), SENT)


@case("a first login that hangs holds up the others for ten seconds at most")
def slow_first_login():
    with secure_relay(connections=[{"auth": STALL}, {}]) as relay, secure_gateway(relay) as running:
        slow = in_background(running.post, message())
        check(relay.wait_for_step("auth"), "no login")
        began = time.monotonic()
        expect(running.post(message()), SENT)
        check(time.monotonic() - began < 10 + seconds(2), "held up for too long")
        relay.stop()
        check(slow().status >= 500, "the one that hung")


# --- The breaker --------------------------------------------------------------------------------------------------


@case("after so many failures nobody is connected to; behind the wait one trial closes it again")
def breaker_opens_and_closes():
    steps = [{"greeting": "450 4.3.2 Later"}, {"greeting": "450 4.3.2 Later"}, {}]
    with ScriptedRelay(connections=steps) as relay, Gateway(relay, smtp_max_failures=2) as running:
        responses = [running.post(message()) for _ in range(2)]
        opened = time.monotonic()
        while time.monotonic() - opened < 0.5:
            responses.append(running.post(message()))
        for response in responses:
            expect(response, TEMPORARY)
            oracle.hold_problem(response)
        check_equal(len(relay.connections), 2, "connections while it is open")
        check(len(responses) > 2, "no message while it was open")
        check("450" in responses[-1].json()["detail"], "the relay's own words")
        check_equal(gauge(running, "postern_breaker_open"), 1, "postern_breaker_open")
        time.sleep(max(0, opened + 1.1 - time.monotonic()))
        expect(running.post(message()), SENT)
        check_equal(gauge(running, "postern_breaker_open"), 0, "postern_breaker_open")


@case("a trial that fails again makes the wait longer")
def breaker_waits_longer():
    with ScriptedRelay(steps={"greeting": "450 4.3.2 Later"}) as relay:
        with Gateway(relay, smtp_max_failures=1) as running:
            expect(running.post(message()), TEMPORARY)
            time.sleep(1.1)
            expect(running.post(message()), TEMPORARY)
            check_equal(len(relay.connections), 2, "connections: the trial")
            time.sleep(1.1)
            expect(running.post(message()), TEMPORARY)
            check_equal(len(relay.connections), 2, "connections in the second second of the second wait")


@case("an open breaker: messages go to the next relay at once, and back when it is closed")
def breaker_skips_a_relay():
    with ScriptedRelay(connections=[{"greeting": "554 5.7.1 No"}, {}]) as one, ScriptedRelay() as two:
        with Gateway(f"{one.url()} {two.url()}", smtp_max_failures=1) as running:
            for _ in range(3):
                expect(running.post(message()), SENT)
            check_equal((len(one.connections), len(two.messages)), (1, 3), "tries at the first, messages at the second")
            time.sleep(1.1)
            expect(running.post(message()), SENT)
            check_equal(len(one.messages), 1, "messages to the first")


# --- F150 to F155: reuse ------------------------------------------------------------------------------------------

add(
    [
        Row("F150 idle FIN", [{"dot": {"reply": "250 2.0.0 Ok", **FIN}}, {}], SENT, posts=2, connections=2),
        Row(
            "F151 idle 421",
            [{"dot": {"reply": b"250 Ok.\r\n421 4.4.2 Idle\r\n", "split": 9, "pause": 0.2}}, {}],
            SENT,
            posts=2,
            connections=2,
        ),
        Row(
            "F153 a limit on messages a session",
            {"mail": [None] * 3 + ["421 4.4.2 Maximum message count per session reached: 3"]},
            SENT,
            posts=10,
            connections=4,
        ),
        *[
            Row(
                f"F154 RSET {name}",
                [{"rcpt": ["550 5.1.1 Unknown"], "rset": reply}, {}],
                SENT,
                posts=2,
                connections=2,
                modes=("plain", "implicit"),
            )
            for name, reply in (
                ("500", "500 5.5.1 What"),
                ("502", "502 5.5.1 No"),
                ("garbage", b"\x00\xff\r\n"),
                ("250 and more", b"250 Ok\r\n250 Ok\r\n"),
                ("silent", STALL),
            )
        ],
        Row(
            "as many messages as a session may take", {}, SENT, posts=6, connections=3, options={"smtp_max_messages": 2}
        ),
    ]
)


@case("F152 a session that a router forgot is asked for a sign of life: a fresh one within the limit")
def half_open():
    with ScriptedRelay(connections=[{"noop": STALL}, {}]) as relay, Gateway(relay) as running:
        expect(running.post(message()), SENT)
        time.sleep(2.2)
        began = time.monotonic()
        expect(running.post(message()), SENT)
        check(time.monotonic() - began < 1 + seconds(1), "the answer took longer than the limit of the probe")
        check_equal([c.verbs().count("NOOP") for c in relay.connections], [1, 0], "NOOP")


@case("F152 a session that lives answers, and is used again; one that was busy is not asked")
def sign_of_life():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message()), SENT)
        expect(running.post(message()), SENT)
        check("NOOP" not in relay.verbs(), "a session that had just been used was asked")
        time.sleep(2.2)
        expect(running.post(message()), SENT)
        check_equal((len(relay.connections), relay.verbs().count("NOOP")), (1, 1), "connections, NOOP")


@case("a session is closed at its age, and none is kept when there is nothing to do")
def age_and_idleness():
    options = {"smtp_max_age": gateway.milliseconds(0.5), "timeout_smtp_idle": gateway.milliseconds(1)}
    with ScriptedRelay() as relay, Gateway(relay, **options) as running:
        expect(running.post(message()), SENT)
        time.sleep(seconds(0.6))
        expect(running.post(message()), SENT)
        check_equal(len(relay.connections), 2, "connections")
        eventually(lambda: not any(c.is_open for c in relay.connections), what="no open session")
        check_equal([c.ended for c in relay.connections], ["QUIT", "QUIT"], "how they ended")
        eventually(lambda: gauge(running, "postern_sessions") == 0, what="no session counted")


@case("F155 two logins at one relay never share a connection")
def isolation():
    steps = {"auth": "235 2.7.0 Accepted"}
    with secure_relay(steps=steps, mechanisms=("PLAIN",)) as relay:
        urls = [f"{relay.url(username=name)}?weight=1" for name in ("ann", "bob")]
        with secure_gateway(" ".join(urls)) as running:
            for _ in range(6):
                expect(running.post(message()), SENT)
        lines = [[c.text for c in connection.commands if c.text.startswith("AUTH")] for connection in relay.connections]
        check_equal(([len(auth) for auth in lines], len({auth[0] for auth in lines})), ([1, 1], 2), "logins, kinds")
        check_equal([c.verbs().count("DATA") for c in relay.connections], [3, 3], "messages a connection")


# --- F156 to F160: load -------------------------------------------------------------------------------------------


@case("F156 no session is free in time")
def pool_exhausted():
    """One session, half a second a message, little more than a second for each: the first two get through.

    Those whose turn comes in their last milliseconds end at whatever step they have reached.
    """
    options = {"smtp_max_connections": 1, "timeout_request": gateway.milliseconds(1.3)}
    with ScriptedRelay(steps={"dot": {"delay": seconds(0.5)}}) as relay, Gateway(relay, **options) as running:
        tokens = [uuid.uuid4().hex for _ in range(12)]
        waiting = [in_background(running.post, message(subject=token)) for token in tokens]
        codes = []
        for wait, token in zip(waiting, tokens, strict=True):
            response = wait()
            codes.append(response.json().get("code"))
            oracle.hold_invariant(response.json(), relay.messages_with(token))
            if codes[-1] == "overloaded":
                expect(response, not_sent(503, "overloaded", "y"))
        check("overloaded" in codes[2:], f"answers: {codes}")


def crowd(step, reply, make_relay, make_gateway):
    """A relay that takes two sessions and refuses the third."""
    busy = {"dot": [None, {"until": "go"}, None]}
    steps = [busy, {"dot": [{"until": "go"}, None]}, {step: reply}]
    with make_relay(connections=steps) as relay, make_gateway(relay) as running:
        expect(running.post(message()), SENT)
        answers = post_many(running, 1)
        check(relay.wait_for_step("dot", 2), "the first session is not busy")
        answers += post_many(running, 1)
        check(relay.wait_for_step("dot", 3), "the second session is not busy")
        answers += post_many(running, 4)
        eventually(lambda: gauge(running, "postern_sessions_limit") == 2, what="a limit of two")
        eventually(lambda: gauge(running, "postern_queue_depth") == 4, what="a queue of four")
        check_equal(gauge(running, "postern_breaker_open"), 0, "postern_breaker_open")
        relay.open("go")
        for answer in answers:
            expect(answer(), SENT)
        served = [c.verbs().count("DATA") for c in relay.connections]
        check_equal(sum(served[:2]), 7, f"messages of the first two of {served}")


@case("F157 421 at the greeting of one session more: the limit shrinks, 200 through the others")
def crowded_at_greeting():
    crowd("greeting", "421 4.7.0 Too many connections", ScriptedRelay, Gateway)


@case("F157 450 at EHLO of one session more: the limit shrinks, 200 through the others")
def crowded_at_ehlo():
    crowd("ehlo", "450 4.3.2 Too many connections", ScriptedRelay, Gateway)


@case("F157 421 and 454 at AUTH of one session more: the limit shrinks, 200 through the others")
def crowded_at_auth():
    crowd("auth", "421 4.7.0 Too many sessions", secure_relay, secure_gateway)
    crowd("auth", "454 4.7.0 Too many sessions", secure_relay, secure_gateway)


@case("F157 a relay that takes one session, and many callers: all are answered 200")
def one_session_for_many():
    steps = [{}, {"greeting": "421 4.7.0 Too many connections"}]
    with ScriptedRelay(connections=steps) as relay, Gateway(relay) as running:
        expect(running.post(message()), SENT)
        for answer in post_many(running, 40):
            expect(answer(), SENT)
        check_equal(len(relay.messages), 41, "messages")


@case("F157 no session stands: the 421 is told")
def nobody_else_is_there():
    with ScriptedRelay(steps={"greeting": "421 4.7.0 Too many connections"}) as relay, Gateway(relay) as running:
        began = time.monotonic()
        expect(running.post(message()), TEMPORARY)
        check(time.monotonic() - began < seconds(1), "not at once")


def throttle(steps, want):
    with ScriptedRelay(steps=steps) as relay, Gateway(relay) as running:
        answers = post_many(running, 4)
        check(relay.wait_for_step(next(iter(steps)), 4), "not four sessions")
        relay.open("go")
        for answer in answers:
            response = answer()
            expect(response, want)
            oracle.hold_problem(response)
        check_equal(gauge(running, "postern_sessions_limit"), 2, "postern_sessions_limit")
        for answer in post_many(running, 8):
            expect(answer(), SENT)
        eventually(lambda: gauge(running, "postern_sessions") <= 2, what="two sessions at most")


@case("F158 450 4.7.1 at RCPT: 503 with Retry-After, and half as many sessions")
def throttled_at_rcpt():
    throttle({"rcpt": [{"until": "go", "reply": "450 4.7.1 Too much mail"}, None]}, DEFERRED)


@case("F158 451 4.7.0 at MAIL: 503 with Retry-After, and half as many sessions")
def throttled_at_mail():
    throttle({"mail": [{"until": "go", "reply": "451 4.7.0 Too much mail"}, None]}, TEMPORARY)


def cycle(running, want, count):
    """Descriptors and memory after a first tenth, and at the end."""
    for _ in range(count // 10):
        expect(running.post(message()), want)
    descriptors, memory = running.descriptors(), running.status_field("RssAnon")
    for _ in range(count - count // 10):
        expect(running.post(message()), want)
    eventually(lambda: running.descriptors() <= descriptors + 2, what=f"the {descriptors} descriptors of before")
    grown = running.status_field("RssAnon") - memory
    check(SANITIZED or grown < 2048, f"{grown} KiB more after {count} sessions")


@case("F159 sessions opened and closed leave no descriptors and no memory")
def cycles_that_succeed():
    with ScriptedRelay() as relay, Gateway(relay, smtp_max_messages=1) as running:
        cycle(running, SENT, CYCLES)
        check_equal(len(relay.connections), CYCLES, "connections")


@case("F159 sessions that fail leave no descriptors and no memory")
def cycles_that_fail():
    with ScriptedRelay(steps={"greeting": "421 4.3.2 Closing"}) as relay:
        with Gateway(relay, smtp_max_failures=0) as running:
            cycle(running, TEMPORARY, CYCLES)
            check_equal(len(relay.connections), CYCLES, "connections")


@case("F160 a relay that is stuck does not hold the messages of another")
def stuck_relay():
    with ScriptedRelay(steps={"greeting": STALL}) as stuck, ScriptedRelay() as good:
        options = {"timeout_request": gateway.milliseconds(3), "smtp_max_connections": 2}
        with Gateway(" ".join(f"{r.url()}&weight=1" for r in (stuck, good)), **options) as running:
            answers = post_many(running, 20)
            eventually(lambda: len(good.messages) == 10, seconds(2), "ten messages at the good relay")
            answers += post_many(running, 2)
            eventually(lambda: len(good.messages) == 11, seconds(1), "the next message at the good relay")
            statuses = [answer().status for answer in answers]
            check(statuses.count(200) >= 11, f"answers: {statuses}")
            check(all(status == 200 or status >= 500 for status in statuses), f"answers: {statuses}")


# --- F161 to F164: fail-over, and the choice by weight ------------------------------------------------------------


def post_through_two(first, second, want, **more):
    """Two relays; returns both, and the response."""
    token = uuid.uuid4().hex
    with ScriptedRelay(steps=first) as one, ScriptedRelay(steps=second) as two:
        with Gateway(f"{one.url()} {two.url()}", timeout=more.pop("timeout", 10)) as running:
            response = running.post(message(subject=token, **more))
            expect(response, want)
            oracle.hold_invariant(response.json(), one.messages_with(token) + two.messages_with(token))
        return one, two


@case("F161 the first relay is refused, the second takes it")
def fail_over():
    with ScriptedRelay() as two:
        with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none {two.url()}") as running:
            response = running.post(message())
            expect(response, SENT)
            check_equal(response.json()["upstream"]["port"], two.port, "the relay that took it")


@case("F161 the first relay greets with 554, the second takes it")
def fail_over_554():
    post_through_two({"greeting": "554 5.7.1 Go away"}, {}, SENT)


@case("F162 the first relay is lost after the end of data: no fail-over")
def no_fail_over_after_dot():
    _, two = post_through_two({"dot": FIN}, {}, unknown())
    check_equal(two.connections, [], "connections to the second relay")


@case("F163 a refused recipient: no fail-over")
def no_fail_over_after_refusal():
    _, two = post_through_two({"rcpt": "550 5.1.1 Unknown"}, {}, RECIPIENTS)
    check_equal(two.connections, [], "connections to the second relay")


@case("F164 421 before DATA: fail-over")
def fail_over_before_data():
    post_through_two({"data": "421 4.3.2 Closing"}, {}, SENT)


@case("relays with weights get their share, the others only what is left over")
def weights():
    with ScriptedRelay() as one, ScriptedRelay() as two, ScriptedRelay() as three:
        urls = f"{one.url()}&weight=3 {two.url()}&weight=1 {three.url()}"
        with Gateway(urls) as running:
            for _ in range(12):
                expect(running.post(message()), SENT)
            check_equal([len(r.messages) for r in (one, two, three)], [9, 3, 0], "messages of each")


@case("of relays with weights one that refuses falls over to the others in order")
def weights_and_failures():
    with ScriptedRelay(steps={"greeting": "554 5.7.1 No"}) as one, ScriptedRelay() as two:
        with Gateway(f"{one.url()}&weight=9 {two.url()}&weight=1", smtp_max_failures=1) as running:
            for _ in range(5):
                expect(running.post(message()), SENT)
            check_equal((len(one.connections), len(two.messages)), (1, 5), "tries at the first, messages at the second")


@case("every relay is out: the answer is that of the one that the message starts at, at once")
def all_relays_out():
    with ScriptedRelay(steps={"greeting": "450 4.3.2 Later"}) as one:
        with ScriptedRelay(steps={"greeting": "554 5.7.1 No"}) as two:
            with Gateway(f"{one.url()} {two.url()}", smtp_max_failures=1) as running:
                running.post(message())
                expect(running.post(message()), TEMPORARY)
                check_equal((len(one.connections), len(two.connections)), (1, 1), "connections")


# --- F165 to F167: time, credentials, certificates ----------------------------------------------------------------

SHIM = r"""
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now)
{
    long result = syscall(SYS_clock_gettime, clock, now);
    const char *path = getenv("WALL_CLOCK_SHIFT");
    FILE *file = clock == CLOCK_REALTIME && path ? fopen(path, "r") : NULL;
    long shift = 0;
    if (file) {
        if (fscanf(file, "%ld", &shift) == 1)
            now->tv_sec += shift;
        fclose(file);
    }
    return (int)result;
}
"""


def build_shim(folder):
    library = os.path.join(folder, "shim.so")
    command = ["cc", "-shared", "-fPIC", "-x", "c", "-", "-o", library]
    try:
        subprocess.run(command, input=SHIM.encode(), check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        raise harness.Skip("needs a C compiler, cc") from None
    return library


@case("F165 the wall clock jumps by an hour, either way: no timer notices")
def wall_clock_jumps():
    with harness.folder() as folder, ScriptedRelay() as relay:
        shift = os.path.join(folder, "shift")
        environment = {
            "LD_PRELOAD": build_shim(folder),
            "WALL_CLOCK_SHIFT": shift,
            "ASAN_OPTIONS": "verify_asan_link_order=0",
        }
        options = {"smtp_max_age": "30m", "timeout_smtp_idle": "1m"}
        # The shim reads a file that no option names.
        with Gateway(relay, environment=environment, arguments=["--no-sandboxing"], **options) as running:
            dates = []
            for seconds_off in (0, 3600, -3600, 0):
                with open(shift, "w", encoding="ascii") as file:
                    file.write(str(seconds_off))
                response = running.post(message())
                expect(response, SENT)
                dates.append(int(uuid.UUID(response.json()["id"]).int >> 80))  # RFC 9562 5.7: milliseconds
                time.sleep(0.1)
            check(3500 < (dates[1] - dates[0]) / 1000 < 3700, f"the clock did not jump: {dates}")
            check(-7300 < (dates[2] - dates[1]) / 1000 < -7100, f"the clock did not jump back: {dates}")
            check_equal(len(relay.connections), 1, "connections")
            check_equal(running.get_admin("/readyz").status, 200, "/readyz")


@case("F166 credentials are rotated: what is out is finished, idle sessions are closed, new ones use the new")
def credentials_rotated():
    steps = {"auth": "235 2.7.0 Accepted", "dot": [None, {"until": "go"}, None]}
    with secure_relay(connections=[steps, {"auth": "235 2.7.0 Accepted"}], mechanisms=("PLAIN",)) as relay:
        with with_password_file(relay, "first", timeout_smtp_idle="1m") as (running, change):
            expect(running.post(message()), SENT)
            out = in_background(running.post, message())
            check(relay.wait_for_step("dot", 2), "the second message is not out")
            change("second")
            expect(running.post(message()), SENT)
            relay.open("go")
            expect(out(), SENT)
            eventually(lambda: not relay.connections[0].is_open, what="the old session closed")
            check_equal(relay.connections[0].ended, "QUIT", "how it ended")
            expect(running.post(message()), SENT)
            change("third")
            eventually(lambda: not relay.connections[1].is_open, what="the idle session closed")
            lines = [c.text for c in relay.commands() if c.text.startswith("AUTH")]
            check_equal((len(lines), len(set(lines))), (2, 2), "logins, kinds of them")


@case("F167 the relay's certificate changes: open sessions go on, the next handshake is verified anew")
def certificate_changes():
    with secure_relay() as relay:
        with secure_gateway(relay, smtp_max_messages=3) as running:
            for _ in range(2):
                expect(running.post(message()), SENT)
            other = certificates.shared().server("other-name")
            with ScriptedRelay(tls="implicit", certificate=other) as donor:
                relay.context = donor.context
            expect(running.post(message()), SENT)
            expect(running.post(message()), TLS)
            check_equal(len(relay.messages), 3, "messages")


if __name__ == "__main__":
    main()
