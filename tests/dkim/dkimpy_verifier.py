"""Verifies by dkimpy: `dkimpy_verifier.py RECORDS.json`, which has for a name its TXT record.

On standard input comes the size of a message in decimal, LF, and the message; on standard output goes a line of JSON
for each: [[selector, whether it verifies, a remark], ...].
"""

import json
import sys

import dkim
import dkim.util


def verify(message, records):
    def look_up(name, timeout=5):
        del timeout
        return records.get(name.decode().rstrip("."), "").encode() or None

    results = []
    verifier = dkim.DKIM(message, minkey=2048)
    fields = [value for name, value in verifier.headers if name.lower() == b"dkim-signature"]
    for index, field in enumerate(fields):
        selector = dkim.util.parse_tag_value(field)[b"s"].decode()
        try:
            results.append([selector, bool(dkim.DKIM(message, minkey=2048).verify(index, dnsfunc=look_up)), ""])
        except dkim.DKIMException as error:
            results.append([selector, False, str(error)])
    return results


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        records = json.load(file)
    while size := sys.stdin.buffer.readline():
        print(json.dumps(verify(sys.stdin.buffer.read(int(size)), records)), flush=True)


if __name__ == "__main__":
    main()
