#!/usr/bin/env python3
"""The sandbox's SMTP server and the clients of others: swaks, curl, smtplib, nodemailer; smuggling; bounds.

swaks is unpacked by ./dev into build/peers/swaks, nodemailer comes from npm as tests/bench pins it.
"""

import json
import os
import shutil
import smtplib
import socket
import ssl
import subprocess
from pathlib import Path
from types import SimpleNamespace

from lib import harness
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, last_case, main, table

ROOT = Path(__file__).resolve().parents[2]
SWAKS = ROOT / "build" / "peers" / "swaks" / "root"
NODEMAILER = ROOT / "build" / "peers" / "bench-nodemailer" / "node_modules" / "nodemailer"
CONNECTIONS = 1000


def sandbox(**options):
    return Gateway(command="sandbox", **options)


def port_of(running):
    """Where its SMTP server listens, which is free to choose."""
    return running.post(message()).json()["upstream"]["port"]


def listed(running, query=""):
    return running.get("/sandbox/messages" + query).json()["messages"]


def raw(running, queue_id):
    return running.get(f"/sandbox/messages/{queue_id}.eml").body


class Lines:
    """A client that sends what it is told to."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), harness.seconds(30))
        self.file = self.socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()
        self.socket.close()

    def send(self, octets):
        self.socket.sendall(octets)

    def reply(self):
        """The last line of the next reply."""
        line = self.file.readline()
        while line[3:4] == b"-":
            line = self.file.readline()
        return line.decode().rstrip("\r\n")

    def say(self, command):
        self.send(command.encode() + b"\r\n")
        return self.reply()

    def begin(self):
        check_equal(self.reply(), "220 localhost ESMTP Postern sandbox", "the greeting")
        self.say("EHLO client.example")
        check_equal(self.say("MAIL FROM:<a@b.example>"), "250 2.1.0 Ok", "MAIL")
        check_equal(self.say("RCPT TO:<c@d.example>"), "250 2.1.5 Ok", "RCPT")


# --- Clients of others


def run(command, stdin=b"", **environment):
    done = subprocess.run(
        [str(word) for word in command],
        input=stdin,
        capture_output=True,
        timeout=harness.seconds(60),
        env={**os.environ, **environment},
        check=False,
    )
    check_equal(done.returncode, 0, f"exit status ({(done.stdout + done.stderr).decode(errors='replace')[-1500:]})")


def by_smtplib(port, ca_file, text):
    with smtplib.SMTP("127.0.0.1", port, timeout=harness.seconds(30)) as client:
        client.starttls(context=ssl.create_default_context(cafile=ca_file))
        client.login("anybody", "any password")
        client.sendmail(
            "ann@example.com",
            ["bob@example.net", "eve@example.net"],
            text,
            ["BODY=8BITMIME", "RET=HDRS"],
            ["NOTIFY=NEVER"],
        )


def by_curl(port, ca_file, text):
    if not shutil.which("curl"):
        raise harness.Skip("needs curl")
    run(
        ["curl", "-sS", f"smtp://localhost:{port}", "--ssl-reqd", "--cacert", ca_file, "--user", "anybody:any password",
         "--mail-from", "ann@example.com", "--mail-rcpt", "bob@example.net", "--mail-rcpt", "eve@example.net",
         "-T", "-"],
        text,
    )  # fmt: skip


def by_swaks(port, ca_file, text):
    program = SWAKS / "usr" / "bin" / "swaks"
    if not program.exists() or not shutil.which("perl"):
        raise harness.Skip("needs swaks, which ./dev test unpacks")
    libraries = ":".join(
        str(path) for path in sorted(SWAKS.glob("usr/**/perl5*")) + sorted(SWAKS.glob("usr/lib/*/perl5/*"))
    )
    run(
        ["perl", program, "--server", f"127.0.0.1:{port}", "--tls", "--tls-ca-path", ca_file, "--auth", "LOGIN",
         "--auth-user", "anybody", "--auth-password", "any password", "--from", "ann@example.com",
         "--to", "bob@example.net,eve@example.net", "--data", "-"],
        text.replace(b"\r\n", b"\n"),
        PERL5LIB=libraries,
    )  # fmt: skip


NODE = """
const [port, ca, module] = process.argv.slice(1);
const chunks = [];
process.stdin.on("data", (chunk) => chunks.push(chunk)).on("end", () =>
    require(module).createTransport({host: "localhost", port: Number(port), requireTLS: true,
        tls: {ca: require("fs").readFileSync(ca)}, auth: {user: "anybody", pass: "any password"}})
        .sendMail({raw: Buffer.concat(chunks),
            envelope: {from: "ann@example.com", to: ["bob@example.net", "eve@example.net"]}})
        .then(() => process.exit(0), (error) => { console.error(error); process.exit(1); }));
"""


def by_nodemailer(port, ca_file, text):
    if not shutil.which("node") or not NODEMAILER.exists():
        raise harness.Skip("needs node and nodemailer, which ./dev test fetches from npm")
    run(["node", "-e", NODE, port, ca_file, NODEMAILER], text)


CLIENTS = [
    SimpleNamespace(name=f"{name} delivers, by STARTTLS that it verifies, and AUTH", send=send)
    for name, send in (("smtplib", by_smtplib), ("curl", by_curl), ("swaks", by_swaks), ("nodemailer", by_nodemailer))
]

TEXT = (
    "From: Ann <ann@example.com>\r\nTo: bob@example.net\r\nSubject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?=\r\n"
    "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
    ".\r\n..\r\nGr\u00fc\u00dfe\r\n"
).encode()


def delivers(row):
    with sandbox() as running, harness.folder() as folder:
        ca_file = os.path.join(folder, "ca.pem")
        with open(ca_file, "wb") as file:
            file.write(running.get("/sandbox/certificate.pem").body)
        row.send(port_of(running), ca_file, TEXT)
        found = listed(running, "?to=eve@example.net")
        check_equal(len(found), 1, "messages")
        envelope = {"from": "ann@example.com", "to": ["bob@example.net", "eve@example.net"]}
        check_equal((found[0]["envelope"], found[0]["subject"]), (envelope, "Gr\u00fc\u00dfe"), "the message")
        check_equal(raw(running, found[0]["id"]).rstrip(b"\r\n"), TEXT.rstrip(b"\r\n"), "what was kept")
        whole = running.get(f"/sandbox/messages/{found[0]['id']}").json()
        check_equal((whole["exchange"], whole["text"].rstrip()), (None, ".\r\n..\r\nGr\u00fc\u00dfe"), "the JSON")
        said = [line["text"] for line in whole["dialogue"]]
        check(any(line.startswith("TLSv1") for line in said), f"TLS is not named: {said}")
        check(any(line.startswith("AUTH ") for line in said), f"AUTH is not named: {said}")
        check(
            "any password" not in json.dumps(whole) and "YW55IHBhc3N3b3Jk" not in json.dumps(whole),
            "a password is kept",
        )
        check_equal(said[-1], f"250 2.0.0 Ok: queued as {found[0]['id']}", "the last line")


table(CLIENTS, delivers)


@case("in the clear and without a login, where no credentials were set")
def plain():
    with sandbox() as running:
        with smtplib.SMTP("127.0.0.1", port_of(running), timeout=harness.seconds(30)) as client:
            client.sendmail("ann@example.com", ["zoe@example.net"], TEXT)
        check_equal(len(listed(running, "?to=zoe@example.net")), 1, "messages")


@case("with credentials set: TLS and a login first, and the gateway has them")
def with_credentials():
    with sandbox(sandbox_smtp_username="ann", sandbox_smtp_password="secret") as running:
        port = port_of(running)
        check("secret" not in running.log(), "the password is logged")
        with smtplib.SMTP("127.0.0.1", port, timeout=harness.seconds(30)) as client:
            client.ehlo()
            check_equal((client.has_extn("starttls"), client.has_extn("auth")), (True, False), "what is offered")
            check_equal(client.mail("a@example.com")[0], 530, "MAIL in the clear")
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
            client.ehlo()
            check_equal(client.mail("a@example.com")[0], 530, "MAIL without AUTH")
            for password, code in (("wrong", 535), ("secret", 235)):
                client.user, client.password = "ann", password
                check_equal(
                    client.auth("PLAIN", client.auth_plain)[0] if code == 235 else refused(client), code, password
                )


def refused(client):
    try:
        return client.auth("PLAIN", client.auth_plain)[0]
    except smtplib.SMTPAuthenticationError as error:
        return error.smtp_code


@case("what is offered is what the issue names")
def offered():
    with sandbox() as running, smtplib.SMTP("127.0.0.1", port_of(running), timeout=harness.seconds(30)) as client:
        client.ehlo()
        for keyword in (
            "pipelining",
            "chunking",
            "8bitmime",
            "smtputf8",
            "size",
            "dsn",
            "auth",
            "starttls",
            "enhancedstatuscodes",
            "help",
        ):
            check(client.has_extn(keyword), f"no {keyword.upper()}")
        check_equal(client.docmd("HELP")[0], 214, "HELP")
        check_equal(client.docmd("VRFY", "a@b.example")[0], 252, "VRFY")
        check_equal(client.docmd("NOOP")[0], 250, "NOOP")


# --- Chunks, and what could be taken for an end


@case("BDAT: chunks are one message, octets as they are")
def chunks():
    with sandbox() as running, Lines(port_of(running)) as client:
        client.begin()
        client.send(b"BDAT 12\r\nSubject: x\r\nBDAT 9 LAST\r\n\r\n.\r\n\n.\n\x00")
        check(client.reply().startswith("250 2.0.0 Ok: 12 octets"), "the first chunk")
        queue_id = client.reply().split()[-1]
        check_equal(raw(running, queue_id), b"Subject: x\r\n\r\n.\r\n\n.\n\x00", "the message")
        client.say("MAIL FROM:<>")
        client.send(b"BDAT 4 LAST\r\nabcd")
        check_equal(client.reply()[:9], "554 5.5.1", "a chunk without a recipient")
        check_equal(client.say("RCPT TO:<c@d.example>"), "503 5.5.1 Error: need MAIL command", "after that")
        client.say("MAIL FROM:<>")
        client.say("RCPT TO:<c@d.example>")
        client.send(b"BDAT 3\r\nabc")
        check_equal(client.reply()[:3], "250", "the first of two chunks")
        for command, code in (
            ("DATA", "503"),
            ("RCPT TO:<e@f.example>", "503"),
            ("MAIL FROM:<>", "503"),
            ("RSET", "250"),
        ):
            check_equal(client.say(command)[:3], code, f"{command} between chunks")
        check_equal(client.say("BDAT x")[:3], "501", "a size that is none")
        check_equal(client.reply(), "", "the connection's end, for where that chunk ends nobody knows")


# (postfix.org/smtp-smuggling.html, and each way of ending a line that some server takes)
ENDS = [
    b"\n.\n",
    b"\n.\r\n",
    b"\r.\r",
    b"\r.\r\n",
    b"\r\n.\r",
    b"\r\n.\n",
    b"\r\n\x00.\r\n",
    b"\r\n.\x00\r\n",
    b"\r\n.\r\r\n",
]


@case("smuggling sequences stay one message")
def smuggling():
    with sandbox() as running, Lines(port_of(running)) as client:
        client.begin()
        first = True
        for end in ENDS:
            if not first:
                client.say("MAIL FROM:<a@b.example>")
                client.say("RCPT TO:<c@d.example>")
            first = False
            check_equal(client.say("DATA")[:3], "354", "DATA")
            body = b"one" + end + b"MAIL FROM:<evil@example.com>\r\nRCPT TO:<eve@example.net>\r\nDATA\r\ntwo"
            client.send(body + b"\r\n.\r\n")
            queue_id = client.reply().split()[-1]
            kept = raw(running, queue_id)
            check(b"MAIL FROM:<evil@example.com>" in kept, f"{end!r} ended the message")
        check_equal(len(listed(running)), 1 + len(ENDS), "messages")
        check_equal(len(listed(running, "?to=eve@example.net")), 0, "smuggled messages")


@case("a command line that ends in a bare LF ends the session")
def bare_lf():
    with sandbox() as running, Lines(port_of(running)) as client:
        client.reply()
        client.send(b"EHLO x\nMAIL FROM:<a@b>\r\n")
        check_equal(client.reply()[:3], "521", "the reply")
        check_equal(client.reply(), "", "the end")


# --- Bounds


@case("100 MB is taken; what is declared or grows beyond the bound is not; memory stays within the store's")
def large():
    bound = 300 << 20
    with sandbox(sandbox_max_bytes=bound) as running, Lines(port_of(running)) as client:
        client.begin()
        client.say("DATA")
        block = (b"a" * 76 + b"\r\n") * 13_000
        for _ in range(100):
            client.send(block)
        client.send(b".\r\n")
        queue_id = client.reply().split()[-1]
        check_equal(listed(running)[0]["size_bytes"], 100 * len(block), "size")
        whole = running.get(f"/sandbox/messages/{queue_id}").json()
        check_equal((whole["size_bytes"], whole["text_is_cut"]), (100 * len(block), True), "taken apart")
        check_equal(len(raw(running, queue_id)), 100 * len(block), "read back")
        check_equal(client.say("MAIL FROM:<a@b.example> SIZE=134217729")[:3], "552", "declared too large")
        client.say("MAIL FROM:<a@b.example>")
        client.say("RCPT TO:<c@d.example>")
        client.say("DATA")
        for _ in range(140):
            client.send(block)
        client.send(b".\r\n")
        check_equal(client.reply()[:3], "552", "grown too large")
        if not harness.SANITIZED:
            check(running.status_field("VmHWM") < 2 * (bound >> 10), f"{running.status_field('VmHWM')} KiB at most")


@last_case("a thousand connections are served, one more is told")
def many_connections():
    with sandbox() as running:
        port = port_of(running)
        clients = [Lines(port) for _ in range(CONNECTIONS)]
        try:
            for client in clients:
                check_equal(client.reply()[:3], "220", "the greeting")
            with Lines(port) as late:
                check_equal(late.reply(), "421 4.7.0 localhost Error: too many connections", "one more")
            check_equal(clients[500].say("NOOP")[:3], "250", "one of them")
        finally:
            for client in clients:
                client.__exit__()


@last_case("thousands of messages: the oldest go, memory stays")
def thousands():
    count = 5000
    with sandbox(sandbox_max_messages=500) as running:
        port = port_of(running)
        with smtplib.SMTP("127.0.0.1", port, timeout=harness.seconds(30)) as client:
            send(client, 1000)
            before = running.status_field("RssAnon")
            send(client, count - 1000)
        page = running.get("/sandbox/messages?limit=1000").json()
        check_equal((page["total"], len(page["messages"]), page["next_before"]), (500, 500, None), "the list")
        numbers = [m["number"] for m in page["messages"]]
        check_equal(numbers, list(range(count + 1, count - 499, -1)), "their numbers")
        grown = running.status_field("RssAnon") - before
        check(harness.SANITIZED or grown < 4096, f"{grown} KiB grown")


def send(client, count):
    for _ in range(count):
        client.sendmail("ann@example.com", ["bob@example.net"], TEXT)


if __name__ == "__main__":
    main()
