"""Prometheus' text format read strictly, and promtool where ./dev has unpacked it."""

import os
import re
import subprocess
from pathlib import Path

from .harness import Failure, Skip

PROMTOOL = Path(__file__).resolve().parents[3] / "build/peers/promtool/promtool"
HEAD = re.compile(r"# (HELP|TYPE) ([a-z_:][a-z0-9_:]*) (.+)")
SERIES = re.compile(r'([a-z_:][a-z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\]|\\[\\"n])*",?)*)\})? (\S+)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"')
PARTS = {"histogram": ("_bucket", "_sum", "_count"), "counter": ("",), "gauge": ("",)}


class Metrics:
    """A page: `types` of the families, and `series`: {(name, (label, value) pairs, sorted): number}."""

    def __init__(self, text):
        self.types, self.series, self.helped = {}, {}, set()
        family = None
        if not text.endswith("\n"):
            raise Failure("the page does not end with a line end")
        for line in text.split("\n")[:-1]:
            head = HEAD.fullmatch(line)
            if head:
                family = self._begin(head, family)
                continue
            series = SERIES.fullmatch(line)
            if not series or family is None:
                raise Failure(f"no line of the format: {line!r}")
            self._add(series, family)

    def _begin(self, head, family):
        kind, name, rest = head.groups()
        if kind == "HELP":
            if name in self.helped:
                raise Failure(f"{name} stands twice")
            self.helped.add(name)
        else:
            if name in self.types or name not in self.helped:
                raise Failure(f"{name}: a type twice, or without help")
            self.types[name] = rest
            family = name
        return family

    def _add(self, series, family):
        name, labels, number = series.groups()
        if name not in [family + part for part in PARTS[self.types[family]]]:
            raise Failure(f"{name} stands among {family}")
        key = (name, tuple(sorted(LABEL.findall(labels or ""))))
        if key in self.series:
            raise Failure(f"{key} stands twice")
        self.series[key] = float(number)

    def sum(self, name, **labels):
        """Of all series that have these labels."""
        wanted = set(labels.items())
        return sum(number for (own, pairs), number in self.series.items() if own == name and wanted <= set(pairs))

    def has(self, name):
        return any(own == name for own, _ in self.series)

    def labels(self, name):
        """The values that a label has anywhere."""
        return {value for _, pairs in self.series for label, value in pairs if label == name}

    def check_histograms(self):
        """Buckets never fall, and the last of them is the count."""
        for (name, pairs), count in self.series.items():
            family = name.removesuffix("_count")
            if self.types.get(family) != "histogram" or name == family:
                continue
            buckets = [
                (float(dict(own)["le"]), number)
                for (other, own), number in self.series.items()
                if other == family + "_bucket" and set(pairs) == {pair for pair in own if pair[0] != "le"}
            ]
            numbers = [number for _, number in sorted(buckets)]
            if numbers != sorted(numbers) or numbers[-1] != count or sorted(buckets)[-1][0] != float("inf"):
                raise Failure(f"{family} {pairs}: {buckets}, count {count}")


def metrics_of(running):
    return Metrics(running.get_admin("/metrics").body.decode())


def promtool(*arguments, stdin=b""):
    """(status, all that it said); skips where it is not there."""
    if not os.access(PROMTOOL, os.X_OK):
        raise Skip("needs promtool, which ./dev test unpacks from Debian's prometheus into build/peers/promtool")
    done = subprocess.run([PROMTOOL, *arguments], input=stdin, capture_output=True, timeout=60, check=False)
    return done.returncode, (done.stdout + done.stderr).decode()
