#!/usr/bin/env python3
"""Those who will really call: curl, Python's urllib, Node's fetch, a shell with nothing but curl; README's own example.

Each posts one message with characters beyond ASCII, and must get the receipt of that very message.
"""

import json
import os
import re
import shutil
import subprocess
import tempfile
import urllib.error
import urllib.request

from lib.gateway import Gateway, message
from lib.harness import Skip, case, check, check_equal, main, seconds
from lib.scripted_relay import ScriptedRelay

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
MESSAGE = message(subject="Gr\u00fc\u00dfe \u4f60\u597d", text="It works.\n")

NODE = """
const answer = await fetch(process.argv[1], {
  method: "POST",
  headers: {"Content-Type": "application/json"},
  body: process.argv[2],
});
const type = answer.headers.get("content-type");
console.log(JSON.stringify({status: answer.status, type, body: await answer.json()}));
"""

# What README's commands post.
README_FILES = {
    "mail.json": json.dumps(MESSAGE),
    "minutes.pdf": "%PDF-1.4\n",
    "logo.png": "\x89PNG\n",
    "mail.eml": "From: ann@example.com\r\nTo: bob@example.net\r\nSubject: Hi\r\n\r\nIt works.\r\n",
}


def tool(name):
    path = shutil.which(name)
    if not path:
        raise Skip(f"needs {name}")
    return path


def output_of(*command, stdin=None, environment=None, folder=None):
    done = subprocess.run(
        command,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=seconds(30),
        env={**os.environ, **(environment or {})},
        cwd=folder,
        check=False,
    )
    check(done.returncode == 0, f"{command[0]}: status {done.returncode}: {done.stderr}{done.stdout}")
    return done.stdout


def hold(receipt, relay):
    """The receipt is of the one message that the relay took."""
    check_equal(receipt["delivery"], "sent", "delivery")
    check_equal([m.verdict for m in relay.messages], ["accepted"], "the relay's log")
    check(receipt["queue_id"].encode() in relay.messages[0].reply, "the queue ID is not the relay's")
    check(receipt["message_id"].encode() in relay.messages[0].content, "the Message-ID is not the message's")


@case("curl, with the body from a file")
def curl():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        path = os.path.join(running.folder, "message.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump(MESSAGE, file, ensure_ascii=False)
        command = [tool("curl"), "-sS", "--fail-with-body", "-H", "Content-Type: application/json"]
        hold(json.loads(output_of(*command, "--data-binary", f"@{path}", running.url())), relay)


@case("curl, with a large body: it asks for 100 Continue")
def curl_large():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        body = json.dumps({**MESSAGE, "text": "All work and no play.\n" * 200_000})
        command = [tool("curl"), "-sS", "-H", "Content-Type: application/json", "-H", "Expect: 100-continue"]
        hold(json.loads(output_of(*command, "-d", "@-", running.url(), stdin=body)), relay)


@case("curl, with two URLs over one connection")
def curl_twice():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        command = [tool("curl"), "-sS", "-H", "Content-Type: application/json", "-d", json.dumps(MESSAGE)]
        shown = output_of(*command, "-w", " connects=%{num_connects}\n", running.url(), running.url())
        check_equal(re.findall(r"connects=(\d)", shown), ["1", "0"], "connections")
        check_equal(len(relay.messages), 2, "messages")


@case("Python's urllib")
def python_urllib():
    with ScriptedRelay() as relay, Gateway(relay) as running:
        request = urllib.request.Request(
            running.url(), json.dumps(MESSAGE).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=seconds(10)) as answer:
            hold(json.load(answer), relay)
        request.data = b'{"to": 7}'
        try:
            urllib.request.urlopen(request, timeout=seconds(10)).close()
        except urllib.error.HTTPError as error:
            check_equal((error.code, json.load(error)["code"]), (422, "invalid-request"), "the problem")
        else:
            check(False, "a bad message was taken")


@case("Node's fetch")
def node_fetch():
    node = tool("node")
    if int(re.search(r"v(\d+)", output_of(node, "--version"))[1]) < 18:
        raise Skip("needs a node with fetch")
    with ScriptedRelay() as relay, Gateway(relay) as running:
        shown = output_of(node, "--input-type=module", "-e", NODE, running.url(), json.dumps(MESSAGE))
        answer = json.loads(shown)
        check_equal((answer["status"], answer["type"]), (200, "application/json"), "status, type")
        hold(answer["body"], relay)


@case("a line of shell")
def shell():
    tool("curl")
    line = """printf '{"from":"ann@example.com","to":"bob@example.net","subject":"%s","text":"It works."}' "$SUBJECT" |
        curl -sS -H 'Content-Type: application/json' -d @- "$URL\""""
    with ScriptedRelay() as relay, Gateway(relay) as running:
        environment = {"URL": running.url(), "SUBJECT": "Gr\u00fc\u00dfe"}
        hold(json.loads(output_of("/bin/sh", "-c", line, environment=environment)), relay)


@case("README's curl commands, as they stand there")
def readme_examples():
    tool("curl")
    with open(os.path.join(ROOT, "README.md"), encoding="utf-8") as file:
        blocks = re.findall(r"^```sh\n(curl .*?)^```", file.read(), re.DOTALL | re.MULTILINE)
    commands = [command for block in blocks for command in re.split(r"\n(?=curl )", block) if "/v1/messages" in command]
    check(len(commands) >= 3, f"README has {len(commands)} curl commands")
    with tempfile.TemporaryDirectory() as folder:
        for name, content in README_FILES.items():
            with open(os.path.join(folder, name), "w", encoding="utf-8", newline="") as file:
                file.write(content)
        for command in commands:
            with ScriptedRelay() as relay, Gateway(relay) as running:
                here = command.replace("http://127.0.0.1:8587", running.url(""))
                check(here != command, f"it posts to somewhere else: {command}")
                hold(json.loads(output_of("/bin/sh", "-c", here, folder=folder)), relay)


if __name__ == "__main__":
    main()
