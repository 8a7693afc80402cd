/* service/sandbox/journal.h: the sessions that have ended, the last ones only.
 *
 * What became a message carries its dialogue with it; a session that was refused, or broke, is seen here alone.
 *
 * Ownership  the journal owns its records. A record is only seen under the journal's lock.
 * Threads    any.
 * Limits     1,000 sessions, 16 MiB; the oldest go first.
 */
#ifndef POSTERN_SERVICE_SANDBOX_JOURNAL_H
#define POSTERN_SERVICE_SANDBOX_JOURNAL_H

#include "service/sandbox/store.h"

enum { SANDBOX_PEER_BYTES = 64, SANDBOX_SHOWN_MESSAGES = 16 };

struct sandbox_record {
    uint64_t session;
    int64_t began_ms; /* wall clock */
    int64_t began_us; /* monotonic */
    char peer[SANDBOX_PEER_BYTES];
    char queue_ids[SANDBOX_SHOWN_MESSAGES][SANDBOX_QUEUE_ID_BYTES]; /* of the first messages */
    size_t message_count;                                           /* of all */
    struct buf lines; /* dialogue.h: how it began, and what was said behind the last message */
};

struct sandbox_journal;

struct sandbox_journal *sandbox_journal_new(void);
void sandbox_journal_free(struct sandbox_journal **journal);

/* NULL when out of memory; else with the number of a session that has just begun. */
struct sandbox_record *sandbox_record_new(struct sandbox_journal *journal, int fd);

/* Takes the record over; NULL is nothing. */
void sandbox_journal_put(struct sandbox_journal *journal, struct sandbox_record **record);

/* Calls `see` under the lock, from the newest on, for as long as it wants more. */
void sandbox_journal_each(struct sandbox_journal *journal,
                          bool (*see)(void *context, const struct sandbox_record *record), void *context);
void sandbox_journal_clear(struct sandbox_journal *journal);

#endif
