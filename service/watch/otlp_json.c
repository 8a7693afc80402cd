/* Names of attributes are those of OpenTelemetry's semantic conventions where they have one. */
#include "service/watch/otlp_json.h"

#include "service/version.h"

#include <inttypes.h>
#include <stdio.h>

enum { MAX_BYTES = 4 << 20, KIND_INTERNAL = 1, KIND_SERVER = 2, KIND_CLIENT = 3, STATUS_ERROR = 2 };

static void open_attribute(struct json_writer *json, const char *key)
{
    json_open_object(json, NULL);
    json_text(json, "key", str_of(key));
    json_open_object(json, "value");
}

static void close_attribute(struct json_writer *json)
{
    json_close_object(json);
    json_close_object(json);
}

static void write_text_attribute(struct json_writer *json, const char *key, struct str value)
{
    open_attribute(json, key);
    json_text(json, "stringValue", value);
    close_attribute(json);
}

static void write_number_text(struct json_writer *json, const char *name, int64_t number)
{
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    json_text(json, name, str_of(text));
}

static void write_number_attribute(struct json_writer *json, const char *key, int64_t value)
{
    open_attribute(json, key);
    write_number_text(json, "intValue", value);
    close_attribute(json);
}

static void open_span(struct otlp_json *otlp, const struct span_record *record, const char *name, int kind)
{
    struct json_writer *json = &otlp->json;
    json_open_object(json, NULL);
    json_text(json, "traceId", str_of(record->trace.trace_id));
    json_text(json, "name", str_of(name));
    json_uint(json, "kind", (uint64_t)kind);
    otlp->spans++;
}

static void write_times(struct otlp_json *otlp, int64_t began_us, int64_t ended_us)
{
    write_number_text(&otlp->json, "startTimeUnixNano", (began_us + otlp->epoch_us) * 1000);
    write_number_text(&otlp->json, "endTimeUnixNano", (ended_us + otlp->epoch_us) * 1000);
}

/* The client's own mistakes are no errors of this server's span. */
static void write_status(struct json_writer *json, const struct span_record *record)
{
    if (record->fault == FAULT_NONE)
        return;
    json_open_object(json, "status");
    json_uint(json, "code", STATUS_ERROR);
    json_text(json, "message", str_of(fault_kind(record->fault)->title));
    json_close_object(json);
}

static void write_message(struct otlp_json *otlp, const struct span_record *record)
{
    struct json_writer *json = &otlp->json;
    open_span(otlp, record, "POST /v1/messages", KIND_SERVER);
    json_text(json, "spanId", str_of(record->trace.span_id));
    if (record->trace.parent_id[0])
        json_text(json, "parentSpanId", str_of(record->trace.parent_id));
    if (record->trace.state.data)
        json_text(json, "traceState", record->trace.state);
    write_times(otlp, record->began_us, record->ended_us);
    json_open_array(json, "attributes");
    write_text_attribute(json, "http.request.method", STR("POST"));
    write_text_attribute(json, "http.route", STR("/v1/messages"));
    write_number_attribute(json, "http.response.status_code", record->http_status);
    write_number_attribute(json, "http.request.body.size", (int64_t)record->request_bytes);
    write_text_attribute(json, "postern.id", str_of(record->id));
    write_text_attribute(json, "postern.delivery", str_of(delivery_name(record->delivery)));
    write_number_attribute(json, "postern.recipients", (int64_t)record->recipients);
    write_number_attribute(json, "postern.message_bytes", (int64_t)record->message_bytes);
    if (record->fault != FAULT_NONE)
        write_text_attribute(json, "error.type", str_of(fault_kind(record->fault)->name));
    json_close_array(json);
    write_status(json, record);
    json_close_object(json);
}

static void write_relay_attributes(struct json_writer *json, const struct span_record *record,
                                   enum outcome_phase phase)
{
    if (record->host.data)
        write_text_attribute(json, "server.address", record->host);
    if (record->port)
        write_number_attribute(json, "server.port", record->port);
    if (phase == PHASE_TLS && record->tls[0])
        write_text_attribute(json, "tls.protocol.version", str_of(record->tls));
    if (phase == PHASE_DATA && record->reply_code)
        write_number_attribute(json, "postern.reply_code", record->reply_code);
}

static void write_phase(struct otlp_json *otlp, const struct span_record *record, enum outcome_phase phase)
{
    struct json_writer *json = &otlp->json;
    const struct outcome_spell *spell = &record->phases[phase];
    char span_id[SPAN_ID_BYTES];
    trace_context_draw_span(span_id);
    open_span(otlp, record, outcome_phase_name(phase), phase == PHASE_QUEUED ? KIND_INTERNAL : KIND_CLIENT);
    json_text(json, "spanId", str_of(span_id));
    json_text(json, "parentSpanId", str_of(record->trace.span_id));
    write_times(otlp, spell->began_us, spell->ended_us);
    json_open_array(json, "attributes");
    if (phase != PHASE_QUEUED)
        write_relay_attributes(json, record, phase);
    json_close_array(json);
    json_close_object(json);
}

void otlp_json_add(struct otlp_json *otlp, const struct span_record *record)
{
    write_message(otlp, record);
    for (enum outcome_phase phase = PHASE_QUEUED; phase < OUTCOME_PHASES; phase++)
        if (record->phases[phase].began_us)
            write_phase(otlp, record, phase);
}

void otlp_json_begin(struct otlp_json *otlp, int64_t epoch_us, struct str instance)
{
    struct json_writer *json = &otlp->json;
    *otlp = (struct otlp_json){.epoch_us = epoch_us};
    json_writer_init(json, MAX_BYTES);
    json_open_object(json, NULL);
    json_open_array(json, "resourceSpans");
    json_open_object(json, NULL);
    json_open_object(json, "resource");
    json_open_array(json, "attributes");
    write_text_attribute(json, "service.name", STR("postern"));
    write_text_attribute(json, "service.version", STR(POSTERN_VERSION));
    if (instance.len)
        write_text_attribute(json, "service.instance.id", instance);
    json_close_array(json);
    json_close_object(json);
    json_open_array(json, "scopeSpans");
    json_open_object(json, NULL);
    json_open_object(json, "scope");
    json_text(json, "name", STR("postern"));
    json_text(json, "version", STR(POSTERN_VERSION));
    json_close_object(json);
    json_open_array(json, "spans");
}

char *otlp_json_take(struct otlp_json *otlp, size_t *bytes)
{
    struct json_writer *json = &otlp->json;
    json_close_array(json);
    json_close_object(json);
    json_close_array(json);
    json_close_object(json);
    json_close_array(json);
    json_close_object(json);
    return json_take(json, bytes);
}
