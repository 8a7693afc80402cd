/* service/relays/launcher.h: a process of its own that runs the operator's shell command, so that the one that
 * serves never starts a program, and need not be allowed to.
 *
 * It is forked before the first thread, and before this process gives up any right: the command keeps what it
 * may do. It knows that one command from the start; all that it takes is when to run it. It ends when this
 * process does.
 *
 * Ownership  the handle; the process goes with it.
 * Errors     start: those of the settings, OVERLOADED. run: those of child_run.
 * Threads    start and stop: the main one. run: any; the command is run for one of them at a time.
 */
#ifndef POSTERN_SERVICE_RELAYS_LAUNCHER_H
#define POSTERN_SERVICE_RELAYS_LAUNCHER_H

#include "base/buf.h"
#include "base/clock.h"
#include "service/settings/options.h"

struct launcher {
    char *command; /* NULL: none is configured, and no process stands by */
    int fd;
    int pid;
};

/* Reads the settings for smtp_oauth_command alone. To be stopped also on a fault. */
bool launcher_start(struct launcher *launcher, const struct option_sources *sources, struct fault *fault);
void launcher_stop(struct launcher *launcher);

/* As child_run does. */
bool launcher_run(const struct launcher *launcher, struct deadline deadline, int stop_fd, struct buf *output,
                  struct fault *fault);

#endif
