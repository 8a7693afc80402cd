#!/usr/bin/env python3
"""Logins: each mechanism against a relay that checks it, relays that lie in SCRAM, and where tokens come from."""

import dataclasses
import os
import ssl

from lib import certificates
from lib.faults import AUTH_FAILED, SENT, expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main, make_folder, table
from lib.scripted_relay import ScriptedRelay

TLS1_2 = (None, ssl.TLSVersion.TLSv1_2)
TOKEN, OTHER_TOKEN = "ya29.a-token-of-some-length", "ya29.another-that-came-later"
AUTH_LATER = not_sent(503, "upstream-auth-temporary", "y")


def secure_relay(**more):
    return ScriptedRelay(tls="implicit", certificate=certificates.shared().server("good"), **more)


def gateway_to(relay, **options):
    return Gateway(relay, smtp_ca_file=certificates.shared().ca_file, **options)


def mechanisms_tried(relay):
    return [command.text.split()[1] for command in relay.commands() if command.text.startswith("AUTH ")]


@dataclasses.dataclass
class Login:
    name: str
    offered: str
    chosen: str
    tls_versions: tuple = (None, None)
    options: dict = dataclasses.field(default_factory=dict)


LOGINS = [
    Login("PLAIN", "PLAIN LOGIN CRAM-MD5", "PLAIN"),
    Login("LOGIN", "LOGIN", "LOGIN"),
    Login("CRAM-MD5", "CRAM-MD5", "CRAM-MD5"),
    Login("SCRAM-SHA-1", "PLAIN SCRAM-SHA-1", "SCRAM-SHA-1"),
    Login("SCRAM-SHA-256", "PLAIN SCRAM-SHA-1 SCRAM-SHA-256", "SCRAM-SHA-256"),
    Login("SCRAM-SHA-256-PLUS", "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "SCRAM-SHA-256-PLUS", TLS1_2),
    Login("SCRAM-SHA-1-PLUS", "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", "SCRAM-SHA-1-PLUS", TLS1_2),
    Login(
        "not bound, by choice",
        "SCRAM-SHA-256 SCRAM-SHA-256-PLUS",
        "SCRAM-SHA-256",
        TLS1_2,
        {"smtp_auth": "SCRAM-SHA-256"},
    ),
]


def log_in(row):
    with secure_relay(mechanisms=row.offered.split(), tls_versions=row.tls_versions) as relay:
        with gateway_to(relay, **row.options) as running:
            expect(running.post(message()), SENT)
            check_equal(mechanisms_tried(relay), [row.chosen], "what was tried")
            check(relay.password not in running.log(), "the password stands in the log")


table(LOGINS, log_in)


@case("EXTERNAL, by the client certificate")
def external():
    chain, key = certificates.shared().server("client")
    options = {"smtp_client_cert_file": chain, "smtp_client_key_file": key, "smtp_auth": "EXTERNAL"}
    with secure_relay(mechanisms=["PLAIN", "EXTERNAL"], client_ca_file=certificates.shared().ca_file) as relay:
        with Gateway(relay.url(credentials=False), smtp_ca_file=certificates.shared().ca_file, **options) as running:
            expect(running.post(message()), SENT)
            check("AUTH EXTERNAL =" in [command.text for command in relay.commands()], "no empty initial response")


@dataclasses.dataclass
class Lie:
    name: str
    faults: dict


LIES = [
    Lie("F80 a wrong server signature", {"signature": b"x" * 32}),
    Lie("F80 an early 235", {"early": True}),
    Lie("F80 no server signature", {"final": "x=y"}),
    Lie("F80 a server error", {"final": "e=other-error"}),
    Lie("F81 one iteration", {"iterations": 1}),
    Lie("F81 10^9 iterations", {"iterations": 10**9}),
    Lie("SCRAM: another nonce", {"nonce": "anothernonce"}),
    Lie("SCRAM: a salt that is not base64", {"salt": "!"}),
    Lie("SCRAM: a mandatory extension", {"first": "m=x,r={nonce},s={salt},i={iterations}"}),
    Lie("SCRAM: attributes out of order", {"first": "s={salt},r={nonce},i={iterations}"}),
    Lie("SCRAM: an attribute twice", {"first": "r={nonce},s={salt},s={salt},i={iterations}"}),
]


def meet_liar(row):
    with secure_relay(mechanisms=["PLAIN", "SCRAM-SHA-256"], scram_faults=row.faults) as relay:
        with gateway_to(relay) as running:
            answer = running.post(message())
            expect(answer, AUTH_FAILED)
            check_equal(mechanisms_tried(relay), ["SCRAM-SHA-256"], "what was tried")
            check("MAIL" not in relay.verbs(), "mail was said to a relay that proved nothing")


table(LIES, meet_liar)


def token_relay(**more):
    return secure_relay(mechanisms=["XOAUTH2", "OAUTHBEARER"], password=TOKEN, **more)


def token_gateway(relay, **options):
    return gateway_to(relay.url(credentials=False), smtp_username=relay.username, smtp_login_window="1ms", **options)


def write(path, text):
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.replace(path + ".new", path)


@case("a token file is read at each login")
def token_file():
    path = os.path.join(make_folder(), "token")
    write(path, OTHER_TOKEN + "\n")
    with token_relay() as relay, token_gateway(relay, smtp_oauth_token_file=path) as running:
        expect(running.post(message()), AUTH_FAILED)
        write(path, TOKEN + "\n")
        expect(running.post(message()), SENT)
        check_equal(set(mechanisms_tried(relay)), {"OAUTHBEARER"}, "what was tried")
        check(TOKEN not in running.log() and OTHER_TOKEN not in running.log(), "a token stands in the log")


@case("a token file that is gone is a fault that passes")
def token_file_gone():
    path = os.path.join(make_folder(), "token")
    write(path, TOKEN)
    with token_relay() as relay, token_gateway(relay, smtp_oauth_token_file=path) as running:
        os.unlink(path)
        expect(running.post(message()), AUTH_LATER)
        check_equal(mechanisms_tried(relay), [], "what was tried")
        write(path, TOKEN)
        expect(running.post(message()), SENT)


@case("a command prints the token")
def token_command():
    with token_relay() as relay, token_gateway(relay, smtp_oauth_command=f"echo {TOKEN}") as running:
        expect(running.post(message()), SENT)
        check(TOKEN not in running.log(), "the token stands in the log")


@case("a command that fails says why")
def token_command_fails():
    with token_relay() as relay, token_gateway(relay, smtp_oauth_command="echo no luck >&2; exit 3") as running:
        answer = running.post(message())
        expect(answer, AUTH_LATER)
        check("status 3: no luck" in answer.json()["detail"], answer.json()["detail"])


@case("a command that hangs is ended")
def token_command_hangs():
    options = {"smtp_oauth_command": "sleep 60", "timeout_oauth_command": "300ms"}
    with token_relay() as relay, token_gateway(relay, **options) as running:
        expect(running.post(message()), AUTH_LATER)


if __name__ == "__main__":
    main()
