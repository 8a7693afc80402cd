/* smtp/chain.h: the certificates that a relay showed, in words, for who checks a relay.
 *
 * Ownership  a chain belongs to who put it into smtp_relay.chain; each handshake overwrites it.
 * Threads    one handshake at a time.
 * Limits     6 certificates, 512 octets of names.
 */
#ifndef POSTERN_SMTP_CHAIN_H
#define POSTERN_SMTP_CHAIN_H

#include "base/buf.h"
#include "smtp/transport.h"

#include <openssl/x509.h>

enum { SMTP_CHAIN_MAX_CERTIFICATES = 6, SMTP_CHAIN_NAMES_BYTES = 512 };

struct smtp_chain {
    struct smtp_certificate items[SMTP_CHAIN_MAX_CERTIFICATES]; /* the relay's own first */
    size_t count;
    char names[SMTP_CHAIN_NAMES_BYTES]; /* that the relay's own is for (RFC 9525 6.2), separated by ", " */
    int error;                          /* why it was refused, of X509_V_ERR_; 0 where it was not */
};

void smtp_certificate_describe(struct smtp_certificate *described, const X509 *certificate);

/* As they were sent, or as they were verified. */
void smtp_chain_take(struct smtp_chain *chain, STACK_OF(X509) * certificates, int error);

#endif
