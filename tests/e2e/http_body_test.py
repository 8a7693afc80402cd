#!/usr/bin/env python3
"""H93 to H123: what a body is, and what is wrong with its JSON (RFC 8259, 7493)."""

import time

from lib.gateway import Gateway
from lib.harness import SANITIZED, case, check, check_equal, main, seconds, table
from lib.http_rows import CHUNKED, GOOD, MAX_BODY, TOO_LARGE, Row, chunk, framed, play, posted, running
from lib.raw_http import Connection, post
from lib.scripted_relay import ScriptedRelay

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
    *[
        Row(f"H99 {body.decode()}", post(body), 422, "invalid-request")
        for body in (b"null", b'"text"', b"[]", b"7", b"true")
    ],
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
    *[
        Row(
            f"H116 {number.decode()}",
            post(GOOD.replace(b'"Hello"', number)),
            422,
            "invalid-request",
            pointers=["/subject"],
        )
        for number in (b"1e400", b"-1e400", b"9" * 27)
    ],
    invalid("H117 digits", GOOD[:-1] + b',"x":' + b"9" * 50000 + b"}"),
    invalid("H118 many values", b"[" + b"0," * 30000 + b"0]"),
    *[
        invalid(f"H119 {text.decode()}", text)
        for text in (b"{/* */}", b"{'to':'a'}", b'{"to":[],}', b"{to:1}", b"[1,]")
    ],
    *[invalid(f"H120 {space!r}", GOOD + space) for space in (b"\x01", b"\x0b", b"\x0c", b"\xa0", b"\xc2\xa0")],
]

table([*MEDIA, *JSON], play)


@case("H123 a chunked body over the limit: 413 in its midst")
def chunked_over_limit():
    with Connection(running().address, seconds(10)) as connection:
        connection.send(framed(CHUNKED, b""))
        for _ in range(MAX_BODY // 8192 + 12):
            connection.send(chunk(b" " * 8192))
        answer = connection.answer()
        check_equal((answer.status, answer.json()["code"]), (413, TOO_LARGE))
        check(connection.is_closed(), "the connection is kept")


GROWTH_KIB = 200 * 1024
LARGE = {
    "H113 depth of 5 million": b"[" * 5_000_000,
    "H113 depth of 5 million, closed": b'{"a":' * 2_000_000 + b"1" + b"}" * 2_000_000,
    "H117 10 MB of digits": GOOD[:-1] + b',"x":' + b"9" * 10_000_000 + b"}",
    "H117 10 MB of digits in an exponent": GOOD[:-1] + b',"x":1e' + b"9" * 10_000_000 + b"}",
    "H118 200,000 names": b"{" + b",".join(b'"k%d":0' % i for i in range(200_000)) + b"}",
    "H118 6 million items": b"[" + b"0," * 6_000_000 + b"0]",
}


@case("H113 H117 H118 large JSON that is none is refused at once, in little memory")
def large_and_wrong():
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        before = taking.status_field("VmHWM")
        for name, body in LARGE.items():
            began = time.monotonic()
            answer = taking.post(body)
            check_equal((answer.status, answer.json()["code"]), (400, "invalid-json"), name)
            check(SANITIZED or time.monotonic() - began < 2, f"{name}: {time.monotonic() - began:.1f} s")
        grown = taking.status_field("VmHWM") - before
        check(SANITIZED or grown < GROWTH_KIB, f"the gateway grew by {grown} KiB")
        check_equal(relay.connections, [], "connections to the relay")


if __name__ == "__main__":
    main(jobs=4)
