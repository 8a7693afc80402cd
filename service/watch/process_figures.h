/* service/watch/process_figures.h: what the process uses, by the names that Prometheus' own libraries have for it.
 *
 * What is read again and again is opened once: what confine.h takes from the process includes /proc.
 *
 * Errors     a figure that cannot be had is left out.
 * Threads    open before the first; the rest any, one at a time.
 */
#ifndef POSTERN_SERVICE_WATCH_PROCESS_FIGURES_H
#define POSTERN_SERVICE_WATCH_PROCESS_FIGURES_H

#include "base/buf.h"

#include <dirent.h>
#include <stdint.h>

struct process_figures {
    int64_t began_ms; /* wall clock */
    int memory_fd;    /* -1 without one */
    DIR *descriptors; /* NULL likewise */
};

void process_figures_open(struct process_figures *figures);
void process_figures_close(struct process_figures *figures);
void process_figures_append(struct buf *out, const struct process_figures *figures);

#endif
