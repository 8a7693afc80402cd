"""Starts `postern serve` (or `sandbox`) on free ports, talks to it, and stops it.

POSTERN_PROGRAM is the path of the program. Every timeout is short unless a test says otherwise, so that a test of a
stalled relay takes a second. Leaving the `with` block stops the program by SIGTERM and checks that it ends with
status 0 and without a sanitizer's report.
"""

import contextlib
import ctypes
import dataclasses
import http.client
import json
import os
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse

from . import harness

LIBC = ctypes.CDLL(None, use_errno=True)
PR_SET_PDEATHSIG = 1
CLONE_NEWNS = 0x00020000
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18

SANITIZER_REPORT = re.compile(r"(AddressSanitizer|LeakSanitizer|ThreadSanitizer|runtime error:)", re.ASCII)

STEP_TIMEOUTS = ("connect", "greeting", "mail", "rcpt", "data_initiation", "data_block", "data_termination")


def program():
    path = os.environ.get("POSTERN_PROGRAM", "")
    if not os.access(path, os.X_OK):
        raise RuntimeError("POSTERN_PROGRAM does not name the program under test")
    return path


def milliseconds(nominal_seconds):
    return f"{int(harness.seconds(nominal_seconds) * 1000)}ms"


@contextlib.contextmanager
def black_hole():
    """A port that answers no SYN: Linux drops those that a full backlog has no room for."""
    with contextlib.ExitStack() as stack:
        deaf = stack.enter_context(socket.socket())
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        for _ in range(4):
            filler = stack.enter_context(socket.socket())
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        yield deaf.getsockname()[1]


def free_port():
    """Below the range from which Linux takes ports by itself, so that nobody gets it by accident in between."""
    while True:
        port = random.randrange(15000, 32000)
        with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue


def clean_environment(**more):
    """Ours, without any option of Postern, so that the caller's own settings do not reach the program."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("POSTERN_")}
    return {**kept, **more}


def as_environment(options):
    return {f"POSTERN_{name.upper()}": str(value) for name, value in options.items()}


def message(**fields):
    """A small right message; a field that is None is left out."""
    base = {
        "from": "Ann Lee <ann@example.com>",
        "to": ["bob@example.net"],
        "subject": "Hello",
        "text": "Hello, Bob.\n",
    }
    if "from_" in fields:
        fields["from"] = fields.pop("from_")
    return {name: value for name, value in {**base, **fields}.items() if value is not None}


@dataclasses.dataclass
class Response:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    def json(self):
        return json.loads(self.body)

    def summary(self):
        return f"{self.status} {self.body[:1500].decode('utf-8', 'replace')}"


def request(address, method, path, body=None, headers=None, timeout=30.0, tls=None):
    """One request on a connection of its own. `address` is (host, port) or the path of a Unix socket; `tls` is the
    client's ssl.SSLContext, where it speaks HTTPS."""
    limit = harness.seconds(timeout)
    connection = http.client.HTTPConnection("localhost", timeout=limit)
    if isinstance(address, str):
        connection.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.sock.settimeout(limit)
        connection.sock.connect(address)
    else:
        connection.sock = socket.create_connection(address, limit)
    try:
        if tls:
            connection.sock = tls.wrap_socket(connection.sock, server_hostname="localhost")
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        return Response(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


class Gateway:
    """A running Postern; a context manager.

    `address` is where it listens, where `options` say so in their own words: the path of a Unix socket.
    `options` are names as in the configuration file: smtp_url, timeout_request, ... `hosts` gives names to addresses,
    and `resolver` is the address of a name server, waited for `resolver_timeout` seconds, both for this process alone
    (which needs root). `environment` are variables that are no options. `tls` is the ssl.SSLContext of its callers.
    """

    hands_over = False  # descriptors that _prepare_child makes

    def __init__(
        self,
        relay=None,
        command="serve",
        hosts=None,
        resolver=None,
        resolver_timeout=1,
        timeout=None,
        arguments=(),
        address=None,
        environment=None,
        tls=None,
        **options,
    ):
        self.options = {
            "smtp_ehlo_name": "gateway.test",
            "log_level": "debug",
            "timeout_shutdown": milliseconds(10),
            "timeout_request": milliseconds(30),
        }
        if timeout is not None:
            self.options.update({f"timeout_{step}": milliseconds(timeout) for step in STEP_TIMEOUTS})
        if command == "sandbox":
            self.options["sandbox_smtp_listen"] = "127.0.0.1:0"
        if relay is not None:
            self.options["smtp_url"] = relay if isinstance(relay, str) else relay.url()
        self.options.update(options)
        self.options = {name: value for name, value in self.options.items() if value is not None}
        self.command, self.arguments, self.environment = command, list(arguments), environment or {}
        self.hosts, self.resolver, self.resolver_timeout = hosts, resolver, resolver_timeout
        self.process = None
        self.folder = tempfile.mkdtemp(prefix="postern-e2e-gateway-")
        self._release = harness.own(self._destroy)
        self.log_path = os.path.join(self.folder, "log")
        self.address, self.admin_address, self.tls = address, None, tls

    # --- Life

    def __enter__(self):
        try:
            self.start()
        except BaseException:
            self._release()
            raise
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None and self.process.poll() is None:
                self.stop()
            elif kind is None:
                self._check_end()
            elif issubclass(kind, harness.Failure):
                self._blame(_[0])
        finally:
            self._release()

    def _blame(self, failure):
        failure.args = (f"{failure}\n--- the gateway's log:\n{self.log()[-6000:]}",)

    def start(self):
        """Tries again with other ports where one was taken by somebody else in between."""
        for attempt in range(5):
            self._spawn()
            try:
                self._wait_until_alive()
                return
            except harness.Failure:
                if attempt == 4 or "in use" not in self.log():
                    raise

    def _choose_addresses(self):
        if "listen" not in self.options or isinstance(self.address, tuple):
            port = free_port()
            self.address = ("127.0.0.1", port)
            self.options["listen"] = f"127.0.0.1:{port}"
        if "admin_listen" not in self.options or self.admin_address:
            port = free_port()
            self.admin_address = ("127.0.0.1", port)
            self.options["admin_listen"] = f"127.0.0.1:{port}"

    def _spawn(self):
        self._choose_addresses()
        prepare = self._namespace_files()
        parent = os.getpid()

        def in_child():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
            if os.getppid() != parent:
                os._exit(1)
            if prepare:
                enter_namespace(prepare)
            self._prepare_child()

        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self._command_line(),
                env=clean_environment(**as_environment(self.options), **self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                close_fds=not self.hands_over,
                preexec_fn=in_child,
            )

    def _command_line(self):
        return [program(), self.command, *self.arguments]

    def _prepare_child(self):
        """In the child, before it becomes the program."""

    def _namespace_files(self):
        """[(our file, the system's file that it stands for)]"""
        files = []
        if self.hosts is not None:
            files.append((self._file("hosts", "".join(f"{a} {n}\n" for n, a in self.hosts)), "/etc/hosts"))
        if self.resolver is not None:
            text = f"nameserver {self.resolver}\noptions timeout:{self.resolver_timeout} attempts:1\n"
            files.append((self._file("resolv.conf", text), "/etc/resolv.conf"))
        if files:
            files.append((self._file("nsswitch.conf", "hosts: files dns\n"), "/etc/nsswitch.conf"))
        return files

    def _file(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _wait_until_alive(self):
        limit = time.monotonic() + harness.seconds(10)
        while time.monotonic() < limit:
            if self.process.poll() is not None:
                raise harness.Failure(
                    f"the program ended at its start, status {self.process.returncode}:\n{self.log()}"
                )
            try:
                if self.get_admin("/livez").status == 200 and self.get("/").status == 200:
                    return
            except (OSError, http.client.HTTPException):
                time.sleep(0.005)
        raise harness.Failure(f"the program did not answer within 10 s:\n{self.log()}")

    def signal(self, signum):
        self.process.send_signal(signum)

    def wait(self, timeout=30.0):
        """The exit status."""
        try:
            return self.process.wait(harness.seconds(timeout))
        except subprocess.TimeoutExpired:
            raise harness.Failure(f"the program did not stop within {timeout} s:\n{self.log()[-4000:]}") from None

    def stop(self):
        self.signal(signal.SIGTERM)
        self.wait()
        self._check_end()

    def _check_end(self):
        log = self.log()
        if SANITIZER_REPORT.search(log):
            raise harness.Failure(f"a sanitizer's report:\n{log[-12000:]}")
        if self.process.poll() != 0:
            raise harness.Failure(f"exit status {self.process.poll()} instead of 0:\n{log[-6000:]}")

    def _destroy(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    # --- Talk

    def post(self, fields, headers=None, timeout=30.0, **query):
        """POST /v1/messages; `fields` are JSON or the very bytes."""
        body = fields if isinstance(fields, bytes) else json.dumps(fields).encode()
        path = "/v1/messages" + ("?" + urllib.parse.urlencode(query) if query else "")
        headers = {"Content-Type": "application/json", **(headers or {})}
        return request(self.address, "POST", path, body, headers, timeout, self.tls)

    def get(self, path, headers=None):
        return request(self.address, "GET", path, None, headers, tls=self.tls)

    def get_admin(self, path):
        return request(self.admin_address, "GET", path)

    def connect(self, source=None, timeout=30.0):
        return socket.create_connection(self.address, harness.seconds(timeout), source)

    def url(self, path="/v1/messages"):
        return f"{'https' if self.tls else 'http'}://{self.address[0]}:{self.address[1]}{path}"

    # --- Look

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def metric(self, name):
        """The lines of /metrics that begin so."""
        lines = self.get_admin("/metrics").body.decode().splitlines(keepends=True)
        return "".join(line for line in lines if line.startswith(name))

    def status_field(self, name):
        """A number from /proc/PID/status: VmRSS in KiB, Threads, ..."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1])
        raise KeyError(name)

    def descriptors(self):
        try:
            return len(os.listdir(f"/proc/{self.process.pid}/fd"))
        except PermissionError:
            raise harness.Skip("needs root: the program lets its own user look at none of its descriptors") from None

    def limit_descriptors(self, count):
        _, hard = resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(self.process.pid, resource.RLIMIT_NOFILE, (count, hard))


def enter_namespace(files):
    """In a child: sees `files` in place of the system's, and nobody else does."""
    if LIBC.unshare(CLONE_NEWNS) != 0 or LIBC.mount(None, b"/", None, MS_REC | MS_PRIVATE, None) != 0:
        os._exit(1)
    for ours, theirs in files:
        if LIBC.mount(ours.encode(), theirs.encode(), None, MS_BIND, None) != 0:
            os._exit(1)


_namespaces_work = None


def need_namespaces():
    """Skips the case where names cannot be given to one process alone."""
    global _namespaces_work
    if _namespaces_work is None:
        with harness.folder() as folder:
            path = os.path.join(folder, "empty")
            open(path, "w", encoding="ascii").close()
            files = [(path, name) for name in ("/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf")]
            pid = os.fork()
            if pid == 0:
                enter_namespace(files)
                os._exit(0)
            _namespaces_work = os.waitpid(pid, 0)[1] == 0
    if not _namespaces_work:
        raise harness.Skip("needs root, a mount namespace, and /etc/hosts, resolv.conf and nsswitch.conf to stand for")


def run(*arguments, stdin=b"", options=None, timeout=30.0, environment=None):
    """One run of the program to its end: (status, stdout, stderr), checked for sanitizers' reports."""
    environ = clean_environment(**as_environment(options or {}), **(environment or {}))
    done = subprocess.run(
        [program(), *arguments],
        input=stdin,
        env=environ,
        capture_output=True,
        timeout=harness.seconds(timeout),
        check=False,
    )
    errors = done.stderr.decode("utf-8", "replace")
    if SANITIZER_REPORT.search(errors):
        raise harness.Failure(f"a sanitizer's report:\n{errors[-12000:]}")
    return done.returncode, done.stdout.decode("utf-8", "replace"), errors
