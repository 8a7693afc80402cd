#!/usr/bin/env python3
"""Random messages through the real gateway to a relay, read back by five parsers: all must give back what went in.

    round_trip_test.py [--seed N] [--count N] [--first N] [--keep FOLDER]

A message is made from the seed and its number alone, so that `--first N --count 1` does one of them again. What arrived
for messages that failed is kept in the folder. The exit status is 77 where a parser is missing and the others agree.
"""

import argparse
import concurrent.futures
import http.client
import json
import os
import re
import sys
import time
import urllib.parse
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "e2e")]

import messages  # noqa: E402
import parsers  # noqa: E402
import remarks  # noqa: E402
from lib import harness  # noqa: E402
from lib.gateway import Gateway  # noqa: E402
from lib.scripted_relay import ScriptedRelay  # noqa: E402

COUNT = 200 if harness.SANITIZED else 2000
BATCH = 50
EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "ENHANCEDSTATUSCODES", "SMTPUTF8")
ADDRESS_FIELDS = ("From", "Sender", "Reply-To", "To", "Cc")
TEXT_FIELDS = ("Subject", "X-Note", "In-Reply-To", "References")


class Sender:
    """One connection to the gateway, one message at a time: the last that the relay has is the one that was sent."""

    def __init__(self, gateway, relay):
        self.relay = relay
        self.connection = http.client.HTTPConnection(*gateway.address, timeout=harness.seconds(60))

    def send(self, message):
        """(receipt, what the relay has); raises Failure where it was not taken."""
        path = "/v1/messages" + ("?" + urllib.parse.urlencode(message.query) if message.query else "")
        self.connection.request("POST", path, message.body, {"Content-Type": message.content_type})
        answer = self.connection.getresponse()
        receipt = json.loads(answer.read())
        harness.check(answer.status == 200, f"{answer.status}: {json.dumps(receipt, ensure_ascii=False)[:600]}")
        taken = self.relay.messages.pop()
        self.relay.messages.clear()
        return receipt, taken


# --- What arrived, against what was sent --------------------------------------------------------------------------


def unique(addresses):
    """RFC 5321 2.4: domains without case."""
    seen = {}
    for address in addresses:
        local, _, domain = address.rpartition("@")
        seen.setdefault((local, domain.lower()), address)
    return list(seen.values())


def hold_wire(message, receipt, taken):
    harness.check_equal(taken.mail_from, message.sender, "return path")
    harness.check_equal(sorted(taken.recipients), sorted(unique(message.recipients)), "recipients")
    header = taken.content.partition(b"\r\n\r\n")[0]
    harness.check(not re.search(rb"(?mi)^(Resent-)?Bcc", header), "a Bcc in the header")
    harness.check(receipt["message_id"].encode() in header, "the Message-ID is not that of the receipt")
    if message.exact is None:
        for line in header.split(b"\r\n"):
            harness.check(line.strip() and len(line) <= 998, f"a line of the header: {line[:200]}")
            long_is_right = line.startswith((b"Message-ID:", b"X-Note:")) or b" " not in line.strip()
            harness.check(len(line) <= 78 or long_is_right, f"not folded: {line[:200]}")
        return
    harness.check(taken.content.endswith(message.exact), "not as it was")
    added = taken.content[: -len(message.exact)]
    harness.check(re.fullmatch(rb"Date: [^\r]+\r\nMessage-ID: <[^\r]+>\r\n", added), f"put before it: {added}")


# --- What a parser reads, against what was written ----------------------------------------------------------------


def comparable_mailbox(mailbox):
    """Quotes in a local part are a way to write it, and A-labels are a way to write a domain."""
    name, address = mailbox
    local, _, domain = (address or "").rpartition("@")
    local = re.sub(r"\\(.)", r"\1", local[1:-1] if local.startswith('"') else local)
    return [name or "", f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}".lower()]


def comparable_text(text):
    text = re.sub("\r\n|\r|\n", "\n", text or "")
    return text if text.endswith("\n") or not text else text + "\n"


def field_differences(parser, field, got, want):
    locals_of = [re.sub("@[^@]*$", "", address) for _, address in want]
    # A raw UTF-8 name (RFC 6532) stands in a header that has a UTF-8 address, too.
    if remarks.cannot_read(parser, locals_of):
        return
    got, want = ([comparable_mailbox(mailbox) for mailbox in mailboxes] for mailboxes in (got, want))
    for mailbox in got + want:
        mailbox[0] = remarks.alike(parser, field, mailbox[0])
    if got != want:
        pairs = [f"{g} for {w}" for g, w in zip(got, want) if g != w]
        yield f"{field}: {len(got)} for {len(want)}; {'; '.join(pairs[:3])}"


def differences(parser, message, read):
    expected = message.expected
    for field in ADDRESS_FIELDS:
        yield from field_differences(parser, field, read[field], expected[field])
    for field in TEXT_FIELDS:
        got, want = (remarks.alike(parser, field, record[field] or "") for record in (read, expected))
        if got != want:
            yield f"{field}: {got!r} for {want!r}"
    for field in ("text", "html"):
        got, want = (remarks.alike(parser, field, comparable_text(record[field])) for record in (read, expected))
        if got != want:
            at = next((i for i, (a, b) in enumerate(zip(got, want)) if a != b), min(len(got), len(want)))
            begin = max(at - 5, 0)
            yield f"{field} at {at} of {len(want)}: {got[begin : at + 60]!r} for {want[begin : at + 60]!r}"
    yield from file_differences(parser, read["files"], expected["files"])
    for defect in read["defects"]:
        if not remarks.is_known(parser, defect):
            yield f"defect: {defect}"


def one_file_differences(parser, got, want):
    for name, value in want.items():
        told = got[name].lower() if name == "disposition" and got[name] else got[name]
        is_told = not (name == "disposition" and value is None) and not remarks.misreads_file(parser, name, value)
        if is_told and told != value:
            yield f"file {want['filename']!r} {name}: {told!r} for {value!r}"


def file_differences(parser, got, want):
    """In whatever order: each that is wanted goes with the one that is most like it."""
    if len(got) != len(want):
        yield f"files: {[f['filename'] for f in got]} for {[f['filename'] for f in want]}"
        return
    left = list(got)
    for file in want:
        likest = min(left, key=lambda other, file=file: sum(other[name] != file[name] for name in file))
        left.remove(likest)
        yield from one_file_differences(parser, likest, file)


def read_batch(parser, batch):
    """[(number, difference)]"""
    found = []
    for number, message, content in batch:
        found += [
            (number, f"{parser.name}: {what}") for what in differences(parser.name, message, parser.read(content))
        ]
    return found


# --- The run ------------------------------------------------------------------------------------------------------


def keep(folder, number, content):
    if folder:
        os.makedirs(folder, exist_ok=True)
        Path(folder, f"{number}.eml").write_bytes(content)


def send_one(sender, seed, number):
    """(message, what arrived, what is wrong with it)"""
    message = messages.make(seed, number)
    try:
        receipt, taken = sender.send(message)
        hold_wire(message, receipt, taken)
        return message, taken.content, None
    except AssertionError as failure:
        return message, None, f"{message.form}: {failure}"


def run(options, readers):
    """[(number, what is wrong)]"""
    found, contents, batch, pending = [], {}, [], []
    with (
        ScriptedRelay(extensions=EXTENSIONS) as relay,
        Gateway(relay, log_level="info", max_recipients=5000) as gateway,
        concurrent.futures.ThreadPoolExecutor(max_workers=max(len(readers), 1)) as pool,
    ):
        sender = Sender(gateway, relay)

        def hand_over():
            for before in pending:
                found.extend(before.result())
            pending[:] = [pool.submit(read_batch, reader, list(batch)) for reader in readers]
            batch.clear()

        for number in range(options.first, options.first + options.count):
            message, content, wrong = send_one(sender, options.seed, number)
            if wrong:
                found.append((number, wrong))
            else:
                batch.append((number, message, content))
                if options.keep:
                    contents[number] = content
            if len(batch) == BATCH:
                hand_over()
        hand_over()
        hand_over()
    for number in {number for number, _ in found}:
        keep(options.keep, number, contents.get(number, b""))
    return found


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--count", type=int, default=COUNT)
    arguments.add_argument("--first", type=int, default=0)
    arguments.add_argument("--keep", default="")
    options = arguments.parse_args()
    began = time.monotonic()
    readers, missing = parsers.available()
    with harness.leaving_nothing():
        found = sorted(run(options, readers))
    for number, what in found[:60]:
        print(f"FAIL message {number}: {what}")
    for reader in readers:
        reader.close()
    print(
        f"seed {options.seed}, messages {options.first} to {options.first + options.count - 1}, "
        f"read by {', '.join(reader.name for reader in readers)}: {len(found)} faults, {time.monotonic() - began:.1f} s"
    )
    for name in missing:
        print(f"SKIP {name} is not there: its half of the proof is missing (see CONTRIBUTING.md, Tests)")
    sys.exit(1 if found else harness.SKIP_STATUS if missing else 0)


if __name__ == "__main__":
    main()
