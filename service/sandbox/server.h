/* service/sandbox/server.h: the listener on 127.0.0.1 and a thread for each connection.
 *
 * Ownership  the terms outlive the server.
 * Errors     INTERNAL, with what could not be had.
 * Limits     64 connections; the next is told 421.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SERVER_H
#define POSTERN_SERVICE_SANDBOX_SERVER_H

#include "base/fault.h"
#include "service/sandbox/connection.h"

struct sandbox_server;

/* `port` 0: any free one. */
struct sandbox_server *sandbox_server_start(const struct sandbox_terms *terms, uint16_t port,
                                            struct fault *fault);
uint16_t sandbox_server_port(const struct sandbox_server *server);

/* Returns when every connection has ended. */
void sandbox_server_stop(struct sandbox_server **server);

#endif
