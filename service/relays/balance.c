#include "service/relays/balance.h"

static bool is_barred(unsigned barred, size_t relay)
{
    return barred >> relay & 1;
}

size_t balance_next(size_t count, size_t start, unsigned barred)
{
    for (size_t i = 0; i < count; i++) {
        size_t relay = (start + i) % count;
        if (!is_barred(barred, relay))
            return relay;
    }
    return count;
}

/* The credits of those that take part always add up to what they added up to before. */
static size_t choose_by_weight(struct balance *balance, unsigned barred)
{
    size_t best = balance->count;
    int64_t total = 0;
    for (size_t i = 0; i < balance->count; i++) {
        if (is_barred(barred, i) || balance->weights[i] == 0)
            continue;
        balance->credits[i] += balance->weights[i];
        total += balance->weights[i];
        if (best == balance->count || balance->credits[i] > balance->credits[best])
            best = i;
    }
    if (best < balance->count)
        balance->credits[best] -= total;
    return best;
}

size_t balance_choose(struct balance *balance, unsigned barred)
{
    if (balance_next(balance->count, 0, barred) == balance->count)
        barred = 0;
    size_t chosen = choose_by_weight(balance, barred);
    return chosen < balance->count ? chosen : balance_next(balance->count, 0, barred);
}
