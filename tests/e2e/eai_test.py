#!/usr/bin/env python3
"""Internationalized mail (RFC 6531, 6532, 5890): what a relay with SMTPUTF8 gets, what one without gets, and what
neither can have."""

import email
import email.policy
from dataclasses import dataclass, field

from lib import oracle
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main, table
from lib.scripted_relay import ScriptedRelay

PLAIN = ("PIPELINING", "SIZE 52428800", "ENHANCEDSTATUSCODES")
EIGHT_BIT = (*PLAIN, "8BITMIME")
UTF8 = (*EIGHT_BIT, "SMTPUTF8")

UNSUPPORTED = (422, "smtputf8-unsupported")
INVALID = (422, "invalid-request")
RAW = {"Content-Type": "message/rfc822"}


@dataclass
class Row:
    """One message to three relays: one with SMTPUTF8, one with 8BITMIME alone, one with neither."""

    name: str
    body: object
    query: dict = field(default_factory=dict)
    mail_from: str = "ann@example.com"
    recipients: tuple = ("bob@example.net",)
    needs: str = ""  # "SMTPUTF8", "8BITMIME", or both with a space between
    says: tuple = ()  # octets, as text, that stand in the message where it is sent
    never: tuple = ()
    refused: tuple = UNSUPPORTED  # by a relay that has not what it needs


def finished(text, sender="ann@example.com", to="bob@example.net"):
    octets = text.replace("\n", "\r\n").encode("utf-8", "surrogateescape")
    return {"body": octets, "query": {"from": sender, "to": to}}


ROWS = [
    Row("ASCII needs nothing", message(), never=("=?",)),
    Row(
        "UTF-8 names, subject and text are words and encodings",
        message(
            from_="\u00c4nn L\u00e9e <ann@example.com>",
            to="B\u00f6b <bob@example.net>",
            subject="gr\u00fc\u00df",
            text="\u00fc\n",
        ),
        says=("From: =?utf-8?", "To: =?utf-8?", "Subject: =?utf-8?", "Content-Transfer-Encoding: quoted-printable"),
    ),
    Row(
        "H144 IDN domains are A-labels, in the header and in the envelope",
        message(from_="ann@b\u00fccher.example", to=["Bob <bob@M\u00dcNCHEN.example>", "c@\u4f8b\u3048.example"]),
        mail_from="ann@xn--bcher-kva.example",
        recipients=("bob@xn--mnchen-3ya.example", "c@xn--r8jz45g.example"),
        says=("From: ann@xn--bcher-kva.example", "<bob@xn--mnchen-3ya.example>", "@xn--bcher-kva.example>"),
    ),
    Row(
        "H144 IDN domains of every field",
        message(
            sender="s@b\u00fccher.example",
            reply_to="r@b\u00fccher.example",
            cc="c@b\u00fccher.example",
            bcc="d@b\u00fccher.example",
            return_path="p@b\u00fccher.example",
        ),
        mail_from="p@xn--bcher-kva.example",
        recipients=("bob@example.net", "c@xn--bcher-kva.example", "d@xn--bcher-kva.example"),
        says=("Sender: s@xn--bcher-kva.example", "Reply-To: r@xn--bcher-kva.example", "Cc: c@xn--bcher-kva.example"),
        never=("d@xn--", "p@xn--"),
    ),
    Row(
        "H143 a recipient's local part",
        message(to="Z\u00f6e <z\u00f6e@b\u00fccher.example>"),
        recipients=("z\u00f6e@xn--bcher-kva.example",),
        needs="SMTPUTF8",
        says=("To: Z\u00f6e <z\u00f6e@xn--bcher-kva.example>",),
    ),
    Row(
        "H143 one of many recipients",
        message(to=["bob@example.net", "\u7528\u6237@example.net"]),
        recipients=("bob@example.net", "\u7528\u6237@example.net"),
        needs="SMTPUTF8",
        says=("\u7528\u6237@example.net",),
    ),
    Row(
        "H143 a blind recipient, who is in no header",
        message(bcc="\u7528\u6237@example.net"),
        recipients=("bob@example.net", "\u7528\u6237@example.net"),
        needs="SMTPUTF8",
        never=("\u7528\u6237",),
    ),
    Row(
        "H143 the author",
        message(from_="\u00c4nn <\u00e4nn@example.com>"),
        mail_from="\u00e4nn@example.com",
        needs="SMTPUTF8",
        says=("From: \u00c4nn <\u00e4nn@example.com>",),
    ),
    Row(
        "H143 the author, with another return path: the header alone needs it",
        message(from_="\u00e4nn@example.com", return_path="bounces@example.com"),
        mail_from="bounces@example.com",
        needs="SMTPUTF8",
        says=("From: \u00e4nn@example.com",),
    ),
    Row(
        "H143 the author, with the null path",
        message(from_="\u00e4nn@example.com", return_path=""),
        mail_from="",
        needs="SMTPUTF8",
        says=("From: \u00e4nn@example.com",),
    ),
    Row(
        "H143 the return path alone: the header is ASCII",
        message(return_path="\u00e4nn@example.com"),
        mail_from="\u00e4nn@example.com",
        needs="SMTPUTF8",
        never=("\u00e4nn",),
    ),
    Row("H143 Sender", message(sender="\u00e4@example.com"), needs="SMTPUTF8", says=("Sender: \u00e4@example.com",)),
    Row("H143 Reply-To", message(reply_to="R <\u00e4@example.com>"), needs="SMTPUTF8", says=("<\u00e4@example.com>",)),
    Row(
        "H143 a quoted local part",
        message(to='"\u00e4 b"@example.net'),
        recipients=('"\u00e4 b"@example.net',),
        needs="SMTPUTF8",
        says=('"\u00e4 b"@example.net',),
    ),
    Row(
        "file names do not need it",
        message(attachments=[{"content": "eA==", "filename": "b\u00e4r \u4e16\u754c.txt"}]),
        says=("filename*",),
    ),
    Row(
        "file names beside what needs it",
        message(to="z\u00f6e@example.net", attachments=[{"content": "eA==", "filename": "b\u00e4r.txt"}]),
        recipients=("z\u00f6e@example.net",),
        needs="SMTPUTF8",
        says=("filename*",),
    ),
    Row(
        "a finished message in ASCII",
        **finished("From: ann@example.com\nSubject: x\n\nx\n"),
        says=("Subject: x",),
    ),
    Row(
        "a finished message: a raw UTF-8 header needs SMTPUTF8",
        **finished("From: ann@example.com\nSubject: gr\u00fc\u00df\n\nx\n"),
        needs="SMTPUTF8",
        says=("Subject: gr\u00fc\u00df\r\n",),
    ),
    Row(
        "a finished message: an 8-bit body needs 8BITMIME",
        **finished("From: ann@example.com\n\nl\udce4\udcdf\n"),
        needs="8BITMIME",
        says=("\r\n\r\nl\udce4\udcdf\r\n",),
        refused=INVALID,
    ),
    Row(
        "a finished message: both",
        **finished(
            "From: \u00e4@example.com\n\ngr\u00fc\u00df\n", "\u00e4@example.com", "z\u00f6e@b\u00fccher.example"
        ),
        mail_from="\u00e4@example.com",
        recipients=("z\u00f6e@xn--bcher-kva.example",),
        needs="SMTPUTF8 8BITMIME",
        says=("From: \u00e4@example.com\r\n", "\r\n\r\ngr\u00fc\u00df\r\n"),
    ),
    Row(
        "a finished message: the envelope alone needs SMTPUTF8",
        **finished("From: ann@example.com\n\nx\n", "", "z\u00f6e@example.net"),
        mail_from="",
        recipients=("z\u00f6e@example.net",),
        needs="SMTPUTF8",
    ),
    Row(
        "a finished message: an IDN domain in the envelope alone",
        **finished("From: ann@example.com\n\nx\n", "ann@b\u00fccher.example", "bob@example.net"),
        mail_from="ann@xn--bcher-kva.example",
    ),
]


def post(running, row):
    return running.post(row.body, RAW if row.query else None, **row.query)


def hold_sent(row, relay, response):
    check_equal(response.status, 200, f"{response.summary()}\n{relay.log()}")
    oracle.hold_invariant(response.json(), relay.messages)
    (sent,) = relay.messages
    needs = set(row.needs.split())
    check_equal(sent.mail_from, row.mail_from, "MAIL")
    check_equal(tuple(sent.recipients), row.recipients, "RCPT")
    check_equal("SMTPUTF8" in sent.parameters, "SMTPUTF8" in needs, "SMTPUTF8 is said only where it is needed")
    check_equal(sent.parameters.get("BODY"), "8BITMIME" if "8BITMIME" in needs else None, "BODY")
    content = sent.content.decode("utf-8", "surrogateescape")
    for words in row.says:
        check(words in content, f"{words!r} is not in:\n{content[:2000]}")
    for words in row.never:
        check(words not in content, f"{words!r} is in:\n{content[:2000]}")
    if not needs:
        check(sent.content.isascii(), "octets beyond ASCII")


def hold_not_sent(row, relay, response):
    status, code = row.refused
    answer = response.json()
    check_equal((response.status, answer["code"]), (status, code), response.summary())
    check_equal((answer["delivery"], answer["retryable"]), ("not_sent", False), response.summary())
    check_equal(relay.messages, [], "messages")
    check("MAIL" not in relay.verbs(), f"MAIL was said:\n{relay.log()}")
    wanted = "8BITMIME" if row.refused == INVALID else "SMTPUTF8"
    check(wanted in answer["detail"], response.summary())


def send(row):
    for extensions in (UTF8, EIGHT_BIT, PLAIN):
        with ScriptedRelay(extensions=extensions) as relay, Gateway(relay) as running:
            response = post(running, row)
            relay.settle()
            offered = {words.split(" ")[0] for words in extensions}
            hold = hold_sent if set(row.needs.split()) <= offered else hold_not_sent
            hold(row, relay, response)
            check_equal([c.violations for c in relay.connections], [[]] * len(relay.connections), "against the rules")


table(ROWS, send)


@case("H144 what is no domain under IDNA 2008 is refused")
def invalid_idna():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for label in ("a\u200d", "\u0300a", "xn--\u00fc", "xn--zz--", "\u00fc" * 64):
            response = running.post(message(to=f"bob@{label}.example"))
            answer = response.json()
            check_equal((response.status, answer["code"]), (422, "invalid-address"), f"{label!r}: {response.summary()}")
            check_equal(answer["errors"][0]["pointer"], "/to", response.summary())
        check_equal(relay.connections, [], "connections")


@case("H145 a domain is normalized: other forms of one name are one recipient")
def one_name():
    labels = ("b\u00fccher", "bu\u0308cher", "B\u00dcCHER", "xn--bcher-kva")
    with ScriptedRelay() as relay, Gateway(relay) as running:
        response = running.post(message(to=[f"bob@{label}.example" for label in labels]))
        check_equal(response.status, 200, response.summary())
        check_equal(relay.messages[0].recipients, ["bob@xn--bcher-kva.example"], "recipients")


@case("what comes back is what was sent: a reader of RFC 6532 finds the names again")
def read_back():
    names = {"From": "\u00c4nn <\u00e4nn@example.com>", "To": "\u4e16\u754c <\u7528\u6237@example.net>"}
    with ScriptedRelay(extensions=UTF8) as relay, Gateway(relay) as running:
        response = running.post(message(from_=names["From"], to=names["To"], subject="gr\u00fc\u00df \U0001f600"))
        check_equal(response.status, 200, response.summary())
        check_equal(response.json()["recipients"][0]["email"], "\u7528\u6237@example.net", "the receipt's recipient")
        policy = email.policy.SMTPUTF8
        parsed = email.message_from_string(relay.messages[0].content.decode(), policy=policy)
        for name, value in names.items():
            check_equal(str(parsed[name]), value, name)
        check_equal(str(parsed["Subject"]), "gr\u00fc\u00df \U0001f600", "Subject")


@case("a dry run tells that SMTPUTF8 is needed by its raw header, and sends nothing")
def dry_run():
    with ScriptedRelay(extensions=PLAIN) as relay, Gateway(relay) as running:
        response = running.post(message(to="z\u00f6e@example.net"), {"Accept": "message/rfc822"}, dry_run="true")
        check_equal(response.status, 200, response.summary())
        check("To: z\u00f6e@example.net" in response.body.decode(), response.summary())
        check_equal(relay.messages, [], "messages")


if __name__ == "__main__":
    main()
