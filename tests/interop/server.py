"""A real mail server, run as a private instance on loopback, for as long as the scenarios need it.

A server is a module servers/NAME.py with a class `Instance`, derived from Server. It says

  name        as in `./dev interop NAME` and in the test interop.NAME; the module's name with - for _
  title       as in the table: "Postfix"
  packages    Debian's packages, which ./dev unpacks into build/peers/NAME (see packages.py); never installed
  programs    files of those packages without which there is nothing to start, relative to /
  node        npm packages out of node/package.json, which ./dev installs into build/peers/node
  needs_root  where it cannot run as anybody else
  features    what it offers after TLS; the scenario "capabilities" holds the server's EHLO to it

and does

  configure()            writes all its files under self.folder; called before each start, the ports being known
  command()              the argument list of a process that stays in the foreground until SIGTERM
  environment()          of that process, where more than the base's is needed
  stored()               every message taken: (recipients, bytes), one entry a copy; CRLF is made of LF by the caller
                         where `stores_lf`. Recipients as in the envelope.
  queue_ids()            the IDs in the server's own log of messages that it took
  version(text)          optional: what the table says behind the title

Rules that every server keeps: mail is for any address at example.net (and, with SMTPUTF8, for any local part of
UTF-8), and refused with 5yz at RCPT where the local part begins with "refused"; nothing leaves the machine; USERNAME
and PASSWORD log in, nothing else does; where AUTH is offered, it is required; `features.size` is the limit of a
message in octets. The certificate is the test CA's (certificates.shared().server("good")). `self.port` speaks SMTP
with STARTTLS where offered (or LMTP), `self.tls_port` implicit TLS where `features.smtps`.
"""

import collections
import contextlib
import ctypes
import dataclasses
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.parse

import packages
from lib import certificates, gateway, harness

USERNAME, PASSWORD = "ann", "correct horse"
DOMAIN = "example.net"
MEBIBYTE = 1 << 20
TOKEN_FIELD = "X-Token"  # in each message a value of its own, which names it in the books


@dataclasses.dataclass(frozen=True)
class Features:
    starttls: bool = False
    smtps: bool = False
    auth: tuple = ()  # mechanisms, as EHLO has them after TLS
    size: int = 0  # octets; 0 is no limit that EHLO tells of
    pipelining: bool = False
    chunking: bool = False
    eight_bit: bool = False
    smtputf8: bool = False
    dsn: bool = False
    lmtp: bool = False
    queue_id: bool = True  # the reply to the end of data has one


class Server:
    """A context manager: running within the block, gone with all its files behind it."""

    name = title = ""
    packages = programs = node = ()
    needs_root = False
    stores_lf = False
    features = Features()

    def __init__(self):
        self.need()
        self.folder = harness.make_folder(f"postern-interop-{self.name}-")
        self.root = self.place()
        self.port = self.tls_port = 0
        self.process = None
        self._release = harness.own(self._destroy)

    def __enter__(self):
        try:
            self._start_somewhere()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, *_):
        self._release()

    # --- What a server says of itself

    def configure(self):
        raise NotImplementedError

    def command(self):
        raise NotImplementedError

    def environment(self):
        return packages.environment(self.root)

    def stored(self):
        raise NotImplementedError

    def queue_ids(self):
        raise NotImplementedError

    def need(self):
        """Raises Skip where it cannot run here."""
        if self.needs_root and os.geteuid() != 0:
            raise harness.Skip("needs root")
        packages.need(self.name, self.packages, self.programs)
        packages.need_node(self.node)

    def place(self):
        """The folder that stands for / in the paths of the packages, where the server's own users can read it."""
        return packages.place(self.name, self.programs, self.folder)

    # --- Life

    def _start_somewhere(self):
        """With other ports where one was taken by somebody else in between."""
        for attempt in range(3):
            self.port = gateway.free_port()
            self.tls_port = gateway.free_port() if self.features.smtps else 0
            try:
                self.start()
                return
            except harness.Failure:
                self.stop()
                if attempt == 2:
                    raise

    def start(self):
        self.configure()
        with open(self.path("output"), "ab") as output:
            self.process = subprocess.Popen(
                self.command(),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=self.environment(),
                cwd=self.folder,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        for port in filter(None, (self.port, self.tls_port)):
            harness.eventually(lambda port=port: self._listens(port), 20, f"{self.title} on port {port}")

    def stop(self):
        """Asked to end, then, with whatever it left in its own session or folder, made to."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(harness.seconds(5))
        limit = time.monotonic() + 2
        while self._processes() and time.monotonic() < limit:
            time.sleep(0.02)
        for pid in self._processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if self.process:
            self.process.wait()

    def restart(self):
        """On the same ports, with all that it keeps: connections are lost, mail is not."""
        self.stop()
        self.start()

    def _destroy(self):
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _listens(self, port):
        """On the plain port it has greeted; to a TLS port a connection is enough."""
        if self.process.poll() is not None:
            raise harness.Failure(f"{self.title} ended at its start, status {self.process.returncode}:\n{self.log()}")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 5) as connection:
            return port == self.tls_port or connection.recv(512).startswith(b"220")
        return False

    def _processes(self):
        """Whoever is in the session that we began, or lives in our folder."""
        found = []
        for entry in filter(str.isdigit, os.listdir("/proc")):
            pid = int(entry)
            with contextlib.suppress(OSError):
                ours = self.process and os.getsid(pid) == self.process.pid
                if (ours and not _is_zombie(pid)) or os.readlink(f"/proc/{pid}/cwd").startswith(self.folder):
                    found.append(pid)
        return found

    # --- Use

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def certificate(self):
        """(chain, key), both PEM files of our own folder, which the server may give to a user of its own."""
        copies = []
        for source, name in zip(certificates.shared().server("good"), ("chain.pem", "key.pem")):
            copies.append(self.path(name))
            if not os.path.exists(copies[-1]):
                shutil.copy(source, copies[-1])
        return copies

    def settings(self):
        """What a program of our own around a library has to know, for its command line."""
        chain, key = self.certificate()
        return {
            **{"folder": self.path("mail"), "port": self.port, "tls_port": self.tls_port, "chain": chain, "key": key},
            **{"size": self.features.size, "login": [USERNAME, PASSWORD]},
        }

    def url(self, password=PASSWORD, tls="starttls", **query):
        """For POSTERN_SMTP_URL. `tls` is starttls, implicit or none."""
        scheme = "lmtp" if self.features.lmtp else "smtps" if tls == "implicit" else "smtp"
        port = self.tls_port if tls == "implicit" else self.port
        login = f"{USERNAME}:{urllib.parse.quote(password)}@" if self.features.auth else ""
        if tls == "none":
            query["tls"] = "none"
        return f"{scheme}://{login}127.0.0.1:{port}" + (f"?{urllib.parse.urlencode(query)}" if query else "")

    def usual_tls(self):
        return "starttls" if self.features.starttls else "implicit" if self.features.smtps else "none"

    def delivered(self):
        """Every copy that the server has stored: (recipients, bytes), with CRLF."""
        for recipients, content in self.stored():
            yield recipients, with_crlf(content) if self.stores_lf else content

    def copies(self):
        """{token of a message: how often each recipient has it}"""
        found = {}
        for recipients, content in self.stored():
            found.setdefault(token_of(content), collections.Counter()).update(recipients)
        return found

    def wait_for(self, token, count=1):
        """(how often each recipient has it, one of the copies), when there are `count`."""

        def look():
            counted = self.copies().get(token, collections.Counter())
            return counted if counted.total() >= count else None

        counted = harness.eventually(look, 30, f"{token} in the mailboxes of {count}")
        return counted, next(content for _, content in self.delivered() if token_of(content) == token)

    def wait_for_books(self, books, alone=False):
        """Waits until everybody in {token: recipients} has what is theirs, then holds it: no more, no less. Where there
        is None in place of recipients, nobody may have it twice."""
        wanted = {token: recipients for token, recipients in books.items() if recipients}

        def look():
            found = self.copies()
            return (found,) if all(found.get(name, empty) >= wanted[name] for name in wanted) else None

        empty = collections.Counter()
        (found,) = harness.eventually(look, 30, "what was answered as sent, in the mailboxes")
        for name in found if alone else books:
            got, wanted = found.get(name, empty), books.get(name, empty)
            harness.check_equal(got, collections.Counter(set(got)) if wanted is None else wanted, f"who has {name}")

    def log(self):
        """What helps to see why something failed."""
        return read_text(self.path("output"))[-4000:]


def token_of(content):
    head = re.split(rb"\r?\n\r?\n", content[:65536], maxsplit=1)[0]
    found = re.search(rb"^" + TOKEN_FIELD.encode() + rb":\s*(\w+)", head, re.MULTILINE | re.IGNORECASE)
    return found and found[1].decode()


def with_crlf(content):
    return content.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")


def read_text(path):
    with contextlib.suppress(FileNotFoundError), open(path, encoding="utf-8", errors="replace") as file:
        return file.read()
    return ""


def maildir(path):
    """(file name, content) of each message in a Maildir."""
    for folder in ("new", "cur"):
        place = os.path.join(path, folder)
        for entry in sorted(os.listdir(place)) if os.path.isdir(place) else ():
            with contextlib.suppress(FileNotFoundError), open(os.path.join(place, entry), "rb") as file:
                yield entry, file.read()


def spool(path):
    """(recipients, content) of each file as our own programs write them: a line of JSON, then the message."""
    for entry in sorted(os.listdir(path)):
        if not entry.startswith("."):
            with open(os.path.join(path, entry), "rb") as file:
                yield json.loads(file.readline()), file.read()


def _is_zombie(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def _die_with_parent():
    ctypes.CDLL(None).prctl(gateway.PR_SET_PDEATHSIG, signal.SIGTERM)
