/* The body goes out in blocks, each looked at first for a reply that came early: a relay that refuses the
 * message half way, or claims to have taken it, must not be given the rest. The end of data, ".CRLF", is a
 * write of its own, so that the transport can say whether any of it was taken. A body that is not whole is
 * never ended. */
#include "smtp/data.h"

#include "smtp/dot.h"
#include "smtp/queue_id.h"

#include <stdio.h>

enum { SHOWN_BODY_BYTES = 48 };

/* How long a refusal waits for its confirmation, and how many replies may stand before it. */
enum { CONFIRM_MS = 2000, MAX_STRAY_REPLIES = 8 };

struct body {
    struct smtp_dot dot;
    size_t filled; /* of session->block */
    uint64_t octets;
};

static int64_t block_timeout_ms(const struct smtp_dialogue *dialogue)
{
    return dialogue->session->relay->timeouts.data_block_ms;
}

/* What ended the body before its time: always a fault. */
static bool judge_early(struct smtp_dialogue *dialogue, enum smtp_status status)
{
    smtp_dialogue_judge(dialogue, SMTP_STEP_BODY, status);
    dialogue->session->is_broken = true;
    return false;
}

/* Nothing is due from the relay while the body goes out. */
static bool is_silent(struct smtp_dialogue *dialogue)
{
    enum smtp_status status = smtp_dialogue_peek(dialogue->session);
    if (status == SMTP_STATUS_TIMEOUT)
        return true;
    if (status == SMTP_STATUS_OK)
        status =
            smtp_dialogue_read_reply(dialogue, smtp_dialogue_deadline(dialogue, block_timeout_ms(dialogue)));
    return judge_early(dialogue, status);
}

/* A relay that refuses a body often says why, and hangs up on the rest. */
static bool judge_write(struct smtp_dialogue *dialogue, enum smtp_status status)
{
    struct deadline now = {0};
    if (status == SMTP_STATUS_RESET && smtp_dialogue_read_reply(dialogue, now) == SMTP_STATUS_OK)
        status = SMTP_STATUS_OK;
    return judge_early(dialogue, status);
}

static bool write_block(struct smtp_dialogue *dialogue, struct body *body)
{
    struct smtp_session *session = dialogue->session;
    struct str block = {session->block, body->filled};
    body->filled = 0;
    if (block.len == 0)
        return true;
    if (!is_silent(dialogue))
        return false;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, block_timeout_ms(dialogue));
    size_t taken;
    enum smtp_status status = session->transport->ops->write(session->transport, block, deadline, &taken);
    return status == SMTP_STATUS_OK || judge_write(dialogue, status);
}

static bool fail_source(struct smtp_dialogue *dialogue, const char *why)
{
    dialogue->session->is_broken = true;
    return fault_set(&dialogue->outcome->fault, FAULT_INTERNAL,
                     "the message could not be sent to its end: %s", why);
}

static bool send_piece(struct smtp_dialogue *dialogue, struct body *body, struct str piece)
{
    struct smtp_session *session = dialogue->session;
    body->octets += piece.len;
    while (piece.len) {
        size_t room = sizeof session->block - body->filled;
        if (room < 2) {
            if (!write_block(dialogue, body))
                return false;
            continue;
        }
        body->filled += smtp_dot_stuff(&body->dot, &piece, session->block + body->filled, room);
        if (body->dot.bare)
            return fail_source(dialogue, "it has a CR or LF that stands alone");
    }
    return true;
}

/* The last line is ended where the message did not. */
static bool finish_body(struct smtp_dialogue *dialogue, struct body *body)
{
    struct str end = smtp_dot_end(&body->dot);
    if (body->dot.bare)
        return fail_source(dialogue, "it ends with a CR");
    return send_piece(dialogue, body, end) && write_block(dialogue, body);
}

static void show_body(struct smtp_dialogue *dialogue, uint64_t octets)
{
    char shown[SHOWN_BODY_BYTES];
    snprintf(shown, sizeof shown, "(body, %llu octets)", (unsigned long long)octets);
    smtp_transcript_client(dialogue->transcript, str_of(shown));
}

static bool send_body(struct smtp_dialogue *dialogue, struct smtp_source *source)
{
    struct body body = {0};
    struct str piece;
    enum smtp_pull pulled;
    source->rewind(source->context); /* another relay may have had the beginning already */
    while ((pulled = source->pull(source->context, &piece)) == SMTP_PULL_PIECE) {
        if (piece.len > source->size_octets - body.octets)
            return fail_source(dialogue, "it is longer than was announced");
        if (!send_piece(dialogue, &body, piece))
            return false;
    }
    if (pulled == SMTP_PULL_FAILED)
        return fail_source(dialogue, "its source failed");
    if (body.octets != source->size_octets)
        return fail_source(dialogue, "it is shorter than was announced");
    show_body(dialogue, body.octets);
    return finish_body(dialogue, &body);
}

/* From the first octet that the kernel may have, only a complete reply says what became of the mail (RFC
 * 1047). */
static bool send_dot(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    if (!is_silent(dialogue))
        return false;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, block_timeout_ms(dialogue));
    size_t taken;
    enum smtp_status status =
        session->transport->ops->write(session->transport, STR(".\r\n"), deadline, &taken);
    if (status != SMTP_STATUS_OK && taken == 0)
        return judge_write(dialogue, status);
    smtp_transcript_client(dialogue->transcript, STR("."));
    return status == SMTP_STATUS_OK || smtp_dialogue_judge(dialogue, SMTP_STEP_DOT, status);
}

/* The relay sends nothing but 221 behind its last reply (RFC 5321 4.1.1.10), and then hangs up. A 2yz before that is the
 * reply to the end of data, and what was taken for it came early, while the body was still on its way. */
static bool is_contradicted(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, CONFIRM_MS);
    size_t taken;
    smtp_transcript_client(dialogue->transcript, STR("QUIT"));
    session->transport->ops->write(session->transport, STR("QUIT\r\n"), deadline, &taken);
    for (int i = 0; i < MAX_STRAY_REPLIES; i++) {
        if (smtp_dialogue_read_reply(dialogue, deadline) != SMTP_STATUS_OK || session->reply.code == 221)
            return false;
        if (session->reply.code / 100 == 2)
            return true;
    }
    return true;
}

/* "Not sent" is said only where the relay does not go on to take the message after all. */
static bool confirm_refusal(struct smtp_dialogue *dialogue)
{
    struct outcome *outcome = dialogue->outcome;
    bool is_refusal = smtp_trouble_delivery(outcome->fault.code) == DELIVERY_NOT_SENT;
    bool is_doubtful = is_refusal && is_contradicted(dialogue);
    dialogue->session->is_broken = true;
    if (is_doubtful)
        fault_set(&outcome->fault, FAULT_OUTCOME_UNKNOWN,
                  "the relay refused the message with %d, and went on to answer %d", outcome->reply.code,
                  dialogue->session->reply.code);
    return false;
}

bool smtp_data_send(struct smtp_dialogue *dialogue, struct smtp_source *source)
{
    struct smtp_session *session = dialogue->session;
    struct outcome *outcome = dialogue->outcome;
    if (!send_body(dialogue, source) || !send_dot(dialogue))
        return false;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, session->relay->timeouts.data_termination_ms);
    enum smtp_status status = smtp_dialogue_read_reply(dialogue, deadline);
    if (!smtp_dialogue_judge(dialogue, SMTP_STEP_DOT, status))
        return confirm_refusal(dialogue);
    outcome->reply = smtp_dialogue_show_reply(dialogue);
    outcome->queue_id = smtp_queue_id_find(outcome->reply.text);
    return true;
}
