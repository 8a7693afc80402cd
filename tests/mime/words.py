"""Text at random that mail programs have tripped over: what every generated message is made of."""

import re
from random import Random

SCRIPTS = [
    ["the", "quick", "brown", "fox", "jumps", "over", "the", "lazy", "dog"],
    ["Größe", "Übermaß", "straße", "naïve", "café", "Žluťoučký", "kůň"],
    ["こんにちは", "世界", "株式会社", "東京都", "見積書", "再送"],
    ["你好", "世界", "发票", "二〇二六年", "会议通知"],
    ["안녕하세요", "세계", "견적서"],
    ["שלום", "עולם", "مرحبا", "بالعالم", "فاتورة"],
    ["नमस्ते", "दुनिया", "क्षत्रिय", "বাংলা", "தமிழ்", "ภาษาไทย"],
    ["Привет", "мир", "Ελληνικά", "հայերեն", "ქართული"],
    ["👨‍👩‍👧‍👦", "🏳️‍🌈", "👍🏽", "🇩🇪🇫🇷", "❤️‍🔥", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "1️⃣", "🧑🏿‍🚀🧑🏻‍🚀"],
    ["e\u0301", "a\u0300\u0316\u0327", "Z\u0351\u036b\u0343\u036a", "\u1100\u1161\u11a8", "o\u0308" * 8],
]
HOSTILE = [
    "=?utf-8?Q?x?=",
    "=?utf-8?B?eA==?=",
    "=?iso-8859-1?Q?=E4?= =?x?",
    "?==?",
    "=?",
    "?=",
    "=_m_",
    "--",
    "<b@example.net>",
    "a,b;c:d",
    '"quoted"',
    "back\\slash\\",
    "\\",
    "(comment)",
    "100%41%2F",
    "x" * 75,
    "y" * 200,
    "ü" * 90,
    "_under_score_",
    "a=b=3D",
    "@",
    "utf-8''%41",
    ".",
]
LINES = [
    ".",
    "..",
    ".hidden",
    "From here on",
    "From ",
    ">From there",
    "--",
    "--=_m_aaaaaaaaaaaaaaaaaaaaaaaaaa",
    "-- ",
    "ends with a space ",
    "ends with a tab\t",
    "\ttab\tand  spaces",
    " ",
    "",
    "=",
    "=3D=\t",
    "=20",
    "z" * 76,
    "z" * 77,
    "z" * 998,
    "z" * 999,
    "ä" * 500,
    "Content-Type: text/html",
    "begin 644 x",
    "\x01\x0b\x0c\x1b\x7f",
    "\u2028 \u0085 \ufeff",
]
BREAKS = ["\n", "\n", "\r\n", "\r\n", "\r"]


NO_CHARACTERS = re.compile("[\x00-\x20\x7f-\xa0\xad\u2000-\u200f\u2028-\u202f\u205f-\u206f\ud800-\udfff\ufdd0-\ufdef]")


def _characters():
    """Any but for controls, surrogates, separators of lines and noncharacters; half of them of few octets."""
    random = Random(0)
    for last in (0x250, 0x10000, 0x110000):
        for _ in range(3000):
            c = chr(random.randrange(0x21, last))
            if not NO_CHARACTERS.match(c) and ord(c) & 0xFFFE != 0xFFFE and not c.isspace():
                yield c


CHARACTERS = list(_characters())


def word(random):
    kind = random.randrange(12)
    if kind == 0:
        return random.choice(HOSTILE)
    if kind == 1:
        return "".join(random.choices(CHARACTERS, k=random.randint(1, 30)))
    return random.choice(random.choice(SCRIPTS) if kind < 8 else SCRIPTS[0])


def line(random, longest=12):
    """Some words on one line, with odd white space at times."""
    gap = random.choice([" ", " ", " ", " ", "  ", ""])
    text = gap.join(word(random) for _ in range(random.randint(1, longest)))
    return random.choice([*["{}"] * 12, " {}", "{} ", "  {}  "]).format(text)


def paragraphs(random):
    """A text of lines with line ends of every kind."""
    if random.randrange(400) == 0:
        return random.choice("xü ") * 10**6
    lines = []
    for _ in range(random.choice([0, 1, 1, 3, 10, 40])):
        lines += [random.choice(LINES) if random.randrange(3) == 0 else line(random), random.choice(BREAKS)]
    return "".join(lines[: random.choice([None, -1])])
