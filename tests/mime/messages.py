"""Messages at random, each from its seed: as a request for the gateway, and as what a mail program must read.

What is expected is worked out here from the contract, not asked of Postern: paths and what hides the end of a name are
off file names, line ends are one, domains are A-labels, a calendar stands there twice.
"""

import base64
import dataclasses
import hashlib
import json
import random as randomness
import re

import words

LOCALS = [
    "ann",
    "bob.lee",
    "x+tag",
    "o'brien",
    "a_b",
    "!#$%&*+-/=?^_`{|}~",
    '"a b"',
    '"a@b"',
    '"a\\"b"',
    '"<x>"',
    '"a,b"',
]
DOMAINS = {
    "example.com": "example.com",
    "mail.example.net": "mail.example.net",
    "Example.ORG": "Example.ORG",
    "bücher.example": "xn--bcher-kva.example",
    "例え.example": "xn--r8jz45g.example",
    "xn--bcher-kva.example": "xn--bcher-kva.example",
    "a-long-label.mail.example": "a-long-label.mail.example",
}
UTF8_LOCALS = ["jürgen", "用户", "δοκιμή"]
TYPES = {
    "application/pdf": ".pdf",
    "image/png": ".png",
    "application/octet-stream": ".bin",
    "text/csv": ".csv",
    "text/plain": ".txt",
    "application/zip": ".zip",
}
NAMES = [
    "../../etc/passwd",
    "C:\\Users\\ann\\report.pdf",
    "report\u202efdp.exe",
    "a\r\nb.txt",
    "tab\there.csv",
    'say "hi".txt',
    "50%41.txt",
    "=?utf-8?Q?x?=.pdf",
    "utf-8''%41.pdf",
    "a;b=c, d'e.pdf",
    "in the middle of a name in ASCII that is longer than any line of a header may be " * 2 + ".csv",
    "ü" * 100 + ".pdf",
    ".hidden",
    "no extension",
    " trimmed.txt ",
    "(1).pdf",
    "*.txt",
    "~.txt",
    "é" + "x" * 150 + ".pdf",
]
SIZES = [0, 1, 2, 3, 56, 57, 58, 114, 1000, 3000]
BIDIRECTIONAL = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"


@dataclasses.dataclass
class Message:
    form: str  # "json", "form" or "rfc822"
    body: bytes
    content_type: str
    query: list
    sender: str  # of the envelope
    recipients: list
    expected: dict
    exact: bytes = None  # what must arrive to the octet, but for what the gateway puts before it


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def clean_filename(name):
    name = re.split(r"[/\\]", name)[-1]
    name = re.sub(f"[\x00-\x1f\x7f-\x9f\u2028\u2029{BIDIRECTIONAL}]", "", name).strip(" \t")
    return None if name in ("", ".", "..") else name


def canonical(text):
    text = re.sub("\r\n|\r|\n", "\r\n", text)
    return text if text.endswith("\r\n") or not text else text + "\r\n"


class Maker:
    def __init__(self, seed, number):
        self.random = randomness.Random(f"{seed}:{number}")
        self.needs_utf8 = self.random.randrange(12) == 0

    def chance(self, one_in):
        return self.random.randrange(one_in) == 0

    # --- Mailboxes

    def address(self):
        """(as it is given, as it stands in the header)"""
        locals_ = LOCALS + (UTF8_LOCALS if self.needs_utf8 else [])
        local = self.random.choice(locals_) if self.chance(2) else f"r{self.random.randrange(10**6)}"
        domain = self.random.choice(list(DOMAINS))
        return f"{local}@{domain}", f"{local}@{DOMAINS[domain]}"

    def mailbox(self, unnamed=3):
        """(in JSON, [name, address] as it is read)"""
        given, wire = self.address()
        if self.chance(unnamed):
            return given, ["", wire]
        name = words.line(self.random, 4)
        name = name.strip(" ") or "Ann"
        if self.chance(4):
            quoted = name.replace("\\", "\\\\").replace('"', '\\"')
            return f'"{quoted}" <{given}>', [name, wire]
        return {"email": given, "name": name}, [name, wire]

    def mailboxes(self, count):
        made = [self.mailbox() for _ in range(count)]
        return [given for given, _ in made], [wire for _, wire in made]

    # --- Files

    def filename(self, extension):
        if self.chance(8):
            return None
        if self.chance(3):
            return self.random.choice(NAMES)
        return words.line(self.random, 3).replace("/", "").replace("\\", "")[:80] + extension

    def octets(self):
        size = 200000 if self.chance(300) else self.random.choice(SIZES)
        return self.random.randbytes(size)

    def base64(self, content):
        text = base64.b64encode(content).decode()
        gap = self.random.choice(["", "", "\r\n", "\n", " "])
        return gap.join(text[at : at + 76] for at in range(0, len(text), 76)) if gap else text

    def file(self, type_=None, content_id=None, disposition=None):
        """(fields in JSON without the content, content, as it is read)"""
        type_ = type_ or self.random.choice(list(TYPES))
        name = self.filename(TYPES[type_])
        given = {"content_type": type_, "filename": name, "content_id": content_id, "disposition": disposition}
        content = self.octets()
        read = {
            "type": type_,
            "filename": name and clean_filename(name),
            "content_id": content_id,
            "disposition": disposition or ("inline" if content_id else "attachment"),
            "method": None,
            "sha256": sha256(content),
        }
        return {key: value for key, value in given.items() if value is not None}, content, read

    def files(self, has_html):
        made = [self.file() for _ in range(self.random.choice([0, 0, 1, 1, 2, 5]))]
        if has_html and self.chance(2):
            for number in range(self.random.choice([1, 1, 2, 4])):
                made.append(self.file("image/png", f"image{number}@{self.random.randrange(10**6)}"))
        return made

    def calendar(self):
        """(in JSON, as it is read, twice)"""
        method = self.random.choice(["REQUEST", "CANCEL", "REPLY"])
        summary = words.line(self.random).replace(",", "\\,")
        lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"METHOD:{method}", f"SUMMARY:{summary}", "END:VCALENDAR"]
        content = self.random.choice(["\r\n", "\n"]).join(lines) + self.random.choice(["", "\r\n"])
        digest = sha256(canonical(content).encode())
        base = {"content_id": None, "sha256": digest}
        return {"content": content, "method": method}, [
            {**base, "type": "text/calendar", "filename": None, "disposition": None, "method": method},
            {**base, "type": "application/ics", "filename": "invite.ics", "disposition": "attachment", "method": None},
        ]

    # --- The whole of it

    def recipient_count(self):
        return 1500 if self.chance(500) else self.random.choice([1, 1, 1, 2, 5, 20])

    def references(self, count):
        return " ".join(f"<{self.random.randrange(10**9)}.x{n}@example.org>" for n in range(count))

    def fields(self):
        """(the fields in JSON, what is read) without the files."""
        random, fields = self.random, {}
        read = dict.fromkeys(("Subject", "X-Note", "In-Reply-To", "References", "text", "html"))
        fields["from"], author = self.mailbox()
        read["From"] = [author]
        for name, key, count in (
            ("To", "to", self.recipient_count()),
            ("Cc", "cc", random.choice([0, 0, 1, 3])),
            ("Reply-To", "reply_to", random.choice([0, 0, 0, 1, 2])),
            ("Sender", "sender", random.choice([0, 0, 0, 1])),
        ):
            given, read[name] = self.mailboxes(count)
            if given:
                fields[key] = given[0] if key == "sender" else given
        for name, key, value in (
            ("Subject", "subject", words.line(random) if not self.chance(20) else None),
            ("In-Reply-To", "in_reply_to", self.references(1) if self.chance(6) else None),
            ("References", "references", self.references(random.choice([1, 3, 30])) if self.chance(6) else None),
            ("text", "text", words.paragraphs(random) if not self.chance(5) else None),
        ):
            read[name] = value
            if value is not None:
                fields[key] = value
        if self.chance(3):
            fields["headers"] = {"X-Note": words.line(random, 20)}
            read["X-Note"] = fields["headers"]["X-Note"].strip(" \t")
        if self.chance(2):
            fields["html"] = read["html"] = f"<p>{words.paragraphs(random)}</p>"
        return fields, read

    def envelope(self, fields, read):
        """Sets Bcc and return path; (sender, recipients)"""
        sender = read["From"][0][1]
        blind, read_blind = self.mailboxes(self.random.choice([0, 0, 1, 2]))
        if blind:
            fields["bcc"] = blind
        if self.chance(6):
            fields["return_path"], sender = self.random.choice([("", ""), ("bounce@example.com",) * 2])
        everyone = [address for _, address in read["To"] + read["Cc"] + read_blind]
        return sender, everyone

    def by_json(self):
        fields, read = self.fields()
        files = self.files(read["html"] is not None)
        read["files"] = [file for _, _, file in files]
        if self.chance(10):
            fields["calendar"], calendar = self.calendar()
            read["files"] += calendar
        if not files and "calendar" not in fields and read["html"] is None and read["text"] is None:
            fields["text"] = read["text"] = "Hello.\n"
        sender, recipients = self.envelope(fields, read)
        return fields, files, read, sender, recipients

    def as_json(self):
        fields, files, read, sender, recipients = self.by_json()
        if files:
            fields["attachments"] = [{**given, "content": self.base64(content)} for given, content, _ in files]
        body = json.dumps(fields, ensure_ascii=self.chance(2)).encode("utf-8")
        return Message("json", body, "application/json", [], sender, recipients, read)

    def part(self, given, content):
        """As browsers quote a name, or as curl does."""
        name = given.get("filename")
        if name is not None and self.chance(2):
            name = name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")
        elif name is not None:
            name = re.sub(r'(["\\])', r"\\\1", name).replace("\r", "%0D").replace("\n", "%0A")
        lines = [
            f'Content-Disposition: form-data; name="{"inline" if "content_id" in given else "attachment"}"'
            + (f'; filename="{name}"' if name is not None else ""),
            f"Content-Type: {given['content_type']}",
        ]
        if "content_id" in given:
            lines.append(f"Content-ID: <{given['content_id']}>")
        return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + content + b"\r\n"

    def as_form(self):
        fields, files, read, sender, recipients = self.by_json()
        boundary = f"----form{self.random.randrange(10**16)}"
        whole = b'Content-Disposition: form-data; name="message"\r\n\r\n' + json.dumps(fields).encode() + b"\r\n"
        parts = [whole] + [self.part(given, content) for given, content, _ in files]
        self.random.shuffle(parts)
        for file in read["files"]:
            self.guess(file)
        body = b"".join(f"--{boundary}\r\n".encode() + part for part in parts) + f"--{boundary}--\r\n".encode()
        return Message("form", body, f"multipart/form-data; boundary={boundary}", [], sender, recipients, read)

    def guess(self, file):
        """application/octet-stream is what senders of forms say of what they do not know."""
        if file["type"] == "application/octet-stream" and file["filename"]:
            known = {extension: type_ for type_, extension in TYPES.items()}
            extension = re.search(r"(?<=.)\.[^.]*$", file["filename"])
            file["type"] = known.get(extension[0].lower() if extension else "", file["type"])

    def as_finished(self):
        random = self.random
        sender, recipients = "bounce@example.com", [f"r{n}@example.net" for n in range(random.choice([1, 2, 9]))]
        subject = words.line(random, 5).strip(" ").replace("=?", "=!") if self.needs_utf8 else "A plain subject"
        text = words.paragraphs(random) if not self.chance(20) else ""
        lines = [line[:400].rstrip("\r") for line in re.split("\r\n|\r|\n", text)]
        text = "\r\n".join(lines)
        header = [
            ["Received: from x by y; Mon, 23 Nov 2026 08:06:00 +0100"],
            ["From: Ann Lee <ann@example.com>"],
            ["To: Bob <bob@example.net>,", "\tCarol <carol@example.net>"],
            [f"Subject: {subject}"],
            ["MIME-Version: 1.0"],
            ["Content-Type: text/plain;", "\tcharset=utf-8"],
            ["Content-Transfer-Encoding: 8bit"],
        ]
        kept = "".join(f"{line}\r\n" for field in header for line in field)
        blind = [["Bcc: Eve <eve@example.net>,", " mallory@example.net"], ["bcc:"], ["BCC : eve@example.net"]]
        header.insert(random.randrange(len(header) + 1), random.choice(blind))
        given = "".join(f"{line}\r\n" for field in header for line in field)
        read = dict.fromkeys(("X-Note", "In-Reply-To", "References", "html"))
        read |= {"From": [["Ann Lee", "ann@example.com"]], "Sender": [], "Reply-To": [], "Cc": []}
        read |= {"To": [["Bob", "bob@example.net"], ["Carol", "carol@example.net"]], "files": []}
        read |= {"Subject": subject, "text": text}
        ending = "" if text.endswith("\r\n") or not text else "\r\n"
        query = [("from", sender), *[("to", recipient) for recipient in recipients]]
        body, exact = (f"{head}\r\n{text}".encode() for head in (given, kept))
        return Message("rfc822", body, "message/rfc822", query, sender, recipients, read, exact + ending.encode())


def make(seed, number):
    maker = Maker(seed, number)
    return maker.random.choice([maker.as_json, maker.as_json, maker.as_json, maker.as_form, maker.as_finished])()
