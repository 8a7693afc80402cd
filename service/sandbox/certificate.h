/* service/sandbox/certificate.h: a key and a certificate of the sandbox's own, made at start, on no disk.
 *
 * The certificate is its own authority, valid for loopback and localhost, so that a client verifies it as it
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

/* `ip` is an address that it is valid for, too; NULL for none. */
bool sandbox_certificate_init(struct sandbox_certificate *certificate, const char *ip, struct fault *fault);
void sandbox_certificate_fini(struct sandbox_certificate *certificate);

#endif
