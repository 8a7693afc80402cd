#include "api/http/body.h"
#include "test.h"

#include <stdatomic.h>
#include <string.h>

enum { BODY_BYTES = 40000, BUDGET_BYTES = 60000 };

static char bytes[BODY_BYTES + 1];

static struct body body_of(struct body_budget *budget)
{
    return (struct body){.budget = budget, .max_bytes = BODY_BYTES};
}

static void a_known_length_takes_exactly_its_room(void)
{
    struct body_budget budget = {.max_bytes = BUDGET_BYTES};
    struct body body = body_of(&budget);
    struct fault fault;
    CHECK(body_reserve(&body, BODY_BYTES, &fault));
    CHECK_INT(body.capacity, BODY_BYTES);
    for (size_t at = 0; at < BODY_BYTES; at += 1000)
        CHECK(body_append(&body, (struct str){bytes + at, 1000}, &fault));
    CHECK_INT(atomic_load(&budget.held_bytes), BODY_BYTES);
    CHECK_STR(body_view(&body), ((struct str){bytes, BODY_BYTES}));
    body_fini(&body);
    CHECK_INT(atomic_load(&budget.held_bytes), 0);
}

static void an_unknown_length_grows_to_the_bound_and_not_beyond(void)
{
    struct body_budget budget = {.max_bytes = BUDGET_BYTES};
    struct body body = body_of(&budget);
    struct fault fault;
    for (size_t at = 0; at < BODY_BYTES; at++)
        CHECK(body_append(&body, (struct str){bytes + at, 1}, &fault));
    CHECK_INT(body.capacity, BODY_BYTES);
    CHECK_STR(body_view(&body), ((struct str){bytes, BODY_BYTES}));
    CHECK(!body_append(&body, STR("x"), &fault));
    CHECK_INT(fault.code, FAULT_PAYLOAD_TOO_LARGE);
    body_fini(&body);
    CHECK_INT(atomic_load(&budget.held_bytes), 0);
}

static void the_budget_is_for_all(void)
{
    struct body_budget budget = {.max_bytes = BUDGET_BYTES};
    struct body first = body_of(&budget), second = body_of(&budget);
    struct fault fault;
    CHECK(body_reserve(&first, BODY_BYTES, &fault));
    CHECK(!body_reserve(&second, BODY_BYTES, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    CHECK(body_reserve(&second, BUDGET_BYTES - BODY_BYTES, &fault));
    CHECK(!body_hold(&second, 1, &fault));
    CHECK(!body_hold(&second, UINT64_MAX, &fault));
    CHECK_INT(atomic_load(&budget.held_bytes), BUDGET_BYTES);
    body_drop(&first);
    CHECK_INT(atomic_load(&budget.held_bytes), BUDGET_BYTES);
    body_fini(&first);
    body_fini(&second);
    CHECK_INT(atomic_load(&budget.held_bytes), 0);
}

static void nothing_is_an_empty_body(void)
{
    struct body_budget budget = {.max_bytes = BUDGET_BYTES};
    struct body body = body_of(&budget);
    struct fault fault;
    CHECK(body_reserve(&body, 0, &fault));
    CHECK_STR(body_view(&body), STR(""));
    body_fini(&body);
}

static void an_answer_is_held_in_the_place_of_its_request(void)
{
    struct body_budget budget = {.max_bytes = BUDGET_BYTES};
    struct body body = body_of(&budget), other = body_of(&budget);
    struct fault fault;
    CHECK(body_reserve(&body, BODY_BYTES, &fault));
    body_give_way(&body, 100);
    CHECK(!body.data);
    CHECK_INT(atomic_load(&budget.held_bytes), 100);
    /* What is owed is held beyond the budget, and what is new waits for it. */
    body_give_way(&body, BUDGET_BYTES + 1);
    CHECK_INT(atomic_load(&budget.held_bytes), BUDGET_BYTES + 1);
    CHECK(!body_hold(&other, 0, &fault));
    CHECK(!body_reserve(&other, 1, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    body_fini(&body);
    body_fini(&other);
    CHECK_INT(atomic_load(&budget.held_bytes), 0);
}

int main(void)
{
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)('a' + i % 26);
    TEST(a_known_length_takes_exactly_its_room);
    TEST(an_unknown_length_grows_to_the_bound_and_not_beyond);
    TEST(the_budget_is_for_all);
    TEST(nothing_is_an_empty_body);
    TEST(an_answer_is_held_in_the_place_of_its_request);
    return test_result();
}
