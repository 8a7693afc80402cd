/* smtp/limits.h: what of a relay's LIMITS (RFC 9422) a session has used up.
 *
 * Ownership  a tally owns the domains that it has seen.
 * Threads    pure.
 */
#ifndef POSTERN_SMTP_LIMITS_H
#define POSTERN_SMTP_LIMITS_H

#include "base/buf.h"
#include "smtp/capabilities.h"
#include "smtp/envelope.h"

struct smtp_tally {
    uint64_t mails;     /* MAIL commands, refused ones too */
    struct buf domains; /* of recipients, a space behind each; kept only where they are limited */
};

void smtp_tally_init(struct smtp_tally *tally);
void smtp_tally_fini(struct smtp_tally *tally);

/* How many recipients go into one transaction: fewer than there are where RCPTMAX asks for it and the policy
 * allows it. */
size_t smtp_limits_part(const struct smtp_capabilities *offered, const struct smtp_envelope *envelope);

/* The session has room for the whole mail. Of a new session's tally: whether any session has. */
bool smtp_limits_allow(const struct smtp_tally *tally, const struct smtp_capabilities *offered,
                       const struct smtp_envelope *envelope);

/* A transaction begins. */
void smtp_limits_count(struct smtp_tally *tally, const struct smtp_capabilities *offered,
                       const struct smtp_envelope *envelope);

/* Another mail may be begun. */
bool smtp_limits_have_room(const struct smtp_tally *tally, const struct smtp_capabilities *offered);

#endif
