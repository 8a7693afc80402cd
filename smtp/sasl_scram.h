/* smtp/sasl_scram.h: SCRAM (RFC 5802, 7677), with and without channel binding (RFC 5929, 9266).
 *
 * Both sides prove that they know the password, and neither tells it: not even a relay that only pretends to
 * be the right one learns it. So its proof counts as much as ours.
 *
 * Limits     4,096 to 1,000,000 iterations, and the login's deadline; a salt of 256 octets, a nonce of 1,024.
 */
#ifndef POSTERN_SMTP_SASL_SCRAM_H
#define POSTERN_SMTP_SASL_SCRAM_H

#include "base/buf.h"
#include "smtp/sasl_hash.h"

enum { SMTP_SCRAM_NONCE_BYTES = 32 };

struct smtp_sasl;

struct smtp_scram {
    char nonce[SMTP_SCRAM_NONCE_BYTES + 1]; /* ours */
    struct buf auth_message;                /* what both proofs are over (RFC 5802 3) */
    struct smtp_digest server_signature;    /* as it must be */
    bool is_verified;                       /* as it was */
};

void smtp_scram_start(struct smtp_scram *scram, const struct smtp_relay *relay);
void smtp_scram_fini(struct smtp_scram *scram);

/* The credentials have the form that SCRAM hashes. */
bool smtp_scram_suits(const struct smtp_relay *relay);
enum smtp_status smtp_scram_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response);

#endif
