#!/usr/bin/env python3
"""H124 to H173 in all three forms: what a message may hold, and what it gets.

http_test.py has the rows of JSON that are refused, one by one. Here are those of forms and of finished messages, those
that need a message of some size, and those that are taken, with what must then stand in the message. What is refused
goes to one gateway whose relay must not have seen a single byte.
"""

import base64
import json
import re
import threading
import urllib.parse
from dataclasses import dataclass, field

from lib import gateway
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, last_case, main, seconds, table
from lib.raw_http import exchange, post
from lib.scripted_relay import ScriptedRelay

ADDRESS, HEADER, ATTACHMENT, REQUEST = "invalid-address", "invalid-header", "invalid-attachment", "invalid-request"
JSON = b"application/json"
FORM = b"multipart/form-data; boundary=xx"
FINISHED = b"message/rfc822"
TO = "?to=bob@example.net"
FROM = b"From: ann@example.com\r\n"
GOOD = json.dumps(message()).encode()


@dataclass
class Row:
    name: str
    body: bytes
    code: str
    places: list = field(default_factory=list)  # pointers and parameters, all of them
    type: bytes = JSON
    query: str = ""
    status: int = 422


def refused(name, code, places, **fields):
    return Row(name, json.dumps(message(**fields)).encode(), code, places)


def part(name, content=b"", more=b""):
    return b'--xx\r\nContent-Disposition: form-data; name="%s"%s\r\n\r\n%s\r\n' % (name, more, content)


def form(name, body, code=REQUEST, places=("",), **more):
    return Row(f"form: {name}", body, code, list(places), **{"type": FORM, **more})


def finished(name, body, code=HEADER, places=("",), query=TO, **more):
    return Row(f"rfc822: {name}", body, code, list(places), FINISHED, query, **more)


def quoted(**parameters):
    return "?" + urllib.parse.urlencode({"to": "bob@example.net", **parameters})


MESSAGE = part(b"message", GOOD)
INJECTIONS = {
    "H124 CRLF": "\r\nBcc: eve@example.net",
    "H125 bare CR": "\rBcc: eve@example.net",
    "H126 bare LF": "\nBcc: eve@example.net",
    "H146 U+2028": "\u2028x",
    "H146 U+0085": "\u0085x",
}

FIELDS = [
    *[
        refused(f"{row} in {place}", ADDRESS, [f"/{place}"], **{place: f"ann@example.com{tail}"})
        for row, tail in INJECTIONS.items()
        for place in ("to", "sender", "return_path", "reply_to", "cc", "bcc")
    ],
    *[
        refused(f"{row} in a display name", ADDRESS, ["/cc/name"], cc={"email": "c@example.net", "name": f"C{tail}"})
        for row, tail in INJECTIONS.items()
    ],
    *[
        refused(f"{row} in {place}", HEADER, [f"/{place}"], **{place: f"{value}{tail}"})
        for row, tail in INJECTIONS.items()
        for place, value in (
            ("subject", "Hello"),
            ("in_reply_to", "<a@b>"),
            ("references", "<a@b>"),
            ("message_id", "<a@b.example>"),
            ("date", "Mon, 23 Nov 2026 08:06:00 +0100"),
        )
    ],
    *[
        refused(
            f"{row} in list_unsubscribe",
            HEADER,
            ["/list_unsubscribe/url"],
            list_unsubscribe={"url": f"https://a.b/{tail}"},
        )
        for row, tail in INJECTIONS.items()
    ],
    *[
        refused(
            f"{row} in calendar",
            ATTACHMENT,
            ["/calendar"],
            calendar={"content": "BEGIN:VCALENDAR\r\n", "method": f"REQUEST{tail}"},
        )
        for row, tail in INJECTIONS.items()
    ],
    refused("H127 NUL in a value", REQUEST, ["/subject"], subject="a\0b"),
    refused("H127 NUL in an address", REQUEST, ["/to"], to="a\0@example.net"),
    refused("H131 folded white space", ADDRESS, ["/to"], to="a\r\n b@example.net"),
    refused(
        "H133 domain of 256 octets", ADDRESS, ["/to"], to=f"a@{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 60}.{'x' * 12}"
    ),
    refused("H134 path of 255 octets", ADDRESS, ["/to"], to=f"{'a' * 64}@{'.'.join(['b' * 62] * 3)}.xx"),
    refused("H138 10,000 comments", ADDRESS, ["/to"], to="(" * 10000 + "a@example.net" + ")" * 10000),
    refused("H144 no domain name", ADDRESS, ["/to"], to="a@\u0300.example"),
    refused("H149 too many", "too-many-recipients", ["/to/1000"], to=[f"r{i}@example.net" for i in range(1001)]),
    refused("H152 empty from", ADDRESS, ["/from"], from_=""),
    refused("H158 a value of 100 kB", HEADER, ["/headers/X-A"], headers={"X-A": "x" * 100000}),
    refused("H158 1,000 headers", HEADER, ["/headers"], headers={f"X-{i}": "x" for i in range(1000)}),
    refused("H165 1,000 attachments", ATTACHMENT, ["/attachments"], attachments=[{"content": "eA=="}] * 1000),
    refused("H168 NUL in a text", REQUEST, ["/text"], text="a\0b"),
    refused("H172 Date among headers", HEADER, ["/headers/Date"], headers={"Date": "Mon, 23 Nov 2026 08:06:00 +0100"}),
    refused("H172 Message-ID among headers", HEADER, ["/headers/message-id"], headers={"message-id": "<a@b.example>"}),
    *[
        refused(f"H172 date {value!r}", HEADER, ["/date"], date=value)
        for value in ("", "tomorrow", "Tue, 23 Nov 2026 08:06:00 +0100", "2026-02-30T00:00:00Z", "2026-11-23")
    ],
    *[
        refused(f"H172 message_id {value!r}", HEADER, ["/message_id"], message_id=value)
        for value in (
            "",
            "a@b",
            "<a>",
            "<a b@c.example>",
            "<a@b.example> <c@d.example>",
            "<" + "a" * 250 + "@b.example>",
        )
    ],
]

FORMS = [
    form("no boundary", MESSAGE + b"--xx--\r\n", type=b"multipart/form-data"),
    form("an empty boundary", MESSAGE + b"--xx--\r\n", type=b'multipart/form-data; boundary=""'),
    form("a boundary of 71 octets", MESSAGE + b"--xx--\r\n", type=b"multipart/form-data; boundary=" + b"x" * 71),
    form("another boundary", MESSAGE + b"--xx--\r\n", type=b"multipart/form-data; boundary=yy"),
    form("an empty body", b""),
    form("no end", MESSAGE),
    form("cut off in a header", MESSAGE + b"--xx\r\nContent-Disposition: form-data"),
    form("LF for CRLF", (MESSAGE + b"--xx--\r\n").replace(b"\r\n", b"\n")),
    form("a part without a name", MESSAGE + b"--xx\r\n\r\nx\r\n--xx--\r\n"),
    form("a header line of 5,000 octets", MESSAGE + part(b"attachment", b"", b"; x=" + b"x" * 5000) + b"--xx--\r\n"),
    form("no message", part(b"attachment", b"x") + b"--xx--\r\n"),
    form("two messages", MESSAGE + MESSAGE + b"--xx--\r\n"),
    form("an unknown part", MESSAGE + part(b"file", b"x") + b"--xx--\r\n"),
    form("H96 a message that is empty", part(b"message") + b"--xx--\r\n", "invalid-json", [], status=400),
    form("a message that is no JSON", part(b"message", b"{") + b"--xx--\r\n", "invalid-json", [], status=400),
    form("a message that is wrong", part(b"message", b'{"from":7}') + b"--xx--\r\n", places=["/from", "/to", "/text"]),
    form("H124 CRLF in to", part(b"message", GOOD.replace(b"bob@", rb"bob\r\n@")) + b"--xx--\r\n", ADDRESS, ["/to/0"]),
    form(
        "H161 a type with more in it",
        MESSAGE + part(b"attachment", b"x", b"\r\nContent-Type: multipart/mixed; boundary=x") + b"--xx--\r\n",
        ATTACHMENT,
        ["/attachments/0/content_type"],
    ),
    form(
        "H166 a Content-ID with a bracket",
        MESSAGE + part(b"inline", b"x", b'; filename="a"\r\nContent-ID: <a>b>') + b"--xx--\r\n",
        ATTACHMENT,
        ["/attachments/0/content_id"],
    ),
    form("H165 1,000 files", MESSAGE + part(b"attachment", b"x") * 1000 + b"--xx--\r\n", ATTACHMENT, ["/attachments"]),
    form("to in the query", MESSAGE + b"--xx--\r\n", places=["to"], query=TO),
]

FINISHED_ROWS = [
    finished("nothing", b""),
    finished("no From", b"Subject: x\r\n\r\nx"),
    finished("two Froms", FROM + FROM + b"\r\nx"),
    finished("H151 two authors", b"From: a@example.com, b@example.com\r\n\r\nx", ADDRESS),
    finished("H135 an author that is none", b"From: nobody\r\n\r\nx", ADDRESS),
    finished("two Dates", FROM + b"Date: x\r\nDate: y\r\n\r\nx"),
    finished("two Message-IDs", FROM + b"Message-ID: <a@b>\r\nMessage-ID: <c@d>\r\n\r\nx"),
    finished("a line that is no field", FROM + b"hello\r\n\r\nx"),
    finished("an mbox line", b"From ann@example.com Mon Nov 23\r\n" + FROM + b"\r\nx"),
    finished("8-bit header that is not UTF-8", FROM + b"Subject: \xe9\r\n\r\nx"),
    finished("H125 bare CR", FROM + b"\r\na\rb\r\n", REQUEST),
    finished("H126 bare LF", FROM + b"\r\na\nb\r\n", REQUEST),
    finished("bare LF in the header", FROM + b"Subject: a\nBcc: eve@example.net\r\n\r\nx", REQUEST),
    finished("H127 NUL", FROM + b"\r\na\0b\r\n", REQUEST),
    finished("a line of 999 octets", FROM + b"\r\n" + b"x" * 999 + b"\r\n", REQUEST),
    finished("a header line of 999 octets", FROM + b"X: " + b"x" * 996 + b"\r\n\r\nx", REQUEST),
    *[
        finished(
            f"H169 smuggling {sequence!r}", FROM + b"\r\nx" + sequence + b"MAIL FROM:<eve@example.net>\r\n", REQUEST
        )
        for sequence in (b"\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\r\n\0.\r\n", b"\r\n.\r\r\n")
    ],
    finished("H148 no recipient", FROM + b"\r\nx", ADDRESS, ["to"], ""),
    finished(
        "H149 too many",
        FROM + b"\r\nx",
        "too-many-recipients",
        [""],
        "?" + "&".join(f"to=r{i}@b.example" for i in range(1001)),
    ),
    finished("two return paths", FROM + b"\r\nx", REQUEST, ["from"], TO + "&from=a@b.example&from=c@d.example"),
    *[
        finished(f"{row} {value!r}", FROM + b"\r\nx", ADDRESS, [name], quoted(**{name: value}))
        for row, name, value in (
            ("H124", "to", "b@example.net\r\nRCPT TO:<eve@example.net>"),
            ("H125", "from", "a@example.com\rx"),
            ("H127", "to", "b@example.net\0"),
            ("H128", "to", "b@example.net> RCPT TO:<x@y.example"),
            ("H129", "from", "a@example.com> SIZE=1"),
            ("H135", "to", "nobody"),
            ("H137", "to", "g: a@example.net;"),
            ("H139", "to", "a@[127.0.0.1]"),
        )
    ],
    finished("cc in the query", FROM + b"\r\nx", REQUEST, ["cc"], TO + "&cc=c@example.net"),
]

# --- Playing them ---------------------------------------------------------------------------------------------------

shared_relay = ScriptedRelay()
shared = Gateway(shared_relay, max_body_bytes=1 << 20)
starting = threading.Lock()


def running():
    with starting:
        if shared.process is None:
            shared_relay.__enter__()
            shared.__enter__()
    return shared


def play(row):
    content_type = b"Content-Type: " + row.type + b"\r\n"
    request = post(row.body, content_type=content_type, path=b"/v1/messages" + row.query.encode())
    answer, _ = exchange(running().address, request, seconds(20))
    check(answer is not None, "the connection was closed without an answer")
    problem = answer.json()
    check_equal((answer.status, problem["code"]), (row.status, row.code), f"status, code ({json.dumps(problem)[:500]})")
    check_equal((problem["delivery"], problem["retryable"]), ("not_sent", False), "delivery, retryable")
    places = [error.get("parameter") or error["pointer"] for error in problem.get("errors", [])]
    check_equal(sorted(set(places)), sorted(row.places), f"places ({problem.get('errors')})")


table([*FIELDS, *FORMS, *FINISHED_ROWS], play)


@last_case("not one byte of what is refused reached the relay")
def nothing_reached_the_relay():
    running().get("/")
    check_equal([c.dialogue for c in shared_relay.connections], [], "connections to the relay")
    shared.__exit__(None, None, None)
    shared_relay.stop()


# --- What is taken, and what becomes of it ----------------------------------------------------------------------------


def sent(body, content_type=JSON, query="", extensions=None, **options):
    """The message as the relay has it."""
    more = {"extensions": extensions} if extensions else {}
    with ScriptedRelay(**more) as relay, Gateway(relay, **options) as taking:
        path = f"/v1/messages{query}"
        answer = gateway.request(taking.address, "POST", path, body, {"Content-Type": content_type.decode()})
        check_equal(answer.status, 200, answer.summary())
        relay.settle()
        check_equal((len(relay.messages), relay.messages[0].verdict), (1, "accepted"), "messages")
        check_equal([c.violations for c in relay.connections], [[]], "against the rules")
        return relay.messages[0]


def sent_fields(**fields):
    return sent(json.dumps(message(**fields)).encode())


def header_of(content):
    """Unfolded: {name in lower case: [values]}"""
    values = {}
    for line in content.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        values.setdefault(name.decode().lower(), []).append(value.strip().decode())
    return values


@case("H142 a percent sign and an exclamation mark pass")
def hacks_pass():
    got = sent_fields(to=["a%b@c.example", "a!b@c.example", '"@x,@y:a"@c.example'])
    check_equal(got.recipients, ["a%b@c.example", "a!b@c.example", '"@x,@y:a"@c.example'], "recipients")


@case("H143 a local part beyond ASCII needs SMTPUTF8")
def needs_smtputf8():
    body = message(to=["用户@example.net"])
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        answer = taking.post(body)
        check_equal((answer.status, answer.json()["code"]), (422, "smtputf8-unsupported"), "status, code")
        check("MAIL" not in relay.verbs(), "MAIL was sent")
    got = sent(json.dumps(body).encode(), extensions=("SMTPUTF8", "8BITMIME"))
    check_equal(got.recipients, ["用户@example.net"], "recipients")
    check("SMTPUTF8" in got.parameters, f"parameters {got.parameters}")
    check_equal(header_of(got.content)["to"], ["用户@example.net"], "To")


@case("H144 H145 domains become A-labels, whatever their scripts")
def idn():
    got = sent_fields(to=["a@bücher.example", "b@BÜCHER.example", "c@аррӏе.example"])
    check_equal(got.recipients, ["a@xn--bcher-kva.example", "b@xn--bcher-kva.example", "c@xn--80ak6aa92e.example"])


@case("H150 who stands twice gets one copy")
def duplicates():
    got = sent_fields(
        to=["a@example.net", "A@example.net"], cc=["a@EXAMPLE.net"], bcc=["a@example.net", "b@example.net"]
    )
    check_equal(got.recipients, ["a@example.net", "A@example.net", "b@example.net"], "recipients")


@case("H152 the null return path")
def null_path():
    check_equal(sent_fields(return_path="").mail_from, "", "return path")
    check_equal(sent(FROM + b"\r\nx\r\n", FINISHED, TO + "&from=").mail_from, "", "return path of a finished message")


@case("H153 Bcc is in the envelope alone")
def blind():
    for got in (
        sent_fields(bcc=["eve@example.net"]),
        sent(part(b"message", json.dumps(message(bcc="eve@example.net")).encode()) + b"--xx--\r\n", FORM),
        sent(FROM + b"BCC : x@y.example,\r\n eve@example.net\r\n\r\nx\r\n", FINISHED, TO + "&to=eve@example.net"),
    ):
        check_equal(sorted(got.recipients), ["bob@example.net", "eve@example.net"], "recipients")
        check(b"eve@" not in got.content and b"bcc" not in got.content.lower(), got.content)


@case("H154 odd display names")
def display_names():
    names = ['say "hi"', "back\\slash", "<b@example.net>", "Lee, Ann", "👨‍👩‍👧‍👦 Ann", "x" * 4000, "=?utf-8?Q?x?="]
    got = sent_fields(cc=[{"email": f"c{i}@example.net", "name": name} for i, name in enumerate(names)])
    field_text = header_of(got.content)["cc"][0]
    check('"say \\"hi\\"" <c0@example.net>, "back\\\\slash" <c1@example.net>' in field_text, field_text)
    check('"<b@example.net>" <c2@example.net>, "Lee, Ann" <c3@example.net>' in field_text, field_text)
    check(field_text.count("<c") == len(names) and len(got.recipients) == len(names) + 1, field_text)


@case("H156 header names up to their bound; H158 a hundred of them")
def many_headers():
    names = ["X-" + "n" * 74, *[f"X-{i}" for i in range(99)]]
    header = header_of(sent_fields(headers=dict.fromkeys(names, "v" * 200)).content)
    check(all(header[name.lower()] == ["v" * 200] for name in names), "a header is missing")


@case("H159 a subject of 10 kB is folded")
def long_subject():
    for word in ("word ", "wörd ", "x", "ü"):
        subject = (word * 10000)[:10000].strip()
        lines = sent_fields(subject=subject).content.partition(b"\r\n\r\n")[0].split(b"\r\n")
        check(all(len(line) <= 78 and line.strip() for line in lines), "a line is too long, or empty")


@case("H160 a body that holds a boundary")
def boundary_in_body():
    text = "--=_m_\r\n--=_a_x--\r\n--\r\n"
    got = sent_fields(text=text, html=text, attachments=[{"content": base64.b64encode(text.encode()).decode()}])
    found = re.findall(rb'boundary="([^"]+)"', got.content)
    check(len(set(found)) == len(found) == 2 and all(len(boundary) <= 70 for boundary in found), found)
    again = sent_fields(text=found[0].decode(), html="x")
    check(found[0] not in re.findall(rb'boundary="([^"]+)"', again.content), "a boundary that can be guessed")


@case("H162 odd file names")
def file_names():
    wanted = {
        "../../etc/passwd": "passwd",
        "C:\\x.txt": "x.txt",
        "a\r\nb.txt": "ab.txt",
        'a"b.txt': 'a\\"b.txt',
        "report\u202efdp.exe": "reportfdp.exe",
        "..": None,
        ".": None,
        "": None,
    }
    for given, name in wanted.items():
        got = sent_fields(attachments=[{"content": "eA==", "filename": given}])
        check(b"etc/" not in got.content, "a path")
        expected = f'attachment; filename="{name}"' if name else "attachment"
        dispositions = re.findall(r"Content-Disposition: (.*)\r\n", got.content.decode())
        check_equal(dispositions, [expected], repr(given))
    got = sent_fields(attachments=[{"content": "eA==", "filename": "Ü" * 1000 + ".pdf"}])
    check(b"filename*0*=utf-8''%C3%9C" in got.content and b".pdf" in got.content, got.content)


@case("H163 base64 with white space is taken; H164 its size is told before it is decoded")
def base64_sizes():
    got = sent_fields(attachments=[{"content": "eHh4\r\neHh4 eHg=\n"}])
    check(b"\r\neHh4eHh4eHg=\r\n" in got.content, got.content)
    with ScriptedRelay(extensions=["SIZE 1000"]) as relay, Gateway(relay) as taking:
        answer = taking.post(message(attachments=[{"content": "eHh4" * 10000}]))
        check_equal((answer.status, answer.json()["code"]), (413, "message-too-large"), "status, code")
        check("MAIL" not in relay.verbs(), "MAIL was sent")


@case("H167 a line of a million characters")
def long_line():
    for character in ("x", "ü"):
        got = sent(json.dumps(message(text=character * 10**6)).encode(), max_body_bytes=16 << 20)
        check(all(len(line) <= 78 for line in got.content.split(b"\r\n")), "a line is too long")
        check_equal(got.content.count(b"\r\n\r\n"), 1, "empty lines")


@case("H169 what ends a message elsewhere is content here")
def smuggling():
    sequences = ["\n.\n", "\n.\r\n", "\r.\r", "\r.\r\n", "\r\n.\n", "\r\n.\r", "\n.\r", "\r\n.\r\n", "\r\n.\r\r\n"]
    for sequence in sequences:
        text = f"before{sequence}MAIL FROM:<eve@example.net>\r\nafter"
        for fields in ({"text": text}, {"text": None, "html": text}):
            got = sent_fields(**fields)
            body = got.content.partition(b"\r\n\r\n")[2]
            lines = [line.removeprefix(b"=2E") for line in body.replace(b"=\r\n", b"").split(b"\r\n")]
            check_equal((lines[0], lines[-2]), (b"before", b"after"), f"{sequence!r}")


@case("H173 html passes unchanged")
def scripts_pass():
    html = "<script>alert(1)</script>\r\n"
    check(sent_fields(html=html).content.count(html.encode()) == 1, "it was changed")


@case("rfc822: a thousand recipients in the query")
def many_parameters():
    query = "?" + "&".join(f"to=r{number}@example.net" for number in range(1000))
    check_equal(len(sent(FROM + b"\r\nx\r\n", FINISHED, query).recipients), 1000, "recipients")


@case("H132 H134 addresses up to their bounds")
def longest_addresses():
    longest = f"{'a' * 64}@{'.'.join(['b' * 62] * 3)}"
    check_equal(len(longest), 253)
    check_equal(sent_fields(to=longest).recipients, [longest], "recipients")


@case("H147 what begins with a hyphen is refused; elsewhere it is a character")
def hyphens():
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        for bad in ("-oQ/tmp@example.net", '"-x"@example.net', "a@-x.example"):
            check_equal(taking.post(message(to=bad)).json()["code"], ADDRESS, bad)
        check_equal(relay.connections, [], "connections")
    check_equal(sent_fields(to="a-b-@x-y.example").recipients, ["a-b-@x-y.example"], "recipients")


@case("a form: files as they are, encoded once")
def a_form():
    content = bytes(range(256)) + b"\r\n--xy\r\n"
    body = (
        part(b"message", json.dumps(message(html='<img src="cid:logo.png">')).encode())
        + part(b"attachment", content, b'; filename="data.bin"\r\nContent-Type: application/octet-stream')
        + part(b"inline", content, b'; filename="logo.png"\r\nContent-Type: image/png')
        + b"--xx--\r\n"
    )
    got = sent(body, FORM).content
    encoded = base64.b64encode(content)
    lines = b"\r\n".join(encoded[at : at + 76] for at in range(0, len(encoded), 76))
    check_equal(got.count(b"\r\n\r\n" + lines + b"\r\n--"), 2, "files")
    for wanted in (b"Content-ID: <logo.png>", b'inline; filename="logo.png"', b'attachment; filename="data.bin"'):
        check(wanted in got, f"{wanted} is missing")


@case("a finished message: as it is, with Date and Message-ID where they are missing")
def a_finished_message():
    text = (
        b"Received: x\r\n"
        + FROM
        + b"To: nobody in the envelope\r\nX-Odd:\r\n\tfolded\r\n\r\n.\r\n..\r\nFrom here\r\n"
        + b"x" * 998
    )
    got = sent(text, FINISHED, TO).content
    check(got.endswith(text + b"\r\n"), got)
    added = got[: -len(text) - 2].decode()
    check(re.fullmatch(r"Date: .*\r\nMessage-ID: <.*@example\.com>\r\n", added), added)
    dated = b"Date: Mon, 23 Nov 2026 08:06:00 +0100\r\nMessage-ID: <a@b>\r\n" + text
    check_equal(sent(dated, FINISHED, TO).content, dated + b"\r\n", "a message that has both")


@case("a finished message in 8 bits, or with UTF-8 in its header, needs a relay that takes it")
def eight_bit():
    got = sent(FROM + b"\r\n\xc3\xa9\r\n", FINISHED, TO)
    check_equal(got.parameters.get("BODY"), "8BITMIME", "BODY")
    got = sent(FROM + b"Subject: \xc3\xa9\r\n\r\nx\r\n", FINISHED, TO, extensions=("SMTPUTF8", "8BITMIME"))
    check("SMTPUTF8" in got.parameters, f"parameters {got.parameters}")
    with ScriptedRelay(extensions=()) as relay, Gateway(relay) as taking:
        for text in (b"\r\n\xc3\xa9\r\n", b"Subject: \xc3\xa9\r\n\r\nx\r\n"):
            headers = {"Content-Type": "message/rfc822"}
            answer = gateway.request(taking.address, "POST", f"/v1/messages{TO}", FROM + text, headers)
            check_equal((answer.status, answer.json()["delivery"]), (422, "not_sent"), answer.summary())
        check("DATA" not in relay.verbs(), "DATA was sent")


if __name__ == "__main__":
    main(jobs=2 if SANITIZED else 4)
