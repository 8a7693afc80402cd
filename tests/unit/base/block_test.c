#include "base/block.h"
#include "test.h"

enum { MOST_OCTETS = 3 * BLOCK_OCTETS + 1 };

static block find_dots(block octets)
{
    return (block)(octets == '.');
}

/* At every place of texts of every length, those that end within a block too. */
static void a_run_ends_at_the_first_that_is_found(void)
{
    char text[MOST_OCTETS];
    for (size_t len = 0; len <= MOST_OCTETS; len++)
        for (size_t at = 0; at <= len; at++) {
            test_row("%zu of %zu", at, len);
            memset(text, 'a', sizeof text);
            memset(text + at, '.', len - at);
            CHECK_INT(block_run((struct str){text, len}, SIZE_MAX, find_dots), at);
        }
}

static void a_run_is_no_longer_than_it_may_be(void)
{
    static const struct {
        const char *text;
        size_t max, run;
    } rows[] = {{"", 5, 0},
                {"aaaa", 0, 0},
                {"aaaa", 3, 3},
                {"aa.a", 3, 2},
                {"aaaa.", 4, 4},
                {"aaaaaaaaaaaaaaaaaaaa.", 17, 17},
                {"aaaaaaaaaaaaaaaaaaaa.", 99, 20}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        CHECK_INT(block_run(str_of(rows[i].text), rows[i].max, find_dots), rows[i].run);
    }
}

static void what_is_found_is_counted(void)
{
    char text[BLOCK_OCTETS];
    memset(text, 'a', sizeof text);
    for (size_t count = 0; count <= BLOCK_OCTETS; count++) {
        block found = find_dots(block_load(text));
        CHECK_INT(block_count(found), count);
        CHECK_INT(block_has(found), count > 0);
        if (count > 0)
            CHECK_INT(block_first(found), BLOCK_OCTETS - count);
        if (count < BLOCK_OCTETS)
            text[BLOCK_OCTETS - 1 - count] = '.';
    }
}

/* A rest is a block with zeros behind it, and nothing beyond it is read. */
static void a_rest_is_filled_up_with_zeros(void)
{
    for (size_t len = 0; len < BLOCK_OCTETS; len++) {
        char *rest = malloc(len + 1);
        memset(rest, '.', len);
        block loaded = block_load_end((struct str){rest, len});
        CHECK_INT(block_count((block)(loaded == '.')), len);
        CHECK_INT(block_count((block)(loaded == 0)), BLOCK_OCTETS - len);
        free(rest);
    }
}

int main(void)
{
    TEST(a_run_ends_at_the_first_that_is_found);
    TEST(a_run_is_no_longer_than_it_may_be);
    TEST(what_is_found_is_counted);
    TEST(a_rest_is_filled_up_with_zeros);
    return test_result();
}
