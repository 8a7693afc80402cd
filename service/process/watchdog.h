/* service/process/watchdog.h: when the service manager wants the next sign of life, by WATCHDOG_USEC and WATCHDOG_PID
 * (sd_watchdog_enabled(3)). Whether there is one to give is for the caller to find out.
 *
 * Threads    the main one.
 */
#ifndef POSTERN_SERVICE_PROCESS_WATCHDOG_H
#define POSTERN_SERVICE_PROCESS_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

struct watchdog {
    int64_t every_us; /* 0: nobody watches */
    int64_t due_us;
};

/* Takes both variables out of the environment. */
void watchdog_init(struct watchdog *watchdog, int64_t now_us);

bool watchdog_is_due(const struct watchdog *watchdog, int64_t now_us);

/* A sign was given. */
void watchdog_rest(struct watchdog *watchdog, int64_t now_us);

/* Of a wait, what there is time for before the next sign. */
int64_t watchdog_cut_ms(const struct watchdog *watchdog, int64_t wait_ms, int64_t now_us);

#endif
