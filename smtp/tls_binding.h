/* smtp/tls_binding.h: the channel binding of a TLS connection, for SCRAM (RFC 5056, 5929, 9266). */
#ifndef POSTERN_SMTP_TLS_BINDING_H
#define POSTERN_SMTP_TLS_BINDING_H

#include "smtp/transport.h"

#include <openssl/ssl.h>

/* After the handshake. Leaves `type` NULL where the connection has none that is safe. */
void smtp_tls_bind(SSL *ssl, struct smtp_channel_binding *binding);

#endif
