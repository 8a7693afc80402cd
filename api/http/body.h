/* api/http/body.h: a request body as it arrives, within the bound on one and the budget for all.
 *
 * What a body may grow to is held in the budget before the memory is taken, and held on until the message is
 * answered: the parsed body, which replaces the bytes, is as large. Then its answer is held, until the client
 * has it.
 *
 * Errors     PAYLOAD_TOO_LARGE beyond the bound, OVERLOADED beyond the budget.
 * Threads    a budget is shared by all; a body belongs to one request.
 */
#ifndef POSTERN_API_HTTP_BODY_H
#define POSTERN_API_HTTP_BODY_H

#include "base/fault.h"
#include "base/str.h"

struct body_budget {
    _Atomic uint64_t held_bytes;
    uint64_t max_bytes;
};

struct body {
    struct body_budget *budget;
    uint64_t max_bytes;
    uint64_t held_bytes;
    char *data;
    size_t len;
    size_t capacity;
};

/* Room for exactly `bytes`, when the length is known. */
bool body_reserve(struct body *body, uint64_t bytes, struct fault *fault);
bool body_append(struct body *body, struct str bytes, struct fault *fault);
struct str body_view(const struct body *body);

/* More of the budget, for memory that is taken elsewhere. */
bool body_hold(struct body *body, uint64_t bytes, struct fault *fault);

/* Frees the bytes, but goes on holding the budget. */
void body_drop(struct body *body);

/* Frees the bytes, and holds those of the answer in their place, also where the budget has no more: it is
 * owed. */
void body_give_way(struct body *body, uint64_t answer_bytes);
void body_fini(struct body *body);

#endif
