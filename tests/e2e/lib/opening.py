"""How a session of the scripted server begins: EHLO, STARTTLS, AUTH."""

import base64

from . import sasl
from .script import Player, as_bytes
from .wire import Gone

MAX_RESPONSE_LINE = 12288  # RFC 4954 4


class Opening(Player):
    """The part of a session before its first MAIL."""

    authenticated = False

    def secure(self):
        if not self.wire.peek():
            raise Gone("the client closed the connection before the TLS handshake")
        handshake = self.action_for("tls")
        self.perform_in_handshake(handshake)
        self.wire.start_tls(self.relay.context, handshake.get("split", 0), handshake.get("pause", 0.0))
        self.record.has_client_certificate = bool(self.wire.tls.getpeercert())
        self.record.dialogue.append("(TLS)")
        self.pending = b""
        self.offered = {}

    def perform_in_handshake(self, handshake):
        """Only what comes before the server's first flight; `split` shapes the handshake itself."""
        self.record.steps.append("tls")
        self.relay.note_step("tls")
        self.wait(handshake)
        if handshake.get("reply"):
            self.wire.send_raw(as_bytes(handshake["reply"]))
        if handshake.get("endless"):
            self.send_endlessly(handshake["endless"])
        self.end(handshake.get("then"))

    def on_ehlo(self, _argument):
        secured = self.wire.tls is not None
        lines = ["relay.test", *self.relay.extensions]
        if self.relay.tls == "starttls" and not secured:
            lines.append("STARTTLS")
        elif self.relay.mechanisms and (secured or self.relay.tls == "none"):
            lines.append("AUTH " + " ".join(self.relay.mechanisms))
        reply = "\n".join(f"250{'-' if i < len(lines) - 1 else ' '}{text}" for i, text in enumerate(lines))
        step = "ehlo2" if secured and self.relay.tls == "starttls" else "ehlo"
        self.forget()
        self.perform(step, reply, self._note_offer)

    def _note_offer(self, reply):
        lines = [line[4:].decode("latin-1").split() for line in reply.splitlines()[1:]]
        self.offered = {words[0].upper(): words[1:] for words in lines if words}

    def on_starttls(self, _argument):
        if self.perform("starttls", "220 2.0.0 Ready to start TLS") == 220:
            self.secure()

    def on_auth(self, argument):
        mechanism, _, initial = argument.partition(" ")
        exchange = sasl.start(mechanism.upper(), self.relay, self)
        right = self._converse(exchange, initial) if exchange else False
        if right is None:
            return
        code = self.perform("auth", "235 2.7.0 Accepted" if right else "535 5.7.8 Wrong user name or password")
        while code == 334:
            if self._read_response() is None:
                return
            code = self.perform("auth", "535 5.7.8 Wrong user name or password")
        self.authenticated = code == 235

    def _converse(self, exchange, initial):
        """Whether the credentials are right; None where the exchange is over already."""
        response = _decode_base64(initial.removeprefix("=")) if initial else None
        try:
            challenge = next(exchange)
            while True:
                if response is None:
                    response = self._ask(challenge)
                if response is None:
                    return None
                challenge, response = exchange.send(response), None
        except StopIteration as end:
            return end.value

    def _read_response(self):
        line = self.read_line()
        if len(line) + 2 > MAX_RESPONSE_LINE:
            self.breach("a response that is too long")
        if line != "*":
            return _decode_base64(line)
        self.perform("unknown", "501 5.5.2 Cancelled")  # RFC 4954 section 4
        return None

    def _ask(self, challenge):
        """The client's response to one challenge; None where there was none."""
        line = "334 " + base64.b64encode(challenge).decode()
        return self._read_response() if self.perform("prompt", line) == 334 else None


def _decode_base64(text):
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b"(not base64)"
