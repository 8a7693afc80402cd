"""A scripted SMTP server: it can say anything, at any step, and it keeps an acceptance log.

A scenario is data. Left alone, the server is a good relay that takes every message; `steps` says where it is not:

    ScriptedRelay(steps={"dot": "451 4.3.0 Try again later"})                     a reply of its own
    ScriptedRelay(steps={"dot": {"reply": "25", "then": "fin"}})                  half a reply, then FIN
    ScriptedRelay(steps={"rcpt": ["250 Ok", "550 5.1.1 Unknown"]})                the first, then all others
    ScriptedRelay(connections=[{"mail": "421 4.7.0 Enough"}, {}])                 per connection; the last repeats

Steps, in the order of a session:

    greeting ehlo (helo) starttls tls ehlo2 (prompt) auth mail rcpt data body dot rset noop quit

`ehlo2` is the EHLO after STARTTLS; `caps` means whichever EHLO is the one that counts. `prompt` is a challenge of AUTH
LOGIN or PLAIN, `auth` is what follows the credentials. `tls` happens when the first bytes of the client's handshake
are there, `body` after `after` bytes of the message (and the reading goes on, unless `then` ends it), `dot` when the
end of data has arrived.

An action is a text (a reply; its lines get CRLF), bytes (sent as they are), a list (one for each time that the step is
reached on a connection; the last repeats; None is the default) or a dict, all of whose parts are optional:

    "delay": 0.5          seconds before anything happens
    "until": "go"         wait for relay.open("go")
    "reply": text, bytes  what to send (default: what a good relay says, or nothing before `then`)
    "raw": text           the same as bytes, for a scenario in JSON
    "split": 1            bytes a segment, with "pause" seconds between them
    "beneath": bytes      sent below TLS, where TLS is on
    "endless": bytes      sent again and again until the client goes away (at most 64 MiB)
    "then":               "fin" | "rst" | "stall" | "truncate" (in TLS: FIN without close_notify)

The log: `relay.messages` holds what became of each message that the client began to send. Its verdict is

    "accepted"     the end of data came, and a complete 2yz reply was given
    "refused"      the same, with 4yz or 5yz
    "ambiguous"    the end of data came, and nothing of the two was given; or the server claimed a result before it
    "incomplete"   the end of data never came

and `relay.connections` every command line with whether TLS protected it. Run as a program it takes a scenario as a
JSON file, prints its port, and writes the log as JSON lines when it is stopped.
"""

import base64
import dataclasses
import json
import re
import select
import socket
import ssl
import struct
import sys
import threading
import time
import urllib.parse

USERNAME, PASSWORD = "ann", "s3cret p@ss/word"
ENDLESS_LIMIT = 64 << 20
STEPS = (
    *("greeting", "ehlo", "helo", "starttls", "tls", "ehlo2", "caps", "prompt", "auth"),
    *("mail", "rcpt", "data", "body", "dot", "rset", "noop", "quit", "unknown"),
)
ACTION_KEYS = {"delay", "until", "reply", "split", "pause", "endless", "then", "after", "raw", "beneath"}


class Gone(Exception):
    """The connection is over."""


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


class Wire:
    """A byte stream, with or without TLS. TLS runs over memory, so that what is on the wire can be cut anywhere."""

    def __init__(self, sock, stopped):
        self.sock = sock
        self.stopped = stopped
        self.tls = None
        self.received = 0
        self._arrived = self._leaving = None

    def _wait_readable(self):
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        while not poll.poll(100):
            if self.stopped.is_set():
                raise Gone("the server was stopped")

    def _recv_raw(self, size=65536):
        self._wait_readable()
        try:
            data = self.sock.recv(size)
        except OSError as error:
            raise Gone(f"reset by the client ({error.strerror})") from None
        self.received += len(data)
        return data

    def peek(self):
        """Waits for the client's next bytes without taking them; false at their end."""
        self._wait_readable()
        try:
            return bool(self.sock.recv(1, socket.MSG_PEEK))
        except OSError as error:
            raise Gone(f"reset by the client ({error.strerror})") from None

    def recv(self):
        """Some bytes; none at the end."""
        if not self.tls:
            return self._recv_raw()
        while True:
            try:
                return self.tls.read(65536)
            except ssl.SSLWantReadError:
                data = self._recv_raw()
                if data:
                    self._arrived.write(data)
                else:
                    self._arrived.write_eof()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""
            except ssl.SSLError as error:
                raise Gone(f"TLS: {error.reason}") from None

    def send_raw(self, data, split=0, pause=0.0):
        view = memoryview(data)
        size = split or len(view) or 1
        for at in range(0, len(view), size):
            if at and pause and self.stopped.wait(pause):
                raise Gone("the server was stopped")
            self._send_all(view[at : at + size])

    def _send_all(self, view):
        poll = select.poll()
        poll.register(self.sock, select.POLLOUT)
        while view:
            if not poll.poll(100):
                if self.stopped.is_set():
                    raise Gone("the server was stopped")
                continue
            try:
                view = view[self.sock.send(view, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL) :]
            except BlockingIOError:
                continue
            except OSError as error:
                raise Gone(f"the client was gone when it was to be answered ({error.strerror})") from None

    def send(self, data, split=0, pause=0.0):
        if not self.tls:
            self.send_raw(data, split, pause)
            return
        size = split or len(data) or 1
        for at in range(0, len(data), size):
            self.tls.write(data[at : at + size])
            self.send_raw(self._leaving.read())
            if pause and self.stopped.wait(pause):
                raise Gone("the server was stopped")

    def start_tls(self, context, split=0, pause=0.0):
        self._arrived, self._leaving = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = context.wrap_bio(self._arrived, self._leaving, server_side=True)
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                self.send_raw(self._leaving.read(), split, pause)
                data = self._recv_raw()
                if not data:
                    raise Gone("the client ended the TLS handshake") from None
                self._arrived.write(data)
            except ssl.SSLError as error:
                self.send_raw(self._leaving.read())
                raise Gone(f"TLS handshake: {error.reason}") from None
        self.send_raw(self._leaving.read(), split, pause)
        self.tls = tls

    def fin(self, close_notify=True):
        """Ends our direction; what the client still sends is left unread in peace, so that no RST overtakes the FIN."""
        if self.tls and close_notify:
            try:
                self.tls.unwrap()
            except ssl.SSLError:
                pass
            self.send_raw(self._leaving.read())
        try:
            self.sock.shutdown(socket.SHUT_WR)
            while self._recv_raw():
                pass
        except (OSError, Gone):
            pass

    def rst(self):
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def stall(self):
        """Says nothing and reads nothing more, until the client has gone or the server is stopped."""
        poll = select.poll()
        poll.register(self.sock, select.POLLRDHUP | select.POLLHUP | select.POLLERR)
        while not poll.poll(100) and not self.stopped.is_set():
            pass


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


class ScriptedRelay:
    """The server; a context manager. See the top of the file for the scenario."""

    def __init__(
        self,
        steps=None,
        connections=None,
        tls="none",
        certificate=None,
        extensions=("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES"),
        mechanisms=("PLAIN", "LOGIN"),
        login_prompts=("Username:", "Password:"),
        username=USERNAME,
        password=PASSWORD,
        requires_auth=None,
        tls_versions=(None, None),
        ciphers=None,
        client_ca_file=None,
        receive_buffer=0,
        host="127.0.0.1",
    ):
        self.scripts = list(connections) if connections else [dict(steps or {})]
        for script in self.scripts:
            if set(script) - set(STEPS):
                raise ValueError(f"a scenario has no steps {sorted(set(script) - set(STEPS))}")
        self.tls, self.extensions, self.mechanisms = tls, list(extensions), list(mechanisms)
        self.login_prompts, self.username, self.password = login_prompts, username, password
        self.requires_auth = tls != "none" and bool(mechanisms) if requires_auth is None else requires_auth
        self.step_of_capabilities = "ehlo2" if tls == "starttls" else "ehlo"
        self.context = None
        if tls != "none":
            self.context = _make_context(certificate, tls_versions, ciphers, client_ca_file)
        self.connections, self.messages = [], []
        self.stopped = threading.Event()
        self._gates, self._reached = {}, {}
        self._changed = threading.Condition()
        self._queue_ids = 0
        self._threads = []
        self._listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self._listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._listener.bind((host, 0))
        self._listener.listen(512)
        self.host, self.port = host, self._listener.getsockname()[1]

    # --- Use

    def __enter__(self):
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self.stopped.set()
        with self._changed:
            self._changed.notify_all()
        for thread in list(self._threads):
            thread.join(5)
        self._listener.close()

    def url(self, tls=None, host=None, credentials=None, username=None, password=None):
        """The POSTERN_SMTP_URL that leads here. Credentials go where TLS protects them, unless told otherwise."""
        tls = tls or self.tls
        scheme = "smtps" if tls == "implicit" else "smtp"
        host = host or self.host
        host = f"[{host}]" if ":" in host else host
        if credentials is None:
            credentials = tls != "none"
        user = urllib.parse.quote(username or self.username, safe="")
        secret = urllib.parse.quote(password or self.password, safe="")
        login = f"{user}:{secret}@" if credentials else ""
        return f"{scheme}://{login}{host}:{self.port}{'?tls=none' if tls == 'none' else ''}"

    def open(self, gate):
        with self._changed:
            self._gates[gate] = True
            self._changed.notify_all()

    def wait_for_gate(self, gate):
        with self._changed:
            self._changed.wait_for(lambda: self._gates.get(gate) or self.stopped.is_set())

    def wait_for_step(self, step, count=1, timeout=10.0):
        """True once the step was reached `count` times in all."""
        with self._changed:
            return self._changed.wait_for(lambda: self._reached.get(step, 0) >= count, timeout)

    def note_step(self, step):
        with self._changed:
            self._reached[step] = self._reached.get(step, 0) + 1
            self._changed.notify_all()

    def next_queue_id(self):
        with self._changed:
            self._queue_ids += 1
            return f"4Q{self.port:X}{self._queue_ids:06X}"

    # --- What happened

    def commands(self):
        return [command for connection in self.connections for command in connection.commands]

    def verbs(self):
        return [verb for connection in self.connections for verb in connection.verbs()]

    def messages_with(self, token):
        """What became of the message that holds the token, in every attempt whose bytes came far enough."""
        if isinstance(token, str):
            token = token.encode()
        return [message for message in self.messages if token in message.content]

    def log(self):
        """Everything, for the one who reads a failed test."""
        lines = []
        for connection in self.connections:
            lines.append(f"-- connection {connection.number} (ended: {connection.ended or 'no'})")
            lines.extend(connection.dialogue)
        return "\n".join(lines)

    # --- Inside

    def _accept(self):
        poll = select.poll()
        poll.register(self._listener, select.POLLIN)
        while not self.stopped.is_set():
            if not poll.poll(100):
                continue
            sock, _ = self._listener.accept()
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            record = Connection(len(self.connections))
            script = self.scripts[min(record.number, len(self.scripts) - 1)]
            self.connections.append(record)
            thread = threading.Thread(target=Session(self, sock, record, script).run, daemon=True)
            self._threads.append(thread)
            thread.start()


def _make_context(certificate, tls_versions, ciphers, client_ca_file):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers(ciphers or "ALL:@SECLEVEL=0")
    context.load_cert_chain(*certificate)
    lowest, highest = tls_versions
    context.minimum_version = lowest or ssl.TLSVersion.TLSv1_2
    context.maximum_version = highest or ssl.TLSVersion.MAXIMUM_SUPPORTED
    if client_ca_file:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(client_ca_file)
    return context


def _log_as_json(relay):
    for connection in relay.connections:
        print(json.dumps({"connection": connection.number, "ended": connection.ended, "dialogue": connection.dialogue}))
    for message in relay.messages:
        entry = dataclasses.asdict(message)
        entry["content"], entry["reply"] = message.content.decode("latin-1"), message.reply.decode("latin-1")
        print(json.dumps({"message": entry}))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        scenario = json.load(file)
    with ScriptedRelay(**scenario) as relay:
        print(json.dumps({"port": relay.port, "url": relay.url()}), flush=True)
        try:
            while True:
                time.sleep(3600)
        except KeyboardInterrupt:
            _log_as_json(relay)


if __name__ == "__main__":
    main()
