#!/usr/bin/env python3
"""Reads messages with Python's email package (see ../parsers.py for what comes in and goes out)."""

import email
import email.errors
import email.policy
import hashlib
import json
import sys


class Utf8Policy(email.policy.EmailPolicy):
    """Header fields in UTF-8 (RFC 6532): the package knows them when it writes, not when it reads bytes."""

    def header_source_parse(self, sourcelines):
        lines = [line.encode("ascii", "surrogateescape").decode("utf-8") for line in sourcelines]
        return super().header_source_parse(lines)


POLICY = Utf8Policy(linesep="\r\n")


def addresses(message, name):
    fields = message.get_all(name, [])
    return [[a.display_name, a.addr_spec] for field in fields for a in field.addresses]


def defects(part):
    for defect in part.defects:
        yield f"{type(defect).__name__}: {defect}"
    for name, value in part.items():
        for defect in getattr(value, "defects", ()):
            yield f"{name}: {defect}"


def file_of(part):
    data = part.get_payload(decode=True)
    method = part["Content-Type"].params.get("method")
    content_id = part["Content-ID"]
    return {
        "type": part.get_content_type(),
        "filename": part.get_filename(),
        "content_id": content_id and str(content_id).strip("<>"),
        "disposition": part.get_content_disposition(),
        "method": method,
        "sha256": hashlib.sha256(data).hexdigest(),
    }


def read(data):
    message = email.message_from_bytes(data, policy=POLICY)
    record = {"text": None, "html": None, "files": [], "defects": []}
    for field in ("From", "Sender", "Reply-To", "To", "Cc"):
        record[field] = addresses(message, field)
    for field in ("Subject", "X-Note", "Message-ID", "In-Reply-To", "References"):
        record[field] = None if message[field] is None else str(message[field])
    for part in message.walk():
        record["defects"] += defects(part)
        if part.is_multipart():
            continue
        body = {"text/plain": "text", "text/html": "html"}.get(part.get_content_type())
        if body and part.get_content_disposition() is None:
            record[body] = part.get_payload(decode=True).decode(part.get_content_charset("us-ascii"))
        else:
            record["files"].append(file_of(part))
    return record


def main():
    while line := sys.stdin.buffer.readline():
        record = read(sys.stdin.buffer.read(int(line)))
        print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
