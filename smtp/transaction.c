/* Page order is wire order: the flight of MAIL and RCPT, the message, the relay's word on it. Where the
 * message goes along with the flight it is written first and the replies are read behind it.
 *
 * A mail that has more recipients than the relay takes at once, and whose sender wants it delivered to those
 * who can be reached, is sent in parts, each with a queue ID of its own. What one part has come to stands: a
 * later one that fails leaves the mail partly sent, one whose end is not known the whole unknown. */
#include "smtp/transaction.h"

#include "smtp/data.h"
#include "smtp/sendable.h"
#include "smtp/verdict.h"

#include <assert.h>

/* A refused message waits no longer than this for its RSET. */
enum { RESET_WAIT_MS = 2000 };

/* The fault stands; what is left is whether the session may be used again. */
static enum smtp_after reset(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    if (session->is_broken)
        return SMTP_AFTER_CLOSE;
    struct buf *command = smtp_dialogue_begin(dialogue);
    buf_append(command, STR("RSET"));
    struct deadline deadline = smtp_dialogue_deadline(dialogue, RESET_WAIT_MS);
    enum smtp_status status = smtp_dialogue_exchange(dialogue, buf_view(command), deadline);
    bool agreed = status == SMTP_STATUS_OK &&
                  smtp_trouble_of_reply(SMTP_STEP_RSET, session->reply.code, (struct str){0}) == FAULT_NONE;
    if (agreed && smtp_session_is_idle(session) &&
        smtp_limits_have_room(&session->tally, &session->capabilities))
        return SMTP_AFTER_REUSE;
    session->is_broken = true;
    return SMTP_AFTER_CLOSE;
}

static bool is_not_sent(const struct smtp_dialogue *dialogue)
{
    return smtp_trouble_delivery(dialogue->outcome->fault.code) == DELIVERY_NOT_SENT;
}

static enum smtp_after give_up(struct smtp_dialogue *dialogue, const struct smtp_flight *flight,
                               bool may_retry)
{
    bool is_stale = flight->is_stale && may_retry && is_not_sent(dialogue);
    return is_stale ? SMTP_AFTER_RETRY : reset(dialogue);
}

static enum smtp_after conclude(struct smtp_session *session)
{
    if (session->begun.mail)
        return SMTP_AFTER_REUSE;
    bool may_go_on = !session->is_broken && smtp_limits_have_room(&session->tally, &session->capabilities) &&
                     smtp_session_is_idle(session);
    return may_go_on ? SMTP_AFTER_REUSE : SMTP_AFTER_CLOSE;
}

/* MAIL and every RCPT, the message ahead of their replies where it goes along. True where it may follow, or be
 * judged. */
static bool ask(struct smtp_dialogue *dialogue, struct smtp_flight *flight,
                const struct smtp_waiting *waiting)
{
    if (flight->carries_message && !smtp_data_write(dialogue, flight, waiting))
        return false;
    if (smtp_flight_ask(flight, dialogue))
        return true;
    if (flight->carries_message)
        smtp_data_settle(dialogue, flight);
    else
        smtp_flight_drain(flight, dialogue);
    return false;
}

static enum smtp_after hand_over(struct smtp_dialogue *dialogue, struct smtp_flight *flight,
                                 const struct smtp_waiting *waiting)
{
    if (!flight->is_chunk && !smtp_flight_begin_data(flight, dialogue))
        return SMTP_AFTER_CLOSE;
    if (!flight->carries_message && !smtp_data_write(dialogue, flight, waiting))
        return SMTP_AFTER_CLOSE;
    return smtp_data_hear(dialogue, flight) ? conclude(dialogue->session) : SMTP_AFTER_CLOSE;
}

static enum smtp_after run_flight(struct smtp_dialogue *dialogue, struct smtp_flight *flight,
                                  const struct smtp_waiting *waiting, bool may_retry)
{
    struct outcome_timing *timing = &dialogue->outcome->timing;
    int64_t began_us = clock_monotonic_us();
    bool goes_on = ask(dialogue, flight, waiting);
    outcome_end_phase(timing, PHASE_MAIL, began_us);
    if (!goes_on)
        return give_up(dialogue, flight, may_retry);
    began_us = clock_monotonic_us();
    enum smtp_after after = hand_over(dialogue, flight, waiting);
    outcome_end_phase(timing, PHASE_DATA, began_us);
    return after;
}

/* What the parts that were sent came to; the first of them is told. */
struct parts {
    struct outcome_reply reply;
    struct str queue_id;
    bool any_sent;
};

static void keep_part(struct parts *parts, struct outcome *outcome, const struct smtp_flight *flight)
{
    bool is_whole = flight->count == outcome->recipient_count;
    for (size_t i = flight->first; i < flight->first + flight->count && !is_whole; i++)
        if (outcome->recipients[i].status == RECIPIENT_ACCEPTED)
            outcome->recipients[i].queue_id = outcome->queue_id;
    if (parts->any_sent)
        return;
    *parts = (struct parts){outcome->reply, outcome->queue_id, true};
}

static bool is_refused_by_recipient(const struct outcome *outcome)
{
    return outcome->fault.code == FAULT_RECIPIENTS_REJECTED ||
           outcome->fault.code == FAULT_RECIPIENTS_DEFERRED;
}

/* `flight` is of the last part that was tried. */
static void conclude_parts(const struct parts *parts, struct outcome *outcome,
                           const struct smtp_flight *flight)
{
    bool failed = outcome->fault.code != FAULT_NONE;
    if (failed && smtp_trouble_delivery(outcome->fault.code) != DELIVERY_NOT_SENT)
        return;
    if (parts->any_sent) {
        if (failed)
            smtp_verdict_take_back(outcome, flight->first, flight->count);
        outcome->fault = (struct fault){.code = FAULT_NONE};
        outcome->reply = parts->reply;
        outcome->queue_id = parts->queue_id;
        outcome->delivery = smtp_verdict_all_accepted(outcome) ? DELIVERY_SENT : DELIVERY_PARTIAL;
    } else if (is_refused_by_recipient(outcome)) {
        smtp_verdict_refuse(outcome, smtp_trouble_of_recipients(outcome->recipients, outcome->recipient_count,
                                                                PARTIAL_ABORT));
    }
}

/* One part after the other, as long as the session lasts and none fails but by its recipients. */
static enum smtp_after run_parts(struct smtp_dialogue *dialogue, const struct smtp_mail *mail,
                                 const struct smtp_waiting *waiting, bool was_used)
{
    struct smtp_session *session = dialogue->session;
    struct outcome *outcome = dialogue->outcome;
    struct smtp_flight *flight = &session->flight;
    struct parts parts = {0};
    enum smtp_after after = SMTP_AFTER_REUSE;
    size_t total = mail->envelope->recipient_count, next = flight->count;
    for (;;) {
        bool is_last = next == total;
        outcome->fault = (struct fault){.code = FAULT_NONE};
        outcome->reply = (struct outcome_reply){0};
        after = run_flight(dialogue, flight, is_last ? waiting : NULL, was_used && !parts.any_sent);
        if (outcome->fault.code == FAULT_NONE)
            keep_part(&parts, outcome, flight);
        bool goes_on = outcome->fault.code == FAULT_NONE || is_refused_by_recipient(outcome);
        if (is_last || !goes_on || after != SMTP_AFTER_REUSE)
            break;
        size_t left = total - next;
        smtp_flight_start(flight, session, mail, next, left < flight->count ? left : flight->count);
        next += flight->count;
    }
    conclude_parts(&parts, outcome, flight);
    return after;
}

/* The flight that was begun behind the last mail's end of data, or a new one. */
static bool start(struct smtp_dialogue *dialogue, const struct smtp_mail *mail, enum smtp_after *after)
{
    struct smtp_session *session = dialogue->session;
    if (session->begun.mail) {
        assert(session->begun.mail == mail);
        session->flight = session->begun;
        session->begun.mail = NULL;
        return true;
    }
    *after = SMTP_AFTER_REUSE;
    if (!smtp_sendable_by_relay(session, mail, &dialogue->outcome->fault))
        return false;
    *after = SMTP_AFTER_RETRY;
    if (!smtp_sendable_by_session(session, mail))
        return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_TEMPORARY,
                         "the session has had all that the relay takes in one");
    size_t count = smtp_limits_part(&session->capabilities, mail->envelope);
    smtp_flight_start(&session->flight, session, mail, 0, count);
    return true;
}

enum smtp_after smtp_transaction_run(struct smtp_dialogue *dialogue, const struct smtp_mail *mail,
                                     const struct smtp_waiting *waiting)
{
    struct smtp_session *session = dialogue->session;
    bool was_used = session->is_used;
    enum smtp_after after;
    bool has_begun = start(dialogue, mail, &after); /* asks whether the session is new */
    session->is_used = true;
    return !has_begun ? after : run_parts(dialogue, mail, waiting, was_used);
}
