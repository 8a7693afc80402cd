"""Another Debian, or what an image holds, as the root of processes: in a mount and a PID namespace of its own, so that
no mount and no process outlives the run."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import tempfile

from ground import gateway, harness

BIND_READ_ONLY = 'mount --bind "$root" "$root"; mount -o remount,bind,ro,nosuid,nodev "$root"'
BIND = 'mount --bind "$root" "$root"'
ENTER = """set -e; root=$1 user=$2; shift 2; mount --make-rprivate /; {bind}
mount -t proc proc "$root/proc"; mount --rbind /dev "$root/dev"
cd "$root"; exec /usr/sbin/chroot ${{user:+--userspec=$user}} "$root" "$@"
"""


def need_mounts():
    """Skips where this process may not do it."""
    if os.geteuid() != 0:
        raise harness.Skip("it needs root")
    if subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False).returncode != 0:
        raise harness.Skip("it may not make namespaces")


@contextlib.contextmanager
def scratch():
    """A folder on a disk: /tmp may be memory."""
    path = tempfile.mkdtemp(prefix="postern-deploy-", dir="/var/tmp")
    remove = harness.own(lambda: shutil.rmtree(path, ignore_errors=True))
    try:
        yield path
    finally:
        remove()


def unpack_system(folder):
    """The minbase system that ./dev made, in `folder`."""
    tar = os.environ.get("POSTERN_SYSTEM", "")
    if not os.path.exists(tar):
        raise harness.Skip("there is no Debian to try it in (./dev package makes one by debootstrap)")
    subprocess.run(["tar", "-C", folder, "-xpf", tar], check=True)
    shutil.copy("/etc/resolv.conf", os.path.join(folder, "etc", "resolv.conf"))
    return folder


def command_line(root, words, user="", read_only=False):
    script = ENTER.format(bind=BIND_READ_ONLY if read_only else BIND)
    return ["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", script, "enter", root, user, *words]


def clean(environment):
    path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return {"PATH": path, "DEBIAN_FRONTEND": "noninteractive", **environment}


def run_in(root, *words, user="", read_only=False, environment=None):
    """(status, what it said)"""
    done = subprocess.run(
        command_line(root, words, user, read_only),
        env=clean(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def must_run_in(root, *words, **more):
    status, said = run_in(root, *words, **more)
    harness.check_equal(status, 0, f"{' '.join(words)}: {said[-4000:]}")
    return said


def boot(root, timeout_s=300):
    """systemd as the first process, until it powers off."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "boot.sh")
    namespaces = ["--mount", "--pid", "--fork", "--uts", "--ipc", "--cgroup", "--net"]
    subprocess.run(
        ["timeout", "--signal=KILL", str(timeout_s), "unshare", *namespaces, "--kill-child", script, root],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )


def send(port):
    """What a Postern at `port` of loopback answers to a message."""
    fields = json.dumps(gateway.message())
    headers = {"Content-Type": "application/json"}
    return gateway.request(("127.0.0.1", port), "POST", "/v1/messages", fields, headers).json()


class Service:
    """A program that runs in `root`, until the block is left: then stopped by SIGTERM, and seen to end well."""

    def __init__(self, root, *words, user="", read_only=False, environment=None):
        self.line = command_line(root, words, user, read_only)
        self.environment = clean(environment or {})
        self.log_path = os.path.join(harness.make_folder(), "log")

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                self.line, env=self.environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        return self

    def __exit__(self, kind, *_):
        for pid in self._children():
            os.kill(pid, signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = "none within 60 s"
        if kind is None:
            harness.check_equal(status, 0, f"the service's end:\n{self.said()}")

    def _children(self):
        pid = self.process.pid
        with contextlib.suppress(FileNotFoundError):
            with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
                return [int(word) for word in file.read().split()]
        return []

    def status(self):
        """/proc's words of the program itself."""
        [pid] = self._children()
        with open(f"/proc/{pid}/status", encoding="ascii") as file:
            return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)

    def said(self):
        with open(self.log_path, encoding="utf-8") as file:
            return file.read()
