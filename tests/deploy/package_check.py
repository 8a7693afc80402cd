#!/usr/bin/env python3
"""The Debian package, by `./dev package deb`: lintian is content, and in a Debian of its own it installs, runs as its
unit says, by hand and by a systemd of its own, and is gone when it is purged. It takes minutes, needs root, and fetches
Debian's packages."""

import json
import os
import re
import shlex
import shutil

import systems
from ground import DEPLOY, ROOT, gateway, harness, run_tool, system_tool
from lib.gateway import Gateway
from lib.harness import case, check, check_equal, main

# What any installing writes to.
BOOKS = re.compile(
    r"^(dev|proc|run|tmp|var/(cache|log|lib/(apt|dpkg|pam|systemd))|etc/(passwd|group|shadow|gshadow|subuid|subgid)-?$)"
)


def package():
    [path] = (ROOT / "build" / "package").glob("postern_*.deb")
    return path


def field(name):
    return run_tool("dpkg-deb", "--field", package(), name).strip()


def unit_setting(name):
    return re.search(rf"^{name}=(.*)$", (DEPLOY / "systemd" / "postern.service").read_text(), re.M)[1]


def files_in(root):
    found = set()
    for folder, folders, files in os.walk(root):
        found |= {os.path.relpath(os.path.join(folder, name), root) for name in [*folders, *files]}
    return {path for path in found if not BOOKS.match(path)}


def users_in(root):
    with open(os.path.join(root, "etc/passwd"), encoding="utf-8") as file:
        return {line.split(":")[0] for line in file}


@case("lintian finds no error")
def lintian():
    said = run_tool(system_tool("lintian"), "--fail-on", "error", "--allow-root", package())
    print(said, end="", flush=True)


@case("it has the program, the units, the manual, and what else a Debian package has, as root's own")
def contents():
    listed = run_tool("dpkg-deb", "--contents", package())
    for path in (
        "/usr/bin/postern", "/lib/systemd/system/postern.service", "/lib/systemd/system/postern.socket",
        "/usr/share/man/man1/postern.1.gz", "/usr/share/man/man5/postern.json.5.gz",
        "/usr/share/doc/postern/copyright", "/usr/share/doc/postern/examples/postern.json",
    ):  # fmt: skip
        check(path + "\n" in listed, f"{path} is not in\n{listed}")
    check(all(line.split()[1] == "root/root" for line in listed.splitlines()), listed)
    check("libmicrohttpd12" in field("Depends") and "libssl3" in field("Depends"), field("Depends"))


@case("it installs, runs as its unit says, and is gone when it is purged")
def life():
    systems.need_mounts()
    with systems.scratch() as root:
        systems.unpack_system(root)
        install_needs(root)
        files, users = files_in(root), users_in(root)
        shutil.copy(package(), os.path.join(root, "tmp/postern.deb"))
        systems.must_run_in(root, "dpkg", "--install", "/tmp/postern.deb")
        check_equal(users_in(root) - users, {"postern"})
        run_as_the_unit(root)
        systems.must_run_in(root, "dpkg", "--install", "/tmp/postern.deb")
        systems.must_run_in(root, "dpkg", "--remove", "postern")
        check_equal(sorted(files_in(root) - files), ["etc/postern", "etc/postern/postern.json"])
        systems.must_run_in(root, "dpkg", "--purge", "postern")
        check_equal(sorted(files_in(root) ^ files), [])
        check_equal(users_in(root), users)


def install_needs(root):
    """What the package depends on, so that only the package is looked at."""
    needs = [re.sub(r"[ (|].*", "", one.strip()) for one in field("Depends").split(",")]
    systems.must_run_in(root, "apt-get", "-q", "update")
    systems.must_run_in(root, "apt-get", "-q", "-y", "install", "--no-install-recommends", *needs)


def run_as_the_unit(root):
    uid, gid = (systems.must_run_in(root, "id", flag, unit_setting("User")).strip() for flag in ("-u", "-g"))
    port, admin, smtp = (gateway.free_port() for _ in range(3))
    with Gateway(command="sandbox", sandbox_smtp_listen=f"127.0.0.1:{smtp}") as sandbox:
        configure(root, int(gid), {
            "smtp_url": f"smtp://127.0.0.1:{smtp}?tls=insecure",
            "listen": f"127.0.0.1:{port}",
            "admin_listen": f"127.0.0.1:{admin}",
        })  # fmt: skip
        command = shlex.split(unit_setting("ExecStart"))
        with systems.Service(root, *command, user=f"{uid}:{gid}") as service:
            harness.eventually(lambda: "msg=listening" in service.said(), 20, "listening")
            check_equal(systems.send(port)["delivery"], "sent", service.said())
            check("msg=confined" in service.said() and "running as root" not in service.said(), service.said())
        check_equal(len(sandbox.get("/sandbox/messages").json()["messages"]), 1)


def configure(root, gid, options, name="postern.json"):
    path = os.path.join(root, "etc/postern", name)
    about = os.stat(os.path.dirname(path))
    check_equal((about.st_mode & 0o7777, about.st_uid, about.st_gid), (0o750, 0, gid), "/etc/postern")
    with open(path, "w", encoding="utf-8") as file:
        json.dump(options, file)
    os.chmod(path, 0o640)
    os.chown(path, 0, gid)


SANDBOX = """[Service]
DynamicUser=yes
ExecStart=/usr/bin/postern sandbox --set listen=127.0.0.1:28587 --set admin_listen=127.0.0.1:28588 \\
    --set sandbox_smtp_listen=127.0.0.1:22525
"""
TRYOUT = """[Unit]
After=multi-user.target

[Service]
Type=oneshot
ExecStart=/root/tryout.sh
"""
RELAY = {"smtp_url": "smtp://127.0.0.1:22525?tls=insecure"}


@case("systemd starts it by its sockets and without, reloads, restarts, watches and stops it, as the unit says")
def under_systemd():
    systems.need_mounts()
    with systems.scratch() as root:
        systems.unpack_system(root)
        install_needs(root)
        systems.must_run_in(
            root, "apt-get", "-q", "-y", "install", "--no-install-recommends", "curl", "systemd", "systemd-sysv"
        )
        shutil.copy(package(), os.path.join(root, "root/postern.deb"))
        systems.must_run_in(root, "dpkg", "--install", "/root/postern.deb")
        gid = int(systems.must_run_in(root, "id", "-g", unit_setting("User")))
        prepare_tryout(root, gid)
        systems.boot(root)
        with open(os.path.join(root, "root/tryout.log"), encoding="utf-8") as file:
            said = file.read()
    steps, journal = said.split("---\n")
    check_equal([line for line in steps.splitlines() if not line.startswith("ok ")], [], said)
    check_equal(len(steps.splitlines()), 16, said)
    check("msg=confined" in journal and "not confined" not in journal, journal)


def prepare_tryout(root, gid):
    """The first configuration is for systemd's sockets, the second for one of its own."""
    configure(root, gid, {**RELAY, "listen": "systemd", "admin_listen": "systemd"}, "postern.json")
    configure(root, gid, {**RELAY, "listen": "unix:/run/postern/http.sock", "listen_unix_mode": "0666"}, "alone.json")
    units = os.path.join(root, "etc/systemd/system")
    for name, text in (("sandbox.service", SANDBOX), ("tryout.service", TRYOUT)):
        with open(os.path.join(units, name), "w", encoding="ascii") as file:
            file.write(text)
    os.makedirs(os.path.join(units, "multi-user.target.wants"), exist_ok=True)
    os.symlink("../tryout.service", os.path.join(units, "multi-user.target.wants/tryout.service"))
    shutil.copy(ROOT / "tests" / "deploy" / "tryout.sh", os.path.join(root, "root"))


if __name__ == "__main__":
    main(jobs=1)
