#!/usr/bin/env python3
"""Stops and reloads under load, at any moment: no accepted mail is lost, none is sent twice, no answer is wrong.

POSTERN_LIFE_STOPS=100 and POSTERN_LIFE_REQUESTS=10000 with POSTERN_LIFE_RELOAD_S=1 are the runs by hand;
POSTERN_LIFE_SEED plays the same stops again.
"""

import json
import os
import random
import signal
import ssl
import time

from lib import certificates, gateway, keys, oracle
from lib.callers import Callers
from lib.gateway import Gateway
from lib.harness import case, check, check_equal, eventually, main, make_folder, seconds
from lib.scripted_relay import PASSWORD, USERNAME, ScriptedRelay

STOPS = int(os.environ.get("POSTERN_LIFE_STOPS", "8"))
REQUESTS = int(os.environ.get("POSTERN_LIFE_REQUESTS", "600"))
RELOAD_S = float(os.environ.get("POSTERN_LIFE_RELOAD_S", "0.25"))
SEED = os.environ.get("POSTERN_LIFE_SEED", str(int(time.time())))

# --- Stops at any moment ------------------------------------------------------------------------------------------


class Stop:
    """One round: load, SIGTERM at a moment of its own, and what became of every message."""

    KINDS = {
        "at once": {},
        "with a drain delay": {"drain_delay": gateway.milliseconds(0.2)},
        "cut off by the grace time": {"timeout_shutdown": gateway.milliseconds(0.2)},
        "hurried by a second signal": {},
    }

    def __init__(self, number):
        self.dice = random.Random(f"{SEED}/{number}")
        self.kind = list(self.KINDS)[number % len(self.KINDS)]
        self.cuts = self.kind in ("cut off by the grace time", "hurried by a second signal")
        self.options = {"timeout_shutdown": gateway.milliseconds(8), "log_level": "info", **self.KINDS[self.kind]}

    def steps(self):
        """Replies at their own pace; in a round that is cut off, some never come."""
        waits = [{"delay": self.dice.choice((0, 0, 0.01, 0.05))} for _ in range(100)]
        if self.cuts:
            waits[self.dice.randrange(1, 6)] = {"delay": 1}
        return {"dot": waits, "mail": [{"delay": self.dice.choice((0, 0.005))} for _ in range(100)]}

    def run(self):
        with ScriptedRelay(connections=[self.steps() for _ in range(200)]) as relay:
            with Gateway(relay, **self.options) as running:
                with Callers(running.address) as callers:
                    time.sleep(self.dice.uniform(0.02, 0.5))
                    took = self.end(running)
                    callers.is_over.set()
            relay.settle(5)
            self.hold(relay, callers)
        return len(callers.answers), took

    def end(self, running):
        began = time.monotonic()
        running.signal(signal.SIGTERM)
        if self.kind == "hurried by a second signal":
            wait_s = self.dice.uniform(0, 0.2)
            time.sleep(wait_s)
            if running.process.poll() is None:
                running.signal(signal.SIGTERM)
        check_equal(running.wait(), 0, "exit status")
        took = time.monotonic() - began
        grace = 0.2 if self.cuts else 8
        check(took < seconds(grace + 0.2 + 2), f"it took {took:.2f} s to stop {self.kind}")
        return took

    def hold(self, relay, callers):
        """Each answer is true; and what the relay took, its sender has heard about."""
        told = []
        for token, answer in callers.answers:
            if "delivery" in answer.json():
                oracle.hold_table(answer)
            else:  # the end came before Postern knew what was asked
                check_equal(answer.json()["code"], "shutting-down", "an answer that does not name a delivery")
            told.append({"delivery": "not_sent", **answer.json()})
            oracle.hold_invariant(told[-1], relay.messages_with(token))
        for token, error in callers.errors:
            verdicts = [attempt.verdict for attempt in relay.messages_with(token)]
            check(set(verdicts) <= set(oracle.NEVER_ENDED), f"{verdicts} at the relay, and its sender got {error!r}")
        unknown = [answer for answer in told if answer["delivery"] == "unknown"]
        check(self.cuts or not unknown, f"unknown {self.kind}: {unknown[:1]}")


@case("SIGTERM at random moments under load: each message is where its answer says, and was sent once")
def stops_under_load():
    print(f"seed {SEED}, {STOPS} stops", flush=True)
    sent, slowest = 0, 0.0
    for number in range(STOPS):
        count, took = Stop(number).run()
        sent, slowest = sent + count, max(slowest, took)
    print(f"{sent} answers, the slowest stop {slowest:.2f} s", flush=True)


# --- Reloads under load -------------------------------------------------------------------------------------------


class Rotation:
    """The files of a gateway whose secrets are renewed all the time, and that is given a broken one now and then."""

    BROKEN_EVERY = 4
    CALLER = "postern_" + "a" * 52

    def __init__(self):
        self.folder, self.count = make_folder(), 0
        self.keys = keys.KeyFile(keys.entry("caller", self.CALLER))
        self.turn()

    def path(self, name):
        return os.path.join(self.folder, name)

    def write(self, name, text):
        """By rename, as those who renew secrets do."""
        with open(self.path(name + ".new"), "w", encoding="utf-8") as file:
            file.write(text)
        os.replace(self.path(name + ".new"), self.path(name))

    def turn(self):
        """The next files. False where they are broken."""
        is_right = self.count % self.BROKEN_EVERY != self.BROKEN_EVERY - 1
        # One key goes with either certificate: whoever reads between the two files reads a pair.
        pair = certificates.shared().server("good")
        for name, source in zip(("cert", "key"), pair):
            with open(source, encoding="ascii") as file:
                self.write(name, file.read() + f"# {self.count}\n")
        self.write("password", PASSWORD)
        self.write("config", json.dumps({"smtp_max_connections": 2 + self.count % 7} if is_right else {"bad": "1"}))
        other = keys.entry(f"other-{self.count}", "postern_" + "bcdefgh"[self.count % 7] * 52)
        self.keys.keep(keys.entry("caller", self.CALLER), other)
        self.count += 1
        return is_right

    def options(self):
        named = {"smtp_password_file": "password", "listen_tls_cert_file": "cert", "listen_tls_key_file": "key"}
        return {"api_keys_file": self.keys.path, **{option: self.path(name) for option, name in named.items()}}


def reload_until(running, rotation, callers):
    """A SIGHUP at a time, until all is sent; how many of them were refused."""
    refused = 0
    while len(callers.answers) < REQUESTS and not callers.errors:
        refused += not rotation.turn()
        running.signal(signal.SIGHUP)
        time.sleep(seconds(RELOAD_S))
    return refused


@case("SIGHUP again and again under load: keys, certificates, credentials and options rotate, and no request fails")
def reloads_under_load():
    ours, rotation = certificates.shared(), Rotation()
    client = ssl.create_default_context(cafile=ours.ca_file)
    with ScriptedRelay(tls="starttls", certificate=ours.server("good")) as relay:
        options = {"smtp_username": USERNAME, "smtp_ca_file": ours.ca_file, "log_level": "info", **rotation.options()}
        arguments = ["--config", rotation.path("config")]
        with Gateway(relay.url(credentials=False), tls=client, arguments=arguments, **options) as running:
            with Callers(running.address, tls=client, headers=keys.bearer(rotation.CALLER)) as callers:
                refused = reload_until(running, rotation, callers)
            said = "the configuration was {}reloaded"
            eventually(lambda: running.log().count(said.format("not ")) == refused, what="the last reload")
            reloaded = running.log().count(said.format(""))
        print(f"{len(callers.answers)} messages, {reloaded} reloads and {refused} that were refused", flush=True)
        callers.hold_all_sent()
        check(reloaded > 1 and refused > 0, "there were too few reloads")
        relay.settle()
        taken = [message for message in relay.messages if message.verdict == "accepted"]
        check_equal(len(taken), len(callers.answers), "messages that the relay took")


if __name__ == "__main__":
    main(jobs=1)
