#include "base/digits.h"
#include "base/random.h"
#include "base/trace_context.h"
#include "test.h"

#include <string.h>

enum { TEXT_BYTES = 64 };

static void a_number_has_its_width(void)
{
    static const struct {
        const char *mark;
        int number;
        size_t width;
        const char *text;
    } rows[] = {{"", 0, 1, "0"},
                {"", 7, 2, "07"},
                {":", 59, 2, ":59"},
                {" +", 5, 3, " +005"},
                {"", 2026, 4, "2026"},
                {"", 12026, 4, "2026"},
                {"", 2147483647, 10, "2147483647"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[TEXT_BYTES];
        test_row("%s", rows[i].text);
        char *end = digits_decimal(text, str_of(rows[i].mark), rows[i].number, rows[i].width);
        CHECK_TEXT(((struct str){text, (size_t)(end - text)}), rows[i].text);
    }
}

static void octets_are_two_digits_each(void)
{
    static const unsigned char octets[] = {0x00, 0x09, 0x0a, 0x7f, 0x80, 0xf0, 0xff};
    char text[TEXT_BYTES];
    char *end = digits_hex(text, octets, sizeof octets);
    CHECK_TEXT(((struct str){text, (size_t)(end - text)}), "00090a7f80f0ff");
    CHECK(digits_hex(text, octets, 0) == text);
}

/* Whatever is asked for before and behind, no octet is given out twice: 16 that are the same are no chance. */
static void what_was_drawn_is_not_drawn_again(void)
{
    enum { DRAWS = 200, BYTES = 16 };
    static unsigned char drawn[DRAWS][BYTES];
    unsigned char large[700] = {0}, zeros[BYTES] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        random_fill(large, i % 50 == 49 ? sizeof large : i % 7);
        random_fill(drawn[i], BYTES);
        CHECK(memcmp(drawn[i], zeros, BYTES) != 0);
        for (size_t earlier = 0; earlier < i; earlier++)
            CHECK(memcmp(drawn[i], drawn[earlier], BYTES) != 0);
    }
    CHECK(memcmp(large + sizeof large - BYTES, zeros, BYTES) != 0);
}

static void a_trace_begins_with_the_id_of_the_message(void)
{
    struct trace_context context;
    char text[TRACEPARENT_BYTES];
    trace_context_begin(&context, "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f");
    CHECK_TEXT(str_of(context.trace_id), "0192f3c88f0e7cc398c4dc0c0c07398f");
    CHECK_INT(strspn(context.span_id, "0123456789abcdef"), SPAN_ID_BYTES - 1);
    memcpy(context.span_id, "00f067aa0ba902b7", SPAN_ID_BYTES);
    trace_context_format(&context, text);
    CHECK_TEXT(str_of(text), "00-0192f3c88f0e7cc398c4dc0c0c07398f-00f067aa0ba902b7-01");
    context.is_sampled = false;
    trace_context_format(&context, text);
    CHECK_TEXT(str_of(text), "00-0192f3c88f0e7cc398c4dc0c0c07398f-00f067aa0ba902b7-00");
}

int main(void)
{
    TEST(a_number_has_its_width);
    TEST(octets_are_two_digits_each);
    TEST(what_was_drawn_is_not_drawn_again);
    TEST(a_trace_begins_with_the_id_of_the_message);
    return test_result();
}
