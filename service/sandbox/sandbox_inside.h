/* service/sandbox/sandbox_inside.h: the sandbox as its routes see it. */
#ifndef POSTERN_SERVICE_SANDBOX_SANDBOX_INSIDE_H
#define POSTERN_SERVICE_SANDBOX_SANDBOX_INSIDE_H

#include "service/sandbox/certificate.h"
#include "service/sandbox/exchange.h"
#include "service/sandbox/sandbox.h"
#include "service/sandbox/server.h"

enum { SANDBOX_HOST_BYTES = 128 };

struct sandbox {
    char host[SANDBOX_HOST_BYTES]; /* where the gateway reaches it */
    uint16_t port;                 /* 0: `host` is the path of a Unix socket */
    struct arena arena;            /* of the credentials */
    struct str username, password;
    struct sandbox_certificate certificate, untrusted;
    struct sandbox_behaviour behaviour;
    struct sandbox_book *book;
    struct sandbox_terms terms;
    struct sandbox_server *server;
};

#endif
