/* From the first octet of the end of data that the kernel may have, only a complete reply says what became of
 * the mail (RFC 1047). So the end, ".CRLF" or the last octets of a chunk, is a write of its own, and the
 * transport says whether any of it was taken. What may stand in that write behind it are the first commands
 * of the next mail: they go the same way at the same time, and whatever is taken of them, the end was taken
 * before.
 *
 * A refusal is believed only when it is confirmed: a reply that came early, while the body was still on its
 * way, reads like the one to the end of data, and then each reply stands one place behind its command. So
 * every reply that is owed is read, must fit its command, and nothing may come behind the last of them. */
#include "smtp/data.h"

#include "smtp/body.h"
#include "smtp/queue_id.h"
#include "smtp/sendable.h"
#include "smtp/verdict.h"

/* How long a refusal waits for its confirmation, and how many replies may stand before it. */
enum { CONFIRM_MS = 2000, MAX_STRAY_REPLIES = 8 };

/* Dovecot's submission server (seen with 2.3.19) aborts when RCPT comes right behind the end of a message. */
static bool is_known_to_abort(const struct smtp_session *session)
{
    return str_contains(buf_view(&session->greeting), STR("Dovecot"));
}

/* Whether the next mail may be asked for at all. */
static bool may_begin_next(const struct smtp_session *session)
{
    return session->relay->protocol == SMTP_PROTOCOL_SMTP && !is_known_to_abort(session) &&
           smtp_capabilities_offer(&session->capabilities, SMTP_PIPELINING) &&
           smtp_limits_have_room(&session->tally, &session->capabilities);
}

/* Asks for the next mail, and puts its first commands behind the end of data. A mail that cannot go here, or
 * that may wait less long than this one, is left to its own send. */
static void begin_next(struct smtp_dialogue *dialogue, const struct smtp_waiting *waiting)
{
    struct smtp_session *session = dialogue->session;
    if (!waiting || !may_begin_next(session))
        return;
    const struct smtp_mail *next = waiting->next(waiting->context);
    struct fault ignored;
    if (!next || next->total.at_us < dialogue->total.at_us ||
        !smtp_sendable_by_relay(session, next, &ignored) || !smtp_sendable_by_session(session, next))
        return;
    size_t count = smtp_limits_part(&session->capabilities, next->envelope);
    smtp_flight_start(&session->begun, session, next, 0, count);
    session->begun.carries_message = false;
    smtp_flight_queue(&session->begun, session);
    buf_append(&session->command, STR("\r\n"));
}

static void show_end(struct smtp_dialogue *dialogue, const struct smtp_flight *flight, struct str commands)
{
    const struct smtp_mail *next = dialogue->session->begun.mail;
    if (!flight->is_chunk)
        smtp_transcript_client(dialogue->transcript, STR("."));
    if (!next)
        return;
    struct smtp_dialogue other = {.session = dialogue->session, .transcript = next->transcript};
    smtp_dialogue_show(&other, str_first(commands, commands.len - 2));
}

static bool write_end(struct smtp_dialogue *dialogue, struct smtp_body *body,
                      const struct smtp_waiting *waiting)
{
    struct smtp_session *session = dialogue->session;
    if (!smtp_body_is_silent(body, dialogue))
        return false;
    struct buf *bytes = smtp_dialogue_begin(dialogue);
    buf_append(bytes, smtp_body_end(body, session));
    size_t end_len = bytes->len;
    begin_next(dialogue, waiting);
    if (bytes->failed)
        return smtp_body_judge_write(body, dialogue, SMTP_STATUS_NO_MEMORY);
    struct deadline deadline = smtp_dialogue_deadline(dialogue, session->relay->timeouts.data_block_ms);
    size_t taken;
    enum smtp_status status =
        session->transport->ops->write(session->transport, buf_view(bytes), deadline, &taken);
    if (status != SMTP_STATUS_OK && taken == 0)
        return smtp_body_judge_write(body, dialogue, status);
    show_end(dialogue, body->flight, str_from(buf_view(bytes), end_len));
    return status == SMTP_STATUS_OK || smtp_dialogue_judge(dialogue, SMTP_STEP_DOT, status);
}

bool smtp_data_write(struct smtp_dialogue *dialogue, struct smtp_flight *flight,
                     const struct smtp_waiting *waiting)
{
    struct smtp_body body;
    return smtp_body_send(&body, flight, dialogue) && write_end(dialogue, &body, waiting);
}

static bool fits(enum smtp_step step, int code)
{
    return code >= 400 || (step == SMTP_STEP_DATA ? code / 100 == 3 : code / 100 == 2);
}

/* What came in the place of a reply cannot be read, or not to its end: it may have been going to be a 2yz. */
static bool is_cut_off(const struct smtp_session *session, enum smtp_status status)
{
    struct str begun = buf_view(&session->reply.lines);
    bool is_refusal = str_starts_with(begun, STR("4")) || str_starts_with(begun, STR("5"));
    bool is_harmless = !begun.len || is_refusal || str_starts_with(begun, STR("221"));
    return status == SMTP_STATUS_MALFORMED || (status != SMTP_STATUS_OK && !is_harmless);
}

/* Reads what the mail that was begun is owed. CONFIRMED: the relay now waits for its message, which only the
 * reply to DATA can have said, in its place. DOUBTFUL: a reply that does not fit. */
enum confirmation { OPEN, CONFIRMED, DOUBTFUL };

static enum confirmation hear_begun(struct smtp_dialogue *dialogue, bool *accepted)
{
    struct smtp_session *session = dialogue->session;
    struct smtp_flight *begun = &session->begun;
    while (begun->mail && smtp_flight_is_owed(begun)) {
        enum smtp_step step = smtp_flight_step(begun);
        enum smtp_status status = smtp_flight_hear(begun, dialogue);
        if (status != SMTP_STATUS_OK || session->reply.code == 421)
            return *accepted || is_cut_off(session, status) ? DOUBTFUL : CONFIRMED;
        if (!fits(step, session->reply.code))
            return DOUBTFUL;
        if (session->reply.code / 100 == 3)
            return CONFIRMED;
        *accepted |= session->reply.code / 100 == 2;
    }
    return OPEN;
}

/* The relay sends nothing but 221 behind its last reply (RFC 5321 4.1.1.10), and then hangs up. A 2yz before
 * that is the reply to the end of data, and what was taken for it came early. Where a 2yz was read before,
 * any reply is one too many, and an end without 221 may have swallowed one. */
static bool ends_with_quit(struct smtp_dialogue *dialogue, bool accepted)
{
    struct smtp_session *session = dialogue->session;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, CONFIRM_MS);
    size_t taken;
    smtp_transcript_client(dialogue->transcript, STR("QUIT"));
    session->transport->ops->write(session->transport, STR("QUIT\r\n"), deadline, &taken);
    for (int i = 0; i < MAX_STRAY_REPLIES; i++) {
        enum smtp_status status = smtp_dialogue_read_reply(dialogue, deadline);
        if (status != SMTP_STATUS_OK)
            return !accepted && !is_cut_off(session, status);
        if (session->reply.code == 221)
            return true;
        if (accepted || session->reply.code / 100 == 2)
            return false;
    }
    return false;
}

/* "Not sent" is said only where the relay does not go on to take the message after all. The session ends with
 * it. `accepted`: a 2yz was read behind the end of data. */
static bool confirm_refusal(struct smtp_dialogue *dialogue, bool accepted)
{
    struct smtp_session *session = dialogue->session;
    struct outcome *outcome = dialogue->outcome;
    struct smtp_dialogue behind = *dialogue;
    if (session->begun.mail) /* what is said of it is for its own sender to see */
        behind.transcript = session->begun.mail->transcript;
    enum confirmation heard = hear_begun(&behind, &accepted);
    bool confirmed = heard == OPEN ? ends_with_quit(&behind, accepted) : heard == CONFIRMED;
    session->is_broken = true;
    if (!confirmed)
        fault_set(
            &outcome->fault, FAULT_OUTCOME_UNKNOWN,
            "the relay refused the message, and what it answered then (last %d) may mean that it took it",
            session->reply.code);
    return confirmed;
}

static struct deadline word_deadline(const struct smtp_dialogue *dialogue)
{
    return smtp_dialogue_deadline(dialogue, dialogue->session->relay->timeouts.data_termination_ms);
}

static bool hear_one(struct smtp_dialogue *dialogue)
{
    struct outcome *outcome = dialogue->outcome;
    enum smtp_status status = smtp_dialogue_read_reply(dialogue, word_deadline(dialogue));
    if (!smtp_dialogue_judge(dialogue, SMTP_STEP_DOT, status)) {
        if (smtp_trouble_delivery(outcome->fault.code) == DELIVERY_NOT_SENT)
            confirm_refusal(dialogue, false);
        dialogue->session->is_broken = true;
        return false;
    }
    outcome->reply = smtp_dialogue_show_reply(dialogue);
    outcome->queue_id = smtp_queue_id_find(outcome->reply.text);
    return true;
}

/* RFC 2033 4.2: the relay's word on the message for this one. False where it is none. */
static bool hear_verdict(struct smtp_dialogue *dialogue, struct outcome_recipient *recipient)
{
    struct outcome *outcome = dialogue->outcome;
    enum smtp_status status = smtp_dialogue_read_reply(dialogue, word_deadline(dialogue));
    int code = dialogue->session->reply.code;
    if (status != SMTP_STATUS_OK || code / 100 == 3) {
        smtp_dialogue_judge(dialogue, SMTP_STEP_DOT, status);
        dialogue->session->is_broken = true;
        return false;
    }
    recipient->reply = smtp_dialogue_show_reply(dialogue);
    recipient->status = code / 100 == 2   ? RECIPIENT_ACCEPTED
                        : code / 100 == 4 ? RECIPIENT_DEFERRED
                                          : RECIPIENT_REJECTED;
    if (recipient->status == RECIPIENT_ACCEPTED && !outcome->reply.code) {
        outcome->reply = recipient->reply;
        outcome->queue_id = smtp_queue_id_find(outcome->reply.text);
    }
    return true;
}

/* What the words on each of them come to. With "abort" those who have the mail keep it: it cannot be called
 * back. */
static bool judge_verdicts(const struct smtp_flight *flight, struct outcome *outcome, bool any_taken)
{
    struct outcome_recipient *recipients = outcome->recipients + flight->first;
    enum fault_code code =
        smtp_trouble_of_recipients(recipients, flight->count, flight->mail->envelope->partial);
    if (code == FAULT_NONE)
        return true;
    if (any_taken)
        code = code == FAULT_RECIPIENTS_REJECTED ? FAULT_RECIPIENTS_PARTLY_REJECTED
                                                 : FAULT_RECIPIENTS_PARTLY_DEFERRED;
    return smtp_verdict_refuse(outcome, code);
}

/* One reply for each recipient that was accepted, in the order of their RCPT, the same address twice twice.
 * An end in the middle leaves the whole unknown, whoever has it already. */
static bool hear_each(struct smtp_dialogue *dialogue, struct smtp_flight *flight)
{
    struct outcome *outcome = dialogue->outcome;
    size_t taken = 0, refused = 0;
    outcome->reply = (struct outcome_reply){0};
    for (size_t i = flight->first; i < flight->first + flight->count; i++) {
        struct outcome_recipient *recipient = &outcome->recipients[i];
        if (recipient->status != RECIPIENT_ACCEPTED)
            continue;
        if (!hear_verdict(dialogue, recipient))
            return false;
        taken += recipient->status == RECIPIENT_ACCEPTED;
        refused += recipient->status != RECIPIENT_ACCEPTED;
    }
    if (refused && !confirm_refusal(dialogue, taken > 0))
        return false;
    return judge_verdicts(flight, outcome, taken > 0);
}

bool smtp_data_hear(struct smtp_dialogue *dialogue, struct smtp_flight *flight)
{
    return dialogue->session->relay->protocol == SMTP_PROTOCOL_LMTP ? hear_each(dialogue, flight)
                                                                    : hear_one(dialogue);
}

static bool any_accepted(const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->recipient_count; i++)
        if (outcome->recipients[i].status == RECIPIENT_ACCEPTED)
            return true;
    return false;
}

/* With the whole message handed over, MAIL or every RCPT refused proves nothing by itself: the reply to BDAT
 * has to be a refusal too; and where it takes anything behind a refusal, its replies stand one place too far.
 * The one end that counts as such is that of a relay that took its leave, with 421 and nothing behind it,
 * before it had accepted anybody: it has not read on (RFC 5321 3.8). */
void smtp_data_settle(struct smtp_dialogue *dialogue, struct smtp_flight *flight)
{
    struct smtp_session *session = dialogue->session;
    struct outcome *outcome = dialogue->outcome;
    enum smtp_status status = flight->heard_status;
    bool took_leave = false, took_any = false;
    while (status == SMTP_STATUS_OK && smtp_flight_is_owed(flight)) {
        took_leave = session->reply.code == 421 && !any_accepted(outcome);
        status = smtp_flight_hear(flight, dialogue);
        took_any |= status == SMTP_STATUS_OK && session->reply.code < 400;
    }
    bool refused = status == SMTP_STATUS_OK && !took_any;
    bool left = took_leave && !took_any && (status == SMTP_STATUS_EOF || status == SMTP_STATUS_RESET);
    if (!refused && !left)
        fault_set(
            &outcome->fault,
            status == SMTP_STATUS_OK ? FAULT_OUTCOME_UNKNOWN : smtp_trouble_of_status(SMTP_STEP_DOT, status),
            "the message was handed over behind a command that was refused, and the relay did not refuse "
            "the message too");
    if (!refused || session->reply.code == 421 || session->begun.mail)
        session->is_broken = true;
}
