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

NEVER_ENDED = ("incomplete", "claimed")  # the end of data did not come
SOON, NEVER = True, False

# What the contract's table says that a problem may look like: statuses, retryable, delivery.
PROBLEMS = {
    "message-too-large": ({413, 422}, {NEVER}, {"not_sent"}),
    "too-many-recipients": ({422}, {NEVER}, {"not_sent"}),
    "smtputf8-unsupported": ({422}, {NEVER}, {"not_sent"}),
    "requiretls-unsupported": ({422}, {NEVER}, {"not_sent"}),
    "sender-rejected": ({422}, {NEVER}, {"not_sent"}),
    "recipients-rejected": ({422}, {NEVER}, {"not_sent", "partial"}),
    "message-rejected": ({422}, {NEVER}, {"not_sent"}),
    "upstream-unreachable": ({502, 503}, {SOON}, {"not_sent"}),
    "upstream-tls": ({502}, {SOON, NEVER}, {"not_sent"}),
    "upstream-tls-required": ({502}, {NEVER}, {"not_sent"}),
    "upstream-auth-failed": ({502}, {NEVER}, {"not_sent"}),
    "upstream-protocol-error": ({502}, {NEVER}, {"not_sent"}),
    "upstream-rejected-session": ({502}, {NEVER}, {"not_sent"}),
    "upstream-temporary": ({503}, {SOON}, {"not_sent"}),
    "upstream-auth-temporary": ({503}, {SOON}, {"not_sent"}),
    "recipients-deferred": ({422, 503}, {SOON, NEVER}, {"not_sent", "partial"}),
    "message-deferred": ({503}, {SOON}, {"not_sent"}),
    "overloaded": ({503}, {SOON}, {"not_sent"}),
    "shutting-down": ({503}, {SOON}, {"not_sent"}),
    "upstream-timeout": ({504}, {SOON}, {"not_sent"}),
    "outcome-unknown": ({502, 504}, {NEVER}, {"unknown"}),
}


def _hold_taken(answer, attempts, verdicts):
    """`sent` and `partial` say that exactly the accepted recipients have it."""
    check(attempts, f"INVARIANT: answered {answer['delivery']}, and the relay saw nothing")
    check(
        set(verdicts) <= {"accepted", "partial"}, f"INVARIANT: answered {answer['delivery']}, the log says {verdicts}"
    )
    check(
        answer["delivery"] == "partial" or set(verdicts) == {"accepted"},
        f"INVARIANT: answered sent, the log says {verdicts}",
    )
    taken = sum(verdict == "accepted" for attempt in attempts for verdict in attempt.verdict_of_each())
    claimed = sum(recipient["status"] == "accepted" for recipient in answer["recipients"])
    check_equal(claimed, taken, "INVARIANT: recipients that are said to have it")


def hold_invariant(answer, attempts):
    """`answer` is the JSON of one response; `attempts` are the messages with its token in the relay's log."""
    delivery = answer["delivery"]
    verdicts = [attempt.verdict for attempt in attempts]
    if delivery in ("sent", "partial"):
        _hold_taken(answer, attempts, verdicts)
    elif delivery == "not_sent":
        check(set(verdicts) <= {"refused", *NEVER_ENDED}, f"INVARIANT: answered not_sent, the log says {verdicts}")
    else:
        check_equal(delivery, "unknown", "delivery")
    handed_over = set()
    for attempt in attempts:
        if attempt.verdict not in NEVER_ENDED:
            again = handed_over & set(attempt.recipients)
            check(not again, f"AT MOST ONCE: handed over again for {again}")
            handed_over |= set(attempt.recipients)


def hold_table(response):
    """The answer is one that the contract knows."""
    answer = response.json()
    if response.status == 200:
        check(answer["delivery"] in ("sent", "partial"), f"200 with {answer['delivery']}")
        hold_receipt(response)
        return
    hold_problem(response)
    code = answer["code"]
    check(code in PROBLEMS, f"a problem that no relay causes: {code}")
    statuses, retries, deliveries = PROBLEMS[code]
    check(response.status in statuses, f"{code} with status {response.status}")
    check(answer["retryable"] in retries, f"{code} with retryable {answer['retryable']}")
    check(answer["delivery"] in deliveries, f"{code} with delivery {answer['delivery']}")


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
