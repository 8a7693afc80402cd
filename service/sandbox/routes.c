/* What was captured, over HTTP. A message is written to JSON, or copied, under the store's lock: it may be
 * dropped as soon as that is released. Headers are shown as they came, unfolded but not decoded; the .eml is
 * the message to the octet. */
#include "api/json_write.h"
#include "api/problem.h"
#include "base/clock.h"
#include "service/sandbox/header.h"
#include "service/sandbox/sandbox.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A list of the longest envelopes; a message's JSON has so many of its headers, each so far: the .eml has
 * all. */
enum { MAX_JSON_BYTES = 64 << 20, MAX_SHOWN_HEADERS = 1000, MAX_SHOWN_VALUE_BYTES = 16384 };

static void answer_fault(struct api_answer *answer, enum fault_code code, const char *detail)
{
    struct problem problem = {0};
    fault_set(&problem.fault, code, "%s", detail);
    answer->status = fault_kind(code)->http_status;
    answer->fault = code;
    answer->content_type = "application/problem+json";
    answer->body = problem_json(&problem, (struct str){0});
    answer->body_bytes = answer->body ? strlen(answer->body) : 0;
}

static void answer_not_found(struct api_answer *answer)
{
    answer_fault(answer, FAULT_NOT_FOUND, "the sandbox has no message of this queue ID");
}

static void answer_json(struct api_answer *answer, struct json_writer *json)
{
    answer->body = json_take(json, &answer->body_bytes);
    answer->status = 200;
    answer->content_type = "application/json";
    if (!answer->body)
        answer_fault(answer, FAULT_OVERLOADED, "out of memory");
}

static void write_header_value(struct json_writer *json, const char *name, struct str value)
{
    struct buf line;
    buf_init(&line, MAX_SHOWN_VALUE_BYTES);
    sandbox_header_unfold(&line, value);
    json_text(json, name, value.data ? buf_view(&line) : value);
    buf_fini(&line);
}

static void write_envelope(struct json_writer *json, const struct sandbox_message *message)
{
    json_open_object(json, "envelope");
    json_text(json, "from", buf_view(&message->return_path));
    json_open_array(json, "to");
    struct str rest = buf_view(&message->recipients);
    for (size_t i = 0; i < message->recipient_count; i++)
        json_text(json, NULL, str_cut(&rest, '\0'));
    json_close_array(json);
    json_close_object(json);
}

/* What a list shows of a message, and its own JSON begins with. */
static void write_summary(struct json_writer *json, const struct sandbox_message *message)
{
    struct str content = buf_view(&message->content);
    char received_at[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(message->received_ms, received_at);
    json_text(json, "id", str_of(message->queue_id));
    json_text(json, "queue_id", str_of(message->queue_id));
    json_text(json, "received_at", str_of(received_at));
    write_envelope(json, message);
    write_header_value(json, "subject", sandbox_header_find(content, STR("Subject")));
    json_uint(json, "size_bytes", content.len);
}

static void write_listed(void *context, const struct sandbox_message *message)
{
    struct json_writer *json = context;
    json_open_object(json, NULL);
    write_summary(json, message);
    json_close_object(json);
}

static void write_whole(void *context, const struct sandbox_message *message)
{
    struct json_writer *json = context;
    struct str rest = buf_view(&message->content);
    struct sandbox_header header;
    char raw_url[64];
    snprintf(raw_url, sizeof raw_url, "/sandbox/messages/%s.eml", message->queue_id);
    json_open_object(json, NULL);
    write_summary(json, message);
    json_open_array(json, "headers");
    for (size_t i = 0; i < MAX_SHOWN_HEADERS && sandbox_header_next(&rest, &header); i++) {
        json_open_object(json, NULL);
        json_text(json, "name", header.name);
        write_header_value(json, "value", header.value);
        json_close_object(json);
    }
    json_close_array(json);
    json_text(json, "raw_url", str_of(raw_url));
    json_close_object(json);
}

/* Without memory the body stays absent. */
static void copy_content(void *context, const struct sandbox_message *message)
{
    struct api_answer *answer = context;
    struct str content = buf_view(&message->content);
    answer->body = malloc(content.len + 1);
    if (!answer->body)
        return;
    memcpy(answer->body, content.data, content.len);
    answer->body_bytes = content.len;
}

static void answer_list(void *context, struct str rest, struct api_answer *answer)
{
    (void)rest;
    struct json_writer json;
    json_writer_init(&json, MAX_JSON_BYTES);
    json_open_object(&json, NULL);
    json_open_array(&json, "messages");
    sandbox_store_each(sandbox_captured(context), write_listed, &json);
    json_close_array(&json);
    json_close_object(&json);
    answer_json(answer, &json);
}

static void answer_whole(struct sandbox_store *store, struct str queue_id, struct api_answer *answer)
{
    struct json_writer json;
    json_writer_init(&json, MAX_JSON_BYTES);
    if (sandbox_store_find(store, queue_id, write_whole, &json)) {
        answer_json(answer, &json);
    } else {
        buf_fini(&json.out);
        answer_not_found(answer);
    }
}

static void answer_raw(struct sandbox_store *store, struct str queue_id, struct api_answer *answer)
{
    if (!sandbox_store_find(store, queue_id, copy_content, answer)) {
        answer_not_found(answer);
    } else if (!answer->body) {
        answer_fault(answer, FAULT_OVERLOADED, "out of memory");
    } else {
        answer->status = 200;
        answer->content_type = "message/rfc822";
    }
}

static void answer_message(void *context, struct str rest, struct api_answer *answer)
{
    struct str suffix = STR(".eml");
    size_t id_len = rest.len > suffix.len ? rest.len - suffix.len : 0;
    if (str_equal(str_from(rest, id_len), suffix))
        answer_raw(sandbox_captured(context), str_first(rest, id_len), answer);
    else
        answer_whole(sandbox_captured(context), rest, answer);
}

static void answer_clear(void *context, struct str rest, struct api_answer *answer)
{
    (void)rest;
    sandbox_store_clear(sandbox_captured(context));
    answer->status = 204;
}

const struct api_route sandbox_routes[] = {
    {"GET", "/sandbox/messages", answer_list},
    {"GET", "/sandbox/messages/*", answer_message},
    {"DELETE", "/sandbox/messages", answer_clear},
};
const size_t sandbox_route_count = sizeof sandbox_routes / sizeof sandbox_routes[0];
