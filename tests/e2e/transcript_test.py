#!/usr/bin/env python3
"""The dialogue, as an answer shows it and as the log tells it where a message failed."""

import re

from lib import certificates, gateway, oracle
from lib.background import in_background
from lib.faults import SENT, expect
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main
from lib.scripted_relay import ScriptedRelay

LINE = re.compile(r" *(\d+\.\d)  (C:|S:|--) (.*)")
BODY = "body-canary-5512"


def read(text):
    """[(mark, words)] of lines whose times never go back."""
    found = [LINE.fullmatch(line) for line in text.splitlines()]
    check(all(found), f"a line that is none:\n{text}")
    times = [float(line[1]) for line in found]
    check_equal(times, sorted(times), "times")
    return [(line[2], line[3]) for line in found]


def hold_order(text, wanted):
    """Each of the wanted patterns, in this order."""
    lines = [f"{mark} {words}" for mark, words in read(text)]
    at = 0
    for pattern in wanted:
        while at < len(lines) and not re.match(pattern, lines[at]):
            at += 1
        check(at < len(lines), f"{pattern} is not told in its place:\n{text}")
        at += 1


@case("it reads like the dialogue in an RFC")
def dialogue():
    ours = certificates.shared()
    with ScriptedRelay(tls="starttls", certificate=ours.server("good")) as relay:
        with Gateway(relay, smtp_ca_file=ours.ca_file, timeout=8) as running:
            answer = running.post(message(text=BODY), transcript="true")
            expect(answer, SENT)
            hold_order(
                answer.json()["transcript"],
                (
                    rf"-- connected to 127\.0\.0\.1:{relay.port} \(127\.0\.0\.1\)$",
                    r"S: 220 relay\.test",
                    r"C: EHLO gateway\.test$",
                    r"S: 250-",
                    r"S: 250 ",
                    r"C: STARTTLS$",
                    r"S: 220 ",
                    r"-- TLSv1\.3, \S+, certificate of CN = relay\.test$",
                    r"C: EHLO gateway\.test$",
                    r"S: 250 ",
                    r"C: AUTH PLAIN \*\*\*$",
                    r"S: 235 ",
                    r"C: MAIL FROM:<ann@example\.com>",
                    r"C: RCPT TO:<bob@example\.net>",
                    r"C: DATA$",
                    r"S: 354 ",
                    r"C: .*\d+ octets",
                    r"S: 250 2\.0\.0 Ok: queued as ",
                ),
            )
            oracle.hold_secrecy(answer.body)
            check(BODY not in answer.json()["transcript"], "the body is told")
            # What a session said before belongs to the message that opened it.
            again = running.post(message(text=BODY), transcript="true")
            hold_order(again.json()["transcript"], (r"C: MAIL", r"S: 250 2\.0\.0 Ok: queued as "))
            check("EHLO" not in again.json()["transcript"], "another message's dialogue")
            check("msg=dialogue" not in running.log(), "a message that was sent is told to the log")


@case("the relay that was tried first is told, too")
def fail_over():
    with ScriptedRelay(steps={"greeting": "421 4.3.2 Closing"}) as first, ScriptedRelay() as second:
        closed = f"smtp://127.0.0.1:{gateway.free_port()}?tls=none"
        with Gateway(f"{closed} {first.url()} {second.url()}", timeout=8) as running:
            answer = running.post(message(), transcript="true")
            expect(answer, SENT)
            text = answer.json()["transcript"]
            for wanted in ("Connection refused", "S: 421 4.3.2 Closing", f"connected to 127.0.0.1:{second.port}"):
                check(wanted in text, f"{wanted!r} is not told:\n{text}")
            check(text.index("refused") < text.index("421") < text.index("queued as"), f"order:\n{text}")


@case("what the relay says of the next message, begun behind the end of this one, is for its own caller")
def each_caller_sees_his_own():
    steps = {
        "mail": [{"until": "go"}, "250 2.1.0 <eve@example.org> Ok"],
        "rcpt": ["250 Ok", "550 5.1.1 <victim@example.org> Unknown"],
        "dot": "550 5.7.1 No",
    }
    with ScriptedRelay(steps=steps) as relay, Gateway(relay, smtp_max_connections=1) as running:
        first = in_background(running.post, message(), transcript="true")
        check(relay.wait_for_step("mail"), "no MAIL")
        second = in_background(running.post, message(from_="eve@example.org", to=["victim@example.org"]))
        eventually(lambda: " 1\n" in running.metric("postern_queue"), what="a message that waits")
        relay.open("go")
        told = first().json()["transcript"]
        second()
        check_equal(relay.connections[0].verbs().count("MAIL"), 2, "MAIL on the first connection")
        check("example.org" not in told, f"the next message is told of:\n{told}")


@case("at debug level the log tells the dialogue of a message that failed, and no secret")
def told_to_log():
    ours = certificates.shared()
    with ScriptedRelay(tls="starttls", certificate=ours.server("good"), steps={"dot": "554 5.7.1 Spam"}) as relay:
        with Gateway(relay, smtp_ca_file=ours.ca_file, timeout=8) as running:
            answer = running.post(message(text=BODY))
            check_equal((answer.status, "transcript" in answer.json()), (422, False), answer.summary())
            log = running.log()
            told = [line for line in log.splitlines() if "msg=dialogue" in line]
            check(all(answer.json()["id"] in line for line in told), "a line without the message's id")
            for wanted in ("C: AUTH PLAIN ***", "C: MAIL FROM:", "S: 554 5.7.1 Spam"):
                check(any(wanted in line for line in told), f"{wanted!r} is not told:\n{log}")
            oracle.hold_secrecy(log)
            check(BODY not in log, "the body is told")


@case("at info level it does not")
def not_told_at_info():
    with ScriptedRelay(steps={"dot": "554 5.7.1 Spam"}) as relay, Gateway(relay, log_level="info") as running:
        running.post(message())
        check("dialogue" not in running.log(), running.log())


if __name__ == "__main__":
    main(jobs=4)
