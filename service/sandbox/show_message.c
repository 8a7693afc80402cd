#include "base/clock.h"
#include "service/sandbox/digest.h"
#include "service/sandbox/header.h"
#include "service/sandbox/show.h"
#include "service/sandbox/words.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SHOWN_HEADERS = 1000, MAX_SHOWN_VALUE_BYTES = 16384, MAX_SHOWN_TEXT_BYTES = 1 << 20 };

void show_url(char url[static SHOW_URL_BYTES], const struct sandbox_message *message, const char *what)
{
    snprintf(url, SHOW_URL_BYTES, "/sandbox/shown/%s/%s/%s", message->queue_id, message->ticket, what);
}

void show_part_url(char url[static SHOW_URL_BYTES], const struct sandbox_message *message, size_t place)
{
    char what[32];
    snprintf(what, sizeof what, "parts/%zu", place);
    show_url(url, message, what);
}

static void write_envelope(struct json_writer *json, const struct sandbox_message *message)
{
    struct str rest = buf_view(&message->recipients), address, parameters;
    json_open_object(json, "envelope");
    json_text(json, "from", buf_view(&message->return_path));
    json_open_array(json, "to");
    while (sandbox_message_next_recipient(&rest, &address, &parameters))
        json_text(json, NULL, address);
    json_close_array(json);
    json_close_object(json);
}

static void write_line(struct json_writer *json, const struct sandbox_message *message)
{
    struct sandbox_digest digest;
    char received_at[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(message->received_ms, received_at);
    sandbox_digest_read(message, &digest);
    json_text(json, "id", str_of(message->queue_id));
    json_text(json, "queue_id", str_of(message->queue_id));
    json_uint(json, "number", message->number);
    json_text(json, "received_at", str_of(received_at));
    write_envelope(json, message);
    json_text(json, "subject", digest.subject);
    json_text(json, "from", digest.from);
    json_text(json, "to", digest.to);
    json_uint(json, "size_bytes", message->content.len);
    json_uint(json, "attachments", message->attachment_count);
}

void show_message_line(struct json_writer *json, const struct sandbox_message *message)
{
    json_open_object(json, NULL);
    write_line(json, message);
    json_close_object(json);
}

/* As they were said (RFC 1870, 3461, 6152, 6531, 8689). */
static void write_parameters(struct json_writer *json, const struct sandbox_message *message)
{
    struct str rest = buf_view(&message->recipients), address, parameters;
    json_open_object(json, "smtp");
    json_text(json, "mail_parameters", buf_view(&message->mail_parameters));
    json_open_array(json, "recipient_parameters");
    while (sandbox_message_next_recipient(&rest, &address, &parameters))
        json_text(json, NULL, parameters);
    json_close_array(json);
    json_uint(json, "session", message->session);
    json_close_object(json);
}

static void write_headers(struct json_writer *json, struct str header)
{
    struct sandbox_header field;
    json_open_array(json, "headers");
    for (size_t i = 0; i < MAX_SHOWN_HEADERS && sandbox_header_next(&header, &field); i++) {
        struct buf value;
        buf_init(&value, MAX_SHOWN_VALUE_BYTES);
        sandbox_words_append(&value, field.value);
        json_open_object(json, NULL);
        json_text(json, "name", field.name);
        json_text(json, "value", buf_view(&value));
        json_close_object(json);
        buf_fini(&value);
    }
    json_close_array(json);
}

static void write_part(struct json_writer *json, const struct sandbox_message *message,
                       const struct sandbox_parts *parts, size_t place)
{
    const struct sandbox_part *part = &parts->items[place];
    char url[SHOW_URL_BYTES];
    bool clean = true;
    size_t bytes =
        part->is_container ? part->body.len : sandbox_decode(part->encoding, part->body, NULL, &clean);
    const char *trouble = part->trouble ? part->trouble
                          : clean       ? NULL
                                        : "the content is not encoded as it says";
    show_part_url(url, message, place);
    json_open_object(json, NULL);
    json_uint(json, "part", place);
    json_uint(json, "parent", part->parent);
    json_uint(json, "depth", part->depth);
    json_text(json, "content_type", part->type);
    json_text(json, "charset", part->charset);
    json_text(json, "encoding", part->encoding_name);
    json_text(json, "disposition", part->disposition);
    json_text(json, "filename", part->filename);
    json_text(json, "content_id", part->content_id);
    json_uint(json, "encoded_bytes", part->body.len);
    json_uint(json, "size_bytes", bytes);
    json_bool(json, "attachment", sandbox_part_is_attachment(part));
    json_text(json, "trouble", str_of(trouble));
    json_text(json, "url", str_of(url));
    json_close_object(json);
}

/* Null where there is none. A text that is cut says so beside it. */
static void write_text(struct json_writer *json, const char *name, const char *cut_name,
                       const struct sandbox_part *part)
{
    if (!part) {
        json_null(json, name);
        return;
    }
    bool clean;
    char *octets = malloc(part->body.len + 1);
    size_t len = octets ? sandbox_decode(part->encoding, part->body, octets, &clean) : 0;
    struct buf text;
    buf_init(&text, MAX_SHOWN_TEXT_BYTES);
    struct str shown = str_first((struct str){octets, len}, MAX_SHOWN_TEXT_BYTES);
    sandbox_charset_append(&text, part->charset, shown);
    json_text(json, name, text.len ? buf_view(&text) : STR(""));
    json_bool(json, cut_name, len > MAX_SHOWN_TEXT_BYTES);
    buf_fini(&text);
    free(octets);
}

static void write_urls(struct json_writer *json, const struct sandbox_message *message, bool has_html)
{
    char url[SHOW_URL_BYTES];
    show_url(url, message, "eml");
    json_text(json, "raw_url", str_of(url));
    show_url(url, message, "html");
    json_text(json, "html_url", has_html ? str_of(url) : (struct str){0});
}

void show_message(struct json_writer *json, const struct sandbox_message *message,
                  const struct sandbox_parts *parts, struct str exchange_id)
{
    const struct sandbox_part *html = sandbox_parts_find_text(parts, STR("text/html"));
    json_open_object(json, NULL);
    write_line(json, message);
    write_parameters(json, message);
    json_text(json, "exchange", exchange_id);
    write_headers(json, parts->items[0].header);
    write_text(json, "text", "text_is_cut", sandbox_parts_find_text(parts, STR("text/plain")));
    write_text(json, "html", "html_is_cut", html);
    json_open_array(json, "parts");
    for (size_t i = 0; i < parts->count; i++)
        write_part(json, message, parts, i);
    json_close_array(json);
    show_dialogue(json, "dialogue", buf_view(&message->dialogue));
    write_urls(json, message, html);
    json_close_object(json);
}
