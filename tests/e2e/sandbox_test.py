#!/usr/bin/env python3
"""`postern sandbox`: a receipt, and the message that was captured, as a list, as JSON and to the octet."""

import email
import email.policy
import json
import smtplib
import ssl

from lib import gateway
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, main


def sandbox(**options):
    return Gateway(command="sandbox", **options)


def post(running, **fields):
    response = running.post(message(**fields))
    check_equal(response.status, 200, f"status ({response.summary()})")
    return response.json()


@case("a message is captured: list, JSON, raw")
def captured():
    with sandbox() as running:
        receipt = post(running, subject="Gr\u00fc\u00dfe", bcc=["eve@example.net"], text=".\n..\nbye\n")
        queue_id = receipt["queue_id"]
        check(queue_id, "no queue ID")
        check_equal(receipt["upstream"]["tls"], "TLSv1.3", "TLS to the sandbox")
        listed = running.get("/sandbox/messages").json()["messages"]
        check_equal([m["queue_id"] for m in listed], [queue_id], "the list")
        check_equal(listed[0]["envelope"], {"from": "ann@example.com", "to": ["bob@example.net", "eve@example.net"]})
        whole = running.get(f"/sandbox/messages/{queue_id}")
        check_equal((whole.status, whole.headers.get_content_type()), (200, "application/json"))
        raw = running.get(whole.json().get("raw_url", f"/sandbox/messages/{queue_id}.eml"))
        check_equal((raw.status, raw.headers.get_content_type()), (200, "message/rfc822"))
        parsed = email.message_from_bytes(raw.body, policy=email.policy.default)
        check_equal(str(parsed["Subject"]), "Gr\u00fc\u00dfe", "Subject")
        check_equal(parsed.get_content().replace("\r\n", "\n"), ".\n..\nbye\n", "text")
        check(b"eve@" not in raw.body, "the Bcc is in the message")
        check_equal(whole.json()["size_bytes"], len(raw.body), "size")


@case("the newest is first, the last hundred are kept, DELETE empties the list")
def keeps_a_hundred():
    with sandbox() as running:
        ids = [post(running, subject=f"number {i}")["queue_id"] for i in range(105)]
        check_equal(len(set(ids)), 105, "different queue IDs")
        listed = [m["queue_id"] for m in running.get("/sandbox/messages").json()["messages"]]
        check_equal(listed, ids[:4:-1], "the list")
        check_equal(running.get(f"/sandbox/messages/{ids[0]}").status, 404, "a dropped one")
        gone = gateway.request(running.address, "DELETE", "/sandbox/messages")
        check_equal((gone.status, gone.body), (204, b""), "DELETE")
        check_equal(running.get("/sandbox/messages").json()["messages"], [], "the list after DELETE")


@case("what is not there")
def not_there():
    with sandbox() as running:
        for name in ("nothing", "nothing.eml", "", "..%2f..", "a/b", "' OR 1=1", "x" * 5000):
            answer = running.get("/sandbox/messages/" + name.replace(" ", "%20"))
            check_equal(answer.status, 404, name[:40])
            check_equal(json.loads(answer.body)["code"], "not-found", name[:40])
        answer = gateway.request(running.address, "POST", "/sandbox/messages", b"{}")
        check_equal((answer.status, answer.headers["Allow"]), (405, "GET, HEAD, DELETE"), "POST to the list")


@case("serve has no sandbox")
def not_in_serve():
    with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none") as running:
        check_equal(running.get("/sandbox/messages").status, 404, "status")


@case("large messages and many recipients are captured")
def large():
    with sandbox() as running:
        receipt = post(running, to=[f"r{i}@example.net" for i in range(500)], text="All work and no play.\n" * 300_000)
        summary = running.get("/sandbox/messages").json()["messages"][0]
        check_equal(len(summary["envelope"]["to"]), 500, "recipients")
        raw = running.get(f"/sandbox/messages/{receipt['queue_id']}.eml").body
        check_equal(raw.count(b"All work and no play.\r\n"), 300_000, "lines")


@case("whatever POSTERN_SMTP_URL says, nothing leaves")
def nothing_leaves():
    with sandbox(smtp_url="smtp://ann:secret@192.0.2.1:25") as running:
        check_equal(post(running)["upstream"]["host"], "127.0.0.1", "the relay")


@case("its SMTP side is a relay to any client: STARTTLS and AUTH are wanted first")
def speaks_smtp():
    with sandbox() as running:
        port = post(running)["upstream"]["port"]
        with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
            client.ehlo()
            check(client.has_extn("starttls"), "no STARTTLS")
            check_equal(client.mail("a@example.com")[0], 530, "MAIL in the clear")
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
            client.ehlo()
            check("PLAIN" in client.esmtp_features.get("auth", ""), "no AUTH PLAIN")
            check_equal(client.mail("a@example.com")[0], 530, "MAIL without AUTH")
            try:
                client.login("ann", "wrong")
            except smtplib.SMTPAuthenticationError as error:
                check_equal(error.smtp_code, 535, "a wrong password")
            else:
                check(False, "a wrong password was taken")


if __name__ == "__main__":
    main()
