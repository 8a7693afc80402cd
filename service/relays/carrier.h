/* service/relays/carrier.h: one session thread's way of getting a message to its relay: reuse the open session where
 * it is still good, else open one; once, try again on a fresh one where a reused session turned out to be
 * dead.
 *
 * Ownership  holds its session, and the configuration that the session was opened with.
 * Threads    one.
 */
#ifndef POSTERN_SERVICE_RELAYS_CARRIER_H
#define POSTERN_SERVICE_RELAYS_CARRIER_H

#include "api/submission.h"
#include "service/settings/configuration.h"
#include "smtp/session.h"

/* Whom a carrier works for, asked on its thread. */
struct carrier_owner {
    void *context;
    /* Asked when its session is closed, and another needed. */
    bool (*may_open)(void *context);
    /* Or could not be: the outcome's fault says why. */
    void (*opened)(void *context, const struct outcome *outcome);
    /* The one to be delivered next, if there is one already, or NULL. */
    struct submission *(*next)(void *context);
};

struct parcel;

struct carrier {
    struct carrier_owner owner;
    struct configuration *configuration; /* of the session; NULL without one */
    struct smtp_session *session;
    struct parcel *ahead; /* of the submission that `next` gave, until that is delivered */
    int64_t opened_at_us, used_at_us;
    uint64_t messages; /* sent over the session */
    bool spent;        /* the session is to be closed once the outcome was told */
};

enum carrier_end {
    CARRIER_SERVED,   /* the outcome says what came of it */
    CARRIER_UNOPENED, /* none could be opened: the outcome's fault says why */
    CARRIER_BARRED,   /* none was good, and the owner let none be opened */
};

/* The session may take one message more. */
bool carrier_has_room(const struct carrier *carrier, const struct configuration *configuration);

/* Opens a session where none is good, for readiness; the outcome's fault says whether one stands. */
enum carrier_end carrier_probe(struct carrier *carrier, struct configuration *configuration, size_t relay,
                               struct outcome *outcome, struct arena *arena);

/* Writes the submission's outcome. A session that is spent is the owner's to close, so that no caller waits
 * for a QUIT. */
enum carrier_end carrier_deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                                 struct submission *submission);
void carrier_close(struct carrier *carrier);

#endif
