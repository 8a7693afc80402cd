/* service/process/signals.h: what the process is asked by signals: to stop (SIGTERM, SIGINT), to read its configuration
 * again (SIGHUP).
 *
 * They are blocked, and waited for in one place: no handler runs, at no moment that nobody has thought of.
 *
 * Threads    the main one; block before the first other one is started.
 */
#ifndef POSTERN_SERVICE_PROCESS_SIGNALS_H
#define POSTERN_SERVICE_PROCESS_SIGNALS_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

void signals_block(sigset_t *signals);

/* The signal that came, or 0 when the time was over. */
int signals_wait(const sigset_t *signals, int64_t wait_ms);

bool signals_mean_stop(int signal_number);

#endif
