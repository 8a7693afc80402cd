"""Mail transactions of the scripted server: MAIL, RCPT, DATA, BDAT, RSET, read strictly by the RFCs on the way."""

import re

from .records import Message, breaches, judge, parse_path, replies_in
from .script import Player, as_bytes
from .wire import Gone

# The extension that has to be offered before a parameter may be used.
NEEDS = {
    "SIZE": "SIZE",
    "BODY": "8BITMIME",
    "SMTPUTF8": "SMTPUTF8",
    "REQUIRETLS": "REQUIRETLS",
    **dict.fromkeys(("RET", "ENVID", "NOTIFY", "ORCPT"), "DSN"),
}


class Transaction(Player):
    """The part of a session from MAIL on."""

    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.transactions = 0
        self.needs_reset = False  # behind a failed chunk
        self.lmtp = self.relay.protocol == "lmtp"
        self.forget()

    def forget(self):
        self.mail_from, self.mail_parameters = None, {}
        self.recipients, self.recipient_parameters = [], []
        self.asked = 0  # recipients, refused ones included
        self.chunked = None  # the message that BDAT has begun
        self.due = None  # octets before the `body` step

    def _refusal_of(self, parameters):
        """What a strict server says to a parameter that it has not offered (RFC 5321 4.1.1.11)."""
        for name, value in parameters.items():
            needed = "BINARYMIME" if value.upper() == "BINARYMIME" else NEEDS.get(name, name)
            if needed not in self.offered:
                self.breach(f"{name} without its extension")
                return f"555 5.5.4 {name} is not known here"
        return None

    def _limit(self, name):
        """RFC 9422."""
        values = dict(word.split("=", 1) for word in self.offered.get("LIMITS", ()) if "=" in word)
        return int(values.get(name, 1 << 30))

    def _default(self, line, path, parameters, good):
        """What a strict server says to MAIL or RCPT."""
        if path is None:
            self.breach(line)
            return "501 5.5.4 Syntax"
        if not path.isascii() and "SMTPUTF8" not in self.mail_parameters:
            self.breach("an address that is not ASCII, without SMTPUTF8")
            return "553 5.6.7 SMTPUTF8 is needed"
        return self._refusal_of(parameters) or good

    def on_mail(self, argument):
        if self.mail_from is not None or self.needs_reset:
            self.breach("MAIL without RSET")
        self.forget()
        self.transactions += 1
        if self.transactions > self._limit("MAILMAX"):
            self.breach("more messages than MAILMAX")
        path, self.mail_parameters = parse_path(argument)
        allowed = self.authenticated or not self.relay.requires_auth
        good = "250 2.1.0 Ok" if allowed else "530 5.7.0 Authentication required"
        code = self.perform("mail", self._default(f"MAIL {argument}", path, self.mail_parameters, good))
        self.mail_from = path if 200 <= code < 300 else None

    def on_rcpt(self, argument):
        path, parameters = parse_path(argument)
        self.asked += 1
        good = "250 2.1.5 Ok" if self.mail_from is not None else "503 5.5.1 MAIL first"
        if self.asked > self._limit("RCPTMAX"):
            good = "452 4.5.3 Too many recipients"
            self.breach("more recipients than RCPTMAX")
        default = self._default(f"RCPT {argument}", path, parameters, good)
        if 200 <= self.perform("rcpt", default, number=self.asked) < 300:
            self.recipients.append(path)
            self.recipient_parameters.append(parameters)

    def on_rset(self, _argument):
        self.forget()
        self.needs_reset = False
        self.perform("rset", "250 2.0.0 Ok")

    def _begin_message(self):
        message = Message(self.record.number, self.mail_from or "", self.recipients, self.mail_parameters)
        message.recipient_parameters = self.recipient_parameters
        self.relay.messages.append(message)
        self.due = self.action_for("body").get("after", 0) if "body" in self.steps else None
        return message

    def on_data(self, _argument):
        ready = self.recipients and not self.chunked
        default = "354 End data with <CR><LF>.<CR><LF>" if ready else "554 5.5.1 No valid recipients"
        claims = []
        if self.perform("data", default, lambda reply: claims.extend(replies_in(reply)[0][1:])) != 354:
            return
        message = self._begin_message()
        if any(code.startswith(b"2") for code in claims):
            message.verdict = "claimed"
        message.content = _unstuff(self._read_body(message))
        self.finish(message)

    def finish(self, message):
        """The end of data is there: one reply, or in LMTP one a recipient (RFC 2033 4.2)."""
        message.verdict = "ambiguous"
        self.record.dialogue.append(f"C: ({len(message.content)} bytes and the end of data)")
        for what in breaches(message, self.offered):
            self.breach(what)
        if self.pending and "PIPELINING" not in self.offered:
            self.breach("the reply to the end of data was not waited for, without PIPELINING")
        self.forget()
        for number in range(1, (len(message.recipients) if self.lmtp else 1) + 1):
            name = self.relay.next_queue_id()
            self.perform("dot", f"250 2.0.0 Ok: queued as {name}", message.note, number)

    def on_bdat(self, argument):
        """RFC 3030: the octets come whether they are wanted or not."""
        match = re.fullmatch(r"([0-9]{1,20})( LAST)?", argument, re.IGNORECASE)
        if not match:
            self.breach(f"BDAT {argument}")
            raise Gone("a BDAT whose end nobody knows")
        if self.recipients and not self.chunked:
            self.chunked = self._begin_message()
        message = self.chunked
        self._read_chunk(int(match[1]), message)
        if not message:
            self.perform("bdat", "503 5.5.1 No valid recipients")
        elif match[2]:
            self.finish(message)
        elif self.perform("bdat", f"250 2.0.0 {match[1]} octets") >= 300:
            self.forget()
            self.needs_reset = True

    def _read_chunk(self, size, message):
        before = len(message.content) if message else 0
        chunk = bytearray()
        if message:
            message.chunks.append(size)
        try:
            while True:
                piece, self.pending = self.pending[: size - len(chunk)], self.pending[size - len(chunk) :]
                chunk += piece
                self.record.body_bytes = before + len(chunk)
                if message:
                    self._interrupt(message, before + len(chunk))
                if len(chunk) == size:
                    break
                self.more()
        finally:
            if message:
                message.content += bytes(chunk)

    def _read_body(self, message):
        """The message as it was stuffed."""
        stream = bytearray(b"\r\n")  # of the DATA line: the first line of the message may be the lone dot
        searched = 0
        try:
            while True:
                self._interrupt(message, len(stream) - 2)
                end = stream.find(b"\r\n.\r\n", searched)
                if end >= 0:
                    self.pending = bytes(stream[end + 5 :])
                    return bytes(stream[2 : end + 2])
                searched = max(0, len(stream) - 4)
                if not self.pending:
                    self.more()
                stream += self.pending
                self.pending = b""
                self.record.body_bytes = len(stream) - 2
        except Gone:
            message.content = _unstuff(bytes(stream[2:]))
            raise

    def _interrupt(self, message, octets):
        """The `body` step, once a message."""
        if self.due is None or octets < self.due:
            return
        self.due = None
        claim = judge(as_bytes(self.action_for("body").get("reply", "")))
        self.perform("body", "")
        if claim == "accepted":
            message.verdict = "claimed"


def _unstuff(body):
    return re.sub(rb"(?:\A|(?<=\r\n))\.", b"", body)
