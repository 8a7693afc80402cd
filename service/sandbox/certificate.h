/* service/sandbox/certificate.h: a key and a certificate of the sandbox's own, made at start, on no disk.
 *
 * The certificate is its own authority, valid for 127.0.0.1 and localhost, so that a client verifies it as it
 * would any other relay's.
 *
 * Ownership  the certificate owns its TLS context and the memory file that `ca_file` names.
 * Errors     INTERNAL.
 * Threads    read only once made.
 */
#ifndef POSTERN_SERVICE_SANDBOX_CERTIFICATE_H
#define POSTERN_SERVICE_SANDBOX_CERTIFICATE_H

#include "base/fault.h"

#include <openssl/ssl.h>

struct sandbox_certificate {
    SSL_CTX *tls;     /* for SSL_accept, TLS 1.2 and newer */
    char ca_file[32]; /* the certificate as PEM, under /proc/self/fd */
    int fd;
};

bool sandbox_certificate_init(struct sandbox_certificate *certificate, struct fault *fault);
void sandbox_certificate_fini(struct sandbox_certificate *certificate);

#endif
