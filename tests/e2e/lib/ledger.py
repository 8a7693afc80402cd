"""Who was told what, and what the relay has: held against each other while traffic goes on, and forgotten then.

Every message carries a token of its own in its subject. hold_invariant() (oracle.py) is asked of each once the relay
has had the time to read what was sent; what comes later than that is held against the same answer.
"""

import collections
import re
import threading
import time

from .harness import Failure
from .oracle import NEVER_ENDED, hold_invariant

SETTLE_S = 6  # longer than a message may be on its way
ABANDONED_S = 60
TOKEN = re.compile(rb"traffic-[0-9a-f]{16}")
NOT_TOLD = {"delivery": "unknown"}  # the client did not wait for its answer


class Ledger:
    """The book of one run."""

    def __init__(self, relay):
        self.relay = relay
        self.answers = collections.deque()  # (when, token, answer)
        self.begun = []  # (when, message) whose token is not known yet
        self.attempts = collections.defaultdict(list)
        self.closed = {}  # token: is it at the relay, or known not to be?
        self.counts = collections.Counter()
        self.violations = []
        self.lock = threading.Lock()

    def tell(self, token, answer):
        with self.lock:
            self.counts[answer["delivery"] if answer is not NOT_TOLD else "not told"] += 1
            self.answers.append((time.monotonic(), token.encode(), answer))

    def complain(self, what):
        with self.lock:
            self.violations.append(what)

    def sweep(self, everything=False):
        """Looks at what is old enough; from one thread."""
        now = time.monotonic()
        self._gather(now)
        while self.answers and (everything or now - self.answers[0][0] > SETTLE_S):
            _, token, answer = self.answers.popleft()
            self._close(token, answer)
        for token in [token for token in self.attempts if token in self.closed]:
            self._hold_late(token)

    def _gather(self, now):
        """Takes over the relay's log, so that it does not grow for an hour."""
        count = len(self.relay.messages)
        self.begun.extend((now, message) for message in self.relay.messages[:count])
        del self.relay.messages[:count]
        waiting = []
        for since, message in self.begun:
            token = TOKEN.search(message.content)
            if token:
                self.attempts[token[0]].append(message)
            elif now - since < ABANDONED_S:
                waiting.append((since, message))
        self.begun = waiting
        for connection in self.relay.connections:
            if not connection.is_open and connection.dialogue:
                for what in connection.violations:
                    self.complain(f"against the rules: {what}")
                connection.dialogue, connection.commands, connection.groups, connection.steps = [], [], [], []

    def _close(self, token, answer):
        attempts = self.attempts.pop(token, [])
        try:
            hold_invariant(answer, attempts)
        except Failure as failure:
            self.complain(f"{token.decode()}: {failure}; the answer: {answer}; the log: {attempts}")
        handed_over = any(attempt.verdict not in NEVER_ENDED for attempt in attempts)
        self.counts["relay: " + "+".join(sorted(attempt.verdict for attempt in attempts))] += 1
        self.closed[token] = handed_over or answer["delivery"] == "not_sent"

    def _hold_late(self, token):
        late = [attempt for attempt in self.attempts.pop(token) if attempt.verdict not in NEVER_ENDED]
        if late and self.closed[token]:
            self.complain(f"{token.decode()}: handed over once more, or after all: {late}")
        self.closed[token] |= bool(late)
