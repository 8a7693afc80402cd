#!/usr/bin/env python3
"""What the sandbox's relay can be made to do, and what a caller gets of it: by rules, and by recipient alone.

Every case says the problem code, the delivery and whether a retry is promised to be safe, and looks at whether the
message was captured: what is told as not sent must not have been.
"""

import json
from types import SimpleNamespace

from lib import gateway
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main, table


def sandbox(**options):
    return Gateway(command="sandbox", **options)


def put(running, *rules, status=200):
    body = json.dumps({"rules": list(rules)}).encode()
    answer = gateway.request(running.address, "PUT", "/sandbox/behaviour", body, {"Content-Type": "application/json"})
    check_equal(answer.status, status, f"PUT /sandbox/behaviour ({answer.body[:400]})")
    return answer.json()


def outcome(answer):
    fields = answer.json()
    return fields.get("code"), answer.status, fields["delivery"], fields.get("retryable")


def captured(running):
    return running.get("/sandbox/messages").json()["total"]


def rows(prefix, table_of, *names):
    return [SimpleNamespace(name=f"{prefix}: {row[0]}", **dict(zip(names, row))) for row in table_of]


SENT = (None, 200, "sent", None)
UNKNOWN = ("outcome-unknown", 502, "unknown", False)

# Recipient, what the caller gets, messages captured.
BY_RECIPIENT = [
    ("bounce", ("recipients-rejected", 422, "not_sent", False), 0),
    ("defer", ("recipients-deferred", 503, "not_sent", True), 0),
    ("mailbox-full", ("recipients-deferred", 503, "not_sent", True), 0),
    ("busy", ("upstream-temporary", 503, "not_sent", True), 0),
    ("drop-at-rcpt", ("upstream-tls", 502, "not_sent", True), 0),
    ("drop-before-dot", ("upstream-tls", 502, "not_sent", True), 0),
    ("drop-after-dot", UNKNOWN, 1),
    ("reject-message", ("message-rejected", 422, "not_sent", False), 0),
    ("defer-message", ("message-deferred", 503, "not_sent", True), 0),
    ("slow", SENT, 1),
    ("anybody-else", SENT, 1),
]


def by_recipient(row):
    with sandbox() as running:
        answer = running.post(message(to=[f"{row.recipient}@sandbox.test"]))
        check_equal(outcome(answer), row.wanted, "what the caller gets")
        check_equal(captured(running), row.taken, "messages captured")


table(rows("by recipient", BY_RECIPIENT, "recipient", "wanted", "taken"), by_recipient)


@case("the addresses are those that GET /sandbox/behaviour lists")
def lists_addresses():
    with sandbox() as running:
        listed = running.get("/sandbox/behaviour").json()
        names = [address["address"].split("@")[0] for address in listed["addresses"]]
        check_equal(sorted(names), sorted(row[0] for row in BY_RECIPIENT if row[0] != "anybody-else"), "addresses")
        check_equal(listed["rules"], [], "rules")
        check_equal(listed["steps"][0], "greeting", "steps")


def rule(at, **members):
    return {"at": at, **members}


# Rule, what the caller gets, messages captured.
BY_RULE = [
    (
        "421 at the greeting",
        rule("greeting", reply="421 4.3.2 later"),
        ("upstream-temporary", 503, "not_sent", True),
        0,
    ),
    (
        "554 at the greeting",
        rule("greeting", reply="554 5.3.2 no"),
        ("upstream-rejected-session", 502, "not_sent", False),
        0,
    ),
    ("a drop at the greeting", rule("greeting", drop=True), ("upstream-unreachable", 502, "not_sent", True), 0),
    ("550 at EHLO", rule("ehlo", reply="550 5.7.1 no"), ("upstream-tls-required", 502, "not_sent", False), 0),
    ("no STARTTLS", rule("ehlo", without="STARTTLS"), ("upstream-tls-required", 502, "not_sent", False), 0),
    ("454 at STARTTLS", rule("starttls", reply="454 4.7.0 not now"), ("upstream-temporary", 503, "not_sent", True), 0),
    (
        "a certificate nobody trusts",
        rule("starttls", certificate="untrusted"),
        ("upstream-tls", 502, "not_sent", False),
        0,
    ),
    ("a drop in the handshake", rule("tls", drop=True), ("upstream-tls", 502, "not_sent", True), 0),
    ("535 at AUTH", rule("auth", reply="535 5.7.8 no"), ("upstream-auth-failed", 502, "not_sent", False), 0),
    ("454 at AUTH", rule("auth", reply="454 4.7.0 later"), ("upstream-auth-temporary", 503, "not_sent", True), 0),
    ("421 at MAIL", rule("mail", reply="421 4.3.2 closing"), ("upstream-temporary", 503, "not_sent", True), 0),
    ("550 at MAIL", rule("mail", reply="550 5.7.1 not you"), ("sender-rejected", 422, "not_sent", False), 0),
    ("550 at RCPT", rule("rcpt", reply="550 5.1.1 no"), ("recipients-rejected", 422, "not_sent", False), 0),
    ("550 at another's RCPT", rule("rcpt", recipient="eve@example.net", reply="550 5.1.1 no"), SENT, 1),
    (
        "550 at his RCPT",
        rule("rcpt", recipient="BOB@example.net", reply="550 5.1.1 no"),
        ("recipients-rejected", 422, "not_sent", False),
        0,
    ),
    ("554 at DATA", rule("data", reply="554 5.7.0 no"), ("message-rejected", 422, "not_sent", False), 0),
    ("a drop at DATA", rule("data", drop=True), ("upstream-tls", 502, "not_sent", True), 0),
    ("451 after the dot", rule("end_of_data", reply="451 4.3.0 later"), ("message-deferred", 503, "not_sent", True), 0),
    (
        "552 after the dot",
        rule("end_of_data", reply="552 5.3.4 too big"),
        ("message-rejected", 422, "not_sent", False),
        0,
    ),
    ("250 in other words", rule("end_of_data", reply="250 ok 17 qp 4711"), SENT, 1),
    ("a drop after the dot", rule("end_of_data", drop=True), UNKNOWN, 1),
    ("a delay", rule("mail", delay="300ms"), SENT, 1),
]


def by_rule(row):
    with sandbox() as running:
        put(running, row.rule)
        answer = running.post(message())
        check_equal(outcome(answer), row.wanted, "what the caller gets")
        check_equal(captured(running), row.taken, "messages captured")
        used = running.get("/sandbox/behaviour").json()["rules"][0]["used"]
        check(used >= 1 or "another" in row.what, "the rule was not used")
        check_equal(gateway.request(running.address, "DELETE", "/sandbox/behaviour").status, 204, "DELETE")
        check_equal(outcome(running.post(message())), SENT, "when it is cleared")


table(rows("by rule", BY_RULE, "what", "rule", "wanted", "taken"), by_rule)


def by_rule_in_chunks(row):
    with sandbox(smtp_chunking="on") as running:
        put(running, row.rule)
        check_equal(outcome(running.post(message())), row.wanted, "what the caller gets")
        check_equal(captured(running), row.taken, "messages captured")
        dialogue = running.get(f"/sandbox/exchanges/{last_exchange(running)}").json()["timeline"]
        check(any(line["text"].startswith("BDAT") for line in dialogue), "BDAT was not used")


# A chunk goes out with its command, so that a connection that is lost then may have taken it.
IN_CHUNKS = [row for row in BY_RULE if row[1]["at"] in ("data", "end_of_data") and row[0] != "a drop at DATA"]
IN_CHUNKS.append(("a drop at the chunk", rule("data", drop=True), UNKNOWN, 0))
table(rows("by rule, with BDAT", IN_CHUNKS, "what", "rule", "wanted", "taken"), by_rule_in_chunks)


def last_exchange(running):
    return running.get("/sandbox/exchanges").json()["exchanges"][0]["id"]


@case("a drop in the middle of a large message: not sent, and said so")
def drop_in_content():
    with sandbox() as running:
        put(running, rule("content", drop=True))
        answer = running.post(message(text="All work and no play.\n" * 800_000))
        code, *rest = outcome(answer)
        check_equal(rest, [502, "not_sent", True], "what the caller gets")
        check(code in ("upstream-tls", "upstream-unreachable"), f"the code is {code}")
        check_equal(captured(running), 0, "messages captured")


@case("times: for one message, then as usual")
def times():
    with sandbox() as running:
        put(running, rule("rcpt", reply="451 4.2.1 busy", times=2), rule("mail", reply="450 4.0.0 no", times=1))
        codes = [outcome(running.post(message()))[0] for _ in range(4)]
        check_equal(codes[1:], ["recipients-deferred", "recipients-deferred", None], "codes behind the first")
        check(codes[0] is not None, "the first was sent")
        check_equal(running.get("/sandbox/behaviour").json()["rules"], [], "rules that are left")


@case("one recipient of several: nobody gets it, or the others do")
def one_of_several():
    with sandbox() as running:
        to = ["bob@example.net", "bounce@sandbox.test", "eve@example.net"]
        check_equal(outcome(running.post(message(to=to)))[0], "recipients-rejected", "code")
        check_equal(captured(running), 0, "messages captured")
        answer = running.post(message(to=to, partial="deliver"))
        check_equal((answer.status, answer.json()["delivery"]), (200, "partial"), "with partial")
        listed = running.get("/sandbox/messages").json()["messages"]
        check_equal([m["envelope"]["to"] for m in listed], [["bob@example.net", "eve@example.net"]], "the envelope")


@case("what was refused is seen whole: request, dialogue and answer on one time line")
def seen_whole():
    with sandbox() as running:
        answer = running.post(message(to=["bounce@sandbox.test"]), headers={"Authorization": "Bearer verysecret"})
        shown = running.get(f"/sandbox/exchanges/{answer.json()['id']}").json()
        check_equal((shown["status"], shown["code"]), (422, "recipients-rejected"), "the answer")
        line = shown["timeline"]
        check_equal((line[0]["from"], line[-1]["from"]), ("http_request", "http_response"), "the ends of the line")
        check_equal([event["at_ms"] for event in line], sorted(event["at_ms"] for event in line), "times in order")
        said = [(event["from"], event["text"]) for event in line]
        check(("client", "RCPT TO:<bounce@sandbox.test>") in said, "RCPT is not there")
        check(("server", "550 5.1.1 User unknown") in said, "its reply is not there")
        check(("client", "AUTH PLAIN ***") in said, "AUTH is not there, or not masked")
        check_equal(json.loads(shown["request"]["body"])["to"], ["bounce@sandbox.test"], "the request's body")
        check_equal(json.loads(shown["response"]["body"]), answer.json(), "the answer's body")
        check("verysecret" not in json.dumps(shown), "a key is shown")
        sessions = eventually(lambda: running.get("/sandbox/sessions").json()["sessions"], what="an ended session")
        whole = running.get(f"/sandbox/sessions/{sessions[0]['id']}").json()
        texts = [event["text"] for event in whole["dialogue"]]
        check("rehearsed: the next reply" in texts, "the session does not say that it was rehearsed")


WRONG = [
    ("no JSON", b"{", "application/json", 400, "invalid-json"),
    ("a form", b"{}", "multipart/form-data; boundary=b", 415, "unsupported-media-type"),
    ("no type", b"{}", "text/plain", 415, "unsupported-media-type"),
    ("too large", b'{"rules":[' + b" " * 70000 + b"]}", "application/json", 413, "payload-too-large"),
    ("unknown", b'{"rules":[{"at":"mail","dorp":true}]}', "application/json", 422, "invalid-request"),
]


def wrong_body(row):
    with sandbox() as running:
        put(running, rule("mail", reply="450 4.0.0 stays"))
        fields = {"Content-Type": row.content_type}
        answer = gateway.request(running.address, "PUT", "/sandbox/behaviour", row.body, fields)
        check_equal((answer.status, answer.json()["code"]), (row.status, row.code), "the answer")
        check_equal(len(running.get("/sandbox/behaviour").json()["rules"]), 1, "rules")


table(rows("a body that is wrong changes nothing", WRONG, "what", "body", "content_type", "status", "code"), wrong_body)


@case("an error has its pointer")
def pointers():
    with sandbox() as running:
        answer = put(running, rule("mail", drop=True), rule("data", reply="no reply"), status=422)
        check_equal([error["pointer"] for error in answer["errors"]], ["/rules/1/reply"], "pointers")


if __name__ == "__main__":
    main()
