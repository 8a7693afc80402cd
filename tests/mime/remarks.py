"""What is known of the parsers, and not held against a message. Every row says why it is the parser's."""

import re

SPACES = r"\s+"


def as_characters(text):
    """Of octets that were taken for characters."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


# Remarks that a right message gets: (parser, what the remark matches, why).
REMARKS = [
    (
        "email",
        r"Content-Disposition: duplicate parameter name; duplicate ignored",
        "filename* and filename are two parameters (RFC 6266 4.3): the plain one is for old readers",
    ),
    (
        "email",
        r"Content-Type: (encoded word inside quoted string|missing trailing whitespace after encoded-word)",
        "an encoded word as the name parameter is against RFC 2047 5, and what Outlook reads; see mime/parameter.h",
    ),
    ("email", r"\S+: local-part contains non-ASCII characters\)", "RFC 6532 3.2 allows them"),
    ("gmime", r"warning 11 at octet [0-9]+: filename", "the same: filename* beside filename"),
    (
        "Email::MIME",
        r"Unquoted '\"' not allowed|Missing semicolon before parameter .*|Extra '.*' found after parameter",
        "the same: an encoded word as name",
    ),
]

# What a parser changes: (parser, fields, how both sides are made alike, why).
CHANGES = [
    ("Email::MIME", ("Subject",), as_characters, "it does not know RFC 6532, and takes octets for characters"),
    (
        "gmime",
        ("From", "Sender", "Reply-To", "To", "Cc"),
        lambda name: name.replace("\r\n", ""),
        "a phrase in UTF-8 (RFC 6532) may be folded like any other",
    ),
    (
        "email",
        ("From", "Sender", "Reply-To", "To", "Cc"),
        lambda name: re.sub(SPACES, "", name),
        "spaces between encoded words in a phrase are none (RFC 2047 6.2); it makes one, and one of two that count",
    ),
    (
        "Email::MIME",
        ("Subject", "X-Note"),
        lambda text: re.sub(SPACES, " ", text),
        "unfolding takes away CRLF alone (RFC 5322 2.2.3); it makes one space of all",
    ),
    ("mailparser", ("Subject", "X-Note"), lambda text: re.sub(SPACES, " ", text), "the same"),
    ("mailparser", ("text", "html"), lambda text: text.rstrip("\n"), "it puts a line end behind a part, or takes one"),
    ("postal-mime", ("text", "html"), lambda text: text.rstrip("\n"), "it puts a line end behind a part, or takes one"),
]

# Addresses that a parser cannot take apart: (parser, what is in the local part, why).
ADDRESSES = [
    ("mailparser", r'[<>@,"]', "it looks for them within quotes, too (RFC 5321 4.1.2 allows them there)"),
    ("postal-mime", r'[<>@,"]', "the same"),
    ("Email::MIME", r"[^\x00-\x7f]", "it does not know RFC 6532, and takes octets for characters"),
]

# What a parser makes of the names and types of files: (parser, field, what the right value matches, why).
FILES = [
    ("mailparser", "filename", r".*=\?.*", "what RFC 2231 encodes is no encoded word; it decodes twice"),
    ("postal-mime", "filename", r".*=\?.*", "the same"),
    ("mailparser", "type", r"application/octet-stream", "it goes by the file name instead"),
]


def is_known(parser, remark):
    return any(parser == name and re.fullmatch(pattern, remark, re.DOTALL) for name, pattern, _ in REMARKS)


def alike(parser, field, text):
    for name, fields, change, _ in CHANGES:
        if parser == name and field in fields:
            text = change(text)
    return text


def cannot_read(parser, addresses):
    return any(parser == name and re.search(pattern, a) for name, pattern, _ in ADDRESSES for a in addresses)


def misreads_file(parser, field, value):
    return any((parser, field) == row[:2] and re.fullmatch(row[2], value or "", re.DOTALL) for row in FILES)
