#!/usr/bin/env python3
"""Large messages are read beside the event loops: each gets the answer that a small one would get, whatever happens
meanwhile, and who posts none costs no thread."""

import base64
import concurrent.futures
import contextlib
import dataclasses
import http.client
import json
import os
import signal
import socket
import ssl
import struct
import time
import uuid

from lib import certificates, gateway, oracle, raw_http
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main, seconds, table
from lib.scripted_relay import ScriptedRelay

FILE = os.urandom(1 << 20)
CONTENT = base64.b64encode(FILE).decode()
CLIENTS, AT_ONCE = 24, 8
RESET = struct.pack("ii", 1, 0)


def large(**fields):
    return message(attachments=[{"content": CONTENT, "filename": "a.bin"}], **fields)


def post(running, body, content_type="application/json", query=""):
    path = "/v1/messages" + query
    return gateway.request(
        running.address, "POST", path, body, {"Content-Type": content_type}, timeout=60, tls=running.tls
    )


def is_at_rest(running):
    return running.metric("postern_in_flight ").endswith(" 0\n") and running.metric(
        "postern_in_flight_bytes "
    ).endswith(" 0\n")


def hold_rest(running):
    eventually(lambda: is_at_rest(running), 20, "nothing in flight")


# --- Each kind, one at a time -------------------------------------------------------------------------------------


def form():
    parts = (
        (b'name="message"', json.dumps(message()).encode()),
        (b'name="attachment"; filename="a.bin"', FILE),
    )
    lines = b"".join(b"--b\r\nContent-Disposition: form-data; %s\r\n\r\n%s\r\n" % part for part in parts)
    return lines + b"--b--\r\n"


@dataclasses.dataclass
class Row:
    name: str
    body: bytes
    status: int
    content_type: str = "application/json"
    query: str = ""


FINISHED = b"From: ann@example.com\r\n\r\n" + (b"x" * 70 + b"\r\n") * 20_000
TEXT = json.dumps(large()).encode()
ROWS = (
    Row("a large body: JSON", TEXT, 200),
    Row("a large body: a form", form(), 200, "multipart/form-data; boundary=b"),
    Row("a large body: finished", FINISHED, 200, "message/rfc822", "?from=a@example.com&to=bob@example.net"),
    Row("a large body: a field that is wrong", json.dumps(large(to=7)).encode(), 422),
    Row("a large body: a query that is wrong", TEXT, 422, query="?dryrun=true"),
    Row("a large body: no JSON", TEXT + b"x", 400),
    Row("a large body: nothing but spaces", b" " * (2 << 20), 400),
)


def hold_answer(answer, status):
    check_equal(answer.status, status, answer.summary())
    if status == 200:
        oracle.hold_receipt(answer)
    else:
        oracle.hold_problem(answer)
        check_equal(answer.json()["delivery"], "not_sent", "delivery")


def one_kind(row):
    with ScriptedRelay() as relay, Gateway(relay) as running:
        hold_answer(post(running, row.body, row.content_type, row.query), row.status)
        hold_rest(running)


table(ROWS, one_kind)


@case("a dry run of a large message shows all of it")
def dry_run():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        answer = post(running, TEXT, query="?dry_run=true")
        check_equal(answer.status, 200, "status")
        lines = answer.json()["message"].replace("\r\n", "")
        check(CONTENT in lines, "the attachment is in the message")
        hold_rest(running)
    check_equal(relay.log(), "", "what the relay heard")


@case("by HTTPS as well")
def encrypted():
    chain, key = certificates.shared().server("good")
    options = {"listen_tls_cert_file": chain, "listen_tls_key_file": key}
    client = ssl.create_default_context(cafile=certificates.shared().ca_file)
    with ScriptedRelay() as relay, Gateway(relay, tls=client, **options) as running:
        check_equal(post(running, TEXT).status, 200, "sent")
        check_equal(post(running, TEXT + b"x").status, 400, "no JSON")
        hold_rest(running)


# --- Many, and what happens meanwhile -----------------------------------------------------------------------------


def one_of_many(running, number):
    """The answer, and what its message is known by."""
    token = f"token-{uuid.uuid4().hex}"
    if number % 4 == 3:
        return token, 400, post(running, json.dumps(large(subject=token)).encode() + b"x")
    if number % 4 == 2:
        return token, 422, post(running, json.dumps(large(subject=token, to=number)).encode())
    return token, 200, post(running, json.dumps(large(subject=token)).encode())


@case("many at once: each client gets its own answer, and small messages go on beside them")
def many():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            sending = [pool.submit(one_of_many, running, number) for number in range(CLIENTS)]
            while not all(each.done() for each in sending):
                check_equal(running.post(message()).status, 200, "a small one")
        for each in sending:
            token, status, answer = each.result()
            hold_answer(answer, status)
            oracle.hold_invariant(answer.json(), relay.messages_with(token))
        hold_rest(running)


@case("clients that are gone when their message is read take nothing with them")
def vanished():
    bodies = (TEXT, json.dumps(large(to=7)).encode())
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for number in range(CLIENTS):
            with raw_http.Connection(running.address, seconds(60)) as connection:
                connection.send(raw_http.post(bodies[number % 2]))
                if number % 3 == 0:
                    connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        check_equal(post(running, TEXT).status, 200, "the next one")
        hold_rest(running)


def stop_after(wait_ms):
    answers = []
    with ScriptedRelay() as relay:
        with Gateway(relay) as running, concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
            sending = [pool.submit(one_of_many, running, number) for number in range(AT_ONCE)]
            eventually(lambda: not is_at_rest(running) or all(each.done() for each in sending), 20, "bytes are held")
            time.sleep(wait_ms / 1000)
            running.signal(signal.SIGTERM)
            check_equal(running.wait(), 0, "exit status")
            for each in sending:
                with contextlib.suppress(OSError, http.client.HTTPException):
                    answers.append(each.result())
        relay.settle(5)
        for token, _, answer in answers:
            delivery = answer.json().get("delivery", "not_sent")
            oracle.hold_invariant({**answer.json(), "delivery": delivery}, relay.messages_with(token))


@case("SIGTERM while large messages are read: each is where its answer says")
def stop():
    for wait_ms in (0, 5, 20):
        stop_after(wait_ms)


@case("the threads that read are gone when there is nothing large for a while")
def idle():
    def threads():
        return int(running.status_field("Threads"))

    with ScriptedRelay() as relay, Gateway(relay) as running:
        before = threads()
        check_equal(post(running, json.dumps(message(to=7)).encode()).status, 422, "a small one")
        check_equal(threads(), before, "threads after a small one")
        check_equal(post(running, TEXT + b"x").status, 400, "a large one")
        check_equal(threads(), before + 1, "threads after a large one")
        eventually(lambda: threads() == before, 20, "no more threads than at first")


if __name__ == "__main__":
    main()
