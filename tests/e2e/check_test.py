#!/usr/bin/env python3
"""`postern check`: what it tells of a relay, and what it says is to be changed, a row a fault."""

import functools
import os
import ssl
import subprocess
from dataclasses import dataclass, field

from lib import certificates, gateway, name_server, oracle
from lib.gateway import run
from lib.harness import case, check, check_equal, folder, main, seconds
from lib.proxies import Proxy
from lib.scripted_relay import ScriptedRelay

OK, UNAVAILABLE, NOHOST, TEMPFAIL, PROTOCOL, NOPERM = 0, 69, 68, 75, 76, 77
QUIET = {"smtp_ehlo_name": "gateway.test"}
LOGIN = "ann:s3cret%20p%40ss%2Fword@"


def hold(done, status, says, never=()):
    got, output, errors = done
    for word in says:
        check(word in output, f"{word!r} is not told:\n{output}{errors}")
    for word in never:
        check(word not in output, f"{word!r} is told:\n{output}{errors}")
    check_equal(got, status, f"status ({output}{errors})")
    oracle.hold_secrecy(output, errors)


# --- A relay, scripted ------------------------------------------------------------------------------------------------


@dataclass
class Row:
    name: str
    status: int
    says: tuple
    tls: str = "starttls"
    url_tls: str = ""  # what the URL says, where that is not what the relay speaks
    certificate: str = "good"
    host: str = "127.0.0.1"
    password: str = ""
    trusted: bool = True
    credentials: bool = True
    relay: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    options: dict = field(default_factory=dict)


TLS1_0, TLS1_1 = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
ROWS = [
    Row(
        "all is well",
        OK,
        (
            "127.0.0.1, port ",
            "STARTTLS",
            "address   127.0.0.1",
            "hello     gateway.test",
            "greeting  relay.test",
            "tls       TLSv1.3, ",
            "chain     1. CN = relay.test",
            "issued by CN = ",
            "valid from 2020-01-01T00:00:00Z to 2099-01-01T00:00:00Z",
            "names     localhost, relay.test, 127.0.0.1, ::1",
            "offers    PIPELINING",
            "          AUTH PLAIN",
            "size      a message has 52428800 octets at most",
            "login     accepted, by AUTH PLAIN",
            "ok        a mail could be sent",
        ),
    ),
    Row("implicit TLS", OK, ("TLS from the first byte", "ok "), tls="implicit"),
    Row(
        "limits",
        OK,
        ("limits    MAILMAX=5 RCPTMAX=10", "no limit is told"),
        relay={"extensions": ("LIMITS MAILMAX=5 RCPTMAX=10", "SIZE 0")},
    ),
    Row("no TLS, no login", OK, ("none: everything is sent in the clear", "none: no user name"), tls="none"),
    Row("an intermediate is shown", OK, ("chain     1. ", "          2. "), certificate="intermediate"),
    # TLS
    Row(
        "expired", PROTOCOL, ("certificate has expired", "to 2021-01-01T00:00:00Z", "must renew"), certificate="expired"
    ),
    Row("not yet valid", PROTOCOL, ("not yet valid", "this machine's clock"), certificate="not-yet-valid"),
    Row(
        "another name, by address",
        PROTOCOL,
        ("names     other.example", "write one of the certificate's names"),
        certificate="other-name",
    ),
    Row("self-signed", PROTOCOL, ("signed its certificate itself", "POSTERN_SMTP_CA_FILE"), certificate="self-signed"),
    Row("unknown authority", PROTOCOL, ("issuer is not known here", "POSTERN_SMTP_CA_FILE"), certificate="unknown-ca"),
    Row("missing intermediate", PROTOCOL, ("intermediate certificates",), certificate="missing-intermediate"),
    Row("common name only", PROTOCOL, ("names     none (subjectAltName)",), certificate="common-name-is-the-address"),
    Row("NUL in the name", PROTOCOL, ("names     relay.test?.evil.example",), certificate="nul-in-name"),
    Row("1,024 bits", PROTOCOL, ("2,048 bits is the least",), certificate="1024-bit"),
    Row("SHA-1", PROTOCOL, ("SHA-1",), certificate="sha1"),
    Row("TLS 1.1", PROTOCOL, ("knows no TLS from 1.2 on",), relay={"tls_versions": (TLS1_0, TLS1_1)}),
    Row(
        "smtp:// at a port of implicit TLS",
        PROTOCOL,
        ("write smtps:// in place of smtp://",),
        tls="implicit",
        url_tls="starttls",
        options={"timeout_greeting": gateway.milliseconds(0.8)},
    ),
    Row("smtps:// at a port of STARTTLS", PROTOCOL, ("write smtp:// in place of smtps://",), url_tls="implicit"),
    Row("no STARTTLS", PROTOCOL, ("does not offer STARTTLS", "587"), steps={"ehlo": "250 relay.test"}),
    # Login
    Row(
        "wrong password",
        NOPERM,
        ("C: AUTH PLAIN ***", "reply     535 ", "login     refused, by AUTH PLAIN", "app password"),
        password="wrong",
    ),
    Row(
        "an app password is wanted",
        NOPERM,
        ("reply     534 ", "the account wants an app password"),
        steps={"auth": "534 5.7.9 Application-specific password required"},
    ),
    Row("no AUTH", NOPERM, ("offers no AUTH, ", "this port wants no login"), steps={"caps": "250 relay.test"}),
    Row(
        "no mechanism that suits", NOPERM, ("it offers: NTLM", "see POSTERN_SMTP_AUTH"), relay={"mechanisms": ("NTLM",)}
    ),
    Row(
        "the account cannot be looked up",
        TEMPFAIL,
        ("reply     454 ", "cannot look the account up now"),
        steps={"auth": "454 4.7.0 Directory is down"},
    ),
    # The session
    Row(
        "not now", TEMPFAIL, ("reply     421 4.3.2 Closing", "try again later"), steps={"greeting": "421 4.3.2 Closing"}
    ),
    Row(
        "refused",
        UNAVAILABLE,
        ("reply     554 5.7.1 Go away", "POSTERN_SMTP_EHLO_NAME"),
        steps={"greeting": "554 5.7.1 Go away"},
    ),
    Row("EHLO refused", UNAVAILABLE, ("reply     553 ", "POSTERN_SMTP_EHLO_NAME"), steps={"ehlo": "553 5.7.1 Who?"}),
    Row("no SMTP", PROTOCOL, ("whether an SMTP relay listens",), steps={"greeting": "HTTP/1.1 400 Bad Request"}),
    Row("hangs up", UNAVAILABLE, ("hangs up before it greets",), steps={"greeting": {"then": "fin"}}),
    Row(
        "silent",
        TEMPFAIL,
        ("took the connection and said nothing",),
        steps={"greeting": {"then": "stall"}},
        options={"timeout_greeting": gateway.milliseconds(0.8)},
    ),
    Row(
        "words that would forge a line",
        UNAVAILABLE,
        ("reply     554 5.7.1 ok [2J    ok        a mail",),
        steps={"greeting": b"554-5.7.1 ok\x1b[2J\r\n554 \r  ok        a mail could be sent\r\n"},
    ),
]


def play(row):
    ours = certificates.shared()
    server = ours.server(row.certificate) if row.tls != "none" else None
    with ScriptedRelay(tls=row.tls, certificate=server, steps=row.steps, **row.relay) as relay:
        url = relay.url(tls=row.url_tls or None, host=row.host, password=row.password or None)
        done = run("check", options={"smtp_url": url, "smtp_ca_file": ours.ca_file, **QUIET, **row.options})
        hold(done, row.status, row.says)
        check(("\n  ok " in done[1]) == (row.status == OK), f"whether a mail could be sent:\n{done[1]}")
        check(not {"MAIL", "RCPT", "DATA"} & set(relay.verbs()), "something was sent")


for entry in ROWS:
    case(entry.name)(functools.partial(play, entry))


# --- The way there ----------------------------------------------------------------------------------------------------


def check_url(url, **options):
    return run("check", options={"smtp_url": url, **QUIET, **options})


@case("nobody listens")
def refused():
    url = f"smtp://{LOGIN}127.0.0.1:{gateway.free_port()}"
    hold(check_url(url), UNAVAILABLE, ("Connection refused", "nothing listens there: check the port"))


@case("a black hole")
def black_hole():
    with gateway.black_hole() as port:
        done = check_url(f"smtp://{LOGIN}127.0.0.1:{port}", timeout_connect=gateway.milliseconds(0.8))
        hold(done, TEMPFAIL, ("did not answer in time", "a firewall swallows"))


def check_unknown_name(code, url, **options):
    """With a name server that answers so."""
    gateway.need_namespaces()
    with name_server.NameServer(code) as server, folder() as path:
        files = []
        for name, text in (
            ("resolv.conf", f"nameserver {server.address}\noptions timeout:1 attempts:1\n"),
            ("hosts", ""),
            ("nsswitch.conf", "hosts: files dns\n"),
        ):
            ours = os.path.join(path, name)
            with open(ours, "w", encoding="ascii") as file:
                file.write(text)
            files.append((ours, f"/etc/{name}"))
        done = subprocess.run(
            [gateway.program(), "check"],
            env=gateway.clean_environment(**gateway.as_environment({"smtp_url": url, **QUIET, **options})),
            capture_output=True,
            timeout=seconds(30),
            check=False,
            preexec_fn=functools.partial(gateway.enter_namespace, files),
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()


@case("no such name")
def no_such_name():
    done = check_unknown_name(name_server.NO_SUCH_NAME, "smtps://relay.invalid")
    hold(done, NOHOST, ("the name of relay.invalid:465 could not be resolved", "the host in POSTERN_SMTP_URL"))


@case("no such proxy")
def no_such_proxy():
    done = check_unknown_name(name_server.NO_SUCH_NAME, "smtps://relay.invalid", smtp_proxy="http://proxy.invalid")
    hold(done, NOHOST, ("by        the HTTP proxy proxy.invalid, port 3128", "the host in POSTERN_SMTP_PROXY"))


@case("the name server fails")
def name_server_fails():
    done = check_unknown_name(name_server.SERVER_FAILURE, "smtps://relay.invalid")
    hold(done, TEMPFAIL, ("/etc/resolv.conf",))


@case("another name in the certificate")
def another_name():
    """By name, so that it is the names that are compared."""
    gateway.need_namespaces()
    ours = certificates.shared()
    with ScriptedRelay(tls="implicit", certificate=ours.server("other-name")) as relay, folder() as path:
        hosts = os.path.join(path, "hosts")
        with open(hosts, "w", encoding="ascii") as file:
            file.write("127.0.0.1 relay.test\n")
        options = {"smtp_url": relay.url(host="relay.test"), "smtp_ca_file": ours.ca_file, **QUIET}
        done = subprocess.run(
            [gateway.program(), "check"],
            env=gateway.clean_environment(**gateway.as_environment(options)),
            capture_output=True,
            timeout=seconds(30),
            check=False,
            preexec_fn=functools.partial(gateway.enter_namespace, [(hosts, "/etc/hosts")]),
        )
        hold(
            (done.returncode, done.stdout.decode(), done.stderr.decode()),
            PROTOCOL,
            ("hostname mismatch", "names     other.example", "write one of the certificate's names as the host"),
        )


@case("by a proxy, and what a proxy refuses")
def proxied():
    ours = certificates.shared()
    with ScriptedRelay(tls="starttls", certificate=ours.server("good")) as relay:
        options = {"smtp_ca_file": ours.ca_file}
        with Proxy("socks5") as proxy:
            done = check_url(relay.url(), smtp_proxy=proxy.url(), **options)
            hold(done, OK, (f"by        the SOCKS5 proxy 127.0.0.1, port {proxy.port}", "ok "))
        for kind, refusal, advice in (
            ("http", 407, "in POSTERN_SMTP_PROXY"),
            ("socks5", 2, "let the proxy's rules pass"),
            ("http", 502, "relay behind it"),
        ):
            with Proxy(kind, refusal=refusal) as proxy:
                hold(check_url(relay.url(), smtp_proxy=proxy.url(), **options), UNAVAILABLE, (advice,))


@case("a Unix socket that is not there")
def no_socket():
    hold(
        check_url("lmtp:///nonexistent/lmtp"),
        UNAVAILABLE,
        ("/nonexistent/lmtp, a Unix socket, LMTP", "No such file", "check the path"),
    )


@case("two relays, of which one works: both are told, and the exit status is not 0")
def two():
    with ScriptedRelay() as relay:
        done = check_url(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none {relay.url()}")
        hold(done, UNAVAILABLE, (str(relay.port), "upstream-unreachable", "ok "))


@case("the README names every service that --help names, and SES by its form")
def services():
    status, text, _ = run("--help")
    names = text.split("POSTERN_SMTP_SERVICE:\n", 1)[1].split()
    check(status == OK and len(names) >= 25, f"--help: {text}")
    readme = os.path.join(os.path.dirname(__file__), "..", "..", "README.md")
    with open(readme, encoding="utf-8") as file:
        told = file.read()
    for name in names:
        check(
            f"`{name}`" in told or (name.startswith("ses-") and "`ses-REGION`" in told), f"README does not name {name}"
        )


if __name__ == "__main__":
    main(jobs=6)
