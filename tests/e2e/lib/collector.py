"""A collector of traces: takes OTLP/HTTP in JSON, holds it to the specification, and misbehaves where it is told to.

`faults` are what it does in place of an answer, one for each request, the last again and again: a status, bytes, or a
function of (handler) that talks by itself.
"""

import http.server
import json
import re
import threading
import time

from .harness import Failure, check, check_equal, seconds

HEX = {"traceId": 32, "spanId": 16, "parentSpanId": 16}
KINDS = {1: "INTERNAL", 2: "SERVER", 3: "CLIENT"}


def attributes_of(owner):
    found = {}
    for attribute in owner.get("attributes", []):
        check_equal(set(attribute), {"key", "value"}, "members of an attribute")
        ((kind, value),) = attribute["value"].items()
        if kind == "intValue":
            check(isinstance(value, str) and re.fullmatch(r"-?\d+", value), f"an intValue is a decimal text: {value!r}")
            value = int(value)
        else:
            check_equal((kind, isinstance(value, str)), ("stringValue", True), f"the value of {attribute['key']}")
        check(attribute["key"] not in found, f"{attribute['key']} stands twice")
        found[attribute["key"]] = value
    return found


def read_span(span):
    """A span, checked, its attributes a dict."""
    for name, digits in HEX.items():
        if name in span or name != "parentSpanId":
            check(re.fullmatch(rf"[0-9a-f]{{{digits}}}", span[name]) and int(span[name], 16), f"{name}: {span[name]}")
    check(span["kind"] in KINDS, f"kind {span['kind']}")
    began, ended = int(span["startTimeUnixNano"]), int(span["endTimeUnixNano"])
    check(isinstance(span["startTimeUnixNano"], str), "64 bits are a text")
    check(ended >= began and abs(ended / 1e9 - time.time()) < 600, f"from {began} to {ended}")
    return {**span, "kind": KINDS[span["kind"]], "attributes": attributes_of(span), "began": began, "ended": ended}


def read_request(body):
    """All spans of one request."""
    spans = []
    for resource in json.loads(body)["resourceSpans"]:
        names = attributes_of(resource["resource"])
        check_equal(names["service.name"], "postern", "service")
        for scope in resource["scopeSpans"]:
            check_equal(scope["scope"]["name"], "postern", "scope")
            spans += [read_span(span) for span in scope["spans"]]
    return spans


class Collector:
    """A context manager; `spans` are those that it took, `requests` (path, header, body) of all that came."""

    def __init__(self, *faults, context=None):
        self.faults, self.requests, self.spans, self.problems = list(faults), [], [], []
        self.lock = threading.Lock()
        collector = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                collector._serve(self)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            def handle_error(self, *_):
                """Whoever hangs up has been served what he is worth."""

        self.server = Server(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.block_on_close = False
        if context:
            self.server.socket = context.wrap_socket(
                self.server.socket, server_side=True, do_handshake_on_connect=False
            )
        self.port = self.server.server_address[1]
        self.released = threading.Event()
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, kind, *_):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        if kind is None and self.problems:
            raise Failure(f"spans that are none: {self.problems[0]}")

    def _next_fault(self):
        with self.lock:
            return self.faults.pop(0) if len(self.faults) > 1 else (self.faults or [None])[0]

    def _serve(self, handler):
        fault = self._next_fault()
        if callable(fault):
            with self.lock:
                self.requests.append((handler.path, handler.headers, None))
            fault(handler)
            handler.close_connection = True
            return
        body = handler.rfile.read(int(handler.headers["Content-Length"]))
        with self.lock:
            self.requests.append((handler.path, handler.headers, body))
        if isinstance(fault, bytes):
            handler.wfile.write(fault)
            handler.close_connection = True
            return
        if not fault:
            self._take(body)
        handler.send_response(fault or 200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", "2")
        handler.end_headers()
        handler.wfile.write(b"{}")

    def _take(self, body):
        try:
            spans = read_request(body)
            with self.lock:
                self.spans += spans
        except (Failure, KeyError, ValueError) as problem:
            self.problems.append(repr(problem))

    def url(self, scheme="http"):
        return f"{scheme}://127.0.0.1:{self.port}"

    def stall(self, handler):
        """A fault: nothing is read, nothing is said, until the test ends."""
        self.released.wait(seconds(60))
