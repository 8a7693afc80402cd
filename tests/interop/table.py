"""The table of servers and scenarios, as Markdown: rendered, read back, and put into README.md."""

import re

BEGIN, END = "<!-- table: made by run.py --table -->\n", "<!-- end of the table -->\n"


FAILED = "FAILED"


def skipped(reason):
    return f"skipped: {reason}"


def is_skipped(words):
    return words.startswith("skipped: ")


def is_proof(words):
    return words != FAILED and not is_skipped(words)


def render(columns):
    """`columns` is {server: {scenario: words}}."""
    servers = list(columns)
    scenarios = list(dict.fromkeys(name for column in columns.values() for name in column))
    rows = [["scenario", *servers], ["---"] * (len(servers) + 1)]
    rows += [[name, *(columns[server].get(name, "") for server in servers)] for name in scenarios]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def parse(text):
    rows = [[cell.strip() for cell in line.strip("| \n").split(" | ")] for line in text.splitlines() if "|" in line]
    if len(rows) < 2:
        return {}
    return {server: {row[0]: row[i] for row in rows[2:]} for i, server in enumerate(rows[0][1:], 1)}


def _split(path):
    """What stands before the table, the table, and what stands behind it."""
    return re.split(f"{re.escape(BEGIN)}|{re.escape(END)}", path.read_text(encoding="utf-8"))


def write(path, columns):
    """Columns of servers that could not run stay as they were."""
    before, old, after = _split(path)
    played = {server: column for server, column in columns.items() if not all(map(is_skipped, column.values()))}
    merged = dict(sorted({**parse(old), **played}.items(), key=lambda item: item[0].lower()))
    path.write_text(f"{before}{BEGIN}{render(merged)}{END}{after}", encoding="utf-8")


def contradictions(path, columns):
    """Where the table tells otherwise than what was just shown."""
    written = parse(_split(path)[1])
    for server, column in columns.items():
        for scenario, words in column.items():
            told = written.get(server, {}).get(scenario, "not there")
            if told != words and is_proof(words):
                yield f"{server}, {scenario}: it is {words}, not {told}"
