"""Another reader of HTTP/1.1: how many requests a stream of bytes holds, to the letter of RFC 9112.

Where the RFC lets a server choose, it chooses as Postern says it does: one way to end a line, to delimit a body, to
write a field. What it finds wrong has a reason, by which a test can tell what it expects of whom.
"""

import re
from dataclasses import dataclass, field

TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
REQUEST_LINE = re.compile(rb"(%s) ([!-\"$-~]+) (HTTP/1\.[01])" % TOKEN)  # a target has no fragment
FIELD = re.compile(rb"(%s):[ \t]*((?:[^\x00-\x08\x0a-\x1f\x7f]*[^\x00-\x20\x7f])?)([ \t]*)" % TOKEN)
HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
CHUNK_SIZE = re.compile(rb"([0-9A-Fa-f]{1,16})(;[^\x00-\x08\x0a-\x1f\x7f]*)?")
MAX_FIELDS = 100


class Wrong(Exception):
    """No request: the reason is the argument."""


class Short(Exception):
    """The stream ends within a request."""


@dataclass
class Request:
    method: bytes = b""
    target: bytes = b""
    version: bytes = b""
    fields: list = field(default_factory=list)  # of (name in small letters, value)
    body: bytes = b""
    notes: set = field(default_factory=set)  # right, but a server may refuse it
    wrong: str = ""
    octets: bytes = b""  # all of it, up to the line that is wrong and a little more

    def values(self, name):
        return [value for key, value in self.fields if key == name]

    def path(self):
        rest = re.sub(rb"(?i)^http://[^/]*", b"", self.target)
        return rest.partition(b"?")[0]


class Reader:
    def __init__(self, stream):
        self.stream, self.at = stream, 0

    def line(self, what):
        """Up to CRLF. LF alone ends no line, and CR stands in none."""
        lf = self.stream.find(b"\n", self.at)
        if lf < 0:
            raise Short
        line, self.at = self.stream[self.at : lf + 1], lf + 1
        if not line.endswith(b"\r\n"):
            raise Wrong(f"bare LF behind {what}")
        return line[:-2]

    def take(self, size):
        if len(self.stream) - self.at < size:
            raise Short
        data, self.at = self.stream[self.at : self.at + size], self.at + size
        return data

    def at_end(self):
        return self.at == len(self.stream)


def read_fields(reader, what, notes):
    fields = []
    while line := reader.line(what):
        match = FIELD.fullmatch(line)
        if not match:
            raise Wrong(f"{what} {line!r}")
        fields.append((match[1].lower(), match[2]))
        if match[3]:
            notes.add(b"space behind " + match[1].lower())
    return fields


def read_chunks(reader, notes):
    body = b""
    while True:
        match = CHUNK_SIZE.fullmatch(reader.line("chunk size"))
        if not match:
            raise Wrong("chunk size")
        if match[2]:
            notes.add(b"chunk extension")
        size = int(match[1], 16)
        if size == 0:
            break
        body += reader.take(size)
        if reader.take(2) != b"\r\n":
            raise Wrong("end of chunk")
    try:
        read_fields(reader, "trailer", notes)
    except Wrong as wrong:
        raise Wrong(f"trailer: {wrong}") from None
    return body


def check_host(request):
    hosts = request.values(b"host")
    if len(hosts) > 1 or (not hosts and request.version == b"HTTP/1.1"):
        raise Wrong("number of Hosts")
    if hosts and not HOST.fullmatch(hosts[0]):
        raise Wrong("Host")
    if request.target[:7].lower() == b"http://":
        authority = request.target[7:].partition(b"/")[0]
        if not hosts or authority.lower() != hosts[0].lower():
            raise Wrong("target of another host")


def read_body(reader, request):
    lengths, encodings = request.values(b"content-length"), request.values(b"transfer-encoding")
    if len(lengths) + len(encodings) > 1:
        raise Wrong("several framings")
    if encodings:
        if encodings[0].lower() != b"chunked" or request.version != b"HTTP/1.1":
            raise Wrong("Transfer-Encoding")
        request.body = read_chunks(reader, request.notes)
    elif lengths:
        if not re.fullmatch(rb"[0-9]+", lengths[0]):
            raise Wrong("Content-Length")
        request.body = reader.take(int(lengths[0]))


def check_expectation(request):
    expectations = request.values(b"expect")
    if len(expectations) > 1 or (expectations and expectations[0].lower() != b"100-continue"):
        raise Wrong("Expect")
    if expectations and request.values(b"content-length") in ([], [b"0"]) and not request.values(b"transfer-encoding"):
        raise Wrong("Expect without a body")


def read_request(reader):
    request, begin = Request(), reader.at
    try:
        line = reader.line("the first line")
        match = REQUEST_LINE.fullmatch(line)
        if not match:
            raise Wrong(f"first line {line!r}" if line else "empty line")
        request.method, request.target, request.version = match.groups()
        request.fields = read_fields(reader, "field", request.notes)
        if len(request.fields) > MAX_FIELDS:
            raise Wrong("too many fields")
        check_host(request)
        check_expectation(request)
        read_body(reader, request)
    except Wrong as wrong:
        request.wrong = str(wrong)
    request.octets = reader.stream[begin : reader.at + 4]
    return request


def read_stream(stream):
    """(requests, of which only the last may be wrong; whether the stream ends with the last of them)"""
    reader, requests = Reader(stream), []
    while not reader.at_end():
        try:
            requests.append(read_request(reader))
        except Short:
            return requests, False
        if requests[-1].wrong:
            break
    return requests, True
