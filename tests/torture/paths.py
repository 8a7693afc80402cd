"""What the program does while its calls fail: each path is one thing that it does for its users, whole."""

import base64
import dataclasses
import http.client
import os
import signal
import time
import uuid
from collections.abc import Callable

import torture
from lib import certificates, harness
from lib.gateway import Gateway, message
from lib.scripted_relay import USERNAME, ScriptedRelay
from torture import Answer

MIXED = (
    *("memory", "descriptor", "socket", "connect", "send", "recv"),
    *("wait", "clock", "accept", "epoll", "thread", "read"),
)
TIMEOUT = 2  # for each step; the request as a whole has twice that


@dataclasses.dataclass
class Path:
    """`act` does it once and returns its answers; it is not over before `relay` has no session of it open, but for
    where the session is `kept`."""

    name: str
    act: Callable
    kinds: tuple = ("memory",)
    relay: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    kept: bool = False
    first: dict = None  # another relay, which is tried before
    host: str = None
    prepare: Callable = None  # more options, made when it starts
    expects: tuple = ()  # problems, where memory is short, beside the usual ones


class Station:
    """A gateway whose calls fail, and its relays; a context manager. Unless it `starts`, the path does that."""

    def __init__(self, path, starts=True):
        self.path, self.starts = path, starts
        self.injector = torture.Injector()
        self.folder = harness.make_folder("postern-torture-")
        self.gateway = None
        certificate = certificates.shared().server("good") if path.relay.get("tls", "none") != "none" else None
        self.relays = [ScriptedRelay(certificate=certificate, **path.relay)]
        if path.first:
            self.relays.insert(0, ScriptedRelay(**path.first))

    @property
    def relay(self):
        return self.relays[-1]

    def __enter__(self):
        for relay in self.relays:
            relay.__enter__()
        if self.starts:
            self.start()
        return self

    def options(self):
        return {
            "smtp_url": " ".join(relay.url(host=self.path.host) for relay in self.relays),
            "smtp_ca_file": certificates.shared().ca_file if self.path.relay.get("tls") else None,
            "smtp_max_connections": 1,
            "smtp_max_messages": None if self.path.kept else 1,
            "http_threads": 1,
            "log_level": "info",
            "timeout_request": f"{int(2000 * harness.seconds(TIMEOUT))}ms",
            "timeout_smtp_idle": "60s",
            **(self.path.prepare(self) if self.path.prepare else {}),
            **self.path.options,
        }

    def make(self, **more):
        return Gateway(
            timeout=TIMEOUT, environment=self.injector.environment(lives=not self.starts), **{**self.options(), **more}
        )

    def start(self):
        self.gateway = self.make().__enter__()
        for _ in range(2):
            self.check_well()
        self.open_descriptors = self.gateway.descriptors()

    def __exit__(self, kind, *rest):
        self.injector.disarm()
        try:
            if self.starts and self.gateway:
                self.gateway.__exit__(kind, *rest)
        finally:
            for relay in self.relays:
                relay.stop()
            self.injector.close()

    def restart(self):
        """After a finding: the old process goes without more questions."""
        self.injector.disarm()
        if self.gateway:
            self.gateway._release()
        for relay in self.relays:
            relay.drop()
        self.start()

    # --- Talk

    def ask(self, send, token=""):
        try:
            return Answer(send(), token=token)
        except (OSError, http.client.HTTPException) as error:
            return Answer(error=error, token=token)

    def post(self, fields=None, headers=None, path_query=None, body=None):
        token = uuid.uuid4().hex
        what = body(token) if body else message(**{"subject": token, **(fields or {})})
        return self.ask(lambda: self.gateway.post(what, headers, timeout=6 * TIMEOUT, **(path_query or {})), token)

    def get(self, path):
        return self.ask(lambda: self.gateway.get(path))

    def get_admin(self, path):
        return self.ask(lambda: self.gateway.get_admin(path))

    # --- Look

    def settle(self):
        for relay in self.relays:
            relay.settle()
        if not self.path.kept:
            limit = time.monotonic() + harness.seconds(2 * TIMEOUT)
            while any(c.is_open for relay in self.relays for c in relay.connections) and time.monotonic() < limit:
                time.sleep(0.001)

    def check_well(self):
        """The next message, with nothing failing, is sent."""
        answer = self.post()
        harness.check(not answer.error, f"AFTERWARDS: {answer.error!r}")
        harness.check(answer.response.status == 200, f"AFTERWARDS: {answer.response.summary()}")
        self.settle()
        torture.hold(answer, self.relay)

    def check_descriptors(self):
        harness.eventually(
            lambda: self.gateway.descriptors() <= self.open_descriptors,
            2,
            f"DESCRIPTORS: {self.gateway.descriptors()} open, of {self.open_descriptors} before;",
        )


# --- The messages

PIXEL = base64.b64encode(bytes(range(256)) * 40).decode()


def rich(token):
    return message(
        subject=f"{token} {'Grüße ' * 8}",
        cc=["Bea <bea@example.net>"],
        bcc=["eve@example.net"],
        reply_to="Ann <reply@example.com>",
        html="<p>Hello <img src='cid:pixel'></p>",
        attachments=[
            {"content": PIXEL, "filename": "übersicht.pdf"},
            {"content": PIXEL, "filename": "pixel.png", "content_id": "pixel"},
        ],
        calendar={"content": "BEGIN:VCALENDAR\r\nEND:VCALENDAR\r\n", "method": "REQUEST"},
        headers={"X-Tag": ["one", "two"]},
        list_unsubscribe={"url": "https://example.com/u", "one_click": True},
        dsn={"notify": ["failure"], "envelope_id": token},
    )


def form(token):
    text = f'{{"from":"ann@example.com","to":"bob@example.net","subject":"{token}","text":"Hello"}}'
    parts = [
        f'Content-Disposition: form-data; name="message"\r\n\r\n{text}',
        'Content-Disposition: form-data; name="attachment"; filename="a.txt"\r\n'
        f"Content-Type: text/plain\r\n\r\n{'A line of it.' * 30}",
    ]
    return ("".join(f"--BOUND\r\n{part}\r\n" for part in parts) + "--BOUND--\r\n").encode()


def finished(token):
    return (
        f"From: ann@example.com\r\nTo: bob@example.net\r\nSubject: {token}\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\n"
        f"Message-ID: <{token}@example.com>\r\n\r\nHello.\r\n.dot\r\n"
    ).encode()


ENVELOPE = {"from": "ann@example.com", "to": "bob@example.net"}
FORM = {"Content-Type": "multipart/form-data; boundary=BOUND"}
RFC822 = {"Content-Type": "message/rfc822"}


def invalid(station):
    fields = {"from": "no address", "to": [], "cc": "x", "headers": {"Bad Name": "x", "Subject": "y"}, "wrong": 1}
    return [station.ask(lambda: station.gateway.post(fields))]


def pages(station):
    return [station.get(path) for path in ("/", "/openapi.yaml", "/nothing")]


def admin_pages(station):
    return [station.get_admin(path) for path in ("/livez", "/readyz", "/metrics")]


def reload(station):
    before = station.gateway.log().count("reloaded")
    station.gateway.signal(signal.SIGHUP)
    harness.eventually(lambda: station.gateway.log().count("reloaded") > before, 10, "HANG: the reload")
    return []


def with_keys(station):
    """DKIM keys of both kinds."""
    keys = {"rsa": ("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"), "ed": ("-algorithm", "ED25519")}
    entries = []
    for name, how in keys.items():
        path = os.path.join(station.folder, f"{name}.pem")
        if not os.path.exists(path):
            certificates.shared()._openssl("genpkey", *how, "-out", path)
        entries.append(f"example.com:{name}:{path}")
    return {"dkim_keys": " ".join(entries)}


TOKEN = "ya29.a0AfB_byC-4nP"


def with_command(station):
    url = station.relay.url(credentials=False)
    return {"smtp_url": url, "smtp_username": USERNAME, "smtp_oauth_command": f"echo '{TOKEN}'"}


def post(**how):
    return lambda station: [station.post(**how)]


EXTENSIONS = ("PIPELINING", "CHUNKING", "DSN", "LIMITS RCPTDOMAINMAX=9")
SECURE = {"tls": "starttls"}
WITH_TOKEN = {**SECURE, "mechanisms": ("XOAUTH2",), "password": TOKEN}
PATHS = [
    Path("plain", post(), MIXED),
    Path("pooled", post(), ("memory", "descriptor", "socket", "send", "recv", "wait", "clock"), kept=True),
    Path("starttls", post(), ("memory", "send", "recv", "wait", "clock"), SECURE),
    Path("scram", post(), ("memory", "random"), {"tls": "implicit", "mechanisms": ("SCRAM-SHA-256",)}),
    Path("rich", post(body=rich), relay={"extensions": EXTENSIONS}, kept=True),
    Path("form", post(body=form, headers=FORM), kept=True),
    Path("finished", post(body=finished, headers=RFC822, path_query=ENVELOPE), kept=True),
    Path("dry run", post(body=rich, path_query={"dry_run": "true"}), kept=True),
    Path(
        "dry run as message",
        post(body=rich, headers={"Accept": "message/rfc822"}, path_query={"dry_run": "true"}),
        kept=True,
    ),
    Path("transcript", post(path_query={"transcript": "true"})),
    Path("debug log", post(), options={"log_level": "debug", "log_format": "json"}),
    Path("signed", post(), ("memory", "random"), kept=True, prepare=with_keys),
    Path(
        "partial",
        post(fields={"to": ["a@example.net", "b@example.net", "c@example.net"], "partial": "deliver"}),
        relay={"steps": {"rcpt2": "550 5.1.1 Unknown"}},
    ),
    Path("LMTP", post(), relay={"protocol": "lmtp"}),
    Path("by name", post(), ("memory", "resolve", "thread", "descriptor"), host="localhost"),
    Path("internationalized", post(fields={"to": ["bob@bücher.example"]}), kept=True),
    Path(
        "failover",
        post(),
        ("memory", "connect"),
        first={"steps": {"greeting": "421 4.3.2 Closing"}},
        options={"smtp_max_failures": 0},
        expects=("upstream-temporary",),
    ),
    Path("token command", post(), ("memory", "wait"), WITH_TOKEN, prepare=with_command),
    Path("invalid", invalid, kept=True, expects=("invalid-request",)),
    Path("pages", pages, ("memory", "send", "recv"), kept=True, expects=("not-found",)),
    Path("admin pages", admin_pages, kept=True),
    Path("reload", reload, ("memory", "descriptor", "read"), SECURE, prepare=with_keys),
]
