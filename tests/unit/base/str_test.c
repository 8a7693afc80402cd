#include "test.h"

static void trimming_takes_spaces_and_tabs_off_both_ends(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {{"", ""}, {" ", ""}, {"a", "a"}, {"\t a b \t", "a b"}, {"\na ", "\na"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        CHECK_TEXT(str_trim(str_of(rows[i].text)), rows[i].want);
    }
}

static void cutting_walks_all_parts_the_empty_ones_too(void)
{
    struct str rest = STR("a::b");
    CHECK_TEXT(str_cut(&rest, ':'), "a");
    CHECK_TEXT(str_cut(&rest, ':'), "");
    CHECK_TEXT(str_cut(&rest, ':'), "b");
    CHECK(!rest.data);
    struct str trailing = STR("a:");
    CHECK_TEXT(str_cut(&trailing, ':'), "a");
    CHECK(trailing.data && trailing.len == 0);
}

static void comparing_ignores_the_case_of_ascii_letters_only(void)
{
    CHECK(str_equal_nocase(STR("Content-TYPE"), STR("content-type")));
    CHECK(!str_equal_nocase(STR("\xc3\x84"), STR("\xc3\xa4")));
    CHECK(!str_equal_nocase(STR("["), STR("{")));
    CHECK(str_starts_with_nocase(STR("AUTH=PLAIN"), STR("auth=")));
    CHECK(!str_starts_with(STR("a"), STR("ab")));
}

static void a_number_is_digits_and_nothing_else_within_its_bound(void)
{
    static const struct {
        const char *text;
        uint64_t max;
        int64_t want; /* -1: refused */
    } rows[] = {{"0", 10, 0},
                {"10", 10, 10},
                {"11", 10, -1},
                {"007", 10, 7},
                {"", 10, -1},
                {"-1", 10, -1},
                {"+1", 10, -1},
                {" 1", 10, -1},
                {"1 ", 10, -1},
                {"0x1", 99, -1},
                {"9", 5, -1},
                {"18446744073709551616", UINT64_MAX, -1},
                {"99999999999999999999999", UINT64_MAX, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t value = 0;
        test_row("\"%s\" up to %" PRIu64, rows[i].text, rows[i].max);
        bool ok = str_to_uint(str_of(rows[i].text), rows[i].max, &value);
        CHECK_INT(ok, rows[i].want >= 0);
        if (rows[i].want >= 0)
            CHECK_INT(value, rows[i].want);
    }
    uint64_t largest;
    CHECK(str_to_uint(STR("18446744073709551615"), UINT64_MAX, &largest) && largest == UINT64_MAX);
}

static void slices_clamp_to_what_is_there(void)
{
    CHECK_TEXT(str_from(STR("abc"), 1), "bc");
    CHECK_TEXT(str_from(STR("abc"), 9), "");
    CHECK_TEXT(str_first(STR("abc"), 2), "ab");
    CHECK_TEXT(str_first(STR("abc"), 9), "abc");
    CHECK_INT(str_index(STR("abc"), 'c'), 2);
    CHECK_INT(str_index(STR("abc"), 'x'), 3);
    CHECK_INT(str_last_index(STR("a@b@c"), '@'), 3);
    CHECK_INT(str_last_index(STR("abc"), '@'), 3);
    CHECK_INT(str_from((struct str){0}, 5).len, 0);
    CHECK(!str_of(NULL).data);
}

int main(void)
{
    TEST(trimming_takes_spaces_and_tabs_off_both_ends);
    TEST(cutting_walks_all_parts_the_empty_ones_too);
    TEST(comparing_ignores_the_case_of_ascii_letters_only);
    TEST(a_number_is_digits_and_nothing_else_within_its_bound);
    TEST(slices_clamp_to_what_is_there);
    return test_result();
}
