#!/usr/bin/env python3
"""The gateway over HTTP, where requests are right: messages, dry runs, the other endpoints, connections.

What is wrong with requests is told by http_framing, http_body, http_fields and http_message.
"""

import json
import socket
import struct

from lib import gateway, oracle
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main, seconds
from lib.http_rows import CHUNKED, GOOD, chunk, framed, posted, running, target
from lib.raw_http import Connection, exchange, post
from lib.scripted_relay import ScriptedRelay

SEND = b"POST /v1/messages HTTP/1.1\r\n"

# --- Connections ----------------------------------------------------------------------------------------------------


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
            connection.send(framed(b"Content-Length: 100\r\n", b"{", SEND))
    eventually(lambda: running().descriptors() <= before + 8, 5, f"descriptors as before ({before})")


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


@case("what may look odd and is right is sent")
def odd_but_right():
    length = b"Content-Length: %d\r\n" % len(GOOD)
    chunks = b"".join(chunk(GOOD[i : i + 1]) for i in range(len(GOOD))) + b"0\r\n"
    requests = {
        "chunked by octets": framed(CHUNKED, chunks + b"\r\n", SEND),
        "H20 trailers": framed(CHUNKED, chunks + b"Authorization: Bearer x\r\n\r\n", SEND),
        "Expect": framed(length + b"Expect: 100-continue\r\n", GOOD, SEND),
        "HTTP/1.0": framed(length, GOOD, b"POST /v1/messages HTTP/1.0\r\n"),
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
