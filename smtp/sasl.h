/* smtp/sasl.h: the client's half of a SASL exchange (RFC 4422), without knowing how it is carried.
 *
 * A mechanism is a row of one table: its name, which credentials suit it, and how it answers a challenge. But
 * for the nonce, which is drawn by start, an answer follows from the bytes that went before it.
 *
 * Ownership  an exchange views the relay's credentials and the terms, and is wiped by fini; a response that
 *            it writes is a secret, to be wiped.
 * Errors     MALFORMED: give up, `problem` says why. TIMEOUT: the deadline came while a password was hashed.
 * Threads    an exchange belongs to one login.
 */
#ifndef POSTERN_SMTP_SASL_H
#define POSTERN_SMTP_SASL_H

#include "base/buf.h"
#include "smtp/capabilities.h"
#include "smtp/relay.h"
#include "smtp/sasl_scram.h"
#include "smtp/transport.h"

/* RFC 4954 4: a line of base64 of 12,288 octets at most. Credentials within these bounds fit into it. */
enum {
    SMTP_SASL_MAX_ROUNDS = 8,
    SMTP_SASL_MAX_RESPONSE_BYTES = 9216,
    SMTP_SASL_MAX_USERNAME_BYTES = 255, /* RFC 4616 2 */
    SMTP_SASL_MAX_PASSWORD_BYTES = SMTP_TOKEN_MAX_BYTES
};

struct smtp_sasl_mechanism;

/* What an exchange needs beside what stands in the relay. */
struct smtp_sasl_terms {
    struct str token;                           /* for OAuth; else absent */
    const struct smtp_channel_binding *binding; /* of the connection; its type is NULL where there is none */
    bool offers_binding;                        /* the relay offers a mechanism that binds to the channel */
    struct deadline deadline;
};

struct smtp_sasl {
    const struct smtp_sasl_mechanism *mechanism;
    const struct smtp_relay *relay;
    struct smtp_sasl_terms terms;
    unsigned rounds;    /* challenges answered, the initial response included */
    bool gave_username; /* LOGIN's */
    bool gave_password;
    struct smtp_scram scram;
    size_t public_bytes; /* at the front of the last response, that are no secret */
    const char *problem; /* why the exchange is to be given up */
};

struct smtp_sasl_mechanism {
    const char *name;
    const char *digest;        /* SCRAM's; NULL for the others */
    bool binds_channel;        /* -PLUS */
    bool is_cleartext;         /* the credentials can be read off the wire (RFC 4954 4) */
    bool needs_token;          /* OAuth */
    bool has_initial_response; /* the client speaks first */
    bool (*suits)(const struct smtp_relay *relay);
    enum smtp_status (*respond)(struct smtp_sasl *sasl, struct str challenge, struct buf *response);
};

/* The relay has credentials to log in with. */
bool smtp_sasl_is_wanted(const struct smtp_relay *relay);

/* The first of the allowed mechanisms that is offered and suits the credentials and the connection; NULL
 * where there is none. */
const struct smtp_sasl_mechanism *smtp_sasl_choose(const struct smtp_relay *relay,
                                                   const struct smtp_capabilities *offered,
                                                   const struct smtp_tls_facts *tls);

/* Draws the nonce. To be finished by fini. */
void smtp_sasl_start(struct smtp_sasl *sasl, const struct smtp_sasl_mechanism *mechanism,
                     const struct smtp_relay *relay, const struct smtp_sasl_terms *terms);
void smtp_sasl_fini(struct smtp_sasl *sasl);

/* Answers a challenge, both without base64; the initial response answers an empty one. */
enum smtp_status smtp_sasl_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response);

/* Whether the relay has proved what the mechanism lets it prove: a success before that is none. */
bool smtp_sasl_is_complete(const struct smtp_sasl *sasl);

/* Whether any mechanism of those offered binds to the channel. */
bool smtp_sasl_offers_binding(const struct smtp_capabilities *offered);

/* Gives the exchange up: sets `problem`, and returns MALFORMED. */
enum smtp_status smtp_sasl_refuse(struct smtp_sasl *sasl, const char *problem);

/* RFC 5801 4, RFC 5802 5.1: "," and "=" are escaped. */
void smtp_sasl_append_name(struct buf *out, struct str name);

/* Every mechanism by row number, in the order of preference; NULL behind the last. */
const struct smtp_sasl_mechanism *smtp_sasl_mechanism_at(size_t row);
const struct smtp_sasl_mechanism *smtp_sasl_mechanism_find(struct str name);

#endif
