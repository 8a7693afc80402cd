"""Rows of the table of HTTP inputs: a request written by hand, and the answer that it must get.

All rows of a script go to one gateway, and at its end the relay must not have seen a single byte: what is refused
reaches nobody. A row that is taken is a dry run.

libmicrohttpd answers some of them by itself, in words of its own, and 0.9 not the same as 1.0: such an answer stands
beside ours in the row, and tests/http/README.md tells of it.
"""

import ctypes
import functools
import json
import re
import threading
from dataclasses import dataclass, field

from . import gateway
from .gateway import Gateway, message
from .harness import SANITIZED, check, check_equal, last_case, seconds
from .raw_http import HOST, JSON_TYPE, Connection, post
from .scripted_relay import ScriptedRelay

MAX_BODY = 65536
GOOD = json.dumps(message()).encode()
LENGTH = b"Content-Length: %d\r\n" % len(GOOD)
CHUNKED = b"Transfer-Encoding: chunked\r\n"

MALFORMED, TOO_LARGE = "malformed-http", "payload-too-large"
BEFORE_THE_ROUTE = (MALFORMED, "not-found", "method-not-allowed")  # no message was to be sent yet

CLOSED = 0  # in place of a status: the connection is closed without an answer
OLD, NEW = "0.9", "1.0"


@dataclass
class Row:
    name: str
    request: bytes
    status: int
    code: str = ""  # of the problem
    pointers: list = field(default_factory=list)  # of the errors, all of them
    fields: dict = field(default_factory=dict)  # of the answer's header
    closes: bool = False
    library: dict = field(default_factory=dict)  # what libmicrohttpd answers by itself: status by version


def head(lines, body=b"", start=b"POST /v1/messages?dry_run=true HTTP/1.1\r\n"):
    """A request whose header is written by hand."""
    return start + lines + b"\r\n" + body


def framed(lines, body=GOOD, start=b"POST /v1/messages?dry_run=true HTTP/1.1\r\n"):
    return head(HOST + JSON_TYPE + lines, body, start)


def posted(fields, body=GOOD):
    """A good request but for some header fields of its own."""
    return post(body, fields)


def target(path, method=b"GET", version=b"HTTP/1.1"):
    return method + b" " + path + b" " + version + b"\r\n" + HOST + b"\r\n"


def chunk(data, extension=b""):
    return b"%x" % len(data) + extension + b"\r\n" + data + b"\r\n"


# --- Playing them ---------------------------------------------------------------------------------------------------

_relay = ScriptedRelay()
_gateway = Gateway(_relay, max_body_bytes=MAX_BODY, timeout_http_idle=gateway.milliseconds(2))
_starting = threading.Lock()


def running():
    with _starting:
        if _gateway.process is None:
            _relay.__enter__()
            _gateway.__enter__()
    return _gateway


@functools.cache
def library_version():
    """Of the libmicrohttpd that the gateway has loaded: OLD or NEW."""
    with open(f"/proc/{running().process.pid}/maps", encoding="utf-8") as maps:
        path = re.search(r"/\S*libmicrohttpd\.so\S*", maps.read())
    library = ctypes.CDLL(path[0])
    library.MHD_get_version.restype = ctypes.c_char_p
    return OLD if library.MHD_get_version().startswith(b"0.9.") else NEW


def converse(request):
    """(answer or None, whether the server has closed behind it) of one request on a connection of its own."""
    with Connection(running().address, seconds(10)) as connection:
        connection.send(request)
        try:
            answer = connection.answer()
        except (EOFError, ConnectionResetError):
            return None, True
        return answer, answer.field("connection") == "close" and connection.is_closed()


def play(row):
    answer, closed = converse(row.request)
    status = answer.status if answer else CLOSED
    by_library = row.library.get(library_version())
    if by_library is not None:
        check_equal(status, by_library, "status by libmicrohttpd itself")
        check(closed, "libmicrohttpd keeps the connection")
        check(not answer or answer.field("content-type") != "application/problem+json", "it was not libmicrohttpd's")
        return
    check_equal(status, row.status, f"status ({answer.body[:300] if answer else ''})")
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


@last_case("not one byte reached the relay, and the gateway stops in peace")
def nothing_reached_the_relay():
    if _gateway.process is None:
        return
    check_equal([c.dialogue for c in _relay.connections], [], "connections to the relay")
    if not SANITIZED:
        check(
            running().status_field("VmHWM") < 100 * 1024, f"the gateway grew to {running().status_field('VmHWM')} KiB"
        )
    _gateway.__exit__(None, None, None)
    _relay.stop()
