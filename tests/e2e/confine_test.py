#!/usr/bin/env python3
"""Least privilege: what the running program gave up, and that all it is for still works."""

import json
import os
import re
import signal
import time

from lib import certificates, gateway, harness
from lib.faults import SENT, expect
from lib.gateway import Gateway, message
from lib.harness import Skip, case, check, check_equal, eventually, main, make_folder
from lib.scripted_relay import PASSWORD, ScriptedRelay

TOKEN = "ya29.a-token-of-some-length"


def write(path, text):
    """By rename, as those who renew secrets do."""
    with open(path + ".new", "w", encoding="ascii") as file:
        file.write(text)
    os.replace(path + ".new", path)


def need_confined(running, *held):
    """Skips where this build or this kernel confines nothing; `held` are the fields that must say more than "any"."""
    line = re.search(r"msg=confined .*", running.log())
    if not line:
        raise Skip("this build is not confined")
    for name in held:
        if f"{name}=any" in line[0]:
            raise Skip(f"this kernel does not confine {name}")


def fields_of(path):
    with open(path, encoding="ascii", errors="replace") as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def threads_of(running):
    folder = f"/proc/{running.process.pid}/task"
    return [fields_of(f"{folder}/{thread}/status") for thread in os.listdir(folder)]


def children_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return [int(child) for child in file.read().split()]


def is_gone(pid):
    try:
        return fields_of(f"/proc/{pid}/status")["State"].startswith("Z")
    except OSError:
        return True


def reload(running, wanted):
    """SIGHUP, and what the log says of it: "reloaded" or "not reloaded"."""
    before = running.log().count("reloaded")
    running.signal(signal.SIGHUP)
    eventually(lambda: running.log().count("reloaded") > before, what="the reload in the log")
    last = [line for line in running.log().splitlines() if "reloaded" in line][-1]
    check_equal("not reloaded" not in last, wanted, last)
    return last


def secure_relay(**more):
    return ScriptedRelay(tls="starttls", certificate=certificates.shared().server("good"), **more)


def options_for(relay, **more):
    return {"smtp_username": relay.username, "smtp_ca_file": certificates.shared().ca_file, **more}


@case("every thread is filtered, and gains no privileges")
def filtered():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        need_confined(running, "system_calls")
        expect(running.post(message()), SENT)
        threads = threads_of(running)
        check(len(threads) > 3, "a session, HTTP and main threads were expected")
        for fields in threads:
            check_equal(fields["Seccomp"], "2", f"seccomp of {fields['Name']}")
            check_equal(fields["NoNewPrivs"], "1", f"no_new_privs of {fields['Name']}")


@case("there is no core")
def no_core():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        need_confined(running)
        with open(f"/proc/{running.process.pid}/limits", encoding="ascii") as file:
            line = next(line for line in file if line.startswith("Max core file size"))
        check_equal(line.split()[4:6], ["0", "0"], "soft and hard limit")


@case("the same user cannot look into it")
def not_dumpable():
    if os.geteuid() != 0:
        raise Skip("needs root, to be another user")
    nobody = 65534
    with ScriptedRelay() as relay:
        folder = make_folder()
        program = os.path.join(folder, "postern")
        with open(gateway.program(), "rb") as source, open(program, "wb") as copy:
            copy.write(source.read())
        os.chmod(program, 0o755)
        with Gateway(relay) as running:
            need_confined(running)
        status = os.stat(f"/proc/{start_as(nobody, program, relay)}/environ")
        check_equal(status.st_uid, 0, "owner of what /proc shows of it")


def start_as(user, program, relay):
    """The pid of one that serves; it goes with this script."""
    options = {"smtp_url": relay.url(), "listen": f"127.0.0.1:{gateway.free_port()}", "admin_listen": "off"}
    read_end, write_end = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        gateway.LIBC.prctl(gateway.PR_SET_PDEATHSIG, signal.SIGKILL)
        os.setgroups([])
        os.setresgid(user, user, user)
        os.setresuid(user, user, user)
        gateway.LIBC.prctl(gateway.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        os.chdir("/")
        os.dup2(write_end, 2)
        os.execve(program, [program, "serve"], gateway.clean_environment(**gateway.as_environment(options)))
    os.close(write_end)
    harness.own(lambda: (os.kill(pid, signal.SIGKILL), os.waitpid(pid, 0)))
    with os.fdopen(read_end, encoding="utf-8") as log:
        for line in log:
            if "msg=listening" in line:
                return pid
    raise harness.Failure("it did not start as another user")


@case("secrets are read again when their folder is replaced, as Kubernetes does it")
def reload_secret():
    folder = make_folder()
    for day, password in (("..one", "wrong"), ("..two", PASSWORD)):
        os.mkdir(os.path.join(folder, day))
        write(os.path.join(folder, day, "password"), password)
    os.symlink("..one", os.path.join(folder, "..data"))
    os.symlink("..data/password", os.path.join(folder, "password"))
    with secure_relay() as relay:
        options = options_for(relay, smtp_password_file=os.path.join(folder, "password"))
        with Gateway(relay.url(credentials=False), **options) as running:
            need_confined(running, "files")
            check_equal(running.post(message()).status, 502, "status with the wrong password")
            os.symlink("..two", os.path.join(folder, "..new"))
            os.replace(os.path.join(folder, "..new"), os.path.join(folder, "..data"))
            reload(running, True)
            expect(running.post(message()), SENT)


@case("the configuration file, named as seen from here, is replaced and read again")
def reload_configuration():
    with secure_relay() as relay:
        running = Gateway(
            relay.url(credentials=False), arguments=["--config", "postern.json"], **options_for(relay)
        )
        config = os.path.join(running.folder, "postern.json")
        write(config, json.dumps({"smtp_password": "wrong"}))
        with running:
            need_confined(running, "files")
            check_equal(running.post(message()).status, 502, "status with the wrong password")
            write(config, json.dumps({"smtp_password": PASSWORD}))
            reload(running, True)
            expect(running.post(message()), SENT)


@case("a file in a folder that was not named at the start is out of reach, and nothing changes")
def reload_elsewhere():
    near, far = make_folder(), make_folder()
    config = os.path.join(near, "postern.json")
    with secure_relay() as relay:
        write(os.path.join(far, "password"), PASSWORD)
        write(config, json.dumps({"smtp_password": PASSWORD}))
        with Gateway(
            relay.url(credentials=False), arguments=["--config", config], **options_for(relay)
        ) as running:
            need_confined(running, "files")
            write(config, json.dumps({"smtp_password_file": os.path.join(far, "password")}))
            check("Permission denied" in reload(running, False), "not said why")
            expect(running.post(message()), SENT)


@case("a port that is new takes a restart, and nothing changes")
def reload_port():
    config = os.path.join(make_folder(), "postern.json")
    with ScriptedRelay() as relay, ScriptedRelay() as other:
        write(config, json.dumps({"smtp_url": relay.url()}))
        with Gateway(arguments=["--config", config]) as running:
            need_confined(running, "ports")
            write(config, json.dumps({"smtp_url": other.url()}))
            check("needs a restart" in reload(running, False), "not said why")
            expect(running.post(message()), SENT)
            check_equal(len(other.messages), 0, "messages at the other relay")


@case("the command for tokens runs in a process of its own, which ends with the gateway")
def launcher():
    with secure_relay(mechanisms=["XOAUTH2", "OAUTHBEARER"], password=TOKEN) as relay:
        seen = os.path.join(make_folder(), "seen")
        command = f"grep -E 'Seccomp:|NoNewPrivs:' /proc/$$/status >{seen}; echo {TOKEN}"
        with Gateway(relay.url(credentials=False), smtp_oauth_command=command, **options_for(relay)) as running:
            need_confined(running, "system_calls")
            expect(running.post(message()), SENT)
            with open(seen, encoding="ascii") as file:
                check_equal(file.read().split(), ["NoNewPrivs:", "0", "Seccomp:", "0"], "the command's terms")
            (process,) = children_of(running.process.pid)
            os.kill(running.process.pid, signal.SIGKILL)
            running.process.wait()
            eventually(lambda: is_gone(process), what="the launcher's end")
            running.process.returncode = 0


@case("another command takes a restart")
def reload_command():
    config = os.path.join(make_folder(), "postern.json")
    with secure_relay(mechanisms=["XOAUTH2"], password=TOKEN) as relay:
        write(config, json.dumps({"smtp_oauth_command": f"echo {TOKEN}"}))
        with Gateway(
            relay.url(credentials=False), arguments=["--config", config], **options_for(relay)
        ) as running:
            write(config, json.dumps({"smtp_oauth_command": "echo other"}))
            check("a change takes a restart" in reload(running, False), "not said why")
            expect(running.post(message()), SENT)


@case("a Unix socket to listen at is there while it runs, and gone when it has stopped")
def unix_socket():
    path = os.path.join(make_folder(), "http.sock")
    with ScriptedRelay() as relay:
        for _ in range(2):
            with Gateway(relay, listen=f"unix:{path}", address=path) as running:
                expect(running.post(message()), SENT)
            check(not os.path.exists(path), "the socket is left behind")


@case("without a command there is no other process; a stop leaves none with one")
def no_launcher():
    with ScriptedRelay() as relay:
        with Gateway(relay) as running:
            check_equal(children_of(running.process.pid), [], "children")
        with Gateway(relay, smtp_oauth_command="echo x") as running:
            (process,) = children_of(running.process.pid)
            running.stop()
            check(is_gone(process), "the launcher is left behind")


@case("--no-sandboxing gives up nothing, and says so at every start")
def no_sandboxing():
    with ScriptedRelay() as relay, Gateway(relay, arguments=["--no-sandboxing"]) as running:
        expect(running.post(message()), SENT)
        own = fields_of("/proc/self/status")
        for fields in threads_of(running):
            for name in ("Seccomp", "NoNewPrivs"):
                check_equal(fields[name], own[name], f"{name} of {fields['Name']}")
        check(re.search(r'level=warn msg="not confined', running.log()), "no warning")


@case("an idle second later it still serves")
def stays_alive():
    with ScriptedRelay() as relay, Gateway(relay, smtp_max_messages=1) as running:
        for _ in range(3):
            expect(running.post(message()), SENT)
            time.sleep(harness.seconds(0.4))


if __name__ == "__main__":
    main()
