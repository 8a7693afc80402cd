/* service/sandbox/store.h: the captured messages, the last ones only, in memory.
 *
 * Ownership  a message is its connection's until it is put, then the store's. It is only seen under the
 *            store's lock; what is needed longer is copied out.
 * Errors     false where there is no room.
 * Threads    any.
 * Limits     max_messages that were put. max_bytes over those and the ones still arriving; one of unknown
 *            size is counted by what has come, its growing buffer may be twice as large.
 */
#ifndef POSTERN_SERVICE_SANDBOX_STORE_H
#define POSTERN_SERVICE_SANDBOX_STORE_H

#include "base/buf.h"

enum { SANDBOX_MAX_RECIPIENTS = 1000, SANDBOX_QUEUE_ID_BYTES = 12 };

struct sandbox_message {
    char queue_id[SANDBOX_QUEUE_ID_BYTES]; /* with a NUL behind; set when it is put */
    int64_t received_ms;                   /* wall clock; set when it is put */
    struct buf return_path;                /* empty: the null path */
    struct buf recipients;                 /* each with a NUL behind, which no address can hold */
    size_t recipient_count;
    struct buf content;     /* as it was sent, dot-stuffing undone */
    uint64_t claimed_bytes; /* of the store's, until it is put */
};

/* NULL when out of memory; `max_bytes` bounds the content. */
struct sandbox_message *sandbox_message_new(uint64_t max_bytes);

/* False when it has SANDBOX_MAX_RECIPIENTS, or there is no memory for it. */
bool sandbox_message_add_recipient(struct sandbox_message *message, struct str address);

struct sandbox_store;

struct sandbox_store *sandbox_store_new(size_t max_messages, uint64_t max_bytes);

/* No message may be arriving any more. */
void sandbox_store_free(struct sandbox_store **store);

/* Room for content that is arriving; the oldest messages go for it. False where all that is left is arriving
 * too. */
bool sandbox_store_claim(struct sandbox_store *store, struct sandbox_message *message, uint64_t bytes);

/* Gives up a message that was not put, NULL included. */
void sandbox_store_discard(struct sandbox_store *store, struct sandbox_message **message);

/* Takes the message and gives it its queue ID, which is copied out. False, and the message stays the
 * caller's, where it does not fit. */
bool sandbox_store_put(struct sandbox_store *store, struct sandbox_message **message,
                       char queue_id[static SANDBOX_QUEUE_ID_BYTES]);

/* Both call `see` under the lock, each from the newest on. */
void sandbox_store_each(struct sandbox_store *store,
                        void (*see)(void *context, const struct sandbox_message *message), void *context);
bool sandbox_store_find(struct sandbox_store *store, struct str queue_id,
                        void (*see)(void *context, const struct sandbox_message *message), void *context);

void sandbox_store_clear(struct sandbox_store *store);

#endif
