#!/usr/bin/env python3
"""The pages for those who run Postern, held against it: each option is one, each problem has its row, each link its
end, and what is to be typed is what the program takes."""

import json
import re
import shlex
import subprocess
import tempfile

from ground import DEPLOY, ROOT, effective_options, gateway
from lib.harness import case, check, check_equal, main, table

PAGES = sorted(DEPLOY.rglob("*.md"))
EVERYTHING = [path for path in sorted(DEPLOY.rglob("*")) if path.is_file() and "secrets" not in path.parts]
# What Kubernetes gives, and what stands for no option in a sentence.
NO_OPTIONS = {"POSTERN_X_PORT", "POSTERN_TESTS"}


class Page:
    def __init__(self, path):
        self.path = path
        self.name = f"{path.relative_to(ROOT)}: what is to be typed is right"
        self.text = path.read_text()

    def blocks(self, language):
        return re.findall(rf"^```{language}\n(.*?)^```$", self.text, re.M | re.S)


def fault_rows():
    """{code: statuses} of base/fault.h."""
    found = {}
    rows = re.findall(r'ROW\(\w+, "([a-z-]+)", (\d+),', (ROOT / "base" / "fault.h").read_text())
    for code, status in rows:
        if code != "none":
            found.setdefault(code, set()).add(status)
    return found


@case("every problem code has its row in where-is-my-mail.md, with its statuses, and no other")
def problems():
    text = (DEPLOY / "where-is-my-mail.md").read_text()
    rows = re.findall(r"^\| `([a-z-]+)` \| ([\d, ]+) \|", text, re.M)
    told = {code: set(statuses.strip().split(", ")) for code, statuses in rows}
    check_equal(len(told), len(rows), "rows")
    check_equal(told, fault_rows())


@case("every option that is named anywhere in deploy/ is one")
def options():
    _, said, _ = gateway.run("--help")
    known = set()
    for name, twin in re.findall(r"^  (POSTERN_\w+?)(\[_FILE\])?(?: \(.*\))?$", said, re.M):
        known |= {name, name + "_FILE"} if twin else {name}
    check(len(known) > 60, f"--help names {len(known)}")
    for path in EVERYTHING:
        named = set(re.findall(r"\bPOSTERN_[A-Z_]+[A-Z]\b", path.read_text()))
        if path.suffix not in {".c", ".cmake"}:
            check_equal(sorted(named - known - NO_OPTIONS), [], str(path.relative_to(ROOT)))


@case("every link within the project leads to something")
def links():
    for path in PAGES:
        text = path.read_text()
        headings = {re.sub(r"[^\w -]", "", one.lower()) for one in re.findall(r"^#+ (.*)$", text, re.M)}
        for target in re.findall(r"\]\(([^)]+)\)", text):
            if target.startswith("#"):
                check(target[1:].replace("-", " ") in headings, f"{path.name}: {target}")
            elif "://" not in target:
                check((path.parent / target.split("#")[0]).exists(), f"{path.name}: {target}")


def typed(page):
    """Assignments are what the program takes; the rest is shell that parses."""
    for block in page.blocks("sh"):
        subprocess.run(["bash", "-n", "-c", block], check=True, capture_output=True)
    variables = [assignments(block) for block in page.blocks("sh")]
    for one in filter(None, variables):
        effective_options(one)
    if page.path.parent.name == "relays":
        check(any(variables), "the page sets no option")
        for one in variables:
            if one and ("POSTERN_SMTP_URL" in one or "POSTERN_SMTP_SERVICE" in one):
                check_relay(one)


def assignments(block):
    words = shlex.split(block.replace("\\\n", " "), comments=True)
    return dict(word.split("=", 1) for word in words if re.match(r"POSTERN_\w+=", word) and "$" not in word)


def check_relay(variables):
    """The program makes a relay of them, whose name `postern check` shows."""
    with tempfile.NamedTemporaryFile("w", suffix=".token") as stand_in:
        stand_in.write("stand-in\n")
        stand_in.flush()
        options = {
            name.removeprefix("POSTERN_").lower(): stand_in.name if name.endswith("_FILE") else value
            for name, value in variables.items()
        }
        # Nobody is there: nothing leaves this machine, nor is a mail server on it asked.
        options |= {"timeout_connect": "1s", "timeout_request": "1s", "smtp_proxy": "socks5://127.0.0.1:1"}
        status, said, errors = gateway.run("check", options=options)
    check(status != 78 and "postern:" not in errors, f"{status}: {errors}")
    check(", port " in said, said)


table([Page(path) for path in PAGES], typed)


@case("the example of the configuration file is one that the program takes")
def example():
    with open(DEPLOY / "package" / "postern.json", encoding="utf-8") as file:
        options = json.load(file)
    effective_options({f"POSTERN_{name.upper()}": value for name, value in options.items()})


if __name__ == "__main__":
    main()
