#!/usr/bin/env python3
"""Sessions under load: a relay that hangs holds nobody else; nothing is lost at a stop."""

import concurrent.futures
import time
import uuid

from lib import certificates, gateway, oracle, raw_http
from lib.background import in_background
from lib.faults import SENT, expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main, seconds
from lib.scripted_relay import ScriptedRelay

# --- Load ---------------------------------------------------------------------------------------------------------


@case("F160 a stalled session does not hold other requests")
def stall_does_not_hold():
    with ScriptedRelay(connections=[{"dot": {"until": "go"}}, {}]) as relay, Gateway(relay) as running:
        slow = in_background(running.post, message(subject="slow"))
        check(relay.wait_for_step("dot"), "the first message did not come")
        for _ in range(5):
            began = time.monotonic()
            expect(running.post(message(subject="quick")), SENT)
            check(time.monotonic() - began < seconds(2), "another request was held up")
        relay.open("go")
        expect(slow(), SENT)


@case("F160 /livez answers while every session hangs")
def livez_answers():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay, smtp_max_connections=2) as running:
        waiting = [in_background(running.post, message()) for _ in range(6)]
        check(relay.wait_for_step("dot", 2), "no messages came")
        began = time.monotonic()
        check_equal(running.get_admin("/livez").status, 200, "/livez")
        check(time.monotonic() - began < seconds(0.2), "/livez was slow")
        check("postern_queue_depth" in running.get_admin("/metrics").body.decode(), "no queue depth in /metrics")
        relay.open("go")
        for wait in waiting:
            expect(wait(), SENT)


@case("the queue is full: 503 at once")
def queue_full():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay:
        with Gateway(relay, smtp_max_connections=1, max_queue=1) as running:
            first = in_background(running.post, message())
            check(relay.wait_for_step("dot"), "the first message did not come")
            second = in_background(running.post, message())
            eventually(lambda: " 1\n" in running.metric("postern_queue_depth"), what="a queue of one")
            began = time.monotonic()
            expect(running.post(message()), not_sent(503, "overloaded", "y"))
            check(time.monotonic() - began < seconds(1), "not at once")
            relay.open("go")
            expect(first(), SENT)
            expect(second(), SENT)


# --- A stop -------------------------------------------------------------------------------------------------------


def wait_until_draining(running):
    def is_draining():
        answer = running.get_admin("/readyz")
        return answer.status == 503 and b"shutting-down" in answer.body

    eventually(is_draining, what="/readyz 503 with shutting-down")
    eventually(lambda: "msg=draining" in running.log(), what="the end of what is taken")


@case("F145 SIGTERM while the relay decides: 200 within the grace time")
def sigterm_while_waiting():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay) as running:
        waiting = in_background(running.post, message(subject="token-f145"))
        check(relay.wait_for_step("dot"), "the message did not come")
        running.signal(15)
        wait_until_draining(running)
        time.sleep(0.3)
        relay.open("go")
        response = waiting()
        expect(response, SENT)
        oracle.hold_invariant(response.json(), relay.messages_with("token-f145"))
        check_equal(running.wait(), 0, "exit status")


@case("SIGTERM with a queue: what is out is finished, nothing is lost")
def sigterm_with_a_queue():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay, smtp_max_connections=2) as running:
        tokens = [f"token-{i}-{uuid.uuid4().hex}" for i in range(8)]
        waiting = [in_background(running.post, message(subject=token)) for token in tokens]
        check(relay.wait_for_step("dot", 2), "the messages did not come")
        # Each of the two sessions may have taken one more, to send it behind the end of the first.
        eventually(
            lambda: running.metric("postern_queue_depth")[-3:] in (" 4\n", " 5\n", " 6\n"), what="the rest queued"
        )
        running.signal(15)
        time.sleep(0.3)
        relay.open("go")
        for wait, token in zip(waiting, tokens):
            response = wait()
            oracle.hold_invariant(response.json(), relay.messages_with(token))
            expect(response, SENT)
        check_equal(running.wait(), 0, "exit status")


@case("SIGTERM, and the relay never answers: unknown and not_sent when the grace time ends")
def sigterm_after_grace():
    with ScriptedRelay(steps={"dot": {"then": "stall"}}) as relay:
        options = {"smtp_max_connections": 1, "timeout_shutdown": gateway.milliseconds(1)}
        with Gateway(relay, **options) as running:
            out = in_background(running.post, message(subject="token-out"))
            check(relay.wait_for_step("dot"), "the message did not come")
            queued = in_background(running.post, message(subject="token-queued"))
            eventually(lambda: " 1\n" in running.metric("postern_queue_depth"), what="a queue of one")
            running.signal(15)
            response = out()
            check_equal(response.json()["delivery"], "unknown", "delivery of what was out")
            expect(queued(), not_sent(503, "shutting-down", "y"))
            check_equal(running.wait(), 0, "exit status")


@case("thirty starts and stops, each with a session open")
def starts_and_stops():
    """A stop races with libmicrohttpd's threads and with the end of the session threads: status 0 every time."""
    certificate = certificates.shared().server("good")

    def start_and_stop(_):
        for _ in range(5):
            with Gateway(relay, smtp_ca_file=certificates.shared().ca_file) as running:
                expect(running.post(message()), SENT)

    with ScriptedRelay(tls="implicit", certificate=certificate) as relay:
        with concurrent.futures.ThreadPoolExecutor(6) as pool:
            list(pool.map(start_and_stop, range(6)))


@case("a new message while draining gets shutting-down")
def post_while_draining():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay) as running:
        held = running.connect()
        held.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(held.recv(65536).startswith(b"HTTP/1.1 200"), "GET /")
        waiting = in_background(running.post, message())
        check(relay.wait_for_step("dot"), "the message did not come")
        running.signal(15)
        wait_until_draining(running)
        held.sendall(raw_http.post(b'{"from":"a@example.com","to":"b@example.net","text":"late"}'))
        answer = held.recv(65536).decode()
        check(answer.startswith("HTTP/1.1 503 ") and "shutting-down" in answer, f"got {answer[:600]!r}")
        relay.open("go")
        expect(waiting(), SENT)
        held.close()
        check_equal(running.wait(), 0, "exit status")


if __name__ == "__main__":
    main()
