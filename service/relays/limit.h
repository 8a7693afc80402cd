/* service/relays/limit.h: how many sessions with a relay may be open at a time: the operator's number, or fewer for
 * as long as the relay cannot take it.
 *
 * A relay that refuses one more session while others are open says how many it takes; one that throttles
 * messages takes half as many. After a hold the limit grows by one, and again after each step, up to the
 * operator's number: additive increase, multiplicative decrease.
 *
 * Threads    one at a time; the time is the caller's.
 */
#ifndef POSTERN_SERVICE_RELAYS_LIMIT_H
#define POSTERN_SERVICE_RELAYS_LIMIT_H

#include <stdint.h>

enum { LIMIT_HOLD_US = 30000000, LIMIT_STEP_US = 5000000, LIMIT_CUT_PAUSE_US = 1000000 };

struct limit {
    unsigned most; /* the operator's number, at least 1 */
    unsigned now;  /* 1 to most, as of the last call */
    int64_t grows_at_us;
    int64_t cut_at_us; /* when it was last halved; 0: never */
};

void limit_init(struct limit *limit, unsigned most);

/* The limit at this time: what is due has grown. Never 0. */
unsigned limit_get(struct limit *limit, int64_t now_us);

/* The relay refused a session while `open` others stood. */
void limit_shrink(struct limit *limit, unsigned open, int64_t now_us);

/* So many stand: whatever was concluded from a refusal meanwhile, the relay takes as many. */
void limit_prove(struct limit *limit, unsigned open, int64_t now_us);

/* The relay throttled a message while `open` sessions stood. What several hear at once counts once. */
void limit_halve(struct limit *limit, unsigned open, int64_t now_us);

#endif
