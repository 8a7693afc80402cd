#!/usr/bin/env python3
"""F: what the SMTP client meets, and what the caller gets. One row a fault, named by its number in the fault matrix.

Each row runs a fresh gateway against a scripted relay, in the modes that it names. Beside what the row wants, every run
is held against the relay's acceptance log: the invariant, at most once, nothing secret shown (lib/oracle.py).
"""

from lib import faults
from lib.faults import (
    ALL,
    AUTH_FAILED,
    DEFERRED,
    FIN,
    LARGE_TEXT,
    MESSAGE,
    PROTOCOL,
    RECIPIENTS,
    RST,
    SECURE,
    SENDER,
    SENT,
    SESSION,
    SHORT,
    STALL,
    TEMPORARY,
    TIMEOUT,
    TLS,
    TLS_BROKE,
    TLS_REQUIRED,
    UNREACHABLE,
    Row,
    body_bytes,
    check_memory,
    check_text_is_safe,
    each,
    label,
    not_sent,
    pointers,
    statuses,
    to,
    unknown,
    upstream_text,
)
from lib.harness import check, check_equal, main

SCRAM = {"mechanisms": ("SCRAM-SHA-256",)}
# Three recipients, asked for one by one, in one flight, and with DATA behind them.
IN_EVERY_PACE = {
    "one by one": {"fields": to(3), "relay": {"extensions": ("SIZE",)}},
    "in one flight": {"fields": to(3), "relay": {}},
    "with DATA": {"fields": {**to(3), "partial": "deliver"}, "relay": {}},
}


def no_body(run):
    check_equal([len(begun.content) for begun in run.relay.messages if begun.verdict != "incomplete"], [], "messages")
    check_equal(body_bytes(run), 0, "octets of a message")


GREETING = [
    Row("F9 late", {"greeting": {"delay": 0.7}}, SENT),
    Row("F10 none", {"greeting": STALL}, TIMEOUT, timeout=SHORT, within=4),
    Row("F11 421", {"greeting": "421 4.3.2 Closing"}, TEMPORARY),
    Row("F12 554", {"greeting": "554 5.7.1 Go away"}, SESSION, seen=("QUIT",), never=("EHLO", "MAIL")),
    Row("F13 450", {"greeting": "450 4.3.2 Later"}, TEMPORARY),
    Row("F14 FIN", {"greeting": FIN}, UNREACHABLE),
    Row("F15 RST", {"greeting": RST}, UNREACHABLE),
    *each("F16", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x7fELF\x02\x01\r\n"], "greeting", PROTOCOL, never=("EHLO",)),
    *each(
        "F17",
        ["221 Bye", "250 Ok", "354 Go on", "500 What", "501 What", "530 Login"],
        "greeting",
        PROTOCOL,
        never=("EHLO",),
    ),
    Row(
        "F18 1 MB line",
        {"greeting": {"reply": b"220 " + b"x" * 1_000_000, "then": "stall"}},
        PROTOCOL,
        check=lambda run: check_memory(run, 64),
    ),
    Row(
        "F19 endless 220-",
        {"greeting": {"endless": b"220-more\r\n"}},
        PROTOCOL,
        check=lambda run: check_memory(run, 64),
    ),
    *each("F20", [b"2\x000 hello\r\n", b"\xb2\xb2\xb0 hello\r\n", b"220\x00hello\r\n"], "greeting", PROTOCOL),
    Row(
        "F21 drip",
        {"greeting": {"reply": "220 relay.test ESMTP", "split": 1, "pause": 0.3}},
        TIMEOUT,
        timeout=SHORT,
        within=4,
    ),
    Row(
        "F22 TLS bytes",
        {"greeting": b"\x15\x03\x03\x00\x02\x02\x46"},
        TLS,
        modes=("starttls",),
        check=lambda run: check("implicit TLS" in run.answer["detail"], f"no hint: {run.answer['detail']}"),
    ),
    Row("F23 plain text", {}, TLS, url_tls="implicit"),
    Row("F24 extra reply", {"greeting": b"220 hello\r\n250 and more\r\n"}, PROTOCOL, never=("MAIL",)),
    Row("F25 multi-line", {"greeting": "220-relay.test\n220 ESMTP"}, SENT),
    Row("F25 bare code", {"greeting": b"220\r\n"}, SENT),
]

EHLO = [
    *each(
        "F26",
        ["500 What", "501 What", "502 No", "504 No", "550 No"],
        "ehlo",
        TLS_REQUIRED,
        modes=("starttls",),
        never=("AUTH", "MAIL"),
    ),
    *each("F26 HELO", ["500 What", "502 No", "550 No"], "ehlo", SENT, seen=("HELO",)),
    *each("F27", ["530 Login", "554 No"], "ehlo", SESSION, modes=("plain", "starttls")),
    *each("F28", ["421 4.3.2 Closing", "450 4.3.2 Later"], "ehlo", TEMPORARY, modes=("plain", "implicit")),
    *each("F29", ["220 Hello", "221 Bye", "354 Go on"], "ehlo", PROTOCOL),
    Row("F30 code mismatch", {"ehlo": b"250-relay.test\r\n251 AUTH PLAIN\r\n"}, PROTOCOL),
    Row("F31 bare LF", {"ehlo": b"250-relay.test\n250 PIPELINING\n", "mail": b"250 Ok\n"}, SENT),
    Row("F32 endless", {"ehlo": {"endless": b"250-X-MORE\r\n"}}, PROTOCOL, check=lambda run: check_memory(run, 64)),
    Row(
        "F33 8-bit text",
        {"ehlo": b"250-\xe9\x1b[31m relay\r\n250 HELP\r\n", "dot": b"250 \xe9\x1b[31m done\r\n"},
        SENT,
        check=lambda run: check("\x1b" not in run.gateway.log() + upstream_text(run), "an escape got through"),
    ),
    *each("F34", [f"250-relay.test\n250 SIZE{size}" for size in ("", " 0", " many", f" {2**70}", " -1")], "ehlo", SENT),
    Row(
        "F35 legacy AUTH=",
        {"caps": "250-relay.test\n250-auth=PLAIN LOGIN\n250-AUTH plain login\n250 Auth PLAIN"},
        SENT,
        modes=SECURE,
    ),
    Row("F36 extra reply", {"ehlo": b"250-relay.test\r\n250 HELP\r\n250 more\r\n"}, PROTOCOL, never=("MAIL",)),
]

STARTTLS = [
    Row(
        "F37 not advertised",
        {},
        TLS_REQUIRED,
        url_tls="starttls",
        relay={"mechanisms": ()},
        never=("AUTH", "MAIL", "STARTTLS"),
    ),
    Row("F38 502", {"starttls": "502 No"}, TLS_REQUIRED, modes=("starttls",), never=("AUTH", "MAIL")),
    Row("F39 454", {"starttls": "454 4.7.0 Later"}, TEMPORARY, modes=("starttls",), never=("AUTH", "MAIL")),
    *each(
        "F40",
        ["354 Go on", "221 Bye", "500 What", "501 What", "530 No"],
        "starttls",
        TLS_REQUIRED,
        modes=("starttls",),
        never=("AUTH", "MAIL"),
    ),
    Row("F40 421", {"starttls": "421 4.3.2 Closing"}, TEMPORARY, modes=("starttls",), never=("AUTH", "MAIL")),
    Row(
        "F41 injected reply",
        {"starttls": b"220 Go\r\n250-AUTH PLAIN\r\n"},
        PROTOCOL,
        modes=("starttls",),
        never=("AUTH", "MAIL"),
    ),
    Row("F42 injected later", {"tls": {"reply": b"250-AUTH PLAIN\r\n"}}, TLS, modes=SECURE, never=("AUTH", "MAIL")),
    Row("F43 FIN", {"tls": FIN}, TLS_BROKE, modes=SECURE, never=("AUTH",)),
    Row("F43 RST", {"tls": RST}, TLS_BROKE, modes=SECURE, never=("AUTH",)),
    Row("F44 stall", {"tls": STALL}, TIMEOUT, modes=SECURE, timeout=SHORT, within=4),
    Row("F45 AUTH in clear only", {}, TLS_REQUIRED, url_tls="starttls", never=("AUTH", "MAIL")),
    Row(
        "F46 other capabilities",
        {"ehlo": "250-relay.test\n250-AUTH XNONE\n250-SIZE 1\n250 STARTTLS"},
        SENT,
        modes=("starttls",),
    ),
    Row(
        "F47 EHLO answered early",
        {"starttls": b"220 Go\r\n250-relay.test\r\n250 AUTH PLAIN LOGIN\r\n"},
        PROTOCOL,
        modes=("starttls",),
        never=("AUTH", "MAIL"),
    ),
    *[
        Row(f"F70 truncation at {step}", {step: {"then": "truncate"}}, TLS_BROKE, modes=SECURE)
        for step in ("caps", "auth", "mail", "rcpt", "data")
    ],
    Row("F70 truncation at greeting", {"greeting": {"then": "truncate"}}, TLS_BROKE, modes=("implicit",)),
    Row("F48 bytewise", {"starttls": {"split": 1}, "ehlo": {"split": 1}, "ehlo2": {"split": 1}}, SENT, modes=SECURE),
]

AUTH = [
    Row("F71 none", {"caps": "250-relay.test\n250 PIPELINING"}, AUTH_FAILED, modes=SECURE, never=("AUTH", "MAIL")),
    Row(
        "F72 unknown mechanisms",
        {},
        AUTH_FAILED,
        modes=SECURE,
        relay={"mechanisms": ("NTLM", "X-NEW")},
        never=("AUTH", "MAIL"),
    ),
    Row("F73 535", {"auth": "535 5.7.8 No"}, AUTH_FAILED, modes=SECURE, never=("MAIL",)),
    Row("F73 535 to LOGIN", {"auth": "535 5.7.8 No"}, AUTH_FAILED, modes=SECURE, relay={"mechanisms": ("LOGIN",)}),
    Row("F74 454", {"auth": "454 4.7.0 Later"}, not_sent(503, "upstream-auth-temporary", "y"), modes=SECURE),
    *each(
        "F75",
        ["432 4.7.12 Change it", "534 5.7.9 Too weak", "538 5.7.11 Encrypt"],
        "auth",
        AUTH_FAILED,
        modes=("implicit",),
    ),
    Row("F76 421", {"auth": "421 4.3.2 Closing"}, TEMPORARY, modes=SECURE),
    *each("F77", ["500 What", "501 What", "503 What", "504 What"], "auth", AUTH_FAILED, modes=("implicit",)),
    Row(
        "F78 bad base64",
        {"prompt": "334 %%%"},
        AUTH_FAILED,
        modes=SECURE,
        relay={"mechanisms": ("LOGIN",)},
        seen=("*",),
    ),
    Row(
        "F79 endless 334",
        {"auth": "334 VXNlcm5hbWU6"},
        AUTH_FAILED,
        modes=SECURE,
        relay={"mechanisms": ("LOGIN",)},
        check=lambda run: check(len(run.relay.commands()) < 20, "too many rounds"),
    ),
    Row("F79 endless 334 to PLAIN", {"auth": "334 "}, AUTH_FAILED, modes=("implicit",)),
    *[
        Row(
            f"F80 SCRAM: {name}",
            {},
            AUTH_FAILED,
            modes=SECURE,
            relay={"mechanisms": ("SCRAM-SHA-256",), "scram_faults": fault},
            seen=("AUTH",),
            never=("MAIL",),
        )
        for name, fault in (
            ("wrong signature", {"signature": b"x" * 32}),
            ("empty signature", {"signature": b""}),
            ("no signature", {"final": "e=other-error"}),
            ("early 235", {"early": True}),
            ("foreign nonce", {"nonce": "x" * 24}),
        )
    ],
    Row("F80 SCRAM: 235 at once", {"prompt": "235 Ok"}, AUTH_FAILED, modes=SECURE, relay=SCRAM, never=("MAIL",)),
    *[
        Row(
            f"F81 SCRAM: {count} iterations",
            {},
            AUTH_FAILED,
            modes=("implicit",),
            relay={"mechanisms": ("SCRAM-SHA-256",), "scram_faults": {"iterations": count}},
            seen=("AUTH",),
            never=("MAIL",),
            within=3,
        )
        for count in (0, 1, 10**9, 10**30, -1, "many")
    ],
    Row("SCRAM", {}, SENT, modes=SECURE, relay=SCRAM),
    Row("SCRAM-SHA-1", {}, SENT, modes=SECURE, relay={"mechanisms": ("SCRAM-SHA-1",)}),
    Row("F82 extra bytes", {"auth": b"235 Ok\r\n250 more\r\n"}, PROTOCOL, modes=SECURE, never=("MAIL",)),
    Row("F83 FIN", {"auth": FIN}, UNREACHABLE, modes=SECURE),
    Row("F84 stall", {"auth": STALL}, TIMEOUT, modes=SECURE, timeout=SHORT, within=4),
    Row("F85 echoed password", {"auth": "535 5.7.8 s3cret p@ss/word is wrong for ann"}, AUTH_FAILED, modes=SECURE),
    Row("F85 echoed response", {"auth": "535 5.7.8 No: AGFubgBzM2NyZXQgcEBzcy93b3Jk"}, AUTH_FAILED, modes=SECURE),
    Row("LOGIN", {}, SENT, modes=SECURE, relay={"mechanisms": ("LOGIN",)}),
    Row(
        "LOGIN prompts in the other order",
        {},
        SENT,
        modes=SECURE,
        relay={"mechanisms": ("LOGIN",), "login_prompts": ("Password:", "User Name")},
    ),
    Row("PLAIN", {}, SENT, modes=SECURE, relay={"mechanisms": ("PLAIN",)}),
]

MAIL = [
    *each("F86", ["550 5.1.0 No", "553 5.1.7 No", "550 5.7.1 Denied"], "mail", SENDER, check=no_body),
    Row("F86 one by one", {"mail": "550 5.1.0 No"}, SENDER, never=("RCPT", "DATA"), relay={"extensions": ("SIZE",)}),
    Row("F86 then the next message", {"mail": ["550 5.1.0 No", None]}, SENT, posts=2, connections=1),
    *each("F87", ["450 4.1.0 Later", "451 4.3.0 Later", "452 4.3.1 Full"], "mail", TEMPORARY),
    Row("F88 552", {"mail": "552 5.3.4 Too big"}, not_sent(422, "message-too-large", "n")),
    Row("F88 SIZE", {"ehlo": "250-relay.test\n250 SIZE 100"}, not_sent(413, "message-too-large", "n"), never=("MAIL",)),
    Row("F89 421", {"mail": "421 4.3.2 Closing"}, TEMPORARY),
    *[
        Row(
            f"F90 {label(fault)} when reused",
            [{"mail": [None, fault]}, {}],
            SENT,
            posts=2,
            modes=("plain", "starttls"),
            connections=2,
        )
        for fault in ("421 4.3.2 Closing", FIN, RST)
    ],
    Row("F91 530 when reused", [{"mail": [None, "530 5.7.0 Login"]}, {}], SENT, posts=2, modes=SECURE, connections=2),
    *each("F92", ["503 What", "555 What", "354 Go on", "220 Hello"], "mail", PROTOCOL, check=no_body),
    Row(
        "F93 SMTPUTF8",
        {},
        not_sent(422, "smtputf8-unsupported", "n"),
        fields={"to": ["b\u00f8b@example.net"]},
        never=("MAIL",),
    ),
    Row("F94 stall", {"mail": STALL}, TIMEOUT, timeout=SHORT, within=4),
]

RCPT = [
    Row(
        "F95 all 5yz",
        {"rcpt": "550 5.1.1 Unknown"},
        RECIPIENTS,
        fields=to(2),
        never=("DATA",),
        check=lambda run: (
            check_equal(statuses(run), ["rejected"] * 2),
            check_equal(pointers(run), ["/to/0", "/to/1"]),
        ),
    ),
    Row(
        "F96 all 4yz",
        {"rcpt": "450 4.2.1 Later"},
        DEFERRED,
        fields=to(2),
        never=("DATA",),
        check=lambda run: check_equal(statuses(run), ["deferred"] * 2),
    ),
    Row(
        "F97 mixed",
        {"rcpt": ["450 4.2.1 Later", "550 5.1.1 Unknown"]},
        RECIPIENTS,
        fields=to(2),
        never=("DATA",),
        check=lambda run: check_equal(statuses(run), ["deferred", "rejected"]),
    ),
    Row(
        "F97 mixed, deliver",
        {"rcpt": ["450 4.2.1 Later", "550 5.1.1 Unknown"]},
        RECIPIENTS,
        check=no_body,
        fields={**to(2), "partial": "deliver"},
    ),
    Row(
        "F98 one 5yz, abort",
        {"rcpt": [None, "550 5.1.1 Unknown", None]},
        RECIPIENTS,
        fields=to(3),
        modes=ALL,
        never=("DATA",),
        check=lambda run: check_equal(pointers(run), ["/to/1"]),
    ),
    Row(
        "F98 RSET, then the next message",
        {"rcpt": ["550 5.1.1 Unknown", None]},
        SENT,
        posts=2,
        seen=("RSET",),
        connections=1,
    ),
    Row("F99 one 4yz, abort", {"rcpt": [None, "451 4.3.0 Later", None]}, DEFERRED, fields=to(3), never=("DATA",)),
    Row(
        "F100 one 5yz, deliver",
        {"rcpt": [None, "550 5.1.1 Unknown", None]},
        (200, None, None, "partial"),
        fields={**to(3), "partial": "deliver"},
        modes=ALL,
        check=lambda run: check_equal(statuses(run), ["accepted", "rejected", "accepted"]),
    ),
    *each("F101", ["251 Will forward", "252 Cannot verify"], "rcpt", SENT),
    Row("F102 551", {"rcpt": "551 5.1.6 Moved"}, RECIPIENTS),
    Row("F103 452 at #101", {"rcpt": [None] * 100 + ["452 4.5.3 Too many"]}, DEFERRED, fields=to(101), never=("DATA",)),
    Row("F104 552 is 452", {"rcpt": "552 5.5.3 Too many"}, DEFERRED),
    Row("F105 421", {"rcpt": "421 4.3.2 Closing"}, TEMPORARY),
    Row("F105 FIN", {"rcpt": [None, FIN]}, UNREACHABLE, fields=to(2)),
    Row("F105 RST", {"rcpt": [None, RST]}, UNREACHABLE, fields=to(2)),
    *[
        Row(f"F106 a reply is missing, {name}", {"rcpt2": b""}, want, timeout=SHORT, within=4, **IN_EVERY_PACE[name])
        # The 354 of DATA comes where the reply to the last recipient is due.
        for name, want in (("one by one", TIMEOUT), ("in one flight", TIMEOUT), ("with DATA", PROTOCOL))
    ],
    *[
        Row(f"F107 a reply too many, {name}", {"rcpt2": b"250 Ok\r\n250 Ok\r\n"}, PROTOCOL, check=no_body, **more)
        for name, more in IN_EVERY_PACE.items()
    ],
    Row(
        "F107 a reply too many, a refusal",
        {"rcpt3": b"250 Ok\r\n550 No\r\n"},
        (502, "upstream-protocol-error", False, "not_sent"),
        fields=to(3),
        never=("DATA",),
    ),
    *[
        Row(f"F108 coalesced, {name}", {}, SENT, **{**more, "relay": {**more["relay"], "coalesce": True}})
        for name, more in IN_EVERY_PACE.items()
    ],
    Row(
        "F108 bytewise",
        {"rcpt": {"split": 1}, "mail": {"split": 1}, "data": {"split": 1}, "dot": {"split": 1}},
        SENT,
        fields=to(3),
        modes=ALL,
    ),
    Row(
        "F109 RCPTMAX, abort",
        {},
        not_sent(422, "too-many-recipients", "n"),
        fields=to(3),
        relay={"extensions": ("PIPELINING", "LIMITS RCPTMAX=2")},
        never=("MAIL",),
    ),
    Row(
        "F109 RCPTMAX, deliver: several transactions",
        {},
        SENT,
        fields={**to(5), "partial": "deliver"},
        relay={"extensions": ("PIPELINING", "LIMITS RCPTMAX=2")},
        check=lambda run: check_equal([len(taken.recipients) for taken in run.relay.messages], [2, 2, 1]),
    ),
    Row("F110 stall", {"rcpt": STALL}, TIMEOUT, timeout=SHORT, within=4),
]

DATA = [
    Row("F111 250 for 354", {"data": "250 Ok"}, PROTOCOL, check=lambda run: check_equal(body_bytes(run), 0)),
    *each("F112", ["450 4.3.0 Later", "451 4.3.0 Later"], "data", TEMPORARY),
    Row("F113 5yz", {"data": "554 5.6.0 No"}, MESSAGE),
    Row("F114 421", {"data": "421 4.3.2 Closing"}, TEMPORARY),
    Row("F114 FIN", {"data": FIN}, UNREACHABLE),
    Row("F114 RST", {"data": RST}, UNREACHABLE),
    Row("F114 stall", {"data": STALL}, TIMEOUT, timeout=SHORT, within=4),
    Row(
        "F115 354 without recipients",
        {"rcpt": "550 5.1.1 Unknown", "data": "354 Go on"},
        RECIPIENTS,
        fields={**to(2), "partial": "deliver"},
        check=no_body,
    ),
    Row(
        "F115 354 for one recipient of two, abort",
        {"rcpt2": "550 5.1.1 Unknown", "data": "354 Go on"},
        RECIPIENTS,
        fields=to(2),
        never=("DATA",),
    ),
    Row(
        "F116 RST mid-body",
        {"body": {"after": 100_000, **RST}},
        UNREACHABLE,
        fields={"text": LARGE_TEXT},
        modes=("plain", "implicit"),
    ),
    Row(
        "F117 zero window",
        {"body": {"after": 100_000, **STALL}},
        TIMEOUT,
        fields={"text": LARGE_TEXT},
        modes=ALL,
        relay={"receive_buffer": 4096},
        timeout=SHORT,
        within=8,
    ),
    Row(
        "F118 552 mid-body",
        {"body": {"after": 100_000, "delay": 0.4, "reply": "552 5.3.4 Too big"}},
        not_sent(422, "message-rejected", "n"),
        fields={"text": LARGE_TEXT},
        modes=ALL,
    ),
    Row(
        "F118 421 mid-body",
        {"body": {"after": 100_000, "delay": 0.4, "reply": "421 4.3.2 Closing"}},
        TEMPORARY,
        fields={"text": LARGE_TEXT},
        modes=ALL,
    ),
    Row(
        "F119 250 mid-body",
        {"body": {"after": 100_000, "delay": 0.4, "reply": "250 2.0.0 Ok"}},
        unknown(),
        fields={"text": LARGE_TEXT},
        modes=ALL,
    ),
    Row(
        "F120 truncation mid-body",
        {"body": {"after": 100_000, "delay": 0.4, "then": "truncate"}},
        TLS_BROKE,
        fields={"text": LARGE_TEXT},
        modes=SECURE,
    ),
    Row(
        "F120 FIN mid-body",
        {"body": {"after": 100_000, "delay": 0.4, "then": "fin"}},
        UNREACHABLE,
        fields={"text": LARGE_TEXT},
    ),
]

DOT = [
    Row(
        "F124 queued as",
        {"dot": "250 2.0.0 Ok: queued as 4Xyz12AbCd"},
        SENT,
        modes=ALL,
        check=lambda run: (
            check_equal(run.answer["queue_id"], "4Xyz12AbCd"),
            check_equal(upstream_text(run), "2.0.0 Ok: queued as 4Xyz12AbCd"),
        ),
    ),
    *each("F125", ["250-2.0.0 Ok\n250 2.0.0 queued", b"250\r\n", "251 Ok", "252 Ok", "220 Ok"], "dot", SENT, modes=ALL),
    *each(
        "F126",
        ["451 4.3.0 Later", "452 4.3.1 Full", "421 4.3.2 Closing"],
        "dot",
        not_sent(503, "message-deferred", "y"),
        modes=ALL,
    ),
    *each("F127", ["550 5.7.1 Spam", "554 5.6.0 No", "552 5.2.2 Full"], "dot", MESSAGE, modes=ALL),
    *each("F128", ["354 Go on", "334 VXNlcm5hbWU6"], "dot", unknown(), modes=ALL),
    *each(
        "F129",
        [
            b"\0\xffgarbage\r\n",
            b"2x0 Ok\r\n",
            b"250\0Ok\r\n",
            b"\r\n",
            b"199 Ok\r\n",
            b"650 Ok\r\n",
            {"reply": b"250 " + b"x" * 1_000_000},
            {"endless": b"250-more\r\n"},
        ],
        "dot",
        unknown(),
        modes=ALL,
    ),
    Row("F130 250- then 550", {"dot": b"250-Ok\r\n550 No\r\n"}, unknown(), modes=ALL),
    Row("F131 FIN", {"dot": FIN}, unknown(), modes=ALL),
    Row("F132 RST", {"dot": RST}, unknown(), modes=ALL),
    *each(
        "F133",
        [{"reply": b"25", **FIN}, {"reply": b"250", **FIN}, {"reply": b"250 Ok", **FIN}, {"reply": b"550 No", **FIN}],
        "dot",
        unknown(),
        modes=ALL,
    ),
    Row("F134 250-x then FIN", {"dot": {"reply": b"250-x\r\n", **FIN}}, unknown(), modes=ALL),
    Row(
        "F135 the request's time passes",
        {"dot": STALL},
        unknown(504),
        modes=ALL,
        within=8,
        options={"timeout_request": "900ms"},
    ),
    Row("F135 the step's time passes", {"dot": STALL}, unknown(504), modes=ALL, timeout=SHORT, within=8),
    Row(
        "F135 drip",
        {"dot": {"reply": "250 2.0.0 Ok: queued as X", "split": 1, "pause": 0.3}},
        unknown(504),
        timeout=SHORT,
        within=8,
    ),
    Row("F138 truncation", {"dot": {"then": "truncate"}}, unknown(), modes=SECURE),
    Row(
        "F138 bad record",
        {"dot": {"beneath": b"\x17\x03\x03\x00\x20" + b"\xaa" * 32, "then": "stall"}},
        unknown(),
        modes=SECURE,
    ),
    Row("F141 250, RST", {"dot": {"reply": "250 2.0.0 Ok: queued as A1", **RST}}, SENT, modes=ALL),
    Row("F141 then the next", [{"dot": {"reply": "250 Ok", **RST}}, {}], SENT, posts=2, connections=2),
    Row("F142 250 and 550", {"dot": b"250 2.0.0 Ok\r\n550 No\r\n"}, SENT, posts=2, connections=2, modes=ALL),
    Row("F143 250 and 421", {"dot": b"250 2.0.0 Ok\r\n421 4.3.2 Closing\r\n"}, SENT, posts=2, connections=2, modes=ALL),
    *[
        Row(
            f"F148 QUIT {label(fault)}",
            {"quit": fault},
            SENT,
            options={"smtp_max_messages": 1},
            posts=2,
            within=4,
            modes=("plain", "implicit"),
        )
        for fault in ("500 No", STALL, RST, FIN)
    ],
    *[
        Row(f"F148 RSET {label(fault)}", {"rcpt": "550 5.1.1 Unknown", "rset": fault}, RECIPIENTS, within=4)
        for fault in ("500 No", STALL, RST, FIN)
    ],
    Row(
        "F149 hostile text",
        {"dot": '250 2.0.0 <b>&\x1b[2J\x07 "q" \\ ' + "y" * 2000},
        SENT,
        check=lambda run: check_text_is_safe(upstream_text(run)),
    ),
    Row(
        "F149 multi-line text",
        {"dot": "250-2.0.0 first\n250 2.0.0 queued as Z9"},
        SENT,
        check=lambda run: check("\n" not in upstream_text(run) and "\r" not in upstream_text(run), "a line end"),
    ),
]

POOL = [
    Row(
        "F150 idle FIN",
        [{"dot": {"reply": "250 2.0.0 Ok", "then": "fin"}}, {}],
        SENT,
        posts=2,
        connections=2,
        modes=ALL,
    ),
    Row(
        "F151 idle 421",
        [{"dot": {"reply": b"250 Ok.\r\n421 4.4.2 Idle\r\n", "split": 9, "pause": 0.2}}, {}],
        SENT,
        posts=2,
        connections=2,
    ),
    Row("F154 RSET refused", [{"rcpt": ["550 5.1.1 Unknown"], "rset": "502 No"}, {}], SENT, posts=2, connections=2),
    Row("one session serves many", {}, SENT, posts=5, connections=1, modes=ALL),
]

faults.add([*GREETING, *EHLO, *STARTTLS, *AUTH, *MAIL, *RCPT, *DATA, *DOT, *POOL])

if __name__ == "__main__":
    main(jobs=6)
