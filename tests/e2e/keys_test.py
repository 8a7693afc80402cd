#!/usr/bin/env python3
"""H63 to H78: who may send, as what, to whom and how often; and what a browser on the same machine may not.

What is refused goes to one gateway, whose relay must not have seen a single byte at the end.
"""

import functools
import json
import os
import re
import signal
import stat
import threading
import time
from dataclasses import dataclass, field

from lib import gateway
from lib.gateway import Gateway, free_port, message
from lib.harness import case, check, check_equal, eventually, last_case, main, make_folder, seconds, table
from lib.keys import KeyFile, bearer, digest, entry
from lib.raw_http import HOST, JSON_TYPE, Connection, exchange, post
from lib.scripted_relay import ScriptedRelay

# Long enough to be found wherever they should not be.
SHOP, READER, OLD, BOUND = (f"postern_{name}-canary-{'x' * 40}" for name in ("shop", "reader", "old", "bound"))
KEYS = [
    entry("shop", SHOP),
    entry("reader", READER, ["metrics"]),
    entry("old", OLD, expires="2020-01-01T00:00:00Z"),
    entry("bound", BOUND, from_=["@example.com"], to=["@example.net", "@*.example.org"]),
]
GOOD = json.dumps(message()).encode()
UNAUTHORIZED, MALFORMED = "unauthorized", "malformed-http"


def shown(key):
    return b"Authorization: Bearer " + (key.encode() if isinstance(key, str) else key) + b"\r\n"


# --- What is refused ------------------------------------------------------------------------------------------------


@dataclass
class Row:
    name: str
    request: bytes
    status: object  # a number, or several
    code: str = ""
    places: list = field(default_factory=list)  # pointers and parameters of the errors, all of them


def with_fields(name, fields, status=401, code=UNAUTHORIZED):
    return Row(name, post(GOOD, fields), status, code)


def bound(name, code, places, **fields):
    """What the key may not send, or not there."""
    return Row(name, post(json.dumps(message(**fields)).encode(), shown(BOUND)), 403, code, places)


def finished(name, code, places, header, query):
    text = header + b"Subject: x\r\n\r\nx\r\n"
    kind = b"Content-Type: message/rfc822\r\n"
    return Row(name, post(text, shown(BOUND), kind, b"/v1/messages?" + query), 403, code, places)


def form(name, code, places, **fields):
    part = b'--xx\r\nContent-Disposition: form-data; name="message"\r\n\r\n%s\r\n--xx--\r\n'
    kind = b"Content-Type: multipart/form-data; boundary=xx\r\n"
    return Row(name, post(part % json.dumps(message(**fields)).encode(), shown(BOUND), kind), 403, code, places)


SENDER, RECIPIENT = "forbidden-sender", "forbidden-recipient"
FROM = b"From: ann@example.com\r\n"
ROWS = [
    with_fields("H63 no Authorization", b""),
    with_fields("H64 a key that nobody has", shown("postern_" + "y" * 52)),
    with_fields("H64 a key with a letter too many", shown(SHOP + "x")),
    with_fields("H64 its hash in place of the key", shown(digest(SHOP))),
    with_fields("H65 Basic", b"Authorization: Basic c2hvcDpzaG9w\r\n"),
    with_fields("H65 a scheme of no name", b"Authorization: " + SHOP.encode() + b"\r\n"),
    with_fields("H65 an empty token", b"Authorization: Bearer \r\n"),
    with_fields("H65 an empty field", b"Authorization:\r\n"),
    with_fields("H66 two Authorization fields", shown(SHOP) * 2, 400, MALFORMED),
    with_fields("H66 two, one of them wrong", shown("x") + shown(SHOP), 400, MALFORMED),
    with_fields("H67 a key of 8 kB", shown("x" * 8192)),
    with_fields("H67 a key that is not ASCII", shown(b"\xff\xfe\xc3\xbc")),
    Row("H67 a key with a NUL", post(GOOD, shown(SHOP.encode() + b"\0x")), (400, 401)),
    Row("H68 the key in the query", post(GOOD, path=f"/v1/messages?key={SHOP}".encode()), 401, UNAUTHORIZED),
    with_fields("H69 an expired key", shown(OLD)),
    with_fields("H70 a key without the scope", shown(READER), 403, "forbidden"),
    Row("H70 a dry run needs it, too", post(GOOD, shown(READER), path=b"/v1/messages?dry_run=true"), 403, "forbidden"),
    Row("a dry run needs a key", post(GOOD, path=b"/v1/messages?dry_run=true"), 401, UNAUTHORIZED),
    Row(
        "H20 the key in a trailer",
        b"POST /v1/messages HTTP/1.1\r\n%s%sTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n%s\r\n"
        % (HOST, JSON_TYPE, len(GOOD), GOOD, shown(SHOP)),
        401,
        UNAUTHORIZED,
    ),
    Row("who has no key learns nothing of the type", post(GOOD, content_type=b""), 401, UNAUTHORIZED),
    bound("H71 from", SENDER, ["/from"], from_="ann@example.org"),
    bound("H71 a domain within", SENDER, ["/from"], from_="ann@mail.example.com"),
    bound("H71 a domain that ends alike", SENDER, ["/from"], from_="ann@anexample.com"),
    bound("H71 a quoted local part with the domain", SENDER, ["/from"], from_='"x@example.com"@evil.example'),
    bound("H71 sender", SENDER, ["/sender"], sender="boss@example.org"),
    bound("H71 return path", SENDER, ["/return_path"], return_path="boss@example.org"),
    bound("H71 all of them at once", SENDER, ["/from", "/sender"], from_="a@x.example", sender="b@x.example"),
    bound("H72 to", RECIPIENT, ["/to/1"], to=["bob@example.net", "eve@evil.example"]),
    bound("H72 cc", RECIPIENT, ["/cc"], cc="eve@evil.example"),
    bound("H72 bcc", RECIPIENT, ["/bcc/0"], bcc=["eve@evil.example"]),
    bound("H72 the domain itself where those within are meant", RECIPIENT, ["/to"], to="eve@example.org"),
    form("H71 in a form", SENDER, ["/from"], from_="ann@example.org"),
    form("H72 in a form", RECIPIENT, ["/to/0"], to=["eve@evil.example"]),
    finished("H71 From of a finished message", SENDER, [""], b"From: x@evil.example\r\n", b"to=a@example.net"),
    finished("H71 its envelope", SENDER, ["from"], FROM, b"from=x@evil.example&to=a@example.net"),
    finished("H71 its Sender", SENDER, [""], FROM + b"Sender: x@evil.example\r\n", b"to=a@example.net"),
    finished("H71 its Resent-From", SENDER, [""], FROM + b"Resent-From:\r\n x@evil.example\r\n", b"to=a@example.net"),
    finished("H72 its envelope", RECIPIENT, ["to"], FROM, b"to=a@example.net&to=x@evil.example"),
]

shared_relay = ScriptedRelay()
shared = Gateway(shared_relay)
starting = threading.Lock()


@functools.cache
def key_file():
    return KeyFile(*KEYS)


def running():
    with starting:
        if shared.process is None:
            shared.options["api_keys_file"] = key_file().path
            shared_relay.__enter__()
            shared.__enter__()
    return shared


def play(row):
    answer, _ = exchange(running().address, row.request, seconds(10))
    wanted = row.status if isinstance(row.status, tuple) else (row.status,)
    check(answer and answer.status in wanted, f"{answer}")
    if not row.code:
        return
    told = answer.json()
    check_equal((told["code"], told["delivery"], told["retryable"]), (row.code, "not_sent", False))
    check_equal([error.get("pointer", error.get("parameter")) for error in told.get("errors", [])], row.places)
    challenge = 'Bearer realm="postern"' if answer.status == 401 else None
    check_equal(answer.field("WWW-Authenticate"), challenge, "WWW-Authenticate")


table(ROWS, play)


@case("H64 H69 wrong, missing, expired: the same answer to the letter, but for the id")
def same_answer():
    answers = []
    for fields in (b"", shown("x"), shown(OLD), shown("y" * 300), b"Authorization: Basic x\r\n"):
        answer, _ = exchange(running().address, post(GOOD, fields))
        fields = [(name, value) for name, value in answer.fields if name != "date"]
        answers.append((fields, {**answer.json(), "id": None}))
    check_equal([answer for answer in answers if answer != answers[0]], [], "answers that differ")


@case("H49 Expect: 100-continue and a bad key: 401, and no 100")
def no_continue():
    with Connection(running().address, seconds(10)) as connection:
        lines = HOST + JSON_TYPE + shown("x") + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
        connection.send(b"POST /v1/messages HTTP/1.1\r\n" + lines)
        check(connection._until(b"\r\n").startswith(b"HTTP/1.1 401 "), "the first line is no 401")


@case("H52 a request behind a good one needs a key of its own")
def alone():
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=key_file().path) as taking:
        with Connection(taking.address, seconds(10)) as connection:
            connection.send(post(GOOD, shown(SHOP)) + post(GOOD))
            check_equal([connection.answer().status for _ in range(2)], [200, 401], "statuses")
        check_equal(len(relay.messages), 1, "messages")


@last_case("not one byte of what was refused reached the relay, and no key the log")
def nothing_leaked():
    check_equal(running().post(message(), bearer(OLD)).status, 401, "status of the expired key")
    check_equal([connection.dialogue for connection in shared_relay.connections], [], "connections to the relay")
    log = running().log()
    for key in (SHOP, READER, OLD, BOUND):
        check(key not in log and digest(key) not in log, f"the log has a key:\n{log}")
        check(key not in running().get_admin("/metrics").body.decode(), "/metrics has a key")
    check(re.search(r"why=expired peer=127\.0\.0\.1 key=old\n", log), f"the log does not tell of key old:\n{log}")
    shared.__exit__(None, None, None)
    shared_relay.stop()


# --- What is taken --------------------------------------------------------------------------------------------------


@case("a key within its lists sends, and the log names it")
def key_sends():
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=key_file().path) as taking:
        fields = message(
            from_="Ann <ann@EXAMPLE.com>", to=["bob@example.net"], bcc="x@lists.example.org", return_path=""
        )
        check_equal(taking.post(fields, bearer(BOUND)).status, 200, "status")
        check_equal(taking.post(message(from_="x@any.example"), bearer(SHOP)).status, 200, "status without lists")
        check_equal(taking.post(message(), {"Authorization": f"bearer   {SHOP} "}).status, 200, "status in other words")
        names = re.findall(r"msg=message id=\S+ trace_id=\S+ key=(\S+)", taking.log())
        check_equal(names, ["bound", "shop", "shop"], "names in the log")
        check_equal(len(relay.messages), 3, "messages")


@case("the routes that are anyone's need no key; the sandbox's need one for it")
def open_routes():
    keys = KeyFile(entry("shop", SHOP), entry("tester", READER, ["sandbox"]))
    with Gateway(command="sandbox", api_keys_file=keys.path) as taking:
        for path in ("/", "/openapi.yaml"):
            check_equal(taking.get(path).status, 200, path)
        statuses = [taking.get("/sandbox/messages", fields).status for fields in ({}, bearer(SHOP), bearer(READER))]
        check_equal(statuses, [401, 403, 200], "statuses of the sandbox")


# --- Where one may listen -------------------------------------------------------------------------------------------


class Everywhere(Gateway):
    """Listens where other hosts could reach it."""

    def _choose_addresses(self):
        super()._choose_addresses()
        for option in ("listen", "admin_listen"):
            self.options[option] = self.options[option].replace("127.0.0.1", "0.0.0.0")


@case("with keys other hosts may reach both listeners; in the clear that is warned of")
def beyond_loopback():
    with ScriptedRelay() as relay:
        with Everywhere(relay, api_keys_file=key_file().path) as taking:
            check_equal(taking.post(message()).status, 401, "status without a key")
            check_equal(taking.post(message(), {"Host": "evil.example", **bearer(SHOP)}).status, 200, "with a key")
            check_equal(taking.log().count("come in the clear"), 2, "warnings")
        with Everywhere(relay, api_keys_file=key_file().path, listen_proxied="yes") as taking:
            check_equal(taking.log().count("come in the clear"), 0, "warnings behind a proxy")


@case("H74 metrics for other hosts need a key for them, which a key to send is not")
def metrics_need_a_key():
    with ScriptedRelay() as relay, Everywhere(relay, api_keys_file=key_file().path) as taking:

        def ask(path, fields):
            return gateway.request(taking.admin_address, "GET", path, None, fields).status

        check_equal([ask("/metrics", fields) for fields in ({}, bearer(SHOP), bearer(READER))], [401, 403, 200])
        check(ask("/livez", {}) == 200 and ask("/readyz", {}) in (200, 503), "a probe needs a key")
        check_equal(taking.get("/metrics", bearer(SHOP)).status, 404, "on the main listener")


@case("without keys a listener that other hosts reach stops the start, by its name")
def refused_beyond_loopback():
    for option in ("listen", "admin_listen"):
        options = {"smtp_url": "smtp://127.0.0.1:1?tls=none", option: f"0.0.0.0:{free_port()}"}
        options.setdefault("admin_listen", "off")
        status, _, errors = gateway.run("serve", options=options)
        check_equal(status, 78, "status")
        check(f"option {option}: 0.0.0.0:" in errors and "api_keys_file" in errors, errors)


@case("a Unix socket has its mode, and its users")
def unix_socket():
    path = os.path.join(make_folder(), "http.sock")
    with ScriptedRelay() as relay:
        for users, status in ((str(os.getuid()), 200), (f"nobody {os.getuid()}", 200), (str(os.getuid() + 1), 403)):
            options = {"listen": f"unix:{path}", "listen_unix_mode": "0640", "listen_unix_users": users}
            with Gateway(relay, address=path, **options) as taking:
                check_equal(stat.S_IMODE(os.stat(path).st_mode), 0o640, "mode")
                answer = taking.post(message(), {"Host": "any.example", "Origin": "http://any.example"})
                check_equal(answer.status, status, f"status for {users}")
        for option, value in (("listen_unix_mode", "rw"), ("listen_unix_users", "nobody nobody-at-all")):
            options = {"smtp_url": relay.url(), "listen": f"unix:{path}", "admin_listen": "off", option: value}
            status, _, errors = gateway.run("serve", options=options)
            check_equal((status, f"option {option}: " in errors), (78, True), errors)


# --- A browser on the same machine ----------------------------------------------------------------------------------

FORM = b"Content-Type: multipart/form-data; boundary=xx\r\n"
FORM_BODY = b'--xx\r\nContent-Disposition: form-data; name="message"\r\n\r\n%s\r\n--xx--\r\n' % GOOD


def browser(name, fields, status=403, host=HOST):
    request = post(FORM_BODY, fields, FORM).replace(HOST, host)
    return Row(name, request, status, "forbidden" if status == 403 else "")


BROWSER_ROWS = [
    browser("browser: a form of another page", b"Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n"),
    browser("browser: a form of another page, of an older browser", b"Origin: https://evil.example\r\n"),
    browser("browser: a page in a sandbox", b"Origin: null\r\n"),
    browser("browser: a page of another port", b"Origin: http://127.0.0.1:3000\r\nSec-Fetch-Site: same-site\r\n"),
    browser("browser: a form without an origin", b"Sec-Fetch-Site: cross-site\r\n"),
    browser("browser: a name that points here (DNS rebinding)", b"", host=b"Host: evil.example\r\n"),
    browser("browser: the same, with its origin", b"Origin: http://evil.example\r\n", host=b"Host: evil.example\r\n"),
    browser("browser: a name that looks like ours", b"", host=b"Host: 127.0.0.1.evil.example\r\n"),
    browser("no browser: curl -F", b"", 200),
    browser("no browser: localhost", b"", 200, b"Host: localhost:8587\r\n"),
    browser("no browser: IPv6", b"", 200, b"Host: [::1]:8587\r\n"),
    browser("no browser: node's fetch", b"Sec-Fetch-Mode: cors\r\n", 200),
    browser("a page of our own", b"Origin: http://127.0.0.1\r\nSec-Fetch-Site: same-origin\r\n", 200),
]


def play_browser(row):
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        answer, _ = exchange(taking.address, row.request, seconds(10))
        check(answer and answer.status == row.status, f"{answer}")
        check_equal(len(relay.connections), int(row.status == 200), "connections to the relay")
        check(not row.code or answer.json()["code"] == row.code, f"{answer}")


table(BROWSER_ROWS, play_browser)


@case("a preflight finds no door")
def preflight():
    lines = b"Origin: https://evil.example\r\nAccess-Control-Request-Method: POST\r\n"
    with ScriptedRelay() as relay, Gateway(relay) as taking:
        answer, _ = exchange(taking.address, b"OPTIONS /v1/messages HTTP/1.1\r\n" + HOST + lines + b"\r\n")
        check_equal((answer.status, answer.field("Access-Control-Allow-Origin")), (405, None))


@case("allow_hosts are names of ours; captured mail and metrics are read by no other")
def allowed_hosts():
    with Gateway(command="sandbox", allow_hosts="mail.internal postern") as taking:
        for path, address in (("/sandbox/messages", taking.address), ("/metrics", taking.admin_address)):
            for host, status in (("mail.internal:80", 200), ("POSTERN", 200), ("evil.example", 403)):
                answer = gateway.request(address, "GET", path, None, {"Host": host})
                check_equal(answer.status, status, f"{path} as {host}")


@case("where keys are asked for, Origin and Host are nobody's business")
def keys_and_browsers():
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=key_file().path) as taking:
        fields = {"Origin": "https://app.example", "Sec-Fetch-Site": "cross-site", "Host": "mail.example"}
        check_equal(taking.post(message(), {**fields, **bearer(SHOP)}).status, 200, "status")


# --- How often ------------------------------------------------------------------------------------------------------


def limits_of(answer, field_name):
    """{name: {parameter: number}} of a RateLimit field."""
    found = {}
    for item in (answer.headers[field_name] or "").split(", "):
        name, *parameters = item.split(";")
        found[name.strip('"')] = {key: int(value) for key, value in (p.split("=") for p in parameters)}
    return found


@case("H76 beyond the rate: 429, Retry-After, and the limits in every answer")
def rate():
    keys = KeyFile(entry("shop", SHOP, rate="2/h"), entry("other", READER))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path) as taking:
        answers = [taking.post(message(), bearer(SHOP)) for _ in range(3)]
        check_equal([answer.status for answer in answers], [200, 200, 429], "statuses")
        check_equal([limits_of(answer, "RateLimit")["rate"]["r"] for answer in answers], [1, 0, 0], "what is left")
        for answer in answers:
            check_equal(answer.headers["RateLimit-Policy"], '"rate";q=2;w=3600', "policy")
        told = answers[2].json()
        check_equal((told["code"], told["delivery"], told["retryable"]), ("rate-limited", "not_sent", True))
        wait = int(answers[2].headers["Retry-After"])
        check(1700 < wait <= 1800, f"Retry-After: {wait}")
        check_equal(taking.post(message(), bearer(READER)).status, 200, "status of another key")
        check_equal(taking.post(message(), bearer("x")).status, 401, "status of a bad key")
        check_equal(len(relay.messages), 3, "messages")


@case("H76 it is decided before the body: no 100 is said to it")
def rate_before_body():
    with ScriptedRelay() as relay, Gateway(relay, rate_limit="1/h") as taking:
        check_equal(taking.post(message()).status, 200, "the first")
        with Connection(taking.address, seconds(10)) as connection:
            lines = HOST + JSON_TYPE + b"Expect: 100-continue\r\nContent-Length: 1000000\r\n\r\n"
            connection.send(b"POST /v1/messages HTTP/1.1\r\n" + lines)
            check(connection._until(b"\r\n").startswith(b"HTTP/1.1 429 "), "the first line is no 429")


@case("H76 the limit of all callers holds for each of them, and what one limit refuses uses up no other")
def rate_of_all():
    keys = KeyFile(entry("shop", SHOP, rate="1/h"), entry("other", READER))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path, rate_limit="3/h") as taking:
        order = [SHOP, SHOP, SHOP, READER, READER, READER]
        answers = [taking.post(message(), bearer(key)) for key in order]
        check_equal([answer.status for answer in answers], [200, 429, 429, 200, 200, 429], "statuses")
        policy = {"all": {"q": 3, "w": 3600}, "rate": {"q": 1, "w": 3600}}
        check_equal(limits_of(answers[0], "RateLimit-Policy"), policy)
        check_equal([limits_of(answer, "RateLimit")["all"]["r"] for answer in answers], [2, 2, 2, 1, 0, 0], "left")


@case("quotas count what goes out: not dry runs, not what is refused; recipients one by one")
def quotas():
    keys = KeyFile(entry("shop", SHOP, messages_per_day=3, recipients_per_day=5))
    many = message(to=[f"r{number}@example.net" for number in range(6)])
    two = message(to=["a@example.net", "b@example.net"])
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path) as taking:

        def left(fields, **query):
            answer = taking.post(fields, bearer(SHOP), **query)
            limits = limits_of(answer, "RateLimit")
            return answer.status, limits["messages"]["r"], limits["recipients"]["r"]

        check_equal(left(two, dry_run="true"), (200, 3, 5), "a dry run")
        check_equal(left({"from": "x"}), (422, 3, 5), "a bad message")
        check_equal(left(many), (422, 3, 5), "more than a day's recipients")
        check_equal(left(two), (200, 2, 3), "two of five")
        check_equal(left(two), (200, 1, 1), "two more")
        check_equal(left(two), (429, 1, 1), "one is not enough")
        check_equal(left(message()), (200, 0, 0), "the last one")
        check_equal(left(message()), (429, 0, 0), "nothing is left")
        check_equal(sum(len(m.recipients) for m in relay.messages), 5, "recipients at the relay")


@case("H77 who fails a hundred times has to wait; a good key from there does not")
def failures():
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=key_file().path) as taking:
        begin = time.monotonic()
        answers = [taking.post(b"{}", bearer(f"guess-{number}")) for number in range(120)]
        more = int((time.monotonic() - begin) / 6) + 1
        statuses = [answer.status for answer in answers]
        check_equal((set(statuses[:100]), set(statuses[100:])), ({401}, {401, 429} if 401 in statuses[100:] else {429}))
        check(
            statuses.count(401) <= 100 + more, f"{statuses.count(401)} were told in full, in {more} times six seconds"
        )
        waiting = next(answer for answer in answers if answer.status == 429)
        check(0 < int(waiting.headers["Retry-After"]) <= 6, f"Retry-After: {waiting.headers['Retry-After']}")
        check_equal(waiting.json()["code"], "rate-limited")
        check_equal(taking.post(message(), bearer(SHOP)).status, 200, "status of a good key")
        check_equal(taking.log().count("without a valid API key"), statuses.count(401), "warnings")


# --- The file -------------------------------------------------------------------------------------------------------


@case("SIGHUP: a key that is gone is refused, a new one taken; what was used up stays used up")
def reload():
    keys = KeyFile(entry("shop", SHOP, rate="2/h"), entry("other", READER))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path) as taking:
        check_equal([taking.post(message(), bearer(key)).status for key in (SHOP, READER, BOUND)], [200, 200, 401])
        keys.keep(entry("shop again", SHOP))
        taking.signal(signal.SIGHUP)
        eventually(lambda: "was not reloaded" in taking.log(), what="the fault in the log")
        check(f'{keys.path}: keys[0]: \\"name\\"' in taking.log(), taking.log())
        check_equal(taking.post(message(), bearer(READER)).status, 200, "the old keys stay")
        keys.keep(entry("shop-again", SHOP, rate="2/h"), entry("new", BOUND))
        taking.signal(signal.SIGHUP)
        eventually(lambda: "was reloaded" in taking.log(), what="the reload in the log")
        statuses = [taking.post(message(), bearer(key)).status for key in (SHOP, SHOP, READER, BOUND)]
        check_equal(statuses, [200, 429, 401, 200], "statuses after it")


@case("SIGHUP: keys cannot go while other hosts reach a listener")
def keys_cannot_go():
    path = os.path.join(make_folder(), "options.json")

    def write(**options):
        with open(path, "w", encoding="ascii") as file:
            json.dump(options, file)

    write(api_keys_file=key_file().path)
    with ScriptedRelay() as relay, Everywhere(relay, arguments=["--config", path]) as taking:
        write()
        taking.signal(signal.SIGHUP)
        eventually(lambda: "was not reloaded" in taking.log(), what="the fault in the log")
        check_equal(taking.post(message()).status, 401, "status without a key")


@case("a file that is wrong, or that everybody may write, stops the start")
def bad_files():
    open_file, wrong = KeyFile(mode=0o622), KeyFile()
    wrong.write('{"keys": [{"name": "x"}]}')
    for path, words in ((open_file.path, "everybody may write it"), (wrong.path, 'keys[0] ("x"): has no "sha256"')):
        options = {"smtp_url": "smtp://127.0.0.1:1?tls=none", "api_keys_file": path}
        status, _, errors = gateway.run("serve", options=options)
        check_equal((status, words in errors, "option api_keys_file: " in errors), (78, True, True), errors)


@case("many callers at once, and SIGHUP in between: the limit is kept to one")
def exact_limit():
    keys = KeyFile(entry("shop", SHOP, rate="40/d"), entry("other", READER, recipients_per_day=30))
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=keys.path) as taking:
        statuses = {SHOP: [], READER: [], "nobody's": []}

        def call(key):
            for _ in range(15):
                statuses[key].append(taking.post(message(), bearer(key)).status)

        callers = [threading.Thread(target=call, args=(key,)) for key in statuses for _ in range(4)]
        for caller in callers:
            caller.start()
        for _ in range(10):
            taking.signal(signal.SIGHUP)
            time.sleep(0.02)
        for caller in callers:
            caller.join()
        check_equal((statuses[SHOP].count(200), statuses[SHOP].count(429)), (40, 20), "by the rate")
        check_equal((statuses[READER].count(200), statuses[READER].count(429)), (30, 30), "by the quota")
        check_equal(set(statuses["nobody's"]), {401}, "without a key")
        check_equal(len(relay.messages), 70, "messages")


# --- postern key ----------------------------------------------------------------------------------------------------

KEY = re.compile(r"postern_[a-z2-7]{52}")


@case("postern key new: the key, once, and the entry that fits it")
def key_new():
    status, out, _ = gateway.run("key", "new", "shop")
    key, _, text = out.partition("\n\n")
    check(status == 0 and KEY.fullmatch(key), out)
    check_equal(json.loads(text), entry("shop", key), "the entry")
    words = ["--from", "@example.com", "--from", "a@example.net", "--to", "@*.example.org", "--scope", "send"]
    words += ["--scope", "metrics", "--rate", "10/s burst 50", "--expires", "2027-12-31T00:00:00Z"]
    _, out, _ = gateway.run("key", "new", "full", *words)
    told = json.loads(out.partition("\n\n")[2])
    wanted = {"from": ["@example.com", "a@example.net"], "to": ["@*.example.org"], "rate": "10/s burst 50"}
    check_equal({name: told[name] for name in wanted}, wanted)
    check_equal((told["scopes"], told["expires"]), (["send", "metrics"], "2027-12-31T00:00:00Z"))


@case("postern key new --file: made or added to, and the key is good after SIGHUP")
def key_goes_into_file():
    path = os.path.join(make_folder(), "keys.json")
    status, first, _ = gateway.run("key", "new", "first", "--file", path)
    check(status == 0 and KEY.fullmatch(first.strip()), first)
    check_equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode")
    with ScriptedRelay() as relay, Gateway(relay, api_keys_file=path) as taking:
        os.chmod(path, 0o640)
        status, second, _ = gateway.run("key", "new", "second", "--file", path, "--rate", "1/h")
        check_equal((status, stat.S_IMODE(os.stat(path).st_mode)), (0, 0o640), "status and mode")
        check_equal(os.listdir(os.path.dirname(path)), ["keys.json"], "files")
        check_equal(taking.post(message(), bearer(second.strip())).status, 401, "before")
        taking.signal(signal.SIGHUP)
        eventually(lambda: "was reloaded" in taking.log(), what="the reload in the log")
        statuses = [taking.post(message(), bearer(key.strip())).status for key in (first, second, second)]
        check_equal(statuses, [200, 200, 429], "statuses")


@case("postern key: what is wrong is said, and nothing is written")
def key_mistakes():
    keys = KeyFile(entry("shop", SHOP))
    with open(keys.path, encoding="ascii") as file:
        before = file.read()
    for words, status in (
        (["new"], 64),
        (["new", "--scope", "send"], 64),
        (["old"], 64),
        (["new", "a", "b"], 64),
        (["new", "a", "--colour", "red"], 64),
        (["new", "a b"], 65),
        (["new", "a", "--scope", "everything"], 65),
        (["new", "a", "--rate", "fast"], 65),
        (["new", "a", "--from", "example.com"], 65),
        (["new", "a", "--expires", "tomorrow"], 65),
        (["new", "shop", "--file", keys.path], 73),
        (["new", "a", "--file", "/nowhere/keys.json"], 73),
        (["--help"], 0),
        (["new", "--help"], 0),
        ([], 0),
    ):
        got, out, errors = gateway.run("key", *words)
        check_equal(got, status, f"status of key {words}: {errors}")
        check(not KEY.search(out) and bool(errors) == bool(status), f"key {words}: {out} {errors}")
    with open(keys.path, encoding="ascii") as file:
        check_equal(file.read(), before, "the file")


@case("postern config shows where the keys are, and no key")
def config():
    _, out, _ = gateway.run("config", options={"api_keys_file": key_file().path})
    check(f"api_keys_file={key_file().path}" in out and digest(SHOP) not in out, out)


if __name__ == "__main__":
    main(jobs=4)
