/* Two tables. A reply is looked up by its step and code, first row first; a connection's end by its status,
 * and by whether the end of data had gone out: behind it only a complete reply says anything, and all else
 * leaves the outcome unknown (RFC 1047). */
#include "smtp/trouble.h"

#include <assert.h>

static const struct reply_row {
    enum smtp_step step;
    int from, to;
    enum fault_code code;
} reply_rows[] = {
    {SMTP_STEP_GREETING, 220, 220, FAULT_NONE},
    {SMTP_STEP_GREETING, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_GREETING, 554, 554, FAULT_UPSTREAM_REJECTED_SESSION}, /* RFC 5321 3.1 */

    {SMTP_STEP_EHLO, 250, 250, FAULT_NONE},
    {SMTP_STEP_EHLO, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_EHLO, 500, 502, FAULT_UPSTREAM_TLS_REQUIRED},
    {SMTP_STEP_EHLO, 504, 504, FAULT_UPSTREAM_TLS_REQUIRED},
    {SMTP_STEP_EHLO, 550, 550, FAULT_UPSTREAM_TLS_REQUIRED},
    {SMTP_STEP_EHLO, 500, 599, FAULT_UPSTREAM_REJECTED_SESSION},

    {SMTP_STEP_HELO, 250, 250, FAULT_NONE},
    {SMTP_STEP_HELO, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_HELO, 500, 599, FAULT_UPSTREAM_REJECTED_SESSION},

    {SMTP_STEP_STARTTLS, 220, 220, FAULT_NONE},
    {SMTP_STEP_STARTTLS, 400, 499, FAULT_UPSTREAM_TEMPORARY}, /* RFC 3207 4: 454 */
    {SMTP_STEP_STARTTLS, 200, 599, FAULT_UPSTREAM_TLS_REQUIRED},

    {SMTP_STEP_AUTH, 235, 235, FAULT_NONE},
    {SMTP_STEP_AUTH, 334, 334, FAULT_NONE},
    {SMTP_STEP_AUTH, 421, 421, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_AUTH, 432, 432, FAULT_UPSTREAM_AUTH_FAILED}, /* RFC 4954 4.7.12: a password change is needed */
    {SMTP_STEP_AUTH, 400, 499, FAULT_UPSTREAM_AUTH_TEMPORARY},
    {SMTP_STEP_AUTH, 500, 599, FAULT_UPSTREAM_AUTH_FAILED},

    {SMTP_STEP_MAIL, 250, 250, FAULT_NONE},
    {SMTP_STEP_MAIL, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_MAIL, 552, 552, FAULT_MESSAGE_TOO_LARGE}, /* RFC 1870 6.1 */
    {SMTP_STEP_MAIL, 530, 530, FAULT_UPSTREAM_AUTH_FAILED},
    {SMTP_STEP_MAIL, 500, 500, FAULT_UPSTREAM_PROTOCOL_ERROR},
    {SMTP_STEP_MAIL, 502, 504, FAULT_UPSTREAM_PROTOCOL_ERROR},
    {SMTP_STEP_MAIL, 555, 555, FAULT_UPSTREAM_PROTOCOL_ERROR},
    {SMTP_STEP_MAIL, 500, 599, FAULT_SENDER_REJECTED},

    {SMTP_STEP_RCPT, 250, 259, FAULT_NONE}, /* 251 and 252 are promises too (RFC 5321 3.4, 3.5.3) */
    {SMTP_STEP_RCPT, 421, 421, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_RCPT, 400, 499, FAULT_RECIPIENTS_DEFERRED},
    {SMTP_STEP_RCPT, 552, 552, FAULT_RECIPIENTS_DEFERRED}, /* RFC 5321 4.5.3.1.10: an old way to say 452 */
    {SMTP_STEP_RCPT, 500, 599, FAULT_RECIPIENTS_REJECTED},

    {SMTP_STEP_DATA, 354, 354, FAULT_NONE},
    {SMTP_STEP_DATA, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_DATA, 500, 599, FAULT_MESSAGE_REJECTED},

    /* No reply is due before the end of data. A relay that says 2yz here claims to have taken the mail. */
    {SMTP_STEP_BODY, 200, 299, FAULT_OUTCOME_UNKNOWN},
    {SMTP_STEP_BODY, 400, 499, FAULT_UPSTREAM_TEMPORARY},
    {SMTP_STEP_BODY, 500, 599, FAULT_MESSAGE_REJECTED},

    {SMTP_STEP_DOT, 200, 299, FAULT_NONE}, /* RFC 5321 4.3.2: the first digit decides */
    {SMTP_STEP_DOT, 400, 499, FAULT_MESSAGE_DEFERRED},
    {SMTP_STEP_DOT, 500, 599, FAULT_MESSAGE_REJECTED},
    {SMTP_STEP_DOT, 0, 999, FAULT_OUTCOME_UNKNOWN},

    {SMTP_STEP_RSET, 250, 250, FAULT_NONE},
};

enum fault_code smtp_trouble_of_reply(enum smtp_step step, int code, struct str enhanced)
{
    /* RFC 3463 3.4: too big for the system, whatever the reply code. */
    if (step == SMTP_STEP_MAIL && str_equal(enhanced, STR("5.3.4")))
        return FAULT_MESSAGE_TOO_LARGE;
    for (size_t i = 0; i < sizeof reply_rows / sizeof reply_rows[0]; i++)
        if (reply_rows[i].step == step && code >= reply_rows[i].from && code <= reply_rows[i].to)
            return reply_rows[i].code;
    return FAULT_UPSTREAM_PROTOCOL_ERROR;
}

static const struct status_row {
    enum fault_code before_dot, after_dot;
    const char *name;
} status_rows[SMTP_STATUS_COUNT] = {
    [SMTP_STATUS_OK] = {FAULT_NONE, FAULT_NONE, "all went well"},
    [SMTP_STATUS_EOF] = {FAULT_UPSTREAM_UNREACHABLE, FAULT_OUTCOME_UNKNOWN,
                         "the relay closed the connection"},
    [SMTP_STATUS_RESET] = {FAULT_UPSTREAM_UNREACHABLE, FAULT_OUTCOME_UNKNOWN, "the connection broke"},
    [SMTP_STATUS_TIMEOUT] = {FAULT_UPSTREAM_TIMEOUT, FAULT_OUTCOME_UNKNOWN_TIMEOUT,
                             "the relay did not answer in time"},
    [SMTP_STATUS_STOPPED] = {FAULT_SHUTTING_DOWN, FAULT_OUTCOME_UNKNOWN, "Postern was shut down"},
    [SMTP_STATUS_TLS_BROKEN] = {FAULT_UPSTREAM_TLS_BROKEN, FAULT_OUTCOME_UNKNOWN, "the TLS connection broke"},
    [SMTP_STATUS_TLS_REFUSED] = {FAULT_UPSTREAM_TLS, FAULT_OUTCOME_UNKNOWN, "TLS could not be agreed on"},
    [SMTP_STATUS_MALFORMED] = {FAULT_UPSTREAM_PROTOCOL_ERROR, FAULT_OUTCOME_UNKNOWN,
                               "the relay sent what is no SMTP reply"},
    [SMTP_STATUS_UNSOLICITED] = {FAULT_UPSTREAM_PROTOCOL_ERROR, FAULT_OUTCOME_UNKNOWN,
                                 "the relay sent what nothing had asked for"},
    [SMTP_STATUS_NO_MEMORY] = {FAULT_OVERLOADED, FAULT_OUTCOME_UNKNOWN, "Postern is out of memory"},
};

enum fault_code smtp_trouble_of_status(enum smtp_step step, enum smtp_status status)
{
    assert(status != SMTP_STATUS_OK && status < SMTP_STATUS_COUNT);
    return step == SMTP_STEP_DOT ? status_rows[status].after_dot : status_rows[status].before_dot;
}

const char *smtp_trouble_status_name(enum smtp_status status)
{
    return status_rows[status].name;
}

const char *smtp_trouble_step_name(enum smtp_step step)
{
    static const char *const names[SMTP_STEP_COUNT] = {
        [SMTP_STEP_GREETING] = "the greeting",
        [SMTP_STEP_EHLO] = "EHLO",
        [SMTP_STEP_HELO] = "HELO",
        [SMTP_STEP_STARTTLS] = "STARTTLS",
        [SMTP_STEP_TLS] = "the TLS handshake",
        [SMTP_STEP_AUTH] = "AUTH",
        [SMTP_STEP_MAIL] = "MAIL FROM",
        [SMTP_STEP_RCPT] = "RCPT TO",
        [SMTP_STEP_DATA] = "DATA",
        [SMTP_STEP_BODY] = "the message",
        [SMTP_STEP_DOT] = "the end of data",
        [SMTP_STEP_RSET] = "RSET",
    };
    return names[step];
}

enum recipient_status smtp_trouble_of_recipient(enum fault_code code)
{
    if (code == FAULT_NONE)
        return RECIPIENT_ACCEPTED;
    if (code == FAULT_RECIPIENTS_REJECTED)
        return RECIPIENT_REJECTED;
    return code == FAULT_RECIPIENTS_DEFERRED ? RECIPIENT_DEFERRED : RECIPIENT_NOT_TRIED;
}

enum fault_code smtp_trouble_of_recipients(const struct outcome_recipient *recipients, size_t count,
                                           enum partial_policy partial)
{
    size_t accepted = 0, rejected = 0;
    for (size_t i = 0; i < count; i++) {
        accepted += recipients[i].status == RECIPIENT_ACCEPTED;
        rejected += recipients[i].status == RECIPIENT_REJECTED;
    }
    if (accepted == count || (accepted > 0 && partial == PARTIAL_DELIVER))
        return FAULT_NONE;
    return rejected > 0 ? FAULT_RECIPIENTS_REJECTED : FAULT_RECIPIENTS_DEFERRED;
}

bool smtp_trouble_allows_helo(int code)
{
    return code == 500 || code == 501 || code == 502 || code == 504 || code == 550;
}

bool smtp_trouble_is_stale(int code, enum smtp_status status)
{
    if (code)
        return code == 421 || code == 530;
    return status == SMTP_STATUS_EOF || status == SMTP_STATUS_RESET || status == SMTP_STATUS_TLS_BROKEN ||
           status == SMTP_STATUS_UNSOLICITED;
}

enum delivery smtp_trouble_delivery(enum fault_code code)
{
    if (code == FAULT_OUTCOME_UNKNOWN || code == FAULT_OUTCOME_UNKNOWN_TIMEOUT)
        return DELIVERY_UNKNOWN;
    bool partly = code == FAULT_RECIPIENTS_PARTLY_REJECTED || code == FAULT_RECIPIENTS_PARTLY_DEFERRED;
    return partly ? DELIVERY_PARTIAL : DELIVERY_NOT_SENT;
}
