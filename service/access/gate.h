/* service/access/gate.h: who may pass, and how often: what the API asks before it reads a body, and again before a
 * message goes out.
 *
 * Where a file of API keys is configured, every request to a listener shows one, but for two: the routes that
 * are anyone's, and the admin listener as long as no other host can reach it. Where none is, whoever reaches
 * a listener may use it; a browser's page may not.
 *
 * What was used up is kept here and in the keys' entries, and outlives a reload; a restart begins anew.
 *
 * Ownership  holds the configuration; each grant holds the one that it was made from.
 * Errors     those of api/http/access.h.
 * Threads    any, but for new, open_door, check, replace and free, which are the main thread's.
 */
#ifndef POSTERN_SERVICE_ACCESS_GATE_H
#define POSTERN_SERVICE_ACCESS_GATE_H

#include "api/http/access.h"
#include "service/settings/configuration.h"

struct gate;

/* One listener's way in. */
struct gate_door {
    struct gate *gate;
    bool is_admin;
    bool is_local; /* no other host can reach it */
};

struct gate *gate_new(struct configuration *configuration, struct fault *fault);

/* For the listening socket `fd`. What is dangerous about it is said out loud. */
void gate_open_door(struct gate *gate, struct gate_door *door, const struct settings *settings, int fd,
                    bool is_admin);

/* SIGHUP: other terms, from the next request on. They must pass the check, which refuses to let a listener
 * that other hosts can reach go on without keys. */
bool gate_check(const struct gate *gate, const struct settings *settings, struct fault *fault);
void gate_replace(struct gate *gate, struct configuration *configuration);
void gate_free(struct gate **gate);

/* `door` outlives the server that it is for. */
struct access_gate gate_for(struct gate_door *door);

#endif
