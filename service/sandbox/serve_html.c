/* A message's HTML for a frame: in UTF-8, its inline parts by their own addresses. What it may do is not a matter of
 * taking things out of it, which never ends, but of its policy: no script, no frame, no form, no origin of its own,
 * and nothing from elsewhere but, where it is asked for, pictures, styles and fonts. */
#include "base/percent.h"
#include "service/sandbox/asked.h"
#include "service/sandbox/part.h"
#include "service/sandbox/serve.h"
#include "service/sandbox/show.h"

#include <stdlib.h>

enum { MAX_ID_BYTES = 998, MAX_LOOKUPS = 10000, MAX_HTML_BYTES = 256 << 20 };

static const char policy[] = "sandbox; default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; "
                             "font-src data:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'";
static const char remote_policy[] = "sandbox; default-src 'none'; img-src 'self' data: http: https:; "
                                    "style-src 'unsafe-inline' http: https:; font-src data: http: https:; "
                                    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'";

/* A link opens nothing, since a frame of this policy has no windows; without the target it would lead the frame away. */
#define BEGINNING "<!DOCTYPE html><base target=\"_blank\">"

/* How much of `text` can be an ID in an address: up to what ends one in HTML or CSS. */
static size_t id_len(struct str text)
{
    size_t len = 0;
    while (len < text.len && len < MAX_ID_BYTES && str_is_visible(str_first(str_from(text, len), 1)) &&
           text.data[len] != '"' && text.data[len] != '\'' && text.data[len] != ')' &&
           text.data[len] != '<' && text.data[len] != '>')
        len++;
    return len;
}

/* The part that an address of the scheme "cid" means (RFC 2392); `text` begins behind the colon. NULL for none. */
static const struct sandbox_part *find_part(struct arena *arena, const struct sandbox_parts *parts,
                                            struct str text, size_t *len)
{
    struct str id = str_first(text, id_len(text));
    *len = id.len;
    const struct sandbox_part *part = sandbox_parts_find_id(parts, id);
    return part ? part : sandbox_parts_find_id(parts, percent_decode(arena, id));
}

static bool ends_in_scheme(struct str text)
{
    size_t len = text.len;
    return len >= 3 && str_equal_nocase(str_from(text, len - 3), STR("cid"));
}

/* From colon to colon. */
static void append_with_addresses(struct buf *out, struct arena *arena, const struct sandbox_message *message,
                                  const struct sandbox_parts *parts, struct str html)
{
    size_t lookups = 0;
    char url[SHOW_URL_BYTES];
    while (html.len && !out->failed) {
        size_t colon = str_index(html, ':'), len = 0;
        struct str before = str_first(html, colon);
        html = str_from(html, colon);
        const struct sandbox_part *part = NULL;
        if (ends_in_scheme(before) && lookups++ < MAX_LOOKUPS)
            part = find_part(arena, parts, str_from(html, 1), &len);
        if (part) {
            buf_append(out, str_first(before, before.len - 3));
            show_part_url(url, message, (size_t)(part - parts->items));
            buf_append(out, str_of(url));
            html = str_from(html, 1 + len);
        } else {
            buf_append(out, before);
            buf_append(out, str_first(html, 1));
            html = str_from(html, 1);
        }
    }
}

/* NULL when out of memory. */
static char *make(struct arena *arena, const struct sandbox_message *message,
                  const struct sandbox_parts *parts, const struct sandbox_part *part, size_t *bytes)
{
    bool clean;
    struct buf text, html;
    char *octets = malloc(part->body.len + 1);
    if (!octets)
        return NULL;
    size_t len = sandbox_decode(part->encoding, part->body, octets, &clean);
    buf_init(&text, 4 * part->body.len + 16);
    buf_init(&html, MAX_HTML_BYTES);
    sandbox_charset_append(&text, part->charset, (struct str){octets, len});
    free(octets);
    buf_append(&html, STR(BEGINNING));
    append_with_addresses(&html, arena, message, parts, buf_view(&text));
    bool failed = text.failed || html.failed;
    buf_fini(&text);
    if (failed)
        buf_fini(&html);
    *bytes = html.len;
    return failed ? NULL : html.data;
}

static bool read_query(struct arena *arena, struct str query, bool *is_remote, struct problem *problem)
{
    uint64_t remote = 0;
    const struct asked_parameter parameters[] = {{.name = STR("remote"), .number = &remote, .max = 1}};
    bool valid = asked_read(arena, query, parameters, 1, problem);
    *is_remote = remote;
    return valid;
}

void serve_html(struct sandbox_message *message, struct str query, struct api_answer *answer)
{
    struct problem problem = {0};
    struct sandbox_parts parts;
    struct arena arena;
    bool is_remote;
    arena_init(&arena, SERVE_ARENA_BYTES);
    const struct sandbox_part *part = NULL;
    bool valid = read_query(&arena, query, &is_remote, &problem);
    if (valid && sandbox_parts_read(&arena, buf_view(&message->content), &parts))
        part = sandbox_parts_find_text(&parts, STR("text/html"));
    if (!valid) {
        serve_problem(answer, &problem);
    } else if (!part) {
        serve_fault(answer, FAULT_NOT_FOUND, "the message has no HTML");
    } else {
        answer->body = make(&arena, message, &parts, part, &answer->body_bytes);
        answer->status = 200;
        answer->content_type = "text/html; charset=utf-8";
        serve_field(answer, "Content-Security-Policy", is_remote ? remote_policy : policy);
        serve_field(answer, "Referrer-Policy", "no-referrer");
    }
    arena_fini(&arena);
}
