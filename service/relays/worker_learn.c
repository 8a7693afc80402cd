/* What a message's way says about the relay: whether a session stands, what it takes at a time, and how long a message
 * takes it. */
#include "service/relays/pool_inside.h"

enum { OVERLAP_AGAIN_US = 600000000 };

/* A session stands, or else the fault says why none could be opened: the relay's, or our own. */
static void learn_health(struct worker *worker, const struct outcome *outcome, int64_t now_us)
{
    struct pool *pool = worker->pool;
    bool stands = worker->carrier.session;
    if (!stands && fault_kind(outcome->fault.code)->blame != BLAME_RELAY)
        return;
    pool->health = stands ? (struct fault){.code = FAULT_NONE} : outcome->fault;
    pool->checked_at_us = now_us;
}

/* RFC 3463 3.8: X.7.x is policy, and for now: the relay wants less. */
static bool is_throttled(const struct outcome *outcome)
{
    return outcome->delivery == DELIVERY_NOT_SENT && outcome->reply.code / 100 == 4 &&
           str_starts_with(outcome->reply.enhanced, STR("4.7."));
}

/* What the relay has shown that it can take. */
static void learn_manners(struct worker *worker, const struct outcome *outcome, int64_t now_us)
{
    struct pool *pool = worker->pool;
    if (is_throttled(outcome))
        limit_halve(&pool->limit, pool->sessions, now_us);
    bool broke_off = worker->held && outcome->delivery == DELIVERY_UNKNOWN;
    bool was_lost = worker->is_ahead && outcome->fault.code == FAULT_UPSTREAM_TIMEOUT;
    if ((broke_off || was_lost) && pool->overlap_from_us < now_us)
        pool->overlap_from_us = now_us + OVERLAP_AGAIN_US;
}

void worker_learn(struct worker *worker, const struct job *job, enum carrier_end end,
                  const struct outcome *outcome)
{
    int64_t now_us = clock_monotonic_us();
    if (end == CARRIER_SERVED && job->submission) {
        learn_manners(worker, outcome, now_us);
        tempo_learn(&worker->pool->tempo, now_us - worker->began_us, now_us);
    }
    if (end != CARRIER_BARRED && !worker->may_try_again)
        learn_health(worker, outcome, now_us);
}
