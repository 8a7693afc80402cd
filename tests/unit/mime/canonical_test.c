#include "mime/canonical.h"
#include "test.h"

#include <string.h>

enum { OUT_BYTES = 4096 };

/* H169: the sequences of SMTP smuggling are content, and come out as whole lines. */
static const struct row {
    struct str text;
    const char *want;
} rows[] = {
    {STR(""), ""},
    {STR("a"), "a\r\n"},
    {STR("a\n"), "a\r\n"},
    {STR("a\r\n"), "a\r\n"},
    {STR("a\r"), "a\r\n"},
    {STR("\n"), "\r\n"},
    {STR("\r\r\n\n"), "\r\n\r\n\r\n"},
    {STR("a\nb\r\nc\rd"), "a\r\nb\r\nc\r\nd\r\n"},
    {STR("\n.\n"), "\r\n.\r\n"},
    {STR("\n.\r\n"), "\r\n.\r\n"},
    {STR("\r.\r"), "\r\n.\r\n"},
    {STR("\r.\r\n"), "\r\n.\r\n"},
    {STR("\r\n.\r"), "\r\n.\r\n"},
    {STR("\r\n.\n"), "\r\n.\r\n"},
    {STR("\r\n.\r\n"), "\r\n.\r\n"},
    {STR("\r\r\n.\r\r\n"), "\r\n\r\n.\r\n\r\n"},
    {STR("\r\n.\r\r\n"), "\r\n.\r\n\r\n"},
};

static void every_line_ends_with_crlf_however_it_is_pulled(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t window = 1; window <= 8; window++) {
            struct canonical canonical = {.rest = rows[i].text};
            char got[64];
            size_t len = 0;
            for (size_t step; (step = canonical_pull(&canonical, got + len, window)) > 0;)
                len += step;
            test_row("%zu by %zu", i, window);
            CHECK_TEXT(((struct str){got, len}), rows[i].want);
            CHECK_INT(canonical_survey(rows[i].text).octets, strlen(rows[i].want));
        }
}

/* Wherever it stands in a block. */
static void the_size_is_foretold_at_every_place(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t at = 0; at < 40; at++) {
            char text[128], got[256];
            memset(text, 'a', sizeof text);
            memcpy(text + at, rows[i].text.data, rows[i].text.len);
            for (size_t tail = 0; tail < 24; tail++) {
                struct str whole = {text, at + rows[i].text.len + tail};
                struct canonical canonical = {.rest = whole};
                test_row("%zu at %zu, %zu behind it", i, at, tail);
                CHECK_INT(canonical_survey(whole).octets, canonical_pull(&canonical, got, sizeof got));
            }
        }
}

static void a_lone_nul_is_content(void)
{
    struct canonical canonical = {.rest = STR("\r\n\0.\r\n")};
    char got[64];
    CHECK_STR(((struct str){got, canonical_pull(&canonical, got, sizeof got)}), STR("\r\n\0.\r\n"));
}

static void what_may_travel_as_it_is(void)
{
    static char line_998[998 + 2], line_999[999 + 2];
    memset(line_998, 'a', 998);
    memset(line_999, 'a', 999);
    line_998[998] = line_999[999] = '\n';
    const struct {
        const char *name;
        struct str text;
        bool seven_bit;
    } surveys[] = {
        {"nothing", STR(""), true},
        {"text with tabs and dots", STR("a\tb\n.\n..\n"), true},
        {"From within a line", STR("a From b\n"), true},
        {"From: is no From", STR("From:\n"), true},
        {"a line of 998", {line_998, 999}, true},
        {"a line of 999", {line_999, 1000}, false},
        {"a line of 998 without end", {line_998, 998}, true},
        {"UTF-8", STR("\u00E4"), false},
        {"UTF-8 in the last line", STR("a\nb\n\u00E4"), false},
        {"NUL", STR("a\0b"), false},
        {"a control", STR("\x1b"), false},
        {"DEL", STR("\x7f"), false},
        {"From", STR("From a\n"), false},
        {"From in the second line", STR("a\rFrom b\n"), false},
    };
    for (size_t i = 0; i < sizeof surveys / sizeof surveys[0]; i++) {
        test_row("%s", surveys[i].name);
        CHECK_INT(canonical_survey(surveys[i].text).seven_bit, surveys[i].seven_bit);
    }
}

int main(void)
{
    TEST(every_line_ends_with_crlf_however_it_is_pulled);
    TEST(the_size_is_foretold_at_every_place);
    TEST(a_lone_nul_is_content);
    TEST(what_may_travel_as_it_is);
    return test_result();
}
