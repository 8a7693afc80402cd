#include "base/clock.h"

#include "base/digits.h"

#include <limits.h>
#include <stdatomic.h>

enum { US_PER_MS = 1000, US_PER_S = 1000000, NS_PER_US = 1000, MS_PER_S = 1000 };

/* A clock that cannot be read stands still. */
static int64_t read_us(clockid_t clock, _Atomic int64_t *last_us)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0)
        return *last_us;
    int64_t now_us = (int64_t)now.tv_sec * US_PER_S + now.tv_nsec / NS_PER_US;
    atomic_store_explicit(last_us, now_us, memory_order_relaxed);
    return now_us;
}

int64_t clock_monotonic_us(void)
{
    static _Atomic int64_t last_us;
    return read_us(CLOCK_MONOTONIC, &last_us);
}

int64_t clock_wall_us(void)
{
    static _Atomic int64_t last_us;
    return read_us(CLOCK_REALTIME, &last_us);
}

int64_t clock_wall_ms(void)
{
    return clock_wall_us() / US_PER_MS;
}

struct deadline deadline_after_ms(int64_t ms)
{
    return (struct deadline){clock_monotonic_us() + ms * US_PER_MS};
}

struct deadline deadline_earlier(struct deadline a, struct deadline b)
{
    return a.at_us < b.at_us ? a : b;
}

bool deadline_passed(struct deadline deadline)
{
    return clock_monotonic_us() >= deadline.at_us;
}

int deadline_left_ms(struct deadline deadline)
{
    int64_t left_us = deadline.at_us - clock_monotonic_us();
    if (left_us <= 0)
        return 0;
    int64_t left_ms = (left_us + US_PER_MS - 1) / US_PER_MS;
    return left_ms > INT_MAX ? INT_MAX : (int)left_ms;
}

struct timespec deadline_timespec(struct deadline deadline)
{
    return (struct timespec){.tv_sec = deadline.at_us / US_PER_S,
                             .tv_nsec = deadline.at_us % US_PER_S * NS_PER_US};
}

void clock_format_rfc3339(int64_t wall_ms, char text[static CLOCK_RFC3339_BYTES])
{
    time_t seconds = wall_ms / MS_PER_S;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    text = digits_decimal(text, STR(""), utc.tm_year + 1900, 4);
    text = digits_decimal(text, STR("-"), utc.tm_mon + 1, 2);
    text = digits_decimal(text, STR("-"), utc.tm_mday, 2);
    text = digits_decimal(text, STR("T"), utc.tm_hour, 2);
    text = digits_decimal(text, STR(":"), utc.tm_min, 2);
    text = digits_decimal(text, STR(":"), utc.tm_sec, 2);
    text = digits_decimal(text, STR("."), (int)(wall_ms % MS_PER_S), 3);
    *digits_text(text, STR("Z")) = '\0';
}
