"""What the tests of deploy/ stand on: the end-to-end harness, the tools of ./dev, the program as judge of options."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

from lib import gateway, harness  # noqa: E402

PREFIX = "POSTERN_"


def tool(name):
    """A program of the pinned tools from PyPI (tests/tools/python-deploy.txt)."""
    path = ROOT / "build" / "tools" / "python-deploy" / "bin" / name
    if not os.access(path, os.X_OK):
        raise harness.Skip(f"{name} is not there: ./dev test fetches it from PyPI")
    return str(path)


def system_tool(name):
    path = shutil.which(name)
    if not path:
        raise harness.Skip(f"{name} is not there")
    return path


def run_tool(*command, **more):
    """What it says, of a tool that must be content."""
    done = subprocess.run(
        [str(word) for word in command],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        **more,
    )
    harness.check(done.returncode == 0, f"{command[0]} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def effective_options(environment):
    """What the program makes of variables: {name: value}. Each must be an option; a secret's file need not be here."""
    with harness.folder() as place:
        stand_in = Path(place) / "file"
        stand_in.write_text("stand=in\n")
        variables = {
            name.removeprefix(PREFIX).lower(): str(stand_in) if is_secret_file(name) else str(value)
            for name, value in environment.items()
        }
        status, output, errors = gateway.run("config", options=variables)
    harness.check_equal((status, errors), (0, ""), "postern config")
    return dict(line.rsplit("  # ", 1)[0].split("=", 1) for line in output.splitlines())


def is_secret_file(name):
    return name.endswith(("PASSWORD_FILE", "TOKEN_FILE", "URL_FILE", "HEADERS_FILE"))
