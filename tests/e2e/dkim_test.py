#!/usr/bin/env python3
"""DKIM: what the gateway signs, in every form that a message comes in, verifies by three verifiers; what was altered on
the way does not; and which keys sign."""

import base64
import functools
import json
import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass, field
from pathlib import Path

from lib import dkim, gateway, name_server
from lib.gateway import Gateway, message, run
from lib.harness import Skip, case, check, check_equal, eventually, folder, main, make_folder, seconds
from lib.scripted_relay import ScriptedRelay

EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "CHUNKING", "ENHANCEDSTATUSCODES")
ICS = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//t//t//EN\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"
PIXEL = base64.b64encode(bytes(range(255))).decode()
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


# --- Forms of messages ------------------------------------------------------------------------------------------------


@dataclass
class Form:
    name: str
    body: object  # fields for JSON, or bytes
    headers: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)


def raw(name, text, sender="ann@example.com"):
    """A finished message."""
    octets = text if isinstance(text, bytes) else text.encode()
    query = {"from": sender, "to": "bob@example.net"}
    return Form(name, octets.replace(b"\n", b"\r\n"), {"Content-Type": "message/rfc822"}, query)


def form_data(**fields):
    octets = (
        b"--line\r\nContent-Disposition: form-data; name=message\r\n\r\n%s\r\n" % json.dumps(message(**fields)).encode()
    )
    octets += b"--line\r\nContent-Disposition: form-data; name=attachment; filename=a.bin\r\n"
    octets += b"Content-Type: application/octet-stream\r\n\r\n" + bytes(range(256)) * 20 + b"\r\n--line--\r\n"
    return octets


FULL = message(
    sender="Secretary <secretary@example.com>",
    cc="carol@example.org",
    reply_to="replies@example.com",
    subject="All of it",
    html='<p>Hello <img src="cid:pixel"></p>',
    attachments=[
        {"content": PIXEL, "filename": "b\u00e4r \u4e16\u754c.png"},
        {"content": PIXEL, "filename": "p.png", "content_id": "pixel"},
    ],
    list_unsubscribe={"url": "https://example.com/u?id=1", "mailto": "u@example.com", "one_click": True},
    in_reply_to="<1@example.net>",
    references="<0@example.net> <1@example.net>",
    headers={"X-Campaign": "spring", "X-Twice": ["1", "2"], "Auto-Submitted": "auto-generated"},
)
FORMS = [
    Form("text", message()),
    Form("text and html", message(html="<p>Hello, <b>Bob</b>.</p>\n")),
    Form("html alone", message(text=None, html="<p>Hello</p>")),
    Form("an attachment", message(attachments=[{"content": PIXEL * 40, "filename": "a.bin"}])),
    Form("an attachment alone", message(text=None, attachments=[{"content": PIXEL, "filename": "a.bin"}])),
    Form("an empty attachment", message(attachments=[{"content": "", "filename": "a.bin"}])),
    Form("a large attachment", message(attachments=[{"content": PIXEL * 9000, "filename": "a.bin"}])),
    Form("a calendar", message(html="<p>Come</p>", calendar={"content": ICS})),
    Form("everything", FULL),
    Form("a long subject", message(subject="word " * 400)),
    Form("a long token in the subject", message(subject="x" * 900)),
    Form("an emoji subject", message(subject=f"{FAMILY} " * 60)),
    Form("spaces in the subject", message(subject="  two  spaces   and a tail  ")),
    Form(
        "UTF-8 in names and text",
        message(from_="Ann \u00c4. \u4e16\u754c <ann@example.com>", text="gr\u00fc\u00df dich\n"),
    ),
    Form(
        "SMTPUTF8",
        message(from_="b\u00fccher@example.com", to="\u4e16\u754c@example.net", subject="gr\u00fc\u00df dich"),
    ),
    Form("an IDN author", message(from_="ann@b\u00fccher.example")),
    Form("many recipients", message(to=[f"Name {i} <user{i}@example.net>" for i in range(1000)])),
    Form("an empty text", message(text="")),
    Form("empty lines alone", message(text="\n\n\n\n")),
    Form("white space and empty lines at the end", message(text="a  \nb\t\n \n\n  \n\n\n")),
    Form("dots and From", message(text=".\n..\nFrom me\n.\n")),
    Form("lines beyond 998", message(text="x" * 5000 + "\n" + "\u00e4" * 5000)),
    Form("a form", form_data(), {"Content-Type": "multipart/form-data; boundary=line"}),
    raw("finished", "From: ann@example.com\nSubject: x\n\nHello\n"),
    raw("finished: no body", "From: ann@example.com\n\n"),
    raw("finished: nothing behind the header", "From: ann@example.com\n"),
    raw("finished: no line end", "From: ann@example.com\n\nHello"),
    raw("finished: empty lines at the end", "From: ann@example.com\n\nHello \t \n \n\n\n"),
    raw("finished: odd but right", "FROM:Ann\n\t <ann@example.com>\nSubject:\n folded\n\t twice  \nX:\n\n \n x\n"),
    raw("finished: 8-bit body", b"From: ann@example.com\nContent-Type: text/plain; charset=latin1\n\nl\xe4\xdf  \n"),
    raw(
        "finished: UTF-8 header",
        "From: \u00c4nn <\u00e4nn@example.com>\nSubject: gr\u00fc\u00df\n\nx\n",
        "\u00e4nn@example.com",
    ),
    raw("finished: many of a field", "From: ann@example.com\n" + "X-Twice: 1\n" * 300 + "\nx\n"),
    raw("finished: Bcc", "From: ann@example.com\nBcc: carol@example.org\nTo: bob@example.net\n\nx\n"),
]

SELECTORS = {"rsa", "ed"}
DOMAINS = ("example.com", "xn--bcher-kva.example")


class Once:
    """What a function gives, found out at the first call, by whichever thread comes first."""

    def __init__(self, function):
        self.function, self.lock, self.done = function, threading.Lock(), False

    def __call__(self):
        with self.lock:
            if not self.done:
                try:
                    self.value, self.error = self.function(), None
                except Exception as error:
                    self.value, self.error = None, error
                self.done = True
        if self.error:
            raise type(self.error)(*self.error.args)
        return self.value


@Once
def keys():
    path = make_folder()
    return {"rsa": dkim.make_key(path, "rsa"), "ed": dkim.make_key(path, "ed", "ed25519")}


def signing(domains=DOMAINS, selectors=("rsa", "ed")):
    files = keys()
    return {
        "dkim_keys": " ".join(f"{domain}:{name}:{files[name]}" for domain in domains for name in selectors),
        "dkim_headers": "X-Campaign X-Twice subject",
    }


def records():
    return {f"{name}._domainkey.{domain}": dkim.record_of(path) for domain in DOMAINS for name, path in keys().items()}


def post(running, form):
    response = running.post(form.body, form.headers, **form.query)
    check_equal(response.status, 200, f"{form.name}: {response.summary()}")


@Once
def captured():
    """The messages as the relay got them, and one of them sent once more, signatures and all."""
    messages = {}
    with ScriptedRelay(extensions=EXTENSIONS) as relay, Gateway(relay, max_headers=1000, **signing()) as running:
        for form in FORMS:
            post(running, form)
            messages[form.name] = relay.messages[-1].content
        again = Form("finished: signed already", messages["everything"], *SIGNED_ALREADY)
        post(running, again)
        messages[again.name] = relay.messages[-1].content
        check_equal([c.violations for c in relay.connections], [[]] * len(relay.connections), "against the rules")
    return messages


SIGNED_ALREADY = ({"Content-Type": "message/rfc822"}, {"from": "ann@example.com", "to": "bob@example.net"})


@functools.cache
def verdicts_of(verifier):
    def ask():
        verdicts = dkim.VERIFIERS[verifier](records(), list(captured().values()))
        return dict(zip(captured(), verdicts, strict=True))

    return Once(ask)


def verify(name, verifier):
    verdicts = verdicts_of(verifier)()[name]
    check_equal(set(verdicts), SELECTORS, "selectors")
    for selector, (good, remark) in verdicts.items():
        check(good, f"{verifier} does not verify {selector}: {remark}\n{captured()[name][:3000]}")


for verifier_name in dkim.VERIFIERS:
    for form_name in [form.name for form in FORMS] + ["finished: signed already"]:
        case(f"{verifier_name}: {form_name}")(functools.partial(verify, form_name, verifier_name))


@case("a message that was signed already has its own signatures still, behind ours")
def signed_already():
    fields = dkim.signatures(captured()["finished: signed already"])
    check_equal(len(fields), 4, "signatures")
    check_equal(fields[2:], dkim.signatures(captured()["everything"]), "those that were there")


@case("no signature has l=, and lines keep to 78 columns")
def form_of_the_field():
    for name, content in captured().items():
        for signature in dkim.signatures(content):
            check(not re.search(rb"[;\s]l=", signature), f"{name}: l=")
            check(max(map(len, signature.split(b"\r\n"))) <= 78, f"{name}: {signature}")


# --- What was altered -------------------------------------------------------------------------------------------------

ONCE = ["From", "Reply-To", "To", "Cc", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "MIME-Version"]
ONCE += ["Content-Type", "List-Unsubscribe", "List-Unsubscribe-Post"]
SIGNED = [*ONCE, "Sender", "Auto-Submitted", "X-Campaign", "X-Twice"]


def in_header(content, change):
    header, body = dkim.split(content)
    return change(header) + b"\r\n" + body


def in_body(content, change):
    header, body = dkim.split(content)
    return header + b"\r\n" + change(body)


def alter_field(header, name):
    """The last octet of the field's value that is a letter or a digit becomes another."""
    match = list(re.finditer(rb"^%s:.*\r\n(?:[ \t].*\r\n)*" % re.escape(name.encode()), header, re.MULTILINE))[-1]
    text = match[0]
    at = max(i for i, octet in enumerate(text) if chr(octet).isalnum())
    altered = text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :]
    return header[: match.start()] + altered + header[match.end() :]


def alterations(content):
    """{what: a message that must not verify}"""
    rows = {
        "an octet of the body": in_body(content, lambda b: b.replace(b"Hello, Bob", b"Hello, Bub", 1)),
        "the last line of the body is gone": in_body(content, lambda b: b[: b.rstrip().rfind(b"\r\n") + 2]),
        "a line behind the body": content + b"more\r\n",
        "an empty line within the body": in_body(content, lambda b: b.replace(b"Hello", b"\r\nHello", 1)),
        "a line end of the body": in_body(content, lambda b: b.replace(b"Hello, Bob", b"Hello,\r\nBob", 1)),
        "no body": in_body(content, lambda b: b""),
        "a field is gone": in_header(content, lambda h: re.sub(rb"^Cc:.*\r\n", b"", h, flags=re.MULTILINE)),
        "two fields change places": in_header(
            content, lambda h: h.replace(b"X-Twice: 1\r\nX-Twice: 2", b"X-Twice: 2\r\nX-Twice: 1")
        ),
    }
    for name in SIGNED:
        rows[f"an octet of {name}"] = in_header(content, functools.partial(alter_field, name=name))
    for name in ONCE:
        added = f"{name}: another@example.com\r\n".encode()
        rows[f"another {name} above"] = added + content
        rows[f"another {name} below"] = in_header(content, lambda h, added=added: h + added)
    return rows


def survivals(content):
    """{what: a message that was changed as relays may, and verifies}"""
    return {
        "trace fields above": b"Return-Path: <ann@example.com>\r\nReceived: from a by b;\r\n\tMon\r\n" + content,
        "a field that is not signed": in_header(content, lambda h: h + b"X-Other: 1\r\n"),
        "other folds": in_header(
            content, lambda h: h.replace(b"Subject: All of it", b"SUBJECT:\tAll\r\n  of \r\n it ")
        ),
        "white space in the body": in_body(content, lambda b: b.replace(b"Hello, Bob.\r\n", b"Hello,\t  Bob. \r\n", 1)),
        "empty lines behind the body": content + b"\r\n\r\n",
    }


def hold_all(verifier, rows, is_good):
    content = captured()["everything"]
    altered = rows(content)
    for name, octets in altered.items():
        check(octets != content, f"{name}: nothing was altered")
    for name, verdicts in zip(altered, dkim.VERIFIERS[verifier](records(), list(altered.values())), strict=True):
        check_equal(set(verdicts), SELECTORS, f"{name}: selectors")
        for selector, (good, remark) in verdicts.items():
            check_equal(good, is_good, f"{name}: {selector}: {remark}")


for verifier_name in dkim.VERIFIERS:
    case(f"{verifier_name}: what was altered fails")(functools.partial(hold_all, verifier_name, alterations, False))
    case(f"{verifier_name}: what relays may change does not matter")(
        functools.partial(hold_all, verifier_name, survivals, True)
    )


# --- Which keys sign --------------------------------------------------------------------------------------------------


def signers(content):
    """[(domain, selector)] in the order of the fields."""
    found = [re.search(rb"d=([^;]+);\s+s=([^;]+);", signature) for signature in dkim.signatures(content)]
    return [(match[1].decode(), match[2].decode()) for match in found]


@case("the author's domain chooses the keys: another one's messages, and those of a part of it, are not signed")
def domain_chooses():
    rows = {
        "ann@example.com": ["example.com"],
        "ann@EXAMPLE.com": ["example.com"],
        "ann@b\u00fccher.example": ["xn--bcher-kva.example"],
        "ann@sub.example.com": [],
        "ann@example.org": [],
    }
    with ScriptedRelay() as relay, Gateway(relay, **signing(selectors=("ed",))) as running:
        for author, domains in rows.items():
            post(running, Form(author, message(from_=author, sender="x@example.com", return_path="y@example.com")))
            check_equal(signers(relay.messages[-1].content), [(domain, "ed") for domain in domains], author)


@case("dry runs, `postern render` and `postern send` sign, too")
def dry_runs_sign():
    with ScriptedRelay() as relay, Gateway(relay, **signing()) as running:
        shown = running.post(message(), {"Accept": "message/rfc822"}, dry_run="true")
        check_equal(len(dkim.signatures(shown.body)), 2, shown.summary())
        check_equal(relay.messages, [], "messages of a dry run")
        options = {"smtp_url": relay.url(), "smtp_ehlo_name": "gateway.test", **signing()}
        octets = json.dumps(message()).encode()
        _, rendered, _ = run("render", stdin=octets, options=options)
        check_equal(len(dkim.signatures(rendered.replace("\r\n", "\n").replace("\n", "\r\n").encode())), 2, rendered)
        status, output, errors = run("send", stdin=octets, options=options)
        check_equal(status, 0, output + errors)
        check_equal(len(dkim.signatures(relay.messages[-1].content)), 2, "signatures")


@case("SIGHUP: another key in the file, and another selector, sign from then on; a bad key changes nothing")
def rotation():
    with folder() as path, ScriptedRelay() as relay:
        key, config = os.path.join(path, "key.pem"), os.path.join(path, "postern.json")

        def configure(selector, text):
            Path(key).write_text(text, encoding="ascii")
            Path(config).write_text(json.dumps({"dkim_keys": f"example.com:{selector}:{key}"}), encoding="ascii")

        def signer_of_next():
            post(running, Form("next", message()))
            ((_, selector),) = signers(relay.messages[-1].content)
            kind = re.search(rb"a=([a-z0-9]+)-", relay.messages[-1].content)[1].decode()
            return selector, kind

        rsa, ed = (Path(keys()[name]).read_text(encoding="ascii") for name in ("rsa", "ed"))
        configure("one", rsa)
        with Gateway(relay, arguments=("--config", config)) as running:
            check_equal(signer_of_next(), ("one", "rsa"), "at the start")
            for selector, text, expected, said in (
                ("two", ed, ("two", "ed25519"), "the configuration was reloaded"),
                ("three", "no key", ("two", "ed25519"), "was not reloaded"),
                ("four", rsa, ("four", "rsa"), "the configuration was reloaded"),
            ):
                configure(selector, text)
                before = running.log().count(said)
                running.signal(signal.SIGHUP)
                eventually(lambda said=said, before=before: running.log().count(said) > before, what=said)
                check_equal(signer_of_next(), expected, f"behind {selector}")
            check("PRIVATE KEY" not in running.log(), "the key is in the log")


# --- postern check ----------------------------------------------------------------------------------------------------


def cut(record, at):
    return [record[i : i + at] for i in range(0, len(record), at)]


@dataclass
class Published:
    name: str
    says: str
    publish: object = None  # of the right record: what is published, a list of records
    server: dict = field(default_factory=dict)
    warns: bool = True
    selector: str = "rsa"


PUBLISHED = [
    Published("as it should be", "that of this key", lambda r: [r], warns=False),
    Published("Ed25519", "that of this key", lambda r: [r], warns=False, selector="ed"),
    Published("in many strings", "that of this key", lambda r: [cut(r, 7)], warns=False),
    Published("by way of an alias", "that of this key", lambda r: [("CNAME", "keys.example.net")], warns=False),
    Published("over TCP", "that of this key", lambda r: [r + "; n=" + "x" * 1500], warns=False),
    Published("shorter and odd", "that of this key", lambda r: [r.split("; ")[2] + " ;"], warns=False),
    Published(
        "white space",
        "that of this key",
        lambda r: [" v = DKIM1 ;\tk= rsa; p=" + " ".join(cut(r[18:], 50)) + ";"],
        warns=False,
    ),
    Published(
        "for mail, by SHA-256, strict",
        "that of this key",
        lambda r: [r + "; s=tlsrpt:email; h=sha1:sha256; t=s"],
        warns=False,
    ),
    Published("in test", "t=y", lambda r: [r + "; t=s:y"]),
    Published("another key", "of another key", lambda r: [r[:60] + "AAAA" + r[64:]]),
    Published("no base64", "of another key", lambda r: [r + "!"]),
    Published("another kind", "another kind", lambda r: [r.replace("k=rsa", "k=ed25519")]),
    Published("revoked", "revokes", lambda r: ["v=DKIM1; k=rsa; p="]),
    Published("no p=", "malformed", lambda r: ["v=DKIM1; k=rsa"]),
    Published("no tags", "malformed", lambda r: ["hello"]),
    Published("a tag twice", "malformed", lambda r: [r + "; k=rsa"]),
    Published("an empty record", "malformed", lambda r: [""]),
    Published("another version", "v=DKIM1", lambda r: [r.replace("DKIM1", "DKIM2")]),
    Published("the version behind", "v=DKIM1", lambda r: [r[9:] + "; v=DKIM1"]),
    Published("SHA-1 alone", "SHA-256", lambda r: [r + "; h=sha1"]),
    Published("not for mail", "not for mail", lambda r: [r + "; s=tlsrpt"]),
    Published("two records", "several", lambda r: [r, r]),
    Published("a record of another use beside it", "several", lambda r: ["v=spf1 -all", r]),
    Published("hostile words", "malformed", lambda r: ["\x1b[2J\x00\xff\n  ok        "]),
    Published("no such name", "no record is published"),
    Published("the name has no TXT record", "no record is published", lambda r: []),
    Published("the name server fails", "not known", server={"code": name_server.SERVER_FAILURE}),
    Published("the name server is silent", "not known", server={"code": None}),
    Published("TCP is silent", "not known", lambda r: [r + "; n=" + "x" * 1500], server={"tcp": "silent"}),
    Published("no TCP", "not known", lambda r: [r + "; n=" + "x" * 1500], server={"tcp": False}),
]


def check_keys(path, server, options):
    text = f"nameserver {server.address}\noptions timeout:1 attempts:1\n"
    files = [(dkim.write(path, "resolv.conf", text), "/etc/resolv.conf")]
    with ScriptedRelay() as relay:
        done = subprocess.run(
            [gateway.program(), "check"],
            env=gateway.clean_environment(
                **gateway.as_environment({"smtp_url": relay.url(), "smtp_ehlo_name": "gateway.test", **options})
            ),
            capture_output=True,
            timeout=seconds(30),
            check=False,
            preexec_fn=functools.partial(gateway.enter_namespace, files),
        )
    output = done.stdout.decode()
    check(not gateway.SANITIZER_REPORT.search(done.stderr.decode()), done.stderr.decode())
    return done.returncode, output


def look(row):
    gateway.need_namespaces()
    right = dkim.record_of(keys()[row.selector])
    texts = {"keys.example.net": [right]}
    if row.publish:
        texts[f"{row.selector}._domainkey.example.com"] = row.publish(right)
    with name_server.NameServer(texts=texts, **row.server) as server, folder() as path:
        status, output = check_keys(path, server, signing(("example.com",), (row.selector,)))
    check_equal(status, 0, f"status: a mail could be sent\n{output}")
    check(f"DKIM {row.selector}._domainkey.example.com" in output, output)
    check(f"  record    {right}\n" in output, f"the record to publish is not told:\n{output}")
    check(row.says in output, f"{row.says!r} is not told:\n{output}")
    check_equal("  WARNING   " in output, row.warns, output)
    check_equal("  advice    " in output, row.warns, output)
    check("\x1b" not in output, "a record's octets reach the terminal")


for published in PUBLISHED:
    case(f"check: {published.name}")(functools.partial(look, published))


@case("check: several keys, each with its record")
def several_keys():
    gateway.need_namespaces()
    found = records()
    found["ed._domainkey.example.com"] = "v=DKIM1; p="
    with name_server.NameServer(texts={name: [text] for name, text in found.items()}) as server, folder() as path:
        status, output = check_keys(path, server, signing())
    check_equal(status, 0, output)
    check_equal((output.count("that of this key"), output.count("revokes")), (3, 1), output)


@case("no verifier is missing")
def nothing_missing():
    """A line of its own for what was skipped."""
    missing = []
    for verifier in dkim.VERIFIERS:
        try:
            verdicts_of(verifier)()
        except Skip as reason:
            missing.append(str(reason))
    if missing:
        raise Skip("; ".join(missing))


if __name__ == "__main__":
    main()
