"""Keys to sign with, their records, and three verifiers that are not ours.

A verifier is a function of messages: for each it gives {selector: (whether it verifies, a remark)}. opendkim and
dkimpy are Debian's, unpacked by ./dev into build/peers/dkim; mailauth is npm's, as tests/dkim/package-lock.json pins
it. None of them asks the network: two are given the records, and opendkim has a name server of its own.
"""

import base64
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from . import gateway, harness, name_server

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ROOT / "tests" / "dkim"
PEERS = ROOT / "build" / "peers"
UNPACKED, NODE = PEERS / "dkim" / "root", PEERS / "dkim-node"

FIELD = re.compile(rb"^DKIM-Signature:.*\r\n(?:[ \t].*\r\n)*", re.MULTILINE | re.IGNORECASE)
SPKI_ED25519_OCTETS = 12  # before the key itself (RFC 8410 4)


# --- Keys


def openssl(*arguments):
    if not shutil.which("openssl"):
        raise harness.Skip("needs openssl")
    return subprocess.run(["openssl", *arguments], capture_output=True, check=True).stdout


def make_key(folder, name, *kind):
    """A private key's file; `kind` as for `openssl genpkey`."""
    path = os.path.join(folder, f"{name}.pem")
    openssl("genpkey", "-out", path, "-algorithm", *(kind or ("RSA", "-pkeyopt", "rsa_keygen_bits:2048")))
    return path


def record_of(path):
    """What is to be published, made by openssl and not by Postern."""
    key = openssl("pkey", "-in", path, "-pubout", "-outform", "DER")
    is_rsa = len(key) > 64
    octets = key if is_rsa else key[SPKI_ED25519_OCTETS:]
    return f"v=DKIM1; k={'rsa' if is_rsa else 'ed25519'}; p={base64.b64encode(octets).decode()}"


# --- Messages


def split(message):
    """(header, body), the empty line with neither."""
    header, _, body = message.partition(b"\r\n\r\n")
    return header + b"\r\n", body


def signatures(message):
    return FIELD.findall(split(message)[0])


def selector_of(field):
    return re.search(rb"[;\s]s=([^;\s]+)", field)[1].decode()


def with_one(message, field):
    """The message with this signature and no other."""
    header, body = split(message)
    return FIELD.sub(lambda match: match[0] if match[0] == field else b"", header) + b"\r\n" + body


# --- Verifiers


def ask(command, records, messages, environment=None):
    with harness.folder() as folder:
        path = os.path.join(folder, "records.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(records, file)
        done = subprocess.run(
            [*command, path],
            input=b"".join(b"%d\n" % len(message) + message for message in messages),
            env={**os.environ, **(environment or {})},
            capture_output=True,
            timeout=harness.seconds(60),
            check=False,
        )
    if done.returncode != 0:
        raise harness.Failure(f"{command} failed: {done.stderr.decode('utf-8', 'replace')[-3000:]}")
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    harness.check_equal(len(answers), len(messages), "answers of the verifier")
    return [{selector: (good, remark) for selector, good, remark in answer} for answer in answers]


def unpacked(program):
    path = UNPACKED / program
    if not path.exists():
        raise harness.Skip(f"needs {path.name}, which ./dev test unpacks from Debian's packages into build/peers/dkim")
    return path


def libraries():
    return ":".join(str(path) for path in UNPACKED.glob("usr/lib/*-linux-gnu*"))


def dkimpy(records, messages):
    packages = unpacked("usr/lib/python3/dist-packages/dkim").parent
    environment = {"PYTHONPATH": str(packages), "LD_LIBRARY_PATH": libraries()}
    return ask([sys.executable, "-B", str(PROGRAMS / "dkimpy_verifier.py")], records, messages, environment)


def mailauth(records, messages):
    if not (NODE / "node_modules" / "mailauth").exists() or not shutil.which("node"):
        raise harness.Skip("needs node, and npm's mailauth, which ./dev test installs into build/peers/dkim-node")
    return ask(["node", str(PROGRAMS / "mailauth_verifier.js"), str(NODE)], records, messages)


def opendkim(records, messages):
    """It tells of one signature, so it is given each alone, and judges by what the name server says."""
    program = unpacked("usr/sbin/opendkim-testmsg")
    gateway.need_namespaces()
    with name_server.NameServer(texts={name: [record] for name, record in records.items()}) as server:
        with harness.folder() as folder:
            files = [(write(folder, "resolv.conf", f"nameserver {server.address}\n"), "/etc/resolv.conf")]
            return [
                {
                    selector_of(field): run_opendkim(program, files, folder, with_one(message, field))
                    for field in signatures(message)
                }
                for message in messages
            ]


def run_opendkim(program, files, folder, message):
    done = subprocess.run(
        [str(program), "-t", folder],
        input=message,
        env={**os.environ, "LD_LIBRARY_PATH": libraries()},
        capture_output=True,
        timeout=harness.seconds(30),
        check=False,
        preexec_fn=functools.partial(gateway.enter_namespace, files),
    )
    return done.returncode == 0, (done.stdout + done.stderr).decode("utf-8", "replace")


def write(folder, name, text):
    path = os.path.join(folder, name)
    with open(path, "w", encoding="ascii") as file:
        file.write(text)
    return path


VERIFIERS = {"opendkim": opendkim, "dkimpy": dkimpy, "mailauth": mailauth}
