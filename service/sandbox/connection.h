/* service/sandbox/connection.h: one submission session, from the server's side (RFC 5321, 3207, 4954, 3030, 3461).
 *
 * Ownership  the terms outlive every connection; the socket is closed on return.
 * Threads    one a connection, with SIGPIPE blocked.
 * Limits     RFC 5321 4.5.3.2.7: 5 minutes a command; 10 minutes a message; 20 errors.
 */
#ifndef POSTERN_SERVICE_SANDBOX_CONNECTION_H
#define POSTERN_SERVICE_SANDBOX_CONNECTION_H

#include "service/sandbox/behaviour.h"
#include "service/sandbox/events.h"
#include "service/sandbox/journal.h"
#include "service/sandbox/login.h"
#include "service/sandbox/store.h"

#include <openssl/ssl.h>

/* What every connection is served by. */
struct sandbox_terms {
    SSL_CTX *tls;
    SSL_CTX *untrusted_tls; /* whose certificate nobody was told to trust */
    struct sandbox_credentials credentials;
    uint64_t max_message_bytes;
    struct sandbox_store *store;
    struct sandbox_journal *journal;
    struct sandbox_behaviour *behaviour;
    struct sandbox_events *events;
};

/* Returns when the session is over, or soon after `stop_fd` has become readable. */
void sandbox_connection_serve(const struct sandbox_terms *terms, int fd, int stop_fd);

#endif
