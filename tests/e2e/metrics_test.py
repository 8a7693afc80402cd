#!/usr/bin/env python3
"""What /metrics tells: true figures, by the conventions, in a number of series that nobody from outside can raise."""

import concurrent.futures
import os
import secrets

from lib import certificates
from lib.gateway import Gateway, message, milliseconds
from lib.harness import case, check, check_equal, eventually, main
from lib.keys import KeyFile, bearer, entry
from lib.prometheus import Metrics, metrics_of, promtool
from lib.scripted_relay import ScriptedRelay

PHASES = ("queued", "connect", "greeting", "tls", "auth", "mail", "data")


def observed(metrics):
    """How often each phase was seen."""
    return {phase: int(metrics.sum("postern_phase_duration_seconds_count", phase=phase)) for phase in PHASES}


@case("promtool finds nothing to say, before the first message and behind many")
def promtool_is_content():
    with (
        ScriptedRelay(steps={"rcpt": ["250 Ok", "550 5.1.1 No", "450 4.2.1 Later"]}) as relay,
        Gateway(relay) as running,
    ):
        for _ in range(2):
            page = running.get_admin("/metrics")
            check_equal(page.headers["Content-Type"], "text/plain; version=0.0.4; charset=utf-8", "type")
            check_equal(promtool("check", "metrics", stdin=page.body), (0, ""), "promtool")
            for _ in range(6):
                running.post(message())


@case("every family has help and a type, each series stands once, histograms add up")
def format_holds():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        for _ in range(5):
            running.post(message())
        metrics = metrics_of(running)
        check_equal(set(metrics.types), metrics.helped, "families")
        for name, kind in metrics.types.items():
            check_equal(name.endswith("_total"), kind == "counter", f"the name of the {kind} {name}")
        metrics.check_histograms()


@case("what became of messages and recipients is counted by relay")
def outcomes():
    steps = {"rcpt": ["250 Ok", "550 5.1.1 No", "450 4.2.1 Later", "250 Ok"], "dot": ["250 Ok", {"then": "fin"}]}
    with ScriptedRelay(steps=steps) as relay, Gateway(relay) as running:
        before = metrics_of(running).sum("postern_http_responses_total", status="2xx")
        running.post(message(to=["a@example.net", "b@example.net", "c@example.net"], partial="deliver"))
        running.post(message())
        running.post(message(to=7))
        metrics = metrics_of(running)
        check_equal(metrics.sum("postern_messages_total", delivery="partial", place="0"), 1, "partial")
        check_equal(metrics.sum("postern_messages_total", delivery="unknown", relay="127.0.0.1"), 1, "unknown")
        check_equal(metrics.sum("postern_messages_total"), 2, "messages in all")
        counts = {s: metrics.sum("postern_recipients_total", status=s) for s in ("accepted", "rejected", "deferred")}
        check_equal(counts, {"accepted": 2, "rejected": 1, "deferred": 1}, "recipients")
        check_equal(metrics.sum("postern_http_responses_total", status="2xx") - before, 1, "answers 2xx")
        check_equal(metrics.sum("postern_http_responses_total", code="outcome-unknown"), 1, "answers unknown")
        check_equal(metrics.sum("postern_http_responses_total", code="invalid-request"), 1, "answers invalid")
        check_equal(metrics.sum("postern_message_duration_seconds_count"), 2, "durations")


@case("each phase is observed where it happened: opening for a session, the others for a message")
def phases():
    ours = certificates.shared()
    relay = ScriptedRelay(tls="starttls", certificate=ours.server("good"), username="ann", password="secret")
    with relay, Gateway(f"smtp://ann:secret@127.0.0.1:{relay.port}", smtp_ca_file=ours.ca_file) as running:
        for _ in range(3):
            check_equal(running.post(message()).status, 200, "status")
        metrics = metrics_of(running)
        check_equal(
            observed(metrics),
            {"queued": 3, "connect": 1, "greeting": 1, "tls": 1, "auth": 1, "mail": 3, "data": 3},
            "phases",
        )
        check_equal(metrics.sum("postern_sessions_opened_total", tls="TLSv1.3"), 1, "sessions by TLS 1.3")
        check_equal(metrics.sum("postern_sessions_opened_total"), 1, "sessions")


@case("a phase that takes long is the one that is seen to")
def slow_phases():
    for step, phase in (("greeting", "greeting"), ("mail", "mail"), ("dot", "data")):
        with ScriptedRelay(steps={step: {"delay": 0.3}}) as relay, Gateway(relay) as running:
            check_equal(running.post(message()).status, 200, "status")
            metrics = metrics_of(running)
            for other in PHASES:
                took = metrics.sum("postern_phase_duration_seconds_sum", phase=other)
                check((took >= 0.3) == (other == phase), f"{other} took {took} s with a slow {step}")
            check(metrics.sum("postern_message_duration_seconds_sum") >= 0.3, "the whole took less than a part")


@case("a session that cannot be opened is counted with its problem, and moves the message on")
def failed_sessions():
    with ScriptedRelay(steps={"greeting": "421 4.3.2 Not now"}) as first, ScriptedRelay() as second:
        with Gateway(f"smtp://127.0.0.1:{first.port}?tls=none smtp://127.0.0.1:{second.port}?tls=none") as running:
            check_equal(running.post(message()).status, 200, "status")
            metrics = metrics_of(running)
            check_equal(metrics.sum("postern_sessions_failed_total", place="0", code="upstream-temporary"), 1, "failed")
            check_equal(metrics.sum("postern_messages_moved_total", place="0"), 1, "moved on")
            check_equal(metrics.sum("postern_messages_total", place="0"), 0, "messages of the first")
            check_equal(metrics.sum("postern_messages_total", place="1", delivery="sent"), 1, "of the second")
            check_equal(metrics.sum("postern_relay_up", place="0"), 0, "the first is up")
            check_equal(metrics.sum("postern_relay_up", place="1"), 1, "the second is up")


@case("what finds no room in the queue is a message too, and has its line in the log")
def no_room():
    with (
        ScriptedRelay(steps={"mail": {"until": "go"}}) as relay,
        Gateway(relay, max_queue=1, smtp_max_connections=1, smtp_overlap="off") as running,
        concurrent.futures.ThreadPoolExecutor(3) as callers,
    ):
        first = callers.submit(running.post, message())
        check(relay.wait_for_step("mail"), "MAIL was not reached")
        second = callers.submit(running.post, message())
        eventually(lambda: metrics_of(running).sum("postern_queue_depth") == 1, what="a queue of one")
        check_equal(running.post(message()).status, 503, "status of the third")
        metrics = metrics_of(running)
        check_equal(metrics.sum("postern_messages_total", delivery="not_sent"), 1, "not sent")
        check("problem=overloaded" in running.log(), "no line in the log")
        relay.open("go")
        check_equal([first.result().status, second.result().status], [200, 200], "the others")


@case("API keys are counted by name, up to a hundred, and never by what a caller says")
def keys():
    names = [f"key{n:03}" for n in range(105)]
    secret_of = {name: f"postern_{name}-{secrets.token_hex(20)}" for name in names}
    file = KeyFile(*(entry(name, key) for name, key in secret_of.items()))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=file.path) as running:
        for name in names:
            check_equal(running.post(message(), bearer(secret_of[name])).status, 200, "status")
        for n in range(20):
            check_equal(running.post(message(), bearer(f"postern_nobody{n}")).status, 401, "status")
        metrics = metrics_of(running)
        check_equal(len(metrics.labels("key")), 101, "names")
        check_equal(metrics.sum("postern_key_messages_total", key="(other)"), 5, "of the others")
        check_equal(metrics.sum("postern_key_messages_total", key="key007", delivery="sent"), 1, "of one key")
        check(not any(key in running.get_admin("/metrics").body.decode() for key in secret_of.values()), "a key")


@case("H180 ten thousand recipients make no series more")
def bounded():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        running.post(message())
        before = set(metrics_of(running).series)
        for batch in range(10):
            people = [f"person{batch}-{n}@host{n}.example.net" for n in range(1000)]
            check_equal(running.post(message(to=people)).status, 200, "status")
        running.post(message(to="x"), {"X-Case": "1", "User-Agent": "curl"}, dry_run="maybe")
        check_equal(set(metrics_of(running).series) - before, set(), "new series")


@case("the relay's name is a label whatever is in it")
def odd_relay():
    with Gateway('smtp:///tmp/no"such\\socket', timeout=1) as running:
        running.post(message())
        metrics = metrics_of(running)
        check_equal(metrics.labels("relay"), {'/tmp/no\\"such\\\\socket'}, "relays")
        status, said = promtool("check", "metrics", stdin=running.get_admin("/metrics").body)
        check_equal((status, said), (0, ""), "promtool")


@case("the figures of the process are those of the system")
def process():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        running.post(message())
        metrics = metrics_of(running)
        resident = metrics.sum("process_resident_memory_bytes") / 1024
        check(abs(resident - running.status_field("VmRSS")) < 4096, f"resident: {resident} KiB")
        check(metrics.sum("process_virtual_memory_bytes") >= metrics.sum("process_resident_memory_bytes"), "virtual")
        check(0 < metrics.sum("process_cpu_seconds_total") < 60, "CPU time")
        check(metrics.sum("process_max_fds") >= 1024, "limit of descriptors")
        began = metrics.sum("process_start_time_seconds")
        check(0 <= os.stat(f"/proc/{running.process.pid}").st_mtime - began + 60 < 120, f"began {began}")
        if os.geteuid() == 0:
            near = abs(metrics.sum("process_open_fds") - running.descriptors())
            check(near <= 3, f"{near} descriptors away from {running.descriptors()}")


@case("counting is true with many at once")
def many_at_once():
    with ScriptedRelay() as relay, Gateway(relay, http_threads=4, log_level="warn") as running:
        with concurrent.futures.ThreadPoolExecutor(8) as callers:
            answers = list(callers.map(lambda _: running.post(message()).status, range(200)))
        check_equal(set(answers), {200}, "statuses")
        metrics = metrics_of(running)
        check_equal(metrics.sum("postern_messages_total", delivery="sent"), 200, "messages")
        check_equal(metrics.sum("postern_message_duration_seconds_count"), 200, "durations")
        metrics.check_histograms()


@case("the page is right while everything is counted")
def read_while_counting():
    with ScriptedRelay() as relay, Gateway(relay, log_level="warn", timeout_request=milliseconds(60)) as running:
        with concurrent.futures.ThreadPoolExecutor(4) as callers:
            sending = [callers.submit(running.post, message()) for _ in range(60)]
            while not all(future.done() for future in sending):
                Metrics(running.get_admin("/metrics").body.decode()).check_histograms()


if __name__ == "__main__":
    main(jobs=4)
