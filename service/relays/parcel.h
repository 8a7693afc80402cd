/* service/relays/parcel.h: a submission made ready for a relay: its bytes, its envelope, and the record of the
 * dialogue about it.
 *
 * Ownership  lives in the submission's arena; to be ended before the submission is completed.
 * Errors     the outcome's OVERLOADED.
 */
#ifndef POSTERN_SERVICE_RELAYS_PARCEL_H
#define POSTERN_SERVICE_RELAYS_PARCEL_H

#include "service/relays/trace.h"
#include "smtp/session.h"

struct render;
struct dkim_ring;

struct parcel {
    struct submission *submission;
    struct render *render;
    struct smtp_envelope envelope;
    struct smtp_source source;
    struct trace trace;
    struct smtp_mail mail; /* made of the above */
};

/* Forgets what an earlier relay may have written into the outcome. NULL with the outcome's fault set. */
struct parcel *parcel_new(struct submission *submission, const struct dkim_ring *ring);

/* For another try, on another session. */
void parcel_rewind(struct parcel *parcel);
void parcel_end(struct parcel **parcel);

#endif
