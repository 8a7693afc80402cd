/* service/settings/configuration.h: the settings and the relays that they name, as one value that can be replaced
 * while in use.
 *
 * Sessions hold the configuration they were opened with; SIGHUP puts a new one in its place, and the old one
 * goes when its last session is closed.
 *
 * Ownership  counted references; everything in it goes with the last.
 * Errors     INVALID_REQUEST, naming the option or the file; INTERNAL, with what a relay cannot be prepared
 *            from; OVERLOADED.
 * Threads    read only once loaded; relay, hold and release from any.
 */
#ifndef POSTERN_SERVICE_SETTINGS_CONFIGURATION_H
#define POSTERN_SERVICE_SETTINGS_CONFIGURATION_H

#include "mime/dkim.h"
#include "service/access/admission.h"
#include "service/relays/relay_url.h"
#include "service/relays/token.h"
#include "service/sandbox/sandbox.h"
#include "service/settings/options.h"
#include "service/watch/collector.h"

#include <pthread.h>
#include <stdatomic.h>

struct configuration {
    struct settings settings;
    struct relay_list relays;  /* prepared */
    struct token_source token; /* of all relays */
    struct dkim_ring dkim;
    struct admission admission;
    struct collector collector;
    struct str redirect_to; /* the one address that every message goes to; absent: where it is meant to go */
    struct arena arena;
    pthread_mutex_t naming; /* guards the finding of the EHLO name */
    bool is_named;
    atomic_uint references;
};

/* `sandbox`, where there is one, is the only relay, whatever the settings name. `stop_fd` ends every wait of
 * a session when it becomes readable. `launcher`, where there is one, runs the command for tokens. NULL on a
 * fault. */
struct configuration *configuration_load(const struct option_sources *sources, const struct sandbox *sandbox,
                                         const struct launcher *launcher, int stop_fd, struct fault *fault);

/* A relay, ready to open a session with. The first call, and not the start, asks the resolver for this
 * host's full name, and waits a second for it at most. */
const struct smtp_relay *configuration_relay(struct configuration *configuration, size_t index);

struct configuration *configuration_hold(struct configuration *configuration);
void configuration_release(struct configuration **configuration);

#endif
