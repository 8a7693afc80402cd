#include "service/relays/limit.h"

void limit_init(struct limit *limit, unsigned most)
{
    *limit = (struct limit){.most = most, .now = most};
}

unsigned limit_get(struct limit *limit, int64_t now_us)
{
    while (limit->now < limit->most && now_us >= limit->grows_at_us) {
        limit->now++;
        limit->grows_at_us += LIMIT_STEP_US;
    }
    return limit->now;
}

static void hold_at(struct limit *limit, unsigned sessions, int64_t now_us)
{
    limit->grows_at_us = now_us + LIMIT_HOLD_US;
    if (sessions < limit->now)
        limit->now = sessions ? sessions : 1;
}

void limit_shrink(struct limit *limit, unsigned open, int64_t now_us)
{
    limit_get(limit, now_us);
    hold_at(limit, open, now_us);
}

void limit_prove(struct limit *limit, unsigned open, int64_t now_us)
{
    unsigned most = open < limit->most ? open : limit->most;
    if (limit_get(limit, now_us) < most)
        limit->now = most;
}

void limit_halve(struct limit *limit, unsigned open, int64_t now_us)
{
    if (limit->cut_at_us && now_us - limit->cut_at_us < LIMIT_CUT_PAUSE_US)
        return;
    unsigned used = limit_get(limit, now_us);
    limit->cut_at_us = now_us;
    hold_at(limit, (open < used ? open : used) / 2, now_us);
}
