#!/usr/bin/env python3
"""redirect_to: every message goes to one address, whatever its form, and no other is ever named to the relay."""

import email
import email.policy
import json

from lib import gateway
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main
from lib.raw_http import exchange, post
from lib.scripted_relay import ScriptedRelay

STAGING = "staging@test.example"
PEOPLE = ["bob@example.net", "carol@example.net", "dave@secret.example"]
FIELDS = message(to=["Bob <bob@example.net>"], cc="carol@example.net", bcc=["dave@secret.example"])
FINISHED = b"From: ann@example.com\r\nTo: bob@example.net\r\nSubject: x\r\n\r\nx\r\n"
FORM = b'--xx\r\nContent-Disposition: form-data; name="message"\r\n\r\n%s\r\n--xx--\r\n'
REQUESTS = {
    "JSON": post(json.dumps(FIELDS).encode()),
    "form": post(FORM % json.dumps(FIELDS).encode(), b"", b"Content-Type: multipart/form-data; boundary=xx\r\n"),
    "rfc822": post(
        FINISHED,
        b"",
        b"Content-Type: message/rfc822\r\n",
        ("/v1/messages?" + "&".join(f"to={address}" for address in PEOPLE)).encode(),
    ),
}


def redirecting(relay, **options):
    return Gateway(relay, redirect_to=STAGING, **options)


def named_to(relay):
    """Every word that the relay was told before the message."""
    commands = [command.text for connection in relay.connections for command in connection.commands]
    return [text for text in commands if text.upper().startswith(("RCPT", "VRFY", "EXPN"))]


def play(name):
    with ScriptedRelay() as relay, redirecting(relay) as running:
        answer, _ = exchange(running.address, REQUESTS[name])
        check_equal(answer.status, 200, f"status ({answer})")
        told = answer.json()
        check_equal([(r["email"], r["status"]) for r in told["recipients"]], [(STAGING, "accepted")], "the receipt")
        check_equal(named_to(relay), [f"RCPT TO:<{STAGING}>"], "what the relay was told")
        check_equal([m.recipients for m in relay.messages], [[STAGING]], "recipients")
        sent = email.message_from_bytes(relay.messages[0].content, policy=email.policy.SMTP)
        check_equal(sent["X-Original-To"], ", ".join(PEOPLE), "X-Original-To")
        check("bob@example.net" in sent["To"], "To is another")
        check_equal((sent["Cc"], sent["Bcc"]), (None if name == "rfc822" else "carol@example.net", None), "Cc, Bcc")


for form in REQUESTS:
    case(f"{form}: only the one address is named to the relay, and told in the receipt")(lambda form=form: play(form))


@case("a dry run shows the envelope as it would be")
def dry_run():
    with ScriptedRelay() as relay, redirecting(relay) as running:
        told = running.post(FIELDS, dry_run="true").json()
        check_equal(told["envelope"]["to"], [STAGING], "envelope")
        check("X-Original-To: bob@example.net, carol@example.net," in told["message"], told["message"])


@case("a refusal is told for the message as a whole, for none of its fields names the address")
def refused():
    with ScriptedRelay(steps={"rcpt": "550 5.1.1 Unknown"}) as relay, redirecting(relay) as running:
        answer = running.post(FIELDS)
        told = answer.json()
        check_equal((answer.status, [error["pointer"] for error in told["errors"]]), (422, [""]))
        check_equal([recipient["email"] for recipient in told["recipients"]], [STAGING])


@case("what the recipients would have needed of the relay is not asked for")
def needs():
    with ScriptedRelay() as relay, redirecting(relay) as running:
        answer = running.post(message(to=None, bcc=["b\u00f8b@example.net"]))
        check_equal(answer.status, 200, f"status ({answer.summary()})")
        check(b"X-Original-To: =?" in relay.messages[0].content, "the address is not encoded")
        many = [f"r{number}@example.net" for number in range(300)]
        check_equal(running.post(message(bcc=many)).status, 200, "status of 301 recipients")
        check_equal(len(named_to(relay)), 2, "RCPT commands")
        field = email.message_from_bytes(relay.messages[1].content, policy=email.policy.SMTP)["X-Original-To"]
        check(field.startswith("bob@example.net, r0@") and field.endswith(", and others"), field)


@case("several relays, postern send: the same")
def other_ways():
    with ScriptedRelay(steps={"mail": "451 4.3.0 Later"}) as first, ScriptedRelay() as second:
        with redirecting(f"{first.url()} {second.url()}") as running:
            check_equal(running.post(FIELDS).status, 200, "status")
        check_equal({*named_to(first), *named_to(second)}, {f"RCPT TO:<{STAGING}>"}, "what the relays were told")
        options = {"smtp_url": second.url(), "redirect_to": STAGING}
        status, out, _ = gateway.run("send", stdin=json.dumps(FIELDS).encode(), options=options)
        check_equal((status, [r["email"] for r in json.loads(out)["recipients"]]), (0, [STAGING]))


@case("an address that is none stops the start")
def no_address():
    options = {"smtp_url": "smtp://127.0.0.1:1?tls=none", "redirect_to": "Staging <staging@test.example>"}
    status, _, errors = gateway.run("serve", options=options)
    check_equal((status, "option redirect_to: " in errors), (78, True), errors)


if __name__ == "__main__":
    main(jobs=4)
