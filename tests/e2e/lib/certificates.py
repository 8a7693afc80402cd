"""A test CA and server certificates of every kind, made by openssl(1) at run time, each once a script.

A kind is a row in KINDS. Keys are P-256 unless the row says otherwise, since those are quick to make.
"""

import dataclasses
import os
import subprocess
import threading
from pathlib import Path

from . import harness

LONG_AGO, NOT_LONG_AGO = "20200101000000Z", "20210101000000Z"
FAR, FARTHER = "20980101000000Z", "20990101000000Z"


@dataclasses.dataclass(frozen=True)
class Kind:
    names: str = "DNS:localhost,DNS:relay.test,IP:127.0.0.1,IP:::1"
    common_name: str = "relay.test"
    begins: str = LONG_AGO
    ends: str = FARTHER
    issuer: str = "ca"  # "ca", "other-ca", "intermediate", or "" for self-signed
    key: tuple = ("-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
    digest: str = "sha256"
    usage: str = "serverAuth"
    chain: bool = True  # the server sends the intermediate, where there is one


def _dns_with_nul(before, after):
    """An RFC 5280 GeneralNames of one dNSName that holds a NUL octet."""
    name = before + b"\0" + after
    body = bytes([0x82, len(name)]) + name
    return "DER:" + ":".join(f"{octet:02X}" for octet in bytes([0x30, len(body)]) + body)


KINDS = {
    "good": Kind(),
    "other-name": Kind(names="DNS:other.example", common_name="other.example"),
    "expired": Kind(ends=NOT_LONG_AGO),
    "not-yet-valid": Kind(begins=FAR),
    "self-signed": Kind(issuer=""),
    "unknown-ca": Kind(issuer="other-ca"),
    "intermediate": Kind(issuer="intermediate"),
    "missing-intermediate": Kind(issuer="intermediate", chain=False),
    "common-name-only": Kind(names="", common_name="relay.test"),
    "common-name-is-the-address": Kind(names="", common_name="127.0.0.1"),
    "name-but-no-address": Kind(names="DNS:relay.test,DNS:127.0.0.1"),
    "address-only": Kind(names="IP:127.0.0.1", common_name="nobody"),
    "wildcard": Kind(names="DNS:*.relay.test", common_name="nobody"),
    "partial-wildcard": Kind(names="DNS:ma*.relay.test", common_name="nobody"),
    "multi-level-wildcard": Kind(names="DNS:*.*.relay.test", common_name="nobody"),
    "nul-in-name": Kind(names=_dns_with_nul(b"relay.test", b".evil.example"), common_name="nobody"),
    "a-label": Kind(names="DNS:xn--bcher-kva.test", common_name="nobody"),
    "1024-bit": Kind(key=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024")),
    "sha1": Kind(digest="sha1"),
    "client": Kind(names="email:ann@example.com", common_name="ann", usage="clientAuth"),
    "client-of-another": Kind(names="", common_name="eve", usage="clientAuth", issuer="other-ca"),
    "client-expired": Kind(names="", common_name="ann", usage="clientAuth", ends=NOT_LONG_AGO),
    "rsa": Kind(key=("-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048")),
}

_CA_CONFIG = """
[ca]
default_ca = test
[test]
dir = {folder}
database = {folder}/index.txt
new_certs_dir = {folder}
serial = {folder}/serial.txt
rand_serial = yes
policy = any
unique_subject = no
default_md = sha256
[any]
commonName = supplied
[ca_extensions]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
subjectKeyIdentifier = hash
"""


class Certificates:
    """Paths of PEM files: `ca_file`, and `server(kind)` -> (certificate chain, key)."""

    def __init__(self):
        self.folder = harness.make_folder("postern-e2e-ca-")
        self.config = self._write("ca.cnf", _CA_CONFIG.format(folder=self.folder))
        self._write("index.txt", "")
        self._lock = threading.Lock()
        self._made = {}
        for name in ("ca", "other-ca"):
            self._make_authority(name, issuer="")
        self._make_authority("intermediate", issuer="ca")
        self.ca_file = self._path("ca.pem")

    def _path(self, name):
        return os.path.join(self.folder, name)

    def _write(self, name, text):
        path = self._path(name)
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
        return path

    def _openssl(self, *arguments):
        done = subprocess.run(
            ["openssl", *arguments], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"openssl {' '.join(arguments)}:\n{done.stderr}")

    def _make_request(self, name, common_name, key):
        self._openssl("genpkey", *key, "-out", self._path(f"{name}.key"))
        self._openssl(
            *("req", "-new", "-config", self.config, "-subj", f"/CN={common_name}"),
            *("-key", self._path(f"{name}.key"), "-out", self._path(f"{name}.csr")),
        )

    def _sign(self, name, issuer, begins, ends, digest, extensions):
        """`openssl ca` rather than `x509 -req`: only it takes dates in the past."""
        signer = issuer or name
        by = ["-selfsign"] if not issuer else ["-cert", self._path(f"{signer}.pem")]
        self._openssl(
            *("ca", "-batch", "-notext", "-config", self.config, *by, "-keyfile", self._path(f"{signer}.key")),
            *("-startdate", begins, "-enddate", ends, "-md", digest, *extensions),
            *("-in", self._path(f"{name}.csr"), "-out", self._path(f"{name}.pem")),
        )

    def _make_authority(self, name, issuer):
        self._make_request(name, f"Postern test {name}", Kind.key)
        self._sign(name, issuer, LONG_AGO, FARTHER, "sha256", ("-extensions", "ca_extensions"))

    def _make_server(self, name, kind):
        self._make_request(name, kind.common_name, kind.key)
        lines = ["basicConstraints=CA:FALSE", f"extendedKeyUsage={kind.usage}"]
        if kind.names:
            lines.append(f"subjectAltName={kind.names}")
        extensions = self._write(f"{name}.ext", "\n".join(lines) + "\n")
        self._sign(name, kind.issuer, kind.begins, kind.ends, kind.digest, ("-extfile", extensions))
        chain = [self._path(f"{name}.pem")]
        if kind.issuer == "intermediate" and kind.chain:
            chain.append(self._path("intermediate.pem"))
        text = "".join(Path(path).read_text(encoding="ascii") for path in chain)
        return self._write(f"{name}.chain.pem", text), self._path(f"{name}.key")

    def server(self, kind):
        with self._lock:
            if kind not in self._made:
                self._made[kind] = self._make_server(f"server-{kind}", KINDS[kind])
            return self._made[kind]


_shared = None
_shared_lock = threading.Lock()


def shared():
    """The one set of a script, made at first use."""
    global _shared
    with _shared_lock:
        if _shared is None:
            _shared = Certificates()
        return _shared
