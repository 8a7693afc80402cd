/* service/sandbox/server.h: the listener and a thread for each connection.
 *
 * Ownership  the terms outlive the server, which takes the listening socket over unless it fails.
 * Errors     INTERNAL, with what could not be had.
 * Limits     1,000 connections; the next is told 421.
 */
#ifndef POSTERN_SERVICE_SANDBOX_SERVER_H
#define POSTERN_SERVICE_SANDBOX_SERVER_H

#include "base/fault.h"
#include "service/sandbox/connection.h"

struct sandbox_server;

struct sandbox_server *sandbox_server_start(const struct sandbox_terms *terms, int listen_fd,
                                            struct fault *fault);

/* Returns when every connection has ended. */
void sandbox_server_stop(struct sandbox_server **server);

#endif
