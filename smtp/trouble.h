/* smtp/trouble.h: what a failure means. The one module that decides: the dialogue only reports what happened.
 *
 * Each step of a session wants certain replies. Any other, and any end of the connection, is looked up here
 * and becomes a fault; the fault alone says whether the mail can have been taken.
 *
 * Threads    pure.
 */
#ifndef POSTERN_SMTP_TROUBLE_H
#define POSTERN_SMTP_TROUBLE_H

#include "base/outcome.h"
#include "smtp/envelope.h"
#include "smtp/transport.h"

enum smtp_step {
    SMTP_STEP_GREETING,
    SMTP_STEP_EHLO,
    SMTP_STEP_HELO,
    SMTP_STEP_STARTTLS,
    SMTP_STEP_TLS,
    SMTP_STEP_AUTH,
    SMTP_STEP_MAIL,
    SMTP_STEP_RCPT,
    SMTP_STEP_DATA,
    SMTP_STEP_BODY, /* up to the end of data, no octet of which went out */
    SMTP_STEP_DOT,  /* the end of data is, or may be, with the relay */
    SMTP_STEP_RSET,
    SMTP_STEP_COUNT
};

/* FAULT_NONE where it is a reply that the step wants. `enhanced` may be absent. */
enum fault_code smtp_trouble_of_reply(enum smtp_step step, int code, struct str enhanced);

/* `status` is not OK. */
enum fault_code smtp_trouble_of_status(enum smtp_step step, enum smtp_status status);

/* The verdict on one recipient from what smtp_trouble_of_reply made of the reply to its RCPT; NOT_TRIED where
 * that fault ends the session. */
enum recipient_status smtp_trouble_of_recipient(enum fault_code code);

/* FAULT_NONE where the message may go on to DATA. */
enum fault_code smtp_trouble_of_recipients(const struct outcome_recipient *recipients, size_t count,
                                           enum partial_policy partial);

/* HELO may be tried behind this reply to EHLO (RFC 5321 3.2). */
bool smtp_trouble_allows_helo(int code);

/* A reused session had died before this message, or forgot its login: a fresh one may do. `code` is the reply
 * to MAIL, or 0 with the status in its place. */
bool smtp_trouble_is_stale(int code, enum smtp_status status);

enum delivery smtp_trouble_delivery(enum fault_code code);

/* "while waiting for the reply to DATA": for a sentence that tells of it. */
const char *smtp_trouble_step_name(enum smtp_step step);
const char *smtp_trouble_status_name(enum smtp_status status);

#endif
