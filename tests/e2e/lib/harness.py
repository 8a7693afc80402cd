"""A table of cases, run a few at a time: the runner of every end-to-end test.

A script adds cases with @case or table(), then calls main(). Arguments select cases by name; `-j N` sets how many
run at once, and `--list` only names them. The exit status is 0, 1, or 77 (CTest's SKIP_RETURN_CODE) where every case
was skipped.

Whatever a case starts or creates is registered here, and is gone when the script ends, also when it fails or runs
out of time. POSTERN_TEST_TIME_SCALE stretches every wait (sanitizers are slow); POSTERN_TEST_SANITIZED tells that
limits on memory and time do not apply.
"""

import concurrent.futures
import contextlib
import fnmatch
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
import traceback

SKIP_STATUS = 77
TIME_SCALE = float(os.environ.get("POSTERN_TEST_TIME_SCALE", "1"))
SANITIZED = os.environ.get("POSTERN_TEST_SANITIZED", "") not in ("", "0")

_cases = []
_last_cases = []
_cleanups = {}
_cleanup_lock = threading.Lock()


class Skip(Exception):
    """What a case needs is not there; the message says what."""


class Failure(AssertionError):
    """What was wanted did not happen."""


def seconds(nominal):
    """A wait, stretched for slow builds."""
    return nominal * TIME_SCALE


def check(condition, message="the condition does not hold"):
    if not condition:
        raise Failure(message)


def check_equal(got, wanted, what="value"):
    if got != wanted:
        raise Failure(f"{what}: got {_short(got)}, wanted {_short(wanted)}")


def _short(value):
    text = repr(value)
    return text if len(text) <= 600 else f"{text[:400]} ... {text[-100:]} ({len(text)} characters)"


def eventually(condition, timeout=5.0, what="the condition"):
    """Polls until the condition gives something true, and returns it."""
    limit = time.monotonic() + seconds(timeout)
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > limit:
            raise Failure(f"{what} did not come true within {seconds(timeout):g} s")
        time.sleep(0.01)


def case(name):
    """Decorator: the function is a case of that name."""

    def add(function):
        _cases.append((name, function))
        return function

    return add


def last_case(name):
    """Decorator: as case(), but run when all the others are done."""

    def add(function):
        _last_cases.append((name, function))
        return function

    return add


def table(rows, function):
    """One case a row; a row has a `name`."""
    for row in rows:
        _cases.append((row.name, lambda row=row: function(row)))


# --- What is left behind: nothing ---------------------------------------------------------------------------------


def own(undo):
    """Registers a function to be called once, at the latest when the script ends. Returns its early call."""
    key = object()

    def undo_now():
        with _cleanup_lock:
            pending = _cleanups.pop(key, None)
        if pending:
            pending()

    with _cleanup_lock:
        _cleanups[key] = undo
    return undo_now


def make_folder(prefix="postern-e2e-"):
    """A folder that anyone may enter (Postfix drops its rights), removed at the end."""
    path = tempfile.mkdtemp(prefix=prefix)
    os.chmod(path, 0o755)
    own(lambda: shutil.rmtree(path, ignore_errors=True))
    return path


@contextlib.contextmanager
def folder():
    path = tempfile.mkdtemp(prefix="postern-e2e-")
    remove = own(lambda: shutil.rmtree(path, ignore_errors=True))
    try:
        yield path
    finally:
        remove()


def _clean_up():
    while True:
        with _cleanup_lock:
            if not _cleanups:
                return
            _, undo = _cleanups.popitem()
        with contextlib.suppress(Exception):
            undo()


# --- Running ------------------------------------------------------------------------------------------------------


def run_one(name, function):
    began = time.monotonic()
    try:
        function()
        verdict, detail = "ok", ""
    except Skip as reason:
        verdict, detail = "SKIP", str(reason)
    except Failure as failure:
        where = traceback.extract_tb(failure.__traceback__)
        lines = [f"{os.path.basename(f.filename)}:{f.lineno}" for f in where if "/tests/" in f.filename]
        verdict, detail = "FAIL", f"{failure}\n(at {' < '.join(reversed(lines[1:]))})"
    except Exception:
        verdict, detail = "FAIL", traceback.format_exc()
    return name, verdict, detail, time.monotonic() - began


def report(name, verdict, detail, elapsed):
    first, _, rest = detail.partition("\n")
    print(f"{verdict:4} {name} ({elapsed:.1f} s){': ' + first if first else ''}")
    for line in rest.splitlines():
        print(f"       {line}")
    sys.stdout.flush()


def _watch_the_clock():
    """Ends the script a little before CTest would kill it, so that it can still clean up."""
    limit = int(os.environ.get("POSTERN_TEST_TIMEOUT", "0"))

    def give_up(signum, _frame):
        print(f"FAIL the script was stopped by {signal.Signals(signum).name}", flush=True)
        _clean_up()
        os._exit(1)

    for signum in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, give_up)
    if limit:
        signal.alarm(limit)


@contextlib.contextmanager
def leaving_nothing():
    """Around all that a script does: at its end, in time or not, everything that was owned is gone."""
    _watch_the_clock()
    try:
        yield
    finally:
        _clean_up()


def _selected(patterns):
    if not patterns:
        return _cases
    return [c for c in _cases if any(fnmatch.fnmatch(c[0], p + "*") for p in patterns)]


def main(jobs=4, quiet=False):
    """Runs the cases, prints a line each (or `quiet`: each that is not well) and a summary, and exits."""
    arguments = sys.argv[1:]
    if arguments == ["--list"]:
        print("\n".join(name for name, _ in _cases + _last_cases))
        sys.exit(0)
    if "-j" in arguments:
        at = arguments.index("-j")
        jobs = int(arguments[at + 1])
        del arguments[at : at + 2]
    cases = _selected(arguments)
    counts = {"ok": 0, "FAIL": 0, "SKIP": 0}

    def count(result):
        counts[result[1]] += 1
        if not quiet or result[1] != "ok":
            report(*result)

    with leaving_nothing(), concurrent.futures.ThreadPoolExecutor(max_workers=jobs) as pool:
        running = [pool.submit(run_one, *entry) for entry in cases]
        for done in concurrent.futures.as_completed(running):
            count(done.result())
        # Still with the workers alive: a process that one of them started ends with its thread.
        for entry in _last_cases:
            count(run_one(*entry))
    print(f"{counts['ok']} passed, {counts['FAIL']} failed, {counts['SKIP']} skipped, of {sum(counts.values())}")
    sys.stdout.flush()
    if counts["FAIL"] or not cases:
        sys.exit(1)
    sys.exit(0 if counts["ok"] else SKIP_STATUS)
