/* api/http/tls_listener.h: HTTPS on a listener, by GnuTLS, which is what libmicrohttpd speaks TLS with.
 *
 * TLS 1.2 at least (RFC 8996, 9325), ciphers that authenticate what they encrypt, with forward secrecy,
 * http/1.1 by ALPN, no renegotiation. Where the identity has a CA for clients, the handshake fails without a
 * certificate of theirs.
 *
 * The identity can be replaced while connections are open: they keep the one that they were begun with.
 *
 * Ownership  the listener holds one identity, each connection one of its own.
 * Errors     INTERNAL, OVERLOADED.
 * Threads    any, at the same time; write and has_pending, libmicrohttpd's of that connection.
 */
#ifndef POSTERN_API_HTTP_TLS_LISTENER_H
#define POSTERN_API_HTTP_TLS_LISTENER_H

#include "api/http/tls_identity.h"

#include <microhttpd.h>

struct tls_listener;

/* Takes the identity over, also where it fails. */
struct tls_listener *tls_listener_new(struct tls_identity *identity, struct fault *fault);
void tls_listener_replace(struct tls_listener *listener, struct tls_identity *identity);

/* Every connection must have ended. */
void tls_listener_free(struct tls_listener **listener);

/* What libmicrohttpd is to be told beside MHD_USE_TLS; nothing for NULL, which is plain HTTP. */
struct MHD_OptionItem *tls_listener_options(const struct tls_listener *listener);

/* At the start of a connection, before its handshake. What it gives is to be released when the connection
 * has ended. NULL where the connection cannot be made safe: its handshake fails then. */
struct tls_identity *tls_listener_begin(struct tls_listener *listener, struct MHD_Connection *connection);

/* Sends beside libmicrohttpd what goes out without waiting, by TLS or without. */
void tls_listener_write(struct MHD_Connection *connection, struct str bytes);

/* Whether bytes of the client wait that are no more in the socket. */
bool tls_listener_has_pending(struct MHD_Connection *connection);

#endif
