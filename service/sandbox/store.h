/* service/sandbox/store.h: the captured messages, the last ones only, in memory.
 *
 * Ownership  a message is its connection's until it is put, and never changes from then on. The store holds it, and
 *            so may others: it goes with its last holder.
 * Errors     false where there is no room.
 * Threads    any.
 * Limits     max_messages that were put. max_bytes over those and the ones still arriving; one of unknown
 *            size is counted by what has come, its growing buffer may be twice as large.
 */
#ifndef POSTERN_SERVICE_SANDBOX_STORE_H
#define POSTERN_SERVICE_SANDBOX_STORE_H

#include "base/buf.h"
#include "service/sandbox/dialogue.h"

#include <stdatomic.h>

enum { SANDBOX_MAX_RECIPIENTS = 1000, SANDBOX_QUEUE_ID_BYTES = 12, SANDBOX_TICKET_BYTES = 33 };

struct sandbox_message {
    char queue_id[SANDBOX_QUEUE_ID_BYTES]; /* with a NUL behind; set when it is made */
    char ticket[SANDBOX_TICKET_BYTES];     /* likewise; part of addresses that need no key (show.h) */
    uint64_t number;                       /* in the order of arrival, from 1 on; set when it is put */
    int64_t received_ms;                   /* wall clock; set when it is put */
    uint64_t session;                      /* in which it came */
    struct buf return_path;                /* empty: the null path */
    struct buf mail_parameters;            /* of MAIL, as they were */
    struct buf recipients;                 /* address, NUL, parameters of RCPT, NUL; no path holds a NUL */
    size_t recipient_count;
    struct buf content;  /* as it was sent, dot-stuffing undone */
    struct buf summary;  /* digest.h */
    struct buf dialogue; /* dialogue.h: of the session until this message was taken */
    size_t attachment_count;
    uint64_t claimed_bytes; /* of the store's, until it is put */
    atomic_uint holders;
};

/* NULL when out of memory; `max_bytes` bounds the content. */
struct sandbox_message *sandbox_message_new(uint64_t max_bytes);

/* False when it has SANDBOX_MAX_RECIPIENTS, or there is no memory for it. */
bool sandbox_message_add_recipient(struct sandbox_message *message, struct str address,
                                   struct str parameters);

/* Cuts the next one off the front of `rest`, which began as the view of `recipients`. */
bool sandbox_message_next_recipient(struct str *rest, struct str *address, struct str *parameters);

struct sandbox_message *sandbox_message_hold(struct sandbox_message *message);
void sandbox_message_release(struct sandbox_message **message);

struct sandbox_store;

struct sandbox_store *sandbox_store_new(size_t max_messages, uint64_t max_bytes);

/* No message may be arriving any more. */
void sandbox_store_free(struct sandbox_store **store);

/* Room for content that is arriving; the oldest messages go for it. False where all that is left is arriving
 * too. */
bool sandbox_store_claim(struct sandbox_store *store, struct sandbox_message *message, uint64_t bytes);

/* Gives up a message that was not put, NULL included. */
void sandbox_store_discard(struct sandbox_store *store, struct sandbox_message **message);

/* Takes the message, whose queue ID is copied out. False, and the message stays the
 * caller's, where it does not fit. */
bool sandbox_store_put(struct sandbox_store *store, struct sandbox_message **message,
                       char queue_id[static SANDBOX_QUEUE_ID_BYTES]);

/* Calls `see` under the lock, from the newest on, for as long as it wants more. */
void sandbox_store_each(struct sandbox_store *store,
                        bool (*see)(void *context, struct sandbox_message *message), void *context);
size_t sandbox_store_count(struct sandbox_store *store);

/* Held for the caller, who releases it; NULL where there is none. */
struct sandbox_message *sandbox_store_find(struct sandbox_store *store, struct str queue_id);

bool sandbox_store_remove(struct sandbox_store *store, struct str queue_id);
void sandbox_store_clear(struct sandbox_store *store);

#endif
