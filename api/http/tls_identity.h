/* api/http/tls_identity.h: what a connection over TLS is begun with: a certificate, its key, and the CA that
 * vouches for clients, where they need a certificate too.
 *
 * Ownership  counted references, one for each connection and one for the listener.
 * Errors     INVALID_REQUEST, with what is wrong with the certificate, the key or the CA; OVERLOADED.
 * Threads    read only once made; hold and release from any.
 */
#ifndef POSTERN_API_HTTP_TLS_IDENTITY_H
#define POSTERN_API_HTTP_TLS_IDENTITY_H

#include "base/fault.h"
#include "base/str.h"

#include <gnutls/gnutls.h>
#include <stdatomic.h>

struct tls_identity {
    gnutls_certificate_credentials_t credentials;
    bool wants_client_certificate;
    int64_t begins_s, ends_s; /* when the certificate is valid, in seconds since 1970 */
    atomic_uint references;
};

/* Both PEM; the certificate's chain stands behind it. */
struct tls_identity *tls_identity_new(struct str certificate, struct str key, struct fault *fault);

/* From now on a client needs a certificate that one of these, in PEM, vouches for. */
bool tls_identity_require_clients(struct tls_identity *identity, struct str client_ca, struct fault *fault);

struct tls_identity *tls_identity_hold(struct tls_identity *identity);
void tls_identity_release(struct tls_identity **identity);

#endif
