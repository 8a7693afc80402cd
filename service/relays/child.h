/* service/relays/child.h: a shell command of the operator's, run for what it prints.
 *
 * It gets no descriptor of ours, no POSTERN_ variable, and the default signals; it is a process group of its
 * own, which is killed when the time is over or the output too long.
 *
 * Errors     INTERNAL, with what happened and the first line that it wrote to stderr; SHUTTING_DOWN.
 * Threads    any.
 */
#ifndef POSTERN_SERVICE_RELAYS_CHILD_H
#define POSTERN_SERVICE_RELAYS_CHILD_H

#include "base/buf.h"
#include "base/clock.h"
#include "base/fault.h"

/* Appends what it wrote to stdout until it ended well; more than `output` may hold is a fault. `stop_fd` ends
 * the wait when it becomes readable; -1 for never. */
bool child_run(const char *command, struct deadline deadline, int stop_fd, struct buf *output,
               struct fault *fault);

#endif
