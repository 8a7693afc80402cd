#!/usr/bin/env python3
"""Where a message stands in a distributed trace: taken from its caller, told in the log and in the mail, and to a
collector as spans; and no collector, however bad, is ever to be seen in the mail."""

import concurrent.futures
import re
import signal
import socket
import ssl
import struct
import time
from email import message_from_bytes

from lib import certificates, gateway
from lib.collector import Collector
from lib.gateway import Gateway, message, milliseconds
from lib.harness import case, check, check_equal, eventually, main, seconds, table
from lib.prometheus import metrics_of
from lib.scripted_relay import ScriptedRelay

TRACE, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACEPARENT = {"traceparent": f"00-{TRACE}-{PARENT}-01"}
UNSAMPLED = {"traceparent": f"00-{TRACE}-{PARENT}-00"}


def logged_trace(running, message_id):
    line = eventually(lambda: re.search(rf"msg=message id={message_id}.*", running.log()), what="a line of the log")
    return re.search(r"trace_id=(\S+)", line[0])[1]


# --- What comes in -------------------------------------------------------------------------------------------------


@case("the trace of the caller is that of the message; where none came, or none that is one, the message's ID names it")
def trace_in_the_log():
    headers = {
        "a parent": (TRACEPARENT, True),
        "none": ({}, False),
        "another version": ({"traceparent": f"cc-{TRACE}-{PARENT}-01-more"}, True),
        "the forbidden version": ({"traceparent": f"ff-{TRACE}-{PARENT}-01"}, False),
        "zeros": ({"traceparent": f"00-{'0' * 32}-{PARENT}-01"}, False),
        "capitals": ({"traceparent": f"00-{TRACE.upper()}-{PARENT}-01"}, False),
        "a lie of an attack": ({"traceparent": 'x" level=error msg="'}, False),
        "8 kB": ({"traceparent": "0" * 8000}, False),
    }
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for name, (header, taken) in headers.items():
            answer = running.post(message(), header)
            check_equal(answer.status, 200, f"status with {name}")
            identity = answer.json()["id"]
            wanted = TRACE if taken else identity.replace("-", "")
            check_equal(logged_trace(running, identity), wanted, f"trace with {name}")


# --- What goes out with the mail ------------------------------------------------------------------------------------


@case("with trace_header each mail tells its trace, in a form that says so; a caller's own field stands")
def header_of_the_mail():
    with ScriptedRelay() as relay, Gateway(relay, trace_header="X-Traceparent") as running:
        running.post(message(), TRACEPARENT)
        running.post(message(headers={"x-traceparent": "mine"}), TRACEPARENT)
        finished = b"From: ann@example.com\r\nSubject: x\r\n\r\nx\r\n"
        running.post(finished, {**UNSAMPLED, "Content-Type": "message/rfc822"}, to="bob@example.net")
        dry = running.post(message(), {**TRACEPARENT, "Accept": "message/rfc822"}, dry_run="true")
        fields = [message_from_bytes(taken.content).get_all("X-Traceparent") for taken in relay.messages]
        fields.append(message_from_bytes(dry.body).get_all("X-Traceparent"))
    check_equal([len(field) for field in fields], [1, 1, 1, 1], "fields")
    check_equal(fields[1], ["mine"], "the caller's own")
    for (field,), flags in zip((fields[0], fields[2], fields[3]), ("01", "00", "01"), strict=True):
        match = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", field)
        check(match and match[1] == TRACE and match[2] != PARENT and match[3] == flags, f"{field} with flags {flags}")


@case("without trace_header no mail has one")
def no_header():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        running.post(message(), TRACEPARENT)
        check(TRACE.encode() not in relay.messages[0].content, "a mail tells its trace")


# --- Spans ----------------------------------------------------------------------------------------------------------


def spans_of(collector, count=1):
    """Those of so many messages, once they are there: {name: span}, in the order of their coming."""

    def complete():
        roots = [span for span in collector.spans if span["kind"] == "SERVER"]
        return len(roots) >= count and roots

    roots = eventually(complete, 15, f"the spans of {count} messages")
    return [
        {
            "root": root,
            **{span["name"]: span for span in collector.spans if span.get("parentSpanId") == root["spanId"]},
        }
        for root in roots
    ]


@case("a message is a span below the caller's, with one below it for each phase")
def whole_trace():
    ours = certificates.shared()
    relay = ScriptedRelay(tls="starttls", certificate=ours.server("good"), username="ann", password="secret")
    with relay, Collector() as collector:
        options = {"smtp_ca_file": ours.ca_file, "otlp_endpoint": collector.url()}
        with Gateway(f"smtp://ann:secret@127.0.0.1:{relay.port}", **options) as running:
            headers = {**TRACEPARENT, "tracestate": "rojo=1,congo=t61rcWkgMzE"}
            identity = running.post(message(to=["a@example.net", "b@example.net"]), headers).json()["id"]
            (trace,) = spans_of(collector)
            path, fields, _ = collector.requests[0]
    check_equal((path, fields["Content-Type"]), ("/v1/traces", "application/json"), "the request")
    root = trace.pop("root")
    check_equal((root["traceId"], root["parentSpanId"]), (TRACE, PARENT), "where the trace goes on")
    check_equal((root["name"], root["traceState"]), ("POST /v1/messages", "rojo=1,congo=t61rcWkgMzE"), "name, state")
    told = {name: root["attributes"][name] for name in ("postern.id", "postern.delivery", "postern.recipients")}
    check_equal(told, {"postern.id": identity, "postern.delivery": "sent", "postern.recipients": 2}, "attributes")
    check_equal(root["attributes"]["http.response.status_code"], 200, "status")
    check("status" not in root, "a message that was sent is an error")
    check_equal(set(trace), {"queued", "connect", "greeting", "tls", "auth", "mail", "data"}, "phases")
    for name, span in trace.items():
        check(root["began"] <= span["began"] <= span["ended"] <= root["ended"], f"{name} lies outside of the message")
        check_equal(span["traceId"], TRACE, f"trace of {name}")
        check_equal(span["attributes"].get("server.port"), None if name == "queued" else relay.port, f"port of {name}")
    check_equal(len({span["spanId"] for span in [root, *trace.values()]}), 8, "span IDs")
    check_equal(trace["tls"]["attributes"]["tls.protocol.version"], "TLSv1.3", "TLS")
    check_equal(trace["data"]["attributes"]["postern.reply_code"], 250, "reply")


@case("a message that fails is an error, with its problem; one that uses an open session has no phases of opening")
def failed_trace():
    steps = {"dot": ["250 Ok", "550 5.7.1 bob@example.net: no, and here is why"]}
    with ScriptedRelay(steps=steps) as relay, Collector() as collector:
        with Gateway(relay, otlp_endpoint=collector.url()) as running:
            running.post(message())
            identity = running.post(message()).json()["id"]
            _, trace = spans_of(collector, 2)
    root = trace.pop("root")
    check_equal(root["traceId"], identity.replace("-", ""), "its own trace")
    check("parentSpanId" not in root and "traceState" not in root, "a parent where none was")
    check_equal(root["status"]["code"], 2, "status")
    check_equal(root["attributes"]["error.type"], "message-rejected", "problem")
    check_equal(set(trace), {"queued", "mail", "data"}, "phases")
    check("here is why" not in repr(collector.spans) and "bob" not in repr(collector.spans), "the relay's words")


@case("what the caller does not sample is not told")
def not_sampled():
    with ScriptedRelay() as relay, Collector() as collector:
        with Gateway(relay, otlp_endpoint=collector.url()) as running:
            running.post(message(), UNSAMPLED)
            running.post(message())
            spans_of(collector)
        check(all(span["traceId"] != TRACE for span in collector.spans), "a span of a trace that is not sampled")
        check_equal(sum(span["kind"] == "SERVER" for span in collector.spans), 1, "messages")


@case("the endpoint's path, and the fields for it, are as OpenTelemetry has them; a new token comes with SIGHUP")
def endpoint_and_fields():
    with ScriptedRelay() as relay, Collector() as collector, gateway.harness.folder() as path:
        secret = f"{path}/headers"
        with open(secret, "w", encoding="ascii") as file:
            file.write("authorization=Bearer%20first,x-scope-orgid=7\n")
        options = {"otlp_endpoint": collector.url() + "/in/here/", "otlp_headers_file": secret}
        with Gateway(relay, **options) as running:
            running.post(message())
            spans_of(collector)
            with open(secret, "w", encoding="ascii") as file:
                file.write("authorization=Bearer%20second\n")
            running.signal(signal.SIGHUP)
            eventually(lambda: "was reloaded" in running.log(), what="a reload")
            running.post(message())
            spans_of(collector, 2)
            check("first" not in running.log() and "second" not in running.log(), "a token in the log")
    requests = [(where, fields["Authorization"], fields["X-Scope-OrgID"]) for where, fields, _ in collector.requests]
    check_equal(
        requests,
        [("/in/here/v1/traces", "Bearer first", "7"), ("/in/here/v1/traces", "Bearer second", None)],
        "requests",
    )


def secured(kind):
    chain, key = certificates.shared().server(kind)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(chain, key)
    return context


@case("by HTTPS too, where the certificate is to be trusted, and not where it is not")
def https():
    ours = certificates.shared()
    for kind, taken in (("good", True), ("self-signed", False)):
        with ScriptedRelay() as relay, Collector(context=secured(kind)) as collector:
            options = {"otlp_endpoint": collector.url("https"), "otlp_ca_file": ours.ca_file}
            with Gateway(relay, **options) as running:
                check_equal(running.post(message()).status, 200, "status")
                if taken:
                    spans_of(collector)
                else:
                    eventually(lambda: dropped(running) == 1, 15, "a drop")
                    check("the certificate is not accepted" in running.log(), "the log does not say why")
                    check_equal(collector.requests, [], "requests")


def dropped(running, **labels):
    return metrics_of(running).sum("postern_traces_dropped_total", **labels)


# --- Collectors that are bad ----------------------------------------------------------------------------------------


def endless_head(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\n")
    while True:
        handler.wfile.write(b"X-Filler: " + b"x" * 8000 + b"\r\n")


def endless_body(handler):
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999999\r\n\r\n")
    while True:
        handler.wfile.write(b"x" * 65536)


def endless_interim(handler):
    while True:
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")


def reset(handler):
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def drip(handler):
    for octet in b"HTTP/1.1 200 OK\r\n" * 1000:
        handler.wfile.write(bytes([octet]))
        time.sleep(0.2)


def stall(handler):
    handler.server.stalled.wait(seconds(60))


class Bad:
    def __init__(self, name, fault, reason=None):
        self.name, self.fault, self.reason = f"a collector: {name}", fault, reason


BAD = [
    Bad("says 400", 400, "refused"),
    Bad("says 401", 401, "refused"),
    Bad("says 301", 301, "refused"),
    Bad("says 500", 500, "refused"),
    Bad("says 503", 503),
    Bad("says 429", 429),
    Bad("hangs up", lambda handler: None),
    Bad("resets", reset),
    Bad("says nothing", stall),
    Bad("drips", drip),
    Bad("speaks no HTTP", b"220 relay.test ESMTP\r\n" * 100),
    Bad("speaks binary", bytes(range(256)) * 100),
    Bad("speaks TLS", b"\x16\x03\x01\x00\x05hello"),
    Bad("gives a status that is none", b"HTTP/1.1 2000 OK\r\n\r\n"),
    Bad("gives half a head", b"HTTP/1.1 200 OK\r\nA: b\r\n"),
    Bad("gives an endless head", endless_head),
    Bad("gives an endless body", endless_body),
    Bad("gives endless interim answers", endless_interim),
]


def play(row):
    """Messages go as fast, and end as well, as ever; and the program stops in time."""
    with ScriptedRelay() as relay, Collector(row.fault) as collector:
        collector.server.stalled = collector.released
        with Gateway(relay, otlp_endpoint=collector.url()) as running:
            check_equal(running.post(message()).status, 200, "status")
            eventually(lambda: collector.requests, 15, "a request to the collector")
            slowest = 0
            for _ in range(10):
                began = time.monotonic()
                check_equal(running.post(message()).status, 200, "status")
                slowest = max(slowest, time.monotonic() - began)
            check(slowest < seconds(2), f"a message took {slowest:.1f} s")
            if row.reason:
                eventually(lambda: dropped(running, reason=row.reason) >= 1, 15, "a drop")
                check("the collector takes no spans" in running.log(), "no line of the log")
            check(running.status_field("VmRSS") < 64 * 1024 or gateway.harness.SANITIZED, "memory")
            began = time.monotonic()
            running.stop()
            check(time.monotonic() - began < seconds(5), "the stop took too long")
        check_equal([taken.verdict for taken in relay.messages], ["accepted"] * 11, "mails")


table(BAD, play)


@case("a collector: none is there, then one is")
def comes_late():
    port = gateway.free_port()
    with ScriptedRelay() as relay, Gateway(relay, otlp_endpoint=f"http://127.0.0.1:{port}") as running:
        check_equal(running.post(message()).status, 200, "status")
        eventually(lambda: "the collector takes no spans" in running.log(), 15, "a line of the log")
        check_equal(running.post(message()).status, 200, "status")
        late = Collector()
        late.server.server_close()
        late.server.socket = socket.create_server(("127.0.0.1", port))
        with late:
            spans_of(late, 2)
            eventually(lambda: "takes spans again" in running.log(), 15, "a line of the log")
            check_equal(dropped(running), 0, "drops")
            check_equal(running.log().count("the collector takes no spans"), 1, "lines about it")


@case("a collector: too slow for what is sent; what finds no room is counted, and no mail waits")
def overrun():
    with ScriptedRelay() as relay, Collector(stall) as collector:
        collector.server.stalled = collector.released
        options = {"otlp_endpoint": collector.url(), "log_level": "warn", "timeout_request": milliseconds(60)}
        with Gateway(relay, **options) as running:
            count = 1300
            send_many(running, count)
            check_equal(metrics_of(running).sum("postern_messages_total", delivery="sent"), count, "messages")
            check(dropped(running, reason="no-room") >= count - 1024 - 128 * 3, "drops are not counted")
            running.stop()
        check_equal(sum(taken.verdict == "accepted" for taken in relay.messages), count, "mails")


def send_many(running, count):
    with concurrent.futures.ThreadPoolExecutor(8) as callers:
        statuses = set(callers.map(lambda _: running.post(message()).status, range(count)))
    check_equal(statuses, {200}, "statuses")


@case("what is left at a stop is sent before the end, and every message is told of once")
def flushed():
    with ScriptedRelay() as relay, Collector() as collector:
        with Gateway(relay, otlp_endpoint=collector.url()) as running:
            identities = {running.post(message()).json()["id"] for _ in range(20)}
            running.stop()
        told = [span["attributes"]["postern.id"] for span in collector.spans if span["kind"] == "SERVER"]
        check_equal(sorted(told), sorted(identities), "messages")


@case("a batch that is not taken is sent again, and taken once")
def sent_again():
    with ScriptedRelay() as relay, Collector(503, None) as collector:
        with Gateway(relay, otlp_endpoint=collector.url()) as running:
            running.post(message())
            spans_of(collector)
            check_equal(len(collector.requests), 2, "requests")
            check_equal(collector.requests[0][2], collector.requests[1][2], "what was sent again")
            eventually(lambda: metrics_of(running).sum("postern_traces_exported_total") == 1, 5, "it is counted")
            check_equal(dropped(running), 0, "drops")


# --- Options --------------------------------------------------------------------------------------------------------

REFUSED = {
    "no URL": {"otlp_endpoint": "collector:4318"},
    "another scheme": {"otlp_endpoint": "grpc://collector:4317"},
    "credentials": {"otlp_endpoint": "http://user:hunter2@collector:4318"},
    "a query": {"otlp_endpoint": "http://collector:4318/?x=1"},
    "a query without a path": {"otlp_endpoint": "http://collector:4318?x=1"},
    "a space": {"otlp_endpoint": "http://collector:4318/a b"},
    "no host": {"otlp_endpoint": "http://:4318"},
    "no port": {"otlp_endpoint": "http://collector:0"},
    "no field": {"otlp_endpoint": "http://collector:4318", "otlp_headers": "hunter2"},
    "a field of two lines": {"otlp_endpoint": "http://collector:4318", "otlp_headers": "a=hunter2%0d%0ab:c"},
    "a field that frames": {"otlp_endpoint": "http://collector:4318", "otlp_headers": "Content-Length=hunter2"},
    "a name that is none": {"otlp_endpoint": "http://collector:4318", "otlp_headers": "a b=hunter2"},
    "a CA file that is not there": {"otlp_endpoint": "https://collector", "otlp_ca_file": "/nowhere/ca.pem"},
    "a header that is Postern's": {"trace_header": "Subject"},
    "a header that is none": {"trace_header": "X Trace"},
}


@case("options that cannot be are refused at the start, by their name and without a secret")
def refused_options():
    for name, options in REFUSED.items():
        status, _, errors = gateway.run("serve", options={"smtp_url": "smtp://127.0.0.1:1?tls=none", **options})
        option = list(options)[-1]
        check_equal(status, 78, f"status with {name}")
        check(option in errors or option == "otlp_ca_file", f"{name}: {errors}")
        check("hunter2" not in errors, f"{name}: the secret: {errors}")


@case("export begins and ends with a restart alone: SIGHUP says so, and leaves everything as it was")
def not_by_reload():
    with gateway.harness.folder() as path, ScriptedRelay() as relay:
        file = f"{path}/postern.json"
        with open(file, "w", encoding="ascii") as out:
            out.write("{}")
        with Gateway(relay, arguments=["--config", file]) as running:
            with open(file, "w", encoding="ascii") as out:
                out.write('{"otlp_endpoint": "http://127.0.0.1:4318"}')
            running.signal(signal.SIGHUP)
            eventually(lambda: "was not reloaded" in running.log(), what="a line of the log")
            check_equal(running.post(message()).status, 200, "status")


if __name__ == "__main__":
    main(jobs=4)
