/* service/relays/breaker.h: whether it is worth trying to open a session with a relay now.
 *
 *     closed    any number of sessions may be opened at a time
 *     open      none, until a wait is over; it doubles with each failure behind the last allowed one
 *     on trial  one at a time: behind that wait; and for a relay with a login while no session stands to show
 *               that it is accepted, so that a wrong password is tried once, and not by every thread
 *               (providers lock accounts)
 *
 * A refused login opens it at once, for a window of its own. A trial that takes long holds up others for
 * BREAKER_PATIENCE_US only.
 *
 * Errors     none: it keeps the last fault, for those who are refused.
 * Threads    one at a time; the time is the caller's.
 */
#ifndef POSTERN_SERVICE_RELAYS_BREAKER_H
#define POSTERN_SERVICE_RELAYS_BREAKER_H

#include "base/fault.h"

#include <stdint.h>

enum { BREAKER_FIRST_WAIT_US = 1000000, BREAKER_LONGEST_WAIT_US = 60000000, BREAKER_PATIENCE_US = 10000000 };

struct breaker_terms {
    uint64_t max_failures;   /* in a row; 0: only a refused login opens it */
    int64_t login_window_us; /* behind a refused login */
    bool has_login;
};

enum breaker_state { BREAKER_CLOSED, BREAKER_OPEN, BREAKER_ON_TRIAL };

struct breaker {
    struct breaker_terms terms;
    bool is_proven; /* what was tried last ended well, or nothing speaks against many at a time */
    unsigned trying;
    uint64_t failures;       /* in a row */
    int64_t last_try_us;     /* when the last try began */
    int64_t open_until_us;   /* 0: closed */
    struct fault last_fault; /* of the try that ended last; FAULT_NONE where it ended well */
};

/* WAIT: somebody else is finding out. */
enum breaker_answer { BREAKER_GO, BREAKER_WAIT, BREAKER_REFUSE };

/* As new: nothing is known about the relay. */
void breaker_init(struct breaker *breaker, const struct breaker_terms *terms);

enum breaker_answer breaker_ask(const struct breaker *breaker, int64_t now_us);
enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_us);

/* A try begins, which was answered with GO; it ends by one of the other three. */
void breaker_begin(struct breaker *breaker, int64_t now_us);
void breaker_succeed(struct breaker *breaker);
void breaker_fail(struct breaker *breaker, const struct fault *fault, int64_t now_us);
void breaker_forget(struct breaker *breaker); /* says nothing about the relay */

/* The last session is closed: that the login was good once says nothing of the next time. */
void breaker_rest(struct breaker *breaker);

#endif
