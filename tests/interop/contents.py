"""Messages of every shape, and how to tell that what a server stored is what was posted, part by part."""

import base64
import email
import email.policy
import email.utils
import random
from dataclasses import dataclass, field

from lib.harness import check, check_equal


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


TEXT_PART = ("text/plain", None, TEXT)
PLAIN = Row("text", {"text": TEXT}, [TEXT_PART], "text/plain")
EIGHT_BIT = Row(
    "text of Unicode",
    {"subject": "Gr\u00fc\u00dfe \U0001f4ee", "text": UNICODE_TEXT},
    [("text/plain", None, UNICODE_TEXT)],
    headers={"Subject": "Gr\u00fc\u00dfe \U0001f4ee"},
)
LARGE = Row(
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
)
SHAPES = (
    Row("html alone", {"text": None, "html": HTML}, [("text/html", None, HTML)], "text/html"),
    Row(
        "text and html",
        {"text": TEXT, "html": HTML},
        [TEXT_PART, ("text/html", None, HTML)],
        "multipart/alternative(text/plain text/html)",
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
)


def addresses_in(fields, *names):
    """The bare addresses of some fields of a message as it was posted."""
    listed = []
    for name in names:
        value = fields.get(name) or []
        for mailbox in value if isinstance(value, list) else [value]:
            listed.append(mailbox["email"] if isinstance(mailbox, dict) else email.utils.parseaddr(mailbox)[1])
    return listed


def envelope_recipients(fields):
    return addresses_in(fields, "to", "cc", "bcc")


def leaves(part):
    if part.is_multipart():
        return [leaf for sub in part.iter_parts() for leaf in leaves(sub)]
    return [part]


def shape(part):
    name = part.get_content_type()
    return name if not part.is_multipart() else f"{name}({' '.join(shape(sub) for sub in part.iter_parts())})"


def as_posted(part):
    """(type, name, content) of a leaf that arrived. Texts were posted with LF, and mail has CRLF."""
    content = part.get_content()
    is_text = isinstance(content, str)
    if is_text and part.get_content_disposition() == "attachment":
        content = part.get_payload(decode=True)
    elif is_text:
        content = content.replace("\r\n", "\n")
    name = part["Content-ID"] or part.get_filename()
    return (part.get_content_type(), str(name) if name else None, content)


def hold(row, fields, content):
    """`content` is a copy as it was stored; `fields` is what was posted."""
    parsed = email.message_from_bytes(content, policy=email.policy.default)
    check_equal(parsed.defects, [], "defects")
    check_equal([as_posted(leaf) for leaf in leaves(parsed)], row.parts, "parts")
    check(not row.shape or shape(parsed) == row.shape, f"shape: {shape(parsed)}")
    hold_headers(row, fields, parsed)


# What a server says of the envelope of one copy, on top of what it was given.
TRACE = ("delivered-to", "x-original-to", "received", "envelope-to", "x-rcptto", "x-rcpt-to", "x-delivery-to")


def hold_headers(row, fields, parsed):
    check_equal(parsed["Bcc"], None, "Bcc")
    given = "\n".join(f"{name}: {value}" for name, value in parsed.items() if name.lower() not in TRACE)
    for address in addresses_in(fields, "bcc"):
        check(address not in given, f"{address} is in the headers")
    check_equal(str(parsed["Subject"]), row.headers.get("Subject", fields["subject"]), "Subject")
    check_equal([a.addr_spec for a in parsed["To"].addresses], addresses_in(fields, "to"), "To")
    for name, wanted in row.headers.items():
        if isinstance(wanted, tuple):
            check_equal([(a.addr_spec, a.display_name) for a in parsed[name].addresses], [wanted], name)
        else:
            check_equal(str(parsed[name]), wanted, name)
    for required in ("From", "Date", "Message-ID", "MIME-Version"):
        check_equal(len(parsed.get_all(required)), 1, required)
