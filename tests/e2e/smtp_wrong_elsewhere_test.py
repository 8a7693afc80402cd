#!/usr/bin/env python3
"""Faults that well-known clients shipped, each tried here. The relay is strict: what it holds against us counts."""

import email
import email.policy
import subprocess
import time
import uuid

from lib import faults, oracle
from lib.background import in_background
from lib.faults import FIN, SENT, SHORT, STALL, TEMPORARY, UNREACHABLE, Row, expect, not_sent, statuses, to, unknown
from lib.gateway import Gateway, free_port, message, run
from lib.harness import case, check, check_equal, main, seconds
from lib.scripted_relay import ScriptedRelay

BASE = ("SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8", "DSN")
PACES = {
    "one by one": BASE,
    "PIPELINING": (*BASE, "PIPELINING"),
    "CHUNKING": (*BASE, "PIPELINING", "CHUNKING"),
}
# As it is said in the envelope; nothing else may come with it.
PARAMETERS = {"SIZE", "BODY", "SMTPUTF8"}


def in_every_pace(name):
    """Decorator: a case for each set of extensions, which the function is given."""

    def add(function):
        for pace, extensions in PACES.items():
            case(f"{name} [{pace}]")(lambda extensions=extensions: function(extensions))
        return function

    return add


def hold_clean(relay):
    relay.settle()
    broken = [what for connection in relay.connections for what in connection.violations]
    check_equal(broken, [], "what the client did against the rules")


def text_of(content):
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    return parsed.get_content().replace("\r\n", "\n")


# --- Commands injected through a value (MimeKit, go-mail, Symfony, Angus, nodemailer, curl, PHPMailer, Ruby) ------

INJECTIONS = (
    "a@example.com\r\nRCPT TO:<evil@example.org>",
    "a@example.com\nDATA",
    "a@example.com\rRSET",
    '"a\r\nRCPT TO:<evil@example.org>"@example.com',
    "a@example.com> SIZE=1",
    "a@example.com>\r\nRCPT TO:<evil@example.org",
    "<a@example.com> ORCPT=rfc822;evil@example.org",
    '"a> ORCPT=x"@example.com',
    '"a@evil.example b"@example.com',
    "evil@example.org,a@example.com",
    "a@example.com\u760aRCPT TO:<evil@example.org>",
    '"a\u760a RCPT"@example.com',
    "a\u760a@example.com",
    "a@example.com\u2028RCPT",
    "a@example.com\0b",
    "a@[127.0.0.1]> NOTIFY=NEVER",
    "a@example\u3002com> X",
)
ADDRESS_FIELDS = ("from", "to", "cc", "bcc", "reply_to", "sender", "return_path")


def hold_envelope(relay, given):
    """Whatever went out: the addresses that were meant, and nothing beside them."""
    hold_clean(relay)
    for taken in relay.messages:
        check(set(taken.parameters) <= PARAMETERS, f"parameters of MAIL: {taken.parameters}")
        check_equal(taken.recipient_parameters, [{}] * len(taken.recipients), "parameters of RCPT")
        allowed = {given, "ann@example.com", "bob@example.net", "<a@example.com>"}
        strange = {taken.mail_from, *taken.recipients} - allowed
        check(not strange, f"envelope addresses: {strange}")


def inject(field, extensions):
    with ScriptedRelay(extensions=extensions) as relay, Gateway(relay, timeout=5) as running:
        for injected in INJECTIONS:
            relay.drop()
            relay.play([{}])
            value = injected if field in ("from", "sender", "return_path") else [injected]
            response = running.post(message(**{"from_" if field == "from" else field: value}))
            check(response.status in (200, 400, 422), f"{injected!r}: {response.summary()}")
            check(response.status == 200 or not relay.messages, f"{injected!r} was refused, and sent")
            hold_envelope(relay, injected)


for name in ADDRESS_FIELDS:
    case(f"injected commands: an address in {name}")(lambda name=name: inject(name, PACES["PIPELINING"]))


@case("injected commands: the EHLO name, the relay's host, the proxy's")
def injected_by_options():
    for option, value in (
        ("smtp_ehlo_name", "a.example\r\nMAIL FROM:<evil@example.org>"),
        ("smtp_ehlo_name", "a.example SIZE=1"),
        ("smtp_ehlo_name", "a_b.example"),
        ("smtp_url", "smtp://a.example\r\nMAIL:25?tls=none"),
        ("smtp_proxy", "http://a.example\r\nX-Evil: 1:3128"),
        ("smtp_proxy", "socks5://a.example\n:1080"),
    ):
        listen = {"listen": f"127.0.0.1:{free_port()}", "admin_listen": "off"}
        options = {"smtp_url": "smtp://relay.test", "smtp_ehlo_name": "gateway.test", **listen, option: value}
        try:
            status, _, errors = run("serve", options=options, timeout=4)
        except subprocess.TimeoutExpired:
            status, errors = "none: it serves", ""
        check_equal(status, 78, f"exit status with {option}={value!r}: {errors}")


@case("injected commands: DSN's envelope identifier")
def injected_by_envelope_id():
    with ScriptedRelay(extensions=PACES["PIPELINING"]) as relay, Gateway(relay, timeout=5) as running:
        for injected in ("a\r\nRCPT TO:<evil@example.org>", "a b RET=FULL", "a=b+c", "\u760a"):
            relay.drop()
            relay.play([{}])
            response = running.post(message(dsn={"notify": ["failure"], "envelope_id": injected}))
            check(response.status in (200, 422), f"{injected!r}: {response.summary()}")
            hold_clean(relay)
            for taken in relay.messages:
                check(set(taken.parameters) <= PARAMETERS | {"ENVID", "RET"}, f"parameters: {taken.parameters}")
                check_equal(taken.recipients, ["bob@example.net"], "recipients")


@case('routed to evil: "a@evil.example b"@example.net goes where it says')
def quoted_local_part():
    address = '"a@evil.example b"@example.net'
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message(to=[address])), SENT)
        check_equal(relay.messages[0].recipients, [address], "recipients")


@case("nested comments, groups and quotes are answered at once")
def nested_comments():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for hostile in ("(" * 50_000 + "a@b.example", "a" + "(x)" * 20_000 + "@b.example", "g:" * 30_000, "<" * 50_000):
            for value in (hostile, hostile + ")" * 50_000, f'"{hostile}" <a@b.example'):
                began = time.monotonic()
                check_equal(running.post(message(to=[value])).status, 422, "status")
                check(time.monotonic() - began < seconds(1), "it took long")
        check_equal(relay.connections, [], "connections")


@case("truncated at NUL: a NUL is refused, not cut at")
def nul():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for field in ("text", "subject", "return_path"):
            check_equal(running.post(message(**{field: "a@example.com\0b"})).status, 422, f"status with NUL in {field}")
        check_equal(relay.connections, [], "connections")


# --- The envelope (MailKit 1459 and 1498, Swift Mailer 1265) ------------------------------------------------------


@in_every_pace("an empty mail: one recipient refused, DATA accepted")
def no_empty_mail(extensions):
    for partial, want in (("abort", "not_sent"), ("deliver", "partial")):
        steps = {"rcpt2": "550 5.1.1 Unknown"}
        with ScriptedRelay(steps=steps, extensions=extensions) as relay, Gateway(relay, timeout=5) as running:
            answer = running.post(message(**to(3), partial=partial)).json()
            hold_clean(relay)
            check_equal(answer["delivery"], want, "delivery")
            oracle.hold_invariant(answer, relay.messages)
            check_equal([bool(taken.content) for taken in relay.messages], [True] * (want == "partial"), "messages")


@in_every_pace("an empty mail: every recipient refused, and 354 all the same")
def no_empty_mail_without_recipients(extensions):
    steps = {"rcpt": "550 5.1.1 Unknown", "data": "354 Go on"}
    with ScriptedRelay(steps=steps, extensions=extensions) as relay, Gateway(relay, timeout=5) as running:
        answer = running.post(message(**to(3), partial="deliver")).json()
        relay.settle()
        check_equal((answer["code"], answer["delivery"]), ("recipients-rejected", "not_sent"), "the answer")
        oracle.hold_invariant(answer, relay.messages)


@in_every_pace("a full queue: a thousand recipients, every seventh refused")
def thousand_recipients(extensions):
    refused = {f"rcpt{i + 1}": "550 5.1.1 " + "No such user here. " * 4 for i in range(0, 1000, 7)}
    want = ["accepted" if i % 7 else "rejected" for i in range(1000)]
    for coalesce in (False, True):
        with ScriptedRelay(steps=refused, extensions=extensions, coalesce=coalesce) as relay:
            with Gateway(relay, timeout=20) as running:
                answer = running.post(message(**to(1000), partial="deliver")).json()
                hold_clean(relay)
                oracle.hold_invariant(answer, relay.messages)
                check_equal([recipient["status"] for recipient in answer["recipients"]], want, "statuses")
                check_equal(relay.messages[0].recipients, [f"r{i}@example.net" for i in range(1000) if i % 7], "taken")


@in_every_pace("no RSET: a message that was refused leaves nothing to the next")
def reset_between(extensions):
    for step in ("rcpt2", "rcpt3", "data", "bdat", "dot"):
        scripts = [{step: ["554 5.7.1 No", None]}, {}]
        with ScriptedRelay(connections=scripts, extensions=extensions) as relay:
            with Gateway(relay, timeout=5, smtp_max_connections=1) as running:
                running.post(message(**to(3)))
                expect(running.post(message(to=["other@example.net"])), SENT)
                hold_clean(relay)
                check_equal(relay.messages[-1].recipients, ["other@example.net"], "recipients of the second")


# --- The body (Angus 209, Exchange, smuggling) --------------------------------------------------------------------

BLOCK = 16384
TEXTS = {
    "lone dots": ".\n..\n...\n.a\n\n.\n",
    "a bare LF and a dot": "x\n.\nMAIL FROM:<evil@example.org>\n",
    "a bare CR and a dot": "x\r.\rMAIL FROM:<evil@example.org>\r",
    "CRLF-dot-CR": "x\r\n.\rRCPT TO:<evil@example.org>\r\n",
    "LF-dot-CRLF": "x\n.\r\nQUIT\r\n",
    "CR-LF-LF": "x\r\n\n.\n\r\n.\r\n",
    "no end": "x",
    "ends with CR": "x\r",
    "ends with a dot": "x\n.",
    "ends with dot-CR": "x\n.\r",
    "a dot": ".",
    "nothing but line ends": "\n\n\n",
    "dots for a megabyte": ".\n" * 500_000,
}


def unified(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")


@in_every_pace("dots and bare CR or LF: the text arrives as one message")
def dots_arrive(extensions):
    with ScriptedRelay(extensions=extensions) as relay, Gateway(relay, timeout=10) as running:
        for name, text in TEXTS.items():
            expect(running.post(message(text=text)), SENT)
            check_equal(unified(text_of(relay.messages[-1].content)), unified(text), name)
        check_equal(len(relay.messages), len(TEXTS), "messages")
        check_equal({tuple(taken.recipients) for taken in relay.messages}, {("bob@example.net",)}, "recipients")
        hold_clean(relay)


@in_every_pace("state lost across buffers: a dot at every place about a block's end")
def dots_across_blocks(extensions):
    with ScriptedRelay(extensions=extensions) as relay, Gateway(relay, timeout=10) as running:
        expect(running.post(message(text="x\n")), SENT)
        header = len(relay.messages[0].content)
        line = "x" * 70 + "\n"  # of 72 octets on the wire
        for shift in range(-6, 7):
            octets = BLOCK - header + shift
            text = line * (octets // 72) + "y" * (octets % 72) + "\n.\n..\n.z\n" + line * 300 + "."
            expect(running.post(message(text=text)), SENT)
            check_equal(unified(text_of(relay.messages[-1].content)), unified(text), f"the text at {shift}")
        hold_clean(relay)


@case("BDAT is not dot-stuffed: the same octets as through DATA")
def chunks_are_not_stuffed():
    fields = message(text=".\n..\n" + ".line\n" * 20_000)
    contents = []
    for extensions in PACES.values():
        with ScriptedRelay(extensions=extensions) as relay, Gateway(relay, timeout=10) as running:
            expect(running.post(fields), SENT)
            contents.append(relay.messages[0].content.partition(b"\r\n\r\n")[2])
            check_equal("BDAT" in relay.verbs(), "CHUNKING" in extensions, "BDAT is used")
            hold_clean(relay)
    check_equal(contents[1:], contents[:1] * 2, "the message")


LARGE = {"fields": {"text": faults.LARGE_TEXT}, "relay": {"extensions": PACES["CHUNKING"]}}
NOT_CHUNKED = (*BASE, "PIPELINING")
REJECTED = not_sent(422, "message-rejected", "n")
ROWS = [
    Row(
        "BDAT hangs: no reply to the chunks",
        {"bdat": STALL, "dot": STALL},
        unknown(504),
        timeout=SHORT,
        within=8,
        **LARGE,
    ),
    Row("BDAT hangs: no reply to the last", {"dot": STALL}, unknown(504), timeout=SHORT, within=8, **LARGE),
    Row("BDAT refused", {"bdat": "554 5.6.0 No", "dot": "554 5.6.0 No"}, REJECTED, **LARGE),
    Row("reuse after 421: to RCPT", [{"rcpt": "421 4.3.2 Closing"}, {}], SENT, posts=2, connections=2),
    Row("reuse after 421: to the end of data", [{"dot": "421 4.3.2 Closing"}, {}], SENT, posts=2, connections=2),
    Row("reuse after 421: behind the reply", [{"dot": "250 Ok\n421 4.3.2 Closing"}, {}], SENT, posts=2, connections=2),
    Row(
        "an endless requeue: two sessions, not more",
        [{"mail": [None, "421 4.3.2 Closing"]}, {"mail": "421 4.3.2 Closing"}],
        TEMPORARY,
        posts=2,
        connections=2,
    ),
    Row("RSET's error hides the real one", {"rcpt": "550 5.1.1 Unknown", "rset": "421 Bye"}, faults.RECIPIENTS),
    Row("EOF is no refused recipient", {"rcpt": FIN}, UNREACHABLE, fields=to(3), check=lambda run: hold_not_tried(run)),
    Row(
        "bare codes at every step",
        {
            step: code
            for code, steps in ((b"220\r\n", ("greeting",)), (b"354\r\n", ("data",)), (b"221\r\n", ("quit",)))
            for step in steps
        }
        | dict.fromkeys(("ehlo", "mail", "rcpt", "dot", "rset"), b"250\r\n"),
        SENT,
    ),
    Row(
        "CRAM-MD5 with a password of a hundred octets",
        {},
        SENT,
        modes=faults.SECURE,
        relay={"mechanisms": ("CRAM-MD5",), "password": "p@ss/w0rd " * 10},
        options={"smtp_auth": "CRAM-MD5"},
        seen=("AUTH",),
    ),
    *[
        Row(f"over-read: a reply of {size} octets", {"dot": b"250 " + b"x" * (size - 6) + b"\r\n"}, SENT)
        for size in (511, 512, 513, 998, 1000, 1023, 1024, 1025, 2047, 2048)
    ],
]


def hold_not_tried(run):
    check_equal(set(statuses(run)), {"not_tried"}, "statuses")


faults.add(ROWS)


@case("a pool that waits for ever: ten messages to a relay that says nothing are all answered")
def everybody_is_answered():
    with ScriptedRelay(steps={"greeting": STALL}) as relay:
        options = {"smtp_max_connections": 1, "timeout_request": "1500ms"}
        with Gateway(relay, timeout=SHORT, **options) as running:
            tokens = [uuid.uuid4().hex for _ in range(10)]
            waiting = [in_background(running.post, message(subject=token)) for token in tokens]
            for wait in waiting:
                response = wait(timeout=8)
                oracle.hold_table(response)
                check_equal(response.json()["delivery"], "not_sent", "delivery")


if __name__ == "__main__":
    main(jobs=6)
