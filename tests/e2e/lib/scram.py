"""The relay's half of SCRAM (RFC 5802, 7677), honest or not.

A server answers each message of the client's, both without base64; None says that the exchange has ended, and
`accepted` whether the client has proved that it knows the password. A fault is data:

    ScramServer("SCRAM-SHA-256", "ann", "s3cret", {"iterations": 1})

    iterations   the count that is asked for
    nonce        in place of the client's and ours together
    salt         as base64, in place of our own
    first        the whole of the first message; {nonce} is the right one
    signature    bytes in place of the right ones in v=
    final        the whole of the last message; {signature} is the right one, as base64
    early        the exchange ends before the last message

A -PLUS mechanism wants `binding`, what the client must have bound to: Python's ssl gives out tls-unique (TLS 1.2) but
not tls-exporter, so that a test over TLS 1.3 needs another server.
"""

import base64
import hashlib
import hmac
import secrets

DIGESTS = {"SCRAM-SHA-256": "sha256", "SCRAM-SHA-1": "sha1"}
FAULTS = {"iterations", "nonce", "salt", "first", "signature", "final", "early"}
SALT = b"16 octets: salt!"


def attributes_of(message):
    """ "n=ann,r=abc" as a dict; names that come twice, or parts without a name, are no message."""
    pairs = [part.split("=", 1) for part in message.split(",")]
    if any(len(pair) != 2 or len(pair[0]) != 1 for pair in pairs) or len({name for name, _ in pairs}) != len(pairs):
        raise ValueError(f"not a SCRAM message: {message!r}")
    return dict(pairs)


def unescape(name):
    return name.replace("=2C", ",").replace("=3D", "=")


class ScramServer:
    def __init__(self, mechanism, username, password, faults=None, binding=None, offers_binding=False):
        self.faults = dict(faults or {})
        if self.faults.keys() - FAULTS:
            raise ValueError(f"SCRAM has no faults {sorted(self.faults.keys() - FAULTS)}")
        self.digest = DIGESTS[mechanism.removesuffix("-PLUS")]
        self.is_bound = mechanism.endswith("-PLUS")
        self.username, self.password = username, password
        self.binding, self.offers_binding = binding, offers_binding
        self.accepted = False
        self.why = None  # the exchange was refused
        self.steps = [self.answer_first, self.answer_final]

    def respond(self, message):
        """The next challenge, as bytes; None where there is none: see `accepted`."""
        if not self.steps:
            return None
        try:
            answer = self.steps.pop(0)(message.decode())
        except (ValueError, KeyError) as error:
            self.why, self.steps, answer = str(error), [], None
        return None if answer is None else answer.encode("utf-8", "surrogateescape")

    def refuse(self, why):
        raise ValueError(why)

    def check_gs2(self, flag, authzid):
        """RFC 5802 6: "y" where binding was on offer means that somebody took the offer out."""
        if self.is_bound != flag.startswith("p="):
            self.refuse(f"the binding flag {flag!r} does not go with the mechanism")
        if flag == "y" and self.offers_binding:
            self.refuse("the client did not see that binding was offered")
        if not self.is_bound and flag not in ("n", "y"):
            self.refuse(f"no binding flag: {flag!r}")
        if authzid:
            self.refuse("an authorization identity was not expected")

    def answer_first(self, message):
        flag, authzid, self.first_bare = message.split(",", 2)
        self.check_gs2(flag, authzid)
        self.gs2_header = f"{flag},{authzid},"
        attributes = attributes_of(self.first_bare)
        self.named = unescape(attributes["n"])
        self.nonce = attributes["r"] + secrets.token_urlsafe(18)
        self.iterations = self.faults.get("iterations", 4096)
        self.server_first = self.faults.get("first", "r={nonce},s={salt},i={iterations}").format(
            nonce=self.faults.get("nonce", self.nonce),
            salt=self.faults.get("salt", base64.b64encode(SALT).decode()),
            iterations=self.iterations,
        )
        return self.server_first

    def mac(self, key, text):
        return hmac.new(key, text, self.digest).digest()

    def check_proof(self, salted, auth_message, proof):
        client_key = self.mac(salted, b"Client Key")
        stored_key = hashlib.new(self.digest, client_key).digest()
        signature = self.mac(stored_key, auth_message)
        right = bytes(a ^ b for a, b in zip(client_key, signature, strict=True))
        return hmac.compare_digest(base64.b64decode(proof, validate=True), right)

    def answer_final(self, message):
        without_proof, proof = message.rsplit(",p=", 1)
        attributes = attributes_of(without_proof)
        bound_to = self.gs2_header.encode() + ((self.binding or b"") if self.is_bound else b"")
        if base64.b64decode(attributes["c"], validate=True) != bound_to:
            self.refuse("the client is bound to another channel")
        if attributes["r"] != self.nonce:
            self.refuse("the client has another nonce")
        salted = hashlib.pbkdf2_hmac(self.digest, self.password.encode(), SALT, self.iterations)
        auth_message = ",".join((self.first_bare, self.server_first, without_proof)).encode()
        if self.named != self.username or not self.check_proof(salted, auth_message, proof):
            self.refuse("the client does not know the password")
        self.accepted = True
        if self.faults.get("early"):
            return None
        signature = self.mac(self.mac(salted, b"Server Key"), auth_message)
        shown = base64.b64encode(self.faults.get("signature", signature)).decode()
        return self.faults.get("final", "v={signature}").format(signature=shown)
