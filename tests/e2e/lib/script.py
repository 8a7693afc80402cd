"""One connection of the scripted server, played by its script (see scripted_relay.py), and the record of it."""

import base64
import dataclasses
import re

from .wire import Gone, Wire

ENDLESS_LIMIT = 64 << 20
STEPS = (
    *("greeting", "ehlo", "helo", "starttls", "tls", "ehlo2", "caps", "prompt", "auth"),
    *("mail", "rcpt", "data", "body", "dot", "rset", "noop", "quit", "unknown"),
)
ACTION_KEYS = {"delay", "until", "reply", "split", "pause", "endless", "then", "after", "raw", "beneath"}


@dataclasses.dataclass
class Command:
    """A line that the client sent, and whether TLS protected it."""

    text: str
    tls: bool


@dataclasses.dataclass
class Message:
    connection: int
    mail_from: str
    recipients: list  # that were accepted
    content: bytes = b""  # dot-stuffing undone
    verdict: str = "incomplete"
    reply: bytes = b""


@dataclasses.dataclass
class Connection:
    """What happened on one connection."""

    number: int
    commands: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)
    dialogue: list = dataclasses.field(default_factory=list)
    bytes_received: int = 0  # from the wire, handshakes included
    body_bytes: int = 0
    has_client_certificate: bool = False
    ended: str = ""  # why, in words
    is_open: bool = True

    def verbs(self):
        return [command.text.split(" ")[0].upper() for command in self.commands]


def judge(reply):
    """The verdict of a good reader on what was sent after the end of data: its first complete reply counts."""
    code = None
    for line in re.split(rb"(?<=\n)", reply):
        match = re.fullmatch(rb"([2-5][0-9][0-9])(?:([ -])[^\n]*|\r?)\r?\n", line)
        if not match or (code and match[1] != code):
            return "ambiguous"
        code = match[1]
        if match[2] != b"-":
            return {b"2": "accepted", b"4": "refused", b"5": "refused"}.get(code[:1], "ambiguous")
    return "ambiguous"


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


class Session:
    """One connection, played by its script."""

    def __init__(self, relay, sock, record, steps):
        self.relay = relay
        self.record = record
        self.steps = steps
        self.wire = Wire(sock, relay.stopped)
        self.pending = b""
        self.seen = {}
        self.authenticated = False
        self.mail_from = None
        self.recipients = []

    # --- The script

    def _action_for(self, step):
        action = self.steps.get(step)
        if action is None and step == self.relay.step_of_capabilities:
            action = self.steps.get("caps")
        if isinstance(action, list):
            turn = min(self.seen.get(step, 0), len(action) - 1)
            action = action[turn]
        self.seen[step] = self.seen.get(step, 0) + 1
        return as_action(action)

    def perform(self, step, default, before_sending=lambda reply: None):
        """Does what the script says for the step; returns the code of the reply that was given, or 0."""
        self.record.steps.append(step)
        self.relay.note_step(step)
        action = self._action_for(step)
        if action.get("delay"):
            self.relay.stopped.wait(action["delay"])
        if action.get("until"):
            self.relay.wait_for_gate(action["until"])
        silent = {"then", "endless", "beneath"} & set(action)
        reply = as_bytes(action.get("reply", "" if silent else default))
        before_sending(reply)
        if reply:
            self.record.dialogue.append("S: " + repr(reply[:400])[2:-1])
            self.wire.send(reply, action.get("split", 0), action.get("pause", 0.0))
        self.wire.send_raw(action.get("beneath", b""))
        if action.get("endless"):
            self._send_endlessly(action["endless"])
        self._end(action.get("then"))
        return int(reply[:3]) if reply[:3].isdigit() else 0

    def _send_endlessly(self, piece):
        chunk = piece * max(1, 65536 // len(piece))
        for _ in range(ENDLESS_LIMIT // len(chunk)):
            self.wire.send(chunk)
        raise Gone("the client read an endless reply to its end")

    def _end(self, how):
        if not how:
            return
        self.record.dialogue.append(f"S: ({how})")
        if how == "fin":
            self.wire.fin()
        elif how == "truncate":
            self.wire.fin(close_notify=False)
        elif how == "rst":
            self.wire.rst()
        elif how == "stall":
            self.wire.stall()
        else:
            raise ValueError(f"a scenario cannot end by {how!r}")
        raise Gone(how)

    # --- Reading

    def _more(self):
        data = self.wire.recv()
        self.record.bytes_received = self.wire.received
        if not data:
            raise Gone("the client closed the connection")
        self.pending += data

    def read_line(self):
        while b"\n" not in self.pending:
            self._more()
        line, _, self.pending = self.pending.partition(b"\n")
        text = line.rstrip(b"\r").decode("utf-8", "backslashreplace")
        self.record.commands.append(Command(text, self.wire.tls is not None))
        self.record.dialogue.append(f"C: {text[:400]}")
        return text

    # --- The dialogue

    def run(self):
        try:
            if self.relay.tls == "implicit":
                self.secure()
            self.perform("greeting", "220 relay.test ESMTP scripted")
            while self.answer(self.read_line()):
                pass
            self.wire.fin()
            self.record.ended = "QUIT"
        except Gone as reason:
            self.record.ended = str(reason)
        finally:
            self.record.bytes_received = self.wire.received
            self.wire.sock.close()
            self.record.is_open = False

    def secure(self):
        if not self.wire.peek():
            raise Gone("the client closed the connection before the TLS handshake")
        handshake = as_action(self.steps.get("tls"))
        self.perform_in_handshake(handshake)
        self.wire.start_tls(self.relay.context, handshake.get("split", 0), handshake.get("pause", 0.0))
        self.record.has_client_certificate = bool(self.wire.tls.getpeercert())
        self.record.dialogue.append("(TLS)")
        self.pending = b""

    def perform_in_handshake(self, handshake):
        """Only what comes before the server's first flight; `split` shapes the handshake itself."""
        self.record.steps.append("tls")
        self.relay.note_step("tls")
        if handshake.get("delay"):
            self.relay.stopped.wait(handshake["delay"])
        if handshake.get("reply"):
            self.wire.send_raw(as_bytes(handshake["reply"]))
        self._end(handshake.get("then"))

    def answer(self, line):
        """One command. False after QUIT."""
        verb, _, argument = line.partition(" ")
        handlers = {
            "EHLO": self.on_ehlo,
            "HELO": lambda _: self.perform("helo", "250 relay.test"),
            "STARTTLS": self.on_starttls,
            "AUTH": self.on_auth,
            "MAIL": self.on_mail,
            "RCPT": self.on_rcpt,
            "DATA": self.on_data,
            "RSET": self.on_rset,
            "NOOP": lambda _: self.perform("noop", "250 2.0.0 Ok"),
            "QUIT": lambda _: self.perform("quit", "221 2.0.0 Bye"),
        }
        handler = handlers.get(verb.upper(), lambda _: self.perform("unknown", "500 5.5.2 Unknown command"))
        handler(argument)
        return verb.upper() != "QUIT"

    def on_ehlo(self, _argument):
        secured = self.wire.tls is not None
        lines = ["relay.test", *self.relay.extensions]
        if self.relay.tls == "starttls" and not secured:
            lines.append("STARTTLS")
        elif self.relay.mechanisms and (secured or self.relay.tls == "none"):
            lines.append("AUTH " + " ".join(self.relay.mechanisms))
        reply = "\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{text}" for i, text in enumerate(lines))
        self.perform("ehlo2" if secured and self.relay.tls == "starttls" else "ehlo", reply)

    def on_starttls(self, _argument):
        if self.perform("starttls", "220 2.0.0 Ready to start TLS") == 220:
            self.secure()

    def on_auth(self, argument):
        mechanism, _, initial = argument.partition(" ")
        given = self._read_credentials(mechanism.upper(), initial)
        if given is None:
            return
        right = given == (self.relay.username, self.relay.password)
        code = self.perform("auth", "235 2.7.0 Accepted" if right else "535 5.7.8 Wrong user name or password")
        while code == 334:
            if self._read_response() is None:
                return
            code = self.perform("auth", "535 5.7.8 Wrong user name or password")
        self.authenticated = code == 235

    def _read_response(self):
        line = self.read_line()
        if line != "*":
            return line
        self.perform("unknown", "501 5.5.2 Cancelled")  # RFC 4954 section 4
        return None

    def _ask(self, prompt):
        """The client's response to one challenge; None where there was none."""
        challenge = "334 " + base64.b64encode(prompt.encode()).decode()
        return self._read_response() if self.perform("prompt", challenge) == 334 else None

    def _read_credentials(self, mechanism, initial):
        """(user, password) as the client gave them; None where the exchange is over already."""
        if mechanism == "PLAIN":
            response = initial or self._ask("")
            parts = _decode_base64(response or "").split("\0")
            return None if response is None else tuple(parts[1:]) if len(parts) == 3 else ("", "")
        answers = {}
        for prompt in self.relay.login_prompts if mechanism == "LOGIN" else ():
            wanted = "user" if "user" in prompt.lower() else "password"
            response = initial if initial and wanted == "user" else self._ask(prompt)
            if response is None:
                return None
            answers[wanted] = _decode_base64(response)
        return (answers.get("user", ""), answers.get("password", ""))

    def on_mail(self, argument):
        allowed = self.authenticated or not self.relay.requires_auth
        code = self.perform("mail", "250 2.1.0 Ok" if allowed else "530 5.7.0 Authentication required")
        self.mail_from = _path_in(argument) if 200 <= code < 300 else None
        self.recipients = []

    def on_rcpt(self, argument):
        default = "250 2.1.5 Ok" if self.mail_from is not None else "503 5.5.1 MAIL first"
        if 200 <= self.perform("rcpt", default) < 300:
            self.recipients.append(_path_in(argument))

    def on_rset(self, _argument):
        self.mail_from, self.recipients = None, []
        self.perform("rset", "250 2.0.0 Ok")

    def on_data(self, _argument):
        default = "354 End data with <CR><LF>.<CR><LF>" if self.recipients else "554 5.5.1 No valid recipients"
        if self.perform("data", default) != 354:
            return
        message = Message(self.record.number, self.mail_from or "", list(self.recipients))
        self.relay.messages.append(message)
        message.content = _unstuff(self._read_body(message))
        message.verdict = "ambiguous"
        self.record.dialogue.append(f"C: ({len(message.content)} bytes and the end of data)")

        def note(reply):
            message.reply, message.verdict = reply, judge(reply)

        self.mail_from, self.recipients = None, []
        name = self.relay.next_queue_id()
        self.perform("dot", f"250 2.0.0 Ok: queued as {name}", note)

    def _read_body(self, message):
        """The message as it was stuffed. The `body` step is performed once, when it is due."""
        due = self._bytes_before_the_body_step()
        stream = bytearray(b"\r\n")  # of the DATA line: the first line of the message may be the lone dot
        searched = 0
        try:
            while True:
                if due is not None and len(stream) - 2 >= due:
                    due = None
                    self._interrupt(message)
                end = stream.find(b"\r\n.\r\n", searched)
                if end >= 0:
                    self.pending = bytes(stream[end + 5 :])
                    return bytes(stream[2 : end + 2])
                searched = max(0, len(stream) - 4)
                if not self.pending:
                    self._more()
                stream += self.pending
                self.pending = b""
                self.record.body_bytes = len(stream) - 2
        except Gone:
            message.content = _unstuff(bytes(stream[2:]))
            raise

    def _bytes_before_the_body_step(self):
        return as_action(self.steps["body"]).get("after", 0) if "body" in self.steps else None

    def _interrupt(self, message):
        if as_bytes(as_action(self.steps["body"]).get("reply", "")).startswith(b"2"):
            message.verdict = "ambiguous"  # a result that nobody asked for yet
        self.perform("body", "")


def _decode_base64(text):
    try:
        return base64.b64decode(text, validate=True).decode("utf-8", "replace")
    except ValueError:
        return "(not base64)"


def _path_in(argument):
    match = re.match(r"[A-Za-z]+:\s*<([^>]*)>", argument)
    return match[1] if match else argument


def _unstuff(body):
    return re.sub(rb"(?:\A|(?<=\r\n))\.", b"", body)
