/* smtp/tls_bio.h: OpenSSL's way to the socket, so that it sends without raising signals and every octet of
 * ciphertext that the kernel takes is counted. */
#ifndef POSTERN_SMTP_TLS_BIO_H
#define POSTERN_SMTP_TLS_BIO_H

#include "smtp/socket.h"

/* NULL when out of memory; freed by BIO_meth_free. */
BIO_METHOD *smtp_tls_bio_method(void);

/* NULL when out of memory; the socket outlives it. */
BIO *smtp_tls_bio_new(const BIO_METHOD *method, struct smtp_socket *socket);

#endif
