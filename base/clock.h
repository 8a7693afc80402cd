/* base/clock.h: time that only moves forward, deadlines on it, and the wall clock for stamps.
 *
 * Waiting is always against a deadline, never for a duration, so that a peer that drips cannot extend it.
 */
#ifndef POSTERN_BASE_CLOCK_H
#define POSTERN_BASE_CLOCK_H

#include "base/str.h"

#include <time.h>

struct deadline {
    int64_t at_us;
};

/* CLOCK_MONOTONIC: a change of the wall clock moves no timer. */
int64_t clock_monotonic_us(void);
int64_t clock_wall_us(void);
int64_t clock_wall_ms(void);

struct deadline deadline_after_ms(int64_t ms);
struct deadline deadline_earlier(struct deadline a, struct deadline b);
bool deadline_passed(struct deadline deadline);

/* For poll: rounded up, 0 once passed, so that a wait for it never ends early and then spins. */
int deadline_left_ms(struct deadline deadline);

/* For a condition variable on CLOCK_MONOTONIC. */
struct timespec deadline_timespec(struct deadline deadline);

enum { CLOCK_RFC3339_BYTES = 25 };

/* "2026-11-23T07:06:00.123Z"; fills `text` with a NUL behind. */
void clock_format_rfc3339(int64_t wall_ms, char text[static CLOCK_RFC3339_BYTES]);

#endif
