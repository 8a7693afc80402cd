#!/usr/bin/env python3
"""deploy/observability against the program: promtool is content, each alert fires when it should and only then, and
whatever is asked for by alerts, dashboard and documents is a metric that there is."""

import functools
import json
import re
import tempfile
from pathlib import Path

from lib.collector import Collector
from lib.gateway import Gateway, message
from lib.harness import case, check, check_equal, eventually, main
from lib.keys import KeyFile, bearer, entry
from lib.prometheus import metrics_of, promtool
from lib.scripted_relay import ScriptedRelay

FOLDER = Path(__file__).resolve().parents[2] / "deploy/observability"
NAME = re.compile(r"\b(?:postern|process)_[a-z_]+")
SUFFIX = re.compile(r"_(bucket|sum|count)$")
KEY = "postern_" + "k" * 52


@functools.cache
def told():
    """{family: names of its labels} of a gateway that has done a little of everything."""
    file = KeyFile(entry("shop", KEY))
    with ScriptedRelay() as relay, Collector() as collector:
        with Gateway(relay, otlp_endpoint=collector.url(), api_keys_file=file.path) as running:
            check_equal(running.post(message(), bearer(KEY)).status, 200, "status")
            metrics = metrics_of(running)
    labels = {name: set() for name in metrics.types}
    for name, pairs in metrics.series:
        family = name if name in labels else SUFFIX.sub("", name)
        labels[family] |= {label for label, _ in pairs}
    return labels


def panels():
    return json.loads((FOLDER / "dashboard.json").read_text(encoding="utf-8"))["panels"]


def expressions():
    return [target["expr"] for panel in panels() for target in panel.get("targets", [])]


def check_known(where, text):
    for name in set(NAME.findall(text)):
        check(name in told() or SUFFIX.sub("", name) in told(), f"{where} asks for {name}, which there is not")


@case("promtool takes the configuration and the alerts")
def configuration():
    for arguments in (("check", "config", FOLDER / "prometheus.yml"), ("check", "rules", FOLDER / "alerts.yml")):
        status, said = promtool(*arguments)
        check_equal(status, 0, said)


@case("each alert fires when it should, and is silent when all is well")
def alerts():
    status, said = promtool("test", "rules", FOLDER / "alerts_test.yml")
    check_equal(status, 0, said)
    tests = (FOLDER / "alerts_test.yml").read_text(encoding="utf-8")
    for name in re.findall(r"- alert: (\w+)", (FOLDER / "alerts.yml").read_text(encoding="utf-8")):
        for what in ("fires", "is silent"):
            check(f"- name: {name} {what}\n" in tests, f"no test that {name} {what}")


@case("what alerts, dashboard and README name is there, and README names all that there is")
def names():
    for file in ("alerts.yml", "alerts_test.yml", "README.md"):
        check_known(file, (FOLDER / file).read_text(encoding="utf-8"))
    for expression in expressions():
        check_known("the dashboard", expression)
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    for name, labels in told().items():
        check(f"`{name}`" in readme or name.startswith("process_"), f"README does not name {name}")
        row = next((line for line in readme.splitlines() if line.startswith("|") and f"`{name}`" in line), "")
        for label in labels - {"le"} if row else ():
            check(f"`{label}`" in row, f"README does not name the label {label} of {name}")


@case("the dashboard's expressions are such, and no two panels lie on each other")
def dashboard():
    rules = [
        {"record": f"x:{number}", "expr": re.sub(r"\$__(rate_interval|range)", "5m", expression)}
        for number, expression in enumerate(expressions())
    ]
    with tempfile.NamedTemporaryFile("w", suffix=".yml", encoding="utf-8") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": rules}]}, file)  # JSON is YAML
        file.flush()
        status, said = promtool("check", "rules", file.name)
    check_equal(status, 0, said)
    places, ids = set(), [panel["id"] for panel in panels()]
    check_equal(len(set(ids)), len(ids), "panels' numbers")
    for panel in panels():
        at = panel["gridPos"]
        check(at["x"] + at["w"] <= 24, f"{panel['title']} does not fit")
        own = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        check(not own & places, f"{panel['title']} lies on another")
        places |= own


@case("a relay that was never asked counts as up, and one that could not be reached as down")
def relay_down():
    with Gateway("smtp://127.0.0.1:1?tls=none", timeout=1) as running:
        check_equal(metrics_of(running).sum("postern_relay_up"), 1, "a relay that was never asked counts as down")
        running.post(message())
        eventually(lambda: metrics_of(running).sum("postern_relay_up") == 0, what="postern_relay_up 0")


if __name__ == "__main__":
    main(jobs=2)
