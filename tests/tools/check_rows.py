#!/usr/bin/env python3
"""Holds tests/ROWS.md against the tests: every number is there once, and every test that it names exists.

A test is named as `e2e/FILE: beginning of a case's name` (FILE without _test.py), `unit/FLOOR/FILE: function` (without
_test.c), or as a file: `transcripts/FILE`, `mime/FILE`. A breach makes the exit status 1.
"""

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
NUMBERS = {*(f"F{number}" for number in range(1, 168)), *(f"H{number}" for number in range(124, 174))}
# H73 is about what Postern does not have: messages by their id.
NUMBERS |= {f"H{number}" for number in range(63, 79) if number != 73}
NUMBERS |= {"H62", *(f"H{number}" for number in range(54, 60))}
NUMBERS |= {"H180"}
NUMBERS |= {"H60", *(f"H{number}" for number in (*range(1, 54), *range(93, 124)))}
TEST = re.compile(r"`((?:e2e|unit|transcripts|interop|mime)/[^`:]+)(?:: ([^`]+))?`")
FUNCTION = re.compile(r"^static void (\w+)\(void\)", re.MULTILINE)


def is_run(path):
    """An end-to-end test is one of CTest's only where its folder says so."""
    folder, name = path.split("/", 1)
    return folder != "e2e" or f"({name} " in (TESTS / folder / "CMakeLists.txt").read_text(encoding="utf-8")


@cache
def cases_of(path):
    """The names of an end-to-end test's cases, or of a unit test's functions; None where there is no such file."""
    if path.startswith("unit/"):
        file = TESTS / f"{path}_test.c"
        return FUNCTION.findall(file.read_text(encoding="utf-8")) if file.exists() else None
    file = TESTS / f"{path}_test.py"
    if not file.exists() or not is_run(path):
        return None
    done = subprocess.run([sys.executable, "-B", file, "--list"], capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode == 0 else None


def exists(path, name):
    if not name:
        return (TESTS / path).exists()
    cases = cases_of(path)
    return bool(cases) and any(re.match(re.escape(name) + r"(?!\w)", case) for case in cases)


def rows(text):
    """(line number, heading that it stands under, cells) of each row of each table, without their heads."""
    heading = ""
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("#"):
            heading = line.strip("# ")
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == 4 and cells[0] != "row" and not set(cells[0]) <= {"-", " "}:
            yield number, heading, cells


def breaches(text):
    seen = []
    for line, heading, (row, _, tests, _) in rows(text):
        seen.append(row if row in NUMBERS else f"{heading}: {row}")
        named = TEST.findall(tests)
        if not named and not tests.startswith("later"):
            yield line, f"{row} names no test"
        for path, name in named:
            if not exists(path, name):
                yield line, f"{row} names a test that is not there: {path}: {name}"
    for number in sorted(NUMBERS - set(seen)):
        yield 0, f"{number} is missing"
    for row in sorted({row for row in seen if seen.count(row) > 1}):
        yield 0, f"{row} is there twice"


def main():
    count = 0
    for line, what in breaches((TESTS / "ROWS.md").read_text(encoding="utf-8")):
        count += 1
        print(f"tests/ROWS.md:{line}: {what}")
    return 1 if count else 0


if __name__ == "__main__":
    sys.exit(main())
