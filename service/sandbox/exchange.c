#include "service/sandbox/exchange.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    MAX_EXCHANGES = 1000,
    MAX_BYTES = 32 << 20,
    MAX_ARENA_BYTES = 512 * 1024,
    MAX_ANSWER_BYTES = 32 * 1024,
    MAX_FIELDS_BYTES = 64 * 1024
};

struct sandbox_book {
    pthread_mutex_t lock;
    struct sandbox_exchange *ring[MAX_EXCHANGES];
    size_t oldest, count, bytes;
};

struct sandbox_book *sandbox_book_new(void)
{
    struct sandbox_book *book = calloc(1, sizeof *book);
    if (book)
        pthread_mutex_init(&book->lock, NULL);
    return book;
}

static void exchange_free(struct sandbox_exchange *exchange)
{
    arena_fini(&exchange->arena);
    free(exchange);
}

static size_t exchange_bytes(const struct sandbox_exchange *exchange)
{
    return sizeof *exchange + exchange->arena.taken_bytes;
}

static void drop_oldest(struct sandbox_book *book)
{
    struct sandbox_exchange *exchange = book->ring[book->oldest];
    book->oldest = (book->oldest + 1) % MAX_EXCHANGES;
    book->count--;
    book->bytes -= exchange_bytes(exchange);
    exchange_free(exchange);
}

void sandbox_book_free(struct sandbox_book **book)
{
    if (!*book)
        return;
    while ((*book)->count)
        drop_oldest(*book);
    pthread_mutex_destroy(&(*book)->lock);
    free(*book);
    *book = NULL;
}

static bool is_secret(struct str name)
{
    static const struct str secrets[] = {STR("Authorization"), STR("Proxy-Authorization"), STR("Cookie")};
    for (size_t i = 0; i < sizeof secrets / sizeof secrets[0]; i++)
        if (str_equal_nocase(name, secrets[i]))
            return true;
    return false;
}

static struct str copy_fields(struct arena *arena, const struct guard_request *request)
{
    struct buf text;
    buf_init(&text, MAX_FIELDS_BYTES);
    for (size_t i = 0; i < request->field_count && i < GUARD_MAX_FIELDS; i++) {
        const struct guard_field *field = &request->fields[i];
        struct str value = is_secret(field->name) ? STR("***") : field->value;
        buf_append_format(&text, "%.*s: %.*s\n", STR_ARG(field->name), STR_ARG(value));
    }
    struct str kept = arena_copy(arena, buf_view(&text));
    buf_fini(&text);
    return kept;
}

static void copy_outcome(struct sandbox_exchange *exchange, const struct witnessed *seen)
{
    const struct submission *submission = seen->submission;
    const struct outcome *outcome = &submission->outcome;
    struct arena *arena = &exchange->arena;
    snprintf(exchange->id, sizeof exchange->id, "%s", submission->id);
    exchange->delivery = submission->dry_run ? (struct str){0} : str_of(delivery_name(outcome->delivery));
    exchange->queue_id = arena_copy(arena, outcome->queue_id);
    exchange->message_id = arena_copy(arena, submission->message.message_id);
    exchange->subject = arena_copy(arena, submission->message.subject);
    exchange->recipient_count = submission->recipient_count;
    if (submission->recipient_count)
        exchange->recipient = arena_copy(arena, submission->recipients[0]);
    exchange->dialogue = arena_copy(arena, outcome->transcript);
    exchange->dialogue_us = outcome->transcript_began_us;
}

static struct sandbox_exchange *make(const struct witnessed *seen)
{
    struct sandbox_exchange *exchange = calloc(1, sizeof *exchange);
    if (!exchange)
        return NULL;
    struct arena *arena = &exchange->arena;
    arena_init(arena, MAX_ARENA_BYTES);
    exchange->received_ms = clock_wall_ms() - (seen->answered_us - seen->began_us) / 1000;
    exchange->began_us = seen->began_us;
    exchange->answered_us = seen->answered_us;
    exchange->method = str_of(seen->method); /* a literal */
    exchange->target = arena_copy(arena, str_of(seen->target));
    exchange->fields = copy_fields(arena, seen->request);
    exchange->body = arena_copy(arena, seen->body);
    exchange->body_bytes = seen->body_bytes;
    exchange->status = seen->status;
    exchange->content_type = arena_copy(arena, seen->content_type);
    exchange->answer = arena_copy(arena, str_first(seen->answer, MAX_ANSWER_BYTES));
    exchange->answer_bytes = seen->answer.len;
    exchange->problem = seen->problem ? str_of(seen->problem) : (struct str){0}; /* of a table */
    copy_outcome(exchange, seen);
    if (!arena->failed)
        return exchange;
    exchange_free(exchange);
    return NULL;
}

void sandbox_book_note(struct sandbox_book *book, const struct witnessed *seen)
{
    struct sandbox_exchange *exchange = make(seen);
    if (!exchange)
        return;
    pthread_mutex_lock(&book->lock);
    while (book->count &&
           (book->count == MAX_EXCHANGES || book->bytes + exchange_bytes(exchange) > MAX_BYTES))
        drop_oldest(book);
    book->ring[(book->oldest + book->count++) % MAX_EXCHANGES] = exchange;
    book->bytes += exchange_bytes(exchange);
    pthread_mutex_unlock(&book->lock);
}

void sandbox_book_each(struct sandbox_book *book,
                       bool (*see)(void *context, const struct sandbox_exchange *exchange), void *context)
{
    pthread_mutex_lock(&book->lock);
    for (size_t i = book->count; i > 0; i--)
        if (!see(context, book->ring[(book->oldest + i - 1) % MAX_EXCHANGES]))
            break;
    pthread_mutex_unlock(&book->lock);
}

void sandbox_book_clear(struct sandbox_book *book)
{
    pthread_mutex_lock(&book->lock);
    while (book->count)
        drop_oldest(book);
    pthread_mutex_unlock(&book->lock);
}
