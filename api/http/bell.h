/* api/http/bell.h: connections that wait until something happens, or until their time is over, without a thread each.
 *
 * A bell is rung by whoever makes it happen. Whether it happened for somebody in particular, he looks himself when
 * he is woken: a count of the rings, read before the look, tells whether one was missed in between.
 *
 * Ownership  a wait belongs to its request or feed, and leaves the bell before it goes.
 * Errors     wait says when nobody is let wait any more.
 * Threads    ring, count and close from any; wait and leave on libmicrohttpd's, of that connection. One thread of
 *            the bell's own looks at the time.
 * Limits     `max_waiting`.
 */
#ifndef POSTERN_API_HTTP_BELL_H
#define POSTERN_API_HTTP_BELL_H

#include "base/clock.h"

struct MHD_Connection;
struct bell;

/* Zeros: waits for nothing. */
struct bell_wait {
    struct bell *bell;
    struct bell_wait *previous, *next;
    struct MHD_Connection *connection;
    struct deadline until;
};

/* SUSPENDED: the connection is, and will be resumed. RUNG: look again. */
enum bell_answer { BELL_SUSPENDED, BELL_RUNG, BELL_FULL, BELL_CLOSED };

/* NULL when out of memory or threads. */
struct bell *bell_new(size_t max_waiting);

/* Nobody may be waiting. */
void bell_free(struct bell **bell);

void bell_ring(struct bell *bell);
uint64_t bell_count(struct bell *bell);

/* `seen`: the count before the caller looked for what it now waits for. */
enum bell_answer bell_await(struct bell *bell, uint64_t seen, struct deadline until,
                            struct MHD_Connection *connection, struct bell_wait *wait);

/* The connection is gone. Also of a wait that is over. */
void bell_leave(struct bell_wait *wait);

/* Wakes everybody; from now on nobody waits. */
void bell_close(struct bell *bell);

#endif
