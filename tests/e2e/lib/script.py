"""How a script is played on one connection of the scripted server (see scripted_relay.py), and noted down."""

import re

from .records import Command
from .wire import Gone, Wire

ENDLESS_LIMIT = 64 << 20
STEPS = (
    *("greeting", "ehlo", "helo", "starttls", "tls", "ehlo2", "caps", "prompt", "auth"),
    *("mail", "rcpt", "data", "bdat", "body", "dot", "rset", "noop", "quit", "unknown"),
)
NUMBERED_STEP = re.compile(r"(rcpt|dot)[1-9][0-9]*")
ACTION_KEYS = {"delay", "until", "reply", "split", "pause", "endless", "then", "after", "raw", "beneath"}

# RFC 5321 4.5.3.1.4; 3461 and 6531 lengthen MAIL and RCPT; 4954 4.
MAX_LINE = {"MAIL": 2048, "RCPT": 2048, "AUTH": 12288}
MAX_COMMAND_LINE = 512
ENDS_ITS_GROUP = {"EHLO", "LHLO", "HELO", "STARTTLS", "AUTH", "DATA", "NOOP", "QUIT"}  # RFC 2920 3.1, 4954 4


def check_steps(script):
    unknown = {step for step in script if step not in STEPS and not NUMBERED_STEP.fullmatch(step)}
    if unknown:
        raise ValueError(f"a scenario has no steps {sorted(unknown)}")


def as_bytes(reply):
    if isinstance(reply, bytes):
        return reply
    if not reply:
        return b""
    return "".join(f"{line}\r\n" for line in reply.split("\n")).encode("utf-8", "surrogateescape")


def as_action(action):
    """The dict form of any action."""
    if action is None:
        return {}
    if isinstance(action, (str, bytes)):
        return {"reply": action}
    unknown = set(action) - ACTION_KEYS
    if unknown:
        raise ValueError(f"a scenario's action has no {sorted(unknown)}")
    if "raw" in action:
        return {**action, "reply": action["raw"].encode("latin-1")}
    return action


class Player:
    """Says at each step what the script wants, and reads lines."""

    def __init__(self, relay, sock, record, steps):
        self.relay = relay
        self.record = record
        self.steps = steps
        self.wire = Wire(sock, relay.stopped, relay.round_trip)
        self.pending = b""
        self.seen = {}
        self.offered = {}  # keyword: its parameters, of the last EHLO

    # --- The script

    def _key_of(self, step, number):
        """Under which name the script speaks of the step."""
        names = [f"{step}{number}", step] if number else [step]
        if step == self.relay.step_of_capabilities:
            names.append("caps")
        return next((name for name in names if name in self.steps), step)

    def action_for(self, step, number=0):
        """What is to be done the next time that the step is reached."""
        key = self._key_of(step, number)
        action = self.steps.get(key)
        if isinstance(action, list):
            action = action[min(self.seen.get(key, 0), len(action) - 1)]
        return as_action(action)

    def perform(self, step, default, before_sending=lambda reply: None, number=0):
        """Does what the script says for the step; returns the code of the reply that was given, or 0."""
        self.record.steps.append(step)
        self.relay.note_step(step)
        action = self.action_for(step, number)
        key = self._key_of(step, number)
        self.seen[key] = self.seen.get(key, 0) + 1
        self.wait(action)
        silent = {"then", "endless", "beneath"} & set(action)
        reply = as_bytes(action.get("reply", "" if silent else default))
        before_sending(reply)
        if reply:
            self.record.dialogue.append("S: " + repr(reply[:400])[2:-1])
            self._send(reply, action)
        if action.get("beneath"):
            self.wire.flush()
            self.wire.send_raw(action["beneath"])
        if action.get("endless"):
            self.send_endlessly(action["endless"])
        self.end(action.get("then"))
        return int(reply[:3]) if reply[:3].isdigit() else 0

    def wait(self, action):
        if action.get("delay") or action.get("until"):
            self.wire.flush()
        if action.get("delay"):
            self.relay.stopped.wait(action["delay"])
        if action.get("until"):
            self.relay.wait_for_gate(action["until"])

    def _send(self, reply, action):
        if action.get("split"):
            self.wire.send(reply, action["split"], action.get("pause", 0.0))
            return
        self.wire.hold(reply)
        if not self.relay.coalesce:
            self.wire.flush()

    def send_endlessly(self, piece):
        chunk = piece * max(1, 65536 // len(piece))
        for _ in range(ENDLESS_LIMIT // len(chunk)):
            self.wire.send(chunk)
        raise Gone("the client read an endless reply to its end")

    def end(self, how):
        if not how:
            return
        self.record.dialogue.append(f"S: ({how})")
        self.wire.flush()
        endings = {
            "fin": self.wire.fin,
            "truncate": lambda: self.wire.fin(close_notify=False),
            "rst": self.wire.rst,
            "stall": self.wire.stall,
        }
        if how not in endings:
            raise ValueError(f"a scenario cannot end by {how!r}")
        endings[how]()
        raise Gone(how)

    # --- Reading

    def more(self):
        data = self.wire.recv()
        self.record.bytes_received = self.wire.received
        self.record.groups.append([])
        if not data:
            raise Gone("the client closed the connection")
        self.pending += data

    def read_line(self):
        while b"\n" not in self.pending:
            self.more()
        line, _, self.pending = self.pending.partition(b"\n")
        if not line.endswith(b"\r"):
            self.breach("a line that ends with a bare LF")
        text = line.removesuffix(b"\r").decode("utf-8", "backslashreplace")
        self.record.commands.append(Command(text, self.wire.tls is not None))
        self.record.dialogue.append(f"C: {text[:400]}")
        return text

    def breach(self, what):
        self.record.violations.append(what)
        self.record.dialogue.append(f"   (against the rules: {what})")

    def watch(self, verb, line):
        """What may be sent ahead of its replies, and how long a line may be."""
        self.record.groups[-1].append(verb)
        if len(line.encode()) + 2 > MAX_LINE.get(verb, MAX_COMMAND_LINE):
            self.breach(f"a line of {len(line)} characters")
        if not self.pending or verb == "BDAT":
            return
        if "PIPELINING" not in self.offered:
            self.breach(f"{verb} was not waited for, without PIPELINING")
        elif verb in ENDS_ITS_GROUP:
            self.breach(f"something was sent behind {verb}")
