/* Nobody tells when the first byte of a later request arrives. So a kept connection has the time in which it
 * may be idle and that for a header on top: whoever begins at the last moment still has all of his time,
 * whoever drips gains no more than the idle time, and who is silent is closed by libmicrohttpd before. */
#include "api/http/pace.h"

enum { US_PER_MS = 1000, MS_PER_S = 1000 };

void pace_enter(struct pace *pace, enum pace_stage stage, int64_t now_us)
{
    *pace = (struct pace){.stage = stage, .since_us = now_us, .window_since_us = now_us};
}

/* 0 for a stage that may last. */
static int64_t limit_of(const struct pace_limits *limits, enum pace_stage stage)
{
    switch (stage) {
    case PACE_HEADER: return limits->header_ms;
    case PACE_BODY: return limits->body_ms;
    case PACE_ANSWER: return limits->answer_ms;
    case PACE_KEPT: return limits->idle_ms + limits->header_ms;
    case PACE_WAITING: break;
    }
    return 0;
}

static enum pace_verdict judge_rate(struct pace *pace, uint64_t min_rate, int64_t now_us)
{
    int64_t window_us = now_us - pace->window_since_us;
    if (window_us < (int64_t)PACE_WINDOW_MS * US_PER_MS)
        return PACE_GOOD;
    uint64_t wanted = min_rate * (uint64_t)(window_us / US_PER_MS) / MS_PER_S;
    enum pace_verdict verdict = pace->window_bytes < wanted ? PACE_SLOW : PACE_GOOD;
    pace->window_since_us = now_us;
    pace->window_bytes = 0;
    return verdict;
}

enum pace_verdict pace_judge(struct pace *pace, const struct pace_limits *limits, int64_t now_us)
{
    int64_t limit_ms = limit_of(limits, pace->stage);
    int64_t passed_us = now_us - pace->since_us;
    if (limit_ms && passed_us >= limit_ms * US_PER_MS)
        return passed_us >= 2 * limit_ms * US_PER_MS ? PACE_OVERDUE : PACE_LATE;
    return pace->stage == PACE_BODY ? judge_rate(pace, limits->min_body_rate, now_us) : PACE_GOOD;
}
