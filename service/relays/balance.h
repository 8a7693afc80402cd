/* service/relays/balance.h: which relay a message starts at.
 *
 * With weights, by smooth weighted round-robin: of weights 5, 1, 1 every seven messages are spread as
 * a a b a c a a, not a a a a a b c. Without, the first in order. A relay that is not to be had is left out
 * and gains nothing meanwhile.
 *
 * Threads    one at a time.
 */
#ifndef POSTERN_SERVICE_RELAYS_BALANCE_H
#define POSTERN_SERVICE_RELAYS_BALANCE_H

#include "service/relays/relay_url.h"

struct balance {
    unsigned weights[MAX_RELAYS]; /* 0: only when no other is left */
    int64_t credits[MAX_RELAYS];
    size_t count;
};

/* `barred` has a bit set for each relay that is left out; where that is every one, none is. */
size_t balance_choose(struct balance *balance, unsigned barred);

/* Of `count` relays the first from `start` on, and round, that is not barred; `count` for none. */
size_t balance_next(size_t count, size_t start, unsigned barred);

#endif
