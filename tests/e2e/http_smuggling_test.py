#!/usr/bin/env python3
"""Requests that are broken at random, read twice: by the gateway, and by a strict reader of our own (lib/strict_http).

Where one would see other requests, or another body, than the other, there is room for smuggling between a proxy and
the gateway: that is a finding, and the test fails with the bytes. POSTERN_SMUGGLING_STREAMS says how many are tried
(8,000), POSTERN_SMUGGLING_SEED with which begins.
"""

import json
import os
import random
import re
import socket
import time

from lib.gateway import message
from lib.harness import Failure, case, main, seconds
from lib.http_rows import CHUNKED, NEW, OLD, chunk, library_version, running
from lib.raw_http import HOST, JSON_TYPE, Connection
from lib.strict_http import read_stream

STREAMS = int(os.environ.get("POSTERN_SMUGGLING_STREAMS", "8000"))
SEED = int(os.environ.get("POSTERN_SMUGGLING_SEED", "1"))
WORKERS = 4
QUIET_S = 0.05  # for an answer that should not come

# --- Making them ----------------------------------------------------------------------------------------------------

LINE_ENDS = (
    b"\n",
    b"\r",
    b"\r\r\n",
    b"\n\r",
    b"\r\n ",
    b"\r\n\t",
    b"\0\r\n",
    b"\r\n\r\n",
    b"\n\n",
    b" \r\n",
    b"\x0b\r\n",
    b"",
)
BYTES = (b"\0", b"\r", b"\n", b"\r\n", b" ", b"\t", b":", b",", b";", b"\x0b", b"\x7f", b"\x80", b"0", b"+", b"?", b"#")
LINES = (
    b"Content-Length: 0\r\n",
    b"Content-Length: 5\r\n",
    b"Content-Length : 5\r\n",
    b"Content-Length: +5\r\n",
    b"Content-Length: 5, 5\r\n",
    b"Content-Length:\r\n 5\r\n",
    b"content-length: 0005\r\n",
    b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding : chunked\r\n",
    b"Transfer-Encoding:\tchunked \r\n",
    b"Transfer-Encoding: xchunked\r\n",
    b"Transfer-Encoding: chunked, identity\r\n",
    b"Transfer-Encoding:\r\n chunked\r\n",
    b"transfer-encoding: CHUNKED\r\n",
    b"Expect: 100-continue\r\n",
    b"Connection: close\r\n",
    b"Connection: keep-alive\r\n",
    b"Host: other\r\n",
    b": nameless\r\n",
    b":\n",
    b"no colon\r\n",
    b" leading: space\r\n",
    b"X:\r\n",
    b"X: a\n",
    b"X: a\0b\r\n",
    b"X: a\r\n b\r\n",
    b"\r\n",
    b"\n",
    b"0\r\n\r\n",
    b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
)


def one_request(chance, number):
    body = json.dumps(message(subject=f"number {number:06}")).encode()
    kind = chance.randrange(4)
    if kind == 0:
        return b"GET / HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n"
    start = b"POST /v1/messages?dry_run=true HTTP/1.1\r\n" + HOST + JSON_TYPE
    if kind < 3:
        return start + b"X: a\r\nContent-Length: %d\r\n\r\n" % len(body) + body
    cut = sorted(chance.randrange(len(body)) for _ in range(2))
    pieces = [piece for piece in (body[: cut[0]], body[cut[0] : cut[1]], body[cut[1] :]) if piece]
    return (
        start
        + chance.choice((CHUNKED, CHUNKED, b"Transfer-Encoding: chunked \t\r\n"))
        + b"\r\n"
        + b"".join(map(chunk, pieces))
        + b"0\r\n"
        + chance.choice((b"", b"X: y\r\n"))
        + b"\r\n"
    )


def change_line_end(chance, stream):
    ends = [at for at in range(len(stream) - 1) if stream[at : at + 2] == b"\r\n"]
    at = chance.choice(ends or [0])
    return stream[:at] + chance.choice(LINE_ENDS) + stream[at + 2 :]


def insert_line(chance, stream):
    begins = [at + 2 for at in range(len(stream) - 1) if stream[at : at + 2] == b"\r\n"]
    at = chance.choice(begins or [0])
    return stream[:at] + chance.choice(LINES) + stream[at:]


def insert_byte(chance, stream):
    at = chance.randrange(len(stream) + 1)
    return stream[:at] + chance.choice(BYTES) + stream[at:]


def change_byte(chance, stream):
    at = chance.randrange(len(stream))
    return stream[:at] + bytes([chance.randrange(256)]) + stream[at + 1 :]


def delete_bytes(chance, stream):
    at = chance.randrange(len(stream))
    return stream[:at] + stream[at + chance.choice((1, 1, 1, 2, 5)) :]


def change_digit(chance, stream):
    digits = [at for at in range(len(stream)) if stream[at : at + 1].isdigit()]
    at = chance.choice(digits or [0])
    return stream[:at] + b"%d" % chance.randrange(10) + stream[at + 1 :]


def double_a_line(chance, stream):
    lines = stream.split(b"\r\n")
    at = chance.randrange(len(lines))
    return b"\r\n".join([*lines[:at], lines[at], *lines[at:]])


CHANGES = (change_line_end, change_line_end, insert_line, insert_line, insert_byte, change_byte, delete_bytes)
CHANGES += (change_digit, double_a_line)


def make_stream(chance, number):
    """Some requests, broken, and behind them one that ends the connection, unless it became a part of another."""
    stream = b"".join(one_request(chance, number * 10 + i) for i in range(chance.randrange(1, 4)))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 2, 3))):
        stream = chance.choice(CHANGES)(chance, stream)
    return stream + b"GET /sentinel HTTP/1.1\r\n" + HOST + b"\r\n"


# --- Reading them ---------------------------------------------------------------------------------------------------


def send(connection, stream, chance):
    """In one piece, or in several that arrive one by one."""
    cuts = sorted(chance.randrange(len(stream)) for _ in range(chance.choice((0, 0, 0, 0, 0, 0, 1, 3))))
    connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        connection.send(stream[begin:end])
        if end < len(stream):
            time.sleep(0.0005)


def ask_gateway(stream, wanted, chance):
    """Up to one answer more than are wanted; whether the connection was closed behind them."""
    answers = []
    with Connection(running().address, seconds(10)) as connection:
        send(connection, stream, chance)
        try:
            while len(answers) <= wanted:
                connection.sock.settimeout(seconds(10) if len(answers) < wanted else seconds(QUIET_S))
                answers.append(connection.answer())
        except (EOFError, ConnectionResetError):
            return answers, True
        except TimeoutError:
            if len(answers) < wanted:
                raise
    return answers, False


# What is in a trailer is not looked at. What libmicrohttpd 0.9 repairs unseen (tests/http/README.md): behind chunks
# and before a request, ...
UNSEEN = {
    OLD: ("trailer", "bare LF behind chunk size", "end of chunk", "bare LF behind the first line", "empty line"),
    NEW: ("trailer: trailer ",),
}
# ... and what cannot be told from the end of a line, or of the header, when each NUL, CR and LF has become NUL.
DISGUISED_IN_OLD = re.compile(rb"\0\n|\r\n:\n|\n\0\r\n|\0\r\n\n")
# What is right, and refused by one of them.
ODD = {OLD: {b"space behind content-length", b"space behind transfer-encoding"}, NEW: {b"chunk extension"}}


def may_differ(request):
    """The gateway may take this wrong request, or refuse this right one."""
    if request.notes & ODD[library_version()] or request.wrong.startswith(UNSEEN[library_version()]):
        return True
    return library_version() == OLD and DISGUISED_IN_OLD.search(request.octets)


def refuses_framing(answer):
    return answer.field("content-type") != "application/problem+json" or answer.json()["code"] == "malformed-http"


def takes_no_body(request):
    return (request.method, request.path()) != (b"POST", b"/v1/messages")


def differs(request, answer):
    """What the gateway's answer shows that the request is not, if anything."""
    if request.wrong:
        return f"taken, though wrong ({request.wrong})" if answer.status < 400 else ""
    if answer.status == 200 and not takes_no_body(request):
        try:
            subject = json.loads(request.body)["subject"]
        except (ValueError, TypeError, KeyError):
            return "taken, with a body that is no message"
        return "" if f"Subject: {subject}\r\n" in answer.json()["message"] else "taken with another body"
    if answer.status in (400, 505) and refuses_framing(answer):
        return "" if request.body and takes_no_body(request) else f"refused, though right ({answer.body[:200]})"
    return ""


def compare(stream, chance):
    """What is wrong with the gateway's reading, or nothing."""
    requests, whole = read_stream(stream)
    answers, closed = ask_gateway(stream, len(requests), chance)
    for i, request in enumerate(requests):
        if may_differ(request):
            return ""
        if i == len(answers):
            return "" if request.wrong and closed else f"no answer to request {i}: {request}"
        if found := differs(request, answers[i]):
            return f"request {i} {found}: {request}"
        if answers[i].field("connection") == "close":
            return "" if len(answers) == i + 1 else f"an answer behind the last, {i}"
    if len(answers) > len(requests):
        # A header alone may be enough to refuse a request that has no end.
        refused = not whole and answers[-1].status >= 400 and answers[-1].field("connection") == "close"
        return "" if refused else f"{len(answers)} answers to {len(requests)} requests: {answers[-1]}"
    return ""


def play(first):
    for number in range(first, STREAMS, WORKERS):
        chance = random.Random(f"{SEED} {number}")
        stream = make_stream(chance, number)
        try:
            found = compare(stream, chance)
        except TimeoutError:
            found = "no answer and no end"
        if found:
            raise Failure(f"seed {SEED}, stream {number}: {found}\n{stream!r}")


for worker in range(WORKERS):
    case(f"two readers see the same requests, {worker + 1} of {WORKERS}")(lambda worker=worker: play(worker))

if __name__ == "__main__":
    main(jobs=WORKERS)
