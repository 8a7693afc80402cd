"""Clients that do not stop: for what has to go on while something else happens."""

import http.client
import json
import threading
import uuid

from . import gateway
from .gateway import message
from .harness import check, seconds


class Callers:
    """Clients that send one message after the other, each on a connection of its own, until they are told to stop."""

    def __init__(self, address, count=8, tls=None, headers=None):
        self.address, self.tls, self.headers = address, tls, headers or {}
        self.answers, self.errors = [], []
        self.limit, self.is_over = None, threading.Event()
        self.threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        for thread in self.threads:
            thread.join(seconds(60))

    def send(self, token):
        body = json.dumps(message(subject=token)).encode()
        headers = {"Content-Type": "application/json", **self.headers}
        return gateway.request(self.address, "POST", "/v1/messages", body, headers, tls=self.tls)

    def _run(self):
        while not self.is_over.is_set() and (self.limit is None or len(self.answers) < self.limit):
            token = f"token-{uuid.uuid4().hex}"
            try:
                self.answers.append((token, self.send(token)))
            except (OSError, http.client.HTTPException) as error:
                self.errors.append((token, error))

    def hold_all_sent(self):
        check(not self.errors, f"{len(self.errors)} of {len(self.answers)} failed: {self.errors[:3]}")
        failed = [answer.summary() for _, answer in self.answers if answer.status != 200]
        check(not failed, f"{len(failed)} of {len(self.answers)} were answered otherwise: {failed[:3]}")
