#!/usr/bin/env python3
"""Relays behind a proxy, at a Unix socket, and by several addresses."""

import functools
import os
import socket
import threading
from dataclasses import dataclass, field

from lib import certificates, gateway, oracle
from lib.faults import SENT, SHORT, TIMEOUT, TLS, UNREACHABLE, expect
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, folder, main
from lib.proxies import Proxy
from lib.scripted_relay import ScriptedRelay

LOGIN = ("proxy-ann", "proxy-pw")
NAMES = {"relay.test": "127.0.0.1"}


@dataclass
class Row:
    name: str
    want: tuple
    kinds: tuple = ("socks5", "http")
    tls: str = "starttls"
    certificate: str = "good"
    host: str = "relay.test"  # which the proxy alone can resolve
    login: tuple = None  # that is given
    says: str = ""  # in the answer
    proxy: dict = field(default_factory=dict)


ROWS = [
    Row("good", SENT),
    Row("good, implicit TLS", SENT, tls="implicit"),
    Row("good, by address", SENT, host="127.0.0.1"),
    Row("good, with a login", SENT, login=LOGIN, proxy={"login": LOGIN}),
    Row("a login that is not wanted is not given", SENT, kinds=("socks5",), login=LOGIN),
    Row("an octet at a time", SENT, proxy={"fault": "slow"}),
    Row("the greeting in the segment of the reply", SENT, tls="none", proxy={"fault": "glued"}),
    Row("the greeting in the segment of the reply, STARTTLS", SENT, proxy={"fault": "glued"}),
    Row("the name is the relay's: another's certificate", TLS, certificate="other-name"),
    Row("silent", TIMEOUT, says="did not answer in time", proxy={"fault": "silent"}),
    Row("closed", UNREACHABLE, says="closed the connection", proxy={"fault": "closed"}),
    Row("truncated", UNREACHABLE, says="closed the connection", proxy={"fault": "truncated"}),
    Row("endless", UNREACHABLE, kinds=("http",), says="8 KiB", proxy={"fault": "endless"}),
    Row("endless", UNREACHABLE, kinds=("socks5",), says="kind that nobody knows", proxy={"fault": "endless"}),
    Row("no proxy at all", UNREACHABLE, says="does not speak", proxy={"fault": "garbage"}),
    Row("wants a login", UNREACHABLE, says="wants a login", proxy={"login": LOGIN}),
    Row("another login", UNREACHABLE, says="refused the login", login=("ann", "x"), proxy={"login": LOGIN}),
    Row("refused by rule", UNREACHABLE, kinds=("socks5",), says="does not allow", proxy={"refusal": 2}),
    Row("relay refused", UNREACHABLE, kinds=("socks5",), says="refused the connection", proxy={"refusal": 5}),
    Row("refused by rule", UNREACHABLE, kinds=("http",), says="reply 403", login=LOGIN, proxy={"refusal": 403}),
    Row("bad gateway", UNREACHABLE, kinds=("http",), says="reply 502", proxy={"refusal": 502}),
]


def play(row, kind):
    ours = certificates.shared()
    server = ours.server(row.certificate) if row.tls != "none" else None
    with ScriptedRelay(tls=row.tls, certificate=server) as relay, Proxy(kind, names=NAMES, **row.proxy) as proxy:
        options = {"smtp_ca_file": ours.ca_file, "smtp_proxy": proxy.url(row.login)}
        timeout = SHORT if row.want == TIMEOUT else 8
        with Gateway(relay.url(host=row.host), timeout=timeout, **options) as running:
            answer = running.post(message())
            expect(answer, row.want)
            check(row.says in answer.body.decode(), f"{row.says!r} is not told: {answer.summary()}")
            oracle.hold_secrecy(answer.body, running.log())
            check("proxy-pw" not in running.log() + answer.body.decode(), "the proxy's password is told")
            check("cHJveHk" not in running.log() + answer.body.decode(), "the proxy's login is told")
            if row.want == SENT:
                given = row.login if "login" in row.proxy else None
                check_equal(proxy.requests[0], (row.host, relay.port, given), "what the proxy was asked for")


for entry in ROWS:
    for proxy_kind in entry.kinds:
        case(f"{proxy_kind}: {entry.name}")(functools.partial(play, entry, proxy_kind))


@case("nobody listens where the proxy should")
def no_proxy():
    with Gateway("smtp://relay.test", smtp_proxy=f"socks5://127.0.0.1:{gateway.free_port()}", timeout=3) as running:
        answer = running.post(message())
        expect(answer, UNREACHABLE)
        check("no connection to the proxy 127.0.0.1" in answer.json()["detail"], answer.summary())


@case("`postern config` does not show the proxy's login")
def config_is_masked():
    status, output, _ = gateway.run(
        "config", options={"smtp_url": "smtp://relay.test", "smtp_proxy": "http://proxy-ann:proxy-pw@proxy.test:3128"}
    )
    check_equal(status, 0, "status")
    check("smtp_proxy=http://***@proxy.test:3128" in output and "proxy-pw" not in output, output)


class UnixRelay:
    """A Unix socket that leads to a relay."""

    def __init__(self, path, relay):
        self.path, self.relay = path, relay
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(path)
        self._listener.listen(16)
        self._pump = Proxy("http")._pump
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._listener.close()

    def _accept(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client):
        with client, socket.create_connection(("127.0.0.1", self.relay.port)) as upstream:
            try:
                self._pump(client, upstream)
            except OSError:
                pass


@case("a Unix socket: no TLS, no warning of it, and a login where one is given")
def unix_socket():
    with folder() as path, ScriptedRelay(requires_auth=True) as relay:
        where = os.path.join(path, "relay.sock")
        with UnixRelay(where, relay):
            url = f"smtp://ann:s3cret%20p%40ss%2Fword@{where}"
            # A proxy is for the network: it has no part in this.
            with Gateway(url, smtp_proxy="socks5://127.0.0.1:1", timeout=8, smtp_ehlo_name=None) as running:
                answer = running.post(message())
                expect(answer, SENT)
                check_equal(answer.json()["upstream"]["host"], where, "upstream.host")
                check("AUTH" in relay.verbs(), "no AUTH")
                check("in the clear" not in running.log(), "warned of what never leaves this machine")
                oracle.hold_secrecy(answer.body, running.log())


@case("a Unix socket that is not there, and one that nobody serves")
def unix_socket_missing():
    with folder() as path:
        for name, word in (("missing.sock", "No such file"), ("dead.sock", "refused")):
            where = os.path.join(path, name)
            if name == "dead.sock":
                with socket.socket(socket.AF_UNIX) as dead:
                    dead.bind(where)
            with Gateway(f"smtp://{where}", timeout=3) as running:
                answer = running.post(message())
                expect(answer, UNREACHABLE)
                check(word in answer.json()["detail"] and where in answer.json()["detail"], answer.summary())


@case("a Unix socket whose backlog is full ends by the deadline")
def unix_socket_full():
    with folder() as path, socket.socket(socket.AF_UNIX) as deaf:
        where = os.path.join(path, "deaf.sock")
        deaf.bind(where)
        deaf.listen(0)
        fillers = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            try:
                filler.connect(where)
            except BlockingIOError:
                pass
        with Gateway(f"smtp://{where}", timeout=SHORT) as running:
            expect(running.post(message()), TIMEOUT)
        for filler in fillers:
            filler.close()


if __name__ == "__main__":
    main(jobs=6)
