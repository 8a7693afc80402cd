#include "base/utf8.h"
#include "mime/filename.h"
#include "test.h"

#include <string.h>

enum { ARENA_BYTES = 64 * 1024 };

/* H162. */
static void names_are_made_safe_to_save_under(void)
{
    static const struct {
        struct str name;
        const char *want;
    } rows[] = {
        {STR("report.pdf"), "report.pdf"},
        {STR("../../etc/passwd"), "passwd"},
        {STR("/etc/passwd"), "passwd"},
        {STR("C:\\temp\\x.exe"), "x.exe"},
        {STR("..\\x/y\\z.txt"), "z.txt"},
        {STR("dir/"), NULL},
        {STR(""), NULL},
        {STR("."), NULL},
        {STR(".."), NULL},
        {STR("a/.."), NULL},
        {STR("   "), NULL},
        {STR("\r\n\0"), NULL},
        {STR("a\r\nb\tc\0d\x7f"
             "e.txt"),
         "abcde.txt"},
        {STR("a\xc2\x85"
             "b\u2028c"),
         "abc"},
        {STR("x\u202Efdp.exe"), "xfdp.exe"},
        {STR("\u2066a\u2069\u200E.txt"), "a.txt"},
        {STR("a\u061Cb\u200Fc\u202Ad.txt"), "abcd.txt"},
        {STR("5\u2030 \u206A.txt"), "5\u2030 \u206A.txt"},
        {STR("a\xff\xc0"
             "b.txt"),
         "ab.txt"},
        {STR(" a b.txt "), "a b.txt"},
        {STR("say \"hi\".txt"), "say \"hi\".txt"},
        {STR("\u00DCbersicht.pdf"), "\u00DCbersicht.pdf"},
        {STR(".htaccess"), ".htaccess"},
        {STR("..."), "..."},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%zu %.*s", i, STR_ARG(rows[i].name));
        CHECK_TEXT(filename_clean(&arena, rows[i].name), rows[i].want);
        arena_fini(&arena);
    }
}

static void what_is_left_of_a_long_name_ends_with_no_blank(void)
{
    char text[FILENAME_MAX_BYTES + 1];
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    memset(text, 'x', sizeof text);
    text[FILENAME_MAX_BYTES - 1] = ' ';
    struct str name = filename_clean(&arena, (struct str){text, sizeof text});
    CHECK_INT(name.len, FILENAME_MAX_BYTES - 1);
    arena_fini(&arena);
}

static void long_names_keep_their_extension(void)
{
    static const struct {
        const char *unit, *extension;
        size_t want;
    } rows[] = {{"a", ".pdf", 255},
                {"\u4E16", ".pdf", 253},
                {"e\u0301", ".docx", 254},
                {"a", ".averyveryverylongone", 255},
                {"a", "", 255},
                {".", "", 255}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[1100] = {0};
        struct arena arena;
        arena_init(&arena, ARENA_BYTES);
        test_row("%zu", i);
        while (strlen(text) < 1024)
            memcpy(text + strlen(text), rows[i].unit, strlen(rows[i].unit));
        memcpy(text + strlen(text), rows[i].extension, strlen(rows[i].extension));
        struct str name = filename_clean(&arena, str_of(text));
        CHECK_INT(name.len, rows[i].want);
        CHECK(utf8_valid(name));
        if (strlen(rows[i].extension) <= 16)
            CHECK_TEXT(str_from(name, name.len - strlen(rows[i].extension)), rows[i].extension);
        arena_fini(&arena);
    }
}

static void the_fallback_is_short_and_ascii(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"a.txt", "a.txt"},
        {"\u00DCber e\u0301.txt", "_ber e.txt"},
        {"\u65E5\u672C\u8A9E.pdf", "___.pdf"},
        {"\U0001F468\u200D\U0001F469\u200D\U0001F467.png", "_.png"},
        {"say \"hi\" \\.txt", "say _hi_ _.txt"},
        {"a.\u00E4\u00F6", "a.__"},
        {"a\x7f"
         "b.txt",
         "a_b.txt"},
        {"=?a?=.txt", "=_a?=.txt"},
        {"a.an extension that is none", "a.an extension that is none"},
        {"0123456789012345678901234567890123456789012345678901234567890123456789.txt",
         "012345678901234567890123456789012345678901234567890123.txt"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char fallback[FILENAME_FALLBACK_BYTES];
        test_row("%s", rows[i].name);
        filename_make_fallback(str_of(rows[i].name), fallback);
        CHECK_TEXT(str_of(fallback), rows[i].want);
    }
}

static void a_full_arena_is_seen(void)
{
    struct arena arena;
    arena_init(&arena, 4);
    CHECK(!filename_clean(&arena, STR("report.pdf")).data);
    CHECK(arena.failed);
    arena_fini(&arena);
}

int main(void)
{
    TEST(names_are_made_safe_to_save_under);
    TEST(what_is_left_of_a_long_name_ends_with_no_blank);
    TEST(long_names_keep_their_extension);
    TEST(the_fallback_is_short_and_ascii);
    TEST(a_full_arena_is_seen);
    return test_result();
}
