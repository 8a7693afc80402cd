/* The file of API keys. Whatever it holds, either nothing of it is taken, with a fault that begins with the
 * file's name, or every key is one that can be logged, counted and held against a message; and no text is a
 * key by itself. */
#include "fuzz.h"
#include "service/access/keys.h"

enum { ARENA_BYTES = 8 << 20 };

static const int64_t YEAR_NS = 366LL * 86400 * 1000000000;

static void check_rules(const struct allow_list *list)
{
    FUZZ_CHECK(!list->rules == !list->count);
    for (size_t i = 0; i < list->count; i++) {
        const struct allow_rule *rule = &list->rules[i];
        FUZZ_CHECK(rule->domain.len > 0 && str_is_visible(rule->domain));
        FUZZ_CHECK((rule->kind == ALLOW_ADDRESS) == (rule->local.len > 0));
    }
}

static void check_key(const struct key *key)
{
    FUZZ_CHECK(key_name_is_valid(key->name));
    check_rules(&key->senders);
    check_rules(&key->recipients);
    for (size_t i = 0; i < KEY_LIMITS; i++) {
        const struct rate *rate = &key->limits[i];
        struct rate_bucket bucket = {0};
        if (!rate->interval_ns)
            continue;
        FUZZ_CHECK(rate->burst > 0 && rate_window_ns(rate) > 0 && rate_window_ns(rate) <= YEAR_NS);
        rate_take(rate, &bucket, 1, rate->burst);
        FUZZ_CHECK(rate_left(rate, &bucket, 1) == 0);
        FUZZ_CHECK(rate_wait_ns(rate, &bucket, 1, 1) > 0);
        FUZZ_CHECK(rate_left(rate, &bucket, 1 + rate_window_ns(rate)) == rate->burst);
    }
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct key_ring ring;
    struct fault fault = {0};
    arena_init(&arena, ARENA_BYTES);
    if (key_ring_read(&arena, input, "file", &ring, &fault)) {
        for (size_t i = 0; i < ring.count; i++)
            check_key(&ring.keys[i]);
        FUZZ_CHECK(!key_ring_find(&ring, input));
    } else {
        FUZZ_CHECK(fault.code == FAULT_INVALID_REQUEST || fault.code == FAULT_OVERLOADED);
        FUZZ_CHECK(str_starts_with(str_of(fault.detail), STR("file: ")));
    }
    arena_fini(&arena);
}
