/* What became of the mail, told to the caller (Receipt and Problem in openapi.yaml).
 *
 * The delivery decides, not the fault: a receipt is given only for a mail that at least one recipient gets as
 * it was asked for, and an outcome that is not known is never told as one that may be tried again, whatever
 * the session set as its fault (RFC 1047).
 */
#include "api/answer/receipt.h"

#include "api/answer/problem_write.h"

/* All or nobody was asked for, and the relay gave the mail to some (RFC 2033). */
static bool is_unwanted_part(enum fault_code code)
{
    return code == FAULT_RECIPIENTS_PARTLY_REJECTED || code == FAULT_RECIPIENTS_PARTLY_DEFERRED;
}

enum fault_code receipt_fault(const struct outcome *outcome)
{
    enum fault_code code = outcome->fault.code;
    switch (outcome->delivery) {
    case DELIVERY_SENT: return FAULT_NONE;
    case DELIVERY_PARTIAL: return is_unwanted_part(code) ? code : FAULT_NONE;
    case DELIVERY_UNKNOWN: return code == FAULT_OUTCOME_UNKNOWN_TIMEOUT ? code : FAULT_OUTCOME_UNKNOWN;
    case DELIVERY_NOT_SENT:
    default: return code == FAULT_NONE ? FAULT_INTERNAL : code;
    }
}

static void write_reply(struct json_writer *json, const struct outcome_reply *reply)
{
    if (reply->code)
        json_uint(json, "code", (uint64_t)reply->code);
    else
        json_null(json, "code");
    json_text(json, "enhanced", reply->enhanced);
    json_text(json, "text", reply->text);
}

static void write_upstream(struct json_writer *json, const struct outcome *outcome)
{
    json_open_object(json, "upstream");
    json_text(json, "host", outcome->host);
    json_uint(json, "port", outcome->port);
    json_text(json, "tls", outcome->tls);
    write_reply(json, &outcome->reply);
    json_close_object(json);
}

static void write_recipients(struct json_writer *json, const struct submission *submission)
{
    const struct outcome *outcome = &submission->outcome;
    json_open_array(json, "recipients");
    for (size_t i = 0; i < outcome->recipient_count; i++) {
        const struct outcome_recipient *recipient = &outcome->recipients[i];
        json_open_object(json, NULL);
        json_text(json, "email", submission->recipients[i]);
        json_text(json, "status", str_of(recipient_status_name(recipient->status)));
        write_reply(json, &recipient->reply);
        if (recipient->queue_id.data)
            json_text(json, "queue_id", recipient->queue_id);
        json_close_object(json);
    }
    json_close_array(json);
}

/* Which field of the request each refused recipient is. */
static void write_refusals(struct json_writer *json, const struct submission *submission)
{
    bool any = false;
    for (size_t i = 0; i < submission->outcome.recipient_count; i++) {
        const struct outcome_recipient *recipient = &submission->outcome.recipients[i];
        bool rejected = recipient->status == RECIPIENT_REJECTED;
        if (!rejected && recipient->status != RECIPIENT_DEFERRED)
            continue;
        if (!any)
            json_open_array(json, "errors");
        any = true;
        enum fault_code code = rejected ? FAULT_RECIPIENTS_REJECTED : FAULT_RECIPIENTS_DEFERRED;
        struct str words = recipient->reply.text;
        struct str pointer = submission->pointers[i]; /* absent: it stood in the query */
        problem_write_error(json, pointer.data ? "pointer" : "parameter", pointer.data ? pointer : STR("to"),
                            code, words.data ? words : str_of(fault_kind(code)->title));
    }
    if (any)
        json_close_array(json);
}

static void write_timing(struct json_writer *json, const struct outcome_timing *timing)
{
    json_open_object(json, "timing_ms");
    json_milliseconds(json, "queued", timing->queued_us);
    json_milliseconds(json, "connected", timing->connected_us);
    json_milliseconds(json, "sent", timing->sent_us);
    json_close_object(json);
}

static void write_receipt(struct json_writer *json, const struct submission *submission)
{
    json_text(json, "id", str_of(submission->id));
    json_text(json, "delivery", str_of(delivery_name(submission->outcome.delivery)));
    json_text(json, "message_id", submission->message.message_id);
    json_text(json, "queue_id", submission->outcome.queue_id);
    write_upstream(json, &submission->outcome);
    write_recipients(json, submission);
    write_timing(json, &submission->outcome.timing);
}

static void write_problem(struct json_writer *json, const struct submission *submission, enum fault_code code)
{
    const struct outcome *outcome = &submission->outcome;
    struct str detail = str_of(outcome->fault.detail);
    problem_write_head(json, code, detail.len ? detail : str_of(fault_kind(code)->title),
                       str_of(submission->id), outcome->delivery);
    json_text(json, "message_id", submission->message.message_id);
    write_refusals(json, submission);
    if (outcome->host.data) {
        write_upstream(json, outcome);
        write_recipients(json, submission);
    }
}

char *receipt_json(const struct submission *submission)
{
    enum fault_code code = receipt_fault(&submission->outcome);
    struct json_writer json;
    size_t bytes;
    json_writer_init(&json, PROBLEM_MAX_BYTES);
    json_open_object(&json, NULL);
    if (code == FAULT_NONE)
        write_receipt(&json, submission);
    else
        write_problem(&json, submission, code);
    if (submission->wants_transcript && submission->outcome.transcript.data)
        json_text(&json, "transcript", submission->outcome.transcript);
    json_close_object(&json);
    return json_take(&json, &bytes);
}
