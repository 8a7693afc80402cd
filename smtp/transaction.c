/* One command, one reply, in page order. Every recipient is asked for, whatever became of the one before: who
 * is refused learns of all of them at once. */
#include "smtp/transaction.h"

#include "smtp/data.h"

/* A refused message waits no longer than this for its RSET. */
enum { RESET_WAIT_MS = 2000 };

static const struct smtp_timeouts *timeouts(const struct smtp_dialogue *dialogue)
{
    return &dialogue->session->relay->timeouts;
}

/* What can be known before a word is said. */
static bool is_sendable(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope,
                        const struct smtp_source *source)
{
    const struct smtp_capabilities *offered = &dialogue->session->capabilities;
    if (!smtp_envelope_check(envelope, &dialogue->outcome->fault))
        return false;
    /* RFC 6531 3.2 */
    if (envelope->smtputf8 && !smtp_capabilities_offer(offered, SMTP_SMTPUTF8))
        return fault_set(&dialogue->outcome->fault, FAULT_SMTPUTF8_UNSUPPORTED,
                         "the message needs SMTPUTF8, which the relay does not offer");
    /* RFC 1870 6 */
    if (offered->max_size_octets && source->size_octets > offered->max_size_octets)
        return fault_set(&dialogue->outcome->fault, FAULT_MESSAGE_OVER_SIZE,
                         "the message has %llu octets, the relay takes %llu",
                         (unsigned long long)source->size_octets,
                         (unsigned long long)offered->max_size_octets);
    /* RFC 9422 4.1 */
    if (offered->max_recipients && envelope->recipient_count > offered->max_recipients)
        return fault_set(&dialogue->outcome->fault, FAULT_TOO_MANY_RECIPIENTS,
                         "the message has %zu recipients, the relay takes %llu", envelope->recipient_count,
                         (unsigned long long)offered->max_recipients);
    return true;
}

static enum smtp_status say_mail(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope,
                                 const struct smtp_source *source)
{
    struct smtp_session *session = dialogue->session;
    struct buf *command = smtp_dialogue_begin(dialogue);
    buf_append_format(command, "MAIL FROM:<%.*s>", STR_ARG(envelope->return_path));
    if (smtp_capabilities_offer(&session->capabilities, SMTP_SIZE))
        buf_append_format(command, " SIZE=%llu", (unsigned long long)source->size_octets);
    if (envelope->smtputf8)
        buf_append(command, STR(" SMTPUTF8"));
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeouts(dialogue)->mail_ms);
    return smtp_dialogue_exchange(dialogue, buf_view(command), deadline);
}

/* False where the session has ended; a recipient that is refused is a verdict, not a failure. */
static bool say_rcpt(struct smtp_dialogue *dialogue, struct str address, struct outcome_recipient *recipient)
{
    const struct smtp_reply *reply = &dialogue->session->reply;
    struct buf *command = smtp_dialogue_begin(dialogue);
    buf_append_format(command, "RCPT TO:<%.*s>", STR_ARG(address));
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeouts(dialogue)->rcpt_ms);
    enum smtp_status status = smtp_dialogue_exchange(dialogue, buf_view(command), deadline);
    if (status == SMTP_STATUS_OK) {
        enum fault_code code = smtp_trouble_of_reply(SMTP_STEP_RCPT, reply->code, smtp_reply_enhanced(reply));
        recipient->status = smtp_trouble_of_recipient(code);
        recipient->reply = smtp_dialogue_show_reply(dialogue);
    }
    return recipient->status != RECIPIENT_NOT_TRIED || smtp_dialogue_judge(dialogue, SMTP_STEP_RCPT, status);
}

/* The reply that the whole is told by: the first refusal of the kind that decided. */
static void show_refusal(struct outcome *outcome, enum fault_code code)
{
    for (size_t i = 0; i < outcome->recipient_count; i++) {
        bool decided = outcome->recipients[i].status ==
                       (code == FAULT_RECIPIENTS_REJECTED ? RECIPIENT_REJECTED : RECIPIENT_DEFERRED);
        if (decided) {
            outcome->reply = outcome->recipients[i].reply;
            return;
        }
    }
}

static bool say_recipients(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope)
{
    struct outcome *outcome = dialogue->outcome;
    size_t refused = 0;
    for (size_t i = 0; i < envelope->recipient_count; i++) {
        if (!say_rcpt(dialogue, envelope->recipients[i], &outcome->recipients[i]))
            return false;
        refused += outcome->recipients[i].status != RECIPIENT_ACCEPTED;
    }
    enum fault_code code =
        smtp_trouble_of_recipients(outcome->recipients, outcome->recipient_count, envelope->partial);
    if (code == FAULT_NONE)
        return true;
    show_refusal(outcome, code);
    return fault_set(&dialogue->outcome->fault, code,
                     "%zu of %zu recipients were refused, and nobody got the message", refused,
                     outcome->recipient_count);
}

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
    if (agreed && smtp_session_is_idle(session))
        return SMTP_AFTER_REUSE;
    session->is_broken = true;
    return SMTP_AFTER_CLOSE;
}

static bool all_accepted(const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->recipient_count; i++)
        if (outcome->recipients[i].status != RECIPIENT_ACCEPTED)
            return false;
    return true;
}

enum smtp_after smtp_transaction_run(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope,
                                     struct smtp_source *source)
{
    struct smtp_session *session = dialogue->session;
    struct outcome *outcome = dialogue->outcome;
    if (!is_sendable(dialogue, envelope, source))
        return SMTP_AFTER_REUSE;
    bool was_used = session->is_used;
    session->is_used = true;
    enum smtp_status status = say_mail(dialogue, envelope, source);
    bool is_stale = smtp_trouble_is_stale(status == SMTP_STATUS_OK ? session->reply.code : 0, status);
    if (!smtp_dialogue_judge(dialogue, SMTP_STEP_MAIL, status))
        return was_used && is_stale ? SMTP_AFTER_RETRY : reset(dialogue);
    if (!say_recipients(dialogue, envelope))
        return reset(dialogue);
    buf_append(smtp_dialogue_begin(dialogue), STR("DATA"));
    if (!smtp_dialogue_command(dialogue, SMTP_STEP_DATA, timeouts(dialogue)->data_initiation_ms) ||
        !smtp_data_send(dialogue, source))
        return SMTP_AFTER_CLOSE;
    outcome->delivery = all_accepted(outcome) ? DELIVERY_SENT : DELIVERY_PARTIAL;
    return smtp_session_is_idle(session) ? SMTP_AFTER_REUSE : SMTP_AFTER_CLOSE;
}
