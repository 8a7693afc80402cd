#include "service/watch/span_record.h"

#include "api/answer/receipt.h"

#include <stdio.h>
#include <string.h>

static void copy_trace(struct span_record *record, const struct trace_context *trace)
{
    record->trace = *trace;
    if (!trace->state.data)
        return;
    record->trace.state = (struct str){record->state, trace->state.len};
    memcpy(record->state, trace->state.data, trace->state.len);
}

void span_record_fill(struct span_record *record, const struct submission *submission, struct str relay)
{
    const struct outcome *outcome = &submission->outcome;
    copy_trace(record, &submission->trace);
    memcpy(record->id, submission->id, sizeof record->id);
    record->began_us = submission->began_us;
    record->ended_us = clock_monotonic_us();
    memcpy(record->phases, outcome->timing.phases, sizeof record->phases);
    record->delivery = outcome->delivery;
    record->fault = outcome->fault.code;
    record->http_status = fault_kind(receipt_fault(outcome))->http_status;
    record->reply_code = outcome->reply.code;
    record->recipients = submission->recipient_count;
    record->request_bytes = submission->request_bytes;
    record->message_bytes = outcome->message_bytes;
    record->host = outcome->host.data ? relay : (struct str){0};
    record->port = outcome->port;
    snprintf(record->tls, sizeof record->tls, "%.*s", STR_ARG(outcome->tls));
}
