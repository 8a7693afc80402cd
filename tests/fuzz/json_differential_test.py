#!/usr/bin/env python3
"""Our JSON check against Python's: the same texts are taken and refused.

Python's json is made as strict as RFC 8259 and 7493 are (strictly() says where it is not by itself). The texts are made
at random, seeded, out of values and then of damage: octets changed, cut out, doubled, put in, and pieces of the grammar
put where they do not belong. What one takes and the other does not is shown, and is a finding.

Arguments: [SECONDS [SEED]]. POSTERN_JSON_JUDGE names the program that judges (json_judge.c).
"""

import json
import os
import random
import struct
import subprocess
import sys
import time

MAX_DEPTH, MAX_NUMBER, BATCH, MAX_SHOWN = 32, 60, 5000, 20
PIECES = [
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"\\u", b"\\ud800", b"\\udc00", b"\\u0000", b"\\/", b"\\x"),
    *(b"-", b"+", b".", b"0", b"00", b"1e5", b"1E+", b"-0", b"0x1", b"1.", b".5", b"NaN", b"Infinity", b"-Infinity"),
    *(b"true", b"null", b"false", b"nul", b"True", b"//", b"/*", b"\0", b"\x7f", b"\x1f", b"\t", b"\n", b"\r", b" "),
    *(b"\xff", b"\xc0\x80", b"\xc3\xa9", b"\xed\xa0\x80", b"\xf0\x9f\x98\x80", b"\xf4\x90\x80\x80", b"\xef\xbb\xbf"),
    *(b"\xe2\x80\xa8", b"\xc2\xa0", b"'", b"1" * 59, b"1" * 61, b'"a":1', b',"a":2', b"[" * 30, b"{}" * 2),
]


class Refused(ValueError):
    """JSON, but none that is taken."""


def text_of(value):
    """RFC 7493 2.1: no half of a pair; and no NUL, which no text of a mail has."""
    if any("\ud800" <= c <= "\udfff" or c == "\0" for c in value):
        raise Refused(value)


def pairs_of(pairs):
    """RFC 7493 2.3: each name once."""
    names = [name for name, _ in pairs]
    if len(set(names)) < len(names):
        raise Refused(names)
    return dict(pairs)


def number_of(text):
    if len(text) > MAX_NUMBER:
        raise Refused(text)
    return 0


def refuse(text):
    raise Refused(text)


def walk(value, depth=0):
    if isinstance(value, (dict, list)):
        if depth == MAX_DEPTH:
            raise Refused(depth)
        for name in value if isinstance(value, dict) else ():
            text_of(name)
        for inner in value.values() if isinstance(value, dict) else value:
            walk(inner, depth + 1)
    elif isinstance(value, str):
        text_of(value)


def strictly(octets):
    """Whether Python takes it, without what it takes beyond the standard: NaN, names that come twice, and the like."""
    try:
        text = octets.decode("utf-8")
        if text.startswith("\ufeff"):
            return False
        walk(
            json.loads(
                text, object_pairs_hook=pairs_of, parse_constant=refuse, parse_int=number_of, parse_float=number_of
            )
        )
        return True
    except (ValueError, RecursionError):
        return False


def make_text(dice):
    alphabet = ["a", "é", "😀", '"', "\\", "/", "\n", "\x7f", "\u2028", "b" * 20]
    return "".join(dice.choice(alphabet) for _ in range(dice.randrange(6)))


def make_value(dice, depth=0):
    kind = dice.randrange(9 if depth < 5 else 6)
    if kind < 2:
        return make_text(dice)
    if kind < 4:
        return dice.choice([0, -1, 7, 1.5, -2e-7, 1e300, 10**50, True, False, None])
    if kind < 6:
        return make_text(dice)
    if kind == 6:
        return {make_text(dice): make_value(dice, depth + 1) for _ in range(dice.randrange(5))}
    return [make_value(dice, depth + 1) for _ in range(dice.randrange(5))]


def nest(dice, octets):
    """Some levels around it, about as many as are taken."""
    for _ in range(dice.randrange(MAX_DEPTH + 3)):
        octets = b"[" + octets + b"]" if dice.random() < 0.6 else b'{"n":' + octets + b"}"
    return octets


def damage(dice, octets):
    at, end = sorted(dice.randrange(len(octets) + 1) for _ in range(2))
    how = dice.randrange(5)
    if how == 0:
        return octets[:at] + bytes([dice.randrange(256)]) + octets[at + 1 :]
    if how == 1:
        return octets[:at] + octets[min(end, at + 8) :]
    if how == 2:
        return octets[:end] + octets[at:end] + octets[end:]
    return octets[:at] + dice.choice(PIECES) + octets[at:]


def make_octets(dice):
    text = json.dumps(make_value(dice), ensure_ascii=dice.random() < 0.5, indent=dice.choice([None, 1]))
    octets = text.encode("utf-8", "surrogatepass")
    if dice.random() < 0.2:
        octets = nest(dice, octets)
    for _ in range(dice.choice([0, 1, 1, 1, 2, 5])):
        octets = damage(dice, octets)
    return octets


def judge(texts):
    frames = b"".join(struct.pack("=I", len(text)) + text for text in texts)
    done = subprocess.run([os.environ["POSTERN_JSON_JUDGE"]], input=frames, capture_output=True, check=True)
    return [verdict == "y" for verdict in done.stdout.decode("ascii")]


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 5
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 1
    dice, limit, count, taken, findings = random.Random(seed), time.monotonic() + seconds, 0, 0, []
    while time.monotonic() < limit and len(findings) < MAX_SHOWN:
        texts = [make_octets(dice) for _ in range(BATCH)]
        for text, ours in zip(texts, judge(texts)):
            theirs = strictly(text)
            if ours != theirs:
                findings.append(f"{'taken' if ours else 'refused'} by us, and not so by Python: {text!r}")
            count, taken = count + 1, taken + ours
    print(*findings[:MAX_SHOWN], sep="\n")
    print(f"{count} texts, {taken} taken, {len(findings)} judged differently (seed {seed})")
    sys.exit(bool(findings) or not 0 < taken < count)


if __name__ == "__main__":
    main()
