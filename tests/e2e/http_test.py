#!/usr/bin/env python3
"""H: what comes in over HTTP, and what it gets; one row an input, named by its number in the matrix.

All rows go to one gateway, and at the end its relay must not have seen a single byte: what is refused reaches nobody.
"""

import json
import socket
import struct
import threading
from dataclasses import dataclass, field

from lib import gateway, oracle
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, eventually, last_case, main, seconds, table
from lib.raw_http import HOST, JSON_TYPE, Connection, exchange, post
from lib.scripted_relay import ScriptedRelay

MAX_BODY = 65536
GOOD = json.dumps(message()).encode()


# --- Requests that are refused --------------------------------------------------------------------------------------


@dataclass
class Row:
    name: str
    request: bytes
    status: object  # a number, several, or None where the server may just close
    code: str = ""
    pointers: list = field(default_factory=list)  # of the errors, all of them
    fields: dict = field(default_factory=dict)  # of the answer's header
    closes: bool = False


def head(lines, body=b"", start=b"POST /v1/messages HTTP/1.1\r\n"):
    """A request whose header is written by hand."""
    return start + lines + b"\r\n" + body


def posted(fields, body=GOOD):
    """A good request but for some header fields of its own."""
    return post(body, fields)


def framed(lines, body=b"{}", start=b"POST /v1/messages HTTP/1.1\r\n"):
    return head(HOST + JSON_TYPE + lines, body, start)


def target(path, method=b"GET", version=b"HTTP/1.1"):
    return method + b" " + path + b" " + version + b"\r\n" + HOST + b"\r\n"


MALFORMED = "malformed-http"
BEFORE_THE_ROUTE = (MALFORMED, "not-found", "method-not-allowed")  # no message was to be sent yet
FRAMING = [
    Row(
        "H1 CL and chunked",
        framed(b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n", b"0\r\n\r\n"),
        400,
        MALFORMED,
        closes=True,
    ),
    Row(
        "H2 chunked and CL",
        framed(b"Transfer-Encoding: chunked\r\nContent-Length: 2\r\n", b"0\r\n\r\n"),
        400,
        MALFORMED,
        closes=True,
    ),
    Row("H3 two lengths", framed(b"Content-Length: 7\r\nContent-Length: 3\r\n"), 400, MALFORMED, closes=True),
    Row("H4 one length twice", framed(b"Content-Length: 2\r\nContent-Length: 2\r\n"), 400, MALFORMED, closes=True),
    *[
        Row(f"H5 H6 length {value.decode()!r}", framed(b"Content-Length: " + value + b"\r\n"), 400)
        for value in (b"7, 7", b"+7", b"-1", b"0x7", b"7abc", b"")
    ],
    Row("H7 length 2^64", framed(b"Content-Length: 18446744073709551616\r\n"), 413),
    Row(
        "H8 length 2^63-1",
        framed(b"Content-Length: 9223372036854775807\r\n", b""),
        413,
        "payload-too-large",
        closes=True,
    ),
    Row(
        "H8 length over the limit",
        framed(b"Content-Length: %d\r\n" % (MAX_BODY + 1), b""),
        413,
        "payload-too-large",
        closes=True,
    ),
    *[
        Row(
            f"H10 H11 H12 encoding {value!r}",
            framed(b"Transfer-Encoding: " + value + b"\r\n", b"0\r\n\r\n"),
            (400, 501),
        )
        for value in (b"identity", b"xchunked", b"gzip, chunked", b"chunked, identity", b"\x0bchunked")
    ],
    Row("H13 space before the colon", framed(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n"), 400, closes=True),
    Row("H14 two encodings", framed(b"Transfer-Encoding: chunked\r\n" * 2, b"0\r\n\r\n"), 400, MALFORMED),
    Row(
        "H15 HTTP/1.0 chunked",
        framed(b"Transfer-Encoding: chunked\r\n", b"0\r\n\r\n", b"POST /v1/messages HTTP/1.0\r\n"),
        400,
        MALFORMED,
    ),
    Row("H26 NUL in the target", target(b"/v1/\0messages"), (400, 404, None)),
    *[
        Row(f"H27 H28 H29 {path.decode()}", target(path), 404, "not-found")
        for path in (
            b"/v1/messages%00",
            b"/v1/messages%0d%0a",
            b"/v1/../admin",
            b"//v1//messages",
            b"/%2e%2e/metrics",
            b"/v1/messages/",
            b"/V1/messages",
            b"/nothing",
        )
    ],
    Row("H30 another host", target(b"http://example.com/"), (400, 404)),
    Row("H31 space in the target", target(b"/v1/mess ages"), (400, None)),
    Row("H35 space before the colon", posted(b"X-A : a\r\n"), 400, closes=True),
    Row("H36 no colon", posted(b"no colon\r\n"), (400, None)),
    Row("H38 no Host", head(JSON_TYPE + b"Content-Length: 2\r\n", b"{}"), 400),
    Row("H39 two Hosts", posted(HOST), 400, MALFORMED),
    Row("H40 HTTP/2.0", target(b"/", version=b"HTTP/2.0"), (400, 505)),
    Row("H42 FOO/1.1", target(b"/", version=b"FOO/1.1"), (400, 505, None)),
    *[
        Row(
            f"H43 H44 {method.decode()}",
            target(b"/v1/messages", method),
            405,
            "method-not-allowed",
            fields={"allow": "POST"},
        )
        for method in (b"GET", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"post", b"BREW")
    ],
    Row("H44 POST to a page", post(b"{}", path=b"/"), 405, "method-not-allowed", fields={"allow": "GET, HEAD"}),
    Row("H46 target of 40 kB", target(b"/" + b"x" * 40000), 414),
    Row("H47 header of 40 kB", posted(b"X-A: " + b"x" * 40000 + b"\r\n"), 431),
    Row("H47 2,000 fields", posted(b"X-A: a\r\n" * 2000), 431),
    Row("H50 Expect: junk", posted(b"Expect: junk\r\n"), 417),
    Row("H60 TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 64 + b"\r\n\r\n", (400, None)),
    Row("411 no length", framed(b"", b""), 411, "length-required"),
    Row("query unknown", post(GOOD, path=b"/v1/messages?dryrun=true"), 422, "invalid-request", pointers=["dryrun"]),
    Row(
        "query malformed", post(GOOD, path=b"/v1/messages?dry_run=maybe"), 422, "invalid-request", pointers=["dry_run"]
    ),
    Row("Accept of something else", posted(b"Accept: image/png\r\n"), (406, 200)),
]

MEDIA = [
    Row("H93 no Content-Type", post(GOOD, content_type=b""), 415, "unsupported-media-type"),
    *[
        Row(
            f"H93 H94 {value.decode()}",
            post(GOOD, content_type=b"Content-Type: " + value + b"\r\n"),
            415,
            "unsupported-media-type",
        )
        for value in (
            b"text/plain",
            b"application/xml",
            b"application/jsonp",
            b"application/json; charset=utf-16",
            b"application/x-www-form-urlencoded",
        )
    ],
    *[
        Row(
            f"H95 {value.decode()}",
            posted(b"Content-Encoding: " + value + b"\r\n"),
            415,
            "unsupported-media-type",
            fields={"accept-encoding": "identity"},
        )
        for value in (b"gzip", b"br", b"deflate")
    ],
]


def invalid(name, body):
    return Row(name, post(body), 400, "invalid-json")


DEEP = b'{"headers":' + b"[" * 40 + b"]" * 40 + b"}"
JSON = [
    invalid("H96 empty", b""),
    invalid("H96 white space", b" \n "),
    *[invalid(f"H97 {body.decode()}", body) for body in (b"{", b'{"to"', b'{"to":', b'{"to":"a', b"[1,", b"nul")],
    *[invalid(f"H98 trailing {tail!r}", GOOD + tail) for tail in (b"x", b"{}", b"\0", b",")],
    *[Row(f"H99 {body.decode()}", post(body), (400, 422)) for body in (b"null", b'"text"', b"[]", b"7", b"true")],
    invalid("H100 BOM", b"\xef\xbb\xbf" + GOOD),
    invalid("H101 UTF-16", GOOD.decode().encode("utf-16-le")),
    *[
        invalid(f"H102 H103 {bad!r}", GOOD.replace(b"Hello", bad, 1))
        for bad in (b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80", b"\xc3", b"\x80")
    ],
    *[
        invalid(f"H104 {bad.decode()}", GOOD.replace(b"Hello", bad, 1))
        for bad in (rb"\ud800", rb"\udc00", rb"\ud800\ud800", rb"\ud800x")
    ],
    Row(
        "H105 escaped NUL in a value",
        post(GOOD.replace(b"Hello", rb"He\u0000llo", 1)),
        422,
        "invalid-request",
        pointers=["/subject"],
    ),
    invalid("H106 escaped NUL in a name", GOOD.replace(b'"subject"', rb'"subject\u0000"')),
    invalid("H107 raw NUL", GOOD.replace(b"Hello", b"He\0llo", 1)),
    invalid("H108 raw control", GOOD.replace(b"Hello", b"He\x01llo", 1)),
    *[
        invalid(f"H109 H110 {bad.decode()}", GOOD.replace(b"Hello", bad, 1))
        for bad in (rb"\u12G4", rb"\x41", rb"\v", rb"\u1")
    ],
    invalid("H111 duplicate names", GOOD[:-1] + b',"to":"eve@example.net"}'),
    invalid("H111 duplicate names, one escaped", GOOD[:-1] + rb',"t\u006f":"eve@example.net"}'),
    Row("H112 To beside to", post(GOOD[:-1] + b',"To":"eve@example.net"}'), 422, "invalid-request", pointers=["/To"]),
    invalid("H113 depth 33", b"[" * 33 + b"]" * 33),
    invalid("H113 depth in a field", DEEP),
    invalid("H113 depth 30,000", b"[" * 30000),
    *[
        invalid(f"H114 H115 {number.decode()}", GOOD[:-1] + b',"x":' + number + b"}")
        for number in (b"01", b"1.", b"+1", b".5", b"0x1", b"NaN", b"Infinity", b"-", b"1e", b"1e+")
    ],
    Row("H116 1e400", post(GOOD.replace(b'"Hello"', b"1e400")), 422, "invalid-request", pointers=["/subject"]),
    invalid("H117 digits", GOOD[:-1] + b',"x":' + b"9" * 50000 + b"}"),
    invalid("H118 many values", b"[" + b"0," * 30000 + b"0]"),
    *[
        invalid(f"H119 {text.decode()}", text)
        for text in (b"{/* */}", b"{'to':'a'}", b'{"to":[],}', b"{to:1}", b"[1,]")
    ],
    *[invalid(f"H120 {space!r}", GOOD + space) for space in (b"\x01", b"\x0b", b"\x0c", b"\xa0", b"\xc2\xa0")],
]


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

# --- Playing them ---------------------------------------------------------------------------------------------------

shared_relay = ScriptedRelay()
shared = Gateway(shared_relay, max_body_bytes=MAX_BODY, timeout_http_idle=gateway.milliseconds(2))
starting = threading.Lock()


def running():
    with starting:
        if shared.process is None:
            shared_relay.__enter__()
            shared.__enter__()
    return shared


def play(row):
    answer, closed = exchange(running().address, row.request, seconds(10))
    wanted = row.status if isinstance(row.status, tuple) else (row.status,)
    check((answer.status if answer else None) in wanted, f"got {answer}, wanted {row.status}")
    if answer is None:
        return
    check(not row.closes or closed, "the connection is kept")
    for name, value in row.fields.items():
        check_equal(answer.field(name), value, name)
    if row.code:
        hold_refusal(answer, row)


def hold_refusal(answer, row):
    problem = answer.json()
    check_equal(answer.field("content-type").split(";")[0], "application/problem+json", "Content-Type")
    check_equal(
        (problem["status"], problem["type"]), (answer.status, f"urn:postern:problem:{row.code}"), "status, type"
    )
    check_equal(problem["code"], row.code, f"code ({problem['detail']})")
    if row.code not in BEFORE_THE_ROUTE:
        check_equal(problem["delivery"], "not_sent", "delivery")
    check_equal(problem["retryable"], False, "retryable")
    if row.pointers:
        places = [error.get("pointer") or error.get("parameter") for error in problem["errors"]]
        check_equal(sorted(set(places)), sorted(row.pointers), f"pointers ({problem['errors']})")


table([*FRAMING, *MEDIA, *JSON, *FIELDS], play)


@case("H8 a body over the limit is refused before it is read")
def refused_before_read():
    with Connection(running().address, seconds(5)) as connection:
        connection.send(framed(b"Content-Length: 1000000000\r\n", b""))
        answer = connection.answer()
        check_equal((answer.status, answer.json()["code"]), (413, "payload-too-large"))
        for number in ("1000000000", str(MAX_BODY)):
            check(number in answer.json()["detail"], f"limit and size are not told: {answer.json()['detail']}")


@case("H8 the same behind Expect: 100-continue, without a 100")
def refused_without_continue():
    with Connection(running().address, seconds(5)) as connection:
        connection.send(framed(b"Content-Length: 1000000000\r\nExpect: 100-continue\r\n", b""))
        check(connection.sock.recv(4096).startswith(b"HTTP/1.1 413 "), "no 413 at once")


@case("H123 a chunked body over the limit: 413 in its midst")
def chunked_over_limit():
    with Connection(running().address, seconds(10)) as connection:
        connection.send(framed(b"Transfer-Encoding: chunked\r\n", b""))
        for _ in range(20):
            connection.send(b"2000\r\n" + b" " * 0x2000 + b"\r\n")
        check_equal(connection.answer().status, 413, "status")
        check(connection.is_closed(), "the connection is kept")


@case("H16 chunk sizes that are none")
def chunk_sizes():
    for size in (b"0x7", b"-7", b"11111111111111111", b"zz"):
        answer, _ = exchange(
            running().address, framed(b"Transfer-Encoding: chunked\r\n", size + b"\r\n{}\r\n0\r\n\r\n")
        )
        check(answer is None or answer.status in (400, 413), f"{size}: {answer}")


@case("H51 a short body and FIN")
def short_body():
    with Connection(running().address, seconds(10)) as connection:
        connection.send(framed(b"Content-Length: 100\r\n", b'{"from":'))
        connection.sock.shutdown(socket.SHUT_WR)
        check(connection.is_closed(), "the connection is kept")


@case("H57 an idle connection is closed")
def idle_is_closed():
    with Connection(running().address, seconds(8)) as connection:
        check(connection.is_closed(), "it stays open")


@case("H62 resets in mid-request leave no descriptors")
def resets():
    for _ in range(20):
        exchange(running().address, target(b"/"))
    before = running().descriptors()
    for _ in range(300):
        with Connection(running().address, seconds(5)) as connection:
            connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            connection.send(framed(b"Content-Length: 100\r\n", b"{"))
    eventually(lambda: running().descriptors() <= before + 8, 5, f"descriptors as before ({before})")


@last_case("not one byte reached the relay, and the gateway stops in peace")
def nothing_reached_the_relay():
    check_equal([c.dialogue for c in shared_relay.connections], [], "connections to the relay")
    if not SANITIZED:
        check(
            running().status_field("VmHWM") < 100 * 1024, f"the gateway grew to {running().status_field('VmHWM')} KiB"
        )
    shared.__exit__(None, None, None)
    shared_relay.stop()


# --- Requests that are taken ----------------------------------------------------------------------------------------


@case("keep-alive: ten messages over one connection")
def keep_alive():
    with ScriptedRelay() as relay, Gateway(relay) as taking, Connection(taking.address) as connection:
        for _ in range(10):
            connection.send(post(GOOD))
            check_equal(connection.answer().status, 200, "status")
        check_equal(len(relay.messages), 10, "messages")


@case("H52 H53 pipelined posts are answered in order, a refused one among them")
def pipelined():
    with ScriptedRelay() as relay, Gateway(relay) as taking, Connection(taking.address) as connection:
        bodies = [json.dumps(message(subject=f"number {i}")).encode() for i in range(3)]
        connection.send(post(bodies[0]) + post(b'{"from":7}') + post(bodies[1]) + target(b"/") + post(bodies[2]))
        check_equal([connection.answer().status for _ in range(5)], [200, 422, 200, 200, 200], "statuses")
        subjects = [m.content.split(b"Subject: ")[1].split(b"\r\n")[0] for m in relay.messages]
        check_equal(subjects, [b"number 0", b"number 1", b"number 2"], "order at the relay")


@case("chunked, OWS, Expect: 100-continue, HTTP/1.0, absolute form, h2c: taken")
def odd_but_right():
    size = b"%d" % len(GOOD)
    chunked = b"".join(b"1\r\n" + GOOD[i : i + 1] + b"\r\n" for i in range(len(GOOD))) + b"0\r\n"
    requests = {
        "chunked by bytes": framed(b"Transfer-Encoding: chunked\r\n", chunked + b"\r\n"),
        "H20 trailers": framed(b"Transfer-Encoding: chunked\r\n", chunked + b"Authorization: Bearer x\r\n\r\n"),
        "Expect": framed(b"Content-Length: " + size + b"\r\nExpect: 100-continue\r\n", GOOD),
        "HTTP/1.0": framed(b"Content-Length: " + size + b"\r\n", GOOD, b"POST /v1/messages HTTP/1.0\r\n"),
        "absolute form": post(GOOD, path=b"http://127.0.0.1/v1/messages"),
        "H48 h2c": posted(b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQ\r\n"),
        "charset": post(GOOD, content_type=b'Content-Type: Application/JSON; charset="UTF-8"\r\n'),
        "white space around": post(b" \t\r\n" + GOOD + b"\r\n"),
    }
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        for name, request in requests.items():
            answer, _ = exchange(taking.address, request)
            check(answer and answer.status == 200, f"{name}: {answer}")
        check_equal(len(relay.messages), len(requests), "messages")


@case("a body that comes byte by byte is taken")
def dripping_body():
    with ScriptedRelay() as relay, Gateway(relay) as taking, Connection(taking.address) as connection:
        connection.drip(post(GOOD), 0.001)
        check_equal(connection.answer().status, 200, "status")


@case("dry_run: nothing is sent; as JSON and as the message itself")
def dry_run():
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        answer = taking.post(message(bcc=["eve@example.net"]), dry_run="true")
        check_equal(answer.status, 200, "status")
        check("eve@example.net" in json.dumps(answer.json()["envelope"]), "the Bcc is not in the envelope")
        raw = taking.post(message(bcc=["eve@example.net"]), {"Accept": "message/rfc822"}, dry_run="true")
        check_equal((raw.status, raw.headers.get_content_type()), (200, "message/rfc822"))
        check(b"eve@" not in raw.body and b"Subject: Hello\r\n" in raw.body, f"message: {raw.body}")
        refused = taking.post(message(to=["bob"]), dry_run="true")
        check_equal(refused.status, 422, "status of a bad dry run")
        check_equal(relay.connections, [], "connections to the relay")


@case("the other endpoints: /, /openapi.yaml, HEAD, /livez, /readyz, /metrics")
def other_endpoints():
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        page = taking.get("/")
        check_equal(page.status, 200, "/")
        for name in ("/v1/messages", "/openapi.yaml"):
            check(name in page.body.decode(), f"/ does not name {name}")
        check(taking.get("/openapi.yaml").body.startswith(b"openapi: 3.1"), "/openapi.yaml")
        head_answer = gateway.request(taking.address, "HEAD", "/")
        check_equal((head_answer.status, head_answer.body), (200, b""), "HEAD /")
        check_equal(taking.get("/metrics").status, 404, "/metrics on the main listener")
        check_equal(gateway.request(taking.admin_address, "POST", "/v1/messages", b"{}").status, 404, "a post to admin")
        eventually(lambda: taking.get_admin("/readyz").status == 200, what="/readyz 200")
        taking.post(message())
        taking.post(message(to=["bob"]))
        metrics = taking.get_admin("/metrics").body.decode()
        check('"sent"' in metrics and "invalid-address" in metrics, metrics[-2000:])
        check("example.net" not in metrics, "an address in the metrics")


@case("/readyz tells why it is not ready, and without a secret")
def not_ready():
    with Gateway(f"smtp://ann:s3cret%20p%40ss%2Fword@127.0.0.1:{gateway.free_port()}") as taking:
        eventually(lambda: b"upstream-unreachable" in taking.get_admin("/readyz").body, what="the reason")
        check_equal(taking.get_admin("/readyz").status, 503, "/readyz")
        oracle.hold_secrecy(taking.get_admin("/readyz").body, taking.log())


@case("a Unix socket serves as well")
def unix_socket():
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        path = f"{taking.folder}/http.sock"
        with Gateway(relay, listen=f"unix:{path}", address=path) as on_socket:
            answer = gateway.request(path, "POST", "/v1/messages", GOOD, {"Content-Type": "application/json"})
            check_equal(answer.status, 200, "status")
            check(on_socket.process.poll() is None, "it stopped")


if __name__ == "__main__":
    main(jobs=4)
