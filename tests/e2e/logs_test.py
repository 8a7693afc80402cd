#!/usr/bin/env python3
"""The log is read back, by readers that know the format and not Postern: each line is one record, whatever a relay or a
caller has put into it, and a message has one line that says what became of it."""

import functools
import json
import os
import re

from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main
from lib.scripted_relay import ScriptedRelay

KEY = re.compile(r"[a-z0-9_]+")
BARE = re.compile(r'[^\s"=\\\x00-\x20\x7f-\uffff]+')
ESCAPED = json.JSONDecoder()
PRIORITIES = {"debug": "7", "info": "6", "warn": "4", "error": "3"}


def read_logfmt(line):
    """key=value and key="value", one space between them; a quoted value is escaped as JSON has it."""
    fields, at = {}, 0
    while at < len(line):
        if fields:
            check_equal(line[at], " ", f"between fields of {line!r}")
            at += 1
        key = KEY.match(line, at)
        check(key and line[key.end() : key.end() + 1] == "=", f"no field at {line[at:]!r}")
        at = key.end() + 1
        if line[at : at + 1] == '"':
            value, at = ESCAPED.raw_decode(line, at)
        else:
            bare = BARE.match(line, at)
            check(bare, f"no value at {line[at:]!r}")
            value, at = bare[0], bare.end()
        check(key[0] not in fields, f"{key[0]} stands twice in {line!r}")
        fields[key[0]] = value
    return fields


def read_json(line):
    def once(pairs):
        check_equal(len({name for name, _ in pairs}), len(pairs), f"names in {line!r}")
        return dict(pairs)

    fields = json.loads(line, object_pairs_hook=once)
    return {name: str(value) if not isinstance(value, float) else f"{value:.3f}" for name, value in fields.items()}


READERS = {"logfmt": read_logfmt, "json": read_json}


class Journaled(Gateway):
    """Its log is what $JOURNAL_STREAM names, or what another stream would be."""

    def __init__(self, *arguments, off_by=0, **options):
        super().__init__(*arguments, **options)
        open(self.log_path, "wb").close()
        status = os.stat(self.log_path)
        self.environment["JOURNAL_STREAM"] = f"{status.st_dev}:{status.st_ino + off_by}"


def records(running, form, journaled=False):
    lines = running.log().split("\n")
    check_equal(lines.pop(), "", "what stands behind the last line end")
    found = []
    for line in lines:
        if journaled:
            check(re.match(r"<[0-7]>", line), f"no priority: {line!r}")
        fields = READERS[form](line[3:] if journaled else line)
        check_equal(list(fields)[:3], ["time", "level", "msg"], "the first fields")
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", fields["time"]), f"time: {fields['time']}")
        if journaled:
            check_equal(line[1], PRIORITIES[fields["level"]], f"priority of {line!r}")
        found.append(fields)
    return found


def message_lines(running, form):
    return [fields for fields in records(running, form) if fields["msg"] == "message"]


def one_line(running, form):
    lines = eventually(lambda: message_lines(running, form), what="a line of the message")
    check_equal(len(lines), 1, "lines of the message")
    return lines[0]


def a_message_has_one_line(form):
    with ScriptedRelay(extensions=("PIPELINING", "SIZE 52428800", "ENHANCEDSTATUSCODES")) as relay:
        with Gateway(relay, log_format=form) as running:
            answer = running.post(message(to=["bob@example.net", "eve@example.net"])).json()
            line = one_line(running, form)
    told = {name: line[name] for name in ("id", "delivery", "message_id", "queue_id", "relay", "code", "recipients")}
    check_equal(
        told,
        {
            **{name: answer[name] for name in ("id", "delivery", "message_id", "queue_id")},
            "relay": "127.0.0.1",
            "code": "250",
            "recipients": "2",
        },
        "what the line says",
    )
    check_equal(line["trace_id"], answer["id"].replace("-", ""), "trace ID")
    check_equal(
        (line["level"], line["accepted"], "problem" in line, "tls" in line), ("info", "2", False, False), "more"
    )
    check(int(line["message_bytes"]) > int(line["request_bytes"]) > 100, "sizes")
    parts = [float(line[f"{phase}_ms"]) for phase in ("queued", "connect", "greeting", "mail", "data")]
    check(all(part >= 0 for part in parts), f"phases: {parts}")
    check(sum(parts) <= float(line["total_ms"]) + 0.01, f"phases {parts} of {line['total_ms']} in all")
    check("tls_ms" not in line and "auth_ms" not in line, "phases that did not happen")


def a_refusal_is_told(form):
    with ScriptedRelay(steps={"rcpt": "550 5.1.1 No such user"}) as relay, Gateway(relay, log_format=form) as running:
        check_equal(running.post(message()).status, 422, "status")
        line = one_line(running, form)
    told = [line[name] for name in ("level", "delivery", "problem", "accepted", "recipients")]
    check_equal(told, ["warn", "not_sent", "recipients-rejected", "0", "1"], "what the line says")
    check("queue_id" not in line and "data_ms" not in line, "what did not happen")


HOSTILE = {
    "quotes": 'a "b" c=d',
    "a field": "x delivery=sent id=0",
    "a JSON object": '{"delivery":"sent"}","level":"error',
    "backslashes": r"a\n\u0041\\",
    "escapes of a terminal": "\x1b[31mred\x1b[0m\x9b",
    "a priority": "<0>panic",
    "UTF-8": "Grüße, 世界 \u2028\u202e",
    "a carriage return": "a\rlevel=error",
    "octets that are no UTF-8": b"\xff\xfe\xc0\xaf",
}


def a_relay_forges_nothing(name, form):
    words = HOSTILE[name]
    octets = words if isinstance(words, bytes) else words.encode()
    with ScriptedRelay(steps={"dot": b"250 2.0.0 " + octets + b"\r\n"}) as relay:
        with Gateway(relay, log_format=form) as running:
            answer = running.post(message()).json()
            line = one_line(running, form)
    check_equal(
        (line["delivery"], line["level"]),
        (answer["delivery"], "info" if answer["delivery"] == "sent" else "warn"),
        "the line",
    )
    if answer["delivery"] == "sent":
        check_equal(line["reply"], answer["upstream"]["text"], "the reply")


for log_form in READERS:
    case(f"a message has one line [{log_form}]")(functools.partial(a_message_has_one_line, log_form))
    case(f"a refusal is told, and what did not happen is left out [{log_form}]")(
        functools.partial(a_refusal_is_told, log_form)
    )
    for words_name in HOSTILE:
        case(f"a relay forges nothing by {words_name} [{log_form}]")(
            functools.partial(a_relay_forges_nothing, words_name, log_form)
        )


def the_journal_has_priorities(form):
    with ScriptedRelay(steps={"rcpt": ["250 Ok", "550 5.1.1 No"]}) as relay:
        with Journaled(relay, log_format=form) as running:
            running.post(message())
            running.post(message())
            levels = {fields["level"] for fields in records(running, form, journaled=True)}
            check({"info", "warn", "debug"} <= levels, f"levels: {levels}")


for log_form in READERS:
    case(f"where stderr is the journal's, each line has its priority [{log_form}]")(
        functools.partial(the_journal_has_priorities, log_form)
    )


@case("where stderr is another stream than the one that the journal reads, no line has a priority")
def another_stream():
    with ScriptedRelay() as relay, Journaled(relay, off_by=1) as running:
        running.post(message())
        check_equal(one_line(running, "logfmt")["delivery"], "sent", "delivery")


if __name__ == "__main__":
    main(jobs=4)
