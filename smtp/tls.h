/* smtp/tls.h: TLS with the relay, by OpenSSL: STARTTLS (RFC 3207), implicit (RFC 8314), names by RFC 9525.
 *
 * TLS 1.2 at least, security level 2, a chain to a trusted CA, and the relay's name, or its address, among
 * the certificate's subject alternative names: the common name never counts.
 *
 * Ownership  the context belongs to the relay (smtp_relay_prepare, smtp_relay_fini).
 * Threads    a context is shared by all sessions and read only.
 */
#ifndef POSTERN_SMTP_TLS_H
#define POSTERN_SMTP_TLS_H

#include "smtp/relay.h"
#include "smtp/socket.h"

struct smtp_tls_context {
    char host[SMTP_HOST_BYTES]; /* as A-labels, NUL behind: is resolved, and is what a certificate names */
    bool host_is_address;
    bool insecure;
    SSL_CTX *ssl; /* NULL with SMTP_TLS_NONE */
    BIO_METHOD *bio;
};

/* Reads the CA file (or finds the system's store) and the client certificate. Fault: INTERNAL. */
bool smtp_tls_context_load(struct smtp_tls_context *context, const struct smtp_relay *relay,
                           struct fault *fault);
void smtp_tls_context_fini(struct smtp_tls_context *context);

/* The handshake. From OK on the socket's transport speaks TLS. */
enum smtp_status smtp_tls_start(struct smtp_socket *socket, const struct smtp_relay *relay,
                                struct deadline deadline);

#endif
