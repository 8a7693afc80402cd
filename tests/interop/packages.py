"""Where the programs of the servers are: in Debian's packages, unpacked, and in npm's.

Installing a mail server would start it and make it the machine's own, and no two of them can be installed at once. So
./dev only unpacks each server's packages, into build/peers/NAME/root; an instance starts a copy of what is there, with
files of its own. npm's packages are in build/peers/node, as node/package-lock.json pins them.
"""

import os
import shutil
from pathlib import Path

from lib import harness

HERE = Path(__file__).resolve().parent
PEERS = HERE.parents[1] / "build" / "peers"
PROGRAMS = HERE / "programs"  # of our own, around a library


def unpacked(name):
    """The folder that stands for / in the paths of the packages."""
    return PEERS / name / "root"


def need(name, wanted, programs):
    if not all((unpacked(name) / program).exists() for program in programs):
        raise harness.Skip(f"needs Debian's {' and '.join(wanted)}: ./dev interop {name} unpacks them into build/peers")


def need_node(wanted):
    missing = [package for package in wanted if not (PEERS / "node" / "node_modules" / package).exists()]
    if missing:
        raise harness.Skip(f"needs npm's {' and '.join(missing)}, which ./dev interop installs into build/peers/node")
    if wanted and node() is None:
        raise harness.Skip("needs node")


def node():
    return shutil.which("node")


def node_modules():
    return PEERS / "node" / "node_modules"


def place(name, programs, folder):
    """A copy of what is unpacked, or None where there is none: users that a server becomes cannot read every home."""
    if not programs:
        return None
    shutil.copytree(unpacked(name), Path(folder) / "peers", symlinks=True)
    return Path(folder) / "peers"


def environment(root):
    """What these programs need in their environment: unpacked, they find neither libraries nor plug-ins."""

    def joined(*patterns):
        return ":".join(str(path) for pattern in patterns for path in root.glob(pattern))

    variables = {**os.environ, "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    if root:
        variables["LD_LIBRARY_PATH"] = joined("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/postfix")
        variables["SASL_PATH"] = joined("usr/lib/*-linux-gnu*/sasl2")
    return variables
