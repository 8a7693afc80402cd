"""What a scripted server notes down: commands, connections, messages, and what a client did that it may not do."""

import dataclasses
import re

# RFC 5321 4.1.2: a quoted local part may hold ">".
PATH = re.compile(r'[A-Za-z]+:[ ]?<((?:"(?:\\.|[^"\\])*"|[^">])*)>(.*)', re.DOTALL)
REPLY_LINE = re.compile(rb"([2-5][0-9][0-9])(?:([ -])[^\n]*|\r?)\r?\n")
VERDICTS = {b"2": "accepted", b"4": "refused", b"5": "refused"}
MAX_TEXT_LINE = 998  # RFC 5321 4.5.3.1.6, without its CRLF


@dataclasses.dataclass
class Command:
    """A line that the client sent, and whether TLS protected it."""

    text: str
    tls: bool


@dataclasses.dataclass
class Message:
    """What became of one mail. `verdicts` has one entry; of LMTP, one for each accepted recipient."""

    connection: int
    mail_from: str
    recipients: list  # that were accepted
    parameters: dict = dataclasses.field(default_factory=dict)  # of MAIL
    recipient_parameters: list = dataclasses.field(default_factory=list)
    content: bytes = b""  # dot-stuffing undone
    chunks: list = dataclasses.field(default_factory=list)  # octets of each BDAT; empty after DATA
    verdict: str = "incomplete"
    verdicts: list = dataclasses.field(default_factory=list)
    reply: bytes = b""

    def note(self, reply):
        """A reply to the end of data is about to go out."""
        self.reply += reply
        self.verdicts.append(judge(reply))
        self.verdict = self.verdicts[0] if len(set(self.verdicts)) == 1 else sum_up(self.verdicts)

    def verdict_of_each(self):
        """In the order of the recipients."""
        each = len(self.verdicts) == len(self.recipients)
        return self.verdicts if each else [self.verdict] * len(self.recipients)


@dataclasses.dataclass
class Connection:
    """What happened on one connection."""

    number: int
    commands: list = dataclasses.field(default_factory=list)
    steps: list = dataclasses.field(default_factory=list)
    dialogue: list = dataclasses.field(default_factory=list)
    violations: list = dataclasses.field(default_factory=list)  # what the client did against an RFC
    groups: list = dataclasses.field(default_factory=list)  # the verbs that were there at a time: pipelining
    bytes_received: int = 0  # from the wire, handshakes included
    body_bytes: int = 0
    has_client_certificate: bool = False
    ended: str = ""  # why, in words
    is_open: bool = True

    def verbs(self):
        return [command.text.split(" ")[0].upper() for command in self.commands]


def replies_in(data):
    """The codes of the complete replies at the beginning of what a server sent, and what is left of it."""
    codes, first = [], None
    for line in re.split(rb"(?<=\n)", data):
        match = REPLY_LINE.fullmatch(line)
        if not match or (first and match[1] != first):
            return codes, line
        first = match[1]
        if match[2] != b"-":
            codes.append(first)
            first = None
    return codes, b""


def judge(reply):
    """The verdict of a good reader on what was sent after the end of data: its first complete reply counts."""
    codes, _ = replies_in(reply)
    return VERDICTS.get(codes[0][:1], "ambiguous") if codes else "ambiguous"


def sum_up(verdicts):
    """Of LMTP, where the recipients differ."""
    return "partial" if set(verdicts) == {"accepted", "refused"} else "ambiguous"


def parse_path(argument):
    """(address, {PARAMETER: value}) of MAIL and RCPT; (None, {}) of what is neither."""
    match = PATH.fullmatch(argument)
    if not match or (match[2] and not match[2].startswith(" ")):
        return None, {}
    pairs = (word.partition("=") for word in match[2].split())
    return match[1], {name.upper(): value for name, _, value in pairs}


def breaches(message, offered):
    """What is wrong with a message that came whole (RFC 5321 2.3.8 and 4.5.3, 5322 2.3, 1870, 6152)."""
    content = message.content
    is_binary = message.parameters.get("BODY") == "BINARYMIME"
    if not content:
        yield "an empty message"
    if not is_binary and re.search(rb"\r(?!\n)|(?<!\r)\n", content):
        yield "a CR or LF that stands alone in the message"
    if b"\0" in content and not is_binary:
        yield "a NUL in the message"
    if not is_binary and any(len(line) > MAX_TEXT_LINE for line in content.split(b"\r\n")):
        yield "a line of the message is too long"
    body = content.partition(b"\r\n\r\n")[2] if "SMTPUTF8" in message.parameters else content
    if not body.isascii() and "BODY" not in message.parameters:
        yield "8-bit content without BODY=8BITMIME"
    size = message.parameters.get("SIZE")
    if size is not None and size != str(len(content)):
        yield f"SIZE={size}, and {len(content)} octets came"
    if message.chunks and "CHUNKING" not in offered:
        yield "BDAT without CHUNKING"
