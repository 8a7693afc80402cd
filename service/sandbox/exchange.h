/* service/sandbox/exchange.h: the last requests for a message over HTTP, each with what it was answered and the
 * dialogue with the relay in between, also where nothing was sent.
 *
 * Ownership  the book owns its exchanges. One is only seen under the book's lock.
 * Errors     what there is no memory for is not kept.
 * Threads    any.
 * Limits     1,000 exchanges, 32 MiB; the oldest go first. Of an answer 32 KiB are kept.
 */
#ifndef POSTERN_SERVICE_SANDBOX_EXCHANGE_H
#define POSTERN_SERVICE_SANDBOX_EXCHANGE_H

#include "api/http/witness.h"

struct sandbox_exchange {
    struct arena arena;                         /* all views lie there */
    char id[UUID_BYTES];                        /* of the message */
    int64_t received_ms;                        /* wall clock */
    int64_t began_us, answered_us, dialogue_us; /* monotonic; when the dialogue's clock began */
    struct str method, target, fields;          /* "name: value", each with LF behind */
    struct str body;
    uint64_t body_bytes;
    int status;
    struct str content_type, answer;
    uint64_t answer_bytes;
    struct str delivery, problem, queue_id, message_id, subject; /* absent where there is none */
    struct str recipient;                                        /* the first of them */
    uint64_t recipient_count;
    struct str dialogue; /* smtp/transcript.h */
};

struct sandbox_book;

struct sandbox_book *sandbox_book_new(void);
void sandbox_book_free(struct sandbox_book **book);

/* Keeps what a witness has seen; credentials in the header are masked. */
void sandbox_book_note(struct sandbox_book *book, const struct witnessed *seen);

/* Calls `see` under the lock, from the newest on, for as long as it wants more. */
void sandbox_book_each(struct sandbox_book *book,
                       bool (*see)(void *context, const struct sandbox_exchange *exchange), void *context);
void sandbox_book_clear(struct sandbox_book *book);

#endif
