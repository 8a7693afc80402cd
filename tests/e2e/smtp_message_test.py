#!/usr/bin/env python3
"""Whole dialogues: what a relay gets of a message, and what a caller gets of the dialogue; and callers that go."""

import email
import email.policy
import json
import re
import uuid

from lib import certificates, oracle, raw_http
from lib.background import in_background
from lib.faults import LARGE_TEXT, SENT, expect, to
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, folder, main
from lib.scripted_relay import ScriptedRelay


@case("F122 dots and line ends arrive as they were")
def dots_arrive():
    text = ".\n..\n.lead\n\n.\nlast line\n."
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message(text=text)), SENT)
        parsed = email.message_from_bytes(relay.messages[0].content, policy=email.policy.default)
        check_equal(parsed.get_content().replace("\r\n", "\n").rstrip("\n"), text, "text")
        check_equal(len(relay.messages), 1, "messages")


def logged_delivery(running):
    """What the log says became of the one message."""
    lines = eventually(lambda: re.findall(r"^.*\bdelivery=.*$", running.log(), re.MULTILINE), what="a line of the log")
    check_equal(len(lines), 1, "lines of the log about the message")
    return re.search(r"\bdelivery=(\w+)", lines[0])[1]


def go_away_at(step):
    """The caller sends a message, and is gone while the relay is held at the step. Returns relay and delivery."""
    with ScriptedRelay(steps={step: {"until": "gone"}}) as relay, Gateway(relay) as running:
        caller = running.connect()
        caller.sendall(raw_http.post(json.dumps(message(subject="f123")).encode()))
        check(relay.wait_for_step(step), f"{step} was not reached")
        caller.close()
        relay.open("gone")
        delivery = logged_delivery(running)
        series = f'postern_messages_total{{delivery="{delivery}",'
        eventually(lambda: running.metric(series).endswith(" 1\n"), 2, "a count")
        relay.settle()
        oracle.hold_invariant({"delivery": delivery, "recipients": [{"status": "accepted"}]}, relay.messages)
        return delivery


@case("F123 the caller is gone before the end of data: sent or not, and the log says which")
def caller_gone_before_the_end():
    check(go_away_at("mail") in ("sent", "not_sent"), "the outcome is not known")


@case("F147 the caller is gone behind the end of data: what became of the mail is recorded all the same")
def caller_gone_behind_the_end():
    check_equal(go_away_at("dot"), "sent", "delivery in the log")


@case("F139 F140 the connection breaks about the write of the end of data: never not_sent for what was taken")
def broken_about_the_end():
    token = uuid.uuid4().hex
    fields = message(subject=token, text=LARGE_TEXT[: 1 << 17])
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(fields), SENT)
        octets = len(relay.messages[0].content)
        for before in (0, 1, 2, 100, 5000, 20000):
            for how in ("rst", "fin"):
                relay.drop()
                relay.play([{"body": {"after": octets - before, "then": how}}])
                response = running.post(fields)
                relay.settle()
                oracle.hold_table(response)
                oracle.hold_invariant(response.json(), relay.messages_with(token))
                check(response.status in (502, 503), response.summary())


@case("F146 sent, and the log cannot be written: 200 all the same")
def log_cannot_be_written():
    with ScriptedRelay() as relay:
        running = Gateway(relay)
        running.log_path, running.log = "/dev/full", lambda: ""
        with running:
            expect(running.post(message()), SENT)
            check_equal(len(relay.messages), 1, "messages")


def flights(relay):
    """The commands of the first connection, as they came: what was sent ahead stands together."""
    return [group for group in relay.connections[0].groups if group]


@case("PIPELINING: MAIL, RCPT and DATA come at a time, and with `abort` DATA waits for every recipient")
def pipelining():
    recipients = to(3)
    for partial, first in (("deliver", ["MAIL", "RCPT", "RCPT", "RCPT", "DATA"]), ("abort", ["MAIL"] + ["RCPT"] * 3)):
        with ScriptedRelay() as relay, Gateway(relay) as running:
            expect(running.post(message(**recipients, partial=partial)), SENT)
            check_equal(flights(relay)[1], first, f"the first flight with {partial}")
    with ScriptedRelay(extensions=("SIZE",)) as relay, Gateway(relay) as running:
        expect(running.post(message(**recipients)), SENT)
        check_equal(max(map(len, flights(relay))), 1, "commands at a time, without PIPELINING")


@case("overlap: the next message's MAIL, RCPT and DATA come with the end of data")
def overlap():
    with ScriptedRelay(steps={"greeting": {"until": "both"}}) as relay:
        with Gateway(relay, smtp_max_connections=1) as running:
            waiting = [in_background(running.post, message(subject=f"overlap-{i}")) for i in range(6)]
            eventually(lambda: " 5\n" in running.metric("postern_queue_depth"), what="a queue of five")
            relay.open("both")
            for wait in waiting:
                expect(wait(), SENT)
            check_equal(flights(relay).count(["MAIL", "RCPT", "DATA"]), 6, f"flights of {flights(relay)}")
            check_equal([c.violations for c in relay.connections], [[]], "against the rules")


@case("LMTP over a Unix socket: one reply for each recipient that was accepted")
def lmtp():
    recipients = {"to": ["a@example.net", "b@example.net", "c@example.net", "b@example.net"]}
    for partial, status in (("deliver", 200), ("abort", 422)):
        with folder() as path:
            steps = {"rcpt1": "550 5.1.1 Unknown", "dot2": "452 4.2.2 Full"} if partial == "deliver" else {}
            steps = steps or {"dot2": "552 5.2.2 Full"}
            with ScriptedRelay(path=f"{path}/lmtp", protocol="lmtp", steps=steps) as relay, Gateway(relay) as running:
                response = running.post(message(**recipients, partial=partial))
                check_equal(response.status, status, response.summary())
                check_equal(response.json()["delivery"], "partial", "delivery")
                relay.settle()
                oracle.hold_invariant(response.json(), relay.messages)
                check_equal([c.violations for c in relay.connections], [[]], "against the rules")


@case("QQ: the dialogue of a well-known provider")
def qq_dialogue():
    steps = {
        "greeting": "220 smtp.qq.com Esmtp QQ Mail Server",
        "caps": "250-smtp.qq.com\n250-PIPELINING\n250-SIZE 73400320\n250-AUTH LOGIN PLAIN\n250-AUTH=LOGIN\n"
        "250-MAILCOMPRESS\n250 8BITMIME",
        "prompt": ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        "auth": "235 Authentication successful",
        "mail": "250 Ok",
        "rcpt": "250 Ok",
        "data": "354 End data with <CR><LF>.<CR><LF>",
        "dot": "250 Ok: queued as",
        "quit": "221 Bye",
    }
    certificate = certificates.shared().server("good")
    with ScriptedRelay(steps=steps, tls="implicit", certificate=certificate, mechanisms=("LOGIN",)) as relay:
        options = {"smtp_ca_file": certificates.shared().ca_file, "smtp_auth": "LOGIN"}
        with Gateway(relay, **options) as running:
            response = running.post(message())
            expect(response, SENT)
            check_equal(response.json()["queue_id"], None, "queue_id")
            check_equal(response.json()["upstream"]["text"], "Ok: queued as", "upstream.text")
        eventually(lambda: "QUIT" in relay.verbs(), what="QUIT")


@case("transcript=true shows the dialogue, credentials masked")
def transcript_is_masked():
    certificate = certificates.shared().server("good")
    for tls in ("starttls", "implicit"):
        with ScriptedRelay(tls=tls, certificate=certificate) as relay:
            with Gateway(relay, smtp_ca_file=certificates.shared().ca_file) as running:
                response = running.post(message(text="body-canary-5512"), transcript="true")
                expect(response, SENT)
                shown = str(response.json()["transcript"])
                for wanted in ("220 relay.test", "EHLO gateway.test", "AUTH", "MAIL FROM:<ann@example.com>", "354"):
                    check(wanted in shown, f"no {wanted} in {shown}")
                check("body-canary" not in shown + running.log(), "the body is shown")
                oracle.hold_secrecy(response.body, running.log())


if __name__ == "__main__":
    main()
