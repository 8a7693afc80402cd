"""Canaries: words that stand nowhere else, planted wherever something secret goes in, and looked for wherever something
comes out.

Who may see what:

    credentials   nobody but who they are for: no answer, no log at any level, no metric, no span, no message of a
                  command
    contents      the caller, in answers to what he sent: the relay's own words are handed to him as they came, and a
                  dry run shows what he asked for. Nobody else: no log at any level, no metric or span, no problem that
                  Postern itself words, no transcript but in such words of the relay
    addresses     the caller; the log, where the relay names them or the dialogue of a failure is logged (debug)

Contents are subject, bodies, calendar, attachments, file names and values of header fields.

What a relay says may hold either. Credentials are covered with "*" in all that it says, from its greeting on
(smtp/redact: runs of 8 octets of the password, the token and what is said with them, as they are and as base64; of a
shorter secret the whole, from 4 octets on). Contents are covered in what is logged of it (service/relays/quote: runs
of 8 octets of what the caller gave). Beyond both is a relay that puts them into other words, or encodes them
otherwise: it knows them, and whoever runs it can write into the log what he likes.
"""

import base64
import secrets
import string

from .gateway import message
from .harness import Failure

TRACE = 12  # octets


def canary():
    """Letters and digits only, so that no encoding but base64 changes it; no part of one stands in another."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(32))


CREDENTIALS = {
    name: canary() for name in ("password", "token", "proxy", "apikey", "dkim", "oauthcommand", "spare", "header")
}
CONTENTS = {
    name: canary()
    for name in ("subject", "text", "html", "attachment", "filename", "headervalue", "calendar", "unsubscribe")
}


def encoded(secret):
    """As it is, as hexadecimal digits, and as base64 wherever it begins in the octets that are encoded."""
    yield from (secret, secret.encode().hex())
    for lead in range(3):
        text = base64.b64encode(b"-" * lead + secret.encode()).decode()
        yield text[4 if lead else 0 : -4]


def parts_of(secret):
    """Every run that is long enough to be known again."""
    return {form[at : at + TRACE] for form in encoded(secret) for at in range(len(form) - TRACE + 1)}


PARTS = {secret: parts_of(secret) for secret in (*CREDENTIALS.values(), *CONTENTS.values())}


def traces(text, canaries):
    """The names of the canaries of which there is a trace."""
    text = text if isinstance(text, str) else text.decode("utf-8", "replace")
    return sorted(name for name, secret in canaries.items() if any(part in text for part in PARTS[secret]))


def hold(where, text, *kinds):
    text = text if isinstance(text, str) else text.decode("utf-8", "replace")
    for canaries in kinds:
        found = traces(text, canaries)
        if found:
            lines = [line for line in text.splitlines() if traces(line, canaries)]
            raise Failure(f"LEAK in {where}: {', '.join(found)}: {(lines or [text])[0][:1500]}")


def full_message(**more):
    """With a canary wherever contents go."""
    attachment = base64.b64encode(f"{CONTENTS['attachment']}\n".encode()).decode()
    fields = {
        "subject": CONTENTS["subject"],
        "text": f"{CONTENTS['text']}\n",
        "html": f"<p>{CONTENTS['html']}</p>",
        "headers": {"X-Case": CONTENTS["headervalue"]},
        "attachments": [{"filename": f"{CONTENTS['filename']}.txt", "content": attachment}],
        "calendar": {
            "content": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REQUEST\r\nBEGIN:VEVENT\r\n"
            f"SUMMARY:{CONTENTS['calendar']}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
        },
        "list_unsubscribe": {"url": f"https://example.com/{CONTENTS['unsubscribe']}"},
    }
    return message(**{**fields, **more})


def hold_outside(running, *kinds):
    """Whatever the world sees of a gateway but its answers to callers."""
    hold("the log", running.log(), *kinds)
    for path in ("/metrics", "/readyz", "/livez"):
        hold(path, running.get_admin(path).body, *kinds)


def everything(response):
    """An answer with its header."""
    return str(response.headers) + response.body.decode("utf-8", "replace")
