/* Sessions and exchanges: what was said, on one time line. That of an exchange begins with the HTTP request and ends
 * with its answer; what stands in between is the gateway's own record of its dialogue (smtp/transcript.h), which has
 * also what no server saw. */
#include "base/clock.h"
#include "service/sandbox/show.h"

#include <stdio.h>

static const struct str speakers[] = {
    [SANDBOX_CLIENT] = STR("client"), [SANDBOX_SERVER] = STR("server"), [SANDBOX_NOTE] = STR("note")};

static void write_event(struct json_writer *json, int64_t at_us, struct str who, struct str text)
{
    json_open_object(json, NULL);
    json_milliseconds(json, "at_ms", at_us > 0 ? at_us : 0);
    json_text(json, "from", who);
    json_text(json, "text", text);
    json_close_object(json);
}

void show_dialogue(struct json_writer *json, const char *name, struct str dialogue)
{
    struct sandbox_line line;
    int64_t began_us = -1;
    json_open_array(json, name);
    while (sandbox_dialogue_next(&dialogue, &line)) {
        if (began_us < 0)
            began_us = line.at_us;
        bool is_cut = line.speaker == SANDBOX_CUT;
        write_event(json, line.at_us - began_us, speakers[is_cut ? SANDBOX_NOTE : line.speaker],
                    is_cut ? STR("more was said, and is left out") : line.text);
    }
    json_close_array(json);
}

static void write_session(struct json_writer *json, const struct sandbox_record *record)
{
    char began_at[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(record->began_ms, began_at);
    json_uint(json, "id", record->session);
    json_text(json, "began_at", str_of(began_at));
    json_text(json, "peer", str_of(record->peer));
    json_uint(json, "message_count", record->message_count);
    json_open_array(json, "messages");
    for (size_t i = 0; i < record->message_count && i < SANDBOX_SHOWN_MESSAGES; i++)
        json_text(json, NULL, str_of(record->queue_ids[i]));
    json_close_array(json);
}

void show_session_line(struct json_writer *json, const struct sandbox_record *record)
{
    json_open_object(json, NULL);
    write_session(json, record);
    json_close_object(json);
}

void show_session(struct json_writer *json, const struct sandbox_record *record)
{
    json_open_object(json, NULL);
    write_session(json, record);
    show_dialogue(json, "dialogue", buf_view(&record->lines));
    json_close_object(json);
}

static void write_exchange(struct json_writer *json, const struct sandbox_exchange *exchange)
{
    char received_at[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(exchange->received_ms, received_at);
    json_text(json, "id", str_of(exchange->id));
    json_text(json, "received_at", str_of(received_at));
    json_text(json, "method", exchange->method);
    json_text(json, "target", exchange->target);
    json_uint(json, "status", (uint64_t)exchange->status);
    json_text(json, "code", exchange->problem);
    json_text(json, "delivery", exchange->delivery);
    json_text(json, "queue_id", exchange->queue_id);
    json_text(json, "subject", exchange->subject);
    json_text(json, "recipient", exchange->recipient);
    json_uint(json, "recipient_count", exchange->recipient_count);
    json_milliseconds(json, "took_ms", exchange->answered_us - exchange->began_us);
}

void show_exchange_line(struct json_writer *json, const struct sandbox_exchange *exchange)
{
    json_open_object(json, NULL);
    write_exchange(json, exchange);
    json_close_object(json);
}

static void write_fields(struct json_writer *json, struct str fields)
{
    json_open_array(json, "fields");
    while (fields.len) {
        struct str value = str_cut(&fields, '\n');
        json_open_object(json, NULL);
        json_text(json, "name", str_cut(&value, ':'));
        json_text(json, "value", str_trim(value));
        json_close_object(json);
    }
    json_close_array(json);
}

/* "   12.3": milliseconds with one decimal. */
static int64_t read_time_us(struct str text)
{
    struct str tenths = str_trim(text);
    struct str whole = str_cut(&tenths, '.');
    uint64_t ms = 0, tenth = 0;
    str_to_uint(whole, INT64_MAX / 10000, &ms);
    str_to_uint(tenths, 9, &tenth);
    return (int64_t)(ms * 1000 + tenth * 100);
}

/* The lines of transcript.h: time, "S:", "C:" or "--", text. */
static void write_transcript(struct json_writer *json, struct str transcript, int64_t offset_us)
{
    static const struct {
        struct str mark, who;
    } marks[] = {{STR("C:"), STR("client")}, {STR("S:"), STR("server")}, {STR("--"), STR("note")}};
    while (transcript.len) {
        struct str line = str_trim(str_cut(&transcript, '\n'));
        struct str time = str_cut(&line, ' ');
        line = str_trim(line);
        for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
            if (str_starts_with(line, marks[i].mark))
                write_event(json, offset_us + read_time_us(time), marks[i].who,
                            str_trim(str_from(line, marks[i].mark.len)));
    }
}

static void write_timeline(struct json_writer *json, const struct sandbox_exchange *exchange)
{
    char text[64];
    struct str target = str_first(exchange->target, 512);
    struct buf line;
    buf_init(&line, 1024);
    buf_append_format(&line, "%.*s %.*s", STR_ARG(exchange->method), STR_ARG(target));
    json_open_array(json, "timeline");
    write_event(json, 0, STR("http_request"), buf_view(&line));
    write_transcript(json, exchange->dialogue, exchange->dialogue_us - exchange->began_us);
    snprintf(text, sizeof text, "%d", exchange->status);
    write_event(json, exchange->answered_us - exchange->began_us, STR("http_response"), str_of(text));
    json_close_array(json);
    buf_fini(&line);
}

void show_exchange(struct json_writer *json, const struct sandbox_exchange *exchange, struct str captured_id)
{
    json_open_object(json, NULL);
    write_exchange(json, exchange);
    json_text(json, "captured", captured_id);
    json_open_object(json, "request");
    write_fields(json, exchange->fields);
    json_text(json, "body", exchange->body);
    json_uint(json, "body_bytes", exchange->body_bytes);
    json_close_object(json);
    json_open_object(json, "response");
    json_text(json, "content_type", exchange->content_type);
    json_text(json, "body", exchange->answer);
    json_uint(json, "body_bytes", exchange->answer_bytes);
    json_close_object(json);
    write_timeline(json, exchange);
    json_close_object(json);
}
