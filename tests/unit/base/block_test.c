#include "base/block.h"
#include "test.h"

enum { MOST_OCTETS = 4 * BLOCK_STRIDE_OCTETS + 1 };

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

static void a_range_is_found_at_its_edges(void)
{
    static const struct {
        uint8_t first, last;
    } rows[] = {{'a', 'z'},   {' ', 0x7f},  {0, 0},     {0, 0xff},
                {0x80, 0xff}, {0xff, 0xff}, {'/', '9'}, {0x7f, 0x80}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (unsigned c = 0; c < 256; c++) {
            block octets = {0};
            test_row("%u in row %zu", c, i);
            octets[3] = (uint8_t)c;
            CHECK_INT(block_range(octets, rows[i].first, rows[i].last)[3],
                      c >= rows[i].first && c <= rows[i].last ? 0xff : 0);
        }
}

static void all_that_is_found_in_a_text_is_counted(void)
{
    static const size_t lengths[] = {0,           1, 15, 16, 17, 31, 255 * 16 - 1, 255 * 16, 256 * 16 + 1,
                                     600 * 16 + 7};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++)
        for (size_t every = 1; every < 5; every++) {
            char *text = malloc(lengths[i] + 1);
            size_t count = 0;
            test_row("%zu octets, one of %zu", lengths[i], every);
            for (size_t at = 0; at < lengths[i]; at++) {
                text[at] = at % every ? 'a' : '.';
                count += at % every == 0;
            }
            CHECK_INT(block_count_in((struct str){text, lengths[i]}, find_dots), count);
            free(text);
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

static size_t count_found(block found)
{
    size_t count = 0;
    for (size_t i = 0; i < BLOCK_OCTETS; i++)
        count += found[i] == UINT8_MAX;
    return count;
}

static void what_is_found_is_seen(void)
{
    char text[BLOCK_OCTETS];
    memset(text, 'a', sizeof text);
    for (size_t count = 0; count <= BLOCK_OCTETS; count++) {
        block found = find_dots(block_load(text));
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
        CHECK_INT(count_found((block)(loaded == '.')), len);
        CHECK_INT(count_found((block)(loaded == 0)), BLOCK_OCTETS - len);
        free(rest);
    }
}

int main(void)
{
    TEST(a_run_ends_at_the_first_that_is_found);
    TEST(a_range_is_found_at_its_edges);
    TEST(all_that_is_found_in_a_text_is_counted);
    TEST(a_run_is_no_longer_than_it_may_be);
    TEST(what_is_found_is_seen);
    TEST(a_rest_is_filled_up_with_zeros);
    return test_result();
}
