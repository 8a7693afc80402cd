/* What a try to open a session says about the relay, and what of it says nothing: a relay that has as many
 * sessions as it takes, or one that was left no time to answer in, is not at fault. */
#include "service/relays/pool_inside.h"

/* Shorter tries say nothing about a relay that did not answer. */
enum { FAIR_TRY_US = 5000000 };

bool permit_is_held(const struct worker *worker)
{
    return worker->permit && worker->permit == worker->pool->epoch;
}

enum breaker_answer permit_ask(struct worker *worker)
{
    struct pool *pool = worker->pool;
    if (permit_is_held(worker))
        return BREAKER_GO;
    int64_t now_us = clock_monotonic_us();
    enum breaker_answer answer = breaker_ask(&pool->breaker, now_us);
    if (answer == BREAKER_GO) {
        breaker_begin(&pool->breaker, now_us);
        worker->permit = pool->epoch;
    }
    return answer;
}

void permit_drop(struct worker *worker)
{
    if (permit_is_held(worker))
        breaker_forget(&worker->pool->breaker);
    worker->permit = 0;
}

/* The relay takes some sessions, and this was one too many: that is no fault of its own. */
static bool is_crowded_out(const struct pool *pool, const struct outcome *outcome)
{
    bool is_temporary = outcome->fault.code == FAULT_UPSTREAM_TEMPORARY ||
                        outcome->fault.code == FAULT_UPSTREAM_AUTH_TEMPORARY;
    return is_temporary && outcome->reply.code / 100 == 4 && pool->sessions > 0;
}

/* A message that had waited until its last moments left the relay no time to answer in. */
static bool was_cut_short(const struct worker *worker, const struct outcome *outcome, int64_t now_us)
{
    return outcome->fault.code == FAULT_UPSTREAM_TIMEOUT && deadline_passed(worker->deadline) &&
           now_us - worker->opening_at_us < FAIR_TRY_US;
}

static bool is_relays_fault(const struct worker *worker, const struct outcome *outcome, int64_t now_us)
{
    return fault_kind(outcome->fault.code)->blame == BLAME_RELAY && !was_cut_short(worker, outcome, now_us);
}

void permit_spend(struct worker *worker, const struct outcome *outcome)
{
    struct pool *pool = worker->pool;
    int64_t now_us = clock_monotonic_us();
    if (outcome->fault.code == FAULT_NONE) {
        breaker_succeed(&pool->breaker);
        limit_prove(&pool->limit, pool->sessions, now_us);
        pool_rouse(pool);
    } else if (is_crowded_out(pool, outcome)) {
        breaker_forget(&pool->breaker);
        limit_shrink(&pool->limit, pool->sessions, now_us);
        worker->may_try_again = true;
    } else if (is_relays_fault(worker, outcome, now_us)) {
        breaker_fail(&pool->breaker, &outcome->fault, now_us);
    } else {
        breaker_forget(&pool->breaker);
    }
    worker->permit = 0;
}
