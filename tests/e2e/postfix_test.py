#!/usr/bin/env python3
"""A real Postfix: what arrives equals what was posted, part by part, and the queue ID is the one in Postfix's log."""

import base64
import email
import email.policy
import email.utils
import json
import random
import uuid
from dataclasses import dataclass, field

from lib import certificates, postfix
from lib.faults import expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, last_case, main, table

SHARED = {}


def server():
    return SHARED["postfix"]


def encoded(data):
    return base64.b64encode(data).decode()


def octets(count, seed):
    return random.Random(seed).randbytes(count)


PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
TEN_MEGABYTES = octets(10_000_000, 1)
TEXT = "Hello, Bob.\n\n.\n..\nA line with a dot above.\n"
UNICODE_TEXT = "Gr\u00fc\u00dfe aus K\u00f6ln, \u4f60\u597d, \U0001f4ee\n" + "\u00e9" * 2000 + "\n"
HTML = '<p>Hello, <b>Bob</b>.</p>\n<img src="cid:logo@example.com" alt="">\n'
UNICODE_NAME = "\u8acb\u6c42\u66f8 \u2013 M\u00e4rz 2026 (\U0001f4b6).pdf"


@dataclass
class Row:
    name: str
    fields: dict
    # What must arrive, in order: (content type, file name or content ID or None, content)
    parts: list
    shape: str = ""  # the content types of the whole tree
    headers: dict = field(default_factory=dict)  # as decoded
    bcc: list = field(default_factory=list)


TEXT_PART = ("text/plain", None, TEXT)
ROWS = [
    Row("text", {"text": TEXT}, [TEXT_PART], "text/plain"),
    Row("text of Unicode", {"text": UNICODE_TEXT}, [("text/plain", None, UNICODE_TEXT)]),
    Row("html alone", {"text": None, "html": HTML}, [("text/html", None, HTML)], "text/html"),
    Row(
        "text and html",
        {"text": TEXT, "html": HTML},
        [TEXT_PART, ("text/html", None, HTML)],
        "multipart/alternative(text/plain text/html)",
    ),
    Row(
        "three attachments, one of 10 MB",
        {
            "text": TEXT,
            "attachments": [
                {"filename": "a.txt", "content": encoded(b"plain\r\ntext\r\n")},
                {"filename": "big.bin", "content_type": "application/octet-stream", "content": encoded(TEN_MEGABYTES)},
                {"filename": "b.pdf", "content": encoded(octets(1001, 2))},
            ],
        },
        [
            TEXT_PART,
            ("text/plain", "a.txt", b"plain\r\ntext\r\n"),
            ("application/octet-stream", "big.bin", TEN_MEGABYTES),
            ("application/pdf", "b.pdf", octets(1001, 2)),
        ],
        "multipart/mixed(text/plain text/plain application/octet-stream application/pdf)",
    ),
    Row(
        "an inline image",
        {
            "text": TEXT,
            "html": HTML,
            "attachments": [{"filename": "logo.png", "content": encoded(PNG), "content_id": "logo@example.com"}],
        },
        [TEXT_PART, ("text/html", None, HTML), ("image/png", "<logo@example.com>", PNG)],
        "multipart/alternative(text/plain multipart/related(text/html image/png))",
    ),
    Row(
        "an inline image and a file",
        {
            "text": TEXT,
            "html": HTML,
            "attachments": [
                {"filename": "logo.png", "content": encoded(PNG), "content_id": "logo@example.com"},
                {"filename": UNICODE_NAME, "content": encoded(b"%PDF-1.7")},
            ],
        },
        [
            TEXT_PART,
            ("text/html", None, HTML),
            ("image/png", "<logo@example.com>", PNG),
            ("application/pdf", UNICODE_NAME, b"%PDF-1.7"),
        ],
        "multipart/mixed(multipart/alternative(text/plain multipart/related(text/html image/png)) application/pdf)",
    ),
    Row(
        "UTF-8 subject, names and file names",
        {
            "from_": {"email": "ann@example.com", "name": 'Ann "\u00c4nnchen" L\u00e9e, \u674e'},
            "to": ["B\u00f8b <bob@example.net>"],
            "subject": "\u8acb\u6c42\u66f8: " + "\u00fcber " * 40 + "\U0001f4ee",
            "text": TEXT,
            "attachments": [{"filename": UNICODE_NAME, "content": encoded(b"x")}],
        },
        [TEXT_PART, ("application/pdf", UNICODE_NAME, b"x")],
        headers={
            "Subject": "\u8acb\u6c42\u66f8: " + "\u00fcber " * 40 + "\U0001f4ee",
            "From": ("ann@example.com", 'Ann "\u00c4nnchen" L\u00e9e, \u674e'),
            "To": ("bob@example.net", "B\u00f8b"),
        },
    ),
    Row(
        "to, cc and bcc",
        {"to": ["bob@example.net"], "cc": ["Carol <carol@example.net>"], "bcc": ["dave@example.net"], "text": TEXT},
        [TEXT_PART],
        bcc=["dave@example.net"],
    ),
    Row(
        "headers of one's own",
        {
            "text": TEXT,
            "sender": "robot@example.com",
            "reply_to": ["office@example.com"],
            "return_path": "bounces@example.com",
            "headers": {"X-Campaign": "m\u00e4rz", "X-Long": "word " * 300},
        },
        [TEXT_PART],
        headers={
            "X-Campaign": "m\u00e4rz",
            "X-Long": ("word " * 300).strip(),
            "Sender": ("robot@example.com", ""),
            "Reply-To": ("office@example.com", ""),
        },
    ),
    Row("lines of 100,000 characters", {"text": "x" * 100_000 + "\n"}, [("text/plain", None, "x" * 100_000 + "\n")]),
]


def addresses_in(fields, *names):
    """The bare addresses of some fields of a message as it was posted."""
    listed = []
    for name in names:
        value = fields.get(name) or []
        for mailbox in value if isinstance(value, list) else [value]:
            listed.append(mailbox["email"] if isinstance(mailbox, dict) else email.utils.parseaddr(mailbox)[1])
    return listed


def leaves(part):
    if part.is_multipart():
        return [leaf for sub in part.iter_parts() for leaf in leaves(sub)]
    return [part]


def shape(part):
    name = part.get_content_type()
    return name if not part.is_multipart() else f"{name}({' '.join(shape(sub) for sub in part.iter_parts())})"


def as_posted(part):
    """(type, name, content) of a leaf that arrived. Maildir's line ends are LF, texts were posted with LF."""
    content = part.get_content()
    is_text = isinstance(content, str)
    is_file = part.get_content_disposition() == "attachment"
    if is_text and is_file:
        content = part.get_payload(decode=True)
    elif is_text:
        content = content.replace("\r\n", "\n")  # the canonical form of text, where base64 shows it
    name = part["Content-ID"] or part.get_filename()
    return (part.get_content_type(), str(name) if name else None, content)


def post_and_fetch(running, fields):
    """Posts; returns the receipt and what arrived, by recipient."""
    response = running.post(fields, timeout=60)
    check_equal(response.status, 200, f"status ({response.summary()})")
    receipt = response.json()
    names = [address.split("@")[0] for address in addresses_in(fields, "to", "cc", "bcc")]
    arrived = {name: server().delivered(name, receipt["message_id"]) for name in names}
    return receipt, {name: email.message_from_bytes(raw, policy=email.policy.default) for name, raw in arrived.items()}


def play(row):
    fields = message(**{"subject": f"row {uuid.uuid4().hex}", **row.fields})
    with Gateway(server().url(), smtp_ca_file=certificates.shared().ca_file) as running:
        receipt, arrived = post_and_fetch(running, fields)
        for name, parsed in arrived.items():
            check_equal(parsed.defects, [], f"defects of {name}'s copy")
            check_equal([as_posted(leaf) for leaf in leaves(parsed)], row.parts, f"parts of {name}'s copy")
            check(not row.shape or shape(parsed) == row.shape, f"shape: {shape(parsed)}")
            hold_headers(row, fields, parsed)
        hold_envelope(row, fields, receipt)


def hold_headers(row, fields, parsed):
    check_equal(parsed["Bcc"], None, "Bcc")
    for address in row.bcc:
        text = "\n".join(
            f"{k}: {v}" for k, v in parsed.items() if k.lower() not in ("delivered-to", "x-original-to", "received")
        )
        check(address not in text, f"{address} is in the headers")
    check_equal(str(parsed["Subject"]), row.headers.get("Subject", fields["subject"]), "Subject")
    check_equal([a.addr_spec for a in parsed["To"].addresses], addresses_in(fields, "to"), "To")
    check_equal(len(parsed.get_all("From")), 1, "From")
    for name, wanted in row.headers.items():
        if isinstance(wanted, tuple):
            check_equal([(a.addr_spec, a.display_name) for a in parsed[name].addresses], [wanted], name)
        else:
            check_equal(str(parsed[name]), wanted, name)
    for required in ("Date", "Message-ID", "MIME-Version"):
        check_equal(len(parsed.get_all(required)), 1, required)


def hold_envelope(row, fields, receipt):
    """The queue ID of the receipt is the one in Postfix's log, and that log has the envelope that was posted."""
    queue_id = receipt["queue_id"]
    check(queue_id and server().log_of_queue_id(queue_id), f"queue ID {queue_id} is not in Postfix's log")
    wanted = addresses_in(fields, "to", "cc", "bcc")
    sender = fields.get("return_path") or addresses_in(fields, "from")[0]
    check_equal(server().envelope(queue_id), (sender, set(wanted)), "envelope in Postfix's log")
    check_equal(
        [(r["email"], r["status"]) for r in receipt["recipients"]], [(a, "accepted") for a in wanted], "recipients"
    )
    check_equal((receipt["delivery"], receipt["upstream"]["tls"]), ("sent", "TLSv1.3"), "delivery, TLS")
    check(queue_id in receipt["upstream"]["text"], "the relay's words lack the queue ID")


table(ROWS, play)


@case("wrong password: 502 upstream-auth-failed")
def wrong_password():
    with Gateway(server().url("wrong"), smtp_ca_file=certificates.shared().ca_file) as running:
        response = running.post(message())
        expect(response, not_sent(502, "upstream-auth-failed", "n"))
        check_equal(response.json()["upstream"]["code"], 535, "upstream.code")


@case("unknown recipient: 422 with its pointer, and nobody gets the mail")
def unknown_recipient():
    token = uuid.uuid4().hex
    with Gateway(server().url(), smtp_ca_file=certificates.shared().ca_file) as running:
        response = running.post(message(subject=token, to=["bob@example.net", "nobody@example.net"]))
        expect(response, not_sent(422, "recipients-rejected", "n"))
        check_equal([e["pointer"] for e in response.json()["errors"]], ["/to/1"], "pointers")
        check_equal([r["status"] for r in response.json()["recipients"]], ["accepted", "rejected"], "recipients")
        # A mark that comes later: when it is there, the first would have been.
        post_and_fetch(running, message(subject="mark"))
        check("nobody@example.net" in server().log() and "from=<ann@example.com>" in server().log(), "the log")


@case("unknown recipient with partial: deliver")
def partial_delivery():
    fields = message(subject=uuid.uuid4().hex, to=["nobody@example.net", "bob@example.net"], partial="deliver")
    with Gateway(server().url(), smtp_ca_file=certificates.shared().ca_file) as running:
        response = running.post(fields)
        check_equal((response.status, response.json()["delivery"]), (200, "partial"), "status, delivery")
        check(server().delivered("bob", response.json()["message_id"]), "bob's copy")


@case("an untrusted CA: 502 upstream-tls, and no AUTH")
def untrusted():
    with Gateway(server().url()) as running:
        response = running.post(message(), transcript="true")
        expect(response, not_sent(502, "upstream-tls", "n"))
        check("AUTH" not in json.dumps(response.json().get("transcript", "")), "AUTH was sent")


@case("several messages over one session, with a refused one between")
def one_session():
    with Gateway(server().url(), smtp_ca_file=certificates.shared().ca_file) as running:
        for i in range(6):
            response = running.post(message(to=["nobody@example.net" if i == 3 else "bob@example.net"]))
            check_equal(response.status, 422 if i == 3 else 200, f"status of message {i}")
            if i not in (0, 3):
                check_equal(response.json()["timing_ms"]["connected"], 0, f"time to connect for message {i}")


@last_case("Postfix stops, and leaves nothing")
def stop():
    server().__exit__()


if __name__ == "__main__":
    postfix.require_or_exit()
    SHARED["postfix"] = postfix.Postfix().__enter__()
    main(jobs=2)
