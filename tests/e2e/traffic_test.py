#!/usr/bin/env python3
"""Mixed traffic with one fault in a hundred, at the relay and at the clients, and one thing that must always hold:
what was answered is what the relay's log says, and nothing grows.

Five minutes of it here; POSTERN_TRAFFIC_SECONDS=3600 is the hour by hand. POSTERN_TRAFFIC_SEED plays the same faults
again.
"""

import base64
import json
import os
import random
import socket
import statistics
import struct
import threading
import time

from lib import gateway, oracle
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, eventually, main, seconds
from lib.ledger import NOT_TOLD, Ledger
from lib.probe import Probe
from lib.raw_http import HOST, Connection, post
from lib.scripted_relay import ScriptedRelay

BY_HAND = os.environ.get("POSTERN_TRAFFIC_SECONDS")
SECONDS = float(BY_HAND or (25 if SANITIZED else 300))
SEED = os.environ.get("POSTERN_TRAFFIC_SEED", str(int(time.time())))
CLIENTS, FAULT_SHARE, LIVEZ_MS = 8, 0.01, 100
DEADLINE_S = 8  # for a header and for a body
MAX_GROWTH_KB, MAX_MORE_DESCRIPTORS = 4096, 24
NOT_SENT = {"delivery": "not_sent"}

# --- The relay's faults -------------------------------------------------------------------------------------------

STALL, FIN, RST = {"then": "stall"}, {"then": "fin"}, {"then": "rst"}
PER_CONNECTION = {"greeting": ["421 4.3.2 Too busy", "554 5.3.0 No", FIN, STALL], "ehlo": ["421 4.3.0 No", FIN, RST]}
PER_MESSAGE = {
    "mail": ["451 4.3.0 Later", "550 5.7.1 No", "421 4.3.2 Enough", FIN, RST],
    "rcpt": ["450 4.2.1 Later", "550 5.1.1 Unknown", {"reply": "25", **FIN}],
    "data": ["451 4.3.0 Later", "554 5.7.1 No", FIN, STALL],
    "body": [FIN, RST, "451 4.3.0 Early", {"delay": 0.5}],
    "dot": [
        *("451 4.3.0 Later", "554 5.7.1 No", FIN, RST, STALL, {"delay": 0.5}),
        *({"reply": "25", **FIN}, {"reply": b"250 Ok\r\n", "split": 1, "pause": 0.02}, {"reply": b"250 Ok\r\n", **RST}),
    ],
}
MESSAGES_A_SESSION = 100


class Faults:
    """A script for each connection, made of the seed and its number."""

    def __len__(self):
        return 1 << 30

    def __getitem__(self, number):
        dice = random.Random(f"{SEED}/{number}")
        script = {step: dice.choice(faults) for step, faults in PER_CONNECTION.items() if dice.random() < FAULT_SHARE}
        for step, faults in PER_MESSAGE.items():
            share = FAULT_SHARE / len(PER_MESSAGE)
            actions = [dice.choice(faults) if dice.random() < share else None for _ in range(MESSAGES_A_SESSION)]
            if any(actions):
                script[step] = [*actions, None]
        return script


# --- The clients --------------------------------------------------------------------------------------------------


def attachment(dice, most):
    return {"filename": "a.bin", "content": base64.b64encode(dice.randbytes(dice.randrange(most))).decode()}


def make_message(dice, token):
    fields = {"subject": token, "text": "Hello.\n" * dice.choice((1, 10, 1000))}
    if dice.random() < 0.3:
        fields["html"] = "<p>Grüße</p>\n" * dice.choice((1, 100))
    if dice.random() < 0.2:
        fields["attachments"] = [attachment(dice, dice.choice((1000, 300_000))) for _ in range(dice.randrange(1, 4))]
    if dice.random() < 0.3:
        fields["to"] = [f"r{i}@example.net" for i in range(dice.choice((2, 5, 50)))]
        fields["partial"] = dice.choice(("abort", "deliver"))
    return message(**fields)


class Client(threading.Thread):
    """One who goes on until the time is over; what it learns goes into the ledger."""

    def __init__(self, number, running, ledger, until):
        super().__init__()
        self.dice = random.Random(f"{SEED}/client {number}")
        self.running, self.ledger, self.until = running, ledger, until
        self.kept = None

    def run(self):
        while time.monotonic() < self.until:
            act = self.dice.choices((self.send, self.send_kept, self.ask, self.fail), (49, 48, 2, 1))[0]
            token = f"traffic-{self.dice.randbytes(8).hex()}"
            try:
                act(token)
            except Exception as error:
                self.ledger.complain(f"{act.__name__} {token}: {error!r}")
                self.kept = None

    # --- What goes right

    def send(self, token):
        """On a connection of its own, and now and then as a form or as a finished message."""
        fields = make_message(self.dice, token)
        form = self.dice.choices(("json", "form", "rfc822"), (90, 5, 5))[0]
        if form == "json":
            response = self.running.post(fields)
        elif form == "form":
            part = b'--x\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + json.dumps(fields).encode()
            headers = {"Content-Type": "multipart/form-data; boundary=x"}
            response = self.running.post(part + b"\r\n--x--\r\n", headers)
        else:
            text = f"From: ann@example.com\r\nSubject: {token}\r\n\r\nHello.\r\n".encode()
            query = {"from": "ann@example.com", "to": "bob@example.net"}
            response = self.running.post(text, {"Content-Type": "message/rfc822"}, **query)
        oracle.hold_table(response)
        self.ledger.tell(token, response.json())

    def send_kept(self, token):
        """One of many on a connection."""
        if self.kept is None or self.dice.random() < 0.02:
            self.kept = Connection(self.running.address, seconds(30))
        self.kept.send(post(json.dumps(make_message(self.dice, token)).encode()))
        answer = self.kept.answer()
        self.ledger.tell(token, answer.json())
        if answer.field("connection") == "close":
            self.kept = None

    # --- What sends nothing

    def ask(self, token):
        fields = make_message(self.dice, token)
        kind = self.dice.choice(("dry run", "invalid", "page"))
        if kind == "dry run":
            check_equal(self.running.post(fields, dry_run="true").status, 200, "a dry run")
        elif kind == "invalid":
            check_equal(self.running.post({**fields, "to": "nobody"}).status, 422, "an invalid message")
        else:
            check_equal(self.running.get("/openapi.yaml").status, 200, "a page")
        self.ledger.tell(token, NOT_SENT)

    # --- What goes wrong

    def fail(self, token):
        request = post(json.dumps(make_message(self.dice, token)).encode())
        kind = self.dice.choice((self.vanish, self.vanish_waiting, self.drip, self.babble, self.read_slowly))
        with Connection(self.running.address, seconds(30)) as connection:
            kind(token, request, connection)

    def vanish(self, token, request, connection):
        connection.send(request[: self.dice.randrange(len(request))])
        self.leave(connection)
        self.ledger.tell(token, NOT_SENT)

    def vanish_waiting(self, token, request, connection):
        """Nobody hears what became of it; it may be sent, but once."""
        connection.send(request)
        time.sleep(self.dice.choice((0, 0.001, 0.01)))
        self.leave(connection)
        self.ledger.tell(token, NOT_TOLD)

    def leave(self, connection):
        linger = struct.pack("ii", self.dice.randrange(2), 0)
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        connection.sock.close()

    def drip(self, token, request, connection):
        connection.send(request[: self.dice.choice((40, len(request) - 30))])
        for at in range(20):
            connection.send(request[at : at + 1])
            time.sleep(seconds(DEADLINE_S / 18))
        check_equal(connection.answer().status, 408, "status of one who drips")
        self.ledger.tell(token, NOT_SENT)

    def babble(self, token, _request, connection):
        connection.send(self.dice.randbytes(self.dice.randrange(1, 2000)) + b"\r\n\r\n")
        connection.sock.shutdown(socket.SHUT_WR)
        while not connection.is_closed():
            pass
        self.ledger.tell(token, NOT_SENT)

    def read_slowly(self, token, _request, connection):
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.send(b"GET /openapi.yaml HTTP/1.1\r\n" + HOST + b"\r\n")
        for _ in range(10):
            connection.sock.recv(100)
            time.sleep(seconds(0.05))
        self.ledger.tell(token, NOT_SENT)


# --- The run ------------------------------------------------------------------------------------------------------


class Sampler:
    """Memory and descriptors, once a second."""

    def __init__(self, running):
        self.running, self.memory, self.descriptors = running, [], []

    def take(self):
        self.memory.append(self.running.status_field("VmRSS"))
        self.descriptors.append(self.running.descriptors())

    def hold(self):
        """The last quarter is as the second one was."""
        quarter = len(self.memory) // 4
        for name, values, most in (
            ("KiB resident", self.memory, MAX_GROWTH_KB),
            ("descriptors", self.descriptors, MAX_MORE_DESCRIPTORS),
        ):
            early = statistics.median(values[quarter : 2 * quarter])
            late = statistics.median(values[-quarter:])
            print(f"{name}: {early:.0f} early, {late:.0f} late, from {min(values)} to {max(values)}", flush=True)
            check(SANITIZED or late - early < most, f"{name} grow: {values}")


def play(running, relay, ledger):
    sampler, until = Sampler(running), time.monotonic() + SECONDS
    clients = [Client(number, running, ledger, until) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    while any(client.is_alive() for client in clients):
        time.sleep(1)
        sampler.take()
        ledger.sweep()
        if ledger.violations:
            break
    for client in clients:
        client.until = 0
        client.join(seconds(60))
        client.kept = None
    relay.settle(5)
    time.sleep(seconds(3))
    ledger.sweep(everything=True)
    return sampler


@case("mixed traffic with one fault in a hundred: every answer is true, and nothing grows")
def mixed_traffic():
    print(f"seed {SEED}, {SECONDS:.0f} s", flush=True)
    options = {f"timeout_http_{name}": gateway.milliseconds(DEADLINE_S) for name in ("header", "body")}
    options |= {"timeout_request": gateway.milliseconds(15), "log_level": "error", "timeout_smtp_idle": "1s"}
    with ScriptedRelay() as relay:
        relay.scripts = Faults()
        with Gateway(relay, timeout=2, **options) as running:
            running.post(message(to=["bob"]))
            eventually(lambda: running.get_admin("/readyz").status == 200, 30, "/readyz")
            ledger, descriptors, began = Ledger(relay), running.descriptors(), time.monotonic()
            with Probe(running.admin_address) as probe:
                sampler = play(running, relay, ledger)
            counts = ", ".join(f"{count} {name}" for name, count in sorted(ledger.counts.items()))
            print(f"{len(ledger.closed) / (time.monotonic() - began):.0f} a second: {counts}", flush=True)
            check(not ledger.violations, f"{len(ledger.violations)} violations: {ledger.violations[:5]}")
            check(ledger.counts["sent"] > 0, "nothing was sent")
            sampler.hold()
            if BY_HAND:  # else it runs beside other tests, and e2e.http_load looks at that
                probe.hold(LIVEZ_MS)
            eventually(lambda: running.metric("postern_in_flight_bytes ").endswith(" 0\n"), 20, "no bytes held")
            eventually(lambda: running.descriptors() <= descriptors, 60, f"{descriptors} descriptors again")
            print(f"behind it: {running.status_field('VmRSS')} KiB resident, {running.descriptors()} descriptors")


if __name__ == "__main__":
    main(jobs=1)
