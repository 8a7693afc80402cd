"""A scripted SMTP server: it can say anything, at any step, and it keeps an acceptance log.

A scenario is data. Left alone, the server is a good relay that takes every message; `steps` says where it is not:

    ScriptedRelay(steps={"dot": "451 4.3.0 Try again later"})                     a reply of its own
    ScriptedRelay(steps={"dot": {"reply": "25", "then": "fin"}})                  half a reply, then FIN
    ScriptedRelay(steps={"rcpt": ["250 Ok", "550 5.1.1 Unknown"]})                the first, then all others
    ScriptedRelay(connections=[{"mail": "421 4.7.0 Enough"}, {}])                 per connection; the last repeats

Steps, in the order of a session:

    greeting ehlo (helo) starttls tls ehlo2 (prompt) auth mail rcpt data bdat body dot rset noop quit

`ehlo2` is the EHLO after STARTTLS; `caps` means whichever EHLO is the one that counts, and `ehlo` is LHLO in LMTP.
`prompt` is a challenge of AUTH, `auth` is what follows the credentials. `rcpt3` is the third RCPT of a transaction, and
goes before `rcpt`. `tls` happens when the first bytes of the client's handshake are there, `body` after `after` bytes
of the message (and the reading goes on, unless `then` ends it), `bdat` after a chunk that is not the last, `dot` when
the end of data has arrived, be it a dot or BDAT LAST; in LMTP once a recipient, `dot2` being the second.

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
    "ambiguous"    the end of data came, and nothing of the two was given
    "incomplete"   the end of data never came
    "claimed"      it never came, and the server gave a 2yz reply all the same
    "partial"      in LMTP: taken for some of the recipients; `verdicts` has one for each

and `relay.connections` every command line with whether TLS protected it, which of them came at a time (`groups`), and
what the client did against an RFC (`violations`): sent ahead what must be waited for, used what was not offered, or
sent a message that is none.

Other keywords make another kind of server: `protocol="lmtp"`, `path` for a Unix-domain socket, `round_trip` for one
that is that many seconds away, `coalesce` for one that answers what came at a time in one segment, `scram_faults` for
one that cheats in SCRAM (scram.py says how).

As a program (python3 -m lib.scripted_relay SCENARIO.json) it prints its port, and writes the log as JSON lines when it
is stopped by SIGINT.
"""

import dataclasses
import json
import select
import socket
import ssl
import sys
import threading
import time
import urllib.parse

from .records import Connection
from .script import check_steps
from .session import Session

USERNAME, PASSWORD = "ann", "s3cret p@ss/word"


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
        path=None,
        protocol="smtp",
        round_trip=0.0,
        coalesce=False,
        scram_faults=None,
    ):
        self.protocol, self.round_trip, self.coalesce = protocol, round_trip, coalesce
        self.scram_faults = scram_faults or {}
        self.tls, self.extensions, self.mechanisms = tls, list(extensions), list(mechanisms)
        self.login_prompts, self.username, self.password = login_prompts, username, password
        self.requires_auth = tls != "none" and bool(mechanisms) if requires_auth is None else requires_auth
        self.step_of_capabilities = "ehlo2" if tls == "starttls" else "ehlo"
        self.context = None
        if tls != "none":
            self.context = _make_context(certificate, tls_versions, ciphers, client_ca_file)
        self.play(connections or [dict(steps or {})])
        self.stopped = threading.Event()
        self._gates, self._reached = {}, {}
        self._changed = threading.Condition()
        self._queue_ids = 0
        self._threads, self._sessions = [], []
        self._listener = _listen(path, host, receive_buffer)
        self.path, self.host = path, host
        self.port = 0 if path else self._listener.getsockname()[1]

    # --- Use

    def __enter__(self):
        thread = threading.Thread(target=self._accept, daemon=True)
        thread.start()
        self._threads.append(thread)
        return self

    def __exit__(self, *_):
        self.stop()

    def play(self, connections):
        """From now on this scenario, with a log that is empty; what is open goes on with the one before."""
        for script in connections:
            check_steps(script)
        self.scripts = list(connections)
        self.connections, self.messages = [], []

    def drop(self):
        """Ends every connection that is open."""
        for session in self._sessions:
            if session.record.is_open:
                session.wire.drop()

    def settle(self, timeout=3.0):
        """Waits until all that has arrived is read, or never will be: from then on the log says what was taken."""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            if all(session.wire.is_idle or not session.record.is_open for session in self._sessions):
                return
            time.sleep(0.001)

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
        scheme = "lmtp" if self.protocol == "lmtp" else "smtps" if tls == "implicit" else "smtp"
        if self.path:
            return f"{scheme}://{self.path}"
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
            if not self.path:
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            record = Connection(len(self.connections))
            script = self.scripts[min(record.number, len(self.scripts) - 1)]
            session = Session(self, sock, record, script)
            self.connections.append(record)
            self._sessions = [s for s in self._sessions if s.record.is_open] + [session]
            thread = threading.Thread(target=session.run, daemon=True)
            self._threads = [t for t in self._threads if t.is_alive()] + [thread]
            thread.start()


def _listen(path, host, receive_buffer):
    family = socket.AF_UNIX if path else socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    if receive_buffer:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind(path or (host, 0))
    listener.listen(512)
    return listener


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
