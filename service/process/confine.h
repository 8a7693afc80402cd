/* service/process/confine.h: least privilege: a process that serves gives up, for good, all that serving does not take.
 *
 *     confine_process   any command, at its start: no core dump, not to be looked into by others
 *     confine_files     before the first thread: no new privileges; reads the files that the settings name with
 *                       their folders, /etc and /usr; writes and executes none (Landlock)
 *     confine_network   the relays are known: connects by TCP to their ports, a collector's and name servers' (Landlock)
 *     confine_calls     everything is open that listens: the system calls that are left (seccomp)
 *
 * What the kernel or the container does not grant is told as a warning, and stops nothing.
 *
 * Threads    the main one; confine_calls holds for all.
 */
#ifndef POSTERN_SERVICE_PROCESS_CONFINE_H
#define POSTERN_SERVICE_PROCESS_CONFINE_H

#include "service/settings/configuration.h"

enum { CONFINE_MAX_PORTS = MAX_RELAYS + 2 }; /* and those of a name server and a collector */

struct confinement {
    bool is_off;
    bool has_files, has_calls;
    uint16_t ports[CONFINE_MAX_PORTS];
    size_t port_count; /* 0: any */
};

void confine_process(const struct option_sources *sources);

void confine_files(struct confinement *confinement, const struct option_sources *sources,
                   const struct settings *settings);
void confine_network(struct confinement *confinement, const struct configuration *configuration);
void confine_calls(struct confinement *confinement);

/* Whether whom SIGHUP brings can be reached. Fault: INVALID_REQUEST. */
bool confine_bears(const struct confinement *confinement, const struct configuration *configuration,
                   struct fault *fault);

#endif
