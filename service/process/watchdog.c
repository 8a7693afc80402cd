#include "service/process/watchdog.h"

#include "base/str.h"

#include <stdlib.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 10 };

/* For another process than this one, its parent was meant. */
static bool is_for_us(void)
{
    const char *pid = getenv("WATCHDOG_PID");
    uint64_t value;
    return !pid || (str_to_uint(str_of(pid), INT32_MAX, &value) && (pid_t)value == getpid());
}

void watchdog_init(struct watchdog *watchdog, int64_t now_us)
{
    uint64_t usec;
    *watchdog = (struct watchdog){0};
    if (str_to_uint(str_of(getenv("WATCHDOG_USEC")), INT64_MAX / 2, &usec) && is_for_us())
        watchdog->every_us = (int64_t)(usec / 2); /* as sd_watchdog_enabled(3) has it */
    watchdog->due_us = now_us + watchdog->every_us;
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

bool watchdog_is_due(const struct watchdog *watchdog, int64_t now_us)
{
    return watchdog->every_us && now_us >= watchdog->due_us;
}

void watchdog_rest(struct watchdog *watchdog, int64_t now_us)
{
    watchdog->due_us = now_us + watchdog->every_us;
}

int64_t watchdog_cut_ms(const struct watchdog *watchdog, int64_t wait_ms, int64_t now_us)
{
    if (!watchdog->every_us)
        return wait_ms;
    int64_t left_ms = (watchdog->due_us - now_us) / 1000;
    if (left_ms < LOOK_AGAIN_MS)
        left_ms = LOOK_AGAIN_MS;
    return left_ms < wait_ms ? left_ms : wait_ms;
}
