#include "mime/line.h"
#include "test.h"

static void a_line_has_no_end_within(void)
{
    static const struct {
        struct str value;
        bool valid;
    } rows[] = {
        {STR(""), true},
        {STR("plain ~"), true},
        {STR("\u00A0\u00E4\u4E16\U0001F44D"), true},
        {STR("\u2027\u202A"), true},
        {STR("a\rb"), false},
        {STR("a\nb"), false},
        {STR("a\0b"), false},
        {STR("a\tb"), false},
        {STR("\x1b[0m"), false},
        {STR("a\x7f"), false},
        {STR("\xc2\x80"), false},
        {STR("\xc2\x85"), false},
        {STR("\xc2\x9f"), false},
        {STR("\u2028"), false},
        {STR("\u2029"), false},
        {STR("\xff"), false},
        {STR("\xc0\x8a"), false},
        {STR("a\xe2\x80"), false},
        {STR("\xed\xa0\x80"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%zu", i);
        CHECK_INT(line_check(rows[i].value, FAULT_INVALID_HEADER, "the value", &fault), rows[i].valid);
        CHECK_INT(fault.code, rows[i].valid ? FAULT_NONE : FAULT_INVALID_HEADER);
    }
}

static void a_line_has_a_bound(void)
{
    static char text[LINE_MAX_BYTES + 1];
    struct fault fault;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = 'a';
    CHECK(line_check((struct str){text, LINE_MAX_BYTES}, FAULT_INVALID_HEADER, "the value", &fault));
    CHECK(!line_check((struct str){text, LINE_MAX_BYTES + 1}, FAULT_INVALID_HEADER, "the value", &fault));
}

static void the_fault_says_where(void)
{
    struct fault fault;
    line_check(STR("ab\rc"), FAULT_INVALID_ADDRESS, "the name", &fault);
    CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
    CHECK_TEXT(str_of(fault.detail), "the name has a control character or line break (U+000D) at octet 2");
}

int main(void)
{
    TEST(a_line_has_no_end_within);
    TEST(a_line_has_a_bound);
    TEST(the_fault_says_where);
    return test_result();
}
