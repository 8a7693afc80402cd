/* service/sandbox/sandbox.h: a capturing SMTP server on loopback, to send mail to that must reach nobody.
 *
 * It speaks submission as a real relay does (STARTTLS, then AUTH, then mail), over a real socket, and keeps
 * the last messages in memory for the routes below. It has no client side: nothing can be forwarded.
 *
 * Ownership  the sandbox owns its threads, messages, certificate and credentials. A relay that was filled
 *            from it goes first.
 * Errors     start: INTERNAL, with what could not be had.
 * Threads    start and stop on one; the routes on any.
 * Limits     127.0.0.1 only; 64 connections; 1,000 recipients a message; messages by count and by bytes,
 *            those still arriving included, the oldest dropped.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SANDBOX_H
#define POSTERN_SERVICE_SANDBOX_SANDBOX_H

#include "api/server.h"
#include "service/sandbox/store.h"
#include "smtp/relay.h"

struct sandbox;

struct sandbox_config {
    uint16_t port; /* 0: any free one */
    uint64_t max_message_bytes;
    size_t max_messages;
    uint64_t max_store_bytes;
};

struct sandbox *sandbox_start(const struct sandbox_config *config, struct fault *fault);

/* Host, port, TLS policy, credentials and trust store; the rest stays. The views live as long as the sandbox.
 */
void sandbox_fill_relay(const struct sandbox *sandbox, struct smtp_relay *relay);

/* Open sessions are told 421; messages that are still arriving are not taken. */
void sandbox_stop(struct sandbox **sandbox);

/* What was captured, for the routes. */
struct sandbox_store *sandbox_captured(const struct sandbox *sandbox);

/* GET and DELETE /sandbox/messages, GET /sandbox/messages/{id} and {id}.eml. Their context is the sandbox. */
extern const struct api_route sandbox_routes[];
extern const size_t sandbox_route_count;

#endif
