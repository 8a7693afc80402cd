#!/usr/bin/env python3
"""Reads tests/golden/*.eml with Python's email package, strictly, and compares with tests/golden/expected.json.

The C tests show that the bytes are what they were; this shows that somebody else's parser finds in them what
the message said. The table was written by hand from the messages in tests/unit/mime/golden_test.c.
"""

import email
import email.policy
import hashlib
import json
import pathlib
import sys

GOLDEN = pathlib.Path(__file__).resolve().parent.parent / "golden"
POLICY = email.policy.SMTP.clone(raise_on_defect=True)
FIELD_ORDER = ["Date", "From", "Sender", "Reply-To", "To", "Cc", "Subject", "Message-ID"]
ADDRESS_FIELDS = {"From", "Sender", "Reply-To", "To", "Cc"}

# What strict readers remark upon, and we mean: a file name is written for old readers too (see mime/parameter.h),
# and the package has not learnt RFC 6532 for local parts.
KNOWN_REMARKS = {
    "Content-Type": {"encoded word inside quoted string", "missing trailing whitespace after encoded-word"},
    "Content-Disposition": {"duplicate parameter name; duplicate ignored"},
    "From": {"local-part contains non-ASCII characters)"},
}


def check_lines(data):
    assert data.endswith(b"\r\n"), "the message does not end with CRLF"
    lines = data.split(b"\r\n")[:-1]
    for number, line in enumerate(lines, 1):
        assert b"\r" not in line and b"\n" not in line, f"line {number}: a bare CR or LF"
        assert b"\0" not in line, f"line {number}: NUL"
        assert len(line) <= 998, f"line {number}: {len(line)} octets"
    header = lines[: lines.index(b"")]
    for number, line in enumerate(header, 1):
        assert line.strip(), f"line {number}: white space only"
        assert len(line) <= 78, f"line {number}: {len(line)} columns in a header"


def check_remarks(part):
    for name, value in part.items():
        for defect in getattr(value, "defects", ()):
            assert str(defect) in KNOWN_REMARKS.get(name, ()), f"{name}: {defect}"


def field(message, name):
    values = message.get_all(name)
    assert len(values) == 1, f"{name} stands {len(values)} times"
    if name in ADDRESS_FIELDS:
        return [[address.display_name, address.addr_spec] for address in values[0].addresses]
    return str(values[0])


def tree(part):
    if not part.is_multipart():
        return part.get_content_type()
    return [part.get_content_type(), [tree(child) for child in part.iter_parts()]]


def content(part, wanted):
    data = part.get_payload(decode=True)
    if wanted.startswith("sha256:"):
        return "sha256:" + hashlib.sha256(data).hexdigest()
    return data.decode("utf-8").replace("\r\n", "\n")


def leaf(part, wanted):
    return [
        part.get_content_type(),
        part.get_content_disposition(),
        part.get_filename(),
        part["Content-ID"],
        content(part, wanted[4]),
    ]


def check_related(message):
    for part in message.walk():
        if part.get_content_type() == "multipart/related":
            root = next(part.iter_parts())
            assert part["Content-Type"].params["type"] == root.get_content_type(), "related: type is not the root's"


def check_message(data, wanted):
    check_lines(data)
    # Not from bytes: of these the package takes only ASCII in headers (RFC 6532 has UTF-8).
    message = email.message_from_string(data.decode("utf-8"), policy=POLICY)
    for part in message.walk():
        assert not part.defects, part.defects
        check_remarks(part)
    order = [name for name in message.keys() if name in FIELD_ORDER]
    assert order == [name for name in FIELD_ORDER if name in order], f"field order: {order}"
    assert "Bcc" not in message and message["MIME-Version"] == "1.0"
    assert message["Date"].datetime.isoformat() == "2026-11-23T07:06:00+00:00"
    for name in wanted.keys() - {"tree", "parts"}:
        got = field(message, name)
        assert got == wanted[name], f"{name}: {got!r}, want {wanted[name]!r}"
    assert ADDRESS_FIELDS & set(message.keys()) == ADDRESS_FIELDS & wanted.keys(), "address fields"
    wanted_tree = wanted.get("tree", wanted["parts"][0][0])
    assert tree(message) == wanted_tree, f"tree: {tree(message)}"
    leaves = [part for part in message.walk() if not part.is_multipart()]
    for part, want in zip(leaves, wanted["parts"], strict=True):
        got = leaf(part, want)
        assert got == want, f"part: {got!r}, want {want!r}"
    check_related(message)


def main():
    expected = json.loads((GOLDEN / "expected.json").read_text(encoding="utf-8"))
    names = {path.stem for path in GOLDEN.glob("*.eml")}
    failures = sorted(f"{name}: in one of table and folder only" for name in names ^ expected.keys())
    for name in sorted(names & expected.keys()):
        try:
            check_message((GOLDEN / f"{name}.eml").read_bytes(), expected[name])
            print(f"ok   {name}")
        except (AssertionError, ValueError, KeyError, email.errors.MessageError) as error:
            failures.append(f"{name}: {type(error).__name__}: {error}")
    for failure in failures:
        print(f"FAIL {failure}")
    return 1 if failures or not names else 0


if __name__ == "__main__":
    sys.exit(main())
