/* service/admin.h: what the admin listener answers: /livez, /readyz, /metrics. */
#ifndef POSTERN_SERVICE_ADMIN_H
#define POSTERN_SERVICE_ADMIN_H

#include "api/http/server.h"
#include "service/relays/gateway.h"
#include "service/watch/exporter.h"
#include "service/watch/process_figures.h"

/* The context of the routes. `server` is the main listener, once it stands. */
struct admin {
    struct gateway *gateway;
    const struct process_figures *process;
    const struct exporter *exporter; /* NULL without one */
    struct api_server *_Atomic server;
};

extern const struct api_route admin_routes[];
extern const size_t admin_route_count;

#endif
