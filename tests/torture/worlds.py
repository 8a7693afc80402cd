"""Not one call that fails, but a world in which all of a kind do for a while: no descriptors, another time."""

import email
import email.utils
import errno
import threading
import time

import torture
from lib import harness, oracle
from lib.harness import check, check_equal
from lib.gateway import message
from paths import PATHS, Station

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
YEARS = 365.25 * 86400
PLAIN = PATHS[0]


def ask_for_page(station):
    """A connection on which an answer is waited for."""
    sock = station.gateway.connect()
    sock.sendall(GET)
    return sock


def await_page(sock, timeout):
    sock.settimeout(harness.seconds(timeout))
    try:
        check(sock.recv(4096).startswith(b"HTTP/1.1 200"), "no page")
    finally:
        sock.close()


def check_rest(station):
    time.sleep(0.05)
    torture.check_idle(station.gateway.process.pid)


@harness.case("accept: no descriptor for the first connection is no busy loop, and is over when there is one")
def first_accept():
    with Station(PLAIN) as station:
        station.injector.arm("accept", errno.EMFILE, 1, 1 << 40)
        waiting = ask_for_page(station)
        check_rest(station)
        calls, _ = station.injector.disarm()
        check(0 < calls < 1000, f"{calls} tries")
        await_page(waiting, 2)
        station.check_well()
        station.check_descriptors()


@harness.case("accept: no descriptor for another connection is no busy loop, and is over when one is closed")
def later_accept():
    with Station(PLAIN) as station:
        other = station.gateway.connect()
        time.sleep(0.05)
        station.injector.arm("accept", errno.ENFILE, 1, 1 << 40)
        waiting = ask_for_page(station)
        check_rest(station)
        station.injector.disarm()
        other.close()
        await_page(waiting, 5)
        station.check_well()
        station.check_descriptors()


def at_rest(station):
    """How many descriptors are open once the last answer's connection is closed."""
    counts = []
    for _ in range(20):
        counts.append(station.gateway.descriptors())
        time.sleep(0.01)
    return min(counts)


@harness.case("descriptors: with none left, or few, a message is refused as not sent, and the next is sent")
def few_descriptors():
    with Station(PLAIN) as station:
        seen = set()
        for left in range(1, 8):
            station.gateway.limit_descriptors(at_rest(station) + left)
            answer = station.post()
            check(answer.response, f"{left} left: {answer.summary()}")
            seen.add(answer.summary())
            torture.hold(answer, station.relay)
            station.gateway.limit_descriptors(4096)
            station.check_well()
            station.check_descriptors()
        check_equal(seen, {"503 overloaded", "200 ok"}, "answers")


@harness.case("threads: without any, messages are refused as not sent, and nothing spins")
def no_threads():
    with Station(PLAIN) as station:
        station.injector.arm("thread", errno.EAGAIN, 1, 1 << 40)
        answers = [station.post() for _ in range(5)]
        check_equal({answer.summary() for answer in answers}, {"503 overloaded"}, "answers")
        check_rest(station)
        station.injector.disarm()
        station.check_well()


@harness.case("memory: without any for a while the process lives on, and nothing spins")
def no_memory():
    with Station(PLAIN) as station:
        station.injector.arm("memory", errno.ENOMEM, 1, 1 << 40)
        for _ in range(20):
            answer = station.post()
            check(not isinstance(answer.error, TimeoutError), "HANG: no answer came")
        check_rest(station)
        station.injector.disarm()
        station.check_well()
        station.check_descriptors()


def in_a_thread(station, answers):
    thread = threading.Thread(target=lambda: answers.append(station.post()))
    thread.start()
    return thread


@harness.case("clock: when the monotonic one runs ahead, a deadline has passed, and its outcome is told")
def monotonic_ahead():
    with Station(PLAIN) as station:
        station.relay.play([{"dot": {"until": "go"}}, {}])
        answers = []
        asking = in_a_thread(station, answers)
        check(station.relay.wait_for_step("dot", 3), "the message is out")
        station.injector.shift(monotonic_s=3600)
        asking.join(harness.seconds(20))
        check_equal([answer.summary() for answer in answers], ["504 outcome-unknown"], "answer")
        station.relay.open("go")
        station.check_well()
        check_rest(station)


@harness.case("clock: when the wall clock jumps, only dates and identifiers jump with it")
def wall_jumps():
    with Station(PLAIN) as station:
        for years in (-56, -20, 20, 200, 0):
            station.injector.shift(wall_s=years * YEARS)
            station.relay.play([{}])
            began = time.monotonic()
            answer = station.post(fields=message())
            check(time.monotonic() - began < harness.seconds(2), f"{years} years: it took {time.monotonic() - began} s")
            check_equal(answer.summary(), "200 ok", f"{years} years")
            written = email.message_from_bytes(station.relay.messages[-1].content)["Date"]
            date = email.utils.parsedate_to_datetime(written)
            wanted = time.gmtime(time.time() + years * YEARS).tm_year
            check(abs(date.year - wanted) <= 1, f"the Date is of {date.year}, the clock of {wanted}")
            oracle.hold_receipt(answer.response)
        check_rest(station)


@harness.case("clock: while it cannot be read, time stands still, and messages are sent")
def no_clock():
    with Station(PLAIN) as station:
        station.injector.arm("clock", errno.EINVAL, 1, 1 << 40)
        check_equal(station.post().summary(), "200 ok", "answer")
        station.injector.disarm()
        station.check_well()
        check_rest(station)
