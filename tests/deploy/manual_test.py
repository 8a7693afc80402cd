#!/usr/bin/env python3
"""The manual pages, as they were built: their checkers are content, and what --help says of is in them."""

import os
import re
from pathlib import Path

from ground import ROOT, gateway, harness, run_tool, system_tool
from lib.harness import case, check, check_equal, main

PAGES = Path(os.environ.get("POSTERN_PAGES", ROOT / "build" / "release"))
NAMES = ("postern.1", "postern.json.5")


def page(name):
    return (PAGES / name).read_text()


def items(text):
    """What a list's items are called, as they were before roff."""
    return [name.replace("\\-", "-") for name in re.findall(r"^\.TP\n\.B (\S+)$", text, re.M)]


def helped():
    status, output, _ = gateway.run("--help")
    check_equal(status, 0)
    return output


@case("mandoc finds nothing to warn of")
def mandoc():
    run_tool(system_tool("mandoc"), "-Tlint", "-Wwarning", *[PAGES / name for name in NAMES])


@case("groff finds nothing to warn of")
def groff():
    program = system_tool("groff")
    for name in NAMES:
        said = run_tool(program, "-man", "-ww", "-Tutf8", "-z", "-k", PAGES / name)
        check_equal(said, "", name)


@case("every option of --help is in postern.json(5), with its default, and no other")
def options():
    wanted = re.findall(r"^  POSTERN_(\w+?)(?:\[_FILE\])?(?: \((.*)\))?$", helped(), re.M)
    check_equal(items(page("postern.json.5")), [name.lower() for name, _ in wanted])
    text = page("postern.json.5").replace("\\-", "-")
    for name, preset in wanted:
        entry = text.split(f"\n.B {name.lower()}\n", 1)[1].split("\n.TP\n", 1)[0]
        check(not preset or f"\nDefault: {preset}" in entry, f"{name}: {entry}")


@case("every command and every problem is in postern(1)")
def commands():
    commands = re.findall(r"^  ([a-z]+) +[a-z]", helped().split("\n\n")[2], re.M)
    problems = re.findall(r'^ +ROW\(\w+, "([a-z-]+)"', (ROOT / "base" / "fault.h").read_text(), re.M)
    listed = items(page("postern.1"))
    for name in [*commands, *problems]:
        check(name in listed or name == "none", name)
    check("sandbox" in commands and "outcome-unknown" in problems, "the tables were not found")


@case("the version is the program's")
def version():
    status, output, _ = gateway.run("--version")
    for name in NAMES:
        check(f'"Postern {output.split()[1]}"' in page(name), name)
        check("@" not in page(name).replace("@host", "").replace("@example", "").replace("@smtp", ""), name)


if __name__ == "__main__":
    harness.check(PAGES.is_dir(), f"{PAGES} is not there")
    main()
