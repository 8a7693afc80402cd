/* smtp/sasl.h: the client's half of a SASL exchange (RFC 4422), without knowing how it is carried.
 *
 * A mechanism is a row of one table: its name, whether the credentials suit it, and how it answers a
 * challenge.
 *
 * Ownership  an exchange views the relay's credentials; a response that it writes is a secret, to be wiped.
 * Threads    an exchange belongs to one login.
 */
#ifndef POSTERN_SMTP_SASL_H
#define POSTERN_SMTP_SASL_H

#include "base/buf.h"
#include "smtp/capabilities.h"
#include "smtp/relay.h"

/* RFC 4954 4: a line of base64 of 12,288 octets at most. */
enum { SMTP_SASL_MAX_ROUNDS = 8, SMTP_SASL_MAX_RESPONSE_BYTES = 9216 };

struct smtp_sasl_mechanism;

struct smtp_sasl {
    const struct smtp_sasl_mechanism *mechanism;
    const struct smtp_relay *relay;
    unsigned rounds;    /* challenges answered, the initial response included */
    bool gave_username; /* LOGIN's */
    bool gave_password;
};

struct smtp_sasl_mechanism {
    const char *name;
    bool is_cleartext;         /* the credentials can be read off the wire (RFC 4954 4) */
    bool has_initial_response; /* the client speaks first */
    bool (*suits)(const struct smtp_relay *relay);
    bool (*respond)(struct smtp_sasl *sasl, struct str challenge, struct buf *response);
};

/* The first of the allowed mechanisms that is offered and suits the credentials; NULL where there is none. */
const struct smtp_sasl_mechanism *smtp_sasl_choose(const struct smtp_relay *relay,
                                                   const struct smtp_capabilities *offered,
                                                   bool is_encrypted);

void smtp_sasl_start(struct smtp_sasl *sasl, const struct smtp_sasl_mechanism *mechanism,
                     const struct smtp_relay *relay);

/* Answers a challenge, both without base64; the initial response answers an empty one. False: cancel. */
bool smtp_sasl_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response);

/* Every mechanism by row number, for the documents and the check of options; NULL behind the last. */
const struct smtp_sasl_mechanism *smtp_sasl_mechanism_at(size_t row);

#endif
