#!/usr/bin/env python3
"""F1 to F8: names that do not resolve, addresses that are dead, descriptors that are used up."""

import contextlib
import time

from lib import gateway, name_server, raw_http
from lib.background import in_background
from lib.faults import SENT, SHORT, TIMEOUT, UNREACHABLE, expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import case, check, eventually, main, seconds
from lib.scripted_relay import ScriptedRelay


def post_to_unknown_name(code, want):
    gateway.need_namespaces()
    with name_server.NameServer(code) as server:
        with Gateway("smtps://ann:x@relay.invalid", hosts=[], resolver=server.address, timeout=10) as running:
            expect(running.post(message(), timeout=40), want)
            check(server.questions > 0, "the name server was not asked")


@case("F1 no such name")
def no_such_name():
    post_to_unknown_name(name_server.NO_SUCH_NAME, UNREACHABLE)


@case("F2 the name server fails")
def name_server_fails():
    post_to_unknown_name(name_server.SERVER_FAILURE, not_sent(503, "upstream-unreachable", "y"))


@case("F2 the name server is silent")
def name_server_silent():
    post_to_unknown_name(None, not_sent(503, "upstream-unreachable", "y"))


@contextlib.contextmanager
def with_silent_name_server(**options):
    """The resolver would wait for it longer than any case does. This host's own name is asked for too."""
    gateway.need_namespaces()
    relay = "smtps://ann:x@relay.invalid"
    more = {"hosts": [], "resolver_timeout": 30, "smtp_ehlo_name": None, **options}
    with name_server.NameServer(None) as server, Gateway(relay, resolver=server.address, **more) as running:
        yield running, server


@case("F2 the name server is silent beyond the deadline")
def name_server_silent_beyond_deadline():
    with with_silent_name_server(timeout_request=gateway.milliseconds(1.5)) as (running, _):
        began = time.monotonic()
        expect(running.post(message()), not_sent(503, "upstream-unreachable", "y"))
        check(time.monotonic() - began < seconds(3), "the request's deadline was not kept")
        began = time.monotonic()
        running.stop()
        check(time.monotonic() - began < seconds(3), "a question that nobody waits for held up the end")


@case("F145 stopped while the name server is silent")
def stopped_while_name_server_silent():
    with with_silent_name_server(timeout_shutdown=gateway.milliseconds(0.3)) as (running, server):
        answer = in_background(running.post, message())
        eventually(lambda: server.questions > 0, what="a question to the name server")
        began = time.monotonic()
        running.stop()
        check(time.monotonic() - began < seconds(3), "the program waited for the name server")
        expect(answer(), not_sent(503, "shutting-down", "y"))


@case("F3 refused")
def refused():
    with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none") as running:
        expect(running.post(message()), UNREACHABLE)


@case("F4 black hole")
def black_hole():
    with gateway.black_hole() as port, Gateway(f"smtp://127.0.0.1:{port}?tls=none", timeout=SHORT) as running:
        began = time.monotonic()
        expect(running.post(message()), TIMEOUT)
        check(time.monotonic() - began < seconds(4), "the connect budget was not kept")


def post_to_two_addresses(*addresses):
    gateway.need_namespaces()
    with ScriptedRelay() as relay:
        hosts = [("relay.test", address) for address in addresses]
        with Gateway(relay.url(host="relay.test"), hosts=hosts, timeout=3) as running:
            expect(running.post(message()), SENT)


@case("F5 the first address is dead")
def first_address_dead():
    post_to_two_addresses("127.0.0.99", "127.0.0.1")


@case("F7 IPv6 is dead")
def ipv6_dead():
    post_to_two_addresses("::1", "127.0.0.1")


@case("F6 no descriptors left")
def no_descriptors():
    with ScriptedRelay() as relay, Gateway(relay, timeout=3) as running:
        held = running.connect()  # accepted while there were descriptors
        held.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(held.recv(65536).startswith(b"HTTP/1.1 200 "), "GET /")
        running.limit_descriptors(3)  # those that are open stay open
        body = b'{"from":"a@example.com","to":"b@example.net","text":"x"}'
        held.sendall(raw_http.post(body))
        answer = held.recv(65536).decode()
        held.close()
        running.limit_descriptors(1024)
        check(answer.startswith("HTTP/1.1 503 ") and '"overloaded"' in answer, answer)
        expect(running.post(message()), SENT)


if __name__ == "__main__":
    main()
