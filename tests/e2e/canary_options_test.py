#!/usr/bin/env python3
"""No credential leaks, wherever it comes from, and no command says one; lib/canaries.py says who may see what."""

import base64
import functools
import hashlib
import json
import os
import stat

from lib import certificates
from lib.canaries import CONTENTS, CREDENTIALS, everything, full_message, hold, hold_outside
from lib.collector import Collector
from lib.gateway import Gateway, message, run
from lib.harness import case, check, check_equal, eventually, folder, main
from lib.proxies import Proxy
from lib.scripted_relay import ScriptedRelay

USER, PASSWORD, TOKEN, SPARE = "ann", CREDENTIALS["password"], CREDENTIALS["token"], CREDENTIALS["spare"]

# --- Where credentials come from ------------------------------------------------------------------------------------


def file_with(path, name, content):
    whole = os.path.join(path, name)
    with open(whole, "w", encoding="ascii") as file:
        file.write(content)
    os.chmod(whole, stat.S_IRUSR | stat.S_IWUSR)
    return whole


PASSWORDS = {
    "in the URL": lambda path: {"smtp_url": f"smtp://{USER}:{PASSWORD}@127.0.0.1:{{port}}"},
    "in the URL, from a file": lambda path: {
        "smtp_url_file": file_with(path, "url", f"smtp://{USER}:{PASSWORD}@127.0.0.1:{{port}}\n")
    },
    "as an option": lambda path: {"smtp_username": USER, "smtp_password": PASSWORD},
    "from a file": lambda path: {
        "smtp_username": USER,
        "smtp_password_file": file_with(path, "password", PASSWORD + "\n"),
    },
}
TOKENS = {
    "as an option": lambda path: {"smtp_oauth_token": TOKEN},
    "from a file": lambda path: {"smtp_oauth_token_file": file_with(path, "token", TOKEN + "\n")},
    "from a command": lambda path: {"smtp_oauth_command": f"printf %s {TOKEN}; echo {CREDENTIALS['oauthcommand']} >&2"},
}


def log_in(options_of, secret, mechanisms, refused):
    """The relay refuses the login and says all that it was told, or takes it."""
    ours = certificates.shared()
    answer = f"535 5.7.8 {secret} {base64.b64encode(secret.encode()).decode()}"
    relay = ScriptedRelay(
        steps={"auth": answer} if refused else {},
        tls="starttls",
        certificate=ours.server("good"),
        mechanisms=mechanisms,
        username=USER,
        password=secret,
    )
    with folder() as path, relay:
        options = {"smtp_url": f"smtp://{USER}@127.0.0.1:{relay.port}", "smtp_ca_file": ours.ca_file}
        for name, value in options_of(path).items():
            if name == "smtp_url_file":
                del options["smtp_url"]
                with open(value, encoding="ascii") as file:
                    file_with(path, "url", file.read().format(port=relay.port))
            options[name] = value.format(port=relay.port) if name == "smtp_url" else value
        if "smtp_username" in options:
            options["smtp_url"] = f"smtp://127.0.0.1:{relay.port}"
        with Gateway(timeout=5, **options) as running:
            answer = running.post(message(), transcript="true")
            check_equal(answer.status, 502 if refused else 200, f"status of {answer.summary()}")
            hold("the answer", everything(answer), CREDENTIALS)
            running.signal(1)
            eventually(lambda: "reloaded" in running.log())
            hold_outside(running, CREDENTIALS)
        for command in ("config", "check"):
            status, output, errors = run(command, options=options)
            hold(f"postern {command}", output + errors, CREDENTIALS)
            check(command == "check" or status == 0, f"postern {command}: {errors}")


for source, options_of in PASSWORDS.items():
    for refused in (False, True):
        case(f"a password {source} [{'refused' if refused else 'taken'}]")(
            functools.partial(log_in, options_of, PASSWORD, ("PLAIN",), refused)
        )
for source, options_of in TOKENS.items():
    case(f"a token {source} [refused]")(functools.partial(log_in, options_of, TOKEN, ("XOAUTH2",), True))


@case("a proxy's password")
def proxy():
    login = (USER, CREDENTIALS["proxy"])
    for kind in ("socks5", "http"):
        for wanted in (login, (USER, "another")):
            with ScriptedRelay() as relay, Proxy(kind, login=wanted) as between:
                with Gateway(relay, smtp_proxy=between.url(login), timeout=3) as running:
                    hold("the answer", everything(running.post(message(), transcript="true")), CREDENTIALS)
                    hold_outside(running, CREDENTIALS)
                    check(between.requests or wanted != login, "the proxy was not asked")
                options = {"smtp_proxy": between.url(login), "smtp_url": relay.url()}
                for command in ("config", "check"):
                    hold(f"postern {command}", "".join(run(command, options=options)[1:]), CREDENTIALS)


@case("what a collector is shown, it alone is shown, also when it says so")
def collector_token():
    token = CREDENTIALS["header"]
    said = f"HTTP/1.1 401 {token}\r\nX: {token}\r\nContent-Length: 32\r\n\r\n{token}".encode()
    for answer in (None, said):
        with folder() as path, ScriptedRelay() as relay, Collector(answer) as collector:
            headers = file_with(path, "headers", f"authorization=Bearer%20{token}\n")
            options = {"otlp_endpoint": collector.url(), "otlp_headers_file": headers}
            with Gateway(relay, **options) as running:
                running.post(full_message())
                eventually(lambda: collector.requests, 15, "a request")
                check_equal(collector.requests[0][1]["Authorization"], f"Bearer {token}", "the field")
                hold_outside(running, CREDENTIALS, CONTENTS)
                running.stop()
                hold("the log", running.log(), CREDENTIALS, CONTENTS)
            output = run("config", options={"smtp_url": relay.url(), **options})[1]
            hold("postern config", output, CREDENTIALS)


# --- API keys and DKIM keys -----------------------------------------------------------------------------------------


def entry_for(name, key):
    return {"name": name, "sha256": hashlib.sha256(key.encode()).hexdigest(), "scopes": ["send"]}


@case("an API key is said by its caller alone, right or wrong, and its digest by nobody")
def api_keys():
    secret = CREDENTIALS["apikey"]
    entry = entry_for("shop", secret)
    served = {f"Bearer {secret}": 200, f"bearer {secret}": 200}
    with folder() as path, ScriptedRelay() as relay:
        keys = file_with(path, "keys.json", json.dumps({"keys": [entry]}))
        with Gateway(relay, api_keys_file=keys) as running:
            for given in (
                *served,
                f"Bearer {secret}x",
                f"Basic {secret}",
                secret,
                f"Bearer {SPARE}",
                f"Bearer {secret} x",
            ):
                answer = running.post(full_message(), {"Authorization": given}, transcript="true")
                check_equal(answer.status, served.get(given, 401), f"status with {given}")
                hold("the answer", everything(answer), CREDENTIALS, CONTENTS)
            answer = running.post(full_message(), {"X-Api-Key": secret, "Referer": f"http://x/{secret}"}, key=secret)
            hold("the answer", everything(answer), CREDENTIALS, CONTENTS)
            check(entry["sha256"] not in running.log(), "the digest of the key is logged")
            hold_outside(running, CREDENTIALS, CONTENTS)


@case("a file that is not what it should be is not told from")
def wrong_files():
    with folder() as path:
        secret = file_with(path, "secret", f"{SPARE}\n{SPARE}\n")
        as_json = file_with(path, "secret.json", json.dumps({"keys": [{"name": "shop", "sha256": SPARE}]}))
        cut = file_with(path, "cut.json", json.dumps({"smtp_password": SPARE})[:-1])
        wrong = file_with(path, "wrong.json", json.dumps({"smtp_password": [SPARE]}))
        for options in (
            {"dkim_keys": f"example.com:s:{secret}"},
            {"api_keys_file": secret},
            {"api_keys_file": as_json},
            {"smtp_ca_file": secret},
            {"smtp_client_cert_file": secret},
            {"smtp_password_file": secret, "smtp_username": USER},
            {"smtp_url_file": secret},
            {"listen_tls_cert_file": secret},
            {"listen_tls_cert_file": certificates.shared().server("good")[0], "listen_tls_key_file": secret},
        ):
            refuse_all(path, options)
        for file in (secret, cut, wrong):
            for command in ("config", "check", "serve"):
                status, output, errors = run(command, "--config", file)
                check(status != 0, f"postern {command} takes {file}")
                hold(f"postern {command}", output + errors, CREDENTIALS)


# --- Starts that fail -----------------------------------------------------------------------------------------------

STARTS = {
    "a URL of another scheme": {"smtp_url": f"ftp://{USER}:{SPARE}@127.0.0.1"},
    "a URL with a bad port": {"smtp_url": f"smtp://{USER}:{SPARE}@127.0.0.1:99999"},
    "a URL without a host": {"smtp_url": f"smtp://{USER}:{SPARE}@"},
    "a URL with a bad query": {"smtp_url": f"smtp://{USER}:{SPARE}@127.0.0.1?tls=maybe"},
    "a URL with a bad escape": {"smtp_url": f"smtp://{USER}:{SPARE}%zz@127.0.0.1"},
    "a URL with a slash in the password": {"smtp_url": f"smtp://{USER}:{SPARE}/{SPARE}@127.0.0.1"},
    "a URL with a space in the password": {"smtp_url": f"smtp://{USER}:{SPARE} {SPARE}@127.0.0.1"},
    "a URL with @ in the password": {"smtp_url": f"smtp://{USER}:{SPARE}@{SPARE}@127.0.0.1:x"},
    "a URL without a scheme": {"smtp_url": f"{USER}:{SPARE}@127.0.0.1"},
    "a URL without @": {"smtp_url": f"smtp://{USER}:{SPARE}"},
    "a password for a URL": {"smtp_url": SPARE},
    "a second URL that is bad": {"smtp_url": f"smtp://127.0.0.1 smtp://{USER}:{SPARE}@:1"},
    "a proxy of another kind": {"smtp_proxy": f"ftp://{USER}:{SPARE}@127.0.0.1"},
    "a proxy with a bad port": {"smtp_proxy": f"socks5://{USER}:{SPARE}@127.0.0.1:x"},
    "a proxy with a path": {"smtp_proxy": f"http://{USER}:{SPARE}@127.0.0.1/x"},
    "a password with a control character": {"smtp_username": USER, "smtp_password": f"{SPARE}\x01"},
    "a token with a control character": {"smtp_oauth_token": f"{SPARE}\x01"},
    "a command with a control character": {"smtp_oauth_command": f"{SPARE}\x01"},
    "an option that is not known": {"smtp_pasword": SPARE},
    "a collector with a password": {"otlp_endpoint": f"http://{USER}:{SPARE}@127.0.0.1:4318"},
    "a collector without a scheme": {"otlp_endpoint": f"{USER}:{SPARE}@127.0.0.1:4318"},
    "a field for a collector without a name": {"otlp_endpoint": "http://127.0.0.1", "otlp_headers": SPARE},
    "a field for a collector of two lines": {"otlp_endpoint": "http://127.0.0.1", "otlp_headers": f"a={SPARE}%0a"},
}


def refuse_all(path, options):
    """By the environment, by --set, and by a file. Whether it stops the start is another test's matter."""
    options = {"smtp_url": "smtp://127.0.0.1:1", "listen": f"unix:{path}/none/s", "admin_listen": "off", **options}
    file = file_with(path, "options.json", json.dumps(options))
    sets = [part for option, value in options.items() for part in ("--set", f"{option}={value}")]
    for command in ("config", "check", "serve"):
        for arguments, environment in (([], options), (sets, {}), (["--config", file], {})):
            status, output, errors = run(command, *arguments, options=environment)
            hold(f"postern {command}", output + errors, CREDENTIALS)
            check(status != 0 or command != "serve", f"it serves on a path that is not there: {errors}")


def play_start(name):
    with folder() as path:
        refuse_all(path, STARTS[name])


for entry in STARTS:
    case(f"a start: {entry}")(functools.partial(play_start, entry))


@case("a command line that is wrong")
def command_lines():
    for arguments in (
        ["--set", f"smtp_password:{SPARE}"],
        ["--set", f"smtp_password {SPARE}"],
        ["--set", SPARE],
        ["--set", "smtp_password", SPARE],
        ["--smtp_password", SPARE],
        [f"--smtp-password={SPARE}"],
        ["config", f"smtp_password={SPARE}"],
        ["send", f"{{{SPARE}}}"],
    ):
        status, output, errors = run(*arguments)
        check(status in (64, 78), f"status {status} of {arguments[0]}")
        hold(f"postern {arguments[0]}", output + errors, CREDENTIALS)


@case("send and render say no more than they are asked for, at any level")
def send_and_render():
    body = json.dumps(full_message()).encode()
    with ScriptedRelay() as relay:
        options = {"smtp_url": relay.url(), "log_level": "debug", "smtp_password": PASSWORD, "smtp_username": ""}
        status, output, errors = run("send", options=options, stdin=body)
        check_equal((status, len(relay.messages)), (0, 1), f"status and messages, with {errors}")
        hold("postern send", output + errors, CREDENTIALS, CONTENTS)
        status, output, errors = run("render", options=options, stdin=body)
        check(status == 0 and CONTENTS["subject"] in output, "the message is not shown")
        hold("postern render", output, CREDENTIALS)
        hold("postern render's errors", errors, CREDENTIALS, CONTENTS)
        for command in ("send", "render"):
            _, output, errors = run(command, options=options, stdin=body[:-5])
            hold(f"postern {command}", output + errors, CREDENTIALS, CONTENTS)


if __name__ == "__main__":
    main(jobs=6)
