/* service/watch/collector.h: whom spans are sent to, as the settings have it.
 *
 * Ownership  strings are in the arena that it was loaded into; collector_fini frees the TLS context.
 * Errors     INVALID_REQUEST, naming the option, and never what may hold a secret.
 * Threads    read only once loaded.
 */
#ifndef POSTERN_SERVICE_WATCH_COLLECTOR_H
#define POSTERN_SERVICE_WATCH_COLLECTOR_H

#include "base/arena.h"
#include "service/settings/options.h"

struct collector {
    bool is_given;
    struct smtp_relay place; /* host, port and TLS: its connection is made as one to a relay is */
    struct str authority;    /* as the Host field has it */
    struct str path;
    struct str fields; /* of the header, CRLF behind each */
};

bool collector_load(struct arena *arena, const struct settings *settings, struct collector *collector,
                    struct fault *fault);
void collector_fini(struct collector *collector);

#endif
