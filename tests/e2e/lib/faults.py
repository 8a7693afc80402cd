"""What a row of the fault matrix is, and how it is played.

A row is a scenario for the scripted relay (see scripted_relay.py) and the answer that is wanted. play() runs it in one
mode: a fresh gateway against the relay, and then not only what the row wants, but what must always be true.
"""

import dataclasses
import functools
import time
import uuid
from collections.abc import Callable

from . import certificates, oracle
from .gateway import Gateway, message
from .harness import SANITIZED, case, check, check_equal, eventually, seconds
from .script import as_action
from .scripted_relay import ScriptedRelay

ALL = ("plain", "starttls", "implicit")
SECURE = ("starttls", "implicit")
PLAIN = ("plain",)
TLS_OF_MODE = {"plain": "none", "starttls": "starttls", "implicit": "implicit"}

STALL, FIN, RST = {"then": "stall"}, {"then": "fin"}, {"then": "rst"}
SHORT = 0.8  # a timeout for rows that wait for it
# 5 MB: more than the sockets' buffers take.
LARGE_TEXT = "The quick brown fox jumps over the lazy dog, again and again.\n" * 80_000
SENT = (200, None, None, "sent")


def not_sent(status, code, retry):
    return (status, code, retry == "y", "not_sent")


def unknown(status=502):
    return (status, "outcome-unknown", False, "unknown")


UNREACHABLE = not_sent(502, "upstream-unreachable", "y")
TIMEOUT = not_sent(504, "upstream-timeout", "y")
TEMPORARY = not_sent(503, "upstream-temporary", "y")
PROTOCOL = not_sent(502, "upstream-protocol-error", "n")
SESSION = not_sent(502, "upstream-rejected-session", "n")
TLS = not_sent(502, "upstream-tls", "n")
TLS_BROKE = not_sent(502, "upstream-tls", "y")
TLS_REQUIRED = not_sent(502, "upstream-tls-required", "n")
AUTH_FAILED = not_sent(502, "upstream-auth-failed", "n")
SENDER = not_sent(422, "sender-rejected", "n")
RECIPIENTS = not_sent(422, "recipients-rejected", "n")
DEFERRED = not_sent(503, "recipients-deferred", "y")
MESSAGE = not_sent(422, "message-rejected", "n")


@dataclasses.dataclass
class Run:
    """One row in one mode, after the answers came."""

    relay: ScriptedRelay
    gateway: Gateway
    responses: list

    @property
    def answer(self):
        return self.responses[-1].json()


@dataclasses.dataclass
class Row:
    name: str
    steps: dict  # or a list of them: one a connection
    want: tuple  # status, code, retryable, delivery; of the last post
    modes: tuple = PLAIN
    posts: int = 1
    timeout: float = 10
    fields: dict = dataclasses.field(default_factory=dict)
    relay: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    url_tls: str = ""  # what the gateway believes, where that is not what the relay speaks
    never: tuple = ()  # verbs that must not be seen
    seen: tuple = ()  # verbs that must be
    within: float = 0  # seconds that the answer may take
    connections: int = 0  # how many there must have been
    check: Callable = lambda run: None


def upstream_text(run):
    return run.answer["upstream"]["text"]


def pointers(run):
    return [error["pointer"] for error in run.answer["errors"]]


def statuses(run):
    return [recipient["status"] for recipient in run.answer["recipients"]]


def each(number, replies, step, want, **more):
    """Rows that differ in the relay's reply alone."""
    return [Row(f"{number} {step} {label(reply)}", {step: reply}, want, **more) for reply in replies]


def label(action):
    action = as_action(action)
    reply = action.get("reply", "")
    reply = reply.decode("latin-1") if isinstance(reply, bytes) else reply
    return " ".join(part for part in (repr(reply[:24])[1:-1], action.get("then", "")) if part)


def to(count):
    return {"to": [f"r{i}@example.net" for i in range(count)]}


# --- One row ------------------------------------------------------------------------------------------------------


def check_memory(run, mebibytes):
    if not SANITIZED:
        peak = run.gateway.status_field("VmHWM") // 1024
        check(peak < mebibytes, f"the gateway grew to {peak} MiB")


def body_bytes(run):
    return sum(connection.body_bytes for connection in run.relay.connections)


def check_text_is_safe(text):
    check(len(text.encode()) <= 1000, f"{len(text.encode())} bytes of upstream text")
    check(all(ord(c) >= 0x20 and ord(c) != 0x7F for c in text), f"a control character in {text!r}")


def expect(response, want):
    """For the cases that are no rows."""
    answer = response.json()
    got = (response.status, answer.get("code"), answer.get("retryable"), answer.get("delivery"))
    wanted = want if want[0] != 200 else (200, None, None, want[3])
    check_equal(got, wanted, f"status, code, retryable, delivery (detail: {answer.get('detail')})")


def relay_for(row, mode):
    certificate = certificates.shared().server("good") if mode != "plain" else None
    connections = row.steps if isinstance(row.steps, list) else [row.steps]
    return ScriptedRelay(connections=connections, tls=TLS_OF_MODE[mode], certificate=certificate, **row.relay)


def gateway_for(row, relay):
    """With one session at a time, the second message of a row meets the session of the first."""
    options = {"smtp_ca_file": certificates.shared().ca_file, "smtp_max_connections": 1, **row.options}
    return Gateway(relay.url(tls=row.url_tls or None), timeout=row.timeout, **options)


def hold(row, run, tokens):
    """Everything that must be true of the answers, given what the relay saw."""
    expect(run.responses[-1], row.want)
    run.relay.settle()
    for response, token in zip(run.responses, tokens):
        oracle.hold_table(response)
        oracle.hold_invariant(response.json(), run.relay.messages_with(token))
        oracle.hold_secrecy(response.body)
    oracle.hold_secrecy(run.gateway.log())
    for verb in row.never:
        check(verb not in run.relay.verbs(), f"{verb} was sent")
    eventually(lambda: set(row.seen) <= set(run.relay.verbs()), 2, f"{row.seen} at the relay")
    clear = [c.text for c in run.relay.commands() if not c.tls and c.text.upper().startswith("AUTH")]
    check_equal(clear, [], "AUTH in the clear")
    broken = [what for connection in run.relay.connections for what in connection.violations]
    check(row.url_tls or not broken, f"against the rules: {broken}")
    if row.connections:
        check_equal(len(run.relay.connections), row.connections, "connections")
    row.check(run)


def play(row, mode):
    tokens = [uuid.uuid4().hex for _ in range(row.posts)]
    with relay_for(row, mode) as relay:
        try:
            with gateway_for(row, relay) as running:
                responses = []
                for token in tokens:
                    began = time.monotonic()
                    fields = message(**{"subject": token, **row.fields})
                    responses.append(running.post(fields))
                    took = time.monotonic() - began
                    check(not row.within or took < seconds(row.within), f"the answer took {took:.1f} s")
                    if row.posts > 1:
                        time.sleep(0.3 if "idle" in row.name else 0)
                hold(row, Run(relay, running, responses), tokens)
        except AssertionError as failure:
            failure.args = (f"{failure}\n--- the relay's log:\n{relay.log()[-5000:]}",)
            raise


def add(rows):
    """Each row in each of its modes is a case."""
    for row in rows:
        for mode in row.modes:
            case(f"{row.name} [{mode}]")(functools.partial(play, row, mode))
