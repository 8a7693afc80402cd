"""API keys for a gateway under test: a file of them, and the header that shows one."""

import hashlib
import json
import os

from . import harness


def digest(key):
    return hashlib.sha256(key.encode()).hexdigest()


def entry(name, key, scopes=("send",), **members):
    """A key as the file has it; a member is named as there, but for `from_`."""
    members = {member.rstrip("_"): value for member, value in members.items()}
    return {"name": name, "sha256": digest(key), "scopes": list(scopes), **members}


def bearer(key):
    return {"Authorization": f"Bearer {key}"}


class KeyFile:
    """The file, in a folder of its own."""

    def __init__(self, *entries, mode=0o600):
        self.path = os.path.join(harness.make_folder(), "keys.json")
        self.write(json.dumps({"keys": entries}))
        os.chmod(self.path, mode)

    def write(self, text):
        """Put in place of the old one at once, as a careful editor does."""
        fresh = self.path + ".new"
        with open(fresh, "w", encoding="utf-8", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(text)
        os.rename(fresh, self.path)

    def keep(self, *entries):
        self.write(json.dumps({"keys": entries}))
