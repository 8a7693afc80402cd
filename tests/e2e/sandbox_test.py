#!/usr/bin/env python3
"""`postern sandbox`: a receipt, and the message that was captured, as a list, as JSON and to the octet."""

import base64
import email
import email.policy
import json
import mailbox
import os
import re
import shutil
import smtplib
import subprocess
import time

from lib import gateway, harness
from lib.background import in_background
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main
from lib.keys import KeyFile, bearer, entry


def sandbox(**options):
    return Gateway(command="sandbox", **options)


def post(running, **fields):
    response = running.post(message(**fields))
    check_equal(response.status, 200, f"status ({response.summary()})")
    return response.json()


@case("a message is captured: list, JSON, raw")
def captured():
    with sandbox() as running:
        receipt = post(running, subject="Gr\u00fc\u00dfe", bcc=["eve@example.net"], text=".\n..\nbye\n")
        queue_id = receipt["queue_id"]
        check(queue_id, "no queue ID")
        check_equal(receipt["upstream"]["tls"], "TLSv1.3", "TLS to the sandbox")
        listed = running.get("/sandbox/messages").json()["messages"]
        check_equal([m["queue_id"] for m in listed], [queue_id], "the list")
        check_equal(listed[0]["envelope"], {"from": "ann@example.com", "to": ["bob@example.net", "eve@example.net"]})
        whole = running.get(f"/sandbox/messages/{queue_id}")
        check_equal((whole.status, whole.headers.get_content_type()), (200, "application/json"))
        raw = running.get(whole.json().get("raw_url", f"/sandbox/messages/{queue_id}.eml"))
        check_equal((raw.status, raw.headers.get_content_type()), (200, "message/rfc822"))
        parsed = email.message_from_bytes(raw.body, policy=email.policy.default)
        check_equal(str(parsed["Subject"]), "Gr\u00fc\u00dfe", "Subject")
        check_equal(parsed.get_content().replace("\r\n", "\n"), ".\n..\nbye\n", "text")
        check(b"eve@" not in raw.body, "the Bcc is in the message")
        check_equal(whole.json()["size_bytes"], len(raw.body), "size")


@case("the newest is first, the last ones are kept, DELETE empties the list")
def keeps_the_last():
    with sandbox(sandbox_max_messages=20) as running:
        ids = [post(running, subject=f"number {i}")["queue_id"] for i in range(25)]
        check_equal(len(set(ids)), 25, "different queue IDs")
        listed = [m["queue_id"] for m in running.get("/sandbox/messages").json()["messages"]]
        check_equal(listed, ids[:4:-1], "the list")
        check_equal(running.get(f"/sandbox/messages/{ids[0]}").status, 404, "a dropped one")
        gone = gateway.request(running.address, "DELETE", "/sandbox/messages")
        check_equal((gone.status, gone.body), (204, b""), "DELETE")
        check_equal(running.get("/sandbox/messages").json()["messages"], [], "the list after DELETE")


@case("what is not there")
def not_there():
    with sandbox() as running:
        for name in ("nothing", "nothing.eml", "", "..%2f..", "a/b", "' OR 1=1", "x" * 5000):
            answer = running.get("/sandbox/messages/" + name.replace(" ", "%20"))
            check_equal(answer.status, 404, name[:40])
            check_equal(json.loads(answer.body)["code"], "not-found", name[:40])
        answer = gateway.request(running.address, "POST", "/sandbox/messages", b"{}")
        check_equal((answer.status, answer.headers["Allow"]), (405, "GET, HEAD, DELETE"), "POST to the list")


@case("serve has no sandbox")
def not_in_serve():
    with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none") as running:
        check_equal(running.get("/sandbox/messages").status, 404, "status")


@case("large messages and many recipients are captured")
def large():
    with sandbox() as running:
        receipt = post(running, to=[f"r{i}@example.net" for i in range(500)], text="All work and no play.\n" * 300_000)
        summary = running.get("/sandbox/messages").json()["messages"][0]
        check_equal(len(summary["envelope"]["to"]), 500, "recipients")
        raw = running.get(f"/sandbox/messages/{receipt['queue_id']}.eml").body
        check_equal(raw.count(b"All work and no play.\r\n"), 300_000, "lines")


@case("whatever POSTERN_SMTP_URL says, nothing leaves")
def nothing_leaves():
    with sandbox(smtp_url="smtp://ann:secret@192.0.2.1:25") as running:
        check_equal(post(running)["upstream"]["host"], "127.0.0.1", "the relay")


def page(running, query):
    return running.get("/sandbox/messages?" + query).json()


@case("the list in pages, searched, by recipient, from a number on")
def pages():
    with sandbox() as running:
        for number in range(7):
            post(running, subject=f"n\u00fcmber {number}", to=[f"r{number % 2}@example.net"])
        numbers, query = [], "limit=3"
        while query:
            answer = page(running, query)
            numbers += [m["number"] for m in answer["messages"]]
            query = answer["next_before"] and f"limit=3&before={answer['next_before']}"
        check_equal(numbers, [7, 6, 5, 4, 3, 2, 1], "all pages")
        check_equal([m["number"] for m in page(running, "after=5")["messages"]], [7, 6], "after")
        check_equal([m["number"] for m in page(running, "to=R1@example.net")["messages"]], [6, 4, 2], "to")
        check_equal([m["number"] for m in page(running, "search=n%C3%BCmber+3")["messages"]], [4], "a subject")
        check_equal(len(page(running, "search=ANN@EXAMPLE.COM")["messages"]), 7, "the sender, in capitals")
        check_equal(page(running, "search=nothing")["messages"], [], "what is nowhere")


@case("a query that is wrong is told, each parameter")
def wrong_query():
    with sandbox() as running:
        answer = running.get("/sandbox/messages?limit=x&limt=1&wait=1h&search=%zz&to=a&to=b")
        check_equal((answer.status, answer.json()["code"]), (422, "invalid-request"), "the answer")
        check_equal(
            [error["parameter"] for error in answer.json()["errors"]],
            ["limit", "limt", "wait", "search", "to"],
            "parameters",
        )


@case("wait: at once where it is there, as soon as it comes, or until the time is over")
def waiting():
    with sandbox() as running:
        post(running)
        began = time.monotonic()
        check_equal(len(page(running, "wait=30s&to=bob@example.net")["messages"]), 1, "what is there")
        check_equal(page(running, "wait=700ms&to=zoe@example.net")["messages"], [], "what does not come")
        took = time.monotonic() - began
        check(0.6 < took < harness.seconds(5), f"it took {took:.1f} s")
        result = in_background(page, running, "wait=30s&to=zoe@example.net")
        time.sleep(0.2)
        post(running, to=["other@example.net"])
        receipt = post(running, to=["zoe@example.net"])
        found = result()["messages"]
        check_equal([m["id"] for m in found], [receipt["queue_id"]], "what came")


@case("who waits holds no thread: hundreds of waits, and others are served meanwhile; the stop ends them")
def many_waits():
    with sandbox() as running:
        waits = []
        for _ in range(300):
            client = running.connect()
            client.sendall(b"GET /sandbox/messages?wait=60s&to=zoe@example.net HTTP/1.1\r\nHost: localhost\r\n\r\n")
            waits.append(client)
        post(running)
        check(running.status_field("Threads") < 50, "there is a thread for each")
        receipt = post(running, to=["zoe@example.net"])
        for client in waits[:100]:
            check(receipt["queue_id"].encode() in client.recv(65536), "one was not woken")
        waits[100].sendall(b"GET /sandbox/messages?wait=60s&to=yves@example.net HTTP/1.1\r\nHost: localhost\r\n\r\n")
        running.stop()
        for client in waits:
            client.close()


def events_of(running, count):
    """The names and data of the first events, from when the stream says hello."""
    client = running.connect()
    client.sendall(b"GET /sandbox/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
    file = client.makefile("rb")
    check(b"200" in file.readline(), "the status")

    def read():
        found, name = [], None
        while len(found) < count:
            line = file.readline().strip()
            check(line or file.peek(1), "the stream ended")
            if line.startswith(b"event: "):
                name = line[7:].decode()
            elif line.startswith(b"data: "):
                found.append((name, json.loads(line[6:]).get("id")))
        file.close()
        client.close()
        return found

    return read


@case("events come as they happen, to each listener")
def events():
    with sandbox() as running:
        listeners = [events_of(running, 5) for _ in range(3)]
        time.sleep(0.2)
        receipt = post(running)
        time.sleep(0.3)
        gateway.request(running.address, "DELETE", f"/sandbox/messages/{receipt['queue_id']}")
        for read in listeners:
            names = read()
            check_equal(names[0], ("hello", None), "the first")
            check(("message", receipt["queue_id"]) in names, f"no message: {names}")
            check(("exchange", receipt["id"]) in names, f"no exchange: {names}")
            check_equal(names[-1], ("removed", receipt["queue_id"]), "the last")


@case("64 listen at a time; who goes makes room")
def too_many_listeners():
    with sandbox() as running:
        listeners = [events_of(running, 1) for _ in range(64)]
        check_equal([read()[0][0] for read in listeners[:3]], ["hello"] * 3, "the first three, which go")
        answers = set()
        limit = time.monotonic() + harness.seconds(30)
        while time.monotonic() < limit and answers != {200, 503}:
            client = running.connect()
            client.sendall(b"GET /sandbox/events HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answers.add(int(client.recv(4096).split()[1]))
            time.sleep(0.05)
            post(running)
        check(200 in answers, "no room was made")


@case("one message is removed, the others stay")
def remove_one():
    with sandbox() as running:
        ids = [post(running, subject=f"{n}")["queue_id"] for n in range(3)]
        for status in (204, 404):
            answer = gateway.request(running.address, "DELETE", f"/sandbox/messages/{ids[1]}")
            check_equal(answer.status, status, "DELETE")
        check_equal([m["id"] for m in page(running, "")["messages"]], [ids[2], ids[0]], "the list")


def part_named(whole, filename):
    return next(part for part in whole["parts"] if part["filename"] == filename)


@case("taken apart: parts, sizes, attachments, inline pictures by their IDs")
def taken_apart():
    png, evil = b"\x89PNG\r\n\x1a\n" + bytes(1000), b"<script>alert(1)</script>"
    attachments = [
        {"content": base64.b64encode(png).decode(), "filename": "p.png", "content_id": "pic"},
        {
            "content": base64.b64encode(evil).decode(),
            "filename": '..\u00e4"/e\u202evil.html',
            "content_type": "text/html",
        },
    ]
    with sandbox() as running:
        html = '<p onclick="x()">hi <img src="cid:pic"> cid:none <script>alert(1)</script>'
        queue_id = post(running, text="h\u00ed", html=html, attachments=attachments)["queue_id"]
        whole = running.get(f"/sandbox/messages/{queue_id}").json()
        check_equal((whole["text"], whole["attachments"]), ("h\u00ed\r\n", 2), "the text")
        picture = part_named(whole, "p.png")
        check_equal((picture["size_bytes"], picture["content_id"]), (len(png), "pic"), "the picture")
        got = running.get(picture["url"])
        check_equal((got.body, got.headers["Content-Type"]), (png, "image/png"), "the picture's octets")
        other = running.get(whole["parts"][-1]["url"])
        check_equal((other.body, other.headers["Content-Type"]), (evil, "application/octet-stream"), "a safe type")
        disposition = other.headers["Content-Disposition"]
        check(re.fullmatch(r'attachment; filename="[A-Za-z0-9_. -]+vil\.html"', disposition), disposition)
        check("sandbox" in other.headers["Content-Security-Policy"], "no policy")
        check_equal(other.headers["X-Content-Type-Options"], "nosniff", "sniffing")
        shown = running.get(whole["html_url"])
        check(f'src="{picture["url"]}"'.encode() in shown.body, "the picture's address is not in the HTML")
        check(b"cid:none" in shown.body, "what no part has was changed")
        policy = shown.headers["Content-Security-Policy"]
        check("script-src" not in policy and "default-src 'none'" in policy and policy.startswith("sandbox;"), policy)
        check("https:" not in policy, "remote content is on before it is asked for")
        check("https:" in running.get(whole["html_url"] + "?remote=1").headers["Content-Security-Policy"], "remote")


HOSTILE = {
    "no header": b"x",
    "a NUL": b"Subject: a\x00b\r\n\r\n\x00",
    "not UTF-8": b"Subject: \xff\xfe\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n\xff",
    "a boundary of quotes": b'Content-Type: multipart/mixed; boundary="\r\n\r\n--\r\n',
    "nested in itself": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    + b"--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n" * 200,
    "a message in a message": b"Content-Type: message/rfc822\r\n\r\n" * 500,
    "ten thousand parts": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 10_000,
    "a million fields": b"A: b\r\n" * 200_000,
    "a field of a megabyte": b"Subject: " + b"=?utf-8?Q?a?= " * 70_000 + b"\r\n\r\n",
    "quotes without an end": b"Content-Type: text/plain; " + b'a="\\"; ' * 10_000 + b"\r\n\r\n",
    "html of colons": b"Content-Type: text/html\r\n\r\n" + b"cid:a " * 300_000,
    "broken base64": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"=!a" * 10_000,
    "a line break in a file name": b"Content-Disposition: attachment; filename*=utf-8''a%0d%0aSet-Cookie:%20x\r\n\r\n",
}


@case("hostile mail: every view answers, soon, and the sizes are true")
def hostile():
    with sandbox() as running:
        port = post(running)["upstream"]["port"]
        with smtplib.SMTP("127.0.0.1", port, timeout=harness.seconds(30)) as client:
            client.ehlo()
            for name, content in HOSTILE.items():
                began = time.monotonic()
                client.mail("a@example.com")
                client.rcpt("b@example.net")
                client.putcmd(f"BDAT {len(content)} LAST")
                client.send(content)
                queue_id = client.getreply()[1].split()[-1].decode()
                whole = running.get(f"/sandbox/messages/{queue_id}")
                check_equal(whole.status, 200, f"{name}: JSON")
                check_equal(whole.json()["size_bytes"], len(content), f"{name}: size")
                check_equal(running.get(f"/sandbox/messages/{queue_id}.eml").body, content, f"{name}: raw")
                for part in whole.json()["parts"][:20]:
                    answer = running.get(part["url"])
                    check_equal(answer.status, 200, f"{name}: {part['url']}")
                    check_equal(part["size_bytes"], len(answer.body), f"{name}: the size of {part['url']}")
                    check("Set-Cookie" not in answer.headers, f"{name}: a header was injected")
                running.get(f"/sandbox/messages/{queue_id}/html")
                took = time.monotonic() - began
                check(took < harness.seconds(10), f"{name} took {took:.1f} s")


@case("mbox: all of them, oldest first, and back to what was sent")
def mbox():
    with sandbox() as running, harness.folder() as folder:
        texts = ["Subject: one\n\nFrom me\n>From you\n>>From \n.\n", "Subject: two\n\ntwo"]
        with smtplib.SMTP("127.0.0.1", post(running)["upstream"]["port"], timeout=harness.seconds(30)) as client:
            gateway.request(running.address, "DELETE", "/sandbox/messages")
            for text in texts:
                client.sendmail("ann@example.com", ["bob@example.net"], text)
        path = os.path.join(folder, "mbox")
        with open(path, "wb") as file:
            file.write(running.get("/sandbox/messages.mbox").body)
        box = mailbox.mbox(path)
        kept = [re.sub(r"(?m)^>(>*From )", r"\1", m.as_string()) for m in box]
        check_equal([text.rstrip("\n") for text in kept], [text.rstrip("\n") for text in texts], "texts")
        check_equal([m.get_from().split()[0] for m in box], ["ann@example.com"] * 2, "senders")
        box.close()


@case("the page is there, its files, and nothing that could run what it is sent")
def served_page():
    with sandbox() as running:
        front = running.get("/sandbox/")
        check_equal((front.status, front.headers["Content-Type"]), (200, "text/html; charset=utf-8"), "the page")
        for path in re.findall(rb'(?:src|href)="(/sandbox/page/[^"]+)"', front.body):
            answer = running.get(path.decode())
            check_equal(answer.status, 200, path.decode())
            check_equal(answer.headers["X-Content-Type-Options"], "nosniff", path.decode())
        policy = front.headers["Content-Security-Policy"]
        check("'unsafe-inline'" not in policy and "script-src 'self'" in policy and "http" not in policy, policy)
        away = running.get("/sandbox")
        check_equal((away.status, away.headers["Location"]), (308, "/sandbox/"), "without its slash")
        check_equal(running.get("/sandbox/page/../messages").status, 404, "a way out")


@case("every answer under /sandbox has a policy, and another site's page gets none of them")
def policies():
    with sandbox() as running:
        queue_id = post(running)["queue_id"]
        paths = ["messages", "messages.mbox", "messages/none", "exchanges", "sessions", "behaviour", "certificate.pem"]
        paths += [f"messages/{queue_id}{rest}" for rest in ("", ".eml", "/parts/0")]
        for path in paths:
            answer = running.get("/sandbox/" + path)
            policy = answer.headers["Content-Security-Policy"] or ""
            check("default-src 'none'" in policy, f"{path} has no policy")
            rebound = running.get("/sandbox/" + path, {"Host": "evil.example"})
            check_equal(rebound.status, 403, f"{path} by another name")
        for method, path in (
            ("DELETE", "messages"),
            ("DELETE", f"messages/{queue_id}"),
            ("PUT", "behaviour"),
            ("DELETE", "behaviour"),
        ):
            for fields in (
                {"Origin": "https://evil.example"},
                {"Sec-Fetch-Site": "cross-site"},
                {"Host": "evil.example"},
            ):
                body = b'{"rules":[]}' if method == "PUT" else None
                fields = {"Content-Type": "application/json", **fields} if body else fields
                answer = gateway.request(running.address, method, "/sandbox/" + path, body, fields)
                check_equal(
                    (answer.status, answer.json()["code"]), (403, "forbidden"), f"{method} {path} with {fields}"
                )
        check_equal(len(page(running, "")["messages"]), 1, "messages that are left")


@case("what a browser fetches by itself has addresses that need no key, and cannot be guessed")
def tickets():
    key = "a key that the page has, and its frames have not"
    keys = KeyFile(entry("page", key, ["send", "sandbox"]))
    with sandbox(api_keys_file=keys.path) as running:
        sent = running.post(message(html="<p>hi</p>", attachments=[{"content": "YQ==", "filename": "a"}]), bearer(key))
        whole = running.get(f"/sandbox/messages/{sent.json()['queue_id']}", bearer(key)).json()
        for url in (whole["raw_url"], whole["html_url"], *(part["url"] for part in whole["parts"])):
            check_equal(running.get(url).status, 200, url)
            check("default-src 'none'" in running.get(url).headers["Content-Security-Policy"], f"{url}: no policy")
            start, name, ticket, rest = re.fullmatch(r"(/sandbox/shown)/(\w+)/([a-z2-7]{32})/(.*)", url).groups()
            for wrong in (ticket[:-1], ticket + "a", ticket[::-1], "", "a" * 32):
                check_equal(running.get(f"{start}/{name}/{wrong}/{rest}").status, 404, f"the ticket {wrong}")
        check_equal(running.get(f"/sandbox/messages/{sent.json()['queue_id']}/html").status, 401, "without a ticket")


@case("where other clients send to")
def server():
    with sandbox() as running:
        port = post(running)["upstream"]["port"]
        told = running.get("/sandbox/server").json()
        check_equal(told, {"smtp_host": "127.0.0.1", "smtp_port": port, "login_needed": False}, "the server")


@case("an exchange knows its message, whatever the caller was told")
def exchange_of_message():
    with sandbox() as running:
        for to, delivery, captured in (("drop-after-dot", "unknown", 1), ("bounce", "not_sent", 0), ("bob", "sent", 1)):
            answer = running.post(message(to=[f"{to}@sandbox.test"], subject=to)).json()
            exchange = running.get(f"/sandbox/exchanges/{answer['id']}").json()
            newest = page(running, "")["messages"][0]["id"]
            check_equal(exchange["captured"], newest if captured else None, f"{to}: the message")
            check_equal(
                (exchange["delivery"], exchange["subject"], exchange["recipient"], exchange["recipient_count"]),
                (delivery, to, f"{to}@sandbox.test", 1),
                to,
            )


@case("README's commands, as they stand there")
def readme_commands():
    if not shutil.which("curl"):
        raise harness.Skip("needs curl")
    with open(os.path.join(os.path.dirname(__file__), "..", "..", "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(curl .*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    commands = [command for block in blocks for command in re.split(r"\n(?=curl )", block) if "/sandbox/" in command]
    check(len(commands) >= 4, f"README has {len(commands)} of them")
    with sandbox() as running:
        post(running)
        for command in commands:
            here = command.replace("http://127.0.0.1:8587", running.url("")).replace(
                "curl ", "curl -sS --fail-with-body ", 1
            )
            done = subprocess.run(
                ["/bin/sh", "-c", here], capture_output=True, timeout=harness.seconds(30), check=False
            )
            check_equal((done.returncode, done.stderr), (0, b""), f"{here}: {done.stdout[:500]}")


@case("where it listens may be said; a port that is taken stops the start")
def listens():
    with sandbox() as running:
        port = post(running)["upstream"]["port"]
        status, _, errors = gateway.run(
            "sandbox",
            options={"sandbox_smtp_listen": f"127.0.0.1:{port}", "listen": "127.0.0.1:0", "admin_listen": "off"},
        )
        check_equal(status, 71, "exit status")
        check("in use" in errors, errors)


if __name__ == "__main__":
    main()
