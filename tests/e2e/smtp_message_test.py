#!/usr/bin/env python3
"""Whole dialogues: what a relay gets of a message, and what a caller gets of the dialogue."""

import email
import email.policy

from lib import certificates, oracle
from lib.faults import SENT, expect
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main
from lib.scripted_relay import ScriptedRelay


@case("F122 dots and line ends arrive as they were")
def dots_arrive():
    text = ".\n..\n.lead\n\n.\nlast line\n."
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message(text=text)), SENT)
        parsed = email.message_from_bytes(relay.messages[0].content, policy=email.policy.default)
        check_equal(parsed.get_content().replace("\r\n", "\n").rstrip("\n"), text, "text")
        check_equal(len(relay.messages), 1, "messages")


@case("QQ: the dialogue of a well-known provider")
def qq_dialogue():
    steps = {
        "greeting": "220 smtp.qq.com Esmtp QQ Mail Server",
        "caps": "250-smtp.qq.com\n250-PIPELINING\n250-SIZE 73400320\n250-AUTH LOGIN PLAIN\n250-AUTH=LOGIN\n"
        "250-MAILCOMPRESS\n250 8BITMIME",
        "prompt": ["334 VXNlcm5hbWU6", "334 UGFzc3dvcmQ6"],
        "auth": "235 Authentication successful",
        "mail": "250 Ok",
        "rcpt": "250 Ok",
        "data": "354 End data with <CR><LF>.<CR><LF>",
        "dot": "250 Ok: queued as",
        "quit": "221 Bye",
    }
    certificate = certificates.shared().server("good")
    with ScriptedRelay(steps=steps, tls="implicit", certificate=certificate, mechanisms=("LOGIN",)) as relay:
        options = {"smtp_ca_file": certificates.shared().ca_file, "smtp_auth": "LOGIN"}
        with Gateway(relay, **options) as running:
            response = running.post(message())
            expect(response, SENT)
            check_equal(response.json()["queue_id"], None, "queue_id")
            check_equal(response.json()["upstream"]["text"], "Ok: queued as", "upstream.text")
        eventually(lambda: "QUIT" in relay.verbs(), what="QUIT")


@case("transcript=true shows the dialogue, credentials masked")
def transcript_is_masked():
    certificate = certificates.shared().server("good")
    for tls in ("starttls", "implicit"):
        with ScriptedRelay(tls=tls, certificate=certificate) as relay:
            with Gateway(relay, smtp_ca_file=certificates.shared().ca_file) as running:
                response = running.post(message(text="body-canary-5512"), transcript="true")
                expect(response, SENT)
                shown = str(response.json()["transcript"])
                for wanted in ("220 relay.test", "EHLO gateway.test", "AUTH", "MAIL FROM:<ann@example.com>", "354"):
                    check(wanted in shown, f"no {wanted} in {shown}")
                check("body-canary" not in shown + running.log(), "the body is shown")
                oracle.hold_secrecy(response.body, running.log())


if __name__ == "__main__":
    main()
