"""A gateway with a relay of its own that plays one scenario after the other: for tests that run by the thousand.

To start a program for each would take longer than what is tested.
"""

import contextlib
import queue

from . import certificates
from .gateway import Gateway, milliseconds
from .scripted_relay import ScriptedRelay

STEP_TIMEOUT, REQUEST_TIMEOUT = 0.8, 3.0


class Station:
    """Sends one message at a time, so that the second of two meets the session of the first."""

    def __init__(self, tls):
        certificate = certificates.shared().server("good") if tls != "none" else None
        self.relay = ScriptedRelay(tls=tls, certificate=certificate)
        self.gateway = Gateway(
            self.relay,
            timeout=STEP_TIMEOUT,
            smtp_ca_file=certificates.shared().ca_file,
            timeout_request=milliseconds(REQUEST_TIMEOUT),
            smtp_max_connections=1,
            # A relay that fails at every message is tried again with the next one all the same.
            smtp_max_failures=0,
            smtp_login_window="1ms",
        )
        self.log_seen = 0

    def play(self, connections, extensions, coalesce):
        self.relay.drop()
        self.relay.extensions, self.relay.coalesce = list(extensions), coalesce
        self.relay.play(connections)

    def news(self):
        """What the gateway has logged since this was last asked."""
        with open(self.gateway.log_path, "rb") as log:
            log.seek(self.log_seen)
            text = log.read()
        self.log_seen += len(text)
        return text.decode("utf-8", "replace")


class Stations:
    """So many for each TLS mode, started when they are first needed; a context manager."""

    def __init__(self, each):
        self._free = {mode: queue.LifoQueue() for mode in ("none", "starttls", "implicit")}
        self._stack = contextlib.ExitStack()
        for mode in self._free:
            for _ in range(each):
                self._free[mode].put(None)

    def __enter__(self):
        return self

    def __exit__(self, *failure):
        return self._stack.__exit__(*failure)

    @contextlib.contextmanager
    def borrow(self, tls):
        station = self._free[tls].get() or self._start(tls)
        try:
            yield station
        finally:
            self._free[tls].put(station)

    def _start(self, tls):
        station = Station(tls)
        self._stack.enter_context(station.relay)
        self._stack.enter_context(station.gateway)
        return station
