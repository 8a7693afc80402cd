#!/usr/bin/env python3
"""F49 to F70: the relay's certificate, and TLS itself. One row a server; STARTTLS and implicit TLS are checked alike.

Where a row is refused, the login must not have been tried.
"""

import functools
import os
import ssl
from dataclasses import dataclass, field

from lib import certificates, gateway, oracle
from lib.faults import SENT, TLS, TLS_BROKE, expect
from lib.gateway import Gateway, message, run
from lib.harness import case, check, check_equal, folder, main
from lib.scripted_relay import ScriptedRelay

TLS1_2, TLS1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


@dataclass
class Row:
    name: str
    certificate: str
    want: tuple
    host: str = "127.0.0.1"  # in the URL; a name needs a hosts file of its own
    relay: dict = field(default_factory=dict)
    steps: dict = field(default_factory=dict)
    insecure: bool = False
    ask: bool = False  # for a client certificate
    options: dict = field(default_factory=dict)
    tls: str = ""  # the protocol that the receipt names


NAME = "relay.test"
ROWS = [
    Row("good, by address", "good", SENT),
    Row("good, by name", "good", SENT, host=NAME),
    Row("good, by name in other case", "good", SENT, host="Relay.TEST"),
    Row("good, with an intermediate", "intermediate", SENT),
    Row("F49 expired", "expired", TLS),
    Row("F50 not yet valid", "not-yet-valid", TLS),
    Row("F51 wrong host", "other-name", TLS, host=NAME),
    Row("F51 wrong host, by address", "other-name", TLS),
    Row("F52 self-signed", "self-signed", TLS),
    Row("F53 unknown CA", "unknown-ca", TLS),
    Row("F54 missing intermediate", "missing-intermediate", TLS),
    Row("F55 common name only", "common-name-only", TLS, host=NAME),
    Row("F55 address as common name only", "common-name-is-the-address", TLS),
    Row("wildcard", "wildcard", SENT, host="mail.relay.test"),
    Row("F56 wildcard for the domain itself", "wildcard", TLS, host=NAME),
    Row("F56 wildcard over two levels", "wildcard", TLS, host="a.mail.relay.test"),
    Row("F56 partial wildcard", "partial-wildcard", TLS, host="mail.relay.test"),
    Row("F56 two wildcards", "multi-level-wildcard", TLS, host="a.mail.relay.test"),
    Row("F57 NUL in the name", "nul-in-name", TLS, host=NAME),
    Row("F58 1,024 bits", "1024-bit", TLS),
    Row("F58 SHA-1", "sha1", TLS),
    Row(
        "F59 TLS 1.0 and 1.1 only", "good", TLS, relay={"tls_versions": (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1)}
    ),
    Row("F60 the address as a DNS name", "name-but-no-address", TLS),
    Row("F60 the address alone", "address-only", SENT),
    Row("F61 A-label", "a-label", SENT, host="b\u00fccher.test"),
    Row("F62 fatal alert", "good", TLS_BROKE, steps={"tls": {"reply": b"\x15\x03\x03\x00\x02\x02\x28", "then": "fin"}}),
    Row("F63 garbage record", "good", TLS, steps={"tls": {"reply": b"\x99\x99\x99\x99\x99\x99\x99\x99"}}),
    Row("F64 asked for a client certificate", "good", SENT, ask=True),
    Row("F66 TLS 1.2 only", "good", SENT, relay={"tls_versions": (TLS1_2, TLS1_2)}, tls="TLSv1.2"),
    Row("F66 TLS 1.3 only", "good", SENT, relay={"tls_versions": (TLS1_3, TLS1_3)}, tls="TLSv1.3"),
    Row("F67 handshake byte by byte", "good", SENT, steps={"tls": {"split": 1}}),
    Row("F69 insecure takes anything", "self-signed", SENT, insecure=True),
    Row("F69 insecure is still TLS", "expired", SENT, insecure=True),
]


def hosts_for(row):
    """The file that makes the row's name 127.0.0.1; none for an address."""
    if row.host == "127.0.0.1":
        return None
    gateway.need_namespaces()
    return [(row.host.encode("idna").decode(), "127.0.0.1")]


def play(row, tls):
    certificate = certificates.shared().server(row.certificate)
    options = {"smtp_ca_file": certificates.shared().ca_file, **row.options}
    client_ca_file = certificates.shared().ca_file if row.ask else None
    with ScriptedRelay(
        tls=tls, certificate=certificate, steps=row.steps, client_ca_file=client_ca_file, **row.relay
    ) as relay:
        url = relay.url(host=row.host) + ("?tls=insecure" if row.insecure else "")
        with Gateway(url, hosts=hosts_for(row), timeout=8, **options) as running:
            response = running.post(message())
            try:
                expect(response, row.want)
                hold(row, response, relay, running)
            except AssertionError as failure:
                failure.args = (f"{failure}\n--- the relay's log:\n{relay.log()}",)
                raise


def hold(row, response, relay, running):
    oracle.hold_secrecy(response.body, running.log())
    check_equal([c.text for c in relay.commands() if c.text.startswith("AUTH") and not c.tls], [], "AUTH in the clear")
    if row.want[0] != 200:
        check(not {"AUTH", "MAIL"} & set(relay.verbs()), f"went on: {relay.verbs()}")
        return
    check("AUTH" in relay.verbs(), "no AUTH")
    if row.tls:
        check_equal(response.json()["upstream"]["tls"], row.tls, "upstream.tls")
    if row.insecure:
        check("not verified" in running.log(), "insecure is not logged at the start")


for entry in ROWS:
    for mode in ("starttls", "implicit"):
        case(f"{entry.name} [{mode}]")(functools.partial(play, entry, mode))


@case("F68 a CA file that is missing, empty, or no PEM stops the start, and is named")
def bad_ca_file():
    with folder() as path:
        for name, content in (
            ("missing.pem", None),
            ("empty.pem", b""),
            ("text.pem", b"no certificate\n"),
            ("broken.pem", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"),
        ):
            ca_file = os.path.join(path, name)
            if content is not None:
                with open(ca_file, "wb") as file:
                    file.write(content)
            options = {
                "smtp_url": "smtp://relay.test",
                "smtp_ca_file": ca_file,
                "listen": f"unix:{path}/s",
                "admin_listen": "off",
                "smtp_ehlo_name": "gateway.test",
            }
            status, _, errors = run("serve", options=options)
            check_equal(status, 78, f"exit status with {name}")
            check(ca_file in errors, f"the file is not named: {errors}")


@case("F64 a client certificate is shown where one is configured")
def client_certificate():
    ours = certificates.shared()
    chain, key = ours.server("client")
    with ScriptedRelay(tls="starttls", certificate=ours.server("good"), client_ca_file=ours.ca_file) as relay:
        options = {"smtp_ca_file": ours.ca_file, "smtp_client_cert_file": chain, "smtp_client_key_file": key}
        with Gateway(relay, **options) as running:
            expect(running.post(message()), SENT)
            check(relay.connections[0].has_client_certificate, "none was shown")


@case("tls=none with a relay that offers STARTTLS: in the clear, and loudly logged")
def explicit_clear():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message()), SENT)
        check("level=warn" in running.log() and "tls=none" in running.log(), "not logged")
        check("STARTTLS" not in relay.verbs(), "STARTTLS")


if __name__ == "__main__":
    main(jobs=6)
