#!/usr/bin/env python3
"""The HTTPS listener: what it accepts and refuses, its files, their exchange while it runs, and who calls.

sslscan looks at it as an attacker would; the callers are those that users have.
"""

import contextlib
import functools
import json
import os
import shutil
import ssl
import subprocess
import time
import urllib.request
import warnings
import xml.etree.ElementTree
from dataclasses import dataclass, field

from lib import certificates, raw_http
from lib.background import in_background
from lib.gateway import Gateway, message, milliseconds, run
from lib.harness import SANITIZED, Failure, Skip, case, check, check_equal, eventually, folder, main, seconds, table
from lib.scripted_relay import ScriptedRelay

GOOD = json.dumps(message()).encode()
REQUEST = b"GET / HTTP/1.1\r\n" + raw_http.HOST + b"\r\n"
PATIENCE = 10.0

VERSIONS = {"TLSv1.2", "TLSv1.3"}
CIPHERS = {
    "TLS_AES_128_GCM_SHA256",
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    *(
        f"ECDHE-{key}-{cipher}"
        for key in ("ECDSA", "RSA")
        for cipher in ("AES128-GCM-SHA256", "AES256-GCM-SHA384", "CHACHA20-POLY1305")
    ),
}

NODE = """
import https from "node:https";
import fs from "node:fs";
const [url, ca, body] = process.argv.slice(1);
const options = {method: "POST", ca: fs.readFileSync(ca), headers: {"Content-Type": "application/json"}};
const request = https.request(url, options, (answer) => {
  const parts = [];
  answer.on("data", (part) => parts.push(part));
  answer.on("end", () => console.log(Buffer.concat(parts).toString()));
});
request.end(body);
"""


def caller(kind=None, alpn=None):
    """A client's context that trusts the test CA, with a certificate of that kind."""
    context = ssl.create_default_context(cafile=certificates.shared().ca_file)
    if kind:
        context.load_cert_chain(*certificates.shared().server(kind))
    if alpn:
        context.set_alpn_protocols(alpn)
    return context


def trusting():
    """A client's context that takes any certificate."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def https(relay, kind="good", client=None, **options):
    """A gateway whose listener shows a certificate of that kind."""
    chain, key = certificates.shared().server(kind)
    options = {"listen_tls_cert_file": chain, "listen_tls_key_file": key, **options}
    return Gateway(relay, tls=client or caller(), **options)


def connect(running, context=None, timeout=PATIENCE):
    return raw_http.Connection(running.address, seconds(timeout), tls=context or running.tls)


def cpu_seconds(running):
    with open(f"/proc/{running.process.pid}/stat", encoding="ascii") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def client_hello():
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    session = caller().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with contextlib.suppress(ssl.SSLWantReadError):
        session.do_handshake()
    return outgoing.read()


def expect_closed(sock, within):
    """Waits for the end of the connection, whatever is sent before it."""
    began = time.monotonic()
    sock.settimeout(seconds(within))
    try:
        while sock.recv(65536):
            pass
    except ConnectionResetError:
        pass
    except TimeoutError:
        raise Failure(f"the connection is still open after {within} s") from None
    return time.monotonic() - began


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"needs {name}")
    return path


def output_of(*command, stdin=None):
    done = subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=seconds(60), check=False)
    return done.stdout + done.stderr


# --- What an attacker finds -----------------------------------------------------------------------------------------


def scan(running):
    host, port = running.address
    text = output_of(tool("sslscan"), "--xml=-", "--no-colour", f"{host}:{port}")
    found = xml.etree.ElementTree.fromstring(text[text.index("<?xml") :]).find("ssltest")
    check(found is not None, f"sslscan says nothing: {text}")
    return found


def names_of_versions(found):
    """As TLSv1.2, of those that sslscan calls enabled."""
    enabled = [p for p in found.findall("protocol") if p.get("enabled") == "1"]
    return {("TLSv" if p.get("type") == "tls" else "SSLv") + p.get("version") for p in enabled}


def scan_finds_nothing(kind):
    with ScriptedRelay() as relay, https(relay, kind) as running:
        found = scan(running)
    ciphers = found.findall("cipher")
    check_equal(names_of_versions(found), VERSIONS, "versions")
    check(len(ciphers) == 6, f"{len(ciphers)} ciphers instead of six")
    check_equal({c.get("cipher") for c in ciphers} - CIPHERS, set(), "other ciphers")
    check(all(int(c.get("bits")) >= 128 for c in ciphers), "a cipher of less than 128 bits")
    check_equal(found.find("renegotiation").get("supported"), "0", "renegotiation")
    check_equal([h.get("vulnerable") for h in found.findall("heartbleed")].count("1"), 0, "heartbleed")
    weak = [g.get("name") for g in found.findall("group") if int(g.get("bits")) < 128]
    check_equal(weak, [], "groups of less than 128 bits")


for kind_of_key in ("good", "rsa"):
    case(f"H61 sslscan finds TLS 1.2 and 1.3, forward secrecy and nothing weak [{kind_of_key}]")(
        functools.partial(scan_finds_nothing, kind_of_key)
    )


@case("H61 TLS 1.0 and 1.1 are refused")
def old_versions():
    warnings.simplefilter("ignore", DeprecationWarning)  # that is why they are tried
    with ScriptedRelay() as relay, https(relay) as running:
        for version in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
            context = caller()
            context.set_ciphers("ALL:@SECLEVEL=0")
            context.minimum_version = context.maximum_version = version
            try:
                connect(running, context).sock.close()
            except (ssl.SSLError, ConnectionResetError):
                continue
            raise Failure(f"{version.name} is spoken")
        check_equal(running.get("/").status, 200, "status by TLS 1.3")


@case("H61 renegotiation is not done: the connection ends")
def renegotiation():
    """s_client does it for a line of R, and ends by itself when the server hangs up."""
    with ScriptedRelay() as relay, https(relay) as running:
        host, port = running.address
        command = [tool("openssl"), "s_client", "-connect", f"{host}:{port}", "-tls1_2"]
        client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        try:
            client.stdin.write(b"R\n")
            client.stdin.flush()
            client.wait(seconds(PATIENCE))
        except subprocess.TimeoutExpired:
            raise Failure("the connection goes on") from None
        finally:
            client.kill()
            shown = client.communicate()[0]
        check(b"RENEGOTIATING" in shown, f"it was not asked for: {shown[-500:]}")


@case("http/1.1 is spoken by ALPN; who offers nothing else that is known is refused, who offers nothing is not")
def alpn():
    with ScriptedRelay() as relay, https(relay) as running:
        for offered, chosen in ((["h2", "http/1.1"], "http/1.1"), (["http/1.1"], "http/1.1"), (None, None)):
            with connect(running, caller(alpn=offered)) as connection:
                check_equal(connection.sock.selected_alpn_protocol(), chosen, f"chosen of {offered}")
        try:
            connect(running, caller(alpn=["h2"])).sock.close()
        except (ssl.SSLError, ConnectionResetError):
            return
        raise Failure("h2 alone is taken")


@case("H60 plain HTTP on the TLS port is closed at once")
def plain_on_tls():
    with ScriptedRelay() as relay, https(relay) as running:
        with running.connect() as sock:
            sock.sendall(raw_http.post(GOOD))
            took = expect_closed(sock, PATIENCE)
            check(took < seconds(2), f"it took {took:.1f} s")
        check_equal(relay.connections, [], "connections at the relay")


@case("H60 a TLS hello on the plain port is closed, at the latest with the time for the header")
def tls_on_plain():
    limit = 2
    with ScriptedRelay() as relay, Gateway(relay, timeout_http_header=milliseconds(limit)) as running:
        for _ in range(10):
            with running.connect() as sock:
                sock.sendall(client_hello())
                took = expect_closed(sock, limit + 3)
                check(took < seconds(limit + 2), f"it took {took:.1f} s")
        check_equal(running.get("/").status, 200, "status")
        check_equal(relay.connections, [], "connections at the relay")


# --- Handshakes that do not end -------------------------------------------------------------------------------------


@case("a handshake that stalls or drips ends with the time for the header, and costs no processor meanwhile")
def stalled_handshakes():
    hello = client_hello()
    limit = 3
    options = {"timeout_http_header": milliseconds(limit), "http_threads": 1}
    with ScriptedRelay() as relay, https(relay, **options) as running, contextlib.ExitStack() as stack:
        stalled = [
            stack.enter_context(running.connect()) for front in (b"", hello[:1], hello[:100], hello) for _ in range(5)
        ]
        for number, sock in enumerate(stalled):
            sock.sendall((b"", hello[:1], hello[:100], hello)[number // 5])
        before, since = cpu_seconds(running), time.monotonic()
        dripping = stack.enter_context(running.connect())
        dripped = in_background(drip, dripping, hello)
        check_equal(running.post(message()).json()["delivery"], "sent", "a message meanwhile")
        time.sleep(seconds(1))
        spent = (cpu_seconds(running) - before) / (time.monotonic() - since)
        check(SANITIZED or spent < 0.3, f"{spent:.0%} of a processor")
        for sock in [*stalled, dripping]:
            expect_closed(sock, limit + 3)
        took = time.monotonic() - since
        check(took < seconds(limit + 3), f"it took {took:.1f} s")
        dripped()


def drip(sock, data):
    """A byte each tenth of a second, until the server has enough of it."""
    for at in range(len(data)):
        try:
            sock.sendall(data[at : at + 1])
        except OSError:
            break
        time.sleep(0.1)
    return True


# --- Messages -------------------------------------------------------------------------------------------------------


@case("messages over one connection, and the log says https")
def kept_connection():
    with ScriptedRelay() as relay, https(relay) as running:
        check(f"address=https://127.0.0.1:{running.address[1]}" in running.log(), "https is not logged")
        with connect(running) as connection:
            for _ in range(3):
                connection.send(raw_http.post(GOOD))
                check_equal(connection.answer().json()["delivery"], "sent", "delivery")
        check_equal(len(relay.messages), 3, "messages")


@case("8 MiB come whole, in many records and in records of one byte; a chain with an intermediate is shown")
def large():
    body = json.dumps(message(text="All work and no play.\n" * 400_000)).encode()
    with ScriptedRelay() as relay, https(relay, "intermediate") as running:
        check_equal(running.post(body).json()["delivery"], "sent", "delivery")
        with connect(running) as connection:
            connection.drip(raw_http.post(GOOD), 0.0)
            check_equal(connection.answer().json()["delivery"], "sent", "delivery")
        check(len(relay.messages[0].content) > 8_000_000, "the message is cut")


@case("many callers at once, while the relay takes its time")
def many():
    with ScriptedRelay(steps={"dot": {"delay": 0.2}}) as relay, https(relay) as running:
        waiting = [in_background(running.post, message(subject=f"{i}")) for i in range(40)]
        check_equal([w().json()["delivery"] for w in waiting], ["sent"] * 40, "deliveries")
        check_equal(len(relay.messages), 40, "messages")


@case("an answer in the middle of a body comes by TLS, too")
def answer_in_between():
    with ScriptedRelay() as relay, https(relay, max_body_bytes=65536) as running, connect(running) as connection:
        head = b"POST /v1/messages HTTP/1.1\r\n" + raw_http.HOST + raw_http.JSON_TYPE
        chunk = b"8000\r\n" + b" " * 32768 + b"\r\n"
        connection.send(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunk + chunk)
        time.sleep(seconds(0.2))
        connection.send(b"1\r\n \r\n")
        check_equal(connection.answer().status, 413, "status")
        check_equal(relay.connections, [], "connections at the relay")


@case("who goes away in the middle of a body leaves nothing behind, with close_notify and without")
def gone():
    with ScriptedRelay() as relay, https(relay) as running:
        for polite in (True, False):
            connection = connect(running)
            connection.send(raw_http.post(GOOD)[:-5])
            eventually(lambda: running.metric("postern_in_flight_bytes ") != "postern_in_flight_bytes 0\n")
            if polite:
                with contextlib.suppress(OSError):
                    connection.sock.unwrap()
            connection.sock.close()
            eventually(lambda: running.metric("postern_in_flight_bytes ") == "postern_in_flight_bytes 0\n")
        check_equal(relay.connections, [], "connections at the relay")


@case("a reader that is slow gets all of its answer, and costs no processor meanwhile")
def slow_reader():
    fields = message(text="All work and no play.\n" * 200_000)
    with ScriptedRelay() as relay, https(relay) as running, connect(running) as connection:
        connection.send(raw_http.post(json.dumps(fields).encode(), path=b"/v1/messages?dry_run=true"))
        time.sleep(seconds(0.5))
        before, since = cpu_seconds(running), time.monotonic()
        time.sleep(seconds(1))
        spent = (cpu_seconds(running) - before) / (time.monotonic() - since)
        check(SANITIZED or spent < 0.3, f"{spent:.0%} of a processor")
        answer = connection.answer()
        check_equal((answer.status, len(answer.json()["message"]) > 4_000_000), (200, True), "status, length")


# --- Callers --------------------------------------------------------------------------------------------------------


@case("curl --cacert")
def curl():
    with ScriptedRelay() as relay, https(relay) as running:
        command = [tool("curl"), "-sS", "--cacert", certificates.shared().ca_file, "-d", GOOD.decode()]
        shown = output_of(*command, "-H", "Content-Type: application/json", running.url())
        check_equal(json.loads(shown)["delivery"], "sent", "delivery")
        check_equal(len(relay.messages), 1, "messages")


@case("curl without the CA: refused by curl")
def curl_distrusts():
    with ScriptedRelay() as relay, https(relay, "unknown-ca", client=trusting()) as running:
        command = [tool("curl"), "-sS", "--cacert", certificates.shared().ca_file]
        check("certificate" in output_of(*command, running.url("/")), "curl trusts it")


@case("Python's urllib")
def python_urllib():
    with ScriptedRelay() as relay, https(relay) as running:
        request = urllib.request.Request(running.url(), GOOD, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=seconds(10), context=running.tls) as answer:
            check_equal(json.load(answer)["delivery"], "sent", "delivery")
        check_equal(len(relay.messages), 1, "messages")


@case("Node")
def node():
    with ScriptedRelay() as relay, https(relay) as running:
        command = [tool("node"), "--input-type=module", "-e", NODE]
        shown = output_of(*command, running.url(), certificates.shared().ca_file, GOOD.decode())
        check_equal(json.loads(shown)["delivery"], "sent", "delivery")
        check_equal(len(relay.messages), 1, "messages")


# --- Clients with a certificate -------------------------------------------------------------------------------------


@dataclass
class Client:
    name: str
    kind: str  # "" for none
    served: bool


CLIENTS = [
    Client("of the CA", "client", True),
    Client("none", "", False),
    Client("of another CA", "client-of-another", False),
    Client("expired", "client-expired", False),
    Client("for servers", "good", False),
    Client("self-signed", "self-signed", False),
]


def play_client(row, version):
    """In TLS 1.3 the client is through with its handshake before the server looks at the certificate."""
    ca_file = certificates.shared().ca_file
    good = caller("client")
    context = caller(row.kind)
    context.minimum_version = context.maximum_version = version
    with ScriptedRelay() as relay, https(relay, client=good, listen_tls_client_ca_file=ca_file) as running:
        try:
            with connect(running, context) as connection:
                connection.sock.sendall(raw_http.post(GOOD))
                status = connection.answer().status
        except (OSError, EOFError):
            status = None
        check_equal(status, 200 if row.served else None, "status")
        check_equal(len(relay.messages), 1 if row.served else 0, "messages")


for entry in CLIENTS:
    for number in (2, 3):
        case(f"a client's certificate: {entry.name} [TLS 1.{number}]")(
            functools.partial(play_client, entry, getattr(ssl.TLSVersion, f"TLSv1_{number}"))
        )


# --- Files ----------------------------------------------------------------------------------------------------------


class Files:
    """A pair of files of the gateway's own, that can be exchanged for others."""

    def __init__(self, path):
        self.cert, self.key = os.path.join(path, "cert.pem"), os.path.join(path, "key.pem")

    def put(self, cert_kind, key_kind=None):
        ours = certificates.shared()
        shutil.copy(ours.server(cert_kind)[0], self.cert)
        shutil.copy(ours.server(key_kind or cert_kind)[1], self.key)

    def options(self):
        return {"listen_tls_cert_file": self.cert, "listen_tls_key_file": self.key}


def reload(running, words):
    """SIGHUP, and waits until the log says once more what became of it."""
    before = running.log().count(words)
    running.signal(1)
    eventually(lambda: running.log().count(words) > before, PATIENCE, words)


def shown_by(running):
    """The serial number of the certificate that a new connection sees."""
    with connect(running) as connection:
        return connection.sock.getpeercert()["serialNumber"]


@case("SIGHUP brings another pair to new connections; those that are open go on, and nothing is lost")
def exchange_of_pairs():
    with folder() as path, ScriptedRelay(steps={"dot": {"until": "go"}}) as relay:
        files = Files(path)
        files.put("good")
        with https(relay, **files.options()) as running, connect(running) as kept:
            first = shown_by(running)
            waiting = in_background(running.post, message())
            eventually(lambda: relay.messages, PATIENCE, "a message at the relay")
            files.put("rsa")
            reload(running, "the configuration was reloaded")
            second = shown_by(running)
            check(first != second, "it still shows the old certificate")
            kept.send(REQUEST)
            check_equal(kept.answer().status, 200, "status on the old connection")
            relay.open("go")
            check_equal(waiting().json()["delivery"], "sent", "delivery")


BAD_PAIRS = {
    "the key of another": (lambda files: files.put("rsa", "good"), "it is not the certificate's"),
    "no key": (lambda files: os.unlink(files.key), "No such file"),
    "half a certificate": (lambda files: os.truncate(files.cert, 200), "there is none in the file"),
    "an empty key": (lambda files: os.truncate(files.key, 0), "there is none in the file"),
}


def keep_the_old(name):
    spoil, words = BAD_PAIRS[name]
    with folder() as path, ScriptedRelay() as relay:
        files = Files(path)
        files.put("good")
        with https(relay, **files.options()) as running:
            first = shown_by(running)
            spoil(files)
            reload(running, "the configuration was not reloaded")
            check(words in running.log() and files.key in running.log(), f"it does not say why: {running.log()[-600:]}")
            check_equal(shown_by(running), first, "the certificate")
            files.put("rsa")
            reload(running, "the configuration was reloaded")
            check(shown_by(running) != first, "it still shows the old certificate")


for entry in BAD_PAIRS:
    case(f"SIGHUP with {entry}: logged, and the old pair stays")(functools.partial(keep_the_old, entry))


@case("SIGHUP a hundred times while callers come and go")
def many_reloads():
    with folder() as path, ScriptedRelay() as relay:
        files = Files(path)
        files.put("good")
        with https(relay, **files.options()) as running:
            before = running.status_field("RssAnon")
            for round_number in range(100):
                files.put(("good", "rsa", "intermediate")[round_number % 3])
                reload(running, "the configuration was reloaded")
                check_equal(running.get("/").status, 200, "status")
            grown = running.status_field("RssAnon") - before
            check(SANITIZED or grown < 8192, f"it grew by {grown} KiB")


@dataclass
class Start:
    name: str
    words: tuple  # all of them are in the message; {folder} stands for where the files are
    options: dict = field(default_factory=dict)  # {folder} as above; None takes one away


PAIR = {"listen_tls_cert_file": "{folder}/good.pem", "listen_tls_key_file": "{folder}/good.key"}
STARTS = [
    Start(
        "a certificate that is not there",
        ("listen_tls_cert_file", "{folder}/none.pem", "No such file"),
        {"listen_tls_cert_file": "{folder}/none.pem"},
    ),
    Start(
        "a key that is not there",
        ("listen_tls_key_file", "{folder}/none.key", "No such file"),
        {"listen_tls_key_file": "{folder}/none.key"},
    ),
    Start(
        "the key of another",
        ("{folder}/other.key", "the key", "it is not the certificate's"),
        {"listen_tls_key_file": "{folder}/other.key"},
    ),
    Start(
        "a key with a passphrase", ("{folder}/locked.key", "passphrase"), {"listen_tls_key_file": "{folder}/locked.key"}
    ),
    Start(
        "a certificate without a key",
        ("{folder}/good.pem", "the key", "there is none in the file"),
        {"listen_tls_key_file": None},
    ),
    Start("a folder", ("listen_tls_cert_file", "{folder}", "directory"), {"listen_tls_cert_file": "{folder}"}),
    Start(
        "words for a CA",
        ("listen_tls_client_ca_file", "{folder}/words.pem", "there is none in the file"),
        {"listen_tls_client_ca_file": "{folder}/words.pem"},
    ),
    Start("a key alone", ("listen_tls_key_file", "without listen_tls_cert_file"), {"listen_tls_cert_file": None}),
    Start(
        "a CA alone",
        ("listen_tls_client_ca_file", "without listen_tls_cert_file"),
        {"listen_tls_cert_file": None, "listen_tls_key_file": None, "listen_tls_client_ca_file": "{folder}/good.pem"},
    ),
]


def write_files(path):
    ours = certificates.shared()
    for name, kind in (("good", "good"), ("other", "rsa")):
        chain, key = ours.server(kind)
        shutil.copy(chain, os.path.join(path, f"{name}.pem"))
        shutil.copy(key, os.path.join(path, f"{name}.key"))
    with open(os.path.join(path, "words.pem"), "w", encoding="ascii") as file:
        file.write("no certificate\n")
    locked = os.path.join(path, "locked.key")
    output_of("openssl", "pkcs8", "-topk8", "-passout", "pass:s3cret", "-in", ours.server("good")[1], "-out", locked)


def refuse_to_start(row):
    with folder() as path:
        write_files(path)
        options = {"smtp_url": "smtp://relay.test", "listen": f"unix:{path}/s", "admin_listen": "off"}
        for name, value in {**PAIR, **row.options}.items():
            if value is not None:
                options[name] = value.format(folder=path)
        status, _, errors = run("serve", options=options)
        check_equal(status, 78, f"exit status, with {errors}")
        for word in row.words:
            check(word.format(folder=path) in errors, f"{word!r} is not said: {errors}")
        check("s3cret" not in errors and "BEGIN" not in errors, "it says too much")


table(
    [Start(f"the start is stopped by {row.name}", row.words, row.options) for row in STARTS],
    refuse_to_start,
)


@case("a certificate out of its time: it starts, and warns")
def out_of_time():
    for kind, words in (("expired", "has expired"), ("not-yet-valid", "is not valid yet")):
        with ScriptedRelay() as relay, https(relay, kind, client=trusting()) as running:
            lines = [line for line in running.log().splitlines() if words in line]
            check(len(lines) == 1 and "level=warn" in lines[0], f"no warning: {running.log()}")
            check_equal(running.get("/").status, 200, "status")


@case("one file for both")
def one_file():
    with folder() as path, ScriptedRelay() as relay:
        chain, key = certificates.shared().server("good")
        both = os.path.join(path, "both.pem")
        with open(both, "w", encoding="ascii") as file:
            for part in (key, chain):
                with open(part, encoding="ascii") as source:
                    file.write(source.read())
        with https(relay, listen_tls_cert_file=both, listen_tls_key_file=None) as running:
            check_equal(running.get("/").status, 200, "status")


if __name__ == "__main__":
    main()
