"""What every server is asked to show, as one table: SCENARIOS.

A scenario is a function of a Run. It returns where the server showed it, raises NotOffered where the server does not
offer what it is about and Postern did right without, and fails otherwise. Each message is entered into the books of
the run with the recipients that must have it, none where it was answered as not sent; the last scenario holds all that
the server stored to those books.
"""

import collections
import concurrent.futures
import contextlib
import re
import uuid

import contents
from lib import certificates, oracle
from lib.faults import expect, not_sent
from lib.gateway import Gateway, message
from lib.harness import check, check_equal, eventually
from server import MEBIBYTE, PASSWORD, TOKEN_FIELD

WRONG_PASSWORD = "not the password"


class NotOffered(Exception):
    """The server does not offer what the scenario is about; the message says what it lacks, where that is not plain."""


class Run:
    """One server, and the books: {token: recipients that must have it, or None where the outcome is unknown}."""

    def __init__(self, server):
        self.server, self.features = server, server.features
        self.books = {}

    def gateway(self, password=PASSWORD, tls=None, **options):
        options = {"smtp_ca_file": certificates.shared().ca_file, **options}
        return Gateway(self.server.url(password, tls or self.server.usual_tls()), **options)

    def post(self, gateway, transcript=False, **fields):
        """(response, the fields as posted); entered into the books as the answer says."""
        token = uuid.uuid4().hex
        fields = message(**{**fields, "headers": {TOKEN_FIELD: token, **fields.get("headers", {})}})
        response = gateway.post(fields, timeout=60, **({"transcript": "true"} if transcript else {}))
        answer = response.json()
        (oracle.hold_receipt if response.status == 200 else oracle.hold_problem)(response)
        taken = [r["email"] for r in answer.get("recipients", ()) if r["status"] == "accepted"]
        known = answer["delivery"] != "unknown"
        sent = answer["delivery"] in ("sent", "partial")
        self.books[token] = collections.Counter(taken if sent else ()) if known else None
        return response, fields

    def send(self, gateway, **fields):
        """(receipt, fields, a copy as stored): sent, and once in the mailbox of each recipient."""
        response, fields = self.post(gateway, **fields)
        check_equal(response.status, 200, f"status ({response.summary()})")
        receipt = response.json()
        wanted = contents.envelope_recipients(fields)
        check_equal(receipt["delivery"], "sent", "delivery")
        accepted = [(r["email"], r["status"]) for r in receipt["recipients"]]
        check_equal(accepted, [(address, "accepted") for address in wanted], "recipients")
        copies, content = self.server.wait_for(token_of(fields), len(wanted))
        check_equal(copies, collections.Counter(wanted), "who has it")
        return receipt, fields, content

    def need(self, feature):
        if not getattr(self.features, feature):
            raise NotOffered


def token_of(fields):
    return fields["headers"][TOKEN_FIELD]


def dialogue(response):
    """[(who, line)] of a transcript: who is "C", "S" or "-"."""
    lines = re.findall(r"^[ 0-9.]*(C|S|-)[:-] (.*)$", response.json()["transcript"], re.MULTILINE)
    check(lines, f"no transcript: {response.summary()}")
    return lines


def commands(response):
    return [line for who, line in dialogue(response) if who == "C"]


def sent_mail(response):
    return any(command.startswith("MAIL") for command in commands(response))


def offered(response):
    """What the last EHLO (or LHLO) brought: {keyword: parameters}."""
    found, greeting = {}, False
    for who, line in dialogue(response):
        if who == "C":
            found = {} if line.upper().startswith(("EHLO", "LHLO")) else found
            greeting = line.upper().startswith(("EHLO", "LHLO"))
        elif who == "S" and greeting and (extension := re.fullmatch(r"250[- ](\S+) ?(.*)", line)):
            found[extension[1].upper()] = extension[2].upper().split()
    return found


# --- The scenarios ------------------------------------------------------------------------------------------------


def capabilities(run):
    """The features that the server module claims are what it offers: else "not offered" would prove nothing."""
    with run.gateway() as gateway:
        response, _ = run.post(gateway, transcript=True)
        check_equal(response.status, 200, f"status ({response.summary()})")
        found = offered(response)
    features = run.features
    keywords = {
        "PIPELINING": features.pipelining,
        "CHUNKING": features.chunking,
        "8BITMIME": features.eight_bit,
        "SMTPUTF8": features.smtputf8,
        "DSN": features.dsn,
    }
    check_equal({name: name in found for name in keywords}, keywords, "what EHLO offers")
    check_equal(set(found.get("AUTH", ())), set(features.auth), "the AUTH mechanisms")
    check_equal(int((found.get("SIZE") or ["0"])[0]), features.size, "SIZE")
    check_equal("STARTTLS" in commands(response), features.starttls, "STARTTLS")


def shape(row):
    def play(run):
        with run.gateway() as gateway:
            _, fields, content = run.send(gateway, **row.fields)
            contents.hold(row, fields, content)

    return play


def every_shape(run):
    with run.gateway() as gateway:
        for row in contents.SHAPES:
            try:
                _, fields, content = run.send(gateway, **row.fields)
                contents.hold(row, fields, content)
            except AssertionError as failure:
                failure.args = (f"{row.name}: {failure}",)
                raise


DOTS = ".\n..\n.a\n\n.\n" + "x" * 998 + "\n." + "y" * 997 + "\n.\n..\n."


def byte_exact(run):
    """7-bit text goes out as it is, so the body that `dry_run` shows is the one that must be stored."""
    with run.gateway() as gateway:
        accept = {"Accept": "message/rfc822"}
        rendered = gateway.post(message(text=DOTS), headers=accept, dry_run="true").body
        _, _, content = run.send(gateway, text=DOTS)
    body = rendered.partition(b"\r\n\r\n")[2]
    check(body.startswith(b".\r\n..\r\n.a\r\n\r\n.\r\n"), f"the text was encoded, so nothing is shown: {rendered}")
    check_equal(content.partition(b"\r\n\r\n")[2], body, "what is stored")


def smtputf8(run):
    address = "j\u00f6rg.\u674e@example.net"
    with run.gateway() as gateway:
        if run.features.smtputf8:
            _, _, content = run.send(gateway, to=[address])
            check(address.encode() in content, "the address is not in the To field as it was posted")
            return
        response, _ = run.post(gateway, transcript=True, to=[address])
        expect(response, not_sent(422, "smtputf8-unsupported", "n"))
        check(not sent_mail(response), "MAIL was sent")
    raise NotOffered


def hundred():
    return [f"{'refused' if i in (3, 50, 99) else 'user'}{i}@example.net" for i in range(100)]


def hundred_abort(run):
    with run.gateway() as gateway:
        response, _ = run.post(gateway, transcript=True, to=hundred())
        expect(response, not_sent(422, "recipients-rejected", "n"))
        check_equal([e["pointer"] for e in response.json()["errors"]], ["/to/3", "/to/50", "/to/99"], "pointers")
        check(not {"DATA", "."} & set(commands(response)), "DATA was sent")
        # The session is good for another: nothing is left of the first.
        run.send(gateway)


def hundred_deliver(run):
    with run.gateway() as gateway:
        response, fields = run.post(gateway, to=hundred(), partial="deliver")
        answer = response.json()
        check_equal((response.status, answer["delivery"]), (200, "partial"), f"status ({response.summary()})")
        statuses = {r["email"]: r["status"] for r in answer["recipients"]}
        wanted = {a: "rejected" if a.startswith("refused") else "accepted" for a in hundred()}
        check_equal(statuses, wanted, "recipients")
        copies, _ = run.server.wait_for(token_of(fields), 97)
        check_equal(copies, collections.Counter(a for a in hundred() if a.startswith("user")), "who has it")


def dsn(run):
    wishes = {"notify": ["failure", "delay"], "return": "headers", "envelope_id": "QQ314159"}
    with run.gateway() as gateway:
        response, fields = run.post(gateway, transcript=True, dsn=wishes)
        if not run.features.dsn:
            expect(response, not_sent(422, "invalid-request", "n"))
            check(not sent_mail(response), "MAIL was sent")
            raise NotOffered
        check_equal(response.status, 200, f"status ({response.summary()})")
        run.server.wait_for(token_of(fields))
        mail, rcpt = (next(c for c in commands(response) if c.startswith(verb)) for verb in ("MAIL", "RCPT"))
        for parameter, command in (("RET=HDRS", mail), ("ENVID=QQ314159", mail), ("NOTIFY=FAILURE,DELAY", rcpt)):
            check(parameter in command.split(), f"no {parameter} in {command!r}")


def wrong_password(run):
    run.need("auth")
    with run.gateway(WRONG_PASSWORD) as gateway:
        response, _ = run.post(gateway, transcript=True)
        expect(response, not_sent(502, "upstream-auth-failed", "n"))
        check_equal(response.json()["upstream"]["code"], 535, "upstream.code")
        logins = [command for command in commands(response) if command.startswith("AUTH")]
        check_equal(len(logins), 1, f"logins ({logins})")
        text = response.body.decode() + gateway.log()
        check(WRONG_PASSWORD not in text, "the password is shown")


def each_mechanism(run):
    run.need("auth")
    for mechanism in run.features.auth:
        with run.gateway(smtp_auth=mechanism) as gateway:
            response, _ = run.post(gateway, transcript=True)
            check_equal(response.status, 200, f"status with {mechanism} ({response.summary()})")
            logins = [command.split()[1] for command in commands(response) if command.startswith("AUTH")]
            check_equal(logins, [mechanism], "logins")


def too_large(run):
    run.need("size")
    with run.gateway(max_body_bytes=64 * MEBIBYTE) as gateway:
        line = "x" * 75 + "\n"
        response, _ = run.post(gateway, transcript=True, text=line * (run.features.size // 76 + 1))
        expect(response, not_sent(413, "message-too-large", "n"))
        check(not sent_mail(response), "MAIL was sent")


def restarted(run):
    with run.gateway(smtp_max_connections=1) as gateway:
        run.send(gateway)
        receipt, _, _ = run.send(gateway)
        check_equal(receipt["timing_ms"]["connected"], 0, "time to connect for the second message")
        run.server.restart()
        receipt, _, _ = run.send(gateway)
        check(receipt["timing_ms"]["connected"] > 0, "there was no new connection")


def queue_id(run):
    with run.gateway() as gateway:
        before = set(run.server.queue_ids())
        receipt, _, _ = run.send(gateway)
        if run.features.queue_id:
            # A log may be written behind the reply.
            new = eventually(lambda: set(run.server.queue_ids()) - before, 10, "a queue ID in the server's log")
            check_equal(new, {receipt["queue_id"]}, "queue IDs new in its log")
            return
        check_equal(receipt["queue_id"], None, f"queue ID in {receipt['upstream']['text']!r}")
    raise NotOffered


def tls(kind, feature):
    def play(run):
        run.need(feature)
        with run.gateway(tls=kind) as gateway:
            receipt, _, _ = run.send(gateway)
            check_equal(receipt["upstream"]["tls"], "TLSv1.3", "TLS")

    return play


def untrusted(run):
    if run.server.usual_tls() == "none":
        raise NotOffered
    with run.gateway(smtp_ca_file=None) as gateway:
        response, _ = run.post(gateway, transcript=True)
        expect(response, not_sent(502, "upstream-tls", "n"))
        check(not any(c.startswith(("AUTH", "MAIL")) for c in commands(response)), "AUTH or MAIL was sent")


def pipelining(run):
    """Where it is offered the RCPTs go out before the reply to MAIL, where not each command waits."""
    with run.gateway() as gateway:
        response, _ = run.post(gateway, transcript=True, to=["bob@example.net", "carol@example.net"])
        check_equal(response.status, 200, f"status ({response.summary()})")
        spoken = dialogue(response)
    at = next(i for i, (_, line) in enumerate(spoken) if line.startswith("MAIL"))
    check_equal(spoken[at + 1][0] == "C", run.features.pipelining, f"a command right behind MAIL, in {spoken[at:]}")
    run.need("pipelining")


def chunking(run):
    with run.gateway() as gateway:
        response, _ = run.post(gateway, transcript=True)
        check_equal(response.status, 200, f"status ({response.summary()})")
        used = any(c.startswith("BDAT") for c in commands(response))
    check_equal(used, run.features.chunking, "BDAT")
    run.need("chunking")


def concurrent_messages(run):
    with run.gateway(smtp_max_connections=8) as gateway:
        with concurrent.futures.ThreadPoolExecutor(max_workers=16) as pool:
            answers = list(pool.map(lambda i: run.post(gateway, to=[f"load{i}@example.net"]), range(200)))
    check_equal(collections.Counter(r.json()["delivery"] for r, _ in answers), {"sent": 200}, "answers")
    run.server.wait_for_books({token_of(fields): run.books[token_of(fields)] for _, fields in answers})


def books(run):
    """Every message answered as sent is with each of its recipients once; what was answered as unknown may be there,
    once; nothing else is with anybody."""
    run.server.wait_for_books(run.books, alone=True)


SCENARIOS = (
    ("capabilities as claimed", capabilities),
    ("plain text", shape(contents.PLAIN)),
    ("8-bit text", shape(contents.EIGHT_BIT)),
    ("every MIME shape", every_shape),
    ("10 MB attachment", shape(contents.LARGE)),
    ("dots, long lines: byte-exact", byte_exact),
    ("SMTPUTF8 address", smtputf8),
    ("100 recipients, 3 refused: abort", hundred_abort),
    ("100 recipients, 3 refused: deliver", hundred_deliver),
    ("DSN", dsn),
    ("STARTTLS", tls("starttls", "starttls")),
    ("implicit TLS", tls("implicit", "smtps")),
    ("untrusted certificate", untrusted),
    ("each AUTH mechanism", each_mechanism),
    ("wrong password", wrong_password),
    ("SIZE exceeded", too_large),
    ("queue ID as in its log", queue_id),
    ("PIPELINING", pipelining),
    ("CHUNKING", chunking),
    ("restart under a pooled session", restarted),
    ("200 messages, 8 sessions", concurrent_messages),
    ("each message exactly once", books),
)


def play(scenario, run):
    """The word for the table: ok or "not offered". Skip and failures are raised."""
    with contextlib.suppress(NotOffered):
        scenario(run)
        return "ok"
    return "not offered"
