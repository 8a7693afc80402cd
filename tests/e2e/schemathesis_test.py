#!/usr/bin/env python3
"""schemathesis (PyPI, pinned in tests/tools) against a running sandbox: whatever openapi.yaml allows and forbids.

Bounded in examples and time, with a fixed seed. Skipped where ./dev test could not fetch the tool.
"""

import os
import subprocess

from lib import openapi
from lib.gateway import Gateway
from lib.harness import Skip, case, check, main, seconds

EXAMPLES, TIMEOUT_S = 30, 170
SCHEMATHESIS = os.environ.get("POSTERN_SCHEMATHESIS") or os.path.join(openapi.TOOLS, "schemathesis")
# A schema cannot say which addresses are right, so that what it allows may be refused all the same.
EXCLUDED_CHECKS = "positive_data_acceptance"


def run(address, *selection, excluded_checks=EXCLUDED_CHECKS):
    if not os.access(SCHEMATHESIS, os.X_OK):
        raise Skip("needs schemathesis from PyPI, which ./dev test fetches where it can")
    with Gateway(command="sandbox") as running:
        host, port = running.address if address == "main" else running.admin_address
        command = [SCHEMATHESIS, "run", os.path.join(openapi.ROOT, "openapi.yaml"), "--url", f"http://{host}:{port}"]
        command += ["--checks", "all", "--exclude-checks", excluded_checks, "--max-examples", str(EXAMPLES)]
        command += [
            "--seed",
            "1",
            "--no-color",
            "--request-timeout",
            str(seconds(10)),
            "--suppress-health-check",
            "all",
        ]
        # One worker: hypothesis sets the recursion limit, which parsing in another thread trips over.
        command += ["--workers", "1", "--warnings", "off", *selection]
        done = subprocess.run(
            command,
            cwd=running.folder,
            capture_output=True,
            text=True,
            timeout=seconds(TIMEOUT_S),
            env={**os.environ, "HOME": running.folder},
            check=False,
        )
        check(done.returncode == 0, f"schemathesis found something:\n{done.stdout[-15000:]}{done.stderr[-2000:]}")
        print("\n".join(done.stdout.splitlines()[-12:]))


@case("the main listener")
def main_listener():
    """Without /openapi.yaml: schemathesis would judge the document, not the text. Nor what has no end, what waits, and
    what would make the other requests fail."""
    excluded = ["--exclude-path", "/openapi.yaml", "--exclude-path", "/sandbox/events"]
    for operation in ("listCaptured", "setBehaviour"):
        excluded += ["--exclude-operation-id", operation]
    run("main", "--exclude-tag", "admin", *excluded)


@case("rules of behaviour")
def behaviour():
    run("main", "--include-path", "/sandbox/behaviour")


@case("the admin listener")
def admin_listener():
    """/readyz is 503 as long as no relay was looked at."""
    run("admin", "--include-tag", "admin", excluded_checks=f"{EXCLUDED_CHECKS},not_a_server_error")


if __name__ == "__main__":
    main(jobs=2)
