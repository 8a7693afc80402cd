#!/usr/bin/env python3
"""H75, H121 to H171: messages that are well-formed and wrong, each with the JSON pointers of all that is wrong."""

import json

from lib.gateway import message
from lib.harness import main, table
from lib.http_rows import GOOD, Row, play, posted
from lib.raw_http import post


def refused(name, pointers, code="", **fields):
    """A well-formed message that is wrong at these places. A field of None is left out."""
    return Row(name, post(json.dumps(message(**fields)).encode()), 422, code, pointers=pointers)


ADDRESS, HEADER, ATTACHMENT, REQUEST = "invalid-address", "invalid-header", "invalid-attachment", "invalid-request"
FIELDS = [
    refused("H75 a relay of the caller's own", ["/host", "/port", "/upstream"], REQUEST, host="x", port=1, upstream={}),
    refused("H121 unknown field", ["/bbc"], REQUEST, bbc="eve@example.net"),
    refused(
        "H121 unknown field in an attachment",
        ["/attachments/0/file~1name~0"],
        REQUEST,
        attachments=[{"content": "", "file/name~": "x"}],
    ),
    refused("H122 wrong types", ["/subject", "/text", "/to"], REQUEST, to=7, subject=5, text=[]),
    refused("H122 from is a list", ["/from"], REQUEST, from_=["a@example.com"]),
    *[
        refused(f"H124 to H141 to {bad!r}", ["/to/0"], ADDRESS, to=[bad])
        for bad in (
            "a@example.net\r\nRCPT TO:<eve@example.net>",
            "a@example.net\r",
            "a@example.net\nX: y",
            "a@example.net> RCPT TO:<x@y.example",
            "a@example.net> SIZE=1",
            '"a\r\nb"@example.net',
            "a\r\n b@example.net",
            "x" * 65 + "@example.net",
            "a@" + "x" * 64 + ".net",
            "a@" + "x." * 127 + "net",
            "nobody",
            "a@b@c.net",
            "",
            "@x.example,@y.example:a@example.net",
            "g: a@example.net;",
            "(" * 1000 + ")" * 1000,
            "a@[127.0.0.1]",
            "a@localhost",
            "a@example",
            "a@example.net.",
            "a @example.net",
            "a@exa\u2028mple.net",
            "a\uff20example.net",
            "a@-example.net",
            "a@xn--.net",
            "a..b@example.net",
        )
    ],
    refused("H124 from", ["/from"], ADDRESS, from_="ann@example.com\r\nX: y"),
    refused("H124 display name", ["/from/name"], ADDRESS, from_={"email": "ann@example.com", "name": "A\r\nX: y"}),
    refused("H138 10,000 comments", ["/to/0"], ADDRESS, to=["(" * 10000 + ")" * 10000]),
    refused("H148 nobody", ["/to"], ADDRESS, to=[]),
    refused("H148 nobody at all", ["/to"], ADDRESS, to=None),
    refused("H149 too many", [], "too-many-recipients", to=[f"r{i}@example.net" for i in range(1001)]),
    refused("H151 two authors", ["/from"], ADDRESS, from_="a@example.com, b@example.com"),
    refused("H152 empty from", ["/from"], ADDRESS, from_=""),
    refused("no from", ["/from"], REQUEST, from_=None),
    refused("H155 subject", ["/subject"], HEADER, subject="Hello\r\nBcc: eve@example.net"),
    *[
        refused(
            f"H156 H157 header {name!r}",
            [f"/headers/{name.replace('~', '~0').replace('/', '~1')}"],
            HEADER,
            headers={name: "x"},
        )
        for name in (
            "X:Y",
            "X Y",
            "X\r\nY",
            "X\u00e9",
            "X" * 77,
            "",
            "From",
            "to",
            "CC",
            "Bcc",
            "Sender",
            "Received",
            "Return-Path",
            "Date",
            "Message-ID",
            "MIME-Version",
            "Content-Type",
            "content-length",
            "DKIM-Signature",
            "ARC-Seal",
            "Authentication-Results",
            "Resent-To",
        )
    ],
    refused("H155 header value", ["/headers/X-A"], HEADER, headers={"X-A": "a\r\nBcc: eve@example.net"}),
    refused("H158 too many headers", [], HEADER, headers={f"X-{i}": "x" for i in range(101)}),
    *[
        refused(
            f"H161 content type {value!r}",
            ["/attachments/0/content_type"],
            ATTACHMENT,
            attachments=[{"content": "eA==", "content_type": value}],
        )
        for value in ("text/html\r\nX: y", "multipart/mixed; boundary=x", "text", "text/html; a", "")
    ],
    *[
        refused(f"H163 base64 {value!r}", ["/attachments/0/content"], ATTACHMENT, attachments=[{"content": value}])
        for value in ("%%%", "eA", "eA=", "e", "-_8=", "eA==eA==", "=A==")
    ],
    *[
        refused(
            f"H166 content id {value!r}",
            ["/attachments/0/content_id"],
            ATTACHMENT,
            attachments=[{"content": "eA==", "content_id": value}],
        )
        for value in ("a>b", "a\r\nb", "")
    ],
    refused("no content", ["/attachments/0/content"], ATTACHMENT, attachments=[{"filename": "a"}]),
    refused("H170 nothing to send", ["/text"], REQUEST, text=None),
    refused("H171 reply_to", ["/reply_to"], ADDRESS, reply_to="a@example.net\r\nBcc: eve@example.net"),
    refused("a bad choice", ["/partial"], REQUEST, partial="maybe"),
    refused(
        "many at once",
        ["/attachments/0/content", "/bcc/1", "/colour", "/from", "/headers/Bcc", "/subject", "/to/0"],
        REQUEST,
        from_="ann",
        to=["bob@"],
        bcc=["eve@example.net", "mallory"],
        subject=7,
        colour="red",
        headers={"Bcc": "x"},
        attachments=[{"content": "?"}],
    ),
]

QUERY = [
    Row("query unknown", post(GOOD, path=b"/v1/messages?dryrun=true"), 422, REQUEST, pointers=["dryrun"]),
    Row("query malformed", post(GOOD, path=b"/v1/messages?dry_run=maybe"), 422, REQUEST, pointers=["dry_run"]),
    Row("Accept of something else", posted(b"Accept: image/png\r\n"), 406, "not-acceptable"),
]

table([*FIELDS, *QUERY], play)


if __name__ == "__main__":
    main(jobs=4)
