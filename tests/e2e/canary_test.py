#!/usr/bin/env python3
"""Nothing leaks, whatever a relay or a caller does; lib/canaries.py says who may see what."""

import base64
import functools
import json
import threading
from dataclasses import dataclass, field

from lib import certificates, gateway, raw_http
from lib.canaries import CONTENTS, CREDENTIALS, canary, everything, full_message, hold, hold_outside
from lib.collector import Collector
from lib.gateway import Gateway, message, milliseconds
from lib.harness import case, check, check_equal, main, table
from lib.scripted_relay import ScriptedRelay

USER, PASSWORD = "ann", CREDENTIALS["password"]

# --- Faults of a relay ----------------------------------------------------------------------------------------------

PLAIN = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
PASSWORD_AS_BASE64 = base64.b64encode(PASSWORD.encode()).decode()
QUOTES = " ".join(CONTENTS.values())
QUOTED = f"550-5.7.1 {CONTENTS['text']}\r\n550-5.7.1 Subject: {CONTENTS['subject']}\r\n550 5.7.1 {QUOTES}"


@dataclass
class Fault:
    name: str
    steps: dict
    quotes: bool = False  # the relay tells the caller what the caller has written
    relay: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)


FAULTS = [
    Fault("success", {}),
    Fault("success, quoting", {"dot": f"250 2.0.0 Ok: queued as 1234 {QUOTES}"}, quotes=True),
    Fault("success, with contents for a queue ID", {"dot": f"250 2.0.0 Ok: queued as {CONTENTS['subject']}"}, True),
    Fault("greeting with the password", {"greeting": f"554 5.7.1 {PASSWORD} is not welcome"}),
    Fault("greeting with the password, temporary", {"greeting": f"421 4.7.1 {PASSWORD} comes too often"}),
    Fault("EHLO with the password", {"ehlo": f"550 5.7.1 {PASSWORD}"}),
    Fault("keywords with the password", {"caps": f"250-relay.test\r\n250-X{PASSWORD}\r\n250 AUTH X-{PASSWORD}"}),
    Fault("AUTH refused with the password", {"auth": f"535 5.7.8 {PASSWORD} is wrong"}),
    Fault("AUTH refused with a part of it", {"auth": f"535 5.7.8 {PASSWORD[5:-4]} is wrong"}),
    Fault("AUTH refused with it over two lines", {"auth": f"535-5.7.8 {PASSWORD[:14]}\r\n535 5.7.8 {PASSWORD[14:]}"}),
    Fault("AUTH refused with the command", {"auth": f"535 5.7.8 AUTH PLAIN {PLAIN}: unknown user"}),
    Fault("AUTH refused with the password as base64", {"auth": f"535 5.7.8 {PASSWORD_AS_BASE64}"}),
    Fault("AUTH deferred with the password", {"auth": f"454 4.7.0 {PASSWORD}"}),
    Fault("AUTH answered with nonsense", {"auth": f"{PASSWORD}\r\n".encode()}),
    Fault("AUTH answered with half a line", {"auth": {"reply": f"535 5.7.8 {PASSWORD}".encode(), "then": "fin"}}),
    Fault("MAIL refused with the password", {"mail": f"550 5.7.1 {PASSWORD}"}),
    Fault("RCPT refused with the password", {"rcpt": f"550 5.7.1 {PASSWORD}"}),
    Fault("DATA refused with the password", {"data": f"554 5.7.1 {PASSWORD}"}),
    Fault("DATA answered with nonsense", {"data": f"999 {PASSWORD}"}),
    Fault("refused in the middle, quoting", {"body": {"reply": QUOTED, "then": "fin"}}, True),
    Fault("refused at the end, quoting", {"dot": QUOTED}, quotes=True),
    Fault("deferred at the end, quoting", {"dot": QUOTED.replace("550", "451").replace(" 5.", " 4.")}, quotes=True),
    Fault("refused at the end, with the password", {"dot": f"554 5.7.1 {PASSWORD}"}),
    Fault("no reply at the end", {"dot": {"then": "fin"}}),
    Fault("half a reply at the end, quoting", {"dot": {"reply": QUOTES.encode(), "then": "fin"}}, quotes=True),
    Fault("nonsense at the end, quoting", {"dot": f"{QUOTES}\r\n".encode()}, quotes=True),
    Fault("silence at the end", {"dot": {"then": "stall"}}),
    Fault("silence at RCPT", {"rcpt": {"then": "stall"}}),
    Fault("TLS broken off", {"tls": {"reply": b"\x15\x03\x03\x00\x02\x02\x28", "then": "fin"}}),
    Fault("TLS of nobody", {}, relay={"certificate": "self-signed"}),
    Fault("a login that is not offered", {}, options={"smtp_auth": "CRAM-MD5"}),
]


def play_fault(row, log_format):
    """Over TLS, since the password goes nowhere else. The second message meets what the first one left behind."""
    certificate = certificates.shared().server(row.relay.get("certificate", "good"))
    options = {
        "smtp_ca_file": certificates.shared().ca_file,
        "smtp_username": USER,
        "smtp_password": PASSWORD,
        "log_format": log_format,
        "smtp_login_window": "1ms",
        "timeout_request": milliseconds(4),
        **row.options,
    }
    with (
        Collector() as collector,
        ScriptedRelay(
            steps=row.steps, tls="starttls", certificate=certificate, username=USER, password=PASSWORD
        ) as relay,
        Gateway(f"smtp://127.0.0.1:{relay.port}", timeout=1.5, otlp_endpoint=collector.url(), **options) as running,
    ):
        for query in ({}, {"transcript": "true"}):
            answer = running.post(full_message(), **query)
            hold("the answer", everything(answer), CREDENTIALS)
            if not row.quotes:
                hold("the answer", everything(answer), CONTENTS)
        hold_outside(running, CREDENTIALS, CONTENTS)
        for taken in relay.messages:
            check(taken.verdict == "incomplete" or CONTENTS["subject"].encode() in taken.content, "no canary was sent")
        running.stop()
        hold_spans(collector)


def hold_spans(collector):
    """Numbers and names: not even an address is told."""
    check(collector.spans, "no spans came")
    for _, fields, body in collector.requests:
        hold("the spans", str(fields) + body.decode(), CREDENTIALS, CONTENTS)
        check("@" not in body.decode() and "example." not in body.decode(), "an address in the spans")


for entry in FAULTS:
    for form in ("logfmt", "json"):
        case(f"a relay: {entry.name} [{form}]")(functools.partial(play_fault, entry, form))


@case("a relay: none is there")
def unreachable():
    with Gateway(f"smtp://{USER}:{PASSWORD}@127.0.0.1:{gateway.free_port()}", timeout=1) as running:
        for query in ({}, {"transcript": "true"}):
            hold("the answer", everything(running.post(full_message(), **query)), CREDENTIALS, CONTENTS)
        hold_outside(running, CREDENTIALS, CONTENTS)


# --- Requests that are refused --------------------------------------------------------------------------------------

TEXT = CONTENTS["text"]


@dataclass
class Bad:
    name: str
    request: bytes


def posted(fields, head=b"", path=b"/v1/messages"):
    body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
    return raw_http.post(body, head, path=path)


def with_type(content_type, body):
    return raw_http.post(body, content_type=b"Content-Type: " + content_type + b"\r\n")


WHOLE = json.dumps(full_message()).encode()
RFC822 = b"/v1/messages?from=ann@example.com&to=bob@example.net"
BAD = [
    Bad("JSON that is cut", posted(WHOLE[:-20])),
    Bad("JSON with a control character", posted(WHOLE.replace(TEXT.encode(), TEXT.encode() + b"\x01"))),
    Bad("JSON that is not UTF-8", posted(WHOLE.replace(TEXT.encode(), TEXT.encode() + b"\xff"))),
    Bad("JSON with a field twice", posted(WHOLE[:-1] + b', "text": "' + TEXT.encode() + b'"}')),
    Bad("JSON with more behind it", posted(WHOLE + TEXT.encode())),
    Bad("JSON with a number that is none", posted(WHOLE[:-1] + b', "x": 0' + TEXT.encode() + b"}")),
    Bad("a text alone", posted(json.dumps(TEXT).encode())),
    Bad("no JSON at all", posted(TEXT.encode())),
    Bad("a field that is not known", posted(full_message(body=TEXT))),
    Bad("wrong types", posted(full_message(text=[TEXT], html={"x": TEXT}, subject=[TEXT], headers=[TEXT]))),
    Bad("a subject of two lines", posted(full_message(subject=f"{TEXT}\r\nBcc: eve@example.org"))),
    Bad("a subject with NUL", posted(full_message(subject=f"{TEXT}\0"))),
    Bad("a text with NUL", posted(full_message(text=f"{TEXT}\0"))),
    Bad("a header of two lines", posted(full_message(headers={"X-A": f"{TEXT}\r\n{TEXT}"}))),
    Bad("a header that is reserved", posted(full_message(headers={"Received": TEXT, "DKIM-Signature": TEXT}))),
    Bad("a header without a name", posted(full_message(headers={"": TEXT, "a b": TEXT}))),
    Bad("base64 that is none", posted(full_message(attachments=[{"content": f"*{TEXT}*", "filename": "a"}]))),
    Bad("base64 that is cut", posted(full_message(attachments=[{"content": f"{TEXT}AAA=A"}]))),
    Bad("a content type that is none", posted(full_message(attachments=[{"content": "", "content_type": TEXT}]))),
    Bad("a content ID that is none", posted(full_message(attachments=[{"content": "", "content_id": f"<{TEXT}"}]))),
    Bad("a disposition that is none", posted(full_message(attachments=[{"content": "", "disposition": TEXT}]))),
    Bad("a calendar that is none", posted(full_message(calendar={"content": TEXT}))),
    Bad("a method that does not fit", posted(full_message(calendar={"content": TEXT, "method": TEXT}))),
    Bad("a link that is none", posted(full_message(list_unsubscribe={"url": f"ftp://{TEXT} "}))),
    Bad("a date that is none", posted(full_message(date=TEXT))),
    Bad("a Message-ID that is none", posted(full_message(message_id=TEXT, in_reply_to=TEXT, references=TEXT))),
    Bad("policies that are none", posted(full_message(partial=TEXT, dsn={"notify": [TEXT], "return": TEXT}))),
    Bad("a display name of two lines", posted(full_message(from_={"email": "a@example.com", "name": f"{TEXT}\n"}))),
    Bad("a type that is not taken", with_type(TEXT.encode(), WHOLE)),
    Bad("a charset that is not taken", with_type(b"application/json; charset=" + TEXT.encode(), WHOLE)),
    Bad("a form without its end", with_type(b"multipart/form-data; boundary=b", b"--b\r\n" + TEXT.encode())),
    Bad(
        "a form with a part of no name",
        with_type(
            b"multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="' + TEXT.encode() + b'"\r\n\r\n' + WHOLE + b"\r\n--b--\r\n",
        ),
    ),
    Bad(
        "a message with bare LF",
        raw_http.post(
            f"From: a@example.com\nSubject: {TEXT}\n\n{TEXT}\n".encode(),
            b"",
            b"Content-Type: message/rfc822\r\n",
            RFC822,
        ),
    ),
    Bad(
        "a message without From",
        raw_http.post(f"Subject: {TEXT}\r\n\r\n{TEXT}\r\n".encode(), b"", b"Content-Type: message/rfc822\r\n", RFC822),
    ),
    Bad("a query that is not known", posted(WHOLE, path=b"/v1/messages?dry_run=" + TEXT.encode())),
    Bad("a target that is not known", posted(WHOLE, path=b"/v1/" + TEXT.encode())),
    Bad("a method that is not known", posted(WHOLE).replace(b"POST", TEXT.encode(), 1)),
    Bad("an encoding that is not taken", posted(WHOLE, b"Content-Encoding: " + TEXT.encode() + b"\r\n")),
    Bad("a length that is none", posted(WHOLE, b"Content-Length: " + TEXT.encode() + b"\r\n")),
    Bad("an expectation that is not known", posted(WHOLE, b"Expect: " + TEXT.encode() + b"\r\n")),
    Bad("a header field without a colon", posted(WHOLE, TEXT.encode() + b"\r\n")),
    Bad("a form of answer that is not known", posted(WHOLE, b"Accept: image/" + TEXT.encode() + b"\r\n")),
    Bad(
        "credentials that nobody asked for",
        posted(
            full_message(to=[]),
            f"Authorization: Basic {CREDENTIALS['header']}\r\nCookie: {CREDENTIALS['header']}\r\n".encode(),
        ),
    ),
]


_listener = []
_listener_lock = threading.Lock()


def listener():
    """One relay and gateway for all of them."""
    with _listener_lock:
        if not _listener:
            relay = ScriptedRelay().__enter__()
            _listener.extend((relay, Gateway(relay).__enter__()))
        return _listener


def play_bad(row):
    relay, running = listener()
    answer, _ = raw_http.exchange(running.address, row.request)
    if answer:
        check(400 <= answer.status < 500, f"status {answer.status}")
        hold("the answer", f"{answer.fields}{answer.body.decode('utf-8', 'replace')}", CREDENTIALS, CONTENTS)
    hold_outside(running, CREDENTIALS, CONTENTS)
    check_equal(relay.messages, [], "messages at the relay")


table([Bad(f"a request: {row.name}", row.request) for row in BAD], play_bad)


@case("a dry run shows the message to the caller, and to nobody else")
def dry_run():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for accept in ("application/json", "message/rfc822"):
            answer = running.post(full_message(), {"Accept": accept}, dry_run="true")
            check(CONTENTS["subject"] in answer.body.decode(), "the message is not shown")
            hold("the answer", everything(answer), CREDENTIALS)
        hold_outside(running, CREDENTIALS, CONTENTS)
        check_equal(relay.messages, [], "messages at the relay")


@case("H180 metrics name no addresses, whoever sends to whomever")
def metrics():
    with ScriptedRelay(steps={"rcpt": ["250 Ok", "550 5.1.1 No"]}) as relay, Gateway(relay) as running:
        people = {f"person{n}": f"{canary().lower()}@example.net" for n in range(20)}
        people["sender"] = f"{canary().lower()}@example.com"
        for person in people.values():
            running.post(message(from_=people["sender"], to=[person, people["person0"]]))
        for path in ("/metrics", "/readyz"):
            text = running.get_admin(path).body.decode()
            check("@" not in text and not any(p.split("@")[0] in text for p in people.values()), f"an address: {text}")


if __name__ == "__main__":
    main(jobs=6)
