"""Makes one call inside the program fail, the Nth of a kind, for each N that is wanted, and looks at what comes of it.

A path (paths.py) is something that the program does. It is done over and over in one process, each time with the next
call failing; after each time must hold: the process lives, it answered in time or hung up, the answer is well-formed
and true by the relay's log, the next message is sent, nothing spins, and no descriptor is left open. What starts or
ends a process is done in a process of its own each time. Leaks are AddressSanitizer's to find, where it is built in.

How many N of a path and a kind are tried: POSTERN_TORTURE_POINTS, spread evenly, the first of them chosen by
POSTERN_TORTURE_SEED; "all" tries every one.
"""

import dataclasses
import errno
import mmap
import os
import random
import re
import struct
import tempfile
import time
from pathlib import Path

from lib import harness, oracle

HERE = Path(__file__).resolve().parent
LIBRARY = os.environ.get("POSTERN_TORTURE_LIBRARY", "")
POINTS = os.environ.get("POSTERN_TORTURE_POINTS", "4")
SEED = int(os.environ.get("POSTERN_TORTURE_SEED", "1"))

SHORT, END = -1000, -1001
EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM = -3, -10, -11


def _kinds():
    """In the order of the injector's own list."""
    text = (HERE / "injector.c").read_text(encoding="ascii")
    return [name.lower() for name in re.findall(r"^    KIND_([A-Z]+)\b", text, re.MULTILINE)]


KINDS = {name: 1 << bit for bit, name in enumerate(_kinds())}

# What each kind of call may say that it fails with.
ERRORS = {
    "memory": (errno.ENOMEM,),
    "thread": (errno.EAGAIN,),
    "descriptor": (errno.EMFILE,),
    "accept": (errno.EMFILE, errno.ECONNABORTED, errno.EINTR),
    "epoll": (errno.ENOMEM,),
    "connect": (errno.ECONNREFUSED, errno.EADDRNOTAVAIL, errno.EINTR),
    "send": (errno.ECONNRESET, errno.EINTR, errno.ENOBUFS, SHORT),
    "recv": (errno.ECONNRESET, errno.EINTR, END, SHORT),
    "read": (errno.EIO, errno.EINTR, SHORT),
    "write": (errno.EPIPE, errno.EINTR),
    "wait": (errno.EINTR, errno.ENOMEM),
    "socket": (errno.ENOBUFS,),
    "clock": (errno.EINVAL,),
    "resolve": (EAI_AGAIN, EAI_MEMORY, EAI_SYSTEM),
    "random": (errno.EINTR, SHORT),
    "spawn": (errno.EAGAIN,),
}


# The kernel gives all that is there, and libmicrohttpd relies on it (epoll tells only what is new).
OWN_ONLY = {("recv", SHORT)}


def name_of_error(error):
    special = {SHORT: "short", END: "end", EAI_AGAIN: "EAI_AGAIN", EAI_MEMORY: "EAI_MEMORY", EAI_SYSTEM: "EAI_SYSTEM"}
    return special.get(error) or errno.errorcode[error]


class Injector:
    """The other half of injector.c: what both have mapped."""

    FORMAT = "=IIQQqQQqq"

    def __init__(self):
        handle, self.path = tempfile.mkstemp(prefix="postern-torture-")
        self._release = harness.own(lambda: os.unlink(self.path))
        os.write(handle, bytes(struct.calcsize(self.FORMAT)))
        self._map = mmap.mmap(handle, struct.calcsize(self.FORMAT))
        os.close(handle)

    def environment(self, lives=False):
        """`lives`: of a process of its own, in which OpenSSL begins, and may not give back all when it cannot."""
        options = os.environ.get("ASAN_OPTIONS", "")
        leaks = f"suppressions={HERE / 'openssl_begins.supp'}:print_suppressions=0"
        return {
            **({"LSAN_OPTIONS": leaks} if lives else {}),
            "LD_PRELOAD": LIBRARY,
            "TORTURE_CONTROL": self.path,
            "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0:allocator_may_return_null=1".lstrip(":"),
        }

    def arm(self, kind, error=0, at=0, count=1, own_only=False):
        """The calls from the `at`th on fail, `count` of them; with 0 they are only counted."""
        struct.pack_into(self.FORMAT, self._map, 0, 0, own_only, at, count, error, 0, 0, *self.shifts())
        struct.pack_into("=I", self._map, 0, KINDS[kind])

    def disarm(self):
        """(how many calls there were, how many failed)"""
        struct.pack_into("=I", self._map, 0, 0)
        return struct.unpack_from(self.FORMAT, self._map, 0)[5:7]

    def shifts(self):
        return struct.unpack_from(self.FORMAT, self._map, 0)[7:9]

    def shift(self, monotonic_s=0, wall_s=0):
        struct.pack_into("=qq", self._map, 48, int(monotonic_s * 1e9), int(wall_s * 1e9))

    def close(self):
        self._map.close()
        self._release()


def points(calls, salt):
    """Which calls are to fail."""
    if POINTS == "all":
        return range(1, calls + 1)
    wanted = int(POINTS)
    stride = max(1, calls // wanted)
    return range(random.Random(f"{SEED} {salt}").randrange(stride) + 1, calls + 1, stride)


def cpu_seconds(pid):
    return time.clock_gettime((~pid << 3) | 2)


def is_busy(pid, window):
    before = cpu_seconds(pid)
    time.sleep(window)
    return cpu_seconds(pid) - before > window / 2


def check_idle(pid):
    harness.check(
        not all(is_busy(pid, window) for window in (0.004, 0.1, 0.3)), "SPIN: the process is busy with nothing to do"
    )


@dataclasses.dataclass
class Answer:
    """What became of one request: a response, or the error that its connection ended with."""

    response: object = None
    error: Exception = None
    token: str = ""

    def summary(self):
        if self.error:
            return f"no answer ({type(self.error).__name__})"
        return f"{self.response.status} {self.code() or 'ok'}"

    def code(self):
        """Of the problem, where the answer is one."""
        return self.response.json()["code"] if self.response and self.response.status >= 400 else None


def hold(answer, relay):
    """The answer is well-formed, and true."""
    attempts = relay.messages_with(answer.token) if relay else []
    if answer.error:
        harness.check(not isinstance(answer.error, TimeoutError), "HANG: no answer came")
        taken = [attempt for attempt in attempts if attempt.verdict not in oracle.NEVER_ENDED]
        harness.check(len(taken) <= 1, "AT MOST ONCE: handed over twice")
        return
    if answer.response.status >= 400:
        oracle.hold_problem(answer.response)
    if answer.token and b'"delivery":' in answer.response.body:
        oracle.hold_invariant(answer.response.json(), attempts)
        oracle.hold_table(answer.response)
    oracle.hold_secrecy(answer.response.body)
