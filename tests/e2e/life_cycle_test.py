#!/usr/bin/env python3
"""Start, reload and stop, as a service manager sees them: what it hears, the sockets that it keeps, the stages of an
end."""

import contextlib
import ctypes
import json
import os
import signal
import ssl
import time

from lib import certificates, gateway, raw_http
from lib.background import in_background
from lib.callers import Callers
from lib.faults import SENT, expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, Skip, case, check, check_equal, eventually, main, make_folder, seconds
from lib.manager import Activated, NotifySocket, open_socket
from lib.scripted_relay import ScriptedRelay

HELD = {"dot": {"until": "go"}}

# --- What the service manager hears -------------------------------------------------------------------------------


@contextlib.contextmanager
def notified(relay, abstract=False, environment=None, **options):
    """(the gateway, what it says of itself); out of it, it has stopped."""
    with NotifySocket(abstract) as heard:
        environment = {"NOTIFY_SOCKET": heard.name, **(environment or {})}
        with Gateway(relay, environment=environment, **options) as running:
            eventually(heard.states, what="the first word")
            yield running, heard


def wait_for_states(heard, *wanted):
    eventually(lambda: heard.states() == list(wanted), what=f"{wanted}, not {heard.states()}")


def tell_life(abstract):
    with ScriptedRelay() as relay, notified(relay, abstract) as (running, heard):
        check_equal(heard.states(), ["READY"], "first")
        running.signal(signal.SIGHUP)
        wait_for_states(heard, "READY", "RELOADING", "READY")
        stamp = int(heard.last("RELOADING")["MONOTONIC_USEC"])
        check(0 <= time.monotonic_ns() // 1000 - stamp < seconds(20) * 1_000_000, f"MONOTONIC_USEC={stamp}")
        expect(running.post(message()), SENT)
        running.stop()
        wait_for_states(heard, "READY", "RELOADING", "READY", "STOPPING")
        check("service manager" not in running.log(), running.log())


@case("READY, RELOADING, READY, STOPPING: by a socket with a path")
def tell_by_path():
    tell_life(abstract=False)


@case("READY, RELOADING, READY, STOPPING: by a socket in the abstract namespace")
def tell_by_abstract():
    tell_life(abstract=True)


@case("a notify socket that is none stops nothing")
def notify_nowhere():
    for name in ("/nowhere/notify", "vsock:2:1", "@"):
        with ScriptedRelay() as relay, Gateway(relay, environment={"NOTIFY_SOCKET": name}) as running:
            check("the service manager cannot be told anything" in running.log(), running.log())
            expect(running.post(message()), SENT)


@case("a reload that is refused: the old configuration stays, the manager and the log hear why")
def reload_refused():
    config = os.path.join(make_folder(), "postern.json")

    def configure(**options):
        with open(config, "w", encoding="utf-8") as file:
            json.dump(options, file)

    configure(log_level="info")
    with ScriptedRelay() as relay:
        with notified(relay, arguments=["--config", config], log_level=None) as (running, heard):
            for broken in ({"log_level": "error", "smtp_proxy": "nonsense"}, {"no_such_option": "1"}):
                said = len(heard.states())
                configure(**broken)
                running.signal(signal.SIGHUP)
                eventually(lambda said=said: len(heard.states()) == said + 2, what="RELOADING and READY")
                check("not reloaded" in heard.last("READY")["STATUS"], f"STATUS is {heard.last('READY')}")
            expect(running.post(message()), SENT)
            eventually(lambda: running.log().count("msg=message") == 1, what="the message in the log, at the old level")
            check_equal(running.log().count("was not reloaded"), 2, "complaints in the log")


# --- The watchdog -------------------------------------------------------------------------------------------------


@case("the watchdog hears a sign of life in time, and none where another process is meant")
def signs_of_life():
    every = seconds(1)
    usec = str(int(every * 1_000_000))
    with ScriptedRelay() as relay:
        with notified(relay, environment={"WATCHDOG_USEC": usec}) as (running, heard):
            eventually(lambda: len(heard.signs()) >= 4, 30, "four signs of life")
            lasted = heard.signs()[-1] - heard.datagrams[0][0]
            check(lasted > 3 * every / 2, f"four signs of life in {lasted} s, one wanted each {every} s")
            idle = "postern_http_connections 0\n"
            eventually(lambda: running.metric("postern_http_connections ") == idle, what="no connections")
        with notified(relay, environment={"WATCHDOG_USEC": "10000", "WATCHDOG_PID": "1"}) as (running, heard):
            expect(running.post(message()), SENT)
            time.sleep(0.2)
            check_equal(heard.signs(), [], "signs of life")


PTRACE_ATTACH, PTRACE_DETACH, WALL = 16, 17, 0x40000000


@contextlib.contextmanager
def stopped_thread(pid, name):
    """One thread of that name stands still, and all the others go on."""
    tasks = f"/proc/{pid}/task"
    names = {}
    for task in os.listdir(tasks):
        with open(f"{tasks}/{task}/comm", encoding="ascii") as file:
            names[int(task)] = file.read().strip()
    thread = max((task for task in names if names[task] == name), default=None)
    if thread is None:
        raise Skip(f"no thread is called {name}: {sorted(names.values())}")
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(PTRACE_ATTACH, thread, None, None) != 0:
        raise Skip(f"may not stop a thread: {os.strerror(ctypes.get_errno())}")
    try:
        os.waitpid(thread, WALL)
        yield
    finally:
        libc.ptrace(PTRACE_DETACH, thread, None, None)


@case("the watchdog hears nothing while one HTTP thread stands still")
def no_sign_of_life():
    with ScriptedRelay() as relay, notified(relay, environment={"WATCHDOG_USEC": "200000"}) as (running, heard):
        eventually(lambda: len(heard.signs()) >= 2, what="signs of life")
        with stopped_thread(running.process.pid, "MHD-single"):
            time.sleep(seconds(0.3))  # one may have been on its way
            before = len(heard.signs())
            time.sleep(1)
            check_equal(len(heard.signs()), before, "signs of life of a thread that stands")
        eventually(lambda: len(heard.signs()) > before, what="signs of life again")


# --- The stages of a stop -----------------------------------------------------------------------------------------


def wait_until_not_ready(running):
    def says_so():
        answer = running.get_admin("/readyz")
        return answer.status == 503 and b"shutting-down" in answer.body

    eventually(says_so, what="/readyz 503 with shutting-down")


@case("the drain delay: not ready first, messages still taken, each answer closing its connection; then the end")
def drain_delay():
    with ScriptedRelay() as relay, Gateway(relay, drain_delay=gateway.milliseconds(2)) as running:
        expect(running.post(message()), SENT)
        eventually(lambda: running.get_admin("/readyz").status == 200, what="/readyz 200")
        with raw_http.Connection(running.address, seconds(20)) as kept:
            request = raw_http.post(json.dumps(message()).encode())
            kept.send(request)
            check_equal(kept.answer().field("connection"), None, "Connection before")
            running.signal(signal.SIGTERM)
            wait_until_not_ready(running)
            began = time.monotonic()
            kept.send(request)
            answer = kept.answer()
            check_equal((answer.status, answer.field("connection")), (200, "close"), "status, Connection")
            check(kept.is_closed(), "the connection stayed open")
            expect(running.post(message()), SENT)
        check_equal(running.wait(), 0, "exit status")
        check(time.monotonic() - began > seconds(1), "the delay was not kept")


@case("a second signal ends the drain delay, a third the grace time: what is out is unknown")
def signals_hurry():
    options = {"drain_delay": "1h", "timeout_shutdown": "1h", "timeout_request": "1h"}
    with ScriptedRelay(steps=HELD) as relay, Gateway(relay, **options) as running:
        waiting = in_background(running.post, message(subject="token-hurry"))
        check(relay.wait_for_step("dot"), "the message did not come")
        running.signal(signal.SIGTERM)
        wait_until_not_ready(running)
        running.signal(signal.SIGTERM)
        late = not_sent(503, "shutting-down", "y")
        eventually(lambda: running.post(message(to=["bob@"])).status != 422, what="no new messages")
        expect(running.post(message()), late)
        running.signal(signal.SIGINT)
        answer = waiting().json()
        check_equal(answer["delivery"], "unknown", "delivery of what was out")
        check_equal(running.wait(), 0, "exit status")


@case("who is still sending when the end comes hears shutting-down; who says nothing keeps nobody waiting")
def unfinished_upload():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        request = raw_http.post(json.dumps(message()).encode())
        silent, sending = (raw_http.Connection(running.address, seconds(20)) for _ in range(2))
        with silent, sending:
            sending.send(request[:-20])
            eventually(lambda: " 0\n" not in running.metric("postern_in_flight_bytes"), what="a body")
            running.signal(signal.SIGTERM)
            answer = sending.answer()
            check_equal((answer.status, answer.json()["code"]), (503, "shutting-down"), "answer")
            check_equal(answer.json()["delivery"], "not_sent", "delivery")
            check(silent.is_closed(), "the silent connection stayed open")
        check_equal(running.wait(), 0, "exit status")
    check_equal(relay.messages, [], "messages at the relay")


@case("at rest after work, as after the start: under 6 MB resident")
def at_rest():
    if SANITIZED:
        raise Skip("the figure is that of the program as it is shipped, not of a sanitizer's build")
    ours = certificates.shared()
    with ScriptedRelay(tls="starttls", certificate=ours.server("good")) as relay:
        options = {"smtp_ca_file": ours.ca_file, "timeout_smtp_idle": "1s", "log_level": "info"}
        with Gateway(relay, **options) as running:
            for _ in range(20):
                expect(running.post(message()), SENT)
            eventually(lambda: running.status_field("VmRSS") < 6 * 1024, 60, "under 6 MB resident")
            rest, most = (running.status_field(name) / 1024 for name in ("VmRSS", "VmHWM"))
            print(f"{rest:.1f} MB at rest, {most:.1f} MB before")
            expect(running.post(message()), SENT)


# --- Sockets that the manager keeps -------------------------------------------------------------------------------


def restart_under_load(tls=None, **options):
    options = {"drain_delay": gateway.milliseconds(5), "log_level": "info", **options}
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(open_socket())) for _ in range(2)]
        relay = stack.enter_context(ScriptedRelay())
        callers = stack.enter_context(Callers(sockets[0].getsockname(), tls=tls))
        for number in range(1, 4):
            with Activated(relay, sockets, tls=tls, **options):
                eventually(lambda number=number: len(callers.answers) > number * 40, 60, "messages")
        with Activated(relay, sockets, tls=tls, **options):
            callers.__exit__()
        callers.hold_all_sent()


@case("a restart with systemd's sockets: no connection is refused, and no message fails")
def restart_with_sockets():
    restart_under_load()


@case("a restart with systemd's sockets and HTTPS, one thread and four")
def restart_with_sockets_tls():
    ours = certificates.shared()
    client = ssl.create_default_context(cafile=ours.ca_file)
    cert, key = ours.server("good")
    for threads in (1, 4):
        restart_under_load(client, listen_tls_cert_file=cert, listen_tls_key_file=key, http_threads=threads)


def take_sockets(*names):
    """What the log says of sockets by those names, of which two are ours."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(contextlib.closing(open_socket())) for _ in names]
        relay = stack.enter_context(ScriptedRelay())
        running = stack.enter_context(Activated(relay, sockets, names=names))
        expect(running.post(message()), SENT)
        return running.log()


@case("systemd's sockets are known by their names, and one that is nobody's is told of")
def sockets_by_name():
    unclaimed = "nobody will answer"
    check(unclaimed not in take_sockets("admin_listen", "listen"), "a socket too many")
    check(unclaimed in take_sockets("other", "listen", "admin_listen"), "no word of the third")


if __name__ == "__main__":
    main()
