"""The server's side of SASL (RFC 4422), for the scripted relay.

A mechanism is a generator: it yields challenges, is sent responses, and returns whether they were right. The first
challenge of a mechanism in which the client speaks first is empty; an initial response answers it.
"""

import hashlib
import hmac
import re

from .scram import ScramServer

INITIAL = b""


def plain(relay, _session):
    """RFC 4616."""
    response = yield INITIAL
    return response.split(b"\0")[1:] == [relay.username.encode(), relay.password.encode()]


def login(relay, _session):
    answers = {}
    for prompt in relay.login_prompts:
        answers["user" in prompt.lower()] = yield prompt.encode()
    return answers == {True: relay.username.encode(), False: relay.password.encode()}


def cram_md5(relay, _session):
    """RFC 2195."""
    challenge = b"<1896.697170952@relay.test>"
    response = yield challenge
    digest = hmac.new(relay.password.encode(), challenge, hashlib.md5).hexdigest()
    return response == f"{relay.username} {digest}".encode()


def bearer(relay, _session):
    """XOAUTH2, and OAUTHBEARER (RFC 7628): a refusal is a challenge, which the client answers before the 535."""
    response = yield INITIAL
    token = re.search(rb"\x01auth=Bearer ([^\x01]*)\x01", response)
    if token and token[1] == relay.password.encode():
        return True
    yield b'{"status":"invalid_token"}'
    return False


def external(_relay, session):
    yield INITIAL
    return session.record.has_client_certificate


def scram(mechanism):
    def converse(relay, session):
        binding = session.wire.tls.get_channel_binding("tls-unique") if mechanism.endswith("-PLUS") else None
        offers_binding = any(name.endswith("-PLUS") for name in relay.mechanisms)
        server = ScramServer(mechanism, relay.username, relay.password, relay.scram_faults, binding, offers_binding)
        challenge = INITIAL
        while challenge is not None:
            challenge = server.respond((yield challenge))
        return server.accepted

    return converse


MECHANISMS = {
    "PLAIN": plain,
    "LOGIN": login,
    "CRAM-MD5": cram_md5,
    "XOAUTH2": bearer,
    "OAUTHBEARER": bearer,
    "EXTERNAL": external,
    **{name: scram(name) for name in ("SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS")},
}


def start(mechanism, relay, session):
    """The exchange; None for a mechanism that the relay has not."""
    known = mechanism in MECHANISMS and mechanism in relay.mechanisms
    return MECHANISMS[mechanism](relay, session) if known else None
