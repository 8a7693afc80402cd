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

static void order_is_by_bytes_and_then_by_length(void)
{
    static const struct {
        const char *a, *b;
        int want;
    } rows[] = {{"", "", 0},   {"", "a", -1},  {"a", "ab", -1},      {"ab", "b", -1},
                {"a", "a", 0}, {"B", "a", -1}, {"\xc3\xa4", "z", 1}, {"b", "abc", 1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("\"%s\", \"%s\"", rows[i].a, rows[i].b);
        int order = str_compare(str_of(rows[i].a), str_of(rows[i].b));
        CHECK_INT((order > 0) - (order < 0), rows[i].want);
    }
    CHECK_INT(str_compare((struct str){0}, STR("")), 0);
}

static void a_quoted_string_ends_at_a_quote_that_is_not_escaped(void)
{
    static const struct {
        const char *text;
        size_t at, want; /* 0: it has no end */
    } rows[] = {{"\"\"", 0, 2},       {"\"a\"b\"", 0, 3},     {"x\"a\"", 1, 4},
                {"\"a\\\"b\"", 0, 6}, {"\"a\\\\\"b\"", 0, 5}, {"\"", 0, 0},
                {"\"a", 0, 0},        {"\"a\\\"", 0, 0},      {"\"a\\", 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].text);
        CHECK_INT(str_skip_quoted(str_of(rows[i].text), rows[i].at), rows[i].want);
    }
}

static void a_token_has_no_separators_and_is_not_empty(void)
{
    CHECK(str_is_token(STR("X-Mailer")) && str_is_token(STR("!#$%&'*+-.^_`|~09azAZ")));
    static const struct str none[] = {STR(""),    STR(" "),        STR("a b"), STR("a:"),
                                      STR("a\0"), STR("\xc3\xa4"), STR("a/b"), STR("(a"),
                                      STR("a\t"), STR("a\x7f"),    STR("@")};
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        test_row("%zu", i);
        CHECK(!str_is_token(none[i]));
    }
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
    CHECK_INT(str_find(STR("a--b--"), STR("--")), 1);
    CHECK_INT(str_find(STR("a-b"), STR("--")), 3);
    CHECK_INT(str_find(STR("abc"), STR("bcd")), 3);
    CHECK_INT(str_find(STR("abc"), STR("")), 3);
    CHECK_INT(str_find((struct str){0}, STR("a")), 0);
    CHECK(str_contains(STR("a=?b"), STR("=?")));
    CHECK(!str_contains(STR("=?"), STR("=?u")));
    CHECK(!str_contains((struct str){0}, STR("=?")));
    CHECK_INT(str_last_index(STR("a@b@c"), '@'), 3);
    CHECK_INT(str_last_index(STR("abc"), '@'), 3);
    CHECK_INT(str_from((struct str){0}, 5).len, 0);
    CHECK(!str_of(NULL).data);
}

static void visible_is_what_stands_between_space_and_del(void)
{
    for (int c = 0; c < 256; c++) {
        test_row("%d", c);
        char text[] = {'a', (char)c};
        CHECK_INT(str_is_visible((struct str){text, 2}), c > ' ' && c < 0x7f);
        CHECK_INT(char_is_control((char)c), c < ' ' || c == 0x7f);
    }
    CHECK(str_is_visible(STR("")));
}

int main(void)
{
    TEST(trimming_takes_spaces_and_tabs_off_both_ends);
    TEST(cutting_walks_all_parts_the_empty_ones_too);
    TEST(comparing_ignores_the_case_of_ascii_letters_only);
    TEST(order_is_by_bytes_and_then_by_length);
    TEST(a_quoted_string_ends_at_a_quote_that_is_not_escaped);
    TEST(a_token_has_no_separators_and_is_not_empty);
    TEST(a_number_is_digits_and_nothing_else_within_its_bound);
    TEST(slices_clamp_to_what_is_there);
    TEST(visible_is_what_stands_between_space_and_del);
    return test_result();
}
