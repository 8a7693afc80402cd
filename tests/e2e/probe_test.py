#!/usr/bin/env python3
"""`postern livez` and `postern readyz`: what containers and pods ask Postern by, where there is no other program."""

import contextlib
import os
import socket
import threading
from dataclasses import dataclass, field

from lib.gateway import Gateway, message, run
from lib.harness import case, check, check_equal, folder, main, table
from lib.keys import KeyFile, entry
from lib.scripted_relay import ScriptedRelay

OK, UNAVAILABLE, CONFIG = 0, 69, 78


def probe(command, admin, **options):
    return run(command, options={"admin_listen": admin, **options})


@case("a gateway that could send is alive and ready")
def ready():
    with ScriptedRelay() as relay, Gateway(relay) as gateway:
        admin = "{}:{}".format(*gateway.admin_address)
        check_equal(gateway.post(message()).status, 200)
        for command in ("livez", "readyz"):
            check_equal(probe(command, admin), (OK, "ok\n", ""), command)


@case("without a relay it is alive, and not ready, and says why")
def not_ready():
    with ScriptedRelay() as relay, Gateway(relay) as gateway:
        relay.stop()
        admin = "{}:{}".format(*gateway.admin_address)
        check_equal(gateway.post(message()).status, 502)
        check_equal(probe("livez", admin), (OK, "ok\n", ""))
        status, output, _ = probe("readyz", admin)
        check_equal(status, UNAVAILABLE)
        check(output.startswith("upstream-unreachable: "), output)


@case("an address that stands for all is asked at loopback, and needs no key")
def any_address():
    keys = KeyFile(entry("shop", "shop"))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path) as gateway:
        check_equal(probe("livez", f"0.0.0.0:{gateway.admin_address[1]}"), (OK, "ok\n", ""))


@dataclass
class Nobody:
    name: str
    admin: str
    status: int
    says: str = ""
    options: dict = field(default_factory=dict)


def asked_in_vain(row):
    status, output, errors = probe("livez", row.admin, **row.options)
    check_equal((status, output), (row.status, ""))
    check(row.says in errors, errors)


table(
    [
        Nobody("nobody listens there", "127.0.0.1:1", UNAVAILABLE, "refused"),
        Nobody("there is no such socket", "unix:/nonexistent/admin.sock", UNAVAILABLE, "No such file"),
        Nobody("the path is longer than a socket's", "unix:/" + "x" * 200, UNAVAILABLE),
        Nobody("the host has no address", "nobody.invalid:1", UNAVAILABLE),
        Nobody("no port", "127.0.0.1", UNAVAILABLE),
        Nobody("there is no admin listener", "off", CONFIG, "admin_listen"),
        Nobody("its place is systemd's", "systemd", CONFIG, "admin_listen"),
        Nobody("an option is wrong", "127.0.0.1:1", CONFIG, "max_queue", {"max_queue": "x"}),
    ],
    asked_in_vain,
)


@contextlib.contextmanager
def stranger(answer, stays=False, path=None):
    """Somebody else, at a port or at the Unix socket `path`: says `answer`, and goes, or stays as long as we."""

    def serve():
        with contextlib.suppress(OSError):
            connection, _ = listener.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(answer)
                if stays:
                    connection.recv(4096)

    family = socket.AF_UNIX if path else socket.AF_INET
    with socket.create_server(path or ("127.0.0.1", 0), family=family) as listener:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"unix:{path}" if path else f"127.0.0.1:{listener.getsockname()[1]}"
    thread.join()


@case("a Unix socket is asked as any other listener")
def unix_socket():
    with folder() as place, stranger(b"HTTP/1.1 200 OK\r\nX: y\r\n\r\nok\n", path=f"{place}/admin.sock") as admin:
        check_equal(probe("livez", admin), (OK, "ok\n", ""))


@case("somebody else at the port is not alive, whatever he says")
def somebody_else():
    for answer in (b"", b"220 mail.example.com ESMTP\r\n", b"HTTP/1.1 404 \r\n\r\n", b"x" * 100000, os.urandom(64)):
        with stranger(answer) as admin:
            check_equal(probe("livez", admin)[0], UNAVAILABLE, repr(answer[:40]))


@case("a listener that hangs is not alive")
def hangs():
    with stranger(b"HTTP/1.1 200 OK\r\n\r\no", stays=True) as admin:
        check_equal(probe("livez", admin)[0], UNAVAILABLE)


if __name__ == "__main__":
    main()
