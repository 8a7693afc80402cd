#include "mime/header.h"
#include "test.h"

#include <string.h>

enum { OUT_BYTES = 256 * 1024 };

#define E_ACUTE "\xc3\xa9"
#define FAMILY  "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"
#define A70     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static struct str write_field(struct buf *out, const char *name, struct str text, enum header_value kind)
{
    struct header header;
    buf_init(out, OUT_BYTES);
    header_begin(&header, out, str_of(name));
    header_append_text(&header, text, kind);
    header_end(&header);
    CHECK(!out->failed);
    return buf_view(out);
}

struct row {
    const char *text, *want;
};

static void check_rows(const struct row *rows, size_t count, const char *name, enum header_value kind)
{
    for (size_t i = 0; i < count; i++) {
        struct buf out;
        test_row("%.60s", rows[i].text);
        CHECK_TEXT(write_field(&out, name, str_of(rows[i].text), kind), rows[i].want);
        buf_fini(&out);
    }
}

static void plain_text_stays_plain(void)
{
    static const struct row rows[] = {
        {"", "Subject:\r\n"},
        {"Hello", "Subject: Hello\r\n"},
        {"a  b   c", "Subject: a  b   c\r\n"},
        {"100 % = all? (yes) <no> \"q\" \\", "Subject: 100 % = all? (yes) <no> \"q\" \\\r\n"},
        {"=? and ?= the wrong way: ?= =?", "Subject: =?utf-8?B?PT8=?= and ?= the wrong way: ?= =?\r\n"},
        {"=?=", "Subject: =?=\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "Subject", HEADER_FREE_TEXT);
}

/* RFC 2047 section 8 shows what is displayed for which words; these are the rows an encoder can be asked. */
static void spaces_between_encoded_words_are_inside_them(void)
{
    static const struct row rows[] = {
        {E_ACUTE, "Subject: =?utf-8?B?w6k=?=\r\n"},
        {E_ACUTE " b", "Subject: =?utf-8?B?w6k=?= b\r\n"},
        {E_ACUTE E_ACUTE, "Subject: =?utf-8?B?w6nDqQ==?=\r\n"},
        {E_ACUTE " " E_ACUTE, "Subject: =?utf-8?B?w6kgw6k=?=\r\n"},
        {E_ACUTE "  " E_ACUTE, "Subject: =?utf-8?B?w6kgIMOp?=\r\n"},
        {"a " E_ACUTE " b", "Subject: a =?utf-8?B?w6k=?= b\r\n"},
        {"a  " E_ACUTE "  b", "Subject: a =?utf-8?Q?_=C3=A9_?= b\r\n"},
        {"caf" E_ACUTE "-bars and pubs", "Subject: =?utf-8?Q?caf=C3=A9-bars?= and pubs\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "Subject", HEADER_FREE_TEXT);
}

/* RFC 2047 section 8: its names, and what its table displays. */
static void the_examples_of_rfc_2047_are_written(void)
{
    static const struct row rows[] = {
        {"Keith Moore", "From: Keith Moore\r\n"},
        {"Keld J\u00F8rn Simonsen", "From: Keld =?utf-8?B?SsO4cm4=?= Simonsen\r\n"},
        {"Andr" E_ACUTE " Pirard", "From: =?utf-8?B?QW5kcsOp?= Pirard\r\n"},
        {"If you can read this you understand the example.",
         "From: If you can read this you understand the example.\r\n"},
        {"Olle J\u00E4rnefors", "From: Olle =?utf-8?Q?J=C3=A4rnefors?=\r\n"},
        {"Patrik F\u00E4ltstr\u00F6m", "From: Patrik =?utf-8?B?RsOkbHRzdHLDtm0=?=\r\n"},
        {"\u05DD\u05D5\u05DC\u05E9 \u05DF\u05D1 \u05D9\u05DC\u05D8\u05E4\u05E0",
         "From: =?utf-8?B?153Xldec16kg15/XkSDXmdec15jXpNeg?=\r\n"},
        {"(a)", "From: (a)\r\n"},
        {"(a b)", "From: (a b)\r\n"},
        {"(ab)", "From: (ab)\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "From", HEADER_FREE_TEXT);
}

static void what_a_reader_would_lose_is_encoded(void)
{
    static const struct row rows[] = {
        {" a", "Subject: =?utf-8?Q?_a?=\r\n"},
        {"a ", "Subject: =?utf-8?Q?a_?=\r\n"},
        {"b a  ", "Subject: b =?utf-8?Q?a__?=\r\n"},
        {"   ", "Subject: =?utf-8?Q?___?=\r\n"},
        {"=?utf-8?Q?x?=", "Subject: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?=\r\n"},
        {"=? " E_ACUTE, "Subject: =?utf-8?B?PT8gw6k=?=\r\n"},
        {"?==? a " E_ACUTE, "Subject: =?utf-8?B?Pz09Pw==?= a =?utf-8?B?w6k=?=\r\n"},
        {"=? a", "Subject: =? a\r\n"},
        {"x=?utf-8?Q?a b?= c", "Subject: =?utf-8?B?eD0/dXRmLTg/UT9h?= b?= c\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "Subject", HEADER_FREE_TEXT);
}

static void fields_fold_where_a_space_stood(void)
{
    static const struct row rows[] = {
        {"one two three four five six seven eight nine ten eleven twelve thirteen 14",
         "Subject: one two three four five six seven eight nine ten eleven twelve\r\n thirteen 14\r\n"},
        {"exactly seventy-eight columns wide when the name of the field is counted too!",
         "Subject: exactly seventy-eight columns wide when the name of the field is\r\n counted too!\r\n"},
        {"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa  b",
         "Subject: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n  b\r\n"},
        {"x " A70 "aaaaaaa", "Subject: x\r\n " A70 "aaaaaaa\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "Subject", HEADER_FREE_TEXT);
}

static void an_ascii_word_too_long_for_a_line_is_encoded_for_people_only(void)
{
    static const struct row free_rows[] = {
        {A70 A70, "Subject: =?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\n"
                  " =?utf-8?Q?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa?=\r\n"
                  " =?utf-8?Q?aaaaaaaaaaaaaaaaaaaa?=\r\n"},
    };
    static const struct row opaque_rows[] = {
        {A70 A70, "List-Unsubscribe: " A70 A70 "\r\n"},
        {"<a> " A70 A70, "List-Unsubscribe: <a>\r\n " A70 A70 "\r\n"},
        {"<https://x.example/?a=?b>", "List-Unsubscribe: <https://x.example/?a=?b>\r\n"},
    };
    check_rows(free_rows, sizeof free_rows / sizeof free_rows[0], "Subject", HEADER_FREE_TEXT);
    check_rows(opaque_rows, sizeof opaque_rows / sizeof opaque_rows[0], "List-Unsubscribe", HEADER_OPAQUE);
}

/* But for those of which base64 would need padding before the end, and that no word of the other kind can hold: GMime loses
 * all that follows. */
static void clusters_stay_whole(void)
{
    static const struct row rows[] = {
        {FAMILY "  " FAMILY, "Subject: =?utf-8?B?8J+RqOKAjfCfkanigI3wn5Gn4oCN8J+RpiAg?=\r\n"
                             " =?utf-8?B?8J+RqOKAjfCfkanigI3wn5Gn4oCN8J+Rpg==?=\r\n"},
        {FAMILY FAMILY FAMILY, "Subject: =?utf-8?B?8J+RqOKAjfCfkanigI3wn5Gn4oCN8J+RpvCfkajigI3wn5Gp4oCN?=\r\n"
                               " =?utf-8?B?8J+Rp+KAjfCfkabwn5Go4oCN8J+RqeKAjfCfkafigI3wn5Gm?=\r\n"},
    };
    check_rows(rows, sizeof rows / sizeof rows[0], "Subject", HEADER_FREE_TEXT);
}

/* Every line of a field: not over `columns`, not white space alone, folded lines begin with a space. */
static void check_lines(struct str field, size_t columns)
{
    CHECK(field.len >= 2 && field.data[field.len - 2] == '\r');
    for (size_t first = 1; field.len; first = 0) {
        struct str line = str_first(field, str_index(field, '\r'));
        CHECK(line.len <= columns);
        CHECK(str_trim(line).len > 0);
        CHECK(first || line.data[0] == ' ');
        field = str_from(field, line.len);
        CHECK(str_starts_with(field, STR("\r\n")));
        field = str_from(field, 2);
    }
}

/* H158, H159: whatever a value is made of, by the longest name too. */
static void no_line_is_too_long_whatever_the_value(void)
{
    static const char *const units[] = {"a",
                                        " ",
                                        "\u00E4",
                                        "a ",
                                        "\u00E4 ",
                                        "\u4E16",
                                        FAMILY,
                                        "e\u0301\u0302",
                                        "\u0301",
                                        "=?",
                                        "?=",
                                        "=? ",
                                        "a  \u00E4 b ",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa "};
    static const char *const names[] = {
        "Subject", "X", "X-2345678901234567890123456789012345678901234567890123456789012345678901234"};
    static char text[32 * 1024];
    for (size_t i = 0; i < sizeof units / sizeof units[0] * (sizeof names / sizeof names[0]); i++) {
        const char *unit = units[i / 3];
        size_t len = 0;
        while (len + strlen(unit) <= sizeof text)
            for (const char *c = unit; *c; c++)
                text[len++] = *c;
        test_row("%s: %s", names[i % 3], unit);
        struct buf out;
        check_lines(write_field(&out, names[i % 3], (struct str){text, len}, HEADER_FREE_TEXT), 78);
        buf_fini(&out);
        check_lines(write_field(&out, names[i % 3], (struct str){text, len}, HEADER_OPAQUE), 998);
        buf_fini(&out);
    }
}

int main(void)
{
    TEST(plain_text_stays_plain);
    TEST(spaces_between_encoded_words_are_inside_them);
    TEST(what_a_reader_would_lose_is_encoded);
    TEST(fields_fold_where_a_space_stood);
    TEST(an_ascii_word_too_long_for_a_line_is_encoded_for_people_only);
    TEST(the_examples_of_rfc_2047_are_written);
    TEST(clusters_stay_whole);
    TEST(no_line_is_too_long_whatever_the_value);
    return test_result();
}
