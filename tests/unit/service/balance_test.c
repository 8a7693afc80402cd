#include "service/relays/balance.h"
#include "test.h"

enum { NONE_BARRED = 0 };

static void choices_follow_the_weights_smoothly(void)
{
    static const struct {
        const char *name;
        unsigned weights[MAX_RELAYS];
        size_t count;
        unsigned barred;
        const char *want; /* one letter a choice */
    } rows[] = {
        {"one", {0}, 1, 0, "aaaa"},
        {"in order", {0, 0, 0}, 3, 0, "aaaa"},
        {"in order, the first out", {0, 0, 0}, 3, 1, "bbbb"},
        {"in order, all out", {0, 0}, 2, 3, "aaaa"},
        {"5 1 1", {5, 1, 1}, 3, 0, "aabacaaaabacaa"},
        {"1 1", {1, 1}, 2, 0, "ababab"},
        {"3 1", {3, 1}, 2, 0, "aabaaaba"},
        {"5 1 1, the first out", {5, 1, 1}, 3, 1, "bcbcbc"},
        {"1 1, all out", {1, 1}, 2, 3, "abab"},
        {"0 is for when no other is left", {2, 0, 1}, 3, 0, "acaaca"},
        {"none but it is left", {2, 0, 1}, 3, 5, "bbb"},
        {"heavy", {1000000, 1}, 2, 0, "aaaaaaaa"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct balance balance = {.count = rows[i].count};
        char got[32] = "";
        for (size_t relay = 0; relay < rows[i].count; relay++)
            balance.weights[relay] = rows[i].weights[relay];
        test_row("%s", rows[i].name);
        for (size_t turn = 0; rows[i].want[turn]; turn++)
            got[turn] = (char)('a' + balance_choose(&balance, rows[i].barred));
        CHECK_TEXT(str_of(got), rows[i].want);
    }
}

static void one_that_was_left_out_gets_its_share_and_no_more_when_it_is_back(void)
{
    struct balance balance = {.weights = {1, 1}, .count = 2};
    for (int i = 0; i < 100; i++)
        CHECK_INT(balance_choose(&balance, 1), 1);
    int first = 0;
    for (int i = 0; i < 100; i++)
        first += balance_choose(&balance, NONE_BARRED) == 0;
    CHECK_INT(first, 50);
}

static void the_next_goes_round_and_leaves_out_the_barred(void)
{
    static const struct {
        size_t count, start;
        unsigned barred;
        size_t want;
    } rows[] = {{3, 0, 0, 0}, {3, 0, 1, 1}, {3, 1, 2, 2}, {3, 2, 4, 0},
                {3, 2, 5, 1}, {3, 0, 7, 3}, {1, 0, 1, 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("row %zu", i);
        CHECK_INT(balance_next(rows[i].count, rows[i].start, rows[i].barred), rows[i].want);
    }
}

int main(void)
{
    TEST(choices_follow_the_weights_smoothly);
    TEST(one_that_was_left_out_gets_its_share_and_no_more_when_it_is_back);
    TEST(the_next_goes_round_and_leaves_out_the_barred);
    return test_result();
}
