#include "smtp/verdict.h"

/* The first refusal of the kind that decided. */
static void show_refusal(struct outcome *outcome, enum recipient_status decided)
{
    for (size_t i = 0; i < outcome->recipient_count; i++)
        if (outcome->recipients[i].status == decided) {
            outcome->reply = outcome->recipients[i].reply;
            return;
        }
}

bool smtp_verdict_refuse(struct outcome *outcome, enum fault_code code)
{
    size_t refused = 0;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        refused += outcome->recipients[i].status == RECIPIENT_REJECTED ||
                   outcome->recipients[i].status == RECIPIENT_DEFERRED;
    bool rejected = code == FAULT_RECIPIENTS_REJECTED || code == FAULT_RECIPIENTS_PARTLY_REJECTED;
    show_refusal(outcome, rejected ? RECIPIENT_REJECTED : RECIPIENT_DEFERRED);
    return fault_set(&outcome->fault, code, "%zu of %zu recipients were refused, and %s got the message",
                     refused, outcome->recipient_count,
                     smtp_trouble_delivery(code) == DELIVERY_PARTIAL ? "the others" : "nobody");
}

bool smtp_verdict_all_accepted(const struct outcome *outcome)
{
    for (size_t i = 0; i < outcome->recipient_count; i++)
        if (outcome->recipients[i].status != RECIPIENT_ACCEPTED)
            return false;
    return true;
}

void smtp_verdict_take_back(struct outcome *outcome, size_t first, size_t count)
{
    int kind = outcome->reply.code / 100;
    enum recipient_status status = kind == 5   ? RECIPIENT_REJECTED
                                   : kind == 4 ? RECIPIENT_DEFERRED
                                               : RECIPIENT_NOT_TRIED;
    for (size_t i = first; i < first + count; i++)
        if (outcome->recipients[i].status == RECIPIENT_ACCEPTED)
            outcome->recipients[i] = (struct outcome_recipient){.status = status, .reply = outcome->reply};
}
