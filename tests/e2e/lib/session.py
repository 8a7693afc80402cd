"""One connection of the scripted server, from its greeting to its end."""

from .opening import Opening
from .transaction import Transaction
from .wire import Gone


class Session(Opening, Transaction):
    """One connection, played by its script."""

    def run(self):
        try:
            if self.relay.tls == "implicit":
                self.secure()
            self.perform("greeting", "220 relay.test ESMTP scripted")
            while self.answer(self.read_line()):
                pass
            self.wire.flush()
            self.wire.fin()
            self.record.ended = "QUIT"
        except Gone as reason:
            self.record.ended = str(reason)
        finally:
            self.record.bytes_received = self.wire.received
            self.wire.sock.close()
            self.record.is_open = False

    def answer(self, line):
        """One command. False after QUIT."""
        verb, _, argument = line.partition(" ")
        verb = verb.upper()
        self.watch(verb, line)
        handlers = {
            "LHLO" if self.lmtp else "EHLO": self.on_ehlo,
            "STARTTLS": self.on_starttls,
            "AUTH": self.on_auth,
            "MAIL": self.on_mail,
            "RCPT": self.on_rcpt,
            "DATA": self.on_data,
            "BDAT": self.on_bdat,
            "RSET": self.on_rset,
            "NOOP": lambda _: self.perform("noop", "250 2.0.0 Ok"),
            "QUIT": lambda _: self.perform("quit", "221 2.0.0 Bye"),
        }
        if not self.lmtp:
            handlers["HELO"] = lambda _: self.perform("helo", "250 relay.test")
        handler = handlers.get(verb, lambda _: self.perform("unknown", "500 5.5.2 Unknown command"))
        handler(argument)
        return verb != "QUIT"
