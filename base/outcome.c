#include "base/outcome.h"

#include "base/clock.h"

const char *delivery_name(enum delivery delivery)
{
    static const char *const names[] = {"not_sent", "sent", "partial", "unknown"};
    return names[delivery];
}

const char *recipient_status_name(enum recipient_status status)
{
    static const char *const names[] = {"not_tried", "accepted", "rejected", "deferred"};
    return names[status];
}

const char *outcome_phase_name(enum outcome_phase phase)
{
    static const char *const names[] = {"queued", "connect", "greeting", "tls", "auth", "mail", "data"};
    return names[phase];
}

void outcome_end_phase(struct outcome_timing *timing, enum outcome_phase phase, int64_t began_us)
{
    struct outcome_spell *spell = &timing->phases[phase];
    int64_t now_us = clock_monotonic_us();
    if (!spell->began_us)
        spell->began_us = began_us;
    spell->ended_us = now_us;
    spell->took_us += now_us - began_us;
}
