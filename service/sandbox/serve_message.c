#include "service/sandbox/header.h"
#include "service/sandbox/serve.h"
#include "service/sandbox/show.h"

#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>

static void answer_not_found(struct api_answer *answer)
{
    serve_fault(answer, FAULT_NOT_FOUND,
                "the sandbox has no message of this queue ID, or no such part of it");
}

struct search {
    struct str queue_id, message_id;
    char id[UUID_BYTES];
};

/* Where the reply with the queue ID did not arrive, the Message-ID tells. */
static bool is_of(const struct sandbox_exchange *exchange, const struct search *search)
{
    if (exchange->queue_id.data)
        return str_equal(exchange->queue_id, search->queue_id);
    return exchange->message_id.len && str_equal(exchange->message_id, search->message_id);
}

static bool see_exchange(void *context, const struct sandbox_exchange *exchange)
{
    struct search *search = context;
    if (!is_of(exchange, search))
        return true;
    snprintf(search->id, sizeof search->id, "%s", exchange->id);
    return false;
}

static void answer_whole(struct sandbox *sandbox, struct sandbox_message *message, struct api_answer *answer)
{
    struct str content = buf_view(&message->content);
    struct search search = {.queue_id = str_of(message->queue_id),
                            .message_id = sandbox_header_find(content, STR("Message-ID"))};
    struct sandbox_parts parts;
    struct json_writer json;
    struct arena arena;
    arena_init(&arena, SERVE_ARENA_BYTES);
    sandbox_book_each(sandbox->book, see_exchange, &search);
    json_writer_init(&json, SERVE_MAX_JSON_BYTES);
    if (sandbox_parts_read(&arena, content, &parts)) {
        show_message(&json, message, &parts, search.id[0] ? str_of(search.id) : (struct str){0});
        serve_json(answer, &json);
    } else {
        serve_fault(answer, FAULT_OVERLOADED, "out of memory");
    }
    arena_fini(&arena);
}

/* What a browser may show by itself, in a picture or as text; all else is octets to it. */
static const char *safe_type(struct str type)
{
    static const char *const types[] = {"image/png", "image/jpeg", "image/gif", "image/webp"};
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
        if (str_equal(type, str_of(types[i])))
            return types[i];
    return "application/octet-stream";
}

/* RFC 6266: a name in plain ASCII, without what could end it or lead elsewhere. */
static void write_disposition(char *value, size_t bytes, struct str filename, size_t part)
{
    char name[96];
    size_t len = 0;
    for (size_t i = 0; i < filename.len && len + 1 < sizeof name; i++) {
        char c = filename.data[i];
        bool plain =
            char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '_' || (c == '.' && len) || c == ' ';
        name[len++] = plain ? c : '_';
    }
    name[len] = '\0';
    if (len)
        snprintf(value, bytes, "attachment; filename=\"%s\"", name);
    else
        snprintf(value, bytes, "attachment; filename=\"part-%zu\"", part);
}

static void answer_part(const struct sandbox_part *part, size_t number, struct api_answer *answer)
{
    bool clean;
    char disposition[API_FIELD_BYTES];
    answer->body = malloc(part->body.len + 1);
    if (!answer->body)
        return;
    answer->body_bytes = sandbox_decode(part->encoding, part->body, answer->body, &clean);
    answer->status = 200;
    answer->content_type = safe_type(part->type);
    write_disposition(disposition, sizeof disposition, part->filename, number);
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
    serve_field(answer, "Content-Disposition", disposition);
}

void serve_part(struct sandbox_message *message, struct str number, struct api_answer *answer)
{
    struct sandbox_parts parts;
    struct arena arena;
    uint64_t place;
    arena_init(&arena, SERVE_ARENA_BYTES);
    if (!sandbox_parts_read(&arena, buf_view(&message->content), &parts))
        serve_fault(answer, FAULT_OVERLOADED, "out of memory");
    else if (str_to_uint(number, parts.count - 1, &place))
        answer_part(&parts.items[place], (size_t)place, answer);
    else
        answer_not_found(answer);
    arena_fini(&arena);
}

/* Takes the hold over. */
static void answer_raw(struct sandbox_message *message, struct api_answer *answer)
{
    serve_held(answer, message, buf_view(&message->content), "message/rfc822");
    serve_field(answer, "Content-Disposition", "attachment; filename=\"message.eml\"");
}

static void answer_view(struct sandbox_message *message, struct str what, struct str query,
                        struct api_answer *answer)
{
    static const struct str parts = STR("parts/");
    if (str_starts_with(what, parts))
        serve_part(message, str_from(what, parts.len), answer);
    else if (str_equal(what, STR("html")))
        serve_html(message, query, answer);
    else
        answer_not_found(answer);
}

void serve_message(void *context, const struct api_call *call, struct api_answer *answer)
{
    static const struct str suffix = STR(".eml");
    struct sandbox *sandbox = context;
    struct str rest = call->rest;
    struct str id = str_cut(&rest, '/');
    size_t stem = id.len > suffix.len ? id.len - suffix.len : 0;
    bool is_raw = !rest.data && str_equal(str_from(id, stem), suffix);
    struct sandbox_message *message =
        sandbox_store_find(sandbox->terms.store, is_raw ? str_first(id, stem) : id);
    if (!message) {
        answer_not_found(answer);
        return;
    }
    if (is_raw) {
        answer_raw(message, answer);
        return;
    }
    if (rest.data)
        answer_view(message, rest, call->query, answer);
    else
        answer_whole(sandbox, message, answer);
    sandbox_message_release(&message);
}

static bool is_ticket(const struct sandbox_message *message, struct str ticket)
{
    return ticket.len == SANDBOX_TICKET_BYTES - 1 &&
           CRYPTO_memcmp(ticket.data, message->ticket, SANDBOX_TICKET_BYTES - 1) == 0;
}

/* Anyone's: the address itself is what lets in (show.h). */
void serve_shown(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct str what = call->rest;
    struct str id = str_cut(&what, '/'), ticket = str_cut(&what, '/');
    struct sandbox_message *message = sandbox_store_find(sandbox->terms.store, id);
    if (message && is_ticket(message, ticket) && str_equal(what, STR("eml"))) {
        answer_raw(message, answer);
        return;
    }
    if (message && is_ticket(message, ticket))
        answer_view(message, what, call->query, answer);
    else
        answer_not_found(answer);
    sandbox_message_release(&message);
}

void serve_remove(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    char id[SANDBOX_QUEUE_ID_BYTES];
    if (!sandbox_store_remove(sandbox->terms.store, call->rest)) {
        answer_not_found(answer);
        return;
    }
    snprintf(id, sizeof id, "%.*s", STR_ARG(call->rest));
    sandbox_events_add(sandbox->terms.events, SANDBOX_EVENT_REMOVED, id);
    answer->status = 204;
}
