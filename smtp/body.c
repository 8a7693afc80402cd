/* The body goes out in blocks, each looked at first for a reply that came early: a relay that refuses the
 * message half way, or claims to have taken it, must not be given the rest. A body that is not whole is never
 * ended.
 *
 * With BDAT (RFC 3030) the message is one chunk, "BDAT n LAST": its length is known exactly before its first
 * octet, so that more chunks would only be more replies to wait for, and a message of several of which the
 * last is missing. A chunk ends by count: its last octets are kept back for their own write, as ".CRLF" is. */
#include "smtp/body.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { SHOWN_BODY_BYTES = 48, CHUNK_END_OCTETS = 2 };

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

/* Where the message goes along with its commands their replies may come at any time: read them behind it. */
bool smtp_body_is_silent(const struct smtp_body *body, struct smtp_dialogue *dialogue)
{
    if (body->flight->carries_message)
        return true;
    enum smtp_status status = smtp_dialogue_peek(dialogue->session);
    if (status == SMTP_STATUS_TIMEOUT)
        return true;
    if (status == SMTP_STATUS_OK)
        status =
            smtp_dialogue_read_reply(dialogue, smtp_dialogue_deadline(dialogue, block_timeout_ms(dialogue)));
    return judge_early(dialogue, status);
}

/* A relay that refuses a body often says why, and hangs up on the rest. */
bool smtp_body_judge_write(struct smtp_body *body, struct smtp_dialogue *dialogue, enum smtp_status status)
{
    struct deadline now = {0};
    bool is_reply = !body->flight->carries_message; /* to the body, not to a command before it */
    if (status == SMTP_STATUS_RESET && is_reply && smtp_dialogue_read_reply(dialogue, now) == SMTP_STATUS_OK)
        status = SMTP_STATUS_OK;
    return judge_early(dialogue, status);
}

/* All but what is kept. Behind the last block comes the end, and they may travel together. */
static bool write_block(struct smtp_body *body, struct smtp_dialogue *dialogue, bool is_last)
{
    struct smtp_session *session = dialogue->session;
    struct str block = {session->block, body->filled - body->kept};
    if (block.len == 0)
        return true;
    if (!smtp_body_is_silent(body, dialogue))
        return false;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, block_timeout_ms(dialogue));
    size_t taken;
    session->transport->has_more = is_last;
    enum smtp_status status = session->transport->ops->write(session->transport, block, deadline, &taken);
    session->transport->has_more = false;
    if (status != SMTP_STATUS_OK)
        return smtp_body_judge_write(body, dialogue, status);
    memmove(session->block, session->block + block.len, body->kept);
    body->filled = body->kept;
    return true;
}

static bool fail_source(struct smtp_dialogue *dialogue, const char *why)
{
    dialogue->session->is_broken = true;
    return fault_set(&dialogue->outcome->fault, FAULT_INTERNAL,
                     "the message could not be sent to its end: %s", why);
}

static bool send_piece(struct smtp_body *body, struct smtp_dialogue *dialogue, struct str piece)
{
    struct smtp_session *session = dialogue->session;
    body->octets += piece.len;
    while (piece.len) {
        size_t room = sizeof session->block - body->filled;
        if (room < 2) {
            if (!write_block(body, dialogue, false))
                return false;
            continue;
        }
        body->filled += smtp_dot_stuff(&body->dot, &piece, session->block + body->filled, room);
        if (body->dot.bare)
            return fail_source(dialogue, "it has a CR or LF that stands alone");
    }
    return true;
}

/* Behind DATA the last line is ended where the message did not; a chunk says how long it is. */
static bool finish(struct smtp_body *body, struct smtp_dialogue *dialogue)
{
    struct str end = smtp_dot_end(&body->dot);
    if (body->dot.bare)
        return fail_source(dialogue, "it ends with a CR");
    return (body->flight->is_chunk || send_piece(body, dialogue, end)) && write_block(body, dialogue, true);
}

static void show_body(const struct smtp_body *body, struct smtp_dialogue *dialogue)
{
    char shown[SHOWN_BODY_BYTES];
    snprintf(shown, sizeof shown, "(%s, %" PRIu64 " octets)", body->flight->is_chunk ? "chunk" : "body",
             body->octets);
    smtp_transcript_client(dialogue->transcript, str_of(shown));
}

static bool send_all(struct smtp_body *body, struct smtp_dialogue *dialogue, struct smtp_source *source)
{
    struct str piece;
    enum smtp_pull pulled;
    source->rewind(source->context); /* another relay may have had the beginning already */
    while ((pulled = source->pull(source->context, &piece)) == SMTP_PULL_PIECE) {
        if (piece.len > source->size_octets - body->octets)
            return fail_source(dialogue, "it is longer than was announced");
        if (!send_piece(body, dialogue, piece))
            return false;
    }
    if (pulled == SMTP_PULL_FAILED)
        return fail_source(dialogue, "its source failed");
    if (body->octets != source->size_octets)
        return fail_source(dialogue, "it is shorter than was announced");
    show_body(body, dialogue);
    return finish(body, dialogue);
}

/* Nothing may have come before BDAT, as before any command. */
static bool may_begin(const struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    enum smtp_status status = smtp_dialogue_listen(dialogue);
    if (status == SMTP_STATUS_TIMEOUT)
        return true;
    smtp_dialogue_judge(dialogue, smtp_flight_step(flight), status);
    dialogue->session->is_broken = true;
    return false;
}

/* BDAT, and before it the commands that it goes along with, at the front of the first block. */
static bool begin_chunk(struct smtp_body *body, struct smtp_dialogue *dialogue, uint64_t octets)
{
    struct smtp_session *session = dialogue->session;
    struct buf *lines = smtp_dialogue_begin(dialogue);
    if (!may_begin(body->flight, dialogue))
        return false;
    if (body->flight->carries_message) {
        smtp_flight_queue(body->flight, session);
        buf_append(lines, STR("\r\n"));
    }
    buf_append_format(lines, "BDAT %" PRIu64 " LAST", octets);
    smtp_dialogue_show(dialogue, buf_view(lines));
    buf_append(lines, STR("\r\n"));
    if (lines->failed)
        return judge_early(dialogue, SMTP_STATUS_NO_MEMORY);
    memcpy(session->block, lines->data, lines->len);
    body->filled = lines->len;
    body->kept = CHUNK_END_OCTETS;
    return true;
}

bool smtp_body_send(struct smtp_body *body, struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    struct smtp_source *source = flight->mail->source;
    *body = (struct smtp_body){.flight = flight, .dot.is_chunk = flight->is_chunk};
    if (flight->is_chunk && !begin_chunk(body, dialogue, source->size_octets))
        return false;
    return send_all(body, dialogue, source);
}

struct str smtp_body_end(const struct smtp_body *body, const struct smtp_session *session)
{
    return body->flight->is_chunk ? (struct str){session->block, body->filled} : STR(".\r\n");
}
