"""Where the programs of Debian's packages are that the tests run as private instances: Postfix, Cyrus SASL.

Installing Postfix would start a mail server on the developer's machine and make it the system's own. So ./dev only
unpacks the packages, into build/peers; a test starts what is there with a configuration and a queue of its own.
Where the packages are installed anyway, those are taken.
"""

import os
import shutil
from pathlib import Path

INSTALLED = Path("/")
UNPACKED = Path(__file__).resolve().parents[3] / "build" / "peers" / "root"
PROGRAMS = ("usr/lib/postfix/sbin/master", "usr/sbin/saslpasswd2")


def find():
    """The folder that stands for / in the paths of the packages, or None where they are not all there."""
    for root in (INSTALLED, UNPACKED):
        if all((root / program).exists() for program in PROGRAMS):
            return root
    return None


def place(folder):
    """As find(), but where the users that Postfix becomes can read it too: a home is often closed to them."""
    root = find()
    if root == UNPACKED:
        root = Path(folder) / "peers"
        shutil.copytree(UNPACKED, root, symlinks=True)
    return root


def environment(root):
    """What these programs need in their environment: unpacked, they find neither libraries nor plug-ins.

    Postfix hands on to its daemons only what `import_environment` in main.cf names.
    """

    def joined(*patterns):
        return ":".join(str(path) for pattern in patterns for path in root.glob(pattern))

    variables = dict(os.environ)
    if root != INSTALLED:
        variables["LD_LIBRARY_PATH"] = joined("usr/lib/*-linux-gnu*", "lib/*-linux-gnu*", "usr/lib/postfix")
        variables["SASL_PATH"] = joined("usr/lib/*-linux-gnu*/sasl2")
    return variables
