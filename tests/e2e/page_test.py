#!/usr/bin/env python3
"""The sandbox's page in Debian's Chromium: the groups of tests/browser, each with a sandbox of its own.

Chromium is unpacked by ./dev into build/peers/chromium, playwright-core and axe-core come from npm as tests/browser
pins them. Screenshots are kept in build/screenshots, to be looked at.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

from lib import gateway, harness
from lib.gateway import Gateway, message
from lib.harness import Failure, Skip, check_equal, main, table
from lib.keys import KeyFile, bearer, entry

ROOT = Path(__file__).resolve().parents[2]
BROWSER = ROOT / "tests" / "browser"
CHROMIUM = ROOT / "build" / "peers" / "chromium" / "complete"
MODULES = ROOT / "build" / "peers" / "browser-node" / "node_modules" / "playwright-core"
FONTS = Path("/etc/fonts/fonts.conf")  # without them a page with text ends Chromium
SCREENSHOTS = ROOT / "build" / "screenshots"


def need_browser():
    if not shutil.which("node"):
        raise Skip("needs node")
    if not MODULES.exists():
        raise Skip("needs playwright-core, which ./dev test fetches from npm")
    if not CHROMIUM.exists() and not shutil.which("chromium"):
        raise Skip("needs chromium, which ./dev test unpacks")
    if not FONTS.exists():
        raise Skip("needs fontconfig-config and fonts-dejavu-core")


KEY = "a key for the page, and for nothing else"


def with_keys():
    return {"api_keys_file": KeyFile(entry("page", KEY, ["send", "sandbox"])).path}


def smtp_port(running):
    return running.post(message(), bearer(KEY)).json()["upstream"]["port"]


def told(line):
    """A case as the group tells it: its name, and what was wrong."""
    result = json.loads(line)
    verdict = "FAIL" if result["failure"] else "ok  "
    return f"  {verdict} {result['name']} ({result['seconds']:.1f} s)\n{result['failure'] or ''}".rstrip()


def run_group(row):
    need_browser()
    with Gateway(command="sandbox", log_level="warn", **row.options()) as running:
        port = smtp_port(running)
        gateway.request(running.address, "DELETE", "/sandbox/messages", headers=bearer(KEY))
        done = subprocess.run(
            ["node", str(BROWSER / "run.mjs"), row.name, running.url(""), str(port), str(SCREENSHOTS)],
            capture_output=True,
            timeout=harness.seconds(280),
            env={**os.environ, "NODE_NO_WARNINGS": "1", "POSTERN_TEST_KEY": KEY},
            check=False,
        )
        report = "\n".join(told(line) for line in done.stdout.decode().split("\n") if line)
        if "FAIL" in report:
            raise Failure(report)
        check_equal(done.returncode, 0, f"exit status ({done.stderr.decode(errors='replace')[-1500:]})")
        print(report)


GROUPS = {
    "looks": dict,
    "list": dict,
    "hostile": dict,
    "message": dict,
    "compose": dict,
    "rehearse": dict,
    "keyboard": dict,
    "key": with_keys,
}
table([SimpleNamespace(name=name, options=options) for name, options in GROUPS.items()], run_group)

if __name__ == "__main__":
    main(jobs=2)
