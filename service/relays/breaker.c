#include "service/relays/breaker.h"

#include <assert.h>

void breaker_init(struct breaker *breaker, const struct breaker_terms *terms)
{
    *breaker = (struct breaker){.terms = *terms, .is_proven = !terms->has_login};
}

enum breaker_state breaker_state(const struct breaker *breaker, int64_t now_us)
{
    if (now_us < breaker->open_until_us)
        return BREAKER_OPEN;
    return breaker->is_proven ? BREAKER_CLOSED : BREAKER_ON_TRIAL;
}

enum breaker_answer breaker_ask(const struct breaker *breaker, int64_t now_us)
{
    switch (breaker_state(breaker, now_us)) {
    case BREAKER_OPEN: return BREAKER_REFUSE;
    case BREAKER_CLOSED: return BREAKER_GO;
    case BREAKER_ON_TRIAL: break;
    }
    bool is_held_up = breaker->trying > 0 && now_us - breaker->last_try_us < BREAKER_PATIENCE_US;
    return is_held_up ? BREAKER_WAIT : BREAKER_GO;
}

void breaker_begin(struct breaker *breaker, int64_t now_us)
{
    breaker->trying++;
    breaker->last_try_us = now_us;
}

void breaker_forget(struct breaker *breaker)
{
    assert(breaker->trying > 0);
    breaker->trying--;
}

void breaker_succeed(struct breaker *breaker)
{
    breaker_forget(breaker);
    breaker->is_proven = true;
    breaker->failures = 0;
    breaker->open_until_us = 0;
    breaker->last_fault.code = FAULT_NONE;
}

void breaker_rest(struct breaker *breaker)
{
    breaker->is_proven = breaker->is_proven && !breaker->terms.has_login;
}

/* 1, 2, 4, ... times the first wait, for the failures behind the last allowed one. */
static int64_t wait_us(const struct breaker *breaker)
{
    int64_t wait = BREAKER_FIRST_WAIT_US;
    for (uint64_t i = breaker->terms.max_failures; i < breaker->failures; i++) {
        wait *= 2;
        if (wait >= BREAKER_LONGEST_WAIT_US)
            return BREAKER_LONGEST_WAIT_US;
    }
    return wait;
}

void breaker_fail(struct breaker *breaker, const struct fault *fault, int64_t now_us)
{
    breaker_forget(breaker);
    breaker->failures++;
    breaker->last_fault = *fault;
    int64_t wait = 0;
    if (breaker->terms.max_failures && breaker->failures >= breaker->terms.max_failures)
        wait = wait_us(breaker);
    if (fault->code == FAULT_UPSTREAM_AUTH_FAILED && breaker->terms.login_window_us > wait)
        wait = breaker->terms.login_window_us;
    /* Tries that began before it opened may end after: none shortens the wait. */
    if (wait == 0 || now_us + wait <= breaker->open_until_us)
        return;
    breaker->open_until_us = now_us + wait;
    breaker->is_proven = false;
}
