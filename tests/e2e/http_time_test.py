#!/usr/bin/env python3
"""H54 to H59, H62: clients that take their time, are many, or vanish, and what that costs everybody else."""

import json
import os
import socket
import struct
import time

from lib import gateway
from lib.background import in_background
from lib.faults import SENT, expect
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, TIME_SCALE, Failure, case, check, check_equal, eventually, folder, main, seconds
from lib.raw_http import HOST, JSON_TYPE, Connection, post
from lib.scripted_relay import ScriptedRelay

GOOD = json.dumps(message()).encode()
GET = b"GET / HTTP/1.1\r\n" + HOST + b"\r\n"
SLACK = 1.5  # between the deadline and the reaper's next look
RATE_WINDOW = 10
HEAD = b"POST /v1/messages HTTP/1.1\r\n" + HOST + JSON_TYPE


def limits(**nominal):
    """Options that are times, in seconds."""
    return {f"timeout_http_{name}": gateway.milliseconds(value) for name, value in nominal.items()}


def hold_408(answer, delivery):
    """`delivery` is None where no message was to be sent yet."""
    check_equal((answer.status, answer.field("connection")), (408, "close"), "status, Connection")
    problem = answer.json()
    check_equal((problem["code"], problem["retryable"]), ("request-timeout", True), "code, retryable")
    check_equal(problem.get("delivery"), delivery, "delivery")


def drip(connection, data, pause=0.1, limit=30.0):
    """Byte by byte, until the server answers or closes; how long that took."""
    began = time.monotonic()
    connection.sock.settimeout(pause)
    for at in range(len(data)):
        connection.send(data[at : at + 1])
        try:
            received = connection.sock.recv(65536)
        except TimeoutError:
            check(time.monotonic() - began < seconds(limit), "it may drip for ever")
            continue
        except ConnectionResetError:
            received = b""
        connection.pending += received
        connection.sock.settimeout(seconds(5))
        return time.monotonic() - began
    raise Failure("all of it was taken")


def within(took, deadline, what):
    check(seconds(deadline) * 0.9 <= took <= seconds(deadline + SLACK), f"{what} after {took:.2f} s")


# --- Deadlines ----------------------------------------------------------------------------------------------------


@case("H54 a header that drips: 408 at its deadline, over TCP and a Unix socket")
def header_drips():
    with ScriptedRelay() as relay, folder() as place:
        path = f"{place}/http.sock"
        with Gateway(relay, **limits(header=1)) as running, Connection(running.address) as connection:
            within(drip(connection, HEAD + b"X-A: " + b"x" * 1000), 1, "answered")
            hold_408(connection.answer(), None)
            check(connection.is_closed(), "the connection is kept")
        on_socket = Gateway(relay, listen=f"unix:{path}", address=path, **limits(header=1))
        with on_socket, UnixConnection(path) as connection:
            within(drip(connection, GET[:-2] + b"X-A: " + b"x" * 1000), 1, "answered")
            hold_408(connection.answer(), None)
        check_equal(relay.connections, [], "connections to the relay")


class UnixConnection(Connection):
    def __init__(self, path):  # pylint: disable=super-init-not-called
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(seconds(5))
        self.sock.connect(path)
        self.pending = b""


@case("H54 a later request on a kept connection has a deadline as well")
def later_header_drips():
    options = {**limits(header=1), "timeout_http_idle": gateway.milliseconds(2)}
    with ScriptedRelay() as relay, Gateway(relay, **options) as running, Connection(running.address) as connection:
        connection.send(GET)
        check_equal(connection.answer().status, 200, "GET /")
        took = drip(connection, HEAD + b"X-A: " + b"x" * 1000)
        check(took <= seconds(2 + 1 + SLACK), f"answered after {took:.2f} s")
        hold_408(connection.answer(), None)


@case("H54 header fields that drip behind a request line on a kept connection")
def later_fields_drip():
    with ScriptedRelay() as relay, Gateway(relay, **limits(header=1)) as running:
        with Connection(running.address) as connection:
            connection.send(GET)
            check_equal(connection.answer().status, 200, "GET /")
            time.sleep(seconds(1.5))
            connection.send(HEAD)
            within(drip(connection, b"X-A: " + b"x" * 1000), 1, "answered")
            hold_408(connection.answer(), None)


@case("H55 a body that drips: 408 at its deadline, and nothing is sent")
def body_drips():
    with ScriptedRelay() as relay, Gateway(relay, **limits(body=1)) as running:
        for framing in (b"Content-Length: 1000\r\n", b"Transfer-Encoding: chunked\r\n"):
            with Connection(running.address) as connection:
                connection.send(HEAD + framing + b"\r\n" + (b"3e8\r\n" if b"chunked" in framing else b""))
                within(drip(connection, GOOD + b" " * 1000), 1, "answered")
                hold_408(connection.answer(), "not_sent")
                check(connection.is_closed(), "the connection is kept")
        check('code="request-timeout"} 2' in running.metric("postern_http_responses"), "not in the metrics")
        check_equal(relay.connections, [], "connections to the relay")


def send_steadily(connection, duration):
    """A thousand bytes a second."""
    until = time.monotonic() + duration
    while time.monotonic() < until:
        connection.send(b" " * 100)
        time.sleep(0.1)


@case("H55 a body below the minimum rate: 408 long before its deadline")
def body_below_rate():
    with ScriptedRelay() as relay, Gateway(relay, min_http_body_rate=100) as running:
        with Connection(running.address) as slow, Connection(running.address) as quick:
            for connection in (slow, quick):
                connection.send(HEAD + b"Content-Length: 100000\r\n\r\n")
            began = time.monotonic()
            steady = in_background(send_steadily, quick, RATE_WINDOW + 3)
            took = drip(slow, b" " * 1000, 0.1)
            check(RATE_WINDOW <= took <= RATE_WINDOW + seconds(SLACK), f"answered after {took:.2f} s")
            hold_408(slow.answer(), "not_sent")
            steady()
            check(time.monotonic() - began > RATE_WINDOW + 2, "the other was not slow enough to tell")
            quick.sock.setblocking(False)
            try:
                raise Failure(f"who kept the rate got {quick.sock.recv(1000)!r}")
            except BlockingIOError:
                pass


@case("H56 an answer that is not read: reset at its deadline, and its bytes given back")
def answer_not_read():
    options = {**limits(response=1), "timeout_http_idle": gateway.milliseconds(30)}
    text = message(text="x" * (8 << 20))
    with ScriptedRelay() as relay, Gateway(relay, **options) as running:
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            sock.settimeout(seconds(20))
            sock.connect(running.address)
            sock.sendall(post(json.dumps(text).encode(), path=b"/v1/messages?dry_run=true"))
            check(sock.recv(100).startswith(b"HTTP/1.1 200 "), "a dry run")
            began = time.monotonic()
            check(held_bytes(running) > 8 << 20, "an answer that waits holds no bytes of the budget")
            try:
                while sock.recv(1000):  # a slow reader, not a silent one
                    time.sleep(0.01)
                    check(time.monotonic() - began < seconds(10), "it may read for ever")
                raise Failure("the end looks like a regular one")
            except ConnectionResetError:
                pass
            eventually(lambda: held_bytes(running) == 0, what="no bytes held")


def held_bytes(running):
    return int(running.metric("postern_in_flight_bytes ").split()[1])


@case("H57 silence: closed without a word, at the header's deadline before a request, when idle behind one")
def silence():
    options = {**limits(header=1), "timeout_http_idle": gateway.milliseconds(2)}
    with ScriptedRelay() as relay, Gateway(relay, **options) as running:
        began = time.monotonic()
        with Connection(running.address, seconds(10)) as fresh, Connection(running.address, seconds(10)) as used:
            used.send(GET)
            used.answer()
            check_equal(fresh.sock.recv(1000), b"", "what a connection hears that asked nothing")
            within(time.monotonic() - began, 1, "closed")
            check_equal(used.sock.recv(1000), b"", "what a kept connection hears")
            took = time.monotonic() - began
            check(seconds(1.8) <= took <= seconds(4.5), f"closed after {took:.2f} s")


@case("no deadline of the client's runs while the relay takes its time")
def waiting_is_no_fault():
    with ScriptedRelay(steps={"dot": {"delay": seconds(4)}}) as relay:
        with Gateway(relay, **limits(header=1, body=1, response=1)) as running:
            with Connection(running.address, seconds(20)) as connection:
                for _ in range(2):  # its deadlines begin anew with each request
                    connection.send(post(GOOD))
                    answer = connection.answer()
                    check_equal((answer.status, answer.json()["delivery"]), (200, "sent"), "answer")


@case("requests one after the other, each begun at the last moment: no deadline is for all of them")
def kept_alive():
    options = {**limits(header=1, body=1, response=1), "timeout_http_idle": gateway.milliseconds(2)}
    with ScriptedRelay() as relay, Gateway(relay, **options) as running, Connection(running.address) as connection:
        for _ in range(4):
            connection.send(post(GOOD)[:40])
            time.sleep(seconds(0.6))
            connection.send(post(GOOD)[40:-10])
            time.sleep(seconds(0.6))
            connection.send(post(GOOD)[-10:])
            check_equal(connection.answer().status, 200, "status")
        check_equal(len(relay.messages), 4, "messages")


@case("the admin listener has the same deadlines")
def admin_drips():
    with ScriptedRelay() as relay, Gateway(relay, **limits(header=1)) as running:
        time.sleep(seconds(0.3))  # those of its start are gone
        held = [Connection(running.admin_address) for _ in range(64)]
        for connection in held:
            connection.send(b"GET /livez HT")
        with Connection(running.admin_address, seconds(5)) as late:
            late.send(b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n")
            check_equal(late.answer().status, 503, "status with all connections taken")
        within(drip(held[0], b"TP/1.1\r\nX-A: " + b"x" * 1000), 1, "answered")
        eventually(lambda: running.get_admin("/livez").status == 200, what="/livez again")
        for connection in held:
            connection.sock.close()


# --- Limits -------------------------------------------------------------------------------------------------------


@case("H58 connections over the limit: 503 at once, the admin port answers, and a place given back is taken again")
def connections_over_limit():
    with ScriptedRelay() as relay, Gateway(relay, max_http_connections=20) as running:
        eventually(lambda: connections(running) == 0, what="no connections")
        held = [Connection(running.address) for _ in range(20)]
        for connection in held:
            connection.send(GET)
            check_equal(connection.answer().status, 200, "GET /")
        check_equal(connections(running), 20, "the gauge")
        for _ in range(300):
            began = time.monotonic()
            with Connection(running.address) as connection:
                answer = connection.answer()
            check_equal((answer.status, answer.json()["code"]), (503, "overloaded"), "answer")
            check(answer.field("retry-after"), "no Retry-After")
            check(time.monotonic() - began < seconds(0.5), "not at once")
        began = time.monotonic()
        check_equal(running.get_admin("/livez").status, 200, "/livez")
        check(time.monotonic() - began < seconds(0.1), f"/livez took {time.monotonic() - began:.3f} s")
        held[7].send(post(GOOD))
        check_equal(held[7].answer().status, 200, "a post over a connection that was there")
        held.pop().sock.close()
        eventually(lambda: serves(running.address), what="service on a new connection")
        for connection in held:
            connection.sock.close()


def connections(running):
    return int((running.metric("postern_http_connections ") or "it -1").split()[1])


def serves(address, source=None):
    with Connection(address, seconds(5), source) as connection:
        connection.send(GET)
        return connection.answer().status == 200


@case("H59 connections of one address over its limit: 429, and others are served")
def address_over_limit():
    with ScriptedRelay() as relay, Gateway(relay, max_http_connections_per_address=10) as running:
        flood, other = ("127.0.0.9", 0), ("127.0.0.10", 0)
        eventually(lambda: connections(running) == 0, what="no connections")
        held = [Connection(running.address, source=flood) for _ in range(10)]
        eventually(lambda: connections(running) == 10, what="ten connections")
        with Connection(running.address, source=flood) as connection:
            answer = connection.answer()
        check_equal((answer.status, answer.json()["code"]), (429, "rate-limited"), "answer")
        check(answer.field("retry-after"), "no Retry-After")
        check(serves(running.address, other), "another address")
        for connection in held:
            connection.sock.close()
        eventually(lambda: serves(running.address, flood), what="service for the address again")


@case("H59 a Unix socket has no address, and no limit for one")
def unix_socket_is_not_counted():
    with ScriptedRelay() as relay, folder() as place:
        path = f"{place}/http.sock"
        with Gateway(relay, listen=f"unix:{path}", address=path, max_http_connections_per_address=1):
            held = [UnixConnection(path) for _ in range(5)]
            for connection in held:
                connection.send(GET)
                check_equal(connection.answer().status, 200, "GET /")
                connection.sock.close()


# --- Vanishing ----------------------------------------------------------------------------------------------------


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@case("H62 ten thousand resets in mid-request: no descriptor, no memory")
def resets():
    count = int(10_000 / TIME_SCALE)
    places = [HEAD[:30], HEAD, HEAD + b"Content-Length: 100000\r\n\r\n{", post(GOOD)[:-1]]
    with ScriptedRelay() as relay, Gateway(relay, log_level="info") as running:

        def vanish(number):
            for at in range(number):
                connection = Connection(running.address, source=(f"127.{2 + os.getpid() % 200}.0.{1 + at // 2000}", 0))
                connection.send(places[at % len(places)])
                reset(connection.sock)

        vanish(count // 10)
        eventually(lambda: held_bytes(running) == 0, 10, "no bytes held")
        descriptors, memory = running.descriptors(), running.status_field("RssAnon")
        vanish(count)
        eventually(lambda: running.descriptors() <= descriptors, 10, f"descriptors as before ({descriptors})")
        eventually(lambda: held_bytes(running) == 0, 10, "no bytes held")
        grown = running.status_field("RssAnon") - memory
        print(f"{count} resets: {grown} KiB more resident, {running.descriptors()} descriptors")
        check(SANITIZED or grown < 1024, f"{grown} KiB more than before")
        check_equal(relay.messages, [], "messages")
        expect(running.post(message()), SENT)


if __name__ == "__main__":
    main(jobs=4)
