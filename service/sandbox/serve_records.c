/* What happened: exchanges, sessions, and events as they come. */
#include "service/sandbox/asked.h"
#include "service/sandbox/header.h"
#include "service/sandbox/serve.h"
#include "service/sandbox/show.h"

#include <stdio.h>

enum { DEFAULT_LIMIT = 100, MAX_LIMIT = 1000 };

/* For one of both kinds: all of them up to a limit, or one by its ID. */
struct look {
    struct json_writer json;
    struct str id;  /* absent: all */
    uint64_t limit; /* that are left */
    bool found;
    struct sandbox_store *store;
};

/* The message that an exchange led to. Where the reply with the queue ID did not arrive, the Message-ID tells. */
struct pursuit {
    const struct sandbox_exchange *exchange;
    char id[SANDBOX_QUEUE_ID_BYTES];
};

static bool see_message(void *context, struct sandbox_message *message)
{
    struct pursuit *pursuit = context;
    const struct sandbox_exchange *exchange = pursuit->exchange;
    struct str id = str_of(message->queue_id);
    bool is_it = exchange->queue_id.data
                     ? str_equal(id, exchange->queue_id)
                     : str_equal(sandbox_header_find(buf_view(&message->content), STR("Message-ID")),
                                 exchange->message_id);
    if (is_it)
        snprintf(pursuit->id, sizeof pursuit->id, "%s", message->queue_id);
    return !is_it;
}

static void show_with_message(struct look *look, const struct sandbox_exchange *exchange)
{
    struct pursuit pursuit = {.exchange = exchange};
    if (exchange->queue_id.data || exchange->message_id.len)
        sandbox_store_each(look->store, see_message, &pursuit);
    show_exchange(&look->json, exchange, pursuit.id[0] ? str_of(pursuit.id) : (struct str){0});
}

static bool see_exchange(void *context, const struct sandbox_exchange *exchange)
{
    struct look *look = context;
    if (!look->id.data) {
        show_exchange_line(&look->json, exchange);
        return --look->limit > 0;
    }
    look->found = str_equal(str_of(exchange->id), look->id);
    if (look->found)
        show_with_message(look, exchange);
    return !look->found;
}

static bool see_session(void *context, const struct sandbox_record *record)
{
    struct look *look = context;
    char id[24];
    if (!look->id.data) {
        show_session_line(&look->json, record);
        return --look->limit > 0;
    }
    int len = snprintf(id, sizeof id, "%llu", (unsigned long long)record->session);
    look->found = str_equal((struct str){id, (size_t)len}, look->id);
    if (look->found)
        show_session(&look->json, record);
    return !look->found;
}

static bool read_limit(const struct api_call *call, struct api_answer *answer, uint64_t *limit)
{
    const struct asked_parameter parameters[] = {{.name = STR("limit"), .number = limit, .max = MAX_LIMIT}};
    struct problem problem = {0};
    struct arena arena;
    *limit = DEFAULT_LIMIT;
    arena_init(&arena, SERVE_ARENA_BYTES);
    bool valid = asked_read(&arena, call->query, parameters, 1, &problem);
    if (!valid)
        serve_problem(answer, &problem);
    arena_fini(&arena);
    return valid;
}

static void begin_list(struct look *look, const char *name)
{
    json_writer_init(&look->json, SERVE_MAX_JSON_BYTES);
    json_open_object(&look->json, NULL);
    json_open_array(&look->json, name);
}

static void end_list(struct look *look, struct api_answer *answer)
{
    json_close_array(&look->json);
    json_close_object(&look->json);
    serve_json(answer, &look->json);
}

static void end_one(struct look *look, struct api_answer *answer)
{
    if (look->found) {
        serve_json(answer, &look->json);
        return;
    }
    buf_fini(&look->json.out);
    serve_fault(answer, FAULT_NOT_FOUND, "the sandbox keeps none of this ID");
}

void serve_exchanges(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct look look = {0};
    if (!read_limit(call, answer, &look.limit))
        return;
    begin_list(&look, "exchanges");
    if (look.limit)
        sandbox_book_each(sandbox->book, see_exchange, &look);
    end_list(&look, answer);
}

void serve_exchange(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct look look = {.id = call->rest, .store = sandbox->terms.store};
    json_writer_init(&look.json, SERVE_MAX_JSON_BYTES);
    sandbox_book_each(sandbox->book, see_exchange, &look);
    end_one(&look, answer);
}

void serve_sessions(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct look look = {0};
    if (!read_limit(call, answer, &look.limit))
        return;
    begin_list(&look, "sessions");
    if (look.limit)
        sandbox_journal_each(sandbox->terms.journal, see_session, &look);
    end_list(&look, answer);
}

void serve_session(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct look look = {.id = call->rest};
    json_writer_init(&look.json, SERVE_MAX_JSON_BYTES);
    sandbox_journal_each(sandbox->terms.journal, see_session, &look);
    end_one(&look, answer);
}

/* Where other clients send to. */
void serve_server(void *context, const struct api_call *call, struct api_answer *answer)
{
    const struct sandbox *sandbox = context;
    struct json_writer json;
    (void)call;
    json_writer_init(&json, SERVE_MAX_JSON_BYTES);
    json_open_object(&json, NULL);
    json_text(&json, "smtp_host", str_of(sandbox->host));
    json_uint(&json, "smtp_port", sandbox->port);
    json_bool(&json, "login_needed", sandbox->terms.credentials.username);
    json_close_object(&json);
    serve_json(answer, &json);
}

void serve_events(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    (void)call;
    if (!sandbox_events_listen(sandbox->terms.events, &answer->feed)) {
        serve_fault(answer, FAULT_OVERLOADED, "there are too many listeners already");
        return;
    }
    answer->status = 200;
    answer->content_type = "text/event-stream";
    serve_field(answer, "Content-Security-Policy", SERVE_INERT);
    serve_field(answer, "X-Accel-Buffering",
                "no"); /* a proxy in front that gathers answers would hold it for ever */
}
