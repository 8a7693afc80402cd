/* service/watch/metrics_page.h: all that /metrics tells: what was counted, and how things stand. */
#ifndef POSTERN_SERVICE_WATCH_METRICS_PAGE_H
#define POSTERN_SERVICE_WATCH_METRICS_PAGE_H

#include "api/http/server.h"
#include "service/relays/gateway.h"
#include "service/watch/exporter.h"
#include "service/watch/process_figures.h"

/* `server` is the main listener's, or NULL before it stands; `exporter` may be NULL. */
void metrics_page_append(struct buf *out, struct gateway *gateway, const struct api_server *server,
                         const struct process_figures *process, const struct exporter *exporter);

#endif
