#!/usr/bin/env python3
"""The rules of the house that no other linter knows: floors, banned functions, and the shape of a file.

A breach is printed as FILE:LINE: what, and makes the exit status 1. What is only long is a warning.
"""

import re
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

# Who may include whom, besides itself. The build enforces the same; this says it in words.
FLOORS = {
    "base": set(),
    "mime": {"base"},
    "smtp": {"base"},
    "api": {"mime", "base"},
    "service": {"api", "smtp", "mime", "base"},
}

BANNED_FUNCTIONS = {
    "strcpy": "use struct buf",
    "strcat": "use struct buf",
    "sprintf": "use struct buf, or snprintf",
    "vsprintf": "use struct buf, or vsnprintf",
    "gets": "use fgets",
    "strtok": "use struct str",
    "atoi": "use strtol, and check it",
    "gmtime": "use gmtime_r",
    "localtime": "use localtime_r",
    "strerror": "use strerror_r",
}

MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60

CODE = {".c", ".h", ".py", ".sh", ".js", ".mjs", ".cmake"}
TEXT = CODE | {".md", ".txt", ".yaml", ".yml", ".json"}
TEXT_NAMES = {"dev", "run", "chroot", "Dockerfile"}
SKIPPED_FOLDERS = {"build", ".git", "node_modules", "__pycache__"}

BANNED_CALL = re.compile(r"(?<![\w.>])(" + "|".join(BANNED_FUNCTIONS) + r")\s*\(")
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"')
UNFINISHED = re.compile(r"\b(" + "|".join(["TO" + "DO", "FIX" + "ME", "XX" + "X"]) + r")\b")
STRING_OR_COMMENT = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|//[^\n]*|/\*.*?\*/', re.DOTALL)


def our_files():
    for path in sorted(ROOT.rglob("*")):
        inside = path.relative_to(ROOT)
        if not SKIPPED_FOLDERS & set(inside.parts) and path.is_file() and not path.is_symlink():
            yield inside


def without_strings_and_comments(source):
    """The code alone, every line where it was."""
    return STRING_OR_COMMENT.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), source)


def check_text(path, lines):
    for number, line in enumerate(lines, 1):
        if "\t" in line:
            yield number, "a tab"
        if line != line.rstrip():
            yield number, "white space at the end of a line"


def check_unfinished(path, lines):
    for number, line in enumerate(lines, 1):
        if UNFINISHED.search(line):
            yield number, "unfinished work: do it, or open an issue"


def check_banned_functions(path, lines):
    for number, line in enumerate(without_strings_and_comments("\n".join(lines)).split("\n"), 1):
        for call in BANNED_CALL.finditer(line):
            yield number, f"{call[1]} is banned: {BANNED_FUNCTIONS[call[1]]}"


def check_includes(path, lines):
    floor = path.parts[0]
    allowed = FLOORS[floor] | {floor}
    for number, line in enumerate(lines, 1):
        include = INCLUDE.match(line)
        if include and ".." in Path(include[1]).parts:
            yield number, "include by floor and name, never by ../"
        elif include and include[1].split("/")[0] not in allowed:
            yield number, f"{floor} may not include {include[1]}: only {', '.join(sorted(allowed))}"


def long_functions(lines):
    """Starts at a brace in the first column, ends at the next one: clang-format sees to that."""
    start = None
    for number, line in enumerate(lines, 1):
        if line == "{":
            start = number
        elif line == "}" and start is not None:
            if number - start - 1 > MAX_FUNCTION_LINES:
                yield start, f"a function of {number - start - 1} lines"
            start = None


def checks_for(path):
    if path.suffix in TEXT or path.name in TEXT_NAMES:
        yield check_text
    if path.suffix in CODE or path.name in TEXT_NAMES:
        yield check_unfinished
    if path.suffix in {".c", ".h"}:
        yield check_banned_functions
        if path.parts[0] in FLOORS:
            yield check_includes


def warnings_for(path, lines):
    if path.suffix not in {".c", ".h"} or path.parts[0] not in FLOORS:
        return
    if len(lines) > MAX_FILE_LINES:
        yield 1, f"a file of {len(lines)} lines"
    yield from long_functions(lines)


def main():
    breaches = 0
    for path in our_files():
        checks = list(checks_for(path))
        if not checks:
            continue
        lines = (ROOT / path).read_text(encoding="utf-8").split("\n")
        for check in checks:
            for number, what in check(path, lines):
                breaches += 1
                print(f"{path}:{number}: {what}")
        for number, what in warnings_for(path, lines):
            print(f"warning: {path}:{number}: {what}")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
