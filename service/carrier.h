/* service/carrier.h: one session thread's way of getting a message to its relay: reuse the open session where
 * it is still good, else open one; once, try again on a fresh one where a reused session turned out to be
 * dead.
 *
 * Ownership  holds its session, and the configuration that the session was opened with.
 * Threads    one.
 */
#ifndef POSTERN_SERVICE_CARRIER_H
#define POSTERN_SERVICE_CARRIER_H

#include "api/submission.h"
#include "service/configuration.h"
#include "smtp/session.h"

struct carrier {
    struct configuration *configuration; /* of the session; NULL without one */
    struct smtp_session *session;
    uint64_t messages; /* sent over the session */
    bool spent;        /* the session is to be closed once the outcome was told */
};

/* Opens a session where none is good, for readiness; the outcome's fault says whether one stands. */
void carrier_probe(struct carrier *carrier, struct configuration *configuration, size_t relay,
                   struct outcome *outcome, struct arena *arena);

/* Writes the submission's outcome. What it left to close is closed by carrier_settle, so that no caller waits
 * for a QUIT. */
void carrier_deliver(struct carrier *carrier, struct configuration *configuration, size_t relay,
                     struct submission *submission);
void carrier_settle(struct carrier *carrier);
void carrier_close(struct carrier *carrier);

#endif
