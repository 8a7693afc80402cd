#!/usr/bin/env python3
"""What is over is forgotten: once a message is answered and its session closed, neither its contents nor what was said
to log in are anywhere in the program's memory. Only root may look there.

What stays is what is needed again: the password among the options, and the environment that it came from, for SIGHUP
reads both. With HTTPS, GnuTLS leaves pieces of what it decrypted in memory that it gave back, until that is used again.
"""

import base64
import json
import os
import re
from dataclasses import dataclass, field

from lib import certificates
from lib.canaries import CONTENTS, CREDENTIALS, full_message
from lib.gateway import Gateway, milliseconds
from lib.harness import SANITIZED, Skip, check_equal, eventually, main, table
from lib.scripted_relay import ScriptedRelay

USER, PASSWORD = "ann", CREDENTIALS["password"]
SAID = base64.b64encode(f"\0{USER}\0{PASSWORD}".encode()).decode()
MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ *(.*)")


@dataclass
class Row:
    name: str
    steps: dict
    status: int
    body: bytes = json.dumps(full_message()).encode()
    content_type: str = "application/json"
    query: dict = field(default_factory=dict)


def form():
    message = full_message(attachments=None)
    head = b'--b\r\nContent-Disposition: form-data; name="message"\r\n\r\n' + json.dumps(message).encode()
    file = (
        f'\r\n--b\r\nContent-Disposition: form-data; name="attachment"; filename="{CONTENTS["filename"]}.txt"\r\n\r\n'
    )
    return head + file.encode() + CONTENTS["attachment"].encode() + b"\r\n--b--\r\n"


FINISHED = f"From: ann@example.com\r\nSubject: {CONTENTS['subject']}\r\n\r\n{CONTENTS['text']}\r\n".encode()
LONG = json.dumps(full_message(text=f"{CONTENTS['text']}\n" * 20_000)).encode()
ROWS = [
    Row("a message: sent", {}, 200),
    Row("a message: sent, as a form", {}, 200, form(), "multipart/form-data; boundary=b"),
    Row("a message: sent, finished", {}, 200, FINISHED, "message/rfc822", {"to": "bob@example.net"}),
    Row("a message: sent, a long one", {}, 200, LONG),
    Row("a message: refused by the relay, which quotes", {"dot": f"550 5.7.1 {CONTENTS['text']}"}, 422),
    Row("a message: refused at the login", {"auth": f"535 5.7.8 {PASSWORD}"}, 502),
    Row("a message: not known what became of it", {"dot": {"then": "fin"}}, 502),
    Row("a message: invalid", {}, 422, json.dumps(full_message(to=7)).encode()),
    Row("a message: no JSON", {}, 400, json.dumps(full_message()).encode() + b"x"),
    Row("a message: a dry run", {}, 200, query={"dry_run": "true"}),
    Row("a message: with the dialogue", {}, 200, query={"transcript": "true"}),
]


def writable_memory(pid):
    """(what it is, its octets) of each mapping that the program may write to."""
    with open(f"/proc/{pid}/maps", encoding="ascii") as mappings, open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        for line in mappings:
            first, end, rights, name = MAPPING.match(line).groups()
            if "w" in rights:
                memory.seek(int(first, 16))
                try:
                    yield name, memory.read(int(end, 16) - int(first, 16))
                except OSError:
                    continue


def traces(pid):
    words = {
        **CONTENTS,
        "login": SAID,
        "attachment as base64": base64.b64encode(CONTENTS["attachment"].encode()).decode(),
    }
    found = set()
    for name, octets in writable_memory(pid):
        for word, text in words.items():
            if text[:24].encode() in octets:
                found.add(f"{word} in {name or 'memory of its own'}")
    return found


def count_passwords(pid):
    return sum(octets.count(PASSWORD.encode()) for _, octets in writable_memory(pid))


def play(row):
    if os.geteuid() != 0:
        raise Skip("needs root")
    if SANITIZED:
        raise Skip("a sanitizer keeps what is freed")
    ours = certificates.shared()
    relay = ScriptedRelay(
        steps=row.steps, tls="starttls", certificate=ours.server("good"), username=USER, password=PASSWORD
    )
    options = {
        "smtp_ca_file": ours.ca_file,
        "smtp_username": USER,
        "smtp_password": PASSWORD,
        "timeout_smtp_idle": milliseconds(0.3),
        "smtp_login_window": "1ms",
    }
    with relay, Gateway(f"smtp://127.0.0.1:{relay.port}", timeout=5, **options) as running:
        for _ in range(3):
            answer = running.post(row.body, {"Content-Type": row.content_type}, **row.query)
            check_equal(answer.status, row.status, f"status of {answer.summary()}")
        eventually(lambda: not sessions_of(running), what="that the sessions are closed")
        pid = running.process.pid
        eventually(lambda: not traces(pid), what=f"that all is forgotten, {traces(pid)} among it,")
        check_equal(count_passwords(pid), 2, "places with the password: the options, the environment")


def sessions_of(running):
    lines = running.metric("postern_sessions{").splitlines()
    return sum(int(line.rpartition(" ")[2]) for line in lines)


table(ROWS, play)

if __name__ == "__main__":
    main(jobs=2)
