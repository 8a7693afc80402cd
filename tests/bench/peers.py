"""The gateways that are measured: Postern, and others that take the same JSON at the same path."""

import contextlib
import dataclasses
import functools
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

BENCH = Path(__file__).resolve().parent
BUILD = BENCH.parents[1] / "build"
NODE_PACKAGES = BUILD / "peers" / "bench-nodemailer" / "node_modules"
LOGS = BUILD / "logs"


@dataclasses.dataclass(frozen=True)
class Peer:
    """`command(port, relay_url, sessions)` is its arguments, with the environment that it needs besides."""

    name: str
    command: object
    why_not: object = lambda: None  # or why it cannot be run here


def is_tls(relay_url):
    return relay_url.startswith("smtps:")


def postern_program():
    return os.environ["POSTERN_PROGRAM"]


def postern(port, relay_url, sessions):
    return [postern_program(), "serve"], {
        "POSTERN_SMTP_URL": relay_url + ("?tls=insecure" if is_tls(relay_url) else "?tls=none"),
        "POSTERN_SMTP_MAX_CONNECTIONS": str(sessions),
        "POSTERN_LISTEN": f"127.0.0.1:{port}",
        "POSTERN_ADMIN_LISTEN": f"127.0.0.1:{free_port()}",
    }


def nodemailer(package, port, relay_url, sessions):
    server = BENCH / "nodemailer" / "server.js"
    return ["node", str(server), package, str(port), relay_url, str(sessions)], {
        "NODE_PATH": str(NODE_PACKAGES),
        "NODE_ENV": "production",
    }


def why_no_nodemailer(package):
    """Its package says which Node it needs as `>=20.0.0`."""
    try:
        needed = json.loads((NODE_PACKAGES / package / "package.json").read_text())["engines"]["node"]
        if major(needed.lstrip(">=")) > major(said_by("node", "--version").lstrip("v")):
            return f"it needs Node {needed}"
    except OSError:
        return "it is not installed"
    return None


def major(version):
    return int(version.partition(".")[0])


def said_by(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def curl_gateway(port, relay_url, sessions):
    program = Path(postern_program()).with_name("bench.curl_gateway")
    return [str(program), str(port), relay_url, str(sessions)], {}


def why_no_curl_gateway():
    program = Path(postern_program()).with_name("bench.curl_gateway")
    return None if program.exists() else "it was built without libcurl"


def smtplib(port, relay_url, sessions):
    return [sys.executable, str(BENCH / "smtplib_gateway.py"), str(port), relay_url, str(sessions)], {}


PEERS = [
    Peer("Postern", postern),
    *(
        Peer(name, functools.partial(nodemailer, package), functools.partial(why_no_nodemailer, package))
        for name, package in (("nodemailer 10", "nodemailer"), ("nodemailer 9", "nodemailer-9"))
    ),
    Peer("libmicrohttpd + libcurl", curl_gateway, why_no_curl_gateway),
    Peer("Python smtplib", smtplib),
]


def versions():
    """What was measured, in a line."""
    found = [said_by(postern_program(), "--version")]
    with contextlib.suppress(OSError):
        found.append(f"Node {said_by('node', '--version')}")
        for package in ("nodemailer", "nodemailer-9", "fastify"):
            about = json.loads((NODE_PACKAGES / package / "package.json").read_text())
            found.append(f"{about['name']} {about['version']}")
    with contextlib.suppress(OSError, subprocess.CalledProcessError):
        found.append(said_by("curl", "--version").split()[3].replace("/", " "))
    return ", ".join(found + [f"Python {sys.version.split()[0]}"])


def free_port():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return sock.getsockname()[1]


@dataclasses.dataclass(frozen=True)
class Gateway:
    """One that runs, and what its process has taken."""

    port: int
    pid: int
    start_ms: float

    def cpu_us(self):
        """User and system, as the scheduler counted them for each of its threads."""
        ticks = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        return sum(map(int, ticks)) * 1e6 / os.sysconf("SC_CLK_TCK")

    def memory_mb(self, name="VmRSS"):
        """What is resident; "VmHWM" is the most that was."""
        lines = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) / 1024 for line in lines if line.startswith(name))


@contextlib.contextmanager
def running(peer, relay_url, sessions):
    """What it said is in build/logs/bench-NAME.log."""
    port = free_port()
    command, environment = peer.command(port, relay_url, sessions)
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
    log_path = LOGS / f"bench-{peer.name.lower().replace(' ', '-')}.log"
    LOGS.mkdir(parents=True, exist_ok=True)
    begin = time.monotonic()
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            command, env={**inherited, **environment}, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )
    try:
        wait_until_it_listens(process, port, log_path)
        yield Gateway(port, process.pid, (time.monotonic() - begin) * 1000)
        if process.poll() is not None:
            raise RuntimeError(f"{peer.name} ended while it was measured: see {log_path}")
    finally:
        process.kill()
        process.wait()


def wait_until_it_listens(process, port, log_path):
    limit = time.monotonic() + 20
    while process.poll() is None and time.monotonic() < limit:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.002)
    raise RuntimeError(f"{command_of(process)} does not listen: see {log_path}")


def command_of(process):
    return " ".join(map(str, process.args))
