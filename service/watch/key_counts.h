/* service/watch/key_counts.h: messages by the name of the API key that they came with.
 *
 * Names are the operator's, from the file of keys, and never what a caller said. The first KEY_COUNTS_NAMES that
 * send have series of their own; SIGHUP may bring others without end, and what is beyond them is counted together.
 *
 * Threads    any. A name that is known is found without a lock.
 */
#ifndef POSTERN_SERVICE_WATCH_KEY_COUNTS_H
#define POSTERN_SERVICE_WATCH_KEY_COUNTS_H

#include "base/buf.h"
#include "base/outcome.h"

#include <pthread.h>
#include <stdatomic.h>

enum { KEY_COUNTS_NAMES = 100, KEY_COUNTS_NAME_BYTES = 64, DELIVERIES = DELIVERY_UNKNOWN + 1 };

struct key_count {
    char name[KEY_COUNTS_NAME_BYTES];
    size_t name_len;
    atomic_uint_fast64_t messages[DELIVERIES];
};

struct key_counts {
    pthread_mutex_t adding;
    atomic_size_t count;                         /* names below it do not change any more */
    struct key_count keys[KEY_COUNTS_NAMES + 1]; /* the last is for all others */
};

void key_counts_init(struct key_counts *counts);
void key_counts_fini(struct key_counts *counts);

/* An absent name counts nowhere: no key was asked for. */
void key_counts_add(struct key_counts *counts, struct str name, enum delivery delivery);
void key_counts_append(struct buf *out, const struct key_counts *counts);

#endif
