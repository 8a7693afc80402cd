"""Load by wrk: clients that each post a message again as soon as the one before was answered."""

import contextlib
import json
import signal
import subprocess
import tempfile
import time
from pathlib import Path

SCRIPT = Path(__file__).resolve().with_name("post.lua")


@contextlib.contextmanager
def payload(fields):
    """The path of a file that holds them as JSON."""
    with tempfile.NamedTemporaryFile("w", prefix="postern-bench-", suffix=".json") as file:
        json.dump(fields, file)
        file.flush()
        yield file.name


def wrk(port, body_path, clients, rest_ms=None):
    """Its command."""
    url = f"http://127.0.0.1:{port}/v1/messages"
    rest = [] if rest_ms is None else [str(rest_ms)]
    return ["wrk", "-t1", f"-c{clients}", "-d1h", "--timeout", "60s", "-s", SCRIPT, url, "--", body_path, *rest]


def measure(gateway, relay, body_path, clients, warm_up, seconds, rest_ms=None):
    """What the relay counted in those seconds, after so many messages to warm up, with what the clients saw in both."""
    command = wrk(gateway.port, body_path, clients, rest_ms)
    first = relay.counts()["messages"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            wait_for_messages(relay, first + warm_up)
            before, begin = count(gateway, relay), time.monotonic()
            time.sleep(seconds)
            after, end = count(gateway, relay), time.monotonic()
            process.send_signal(signal.SIGINT)
            seen = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
        finally:
            process.kill()
    wait_for_rest(relay, first + seen["requests"] + clients)
    return figures(before, after, end - begin, seen)


def count(gateway, relay):
    return {**relay.counts(), "cpu_us": gateway.cpu_us()}


def wait_for_messages(relay, count):
    limit = time.monotonic() + 60
    while relay.counts()["messages"] < count:
        if time.monotonic() > limit:
            raise RuntimeError("the messages do not reach the relay")
        time.sleep(0.05)


def wait_for_rest(relay, total):
    """wrk leaves a message of each client behind, which is sent all the same; but for one that was cut off."""
    seen, since = relay.counts()["messages"], time.monotonic()
    while seen < total and time.monotonic() < since + 3:
        time.sleep(0.05)
        before, seen = seen, relay.counts()["messages"]
        since = since if seen == before else time.monotonic()


def figures(before, after, seconds, clients):
    """A figure with failures in it is none."""
    if clients["failed"]:
        raise RuntimeError(f"{clients['failed']} of {clients['requests']} messages were not taken")
    messages = after["messages"] - before["messages"]
    if not messages or not clients["requests"]:
        raise RuntimeError("no message reached the relay, or none was answered")
    return {
        "messages a second": messages / seconds,
        "round trips a message": (after["flights"] - before["flights"]) / messages,
        "sessions": after["most_open"],
        "CPU µs a message": (after["cpu_us"] - before["cpu_us"]) / messages,
        "p50 ms": clients["p50_ms"],
        "p99 ms": clients["p99_ms"],
    }
