#!/usr/bin/env python3
"""compose.yaml: the Compose specification's schema takes it, the program every variable, and its services, played on
loopback without an engine, do what they are for."""

from pathlib import Path

import yaml
from ground import DEPLOY, effective_options, gateway, run_tool, system_tool, tool
from lib.gateway import Gateway, free_port
from lib.harness import case, check, check_equal, eventually, folder, main

FILE = DEPLOY / "compose.yaml"
COMPOSE = yaml.safe_load(FILE.read_text())
SERVICES = COMPOSE["services"]
POSTERNS = {name: one for name, one in SERVICES.items() if one["image"].startswith("postern:")}


@case("the schema of the Compose specification takes it")
def schema():
    run_tool(tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", FILE)


@case("the program takes every variable")
def options():
    check_equal(sorted(POSTERNS), ["postern", "sandbox"])
    for service in POSTERNS.values():
        effective_options(service["environment"])


@case("each secret that a variable names is given to its service")
def secrets():
    for name, service in POSTERNS.items():
        named = {value for value in service["environment"].values() if value.startswith("/run/secrets/")}
        check_equal(named, {f"/run/secrets/{secret}" for secret in service["secrets"]}, name)
        check(set(service["secrets"]) <= set(COMPOSE["secrets"]), name)


@case("no Postern can write, or do what it need not")
def rights():
    for name, service in POSTERNS.items():
        check(service["read_only"] and service["cap_drop"] == ["ALL"], name)
        check_equal(service["security_opt"], ["no-new-privileges:true"], name)


@case("what is being sent has its time before a container is killed")
def grace():
    for service in POSTERNS.values():
        needed = effective_options(service["environment"])
        needed_ms = sum(int(needed[name].removesuffix("ms")) for name in ("drain_delay", "timeout_shutdown"))
        check(int(service["stop_grace_period"].removesuffix("s")) * 1000 > needed_ms, service["stop_grace_period"])


def as_options(service, replaced):
    """A service's variables, with what stands for other places here."""
    options = {}
    for name, value in service["environment"].items():
        for there, here in replaced.items():
            value = value.replace(there, here)
        options[name.removeprefix("POSTERN_").lower()] = value
    return options


@case("the backend's mail goes through Postern into the sandbox, with the password of the secret")
def played():
    curl = system_tool("curl")
    smtp_port = free_port()
    with folder() as place:
        (Path(place) / "smtp_password").write_text("6d1b4f\n")
        replaced = {
            "/run/secrets": place,
            "0.0.0.0:2525": f"127.0.0.1:{smtp_port}",
            "sandbox:2525": f"127.0.0.1:{smtp_port}",
        }
        with Gateway(command="sandbox", **as_options(SERVICES["sandbox"], replaced)) as sandbox:
            with Gateway(**as_options(SERVICES["postern"], replaced)) as postern:
                for one in (sandbox, postern):
                    probe(one)
                url = postern.url("")
                words = [word.replace("http://127.0.0.1:8587", url) for word in SERVICES["backend"]["command"]]
                check('"delivery":"sent"' in run_tool(curl, *words), "what curl was answered")
            [message] = sandbox.get("/sandbox/messages").json()["messages"]
            check_equal(message["subject"], "Hello")


def probe(running):
    """The health check's own command, with its container's options."""
    command = SERVICES["postern"]["healthcheck"]["test"]
    check_equal(command[:2], ["CMD", "/usr/bin/postern"])
    options = {"admin_listen": "{}:{}".format(*running.admin_address)}
    eventually(lambda: gateway.run(command[2], options=options)[0] == 0, 20, "readiness")


if __name__ == "__main__":
    main()
