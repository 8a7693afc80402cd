#!/usr/bin/env python3
"""The units: systemd takes every line, finds the service well closed, and hands over what the program asks for."""

import re
import shutil
import subprocess
from pathlib import Path

from ground import DEPLOY, ROOT, effective_options, gateway, run_tool, system_tool
from lib.harness import case, check, check_equal, eventually, folder, main

UNITS = DEPLOY / "systemd"
MAX_EXPOSURE = "20"  # tenths


def settings(name):
    """[(name, value)] of a unit, in order."""
    return re.findall(r"^(\w+)=(.*)$", (UNITS / name).read_text(), re.M)


def setting(name, wanted):
    return dict(settings(name))[wanted]


@case("systemd-analyze verify has nothing to say")
def verify():
    program = system_tool("systemd-analyze")
    with folder() as place:
        for unit in UNITS.iterdir():
            shutil.copy(unit, place)
        service = Path(place) / "postern.service"
        service.write_text(service.read_text().replace("/usr/bin/postern", gateway.program()))
        said = run_tool(program, "verify", "--man=no", *sorted(Path(place).iterdir()))
    ours = [line for line in said.splitlines() if "postern" in line]
    check_equal(ours, [])


@case("systemd-analyze security gives 2.0 or less")
def security():
    run_tool(
        system_tool("systemd-analyze"), "security", "--offline=true", "--no-pager", f"--threshold={MAX_EXPOSURE}",
        UNITS / "postern.service",
    )  # fmt: skip


@case("the filter of system calls has all that the program allows itself")
def system_calls():
    program = system_tool("systemd-analyze")
    allowed = set()
    for name, value in settings("postern.service"):
        if name == "SystemCallFilter" and not value.startswith("~"):
            allowed |= expand(program, value.split())
    for name, value in settings("postern.service"):
        if name == "SystemCallFilter" and value.startswith("~"):
            allowed -= expand(program, value[1:].split())
    source = (ROOT / "service" / "process" / "confine_seccomp.c").read_text()
    wanted = set(re.findall(r'^    \{"(\w+)", \d', source, re.M)) | {"seccomp", "landlock_restrict_self", "setrlimit"}
    check(len(wanted) > 60, f"only {len(wanted)} calls were found in confine_seccomp.c")
    check_equal(sorted(wanted - allowed), [])


def expand(program, words):
    """The calls of groups, and those that are named."""
    calls = set()
    for word in words:
        if word.startswith("@"):
            listed = run_tool(program, "syscall-filter", "--no-pager", word)
            members = re.findall(r"^    ([@\w-]+)$", listed, re.M)
            calls |= expand(program, members)
        else:
            calls.add(word)
    return calls


@case("systemd hands over the sockets, by their names, and the program serves on them")
def handed_over():
    program = system_tool("systemd-socket-activate")
    ports = [gateway.free_port(), gateway.free_port()]
    # The other way round, so that the names tell and not the places.
    names = [setting(unit, "FileDescriptorName") for unit in ("postern-admin.socket", "postern.socket")]
    listeners = [word for port in ports for word in ("--listen", f"127.0.0.1:{port}")]
    variables = {
        "POSTERN_LISTEN": "systemd",
        "POSTERN_ADMIN_LISTEN": "systemd",
        "POSTERN_SANDBOX_SMTP_LISTEN": "127.0.0.1:0",
    }
    line = [program, *listeners, f"--fdname={':'.join(names)}", *[f"--setenv={one}" for one in variables]]
    with subprocess.Popen(
        [*line, gateway.program(), "sandbox"],
        env=gateway.clean_environment(**variables),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as running:
        try:
            eventually(lambda: is_alive(ports[0]), 20, "an answer on the admin socket")
            answer = gateway.request(("127.0.0.1", ports[1]), "GET", "/sandbox/messages")
            check_equal(answer.json()["messages"], [])
        finally:
            running.terminate()
    check_equal(running.returncode, 0)


def is_alive(port):
    try:
        return gateway.request(("127.0.0.1", port), "GET", "/livez").body == b"ok\n"
    except ConnectionError:
        return False


@case("the sockets listen where the program does by itself")
def places():
    options = effective_options({})
    for unit, option in (("postern.socket", "listen"), ("postern-admin.socket", "admin_listen")):
        check_equal((setting(unit, "ListenStream"), setting(unit, "Service")), (options[option], "postern.service"))


@case("what is being sent has its time before the service is killed")
def grace():
    options = effective_options({})
    grace_s = float(setting("postern.service", "TimeoutStopSec").rstrip("s"))
    needed_ms = sum(int(options[name].removesuffix("ms")) for name in ("drain_delay", "timeout_shutdown"))
    check(grace_s * 1000 > needed_ms, f"{grace_s} s of {needed_ms} ms")


if __name__ == "__main__":
    main()
