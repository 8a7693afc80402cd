"""A server under chroot(2), for those that have the paths of their spools, plug-ins, users and sockets compiled in.

The copy of the server's packages in its folder becomes a root file system: with the libraries of this machine that the
packages need, three devices, users of its own, and a /dev/log whose words go to the file `syslog` of the server's
folder. Neither a mount nor a name space is needed, so it runs in a bare chroot or a container as well.
"""

import contextlib
import os
import re
import shutil
import socket
import stat
import subprocess
import threading
from pathlib import Path

import packages
from lib import certificates, harness
from server import Server, read_text

PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
_MERGED = ("bin", "lib", "lib64", "sbin")  # of /usr, as on every Debian 12
_FOLDERS = ("dev", "etc", "root", "run", "tmp", "var/log", "var/spool")
_DOCUMENTS = ("doc", "man", "locale", "lintian", "bug")
_DEVICES = (("null", 3), ("random", 8), ("urandom", 9))
_SETTINGS = {
    "hosts": "127.0.0.1 localhost relay.test\n",
    "nsswitch.conf": "passwd: files\ngroup: files\nhosts: files\nservices: files\n",
    "services": "smtp 25/tcp\nsubmission 587/tcp\n",
    "resolv.conf": "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n",
}


class ChrootServer(Server):
    """`users` get numbers from 1000 on, each with a group of its own; `borrowed` are programs of this machine that it
    calls. `inside(name)` is the path of a file as seen from outside; command() names the program as seen from inside,
    after self.enter."""

    needs_root = True
    users = borrowed = ()

    def __init__(self):
        super().__init__()
        self._syslog = None
        self.enter = ("chroot", str(self.root))
        self._merge_usr()
        for name in _FOLDERS:
            os.makedirs(self.inside(name), exist_ok=True)
        os.chmod(self.inside("tmp"), 0o1777)
        self._make_devices()
        self._borrow()
        self._copy_libraries()
        for name, text in _SETTINGS.items():
            self.put(f"etc/{name}", text)
        self._write_users()

    def need(self):
        super().need()
        if not all((self._unpacked() / program).exists() for program in self.programs):
            raise harness.Skip(f"needs {' and '.join(self.packages)} unpacked: ./dev interop {self.name} does that")

    def place(self):
        """Always the unpacked packages, never the machine's own: what is copied becomes a root of its own."""
        root = Path(self.path("root"))
        ignored = shutil.ignore_patterns(*_DOCUMENTS)
        shutil.copytree(
            self._unpacked(),
            root,
            symlinks=True,
            ignore=lambda folder, names: ignored(folder, names) if folder.endswith("/usr/share") else (),
        )
        return root

    def _unpacked(self):
        return packages.PEERS / self.name / "root"

    # --- The root

    def inside(self, name):
        return os.path.join(self.root, name)

    def put(self, name, text, owner="root", mode=0o644):
        os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
        with open(self.inside(name), "w", encoding="utf-8") as file:
            file.write(text)
        self._give(name, owner, mode)

    def put_folder(self, name, owner="root", mode=0o755):
        os.makedirs(self.inside(name), exist_ok=True)
        self._give(name, owner, mode)

    def put_certificate(self, owner="root"):
        """As /etc/chain.pem and /etc/key.pem."""
        chain, key = certificates.shared().server("good")
        self.put("etc/chain.pem", read_text(chain), owner)
        self.put("etc/key.pem", read_text(key), owner, 0o600)

    def _give(self, name, owner, mode):
        os.chmod(self.inside(name), mode)
        os.chown(self.inside(name), self.numbers().get(owner), self.numbers().get(owner))

    def numbers(self):
        return {"root": 0, **{name: 1000 + at for at, name in enumerate(self.users)}}

    def _write_users(self):
        rows = self.numbers().items()
        self.put("etc/passwd", "".join(f"{name}:x:{number}:{number}::/:/bin/false\n" for name, number in rows))
        self.put("etc/group", "".join(f"{name}:x:{number}:\n" for name, number in rows))

    def _merge_usr(self):
        for name in _MERGED:
            os.makedirs(self.inside(f"usr/{name}"), exist_ok=True)
            if os.path.isdir(self.inside(name)):
                shutil.copytree(self.inside(name), self.inside(f"usr/{name}"), symlinks=True, dirs_exist_ok=True)
                shutil.rmtree(self.inside(name))
            os.symlink(f"usr/{name}", self.inside(name))
        os.makedirs(self.inside("var"), exist_ok=True)
        with contextlib.suppress(FileExistsError):
            os.symlink("/run", self.inside("var/run"))

    def _borrow(self):
        for name in self.borrowed:
            if not os.path.exists(self.inside(name)):
                os.makedirs(os.path.dirname(self.inside(name)), exist_ok=True)
                shutil.copy(os.path.join("/", name), self.inside(name))

    def _make_devices(self):
        try:
            for name, minor in _DEVICES:
                os.mknod(self.inside(f"dev/{name}"), stat.S_IFCHR, os.makedev(1, minor))
                os.chmod(self.inside(f"dev/{name}"), 0o666)
            with open(self.inside("dev/null"), "wb"):
                pass
        except OSError as error:
            raise harness.Skip(f"cannot make devices in {self.folder}: {error.strerror}") from None

    def _copy_libraries(self):
        """What ldd(1) names for the programs and plug-ins, the loader included, where it is not in here already."""
        elves = [str(path) for path in self.root.rglob("*") if _is_elf(path)]
        places = sorted({str(path.parent) for path in self.root.rglob("*.so*")})
        said = subprocess.run(
            ["ldd", *elves],
            env={"LD_LIBRARY_PATH": ":".join(places), "PATH": PATH},
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        if missing := sorted(set(re.findall(r"^\t(\S+) => not found", said, re.MULTILINE))):
            raise harness.Skip(f"libraries are missing: {' '.join(missing)}")
        for library in set(re.findall(r"(/\S+) \(0x", said)):
            copy = self.inside(library[1:])
            if not library.startswith(f"{self.root}/") and not os.path.exists(copy):
                os.makedirs(os.path.dirname(copy), exist_ok=True)
                shutil.copy(library, copy)

    # --- Life

    def environment(self):
        return {"PATH": PATH, "LC_ALL": "C"}

    def run(self, *command, text=""):
        """A tool of the packages, to its end; what it printed."""
        done = subprocess.run(
            [*self.enter, *command],
            input=text,
            capture_output=True,
            text=True,
            env=self.environment(),
            check=False,
            timeout=30,
        )
        harness.check_equal((done.returncode, done.stderr), (0, ""), command[0])
        return done.stdout

    def start(self):
        self._syslog = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._syslog.bind(self.inside("dev/log"))
        os.chmod(self.inside("dev/log"), 0o666)
        threading.Thread(target=_copy_log, args=(self._syslog, self.path("syslog")), daemon=True).start()
        super().start()

    def stop(self):
        super().stop()
        if self._syslog:
            with contextlib.suppress(OSError):
                self._syslog.shutdown(socket.SHUT_RDWR)
            self._syslog.close()
            self._syslog = None
            os.unlink(self.inside("dev/log"))

    def log(self):
        return super().log() + read_text(self.path("syslog"))[-4000:]


def _copy_log(sock, path):
    with open(path, "ab", buffering=0) as file:
        with contextlib.suppress(OSError):
            while line := sock.recv(65536):
                file.write(line.rstrip(b"\0\n") + b"\n")


def _is_elf(path):
    if path.is_symlink() or not path.is_file():
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"\x7fELF"
