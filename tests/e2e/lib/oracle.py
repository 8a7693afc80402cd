"""What every answer has to agree with: the relay's acceptance log (contract, section 1)."""

import base64
import email.utils
import json

from . import scripted_relay
from .harness import check, check_equal

SECRETS = (
    scripted_relay.PASSWORD,
    base64.b64encode(scripted_relay.PASSWORD.encode()).decode(),
    base64.b64encode(f"\0{scripted_relay.USERNAME}\0{scripted_relay.PASSWORD}".encode()).decode(),
)

ALLOWED_VERDICTS = {
    "sent": {"accepted"},
    "partial": {"accepted"},
    "not_sent": {"refused", "incomplete"},
    "unknown": {"accepted", "refused", "ambiguous", "incomplete"},
}


def hold_invariant(answer, attempts):
    """`answer` is the JSON of one response; `attempts` are the messages with its token in the relay's log."""
    delivery = answer["delivery"]
    verdicts = [attempt.verdict for attempt in attempts]
    for verdict in verdicts:
        check(verdict in ALLOWED_VERDICTS[delivery], f"INVARIANT: answered {delivery}, the relay's log says {verdicts}")
    if delivery in ("sent", "partial"):
        check_equal(verdicts, ["accepted"], "INVARIANT: the relay's log of a message that was answered as sent")
    handed_over = [verdict for verdict in verdicts if verdict != "incomplete"]
    check(len(handed_over) <= 1, f"AT MOST ONCE: the end of data was sent {len(handed_over)} times")


def hold_problem(response):
    """What every problem has in common (RFC 9457, contract section 2)."""
    answer = response.json()
    check_equal(response.headers.get_content_type(), "application/problem+json", "Content-Type")
    check_equal(answer.get("status"), response.status, "status in the problem")
    check_equal(answer.get("type"), f"urn:postern:problem:{answer.get('code')}", "type")
    for name in ("title", "detail"):
        check(isinstance(answer.get(name), str) and answer[name], f"the problem has no {name}: {answer}")
    retry_after = response.headers.get("Retry-After")
    if answer.get("code") == "outcome-unknown":
        check_equal(retry_after, None, "Retry-After of an unknown outcome")
        check_equal(answer.get("retryable"), False, "retryable of an unknown outcome")
    if response.status in (429, 503):
        check(retry_after is not None and retry_after.isdigit(), f"{response.status} without Retry-After")
    if retry_after is not None:
        check_equal(answer.get("retryable"), True, "retryable of an answer with Retry-After")


def hold_receipt(response):
    """What every 200 of the send endpoint says."""
    answer = response.json()
    check_equal(response.headers.get_content_type(), "application/json", "Content-Type")
    wanted = {"id", "delivery", "message_id", "queue_id", "upstream", "recipients", "timing_ms"}
    check(wanted <= set(answer), f"the receipt lacks {sorted(wanted - set(answer))}")
    check(email.utils.parseaddr(answer["message_id"])[1], f"no Message-ID: {answer['message_id']}")


def hold_secrecy(*texts):
    for text in texts:
        text = text if isinstance(text, str) else text.decode("utf-8", "replace")
        for secret in SECRETS:
            check(secret not in text, f"SECRET: {secret!r} is shown in:\n{text[:3000]}")
            check(json.dumps(secret)[1:-1] not in text, "SECRET: it is shown, escaped for JSON")
