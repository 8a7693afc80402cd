#!/usr/bin/env python3
"""The command line: what each command prints, what it sends, and with which of sysexits(3) it ends."""

import email
import email.policy
import functools
import json
import os
import re
from dataclasses import dataclass, field

from lib import certificates, dkim, gateway, oracle
from lib.gateway import Gateway, message, run
from lib.harness import case, check, check_equal, folder, main
from lib.scripted_relay import PASSWORD, ScriptedRelay

OK, USAGE, DATAERR, NOUSER, UNAVAILABLE, TEMPFAIL, PROTOCOL, NOPERM, CONFIG = 0, 64, 65, 67, 69, 75, 76, 77, 78
URL = "smtp://ann:s3cret%20p%40ss%2Fword@relay.test"
MESSAGE = json.dumps(message()).encode()
QUIET = {"smtp_ehlo_name": "gateway.test"}


# --- What stops the start ---------------------------------------------------------------------------------------------


@dataclass
class Refusal:
    name: str
    options: dict = field(default_factory=dict)
    arguments: tuple = ()
    file: str = ""  # the text of a configuration file
    status: int = CONFIG
    says: str = ""  # what must be in the message


REFUSALS = [
    Refusal("unknown command", arguments=("sing",), status=USAGE, says="sing"),
    Refusal("two commands", arguments=("serve", "serve"), status=USAGE, says="serve"),
    Refusal("unknown flag", arguments=("--nope",), status=USAGE, says="--nope"),
    Refusal("flag without its value", arguments=("--set",), status=USAGE, says="--set"),
    Refusal("unknown in the environment", options={"nope": "1"}, says="NOPE"),
    Refusal("unknown --set", arguments=("--set", "nope=1"), says="nope"),
    Refusal("--set without =", arguments=("--set", "max_queue"), says="max_queue"),
    Refusal("unknown in the file", file='{"nope": 1}', says="nope"),
    Refusal("the file is no JSON", file="{", says="postern.json"),
    Refusal("the file has a name twice", file='{"max_queue": 1, "max_queue": 2}', says="postern.json"),
    Refusal("the file has another type", file='{"max_queue": [1]}', says="max_queue"),
    Refusal(
        "the file is not there", arguments=("--config", "/nonexistent/postern.json"), says="/nonexistent/postern.json"
    ),
    Refusal("no relay", options={"smtp_url": ""}, says="smtp_url"),
    *[
        Refusal(f"relay {url}", options={"smtp_url": url}, says="smtp_url")
        for url in (
            "http://relay.test",
            "relay.test",
            "smtp://",
            "smtp://u:s3cret%20p%40ss%2Fword@",
            "smtp://relay.test:0",
            "smtp://relay.test:65536",
            "smtp://relay.test?tls=maybe",
            "smtp://u:%zz@relay.test",
            "smtp://:p@relay.test",
            "smtp://relay.test:587x",
            "smtp://[::1",
        )
    ],
    Refusal("unknown service", options={"smtp_url": "", "smtp_service": "nobody"}, says="smtp_service"),
    *[
        Refusal(f"{name}={value!r}", options={name: value}, says=name)
        for name, value in (
            ("max_queue", "abc"),
            ("max_queue", "-1"),
            ("max_queue", "0"),
            ("max_queue", "1e3"),
            ("max_queue", "99999999999999999999"),
            ("timeout_mail", "5x"),
            ("timeout_mail", "0"),
            ("timeout_mail", "2h"),
            ("log_level", "loud"),
            ("log_format", "xml"),
            ("max_body_bytes", "1"),
        )
    ],
    *[
        Refusal(f"listen {where}", options={"listen": where}, says="listen")
        for where in (
            "0.0.0.0:0",
            "[::]:0",
            "192.0.2.2:8587",
            "8587",
            "127.0.0.1",
            "127.0.0.1:99999",
            "localhost:x",
            "unix:",
            "ftp:/x",
        )
    ],
    Refusal("the admin listener beyond loopback", options={"admin_listen": "0.0.0.0:0"}, says="listen"),
]


@dataclass
class BadKey:
    """What is no key to sign with: what the file holds, by `openssl` if it is not these words."""

    name: str
    says: str
    openssl: tuple = ()
    words: str = ""
    options: str = "example.com:mail:{file}"


BAD_KEYS = [
    BadKey("no such file", "No such file", options="example.com:mail:/nonexistent/key.pem"),
    BadKey("a folder", "Is a directory", options="example.com:mail:/tmp"),
    BadKey("an empty file", "not a private key in PEM"),
    BadKey("no PEM", "not a private key in PEM", words="s3cret p@ss/word"),
    BadKey(
        "a public key", "not a private key in PEM", words="-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"
    ),
    BadKey("encrypted", "without a passphrase", ("-algorithm", "ed25519", "-aes-128-cbc", "-pass", "pass:x")),
    BadKey("RSA of 1,024 bits", "neither RSA of 2048", ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")),
    BadKey("an elliptic curve", "nor Ed25519", ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")),
    BadKey("RSA-PSS", "nor Ed25519", ("-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048")),
    BadKey(
        "the second", "neither RSA of 2048", ("-algorithm", "X25519"), options="b.example:a:{good} a.example:a:{file}"
    ),
    BadKey("a selector twice", "has two DKIM keys", options="example.com:a:{good} example.COM:A:{good}"),
    BadKey("no file", "is not domain:selector:file", options="example.com:mail"),
    BadKey("no domain", "does not begin with a domain", options=":mail:{good}"),
    BadKey("a bad domain", "does not begin with a domain", options="a..example:mail:{good}"),
    BadKey("a bad selector", "has no selector", options="example.com:ma!l:{good}"),
    BadKey("an empty selector", "has no selector", options="example.com::{good}"),
    BadKey("33 keys", "more than 32", options=" ".join(f"example.com:s{i}:{{good}}" for i in range(33))),
]


def refuse_key(row):
    with folder() as path:
        file, good = os.path.join(path, "key.pem"), dkim.make_key(path, "good", "ed25519")
        with open(file, "w", encoding="ascii") as text:
            text.write(row.words)
        if row.openssl:
            dkim.openssl("genpkey", "-out", file, *row.openssl)
        entries = row.options.format(file=file, good=good)
        status, output, errors = run("serve", options={"smtp_url": URL, "dkim_keys": entries})
        check_equal((status, output), (CONFIG, ""), f"status and output ({errors})")
        check("option dkim_keys" in errors and row.says in errors, f"{row.says!r} is not told: {errors}")
        oracle.hold_secrecy(errors)


for bad_key in BAD_KEYS:
    case(f"refused: DKIM key: {bad_key.name}")(functools.partial(refuse_key, bad_key))


@case("refused: names of DKIM fields")
def refuse_names():
    for names, says in (
        ("X-A X:B", "is no name"),
        ("X-A received", "changes on the way"),
        (" ".join(f"X-{i}" for i in range(17)), "one name too many"),
    ):
        status, _, errors = run("serve", options={"smtp_url": URL, "dkim_headers": names})
        check_equal(status, CONFIG, errors)
        check("option dkim_headers" in errors and says in errors, f"{says!r} is not told: {errors}")


def refuse(row):
    with folder() as path:
        options = {"smtp_url": URL, "listen": f"unix:{path}/http", "admin_listen": "off", **QUIET, **row.options}
        arguments = row.arguments
        if row.file:
            config = os.path.join(path, "postern.json")
            with open(config, "w", encoding="utf-8") as file:
                file.write(row.file)
            arguments = ("--config", config)
        command = () if "serve" in arguments or row.status == USAGE else ("serve",)
        status, output, errors = run(*command, *arguments, options=options)
        check_equal(status, row.status, f"status ({errors})")
        check(row.says in errors, f"{row.says} is not named: {errors}")
        check_equal(output, "", "stdout")
        oracle.hold_secrecy(errors)


for refusal in REFUSALS:
    case(f"refused: {refusal.name}")(functools.partial(refuse, refusal))


@case("a port that is taken: 71, and the address is named")
def port_taken():
    with Gateway(URL) as running:
        where = f"127.0.0.1:{running.address[1]}"
        status, _, errors = run("serve", options={"smtp_url": URL, "listen": where, "admin_listen": "off", **QUIET})
        check_equal(status, 71, f"status ({errors})")
        check(where in errors, errors)


# --- Options ----------------------------------------------------------------------------------------------------------


def effective(*arguments, options=None, environment=None):
    """The options that `postern config` shows, by name."""
    status, output, errors = run("config", *arguments, options=options, environment=environment)
    check_equal(status, OK, f"status ({errors})")
    return dict(re.findall(r"^([a-z_0-9]+)=(.*?)(?:  # .*)?$", output, re.MULTILINE))


@case("defaults, then the file, then the environment, then --set")
def precedence():
    with folder() as path:
        config = os.path.join(path, "postern.json")
        with open(config, "w", encoding="utf-8") as file:
            json.dump({"max_queue": 11, "max_recipients": 12, "max_headers": "13", "log_level": "warn"}, file)
        options = {"max_recipients": 22, "max_headers": 23}
        got = effective("--config", config, "--set", "max_headers=33", options=options)
        wanted = {
            "max_attachments": "100",
            "max_queue": "11",
            "max_recipients": "22",
            "max_headers": "33",
            "log_level": "warn",
        }
        check_equal({name: got[name] for name in wanted}, wanted, "options")


@case("secrets are masked, and a _FILE twin is read")
def secrets():
    with folder() as path:
        secret = os.path.join(path, "password")
        with open(secret, "w", encoding="utf-8") as file:
            file.write(PASSWORD + "\n")
        options = {"smtp_url": URL, "smtp_password_file": secret, "smtp_oauth_token": PASSWORD}
        status, output, _ = run("config", options=options)
        check_equal(status, OK, "status")
        oracle.hold_secrecy(output)
        for name in ("smtp_url", "smtp_password", "smtp_oauth_token"):
            check(re.search(rf"^{name}=.*\*\*\*", output, re.MULTILINE), f"{name} is not shown as masked: {output}")
        certificate = certificates.shared().server("good")
        with ScriptedRelay(tls="starttls", certificate=certificate) as relay:
            url = f"smtp://127.0.0.1:{relay.port}"
            more = {
                "smtp_username": relay.username,
                "smtp_password_file": secret,
                "smtp_ca_file": certificates.shared().ca_file,
            }
            status, _, errors = run("send", stdin=MESSAGE, options={"smtp_url": url, **more, **QUIET})
            check_equal(status, OK, f"status with the secret from a file ({errors})")


@case("what Kubernetes puts into the environment of a pod is no option")
def service_links():
    links = {
        "POSTERN_PORT": "tcp://10.0.0.1:8587",
        "POSTERN_SERVICE_HOST": "10.0.0.1",
        "POSTERN_SERVICE_PORT_HTTP": "8587",
        "POSTERN_PORT_8587_TCP_ADDR": "10.0.0.1",
    }
    effective(environment=links)


@case("SIGHUP reads the password again")
def reload_password():
    certificate = certificates.shared().server("good")
    with folder() as path, ScriptedRelay(tls="starttls", certificate=certificate) as relay:
        secret = os.path.join(path, "password")
        write(secret, "wrong")
        options = {
            "smtp_username": relay.username,
            "smtp_password_file": secret,
            "smtp_ca_file": certificates.shared().ca_file,
        }
        with Gateway(f"smtp://127.0.0.1:{relay.port}", **options) as running:
            check_equal(running.post(message()).status, 502, "status with the wrong password")
            write(secret, PASSWORD)
            running.signal(1)
            gateway.harness.eventually(lambda: "reloaded" in running.log(), what="the reload in the log")
            check_equal(running.post(message()).status, 200, "status with the right password")
            os.remove(secret)
            running.signal(1)
            gateway.harness.eventually(lambda: "not reloaded" in running.log(), what="the failed reload in the log")
            check_equal(running.post(message()).status, 200, "status after a reload that failed")


def write(path, text):
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


# --- The commands -----------------------------------------------------------------------------------------------------


@case("--help names every command and option, --version the version")
def help_and_version():
    status, text, _ = run("--help")
    check_equal(status, OK, "status")
    for word in (
        "serve",
        "sandbox",
        "check",
        "render",
        "send",
        "config",
        "POSTERN_LISTEN",
        "POSTERN_SMTP_PASSWORD[_FILE]",
    ):
        check(word in text, f"--help does not name {word}")
    for name in effective():
        check(f"POSTERN_{name.upper()}" in text, f"--help does not name {name}")
    status, text, _ = run("--version")
    check(status == OK and re.fullmatch(r"postern \d+\.\d+\.\d+\S*\n", text), f"--version: {text!r}")


@case("render prints the message, as a dry run would build it")
def render():
    status, text, errors = run("render", stdin=json.dumps(message(bcc="eve@example.net")).encode())
    check_equal(status, OK, f"status ({errors})")
    parsed = email.message_from_string(text, policy=email.policy.default)
    check_equal((str(parsed["Subject"]), parsed["Bcc"]), ("Hello", None), "Subject, Bcc")
    check_equal(text.count("\n"), text.count("\r\n"), "line ends other than CRLF")


@case("render of a bad message: 65, and the problem on stderr")
def render_refused():
    for body, code in ((b'{"from": 7}', "invalid-request"), (b"{", "invalid-json"), (b"", "invalid-json")):
        status, output, errors = run("render", stdin=body)
        check_equal((status, output), (DATAERR, ""), "status, stdout")
        check_equal(json.loads(errors)["code"], code, "code")


@dataclass
class Sending:
    name: str
    steps: dict
    status: int
    delivery: str
    code: object = None
    body: bytes = MESSAGE


SENDINGS = [
    Sending("sent", {}, OK, "sent"),
    Sending("recipient refused", {"rcpt": "550 5.1.1 Unknown"}, NOUSER, "not_sent", "recipients-rejected"),
    Sending("message refused", {"dot": "554 5.7.1 Spam"}, UNAVAILABLE, "not_sent", "message-rejected"),
    Sending("deferred", {"dot": "451 4.3.0 Later"}, TEMPFAIL, "not_sent", "message-deferred"),
    Sending("unknown", {"dot": {"then": "fin"}}, 74, "unknown", "outcome-unknown"),
    Sending("no protocol", {"greeting": "HTTP/1.1 200 Ok"}, PROTOCOL, "not_sent", "upstream-protocol-error"),
    Sending("a bad message", {}, DATAERR, "not_sent", "invalid-json", b"{"),
]


def send(row):
    with ScriptedRelay(steps=row.steps) as relay:
        status, output, errors = run("send", stdin=row.body, options={"smtp_url": relay.url(), **QUIET})
        answer = json.loads(output)
        check_equal((status, answer["delivery"], answer.get("code")), (row.status, row.delivery, row.code), errors)
        oracle.hold_invariant(answer, relay.messages_with("Subject: Hello"))


for sending in SENDINGS:
    case(f"send: {sending.name}")(functools.partial(send, sending))


@dataclass
class Checking:
    name: str
    status: int
    says: tuple
    steps: dict = field(default_factory=dict)
    password: str = PASSWORD
    trusted: bool = True
    certificate: str = "good"


CHECKINGS = [
    Checking("all is well", OK, ("TLSv1.3", "PIPELINING", "AUTH PLAIN", "relay.test")),
    Checking(
        "wrong password",
        NOPERM,
        ("upstream-auth-failed", "S: 220 relay.test", "C: EHLO gateway.test", "S: 535", "STARTTLS"),
        password="wrong",
    ),
    Checking("untrusted", PROTOCOL, ("upstream-tls",), trusted=False),
    Checking("expired", PROTOCOL, ("upstream-tls", "expired"), certificate="expired"),
    Checking("no STARTTLS", PROTOCOL, ("upstream-tls-required",), {"ehlo": "250 relay.test"}),
    Checking("no AUTH", NOPERM, ("upstream-auth-failed",), {"caps": "250 relay.test"}),
    Checking("not now", TEMPFAIL, ("upstream-temporary", "421"), {"greeting": "421 4.3.2 Closing"}),
    Checking("refused", UNAVAILABLE, ("upstream-rejected-session", "554"), {"greeting": "554 5.7.1 Go away"}),
]


def check_relay(row):
    certificate = certificates.shared().server(row.certificate)
    with ScriptedRelay(tls="starttls", certificate=certificate, steps=row.steps) as relay:
        options = {"smtp_url": relay.url(password=row.password), **QUIET}
        if row.trusted:
            options["smtp_ca_file"] = certificates.shared().ca_file
        status, output, errors = run("check", options=options)
        check_equal(status, row.status, f"status ({output}{errors})")
        for word in row.says:
            check(word in output, f"{word} is not told:\n{output}")
        oracle.hold_secrecy(output, errors)
        check(not {"MAIL", "RCPT", "DATA"} & set(relay.verbs()), "something was sent")


for checking in CHECKINGS:
    case(f"check: {checking.name}")(functools.partial(check_relay, checking))


@case("check: nobody listens")
def check_refused():
    url = f"smtp://ann:s3cret%20p%40ss%2Fword@127.0.0.1:{gateway.free_port()}"
    status, output, errors = run("check", options={"smtp_url": url, **QUIET})
    check_equal(status, UNAVAILABLE, f"status ({output}{errors})")
    oracle.hold_secrecy(output, errors)


@case("check: two relays, of which one works")
def check_two():
    """Exit 0 only if a mail could be sent."""
    with ScriptedRelay() as relay:
        url = f"smtp://127.0.0.1:{gateway.free_port()}?tls=none {relay.url()}"
        _, output, _ = run("check", options={"smtp_url": url, **QUIET})
        check(str(relay.port) in output and "upstream-unreachable" in output, f"both are not told:\n{output}")


if __name__ == "__main__":
    main(jobs=4)
