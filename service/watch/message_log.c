#include "service/watch/message_log.h"

#include "base/log.h"
#include "service/relays/quote.h"

static struct str problem_name(const struct outcome *outcome)
{
    return outcome->fault.code == FAULT_NONE ? (struct str){0}
                                             : str_of(fault_kind(outcome->fault.code)->name);
}

static int64_t count_recipients(const struct outcome *outcome, enum recipient_status status)
{
    int64_t count = 0;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        count += outcome->recipients[i].status == status;
    return count;
}

/* Left out where it did not happen. */
static struct log_field phase_field(const char *name, const struct outcome *outcome, enum outcome_phase phase)
{
    const struct outcome_spell *spell = &outcome->timing.phases[phase];
    return spell->began_us ? LOG_MS(name, spell->took_us) : LOG_NOTHING;
}

static struct log_field code_field(const struct outcome *outcome)
{
    return outcome->reply.code ? LOG_INT("code", outcome->reply.code) : LOG_NOTHING;
}

/* What is worth knowing stands first: a line has a bound, and what does not fit is left out. */
void message_log_end(const struct submission *submission, int64_t total_us)
{
    const struct outcome *outcome = &submission->outcome;
    const struct message *message = &submission->message;
    bool sent = outcome->fault.code == FAULT_NONE;
    enum { QUEUE_ID, REPLY, DETAIL, WORDS };
    struct str words[WORDS] = {[QUEUE_ID] = outcome->queue_id,
                               [REPLY] = outcome->reply.text,
                               [DETAIL] = sent ? (struct str){0} : str_of(outcome->fault.detail)};
    struct arena covered;
    arena_init(&covered, QUOTE_ARENA_BYTES);
    quote_cover(&covered, words, WORDS, message);
    log_event(
        sent ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "message", LOG_TEXT("id", submission->id),
        LOG_TEXT("trace_id", submission->trace.trace_id), LOG_STR("key", submission->key_name),
        LOG_TEXT("delivery", delivery_name(outcome->delivery)), LOG_STR("problem", problem_name(outcome)),
        LOG_STR("message_id", message->message_id), LOG_STR("queue_id", words[QUEUE_ID]),
        LOG_STR("relay", outcome->host), LOG_STR("tls", outcome->tls), code_field(outcome),
        LOG_INT("recipients", (int64_t)outcome->recipient_count),
        LOG_INT("accepted", count_recipients(outcome, RECIPIENT_ACCEPTED)),
        LOG_INT("request_bytes", (int64_t)submission->request_bytes),
        LOG_INT("message_bytes", (int64_t)outcome->message_bytes), LOG_MS("total_ms", total_us),
        phase_field("queued_ms", outcome, PHASE_QUEUED), phase_field("connect_ms", outcome, PHASE_CONNECT),
        phase_field("greeting_ms", outcome, PHASE_GREETING), phase_field("tls_ms", outcome, PHASE_TLS),
        phase_field("auth_ms", outcome, PHASE_AUTH), phase_field("mail_ms", outcome, PHASE_MAIL),
        phase_field("data_ms", outcome, PHASE_DATA), LOG_STR("reply", words[REPLY]),
        LOG_STR("detail", words[DETAIL]));
    arena_fini(&covered);
}

void message_log_move(const struct submission *submission, struct str relay)
{
    struct arena covered;
    arena_init(&covered, QUOTE_ARENA_BYTES);
    struct str detail = str_of(submission->outcome.fault.detail);
    quote_cover(&covered, &detail, 1, &submission->message);
    log_event(LOG_LEVEL_WARN, "trying the next relay", LOG_TEXT("id", submission->id),
              LOG_TEXT("trace_id", submission->trace.trace_id), LOG_STR("relay", relay),
              LOG_STR("detail", detail));
    arena_fini(&covered);
}
