"""What starts or ends a process: each time it is a process of its own, whose calls fail from where `arm` is called."""

import json
import os
import time
import uuid

import paths
from lib import gateway, harness, oracle
from paths import SECURE, WITH_TOKEN, Path, message, with_command, with_keys

SYSEXITS = range(64, 79)
ALL = ("memory", "descriptor", "socket", "thread", "read", "clock", "wait")

# Where lines are counted, gcov writes the counts when a process ends, and does not survive a lack of memory.
AT_STOP = ALL[1:] if os.environ.get("POSTERN_TEST_COVERAGE") == "1" else ALL


def check_report(text):
    harness.check(not gateway.SANITIZER_REPORT.search(text), f"SANITIZER:\n{text[-6000:]}")


def check_refusal(status, text):
    """It ended before it did what it should, and says why."""
    harness.check(status in SYSEXITS, f"ENDED: status {status}: {text[-2000:]}")
    harness.check(text.strip(), f"SILENT: status {status} without a word")


def is_alive(running):
    try:
        return running.get_admin("/livez").status == 200 and running.get("/").status == 200
    except OSError:
        return False


def await_start(running):
    """Whether it is alive; else it has ended."""
    limit = time.monotonic() + harness.seconds(10)
    while running.process.poll() is None:
        if is_alive(running):
            return True
        harness.check(time.monotonic() < limit, "HANG: neither alive nor ended")
        time.sleep(0.002)
    return False


def end(station):
    running = station.gateway
    running.signal(15)
    status = running.wait(10)
    check_report(running.log())
    harness.check(status == 0, f"ENDED: status {status}: {running.log()[-2000:]}")


def start(station, arm):
    station.gateway = station.make()
    running = station.gateway
    try:
        arm()
        running._spawn()
        if await_start(running):
            station.injector.disarm()
            station.check_well()
            end(station)
            return "started"
        check_report(running.log())
        check_refusal(running.process.poll(), running.log())
        return f"status {running.process.poll()}"
    finally:
        running._release()


def stop(station, arm):
    station.gateway = station.make()
    try:
        station.gateway.start()
        station.check_well()
        arm()
        end(station)
        return "stopped"
    finally:
        station.gateway._release()


def run(station, arm, *arguments, stdin=b""):
    options = {**station.options(), "timeout_greeting": "2s", "timeout_connect": "2s"}
    options = {name: value for name, value in options.items() if value is not None}
    arm()
    return gateway.run(*arguments, stdin=stdin, options=options, environment=station.injector.environment(lives=True))


def send(station, arm):
    token = uuid.uuid4().hex
    status, output, errors = run(station, arm, "send", stdin=json.dumps(message(subject=token)).encode())
    station.injector.disarm()
    station.settle()
    attempts = station.relay.messages_with(token)
    if output.strip():
        answer = json.loads(output)
        if "delivery" in answer:
            oracle.hold_invariant(answer, attempts)
        harness.check(status == 0 or status in SYSEXITS, f"ENDED: status {status}")
    else:
        check_refusal(status, errors)
    harness.check(len(attempts) <= 1, "AT MOST ONCE: handed over twice")
    return f"status {status}"


def check(station, arm):
    status, output, errors = run(station, arm, "check")
    harness.check(status == 0 or status in SYSEXITS, f"ENDED: status {status}: {errors}")
    harness.check(status == 0 or (output + errors).strip(), "SILENT")
    return f"status {status}"


def render(station, arm):
    status, output, errors = run(station, arm, "render", stdin=json.dumps(paths.rich("token")).encode())
    harness.check(status == 0 or status in SYSEXITS, f"ENDED: status {status}: {errors}")
    harness.check(status != 0 or output.endswith("--\r\n"), "CUT: status 0, and the message is not whole")
    return f"status {status}"


LIVES = [
    Path("start", start, ALL, SECURE, prepare=with_keys),
    Path("stop", stop, AT_STOP, SECURE),
    Path("send", send, ("memory", "thread", "descriptor"), SECURE),
    Path("send with a token", send, ("memory", "spawn", "descriptor", "read"), WITH_TOKEN, prepare=with_command),
    Path("check", check, ("memory", "descriptor"), SECURE),
    Path("render", render, ("memory", "read"), prepare=with_keys),
]
