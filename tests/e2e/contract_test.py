#!/usr/bin/env python3
"""The documents say what the program does: a real answer of every status against openapi.yaml; README's tables.

Adding an answer is adding a row.
"""

import functools
import json
import os
import re
from dataclasses import dataclass, field

from lib import gateway, openapi, raw_http
from lib.faults import FIN, STALL
from lib.gateway import Gateway, Response, message
from lib.harness import case, check, check_equal, last_case, main
from lib.keys import KeyFile, bearer, entry
from lib.scripted_relay import ScriptedRelay

openapi.python_tools()
api = openapi.OpenApi()
seen = set()

SEND = "/v1/messages"
# Said in openapi.yaml, and not to be had from outside: being out of memory.
NOT_TO_BE_HAD = {"500"}


@dataclass
class Row:
    name: str
    status: int
    fields: dict = field(default_factory=message)
    steps: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)
    query: dict = field(default_factory=dict)
    headers: dict = field(default_factory=dict)
    raw: bytes = b""  # in place of the fields, the whole request
    times: int = 1  # that it is asked; the last answer counts
    keys: list = None  # entries of a file of API keys, where there is one


def to(*recipients, **more):
    return message(to=list(recipients), **more)


KEYS = [
    entry("reader", "reader", ["metrics"]),
    entry("bound", "bound", from_=["@example.org"]),
    entry("limited", "limited", rate="1/d"),
]
LARGE = {"max_body_bytes": 1024}
SHORT = {f"timeout_{step}": gateway.milliseconds(0.4) for step in gateway.STEP_TIMEOUTS}
ATTACHED = message(html="<p>x</p>", attachments=[{"content": "eA==", "filename": "a.txt", "content_id": "a@b.example"}])
ROWS = [
    Row("sent", 200),
    Row(
        "sent with everything",
        200,
        {**ATTACHED, "cc": "c@example.net", "bcc": ["d@example.net"], "headers": {"X-A": ["1", "2"]}},
    ),
    Row("sent, no queue ID", 200, steps={"dot": "250 Ok"}),
    Row("sent, bare reply", 200, steps={"dot": b"250\r\n", "rcpt": b"250\r\n"}),
    Row("sent, with transcript", 200, query={"transcript": "true"}),
    Row("partial", 200, to("a@example.net", "b@example.net", partial="deliver"), {"rcpt": [None, "550 5.1.1 Unknown"]}),
    Row("dry run", 200, query={"dry_run": "true"}),
    Row("dry run as the message", 200, query={"dry_run": "true"}, headers={"Accept": "message/rfc822"}),
    Row("no JSON", 400, raw=raw_http.post(b"{")),
    Row("framing", 400, raw=raw_http.post(b"{}", raw_http.HOST)),
    Row("no key", 401, keys=[]),
    Row("a page in a browser", 403, headers={"Origin": "https://evil.example"}),
    Row("a key for something else", 403, headers=bearer("reader"), keys=KEYS),
    Row("a sender of others", 403, headers=bearer("bound"), keys=KEYS),
    Row("another method", 405, raw=b"PUT /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    Row("not acceptable", 406, headers={"Accept": "image/png"}),
    Row("too slow", 408, raw=raw_http.post(b"{}")[:-1], options={"timeout_http_body": "100ms"}),
    Row("no length", 411, raw=b"POST /v1/messages HTTP/1.1\r\n" + raw_http.HOST + raw_http.JSON_TYPE + b"\r\n"),
    Row("too large", 413, message(text="x" * 2000), options=LARGE),
    Row("too large for the relay", 413, steps={"ehlo": "250-relay.test\n250 SIZE 100"}),
    Row("no JSON by type", 415, headers={"Content-Type": "text/plain"}),
    Row("expectation", 417, raw=raw_http.post(b"{}", b"Expect: more\r\n")),
    Row("target too long", 414, raw=raw_http.post(b"{}", path=b"/v1/messages?" + b"x" * 40000)),
    Row("header too large", 431, raw=raw_http.post(b"{}", b"X-A: a\r\n" * 200)),
    Row("header far too large", 431, raw=raw_http.post(b"{}", b"X-A: " + b"a" * 40000 + b"\r\n")),
    Row("HTTP/2.0", 505, raw=b"POST /v1/messages HTTP/2.0\r\nHost: x\r\nContent-Length: 0\r\n\r\n"),
    Row("invalid request", 422, {"to": 7, "colour": 1}),
    Row("invalid address", 422, to("nobody")),
    Row("invalid header", 422, message(headers={"Bcc": "x"})),
    Row("invalid attachment", 422, message(attachments=[{"content": "?"}])),
    Row("invalid query", 422, query={"dryrun": "true"}),
    Row("65 problems and more", 422, message(headers={f"X {i}": "" for i in range(90)})),
    Row("too many recipients", 422, to("a@example.net", "b@example.net"), options={"max_recipients": 1}),
    Row("SMTPUTF8", 422, to("b\u00f8b@example.net")),
    Row("DSN", 422, message(dsn={"notify": ["failure", "delay"], "return": "headers", "envelope_id": "a 1"})),
    Row("REQUIRETLS", 422, message(require_tls=True)),
    Row("too often", 429, options={"rate_limit": "1/d"}, times=2),
    Row("too often with a key", 429, headers=bearer("limited"), keys=KEYS, times=2),
    Row("sender rejected", 422, steps={"mail": "550 5.1.0 No"}),
    Row("recipients rejected", 422, to("a@example.net", "b@example.net"), {"rcpt": [None, "550 5.1.1 Unknown"]}),
    Row("message rejected", 422, steps={"dot": "554 5.6.0 No"}),
    Row("message too large", 422, steps={"mail": "552 5.3.4 Too big"}),
    Row("protocol error", 502, steps={"greeting": "250 Ok"}),
    Row("session rejected", 502, steps={"greeting": "554 5.7.1 Go away"}),
    Row("TLS required", 502, options={"smtp_url": "smtp://127.0.0.1:{port}"}),
    Row("no TLS", 502, options={"smtp_url": "smtps://127.0.0.1:{port}"}),
    Row("unreachable", 502, options={"smtp_url": "smtp://127.0.0.1:1?tls=none"}),
    Row("unknown", 502, steps={"dot": FIN}),
    Row("temporary", 503, steps={"mail": "451 4.3.0 Later"}),
    Row("recipients deferred", 503, steps={"rcpt": "450 4.2.1 Later"}),
    Row("message deferred", 503, steps={"dot": "451 4.3.0 Later"}),
    Row("overloaded", 503, options={"max_in_flight_bytes": 1024}, fields=message(text="x" * 2000)),
    Row("timeout", 504, steps={"mail": STALL}, options=SHORT),
    Row("unknown after a timeout", 504, steps={"dot": STALL}, options=SHORT),
]


def ask(running, row):
    if not row.raw:
        return running.post(row.fields, row.headers, **row.query)
    answer, _ = raw_http.exchange(running.address, row.raw)
    headers = gateway.http.client.HTTPMessage()
    for name, value in answer.fields:
        headers[name] = value
    return Response(answer.status, headers, answer.body)


def play(row):
    with ScriptedRelay(steps=row.steps) as relay:
        options = {name: str(value).replace("{port}", str(relay.port)) for name, value in row.options.items()}
        if row.keys is not None:
            options["api_keys_file"] = KeyFile(*row.keys).path
        with Gateway(**{"smtp_url": relay.url(), **options}) as running:
            response = [ask(running, row) for _ in range(row.times)][-1]
            check_equal(response.status, row.status, f"status ({response.summary()[:800]})")
            seen.add(str(response.status))
            method = row.raw.split(b" ")[0].decode() if row.raw else "POST"
            api.hold_answer("POST" if method == "PUT" else method, SEND, response)


for listed in ROWS:
    case(f"{listed.status} {listed.name}")(functools.partial(play, listed))


@case("what is right by openapi.yaml is taken, its examples too")
def examples_are_taken():
    content = api.document["paths"][SEND]["post"]["requestBody"]["content"]["application/json"]
    with Gateway(command="sandbox") as running:
        for name, example in content["examples"].items():
            check_equal(running.post(example["value"]).status, 200, f"status of the example {name}")


@case("what was posted here and taken is right by openapi.yaml too")
def requests_are_right():
    for row in ROWS:
        if row.status == 200:
            check_equal(api.problems("/components/schemas/Message", row.fields), [], row.name)
    for wrong in (
        {"from": "a@example.com", "to": "b@example.net", "text": "x", "bbc": "c"},
        {"to": "b@example.net"},
        [],
    ):
        check(api.problems("/components/schemas/Message", wrong), f"openapi.yaml takes {wrong}")


@case("the examples of the answers are right")
def answer_examples():
    for status in api.statuses("post", SEND):
        pointer, promised = api.look_up(f"/paths/~1v1~1messages/post/responses/{status}")
        for kind, content in promised.get("content", {}).items():
            for name, example in content.get("examples", {}).items():
                found = api.problems(f"{pointer}/content/{kind.replace('/', '~1')}/schema", example["value"])
                check_equal(found, [], f"example {status} {name}")


@case("the other endpoints")
def other_endpoints():
    with Gateway(command="sandbox") as running:
        queue_id = running.post(message()).json()["queue_id"]
        for path in ("/", "/openapi.yaml", "/sandbox/messages"):
            api.hold_answer("GET", path, running.get(path))
        for path in ("exchanges", "sessions", "behaviour", "certificate.pem", "messages.mbox"):
            api.hold_answer("GET", f"/sandbox/{path}", running.get(f"/sandbox/{path}"))
        for kind, name in (("exchanges", "id"), ("sessions", "id")):
            one = running.get(f"/sandbox/{kind}").json()[kind][0]["id"]
            api.hold_answer("GET", f"/sandbox/{kind}/{{{name}}}", running.get(f"/sandbox/{kind}/{one}"))
        for name in (queue_id, f"{queue_id}.eml", "nothing"):
            api.hold_answer("GET", "/sandbox/messages/{name}", running.get(f"/sandbox/messages/{name}"))
        api.hold_answer("DELETE", "/sandbox/messages", gateway.request(running.address, "DELETE", "/sandbox/messages"))
        api.hold_answer("GET", "/", gateway.request(running.address, "POST", "/", b"{}"))
        for path in ("/livez", "/readyz", "/metrics"):
            api.hold_answer("GET", path, running.get_admin(path))


@case("openapi.yaml that is served is the one in the tree")
def served_document():
    with Gateway(command="sandbox") as running, open(os.path.join(openapi.ROOT, "openapi.yaml"), "rb") as file:
        check(running.get("/openapi.yaml").body == file.read(), "it is another")


@case("README's table of options is that of the program")
def readme_options():
    with open(os.path.join(openapi.ROOT, "README.md"), encoding="utf-8") as file:
        text = file.read()
    rows = re.findall(r"^\| `(POSTERN_[A-Z_]+)(\[_FILE\])?`[^|]*\| ([^|]*)\|", text, re.MULTILINE)
    listed = {name: (bool(twin), default.strip().strip("`")) for name, twin, default in rows}
    status, help_text, _ = gateway.run("--help")
    check_equal(status, 0, "status of --help")
    entries = re.findall(r"^  (POSTERN_[A-Z_]+)(\[_FILE\])?(?: \((.*)\))?$", help_text, re.MULTILINE)
    wanted = {name: (bool(twin), default) for name, twin, default in entries}
    check_equal(sorted(listed), sorted(wanted), "names")
    for name, terms in wanted.items():
        check_equal(listed[name], terms, f"{name}: secret, default")


@case("README and CONTRIBUTING name files that are there")
def files_are_there():
    for document in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "SECURITY.md"):
        path = os.path.join(openapi.ROOT, document)
        if not os.path.exists(path):
            continue
        with open(path, encoding="utf-8") as file:
            for link in re.findall(r"\]\((?!https?:|#|mailto:)([^)#]+)", file.read()):
                check(os.path.exists(os.path.join(openapi.ROOT, link)), f"{document} links to {link}")


@case("every problem code and status of the program stands in openapi.yaml")
def every_code():
    """The table in base/fault.h is what the program can say."""
    with open(os.path.join(openapi.ROOT, "base", "fault.h"), encoding="utf-8") as file:
        codes = re.findall(r'ROW\((\w+),\s*"([a-z0-9-]+)",\s*(\d+)', file.read())
    check(len(codes) > 30, "the table was not found")
    text = json.dumps(api.document)
    missing = [code for identifier, code, _ in codes if identifier != "NONE" and f'"{code}"' not in text]
    check_equal(missing, [], "codes that openapi.yaml does not name")


@last_case("an answer of every status that openapi.yaml promises was seen")
def every_status():
    check_equal(api.statuses("post", SEND) - seen, NOT_TO_BE_HAD, "statuses that were never seen")


if __name__ == "__main__":
    main(jobs=4)
