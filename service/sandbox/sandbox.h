/* service/sandbox/sandbox.h: a capturing SMTP server, to send mail to that must reach nobody.
 *
 * It speaks submission as a real relay does, over a real socket, with the gateway and with any other client, keeps the
 * last messages in memory, and each dialogue beside the HTTP request that caused it. What it does otherwise than usual
 * can be rehearsed. It has no client side: nothing can be forwarded.
 *
 * Ownership  the sandbox owns its threads, messages, certificates and the listening socket. A relay that was filled
 *            from it goes first.
 * Errors     start: INTERNAL, with what could not be had.
 * Threads    start and stop on one; the routes and the witness on any.
 * Limits     1,000 connections; 1,000 recipients a message; messages by count and by bytes, those still arriving
 *            included, the oldest dropped; what journal.h, exchange.h and events.h say.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SANDBOX_H
#define POSTERN_SERVICE_SANDBOX_SANDBOX_H

#include "api/http/server.h"
#include "smtp/relay.h"

struct sandbox;

struct sandbox_config {
    int listen_fd;                 /* taken over, also where it fails */
    struct str username, password; /* absent: any are right, and none is needed */
    uint64_t max_message_bytes;
    size_t max_messages;
    uint64_t max_store_bytes;
};

struct sandbox *sandbox_start(const struct sandbox_config *config, struct fault *fault);

/* Host, port, TLS policy, credentials and trust store; the rest stays. The views live as long as the sandbox.
 */
void sandbox_fill_relay(const struct sandbox *sandbox, struct smtp_relay *relay);

/* Sees each request for a message and its answer. */
struct api_witness sandbox_witness(struct sandbox *sandbox);

/* Who waits is told that nothing more comes, and every feed ends: before the server that serves them stops. */
void sandbox_dismiss(struct sandbox *sandbox);

/* Open sessions are told 421; messages that are still arriving are not taken. */
void sandbox_stop(struct sandbox **sandbox);

/* Everything under /sandbox. Their context is the sandbox. */
extern const struct api_route sandbox_routes[];
extern const size_t sandbox_route_count;

#endif
