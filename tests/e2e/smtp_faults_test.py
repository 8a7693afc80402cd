#!/usr/bin/env python3
"""F: what the SMTP client meets, and what the caller gets. One row a fault, named by its number.

Each row runs a fresh gateway against a scripted relay. Beside what the row wants, every run is held against the relay's
acceptance log: the invariant, at most once, nothing secret shown.
"""

import dataclasses
import email
import email.policy
import socket
import threading
import time
import uuid
from typing import Callable

from lib import certificates, gateway, name_server, oracle
from lib.gateway import Gateway, message
from lib.harness import SANITIZED, case, check, check_equal, eventually, main, seconds, table
from lib.scripted_relay import ScriptedRelay, as_action

ALL = ("plain", "starttls", "implicit")
SECURE = ("starttls", "implicit")
PLAIN = ("plain",)
TLS_OF_MODE = {"plain": "none", "starttls": "starttls", "implicit": "implicit"}

STALL, FIN, RST = {"then": "stall"}, {"then": "fin"}, {"then": "rst"}
SHORT = 0.8  # a timeout for rows that wait for it
LARGE_TEXT = ("The quick brown fox jumps over the lazy dog, again and again.\n" * 16) * 8192  # 8 MiB
SENT = (200, None, None, "sent")


def not_sent(status, code, retry):
    return (status, code, retry == "y", "not_sent")


def unknown(status=502):
    return (status, "outcome-unknown", False, "unknown")


UNREACHABLE = not_sent(502, "upstream-unreachable", "y")
TIMEOUT = not_sent(504, "upstream-timeout", "y")
TEMPORARY = not_sent(503, "upstream-temporary", "y")
PROTOCOL = not_sent(502, "upstream-protocol-error", "n")
SESSION = not_sent(502, "upstream-rejected-session", "n")
TLS = not_sent(502, "upstream-tls", "n")
TLS_BROKE = not_sent(502, "upstream-tls", "y")
TLS_REQUIRED = not_sent(502, "upstream-tls-required", "n")
AUTH_FAILED = not_sent(502, "upstream-auth-failed", "n")
SENDER = not_sent(422, "sender-rejected", "n")
RECIPIENTS = not_sent(422, "recipients-rejected", "n")
DEFERRED = not_sent(503, "recipients-deferred", "y")
MESSAGE = not_sent(422, "message-rejected", "n")


@dataclasses.dataclass
class Run:
    """One row in one mode, after the answers came."""

    relay: ScriptedRelay
    gateway: Gateway
    responses: list

    @property
    def answer(self):
        return self.responses[-1].json()


@dataclasses.dataclass
class Row:
    name: str
    steps: dict  # or a list of them: one a connection
    want: tuple  # status, code, retryable, delivery; of the last post
    modes: tuple = PLAIN
    posts: int = 1
    timeout: float = 10
    fields: dict = dataclasses.field(default_factory=dict)
    relay: dict = dataclasses.field(default_factory=dict)
    options: dict = dataclasses.field(default_factory=dict)
    url_tls: str = ""  # what the gateway believes, where that is not what the relay speaks
    never: tuple = ()  # verbs that must not be seen
    seen: tuple = ()  # verbs that must be
    within: float = 0  # seconds that the answer may take
    connections: int = 0  # how many there must have been
    check: Callable = lambda run: None


def upstream_text(run):
    return run.answer["upstream"]["text"]


def pointers(run):
    return [error["pointer"] for error in run.answer["errors"]]


def statuses(run):
    return [recipient["status"] for recipient in run.answer["recipients"]]


def each(number, replies, step, want, **more):
    """Rows that differ in the relay's reply alone."""
    return [Row(f"{number} {step} {_label(reply)}", {step: reply}, want, **more) for reply in replies]


def _label(action):
    action = as_action(action)
    reply = action.get("reply", "")
    reply = reply.decode("latin-1") if isinstance(reply, bytes) else reply
    return " ".join(part for part in (repr(reply[:24])[1:-1], action.get("then", "")) if part)


def to(count):
    return {"to": [f"r{i}@example.net" for i in range(count)]}


GREETING = [
    Row("F9 late", {"greeting": {"delay": 0.7}}, SENT),
    Row("F10 none", {"greeting": STALL}, TIMEOUT, timeout=SHORT, within=4),
    Row("F11 421", {"greeting": "421 4.3.2 Closing"}, TEMPORARY),
    Row("F12 554", {"greeting": "554 5.7.1 Go away"}, SESSION, seen=("QUIT",), never=("EHLO", "MAIL")),
    Row("F13 450", {"greeting": "450 4.3.2 Later"}, TEMPORARY),
    Row("F14 FIN", {"greeting": FIN}, UNREACHABLE),
    Row("F15 RST", {"greeting": RST}, UNREACHABLE),
    *each("F16", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"\x7fELF\x02\x01\r\n"], "greeting", PROTOCOL, never=("EHLO",)),
    *each("F17", ["221 Bye", "250 Ok", "354 Go on", "500 What", "501 What", "530 Login"], "greeting", PROTOCOL,
          never=("EHLO",)),
    Row("F18 1 MB line", {"greeting": {"reply": b"220 " + b"x" * 1_000_000, "then": "stall"}}, PROTOCOL,
        check=lambda run: check_memory(run, 64)),
    Row("F19 endless 220-", {"greeting": {"endless": b"220-more\r\n"}}, PROTOCOL,
        check=lambda run: check_memory(run, 64)),
    *each("F20", [b"2\x000 hello\r\n", b"\xb2\xb2\xb0 hello\r\n", b"220\x00hello\r\n"], "greeting", PROTOCOL),
    Row("F21 drip", {"greeting": {"reply": "220 relay.test ESMTP", "split": 1, "pause": 0.3}}, TIMEOUT,
        timeout=SHORT, within=4),
    Row("F22 TLS bytes", {"greeting": b"\x15\x03\x03\x00\x02\x02\x46"}, TLS, modes=("starttls",),
        check=lambda run: check("implicit TLS" in run.answer["detail"], f"no hint: {run.answer['detail']}")),
    Row("F23 plain text", {}, TLS, url_tls="implicit"),
    Row("F24 extra reply", {"greeting": b"220 hello\r\n250 and more\r\n"}, PROTOCOL, never=("MAIL",)),
    Row("F25 multi-line", {"greeting": "220-relay.test\n220 ESMTP"}, SENT),
    Row("F25 bare code", {"greeting": b"220\r\n"}, SENT),
]

EHLO = [
    *each("F26", ["500 What", "501 What", "502 No", "504 No", "550 No"], "ehlo", TLS_REQUIRED, modes=("starttls",),
          never=("AUTH", "MAIL")),
    *each("F26 HELO", ["500 What", "502 No", "550 No"], "ehlo", SENT, seen=("HELO",)),
    *each("F27", ["530 Login", "554 No"], "ehlo", SESSION, modes=("plain", "starttls")),
    *each("F28", ["421 4.3.2 Closing", "450 4.3.2 Later"], "ehlo", TEMPORARY, modes=("plain", "implicit")),
    *each("F29", ["220 Hello", "221 Bye", "354 Go on"], "ehlo", PROTOCOL),
    Row("F30 code mismatch", {"ehlo": b"250-relay.test\r\n251 AUTH PLAIN\r\n"}, PROTOCOL),
    Row("F31 bare LF", {"ehlo": b"250-relay.test\n250 PIPELINING\n", "mail": b"250 Ok\n"}, SENT),
    Row("F32 endless", {"ehlo": {"endless": b"250-X-MORE\r\n"}}, PROTOCOL, check=lambda run: check_memory(run, 64)),
    Row("F33 8-bit text", {"ehlo": b"250-\xe9\x1b[31m relay\r\n250 HELP\r\n", "dot": b"250 \xe9\x1b[31m done\r\n"}, SENT,
        check=lambda run: check("\x1b" not in run.gateway.log() + upstream_text(run), "an escape got through")),
    *each("F34", [f"250-relay.test\n250 SIZE{size}" for size in ("", " 0", " many", f" {2**70}", " -1")], "ehlo", SENT),
    Row("F35 legacy AUTH=", {"caps": "250-relay.test\n250-auth=PLAIN LOGIN\n250-AUTH plain login\n250 Auth PLAIN"}, SENT,
        modes=SECURE),
    Row("F36 extra reply", {"ehlo": b"250-relay.test\r\n250 HELP\r\n250 more\r\n"}, PROTOCOL, never=("MAIL",)),
]

STARTTLS = [
    Row("F37 not advertised", {}, TLS_REQUIRED, url_tls="starttls", relay={"mechanisms": ()},
        never=("AUTH", "MAIL", "STARTTLS")),
    Row("F38 502", {"starttls": "502 No"}, TLS_REQUIRED, modes=("starttls",), never=("AUTH", "MAIL")),
    Row("F39 454", {"starttls": "454 4.7.0 Later"}, TEMPORARY, modes=("starttls",), never=("AUTH", "MAIL")),
    *each("F40", ["354 Go on", "221 Bye", "500 What", "501 What", "530 No"], "starttls", TLS_REQUIRED,
          modes=("starttls",), never=("AUTH", "MAIL")),
    Row("F40 421", {"starttls": "421 4.3.2 Closing"}, TEMPORARY, modes=("starttls",), never=("AUTH", "MAIL")),
    Row("F41 injected reply", {"starttls": b"220 Go\r\n250-AUTH PLAIN\r\n"}, PROTOCOL, modes=("starttls",),
        never=("AUTH", "MAIL")),
    Row("F42 injected later", {"tls": {"reply": b"250-AUTH PLAIN\r\n"}}, TLS, modes=SECURE, never=("AUTH", "MAIL")),
    Row("F43 FIN", {"tls": FIN}, TLS_BROKE, modes=SECURE, never=("AUTH",)),
    Row("F43 RST", {"tls": RST}, TLS_BROKE, modes=SECURE, never=("AUTH",)),
    Row("F44 stall", {"tls": STALL}, TIMEOUT, modes=SECURE, timeout=SHORT, within=4),
    Row("F45 AUTH in clear only", {}, TLS_REQUIRED, url_tls="starttls", never=("AUTH", "MAIL")),
    Row("F46 other capabilities", {"ehlo": "250-relay.test\n250-AUTH XNONE\n250-SIZE 1\n250 STARTTLS"}, SENT,
        modes=("starttls",)),
    Row("F47 EHLO answered early", {"starttls": b"220 Go\r\n250-relay.test\r\n250 AUTH PLAIN LOGIN\r\n"}, PROTOCOL,
        modes=("starttls",), never=("AUTH", "MAIL")),
    Row("F48 bytewise", {"starttls": {"split": 1}, "ehlo": {"split": 1}, "ehlo2": {"split": 1}}, SENT, modes=SECURE),
]

AUTH = [
    Row("F71 none", {"caps": "250-relay.test\n250 PIPELINING"}, AUTH_FAILED, modes=SECURE, never=("AUTH", "MAIL")),
    Row("F72 unknown mechanisms", {}, AUTH_FAILED, modes=SECURE, relay={"mechanisms": ("NTLM", "X-NEW")},
        never=("AUTH", "MAIL")),
    Row("F73 535", {"auth": "535 5.7.8 No"}, AUTH_FAILED, modes=SECURE, never=("MAIL",)),
    Row("F73 535 to LOGIN", {"auth": "535 5.7.8 No"}, AUTH_FAILED, modes=SECURE, relay={"mechanisms": ("LOGIN",)}),
    Row("F74 454", {"auth": "454 4.7.0 Later"}, not_sent(503, "upstream-auth-temporary", "y"), modes=SECURE),
    *each("F75", ["432 4.7.12 Change it", "534 5.7.9 Too weak", "538 5.7.11 Encrypt"], "auth", AUTH_FAILED,
          modes=("implicit",)),
    Row("F76 421", {"auth": "421 4.3.2 Closing"}, TEMPORARY, modes=SECURE),
    *each("F77", ["500 What", "501 What", "503 What", "504 What"], "auth", AUTH_FAILED, modes=("implicit",)),
    Row("F78 bad base64", {"prompt": "334 %%%"}, AUTH_FAILED, modes=SECURE, relay={"mechanisms": ("LOGIN",)},
        seen=("*",)),
    Row("F79 endless 334", {"auth": "334 VXNlcm5hbWU6"}, AUTH_FAILED, modes=SECURE, relay={"mechanisms": ("LOGIN",)},
        check=lambda run: check(len(run.relay.commands()) < 20, "too many rounds")),
    Row("F79 endless 334 to PLAIN", {"auth": "334 "}, AUTH_FAILED, modes=("implicit",)),
    Row("F82 extra bytes", {"auth": b"235 Ok\r\n250 more\r\n"}, PROTOCOL, modes=SECURE, never=("MAIL",)),
    Row("F83 FIN", {"auth": FIN}, UNREACHABLE, modes=SECURE),
    Row("F84 stall", {"auth": STALL}, TIMEOUT, modes=SECURE, timeout=SHORT, within=4),
    Row("F85 echoed password", {"auth": "535 5.7.8 s3cret p@ss/word is wrong for ann"}, AUTH_FAILED, modes=SECURE),
    Row("F85 echoed response", {"auth": "535 5.7.8 No: AGFubgBzM2NyZXQgcEBzcy93b3Jk"}, AUTH_FAILED, modes=SECURE),
    Row("LOGIN", {}, SENT, modes=SECURE, relay={"mechanisms": ("LOGIN",)}),
    Row("LOGIN prompts in the other order", {}, SENT, modes=SECURE,
        relay={"mechanisms": ("LOGIN",), "login_prompts": ("Password:", "User Name")}),
    Row("PLAIN", {}, SENT, modes=SECURE, relay={"mechanisms": ("PLAIN",)}),
]

MAIL = [
    *each("F86", ["550 5.1.0 No", "553 5.1.7 No", "550 5.7.1 Denied"], "mail", SENDER, never=("RCPT", "DATA")),
    *each("F87", ["450 4.1.0 Later", "451 4.3.0 Later", "452 4.3.1 Full"], "mail", TEMPORARY),
    Row("F88 552", {"mail": "552 5.3.4 Too big"}, not_sent(422, "message-too-large", "n")),
    Row("F88 SIZE", {"ehlo": "250-relay.test\n250 SIZE 100"}, not_sent(413, "message-too-large", "n"), never=("MAIL",)),
    Row("F89 421", {"mail": "421 4.3.2 Closing"}, TEMPORARY),
    *[Row(f"F90 {_label(fault)} when reused", [{"mail": [None, fault]}, {}], SENT, posts=2, modes=("plain", "starttls"),
          connections=2) for fault in ("421 4.3.2 Closing", FIN, RST)],
    Row("F91 530 when reused", [{"mail": [None, "530 5.7.0 Login"]}, {}], SENT, posts=2, modes=SECURE, connections=2),
    *each("F92", ["503 What", "555 What", "354 Go on", "220 Hello"], "mail", PROTOCOL, never=("DATA",)),
    Row("F93 SMTPUTF8", {}, not_sent(422, "smtputf8-unsupported", "n"), fields={"to": ["b\u00f8b@example.net"]},
        never=("MAIL",)),
    Row("F94 stall", {"mail": STALL}, TIMEOUT, timeout=SHORT, within=4),
]

RCPT = [
    Row("F95 all 5yz", {"rcpt": "550 5.1.1 Unknown"}, RECIPIENTS, fields=to(2), never=("DATA",),
        check=lambda run: (check_equal(statuses(run), ["rejected"] * 2), check_equal(pointers(run), ["/to/0", "/to/1"]))),
    Row("F96 all 4yz", {"rcpt": "450 4.2.1 Later"}, DEFERRED, fields=to(2), never=("DATA",),
        check=lambda run: check_equal(statuses(run), ["deferred"] * 2)),
    Row("F97 mixed", {"rcpt": ["450 4.2.1 Later", "550 5.1.1 Unknown"]}, RECIPIENTS, fields=to(2), never=("DATA",),
        check=lambda run: check_equal(statuses(run), ["deferred", "rejected"])),
    Row("F97 mixed, deliver", {"rcpt": ["450 4.2.1 Later", "550 5.1.1 Unknown"]}, RECIPIENTS, never=("DATA",),
        fields={**to(2), "partial": "deliver"}),
    Row("F98 one 5yz, abort", {"rcpt": [None, "550 5.1.1 Unknown", None]}, RECIPIENTS, fields=to(3), modes=ALL,
        never=("DATA",), check=lambda run: check_equal(pointers(run), ["/to/1"])),
    Row("F98 RSET, then the next message", {"rcpt": ["550 5.1.1 Unknown", None]}, SENT, posts=2, seen=("RSET",),
        connections=1),
    Row("F99 one 4yz, abort", {"rcpt": [None, "451 4.3.0 Later", None]}, DEFERRED, fields=to(3), never=("DATA",)),
    Row("F100 one 5yz, deliver", {"rcpt": [None, "550 5.1.1 Unknown", None]}, (200, None, None, "partial"),
        fields={**to(3), "partial": "deliver"}, modes=ALL,
        check=lambda run: check_equal(statuses(run), ["accepted", "rejected", "accepted"])),
    *each("F101", ["251 Will forward", "252 Cannot verify"], "rcpt", SENT),
    Row("F102 551", {"rcpt": "551 5.1.6 Moved"}, RECIPIENTS),
    Row("F103 452 at #101", {"rcpt": [None] * 100 + ["452 4.5.3 Too many"]}, DEFERRED, fields=to(101), never=("DATA",)),
    Row("F104 552 is 452", {"rcpt": "552 5.5.3 Too many"}, DEFERRED),
    Row("F105 421", {"rcpt": "421 4.3.2 Closing"}, TEMPORARY),
    Row("F105 FIN", {"rcpt": [None, FIN]}, UNREACHABLE, fields=to(2)),
    Row("F105 RST", {"rcpt": [None, RST]}, UNREACHABLE, fields=to(2)),
    Row("F106 a reply is missing", {"rcpt": [None, b""]}, TIMEOUT, fields=to(2), timeout=SHORT, within=4),
    Row("F107 a reply too many", {"rcpt": [None, b"250 Ok\r\n250 Ok\r\n"]}, PROTOCOL, fields=to(2), never=("DATA",)),
    Row("F108 bytewise", {"rcpt": {"split": 1}, "mail": {"split": 1}, "data": {"split": 1}, "dot": {"split": 1}}, SENT,
        fields=to(3), modes=ALL),
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
    Row("F116 RST mid-body", {"body": {"after": 100_000, **RST}}, UNREACHABLE, fields={"text": LARGE_TEXT},
        modes=("plain", "implicit")),
    Row("F117 zero window", {"body": {"after": 100_000, **STALL}}, TIMEOUT, fields={"text": LARGE_TEXT}, modes=ALL,
        relay={"receive_buffer": 4096}, timeout=SHORT, within=8),
    Row("F118 552 mid-body", {"body": {"after": 100_000, "delay": 0.4, "reply": "552 5.3.4 Too big"}},
        not_sent(422, "message-rejected", "n"), fields={"text": LARGE_TEXT}, modes=ALL),
    Row("F118 421 mid-body", {"body": {"after": 100_000, "delay": 0.4, "reply": "421 4.3.2 Closing"}}, TEMPORARY,
        fields={"text": LARGE_TEXT}, modes=ALL),
    Row("F119 250 mid-body", {"body": {"after": 100_000, "delay": 0.4, "reply": "250 2.0.0 Ok"}}, unknown(),
        fields={"text": LARGE_TEXT}, modes=ALL),
    Row("F120 truncation mid-body", {"body": {"after": 100_000, "delay": 0.4, "then": "truncate"}}, TLS_BROKE,
        fields={"text": LARGE_TEXT}, modes=SECURE),
    Row("F120 FIN mid-body", {"body": {"after": 100_000, "delay": 0.4, "then": "fin"}}, UNREACHABLE,
        fields={"text": LARGE_TEXT}),
]

DOT = [
    Row("F124 queued as", {"dot": "250 2.0.0 Ok: queued as 4Xyz12AbCd"}, SENT, modes=ALL,
        check=lambda run: (check_equal(run.answer["queue_id"], "4Xyz12AbCd"),
                           check_equal(upstream_text(run), "2.0.0 Ok: queued as 4Xyz12AbCd"))),
    *each("F125", ["250-2.0.0 Ok\n250 2.0.0 queued", b"250\r\n", "251 Ok", "252 Ok", "220 Ok"], "dot", SENT, modes=ALL),
    *each("F126", ["451 4.3.0 Later", "452 4.3.1 Full", "421 4.3.2 Closing"], "dot",
          not_sent(503, "message-deferred", "y"), modes=ALL),
    *each("F127", ["550 5.7.1 Spam", "554 5.6.0 No", "552 5.2.2 Full"], "dot", MESSAGE, modes=ALL),
    *each("F128", ["354 Go on", "334 VXNlcm5hbWU6"], "dot", unknown(), modes=ALL),
    *each("F129", [b"\0\xffgarbage\r\n", b"2x0 Ok\r\n", b"250\0Ok\r\n", b"\r\n", b"199 Ok\r\n", b"650 Ok\r\n",
                   {"reply": b"250 " + b"x" * 1_000_000}, {"endless": b"250-more\r\n"}], "dot", unknown(), modes=ALL),
    Row("F130 250- then 550", {"dot": b"250-Ok\r\n550 No\r\n"}, unknown(), modes=ALL),
    Row("F131 FIN", {"dot": FIN}, unknown(), modes=ALL),
    Row("F132 RST", {"dot": RST}, unknown(), modes=ALL),
    *each("F133", [{"reply": b"25", **FIN}, {"reply": b"250", **FIN}, {"reply": b"250 Ok", **FIN},
                   {"reply": b"550 No", **FIN}], "dot", unknown(), modes=ALL),
    Row("F134 250-x then FIN", {"dot": {"reply": b"250-x\r\n", **FIN}}, unknown(), modes=ALL),
    Row("F135 the request's time passes", {"dot": STALL}, unknown(504), modes=ALL, within=8,
        options={"timeout_request": "900ms"}),
    Row("F135 the step's time passes", {"dot": STALL}, unknown(504), modes=ALL, timeout=SHORT, within=8),
    Row("F135 drip", {"dot": {"reply": "250 2.0.0 Ok: queued as X", "split": 1, "pause": 0.3}}, unknown(504),
        timeout=SHORT, within=8),
    Row("F138 truncation", {"dot": {"then": "truncate"}}, unknown(), modes=SECURE),
    Row("F138 bad record", {"dot": {"beneath": b"\x17\x03\x03\x00\x20" + b"\xaa" * 32, "then": "stall"}}, unknown(),
        modes=SECURE),
    Row("F141 250, RST", {"dot": {"reply": "250 2.0.0 Ok: queued as A1", **RST}}, SENT, modes=ALL),
    Row("F141 then the next", [{"dot": {"reply": "250 Ok", **RST}}, {}], SENT, posts=2, connections=2),
    Row("F142 250 and 550", {"dot": b"250 2.0.0 Ok\r\n550 No\r\n"}, SENT, posts=2, connections=2, modes=ALL),
    Row("F143 250 and 421", {"dot": b"250 2.0.0 Ok\r\n421 4.3.2 Closing\r\n"}, SENT, posts=2, connections=2, modes=ALL),
    *[Row(f"F148 QUIT {_label(fault)}", {"quit": fault}, SENT, options={"smtp_max_messages": 1}, posts=2, within=4,
          modes=("plain", "implicit")) for fault in ("500 No", STALL, RST, FIN)],
    *[Row(f"F148 RSET {_label(fault)}", {"rcpt": "550 5.1.1 Unknown", "rset": fault}, RECIPIENTS, within=4)
      for fault in ("500 No", STALL, RST, FIN)],
    Row("F149 hostile text", {"dot": "250 2.0.0 <b>&\x1b[2J\x07 \"q\" \\ " + "y" * 2000}, SENT,
        check=lambda run: check_text_is_safe(upstream_text(run))),
    Row("F149 multi-line text", {"dot": "250-2.0.0 first\n250 2.0.0 queued as Z9"}, SENT,
        check=lambda run: check("\n" not in upstream_text(run) and "\r" not in upstream_text(run), "a line end")),
]

POOL = [
    Row("F150 idle FIN", [{"dot": {"reply": "250 2.0.0 Ok", "then": "fin"}}, {}], SENT, posts=2, connections=2, modes=ALL),
    Row("F151 idle 421", [{"dot": {"reply": b"250 Ok.\r\n421 4.4.2 Idle\r\n", "split": 9, "pause": 0.2}}, {}], SENT,
        posts=2, connections=2),
    Row("F154 RSET refused", [{"rcpt": ["550 5.1.1 Unknown"], "rset": "502 No"}, {}], SENT, posts=2, connections=2),
    Row("one session serves many", {}, SENT, posts=5, connections=1, modes=ALL),
]


# --- One row ------------------------------------------------------------------------------------------------------


def check_memory(run, mebibytes):
    if not SANITIZED:
        peak = run.gateway.status_field("VmHWM") // 1024
        check(peak < mebibytes, f"the gateway grew to {peak} MiB")


def body_bytes(run):
    return sum(connection.body_bytes for connection in run.relay.connections)


def check_text_is_safe(text):
    check(len(text.encode()) <= 1000, f"{len(text.encode())} bytes of upstream text")
    check(all(ord(c) >= 0x20 and ord(c) != 0x7F for c in text), f"a control character in {text!r}")


def relay_for(row, mode):
    certificate = certificates.shared().server("good") if mode != "plain" else None
    connections = row.steps if isinstance(row.steps, list) else [row.steps]
    return ScriptedRelay(connections=connections, tls=TLS_OF_MODE[mode], certificate=certificate, **row.relay)


def gateway_for(row, relay):
    options = {"smtp_ca_file": certificates.shared().ca_file, **row.options}
    return Gateway(relay.url(tls=row.url_tls or None), timeout=row.timeout, **options)


def hold(row, run, tokens):
    """Everything that must be true of the answers, given what the relay saw."""
    last = run.responses[-1]
    got = (last.status, run.answer.get("code"), run.answer.get("retryable"), run.answer.get("delivery"))
    wanted = row.want if row.want[0] != 200 else (200, None, None, row.want[3])
    check_equal(got, wanted, f"status, code, retryable, delivery (detail: {run.answer.get('detail')})")
    for response, token in zip(run.responses, tokens):
        (oracle.hold_receipt if response.status == 200 else oracle.hold_problem)(response)
        oracle.hold_invariant(response.json(), run.relay.messages_with(token))
        oracle.hold_secrecy(response.body)
    oracle.hold_secrecy(run.gateway.log())
    for verb in row.never:
        check(verb not in run.relay.verbs(), f"{verb} was sent")
    for verb in row.seen:
        check(eventually(lambda: verb in run.relay.verbs(), 2, f"{verb} at the relay"))
    clear = [c.text for c in run.relay.commands() if not c.tls and c.text.upper().startswith("AUTH")]
    check_equal(clear, [], "AUTH in the clear")
    if row.connections:
        check_equal(len(run.relay.connections), row.connections, "connections")
    row.check(run)


def play(row, mode):
    tokens = [uuid.uuid4().hex for _ in range(row.posts)]
    with relay_for(row, mode) as relay:
        try:
            with gateway_for(row, relay) as running:
                responses = []
                for token in tokens:
                    began = time.monotonic()
                    fields = message(**{"subject": token, **row.fields})
                    responses.append(running.post(fields))
                    took = time.monotonic() - began
                    check(not row.within or took < seconds(row.within), f"the answer took {took:.1f} s")
                    if row.posts > 1:
                        time.sleep(0.3 if "idle" in row.name else 0)
                hold(row, Run(relay, running, responses), tokens)
        except AssertionError as failure:
            failure.args = (f"{failure}\n--- the relay's log:\n{relay.log()[-5000:]}",)
            raise


@dataclasses.dataclass
class RowInMode:
    row: Row
    mode: str

    @property
    def name(self):
        return f"{self.row.name} [{self.mode}]"


ROWS = [*GREETING, *EHLO, *STARTTLS, *AUTH, *MAIL, *RCPT, *DATA, *DOT, *POOL]
table([RowInMode(row, mode) for row in ROWS for mode in row.modes], lambda entry: play(entry.row, entry.mode))


# --- Resolve and connect (section 1) ------------------------------------------------------------------------------


def expect(response, want):
    answer = response.json()
    got = (response.status, answer.get("code"), answer.get("retryable"), answer.get("delivery"))
    check_equal(got, want if want[0] != 200 else (200, None, None, want[3]), f"answer (detail: {answer.get('detail')})")


def post_to_unknown_name(code, want):
    gateway.need_namespaces()
    with name_server.NameServer(code) as server:
        with Gateway("smtps://ann:x@relay.invalid", hosts=[], resolver=server.address, timeout=10) as running:
            expect(running.post(message(), timeout=40), want)
            check(server.questions > 0, "the name server was not asked")


@case("F1 no such name")
def no_such_name():
    post_to_unknown_name(name_server.NO_SUCH_NAME, UNREACHABLE)


@case("F2 the name server fails")
def name_server_fails():
    post_to_unknown_name(name_server.SERVER_FAILURE, not_sent(503, "upstream-unreachable", "y"))


@case("F2 the name server is silent")
def name_server_silent():
    post_to_unknown_name(None, not_sent(503, "upstream-unreachable", "y"))


@case("F3 refused")
def refused():
    with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none") as running:
        expect(running.post(message()), UNREACHABLE)


@case("F4 black hole")
def black_hole():
    """A full backlog: Linux drops further SYNs."""
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        deaf.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(deaf.getsockname())
        try:
            with Gateway(f"smtp://127.0.0.1:{deaf.getsockname()[1]}?tls=none", timeout=SHORT) as running:
                began = time.monotonic()
                expect(running.post(message()), TIMEOUT)
                check(time.monotonic() - began < seconds(4), "the connect budget was not kept")
        finally:
            for filler in fillers:
                filler.close()


def post_to_two_addresses(*addresses):
    gateway.need_namespaces()
    with ScriptedRelay() as relay:
        hosts = [("relay.test", address) for address in addresses]
        with Gateway(relay.url(host="relay.test"), hosts=hosts, timeout=3) as running:
            expect(running.post(message()), SENT)


@case("F5 the first address is dead")
def first_address_dead():
    post_to_two_addresses("127.0.0.99", "127.0.0.1")


@case("F7 IPv6 is dead")
def ipv6_dead():
    post_to_two_addresses("::1", "127.0.0.1")


@case("F6 no descriptors left")
def no_descriptors():
    with ScriptedRelay() as relay, Gateway(relay, timeout=3) as running:
        held = running.connect()  # accepted while there were descriptors
        eventually(lambda: running.get("/").status == 200, what="an answer")
        open_before = running.descriptors()
        running.limit_descriptors(open_before)
        body = b'{"from":"a@example.com","to":"b@example.net","text":"x"}'
        head = f"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        held.sendall(head.encode() + body)
        answer = held.recv(65536).decode()
        running.limit_descriptors(1024)
        held.close()
        check(answer.startswith("HTTP/1.1 503 ") and '"overloaded"' in answer, answer)
        expect(running.post(message()), SENT)


# --- The message itself ---------------------------------------------------------------------------------------------


@case("F122 dots and line ends arrive as they were")
def dots_arrive():
    text = ".\n..\n.lead\n\n.\nlast line\n."
    with ScriptedRelay() as relay, Gateway(relay) as running:
        expect(running.post(message(text=text)), SENT)
        parsed = email.message_from_bytes(relay.messages[0].content, policy=email.policy.default)
        check_equal(parsed.get_content().rstrip("\n"), text.rstrip("\n"), "text")
        check_equal(len(relay.messages), 1, "messages")


@case("QQ: the dialogue of a well-known provider")
def qq_dialogue():
    steps = {
        "greeting": "220 smtp.qq.com Esmtp QQ Mail Server",
        "caps": "250-smtp.qq.com\n250-PIPELINING\n250-SIZE 73400320\n250-AUTH LOGIN PLAIN\n250-AUTH=LOGIN\n250-MAILCOMPRESS\n"
        "250 8BITMIME",
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


# --- Load, stop, fail-over ----------------------------------------------------------------------------------------


def in_background(function, *arguments, **more):
    """Returns a function that waits for the result."""
    results = []
    thread = threading.Thread(target=lambda: results.append(function(*arguments, **more)), daemon=True)
    thread.start()

    def result(timeout=30):
        thread.join(seconds(timeout))
        check(results, "no answer came")
        return results[0]

    return result


@case("F160 a stalled session does not hold other requests")
def stall_does_not_hold():
    with ScriptedRelay(connections=[{"dot": {"until": "go"}}, {}]) as relay, Gateway(relay) as running:
        slow = in_background(running.post, message(subject="slow"))
        check(relay.wait_for_step("dot"), "the first message did not come")
        for _ in range(5):
            began = time.monotonic()
            expect(running.post(message(subject="quick")), SENT)
            check(time.monotonic() - began < seconds(2), "another request was held up")
        relay.open("go")
        expect(slow(), SENT)


@case("F160 /livez answers while every session hangs")
def livez_answers():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay, smtp_max_connections=2) as running:
        waiting = [in_background(running.post, message()) for _ in range(6)]
        check(relay.wait_for_step("dot", 2), "no messages came")
        began = time.monotonic()
        check_equal(running.get_admin("/livez").status, 200, "/livez")
        check(time.monotonic() - began < seconds(0.2), "/livez was slow")
        check("postern_queue_depth" in running.get_admin("/metrics").body.decode(), "no queue depth in /metrics")
        relay.open("go")
        for wait in waiting:
            expect(wait(), SENT)


@case("F156 no session is free in time")
def pool_exhausted():
    with ScriptedRelay(connections=[{"dot": {"until": "go"}}]) as relay:
        with Gateway(relay, smtp_max_connections=1, timeout_request=gateway.milliseconds(1.5)) as running:
            first = in_background(running.post, message(subject="first"))
            check(relay.wait_for_step("dot"), "the first message did not come")
            expect(running.post(message(subject="second")), not_sent(503, "overloaded", "y"))
            expect(first(), unknown(504))
            relay.open("go")
            check_equal(len(relay.messages_with("Subject: second")), 0, "attempts of the second")


@case("the queue is full: 503 at once")
def queue_full():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay:
        with Gateway(relay, smtp_max_connections=1, max_queue=1) as running:
            first = in_background(running.post, message())
            check(relay.wait_for_step("dot"), "the first message did not come")
            second = in_background(running.post, message())
            eventually(lambda: ' 1\n' in metric(running, "postern_queue_depth"), what="a queue of one")
            began = time.monotonic()
            expect(running.post(message()), not_sent(503, "overloaded", "y"))
            check(time.monotonic() - began < seconds(1), "not at once")
            relay.open("go")
            expect(first(), SENT)
            expect(second(), SENT)


def metric(running, name):
    lines = running.get_admin("/metrics").body.decode().splitlines()
    return "".join(line + "\n" for line in lines if line.startswith(name))


@case("F145 SIGTERM while the relay decides: 200 within the grace time")
def sigterm_while_waiting():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay) as running:
        waiting = in_background(running.post, message(subject="token-f145"))
        check(relay.wait_for_step("dot"), "the message did not come")
        running.signal(15)
        eventually(lambda: running.get_admin("/readyz").status == 503, what="/readyz 503 while draining")
        time.sleep(0.3)
        relay.open("go")
        response = waiting()
        expect(response, SENT)
        oracle.hold_invariant(response.json(), relay.messages_with("token-f145"))
        check_equal(running.wait(), 0, "exit status")


@case("SIGTERM with a queue: what is out is finished, nothing is lost")
def sigterm_with_a_queue():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay, smtp_max_connections=2) as running:
        tokens = [f"token-{i}-{uuid.uuid4().hex}" for i in range(8)]
        waiting = [in_background(running.post, message(subject=token)) for token in tokens]
        check(relay.wait_for_step("dot", 2), "the messages did not come")
        eventually(lambda: " 6\n" in metric(running, "postern_queue_depth"), what="a queue of six")
        running.signal(15)
        time.sleep(0.3)
        relay.open("go")
        for wait, token in zip(waiting, tokens):
            response = wait()
            oracle.hold_invariant(response.json(), relay.messages_with(token))
            expect(response, SENT)
        check_equal(running.wait(), 0, "exit status")


@case("SIGTERM, and the relay never answers: unknown and not_sent when the grace time ends")
def sigterm_after_grace():
    with ScriptedRelay(steps={"dot": {"then": "stall"}}) as relay:
        options = {"smtp_max_connections": 1, "timeout_shutdown": gateway.milliseconds(1)}
        with Gateway(relay, **options) as running:
            out = in_background(running.post, message(subject="token-out"))
            check(relay.wait_for_step("dot"), "the message did not come")
            queued = in_background(running.post, message(subject="token-queued"))
            eventually(lambda: " 1\n" in metric(running, "postern_queue_depth"), what="a queue of one")
            running.signal(15)
            response = out()
            check_equal(response.json()["delivery"], "unknown", "delivery of what was out")
            expect(queued(), not_sent(503, "shutting-down", "y"))
            check_equal(running.wait(), 0, "exit status")


@case("a new message while draining gets shutting-down")
def post_while_draining():
    with ScriptedRelay(steps={"dot": {"until": "go"}}) as relay, Gateway(relay) as running:
        held = running.connect()
        held.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        check(held.recv(65536).startswith(b"HTTP/1.1 200"), "GET /")
        waiting = in_background(running.post, message())
        check(relay.wait_for_step("dot"), "the message did not come")
        running.signal(15)
        eventually(lambda: running.get_admin("/readyz").status == 503, what="/readyz 503 while draining")
        body = b'{"from":"a@example.com","to":"b@example.net","text":"late"}'
        held.sendall(b"POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
                     b"Content-Length: %d\r\n\r\n" % len(body) + body)
        answer = held.recv(65536).decode()
        check(answer.startswith("HTTP/1.1 503 ") and "shutting-down" in answer, f"got {answer[:600]!r}")
        relay.open("go")
        expect(waiting(), SENT)
        held.close()
        check_equal(running.wait(), 0, "exit status")


def post_through_two(first, second, want, **more):
    """Two relays; returns both, and the response."""
    token = uuid.uuid4().hex
    with ScriptedRelay(steps=first) as one, ScriptedRelay(steps=second) as two:
        with Gateway(f"{one.url()} {two.url()}", timeout=more.pop("timeout", 10)) as running:
            response = running.post(message(subject=token, **more))
            expect(response, want)
            oracle.hold_invariant(response.json(), one.messages_with(token) + two.messages_with(token))
        return one, two


@case("F161 the first relay is refused, the second takes it")
def fail_over():
    with ScriptedRelay() as two:
        with Gateway(f"smtp://127.0.0.1:{gateway.free_port()}?tls=none {two.url()}") as running:
            response = running.post(message())
            expect(response, SENT)
            check_equal(response.json()["upstream"]["port"], two.port, "the relay that took it")


@case("F161 the first relay greets with 554, the second takes it")
def fail_over_554():
    post_through_two({"greeting": "554 5.7.1 Go away"}, {}, SENT)


@case("F162 the first relay is lost after the end of data: no fail-over")
def no_fail_over_after_dot():
    _, two = post_through_two({"dot": FIN}, {}, unknown())
    check_equal(two.connections, [], "connections to the second relay")


@case("F163 a refused recipient: no fail-over")
def no_fail_over_after_refusal():
    _, two = post_through_two({"rcpt": "550 5.1.1 Unknown"}, {}, RECIPIENTS)
    check_equal(two.connections, [], "connections to the second relay")


@case("F164 421 before DATA: fail-over")
def fail_over_before_data():
    post_through_two({"data": "421 4.3.2 Closing"}, {}, SENT)


@case("F159 failed sessions leave no descriptors")
def no_descriptors_lost():
    with ScriptedRelay(steps={"greeting": "421 4.3.2 Closing"}) as relay, Gateway(relay, timeout=5) as running:
        for _ in range(5):
            running.post(message())
        before = running.descriptors()
        for _ in range(100):
            expect(running.post(message()), TEMPORARY)
        eventually(lambda: running.descriptors() <= before + 1, what="the number of descriptors as before")


if __name__ == "__main__":
    main(jobs=6)
