/* The list. It is looked through from the newest message on; a page goes on before the last one's number, so that what
 * arrives or is dropped in between shifts nothing. */
#include "service/sandbox/asked.h"
#include "service/sandbox/digest.h"
#include "service/sandbox/serve.h"
#include "service/sandbox/show.h"

/* A page ends early where its envelopes fill it. */
enum { DEFAULT_LIMIT = 100, MAX_LIMIT = 1000, MAX_WAIT_MS = 60000, FULL_PAGE_BYTES = 8 << 20 };

struct listing {
    struct str search, to;
    uint64_t before, after, limit;
    int64_t wait_ms;
    struct json_writer json;
    uint64_t shown, last_number;
    bool has_more;
};

static bool fits(const struct listing *listing, const struct sandbox_message *message)
{
    return (!listing->before || message->number < listing->before) &&
           (!listing->search.len || sandbox_digest_has(message, listing->search)) &&
           (!listing->to.len || sandbox_digest_is_to(message, listing->to));
}

static bool see(void *context, struct sandbox_message *message)
{
    struct listing *listing = context;
    if (message->number <= listing->after)
        return false;
    if (!fits(listing, message))
        return true;
    listing->has_more = listing->shown == listing->limit || listing->json.out.len > FULL_PAGE_BYTES;
    if (listing->has_more)
        return false;
    show_message_line(&listing->json, message);
    listing->last_number = message->number;
    listing->shown++;
    return true;
}

static void list(struct sandbox_store *store, struct listing *listing)
{
    struct json_writer *json = &listing->json;
    json_writer_init(json, SERVE_MAX_JSON_BYTES);
    json_open_object(json, NULL);
    json_open_array(json, "messages");
    sandbox_store_each(store, see, listing);
    json_close_array(json);
    json_uint(json, "total", sandbox_store_count(store));
    if (listing->has_more && listing->shown)
        json_uint(json, "next_before", listing->last_number);
    else
        json_null(json, "next_before");
    json_close_object(json);
}

static bool read_query(struct arena *arena, struct str query, struct listing *listing,
                       struct problem *problem)
{
    const struct asked_parameter parameters[] = {
        {.name = STR("search"), .text = &listing->search},
        {.name = STR("to"), .text = &listing->to},
        {.name = STR("before"), .number = &listing->before, .max = INT64_MAX},
        {.name = STR("after"), .number = &listing->after, .max = INT64_MAX},
        {.name = STR("limit"), .number = &listing->limit, .max = MAX_LIMIT},
        {.name = STR("wait"), .ms = &listing->wait_ms, .max = MAX_WAIT_MS},
    };
    return asked_read(arena, query, parameters, sizeof parameters / sizeof parameters[0], problem);
}

/* Waits where there is none yet, and time is left. */
static void answer_or_wait(struct sandbox *sandbox, const struct api_call *call, struct listing *listing,
                           struct api_answer *answer)
{
    struct bell *bell = sandbox_events_bell(sandbox->terms.events);
    uint64_t seen = bell_count(bell);
    struct deadline until = {call->came.at_us + listing->wait_ms * 1000};
    list(sandbox->terms.store, listing);
    if (listing->shown || deadline_passed(until)) {
        serve_json(answer, &listing->json);
        return;
    }
    buf_fini(&listing->json.out);
    answer->bell = bell;
    answer->seen = seen;
    answer->until = until;
}

void serve_messages(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct listing listing = {.limit = DEFAULT_LIMIT};
    struct problem problem = {0};
    struct arena arena;
    arena_init(&arena, SERVE_ARENA_BYTES);
    if (read_query(&arena, call->query, &listing, &problem))
        answer_or_wait(context, call, &listing, answer);
    else
        serve_problem(answer, &problem);
    arena_fini(&arena);
}

/* All that was kept of the past; rules of behaviour stay. */
void serve_clear(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    (void)call;
    sandbox_store_clear(sandbox->terms.store);
    sandbox_journal_clear(sandbox->terms.journal);
    sandbox_book_clear(sandbox->book);
    sandbox_events_add(sandbox->terms.events, SANDBOX_EVENT_CLEARED, "");
    answer->status = 204;
}
