#!/usr/bin/env python3
"""H1 to H53, H60: where one request ends and the next begins, over raw sockets (RFC 9112).

What is taken is taken however slowly it comes; what could be read in two ways is refused and the connection closed.
"""

import contextlib
import socket
import time

from lib.harness import SANITIZED, case, check, check_equal, main, seconds, table
from lib.http_rows import (
    CHUNKED,
    CLOSED,
    GOOD,
    LENGTH,
    MALFORMED,
    MAX_BODY,
    NEW,
    OLD,
    TOO_LARGE,
    Row,
    chunk,
    converse,
    framed,
    head,
    library_version,
    play,
    posted,
    running,
    target,
)
from lib.raw_http import HOST, JSON_TYPE, Connection, post

BY_BOTH = {OLD: 400, NEW: 400}  # libmicrohttpd refuses it by itself
LAST_CHUNK = b"0\r\n\r\n"


def refused(name, request, **more):
    return Row(name, request, 400, MALFORMED, closes=True, **more)


def taken(name, request, **more):
    return Row(name, request, 200, **more)


def started(line):
    """A good request but for its first line."""
    return framed(LENGTH, start=line)


def chunks(body):
    return framed(CHUNKED, body)


NUMBER = b"%d" % len(GOOD)
LENGTHS = [
    refused("H1 a length and chunked", framed(LENGTH + CHUNKED, chunk(GOOD) + LAST_CHUNK), library={NEW: 400}),
    refused("H2 chunked and a length", framed(CHUNKED + LENGTH, chunk(GOOD) + LAST_CHUNK), library={NEW: 400}),
    refused("H3 two lengths", framed(LENGTH + b"Content-Length: 3\r\n")),
    refused("H4 one length twice", framed(LENGTH + LENGTH)),
    refused("H5 a list of lengths", framed(b"Content-Length: " + NUMBER + b", " + NUMBER + b"\r\n"), library=BY_BOTH),
    *[
        refused(f"H6 length {value!r}", framed(b"Content-Length: " + value + b"\r\n"), library=BY_BOTH)
        for value in (b"+7", b"-1", b"0x7", b"7abc", b"7 7", b"7_7", b"\xb2", b"")
    ],
    Row(
        "H7 length 2^64",
        framed(b"Content-Length: 18446744073709551616\r\n", b""),
        413,
        TOO_LARGE,
        closes=True,
        library={OLD: 413, NEW: 413},
    ),
    *[
        Row(f"H8 length {value}", framed(b"Content-Length: %d\r\n" % value, b""), 413, TOO_LARGE, closes=True)
        for value in (2**63 - 1, 2**64 - 2, MAX_BODY + 1)
    ],
    taken("H9 white space before a length", framed(b"Content-Length: \t " + NUMBER + b"\r\n")),
    taken("H9 white space behind a length", framed(b"Content-Length:   " + NUMBER + b"  \r\n"), library={OLD: 400}),
    taken("H9 white space around a value", framed(b"X: \t a b \t \r\n" + LENGTH)),
    taken("H9 values that are empty", framed(b"X:\r\nX: \t\r\n" + LENGTH + b"X:\r\n")),
    Row("411 no length at all", framed(b"", b""), 411, "length-required", closes=True),
]

ENCODINGS = [
    refused("H10 identity", framed(b"Transfer-Encoding: identity\r\n", b"{}"), library={NEW: 400}),
    *[
        refused(
            f"H11 {value.decode()}",
            framed(b"Transfer-Encoding: " + value + b"\r\n", LAST_CHUNK),
            library={NEW: 400},
        )
        for value in (b"xchunked", b"gzip, chunked", b"chunked, identity", b"chunked, chunked", b"chunked;q=1")
    ],
    refused("H11 an empty one", framed(b"Transfer-Encoding:\r\n", LAST_CHUNK), library={NEW: 400}),
    refused("H12 VT before chunked", framed(b"Transfer-Encoding: \x0bchunked\r\n", LAST_CHUNK), library={NEW: 400}),
    refused(
        "H13 white space before the colon",
        framed(b"Transfer-Encoding : chunked\r\n", LAST_CHUNK),
        library={NEW: 400},
    ),
    refused("H14 two encodings", framed(CHUNKED * 2, chunk(GOOD) + LAST_CHUNK)),
    refused(
        "H15 HTTP/1.0",
        framed(CHUNKED, chunk(GOOD) + LAST_CHUNK, b"POST /v1/messages HTTP/1.0\r\n"),
    ),
]

BARE_LF = [
    ("size", b"%x\n" % len(GOOD) + GOOD + b"\r\n" + LAST_CHUNK),
    ("size with an extension", b"%x;a\n" % len(GOOD) + GOOD + b"\r\n" + LAST_CHUNK),
    ("data", b"1\r\n{\n" + chunk(GOOD[1:]) + LAST_CHUNK),
]
BARE_LF_AT_THE_END = [
    ("the last data", b"%x\r\n" % len(GOOD) + GOOD + b"\n" + LAST_CHUNK),
    ("the last chunk", chunk(GOOD) + b"0\n\r\n"),
    ("the end", chunk(GOOD) + b"0\r\n\n"),
]
CHUNKS = [
    *[
        refused(f"H16 chunk size {size!r}", chunks(size + b"\r\n{}\r\n" + LAST_CHUNK), library=BY_BOTH)
        for size in (b"0x2", b"-2", b"+2", b"zz", b"", b" 2", b"2 ", b"2,2")
    ],
    Row(
        "H16 chunk size of 17 digits",
        chunks(b"10000000000000002\r\n{}\r\n" + LAST_CHUNK),
        413,
        TOO_LARGE,
        closes=True,
        library={OLD: 413, NEW: 413},
    ),
    taken("H17 extensions", chunks(chunk(GOOD, b';a=b;c="d e"') + LAST_CHUNK), library={NEW: 400}),
    taken("H17 an extension of the last chunk", chunks(chunk(GOOD) + b"0;a\r\n\r\n"), library={NEW: 400}),
    *[
        refused(f"H17 extension with {bad!r}", chunks(chunk(GOOD, b";a" + bad) + LAST_CHUNK), library={NEW: 400})
        for bad in (b"\rb", b"\0", b"\x0b", b"\r")
    ],
    *[refused(f"H18 bare LF behind {where}", chunks(body), library={NEW: 400}) for where, body in BARE_LF],
    refused("H18 bare CR behind a size", chunks(b"%x\r" % len(GOOD) + GOOD + b"\r\n" + LAST_CHUNK), library=BY_BOTH),
    *[
        refused(
            f"H19 chunk data, then {end!r}", chunks(b"%x\r\n" % len(GOOD) + GOOD + end + LAST_CHUNK), library=BY_BOTH
        )
        for end in (b"", b"xx", b"\r", b"\0\n", b"\r\r\n")
    ],
    taken("H20 trailers", chunks(chunk(GOOD) + b"0\r\nAuthorization: Bearer x\r\nContent-Length: 3\r\n\r\n")),
    taken("chunks of one octet", chunks(b"".join(chunk(GOOD[i : i + 1]) for i in range(len(GOOD))) + LAST_CHUNK)),
    taken("sizes with leading zeros", chunks(b"000" + chunk(GOOD) + b"00\r\n\r\n")),
]

LINES = [
    refused("H22 bare LF everywhere", posted(b"").replace(b"\r\n", b"\n"), library={NEW: 400}),
    refused("H22 bare LF behind the first line", posted(b"").replace(b"\r\n", b"\n", 1), library={NEW: 400}),
    refused("H22 bare LF behind the first field", posted(b"").replace(HOST, HOST[:-2] + b"\n"), library={NEW: 400}),
    refused("H22 bare LF behind a field", posted(b"X: a\nY: b\r\n"), library={NEW: 400}),
    refused("H22 bare LF behind the last field", posted(b"X: a\n"), library={NEW: 400}),
    refused("H22 bare LF behind a field without a value", posted(b"X:\n"), library={NEW: 400}),
    refused("H22 bare LF for the empty line", posted(b"").replace(b"\r\n\r\n", b"\r\n\n"), library={NEW: 400}),
    refused("H22 LF LF", posted(b"X: a").replace(b"a\r\n", b"a\n\n"), library={NEW: 400}),
    refused("H23 bare CR in a value", posted(b"X: a\rb\r\n"), library={NEW: 400}),
    refused("H23 CR CR LF", posted(b"X: a\r\r\n"), library={NEW: 400}),
    refused("H23 bare CR that hides a field", posted(b"X: a\rTransfer-Encoding: chunked\r\n"), library={NEW: 400}),
    refused("H23 bare CR in a name", posted(b"X\rY: a\r\n"), library={NEW: 400}),
    *[
        refused(f"H24 NUL in value {value!r}", posted(b"X: " + value + b"\r\n"), library={NEW: 400})
        for value in (b"a\0b", b"a\0", b"\0", b"\0a")
    ],
    refused("H24 NUL in the first value", posted(b"").replace(b"0.1\r\n", b"0.1\0\r\n", 1), library={NEW: 400}),
    refused("H25 NUL in a name", posted(b"X\0: a\r\n"), library=BY_BOTH),
    refused("H25 NUL before a name", posted(b"\0X: a\r\n"), library={NEW: 400}),
    refused("H32 a folded field", posted(b"X: a\r\n b\r\n"), library={NEW: 400}),
    refused("H32 a field folded by tab", posted(b"X: a\r\n\tb\r\nY: b\r\n"), library={NEW: 400}),
    refused("H32 a field folded twice", posted(b"X: a\r\n b\r\n c\r\n"), library={NEW: 400}),
    refused("H32 a fold with nothing in it", posted(b"X: a\r\n \r\n"), library={NEW: 400}),
    refused("H33 a folded length", framed(b"Content-Length: 1\r\n " + NUMBER + b"\r\n"), library={NEW: 400}),
    refused("H33 a length on the next line", framed(b"Content-Length:\r\n " + NUMBER + b"\r\n"), library={NEW: 400}),
    refused("H33 a folded encoding", framed(b"Transfer-Encoding: x\r\n chunked\r\n", LAST_CHUNK), library={NEW: 400}),
    refused(
        "H34 a space before the first field", head(b" X: a\r\n" + HOST + JSON_TYPE + LENGTH, GOOD), library={NEW: 400}
    ),
    refused(
        "H34 a tab before the first field", head(b"\tX: a\r\n" + HOST + JSON_TYPE + LENGTH, GOOD), library={NEW: 400}
    ),
    refused("H35 a space before the colon", posted(b"X-A : a\r\n"), library={NEW: 400}),
    refused("H35 a tab before the colon", posted(b"X-A\t: a\r\n"), library={NEW: 400}),
    refused("H35 a space in a name", posted(b"X A: a\r\n"), library={NEW: 400}),
    *[
        refused(f"H35 {name!r} as a name", posted(name + b": a\r\n"))
        for name in (b"X(", b"X\xc3\xa4", b'"X"', b"X{", b"X/")
    ],
    refused("H36 no colon", posted(b"no-colon\r\n"), library=BY_BOTH),
    refused("H37 no name, among the fields", posted(b": a\r\nX: b\r\n"), library={NEW: 400}),
    refused("H37 no name, in the last field", posted(b": a\r\n"), library={NEW: 400}),
    refused("H37 no name, in the first field", head(b": a\r\n" + HOST + JSON_TYPE + LENGTH, GOOD), library={NEW: 400}),
    refused("H37 no name, that hides a length", framed(b":\r\nContent-Length: 1\r\n", b"x"), library={NEW: 400}),
    refused("H38 no Host", head(JSON_TYPE + LENGTH, GOOD), library={NEW: 400}),
    refused("H39 two Hosts", posted(HOST)),
    refused("H39 a Host that is none", head(b"Host: a b\r\n" + JSON_TYPE + LENGTH, GOOD)),
]

TARGETS = [
    refused("H26 NUL in the target", started(b"POST /v1/messages\0 HTTP/1.1\r\n"), library={NEW: CLOSED}),
    refused("H26 NUL behind another target", target(b"/\0/v1/messages"), library={NEW: CLOSED}),
    *[
        Row(f"{row} {path.decode()}", target(path), 404, "not-found", closes=True)
        for row, path in (
            ("H27", b"/v1/messages%00"),
            ("H27", b"/%00"),
            ("H28", b"/v1/messages%0d%0a"),
            ("H28", b"/%0d%0aX:%20a"),
            ("H29", b"/v1/../admin"),
            ("H29", b"//v1//messages"),
            ("H29", b"/%2e%2e/metrics"),
            ("H29", b"/v1/./messages"),
            ("H29", b"/v1/messages/"),
            ("H29", b"/V1/messages"),
            ("H29", b"/v1/%6dessages"),
            ("H29", b"/nothing"),
        )
    ],
    refused("H30 another host", target(b"http://example.com/")),
    refused("H30 a user before the host", target(b"http://a@127.0.0.1/")),
    Row("H30 another scheme", target(b"ftp://127.0.0.1/"), 404, "not-found", closes=True),
    refused("H31 a space in the target", target(b"/v1/mess ages"), library={NEW: 400}),
    refused("H31 two spaces before the target", target(b" /"), library={NEW: 400}),
    refused("H31 two spaces behind the target", target(b"/ "), library={NEW: 400}),
    refused("H31 a space behind the version", target(b"/", version=b"HTTP/1.1 "), library=BY_BOTH),
    refused("H31 a tab for a space", b"GET\t/ HTTP/1.1\r\n" + HOST + b"\r\n", library={OLD: 400, NEW: CLOSED}),
    refused("H31 a fragment", target(b"/#a")),
    refused("H31 a byte that is not ASCII", target(b"/\xc3\xa4")),
    refused("H31 a control", target(b"/\x01")),
    Row("H40 HTTP/2.0", target(b"/", version=b"HTTP/2.0"), 505, closes=True, library={OLD: 505, NEW: 505}),
    Row(
        "H40 the preface of HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, closes=True, library={OLD: 505, NEW: 505}
    ),
    refused("H41 HTTP/1.2", target(b"/", version=b"HTTP/1.2")),
    refused("H41 HTTP/1.9", started(b"POST /v1/messages HTTP/1.9\r\n")),
    refused("H42 HTTP/0.9", b"GET /\r\n", library=BY_BOTH),
    refused("H42 FOO/1.1", target(b"/", version=b"FOO/1.1"), library=BY_BOTH),
    refused("H42 in small letters", target(b"/", version=b"http/1.1"), library=BY_BOTH),
    Row("H42 HTTP/0.9 that says so", target(b"/", version=b"HTTP/0.9"), 505, closes=True, library={OLD: 505, NEW: 505}),
    Row("H46 target of 40 kB", target(b"/" + b"x" * 40000), 414, closes=True, library={OLD: 414, NEW: 414}),
]

NOT_HERE = "method-not-allowed"
METHODS = [
    *[
        Row(
            f"{row} {method[:10].decode()}",
            target(b"/v1/messages", method),
            405,
            NOT_HERE,
            fields={"allow": "POST"},
            closes=True,
        )
        for row, method in (
            ("H43", b"post"),
            ("H43", b"X" * 5000),
            ("H43", b"BREW"),
            ("H44", b"GET"),
            ("H44", b"HEAD-"),
            ("H44", b"PUT"),
            ("H44", b"DELETE"),
            ("H44", b"PATCH"),
            ("H44", b"TRACE"),
            ("H44", b"CONNECT"),
        )
    ],
    Row("H44 POST to a page", post(b"{}", path=b"/"), 405, NOT_HERE, fields={"allow": "GET, HEAD"}, closes=True),
    Row("H44 CONNECT to a relay", target(b"smtp.example.com:25", b"CONNECT"), 404, "not-found", closes=True),
    Row("H45 OPTIONS *", target(b"*", b"OPTIONS"), 405, NOT_HERE, fields={"allow": "POST, GET, HEAD"}, closes=True),
    Row("H45 OPTIONS of a path", target(b"/v1/messages", b"OPTIONS"), 405, NOT_HERE, fields={"allow": "POST"}),
]

FIELDS = [
    Row("H47 header of 40 kB", posted(b"X: " + b"x" * 40000 + b"\r\n"), 431, closes=True, library={OLD: 431, NEW: 431}),
    Row("H47 2,000 fields", posted(b"X: a\r\n" * 2000), 431, closes=True, library={OLD: 431, NEW: 431}),
    Row("H47 101 fields", posted(b"X: a\r\n" * 98), 431, MALFORMED, closes=True),
    taken("H47 100 fields", framed(LENGTH + b"X: a\r\n" * 97)),
    taken("a field of 12 kB", framed(LENGTH + b"X: " + b"x" * 12000 + b"\r\n")),
    taken(
        "H48 h2c", framed(LENGTH + b"Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n")
    ),
    taken(
        "H48 a WebSocket",
        framed(LENGTH + b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"),
    ),
    taken("Expect: 100-continue", framed(LENGTH + b"Expect: 100-Continue\r\n")),
    Row("H50 Expect: junk", posted(b"Expect: junk\r\n"), 417, MALFORMED, closes=True),
    Row("H50 two expectations", posted(b"Expect: 100-continue\r\n" * 2), 417, MALFORMED, closes=True),
    Row("H50 an expectation that is empty", posted(b"Expect:\r\n"), 417, MALFORMED, closes=True),
    Row(
        "H50 100-continue without a body",
        target(b"/")[:-2] + b"Expect: 100-continue\r\n\r\n" + target(b"/"),
        417,
        MALFORMED,
        closes=True,
    ),
    taken("HTTP/1.0", framed(LENGTH, start=b"POST /v1/messages?dry_run=true HTTP/1.0\r\n")),
    taken("HTTP/1.0 without Host", head(JSON_TYPE + LENGTH, GOOD, b"POST /v1/messages?dry_run=true HTTP/1.0\r\n")),
    taken("HTTP/1.0 with no field at all", b"GET / HTTP/1.0\r\n\r\n"),
    taken("absolute form", started(b"POST http://127.0.0.1/v1/messages?dry_run=true HTTP/1.1\r\n")),
    taken("many parameters in the query", target(b"/?" + b"&".join(b"a=b" for _ in range(2000)))),
    taken("a cookie", framed(LENGTH + b"Cookie: a=b; c=d\r\n")),
]

# What libmicrohttpd 0.9 does not let anyone see: it is taken, and nothing behind it.
CHUNKS += [
    taken(f"H18 bare LF behind {where}", chunks(body), closes=True, library={NEW: 400})
    for where, body in BARE_LF_AT_THE_END
]

TLS_HELLO = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\xaa" * 64 + b"\r\n\r\n"
OTHERS = [Row("H60 TLS hello on a plain port", TLS_HELLO, CLOSED)]

table([*LENGTHS, *ENCODINGS, *CHUNKS, *LINES, *TARGETS, *METHODS, *FIELDS, *OTHERS], play)


# --- Before, in and behind a body -----------------------------------------------------------------------------------


@case("H8 a body over the limit is refused before it is read, and both sizes are told")
def refused_before_read():
    with Connection(running().address, seconds(5)) as connection:
        connection.send(framed(b"Content-Length: 1000000000\r\n", b""))
        answer = connection.answer()
        check_equal((answer.status, answer.json()["code"]), (413, TOO_LARGE))
        for number in ("1000000000", str(MAX_BODY)):
            check(number in answer.json()["detail"], f"limit and size are not told: {answer.json()['detail']}")


@case("H49 what is refused behind Expect: 100-continue is refused without a 100")
def refused_without_continue():
    expecting = b"Expect: 100-continue\r\n"
    refusals = {
        413: framed(b"Content-Length: 1000000000\r\n" + expecting, b""),
        415: head(HOST + LENGTH + expecting),
        417: framed(expecting, b""),
        400: framed(LENGTH + HOST + expecting, b""),
        405: head(HOST + LENGTH + expecting, start=b"PUT /v1/messages HTTP/1.1\r\n"),
        404: head(HOST + LENGTH + expecting, start=b"POST /nothing HTTP/1.1\r\n"),
    }
    for status, request in refusals.items():
        with Connection(running().address, seconds(5)) as connection:
            connection.send(request)
            got = connection.sock.recv(4096)
            check(got.startswith(b"HTTP/1.1 %d " % status), f"wanted {status} at once, got {got[:100]}")


@case("H21 endless chunks of one octet: 413 in their midst")
def endless_chunks():
    with Connection(running().address, seconds(20)) as connection:
        connection.send(framed(CHUNKED, b""))
        for _ in range(MAX_BODY // 1024 + 1):
            connection.send(chunk(b" ") * 1024)
        answer = connection.answer()
        check_equal((answer.status, answer.json()["code"]), (413, TOO_LARGE))
        check(connection.is_closed(), "the connection is kept")


@case("H51 a short body and FIN: closed, and nothing is sent")
def short_body():
    for lines, body in ((LENGTH, GOOD[:-1]), (CHUNKED, chunk(GOOD)), (CHUNKED, chunk(GOOD) + b"0\r\n"), (b"", b"")):
        with Connection(running().address, seconds(10)) as connection:
            connection.send(framed(lines, body, b"POST /v1/messages HTTP/1.1\r\n") if lines else HOST)
            connection.sock.shutdown(socket.SHUT_WR)
            check(connection.is_closed() or not lines, f"the connection is kept behind {lines} {body[-20:]}")


@case("H52 bytes behind a body are the next request, and stand for themselves")
def bytes_behind():
    with Connection(running().address, seconds(10)) as connection:
        connection.send(framed(LENGTH) + b"stray bytes\r\n\r\n")
        check_equal(connection.answer().status, 200, "status")
        with contextlib.suppress(EOFError):
            check_equal(connection.answer().status, 400, "status of the stray bytes")
        check(connection.is_closed(), "the connection is kept")
    with Connection(running().address, seconds(10)) as connection:
        connection.send(framed(LENGTH) + target(b"/v1/messages") + target(b"/"))
        check_equal([connection.answer().status for _ in range(2)], [200, 405], "statuses")
        check(connection.is_closed(), "read on behind a refusal")


@case("H53 pipelined requests are answered in order")
def pipelined():
    with Connection(running().address, seconds(10)) as connection:
        bodies = [GOOD.replace(b"Hello", b"number %d" % i, 1) for i in range(20)]
        connection.send(b"".join(framed(b"Content-Length: %d\r\n" % len(body), body) + target(b"/") for body in bodies))
        for i in range(20):
            check(f"number {i}" in connection.answer().json()["message"], f"message {i} is out of order")
            check_equal(connection.answer().status, 200, "the page between")


@case("H9 white space behind chunked is taken, unless libmicrohttpd would take it for another coding")
def space_behind_chunked():
    for space in (b" ", b"\t", b" \t "):
        answer, closed = converse(framed(CHUNKED[:-2] + space + b"\r\n", chunk(GOOD) + LAST_CHUNK))
        if library_version() == OLD:
            check_equal((answer.status, answer.json()["code"], closed), (400, MALFORMED, True), "answer")
        else:
            check_equal(answer.status, 200, "status")


@case("behind chunks the next request is read where they were all seen, else the connection is closed")
def behind_chunks():
    with Connection(running().address, seconds(10)) as connection:
        connection.send(chunks(chunk(GOOD) + LAST_CHUNK))
        closes = connection.answer().field("connection") == "close"
        check_equal(closes, library_version() == OLD, "closed")
        if closes:
            check(connection.is_closed(), "the connection is kept")


# --- What is right is taken, however it comes -----------------------------------------------------------------------

MANY_FIELDS = b"".join(b"X-%d: \t%s \t\r\n" % (i, b"x" * (i * 7 % 300)) for i in range(90))


@case("a right request is taken octet by octet")
def octet_by_octet():
    for request in (
        framed(LENGTH + b"X:\r\nY: \t a\r\n"),
        chunks(chunk(GOOD[:9], b"" if library_version() == NEW else b";a=b") + chunk(GOOD[9:]) + LAST_CHUNK),
        target(b"/"),
    ):
        with Connection(running().address, seconds(10)) as connection:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.drip(request, 0.0005)
            check_equal(connection.answer().status, 200, "status")


@case("a header that outgrows the buffer is taken, in any pieces, again and again on one connection")
def growing_header():
    request = framed(MANY_FIELDS + LENGTH)
    for size in (1, 7, 100, 1000, 1460, 4096, len(request)) if not SANITIZED else (100, 1460):
        with Connection(running().address, seconds(20)) as connection:
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for _ in range(3):
                for at in range(0, len(request), size):
                    connection.send(request[at : at + size])
                    if size >= 100:
                        time.sleep(0.0005)
                check_equal(connection.answer().status, 200, f"status, in pieces of {size}")


@case("pipelined requests with large headers are taken")
def large_and_pipelined():
    with Connection(running().address, seconds(20)) as connection:
        for _ in range(10):
            connection.send((framed(MANY_FIELDS + LENGTH) + target(b"/")) * 3)
        check_equal([connection.answer().status for _ in range(60)], [200] * 60, "statuses")


@case("each right request is taken cut in two at each octet")
def cut_in_two():
    request = framed(b"X: a\r\n" + LENGTH + b"Y:\r\n")
    with Connection(running().address, seconds(20)) as connection:
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(1, len(request)):
            connection.send(request[:at])
            time.sleep(0.001)
            connection.send(request[at:])
            check_equal(connection.answer().status, 200, f"status, cut at {at}")


if __name__ == "__main__":
    main(jobs=4)
