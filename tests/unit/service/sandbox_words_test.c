#include "service/sandbox/decode.h"
#include "service/sandbox/words.h"
#include "test.h"

static void encoded_words_are_decoded_and_nothing_else_is(void)
{
    static const struct {
        const char *value, *text;
    } rows[] = {
        {"plain", "plain"},
        {"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Gr\xc3\xbc\xc3\x9f"
                                        "e"},
        {"=?UTF-8?b?R3LDvMOfZQ==?=", "Gr\xc3\xbc\xc3\x9f"
                                     "e"},
        {"=?iso-8859-1?q?a=E9_b?=", "a\xc3\xa9 b"},
        {"=?utf-8*de?Q?a?=", "a"},
        {"=?utf-8?Q?a?= =?utf-8?Q?b?=", "ab"},
        {"=?utf-8?Q?a?=\r\n =?utf-8?Q?b?=", "ab"},
        {"=?utf-8?Q?a?= b", "a b"},
        {"a =?utf-8?Q?b?= c", "a b c"},
        {"one\r\n two", "one two"},
        {"=?utf-8?Q?a b?=", "=?utf-8?Q?a b?="},
        {"=?utf-8?X?a?=", "=?utf-8?X?a?="},
        {"=?utf-8?Q?a", "=?utf-8?Q?a"},
        {"=?", "=?"},
        {"=??Q?a?=", "=??Q?a?="},
        {"a==?=?", "a==?=?"},
        {"=?x-unknown?Q?a=41?=", "aA"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf text;
        test_row("%s", rows[i].value);
        buf_init(&text, 1000);
        sandbox_words_append(&text, str_of(rows[i].value));
        CHECK_TEXT(text.len ? buf_view(&text) : STR(""), rows[i].text);
        buf_fini(&text);
    }
}

static void a_text_goes_as_far_as_there_is_room(void)
{
    struct buf text;
    buf_init(&text, 5);
    sandbox_words_append(&text, STR("=?utf-8?Q?aaaaaaaaaaaaaaaaaaaa?= bbb"));
    CHECK_TEXT(buf_view(&text), "aaaaa");
    CHECK(!text.failed);
    buf_fini(&text);
}

static void parameters_are_put_together(void)
{
    static const struct {
        const char *value, *name, *text;
    } rows[] = {
        {"text/plain; charset=utf-8", "charset", "utf-8"},
        {"text/plain; CHARSET=\"utf-8\"", "charset", "utf-8"},
        {"a/b; name=\"a;b=\\\"c\\\"\"; charset=x", "name", "a;b=\"c\""},
        {"a/b; name=\"a;b=\\\"c\\\"\"; charset=x", "charset", "x"},
        {"attachment; filename*=utf-8''%c3%a4.txt", "filename", "\xc3\xa4.txt"},
        {"attachment; filename*=iso-8859-1'de'%e4.txt", "filename", "\xc3\xa4.txt"},
        {"attachment; filename*0*=utf-8''%c3; filename*1*=%a4; filename*2=.txt", "filename", "\xc3\xa4.txt"},
        {"attachment; filename*1=b; filename*0=a", "filename", "ab"},
        {"attachment; filename=plain; filename*=utf-8''%c3%a4", "filename", "\xc3\xa4"},
        {"attachment; filename*=utf-8''%c3%a4; filename=plain", "filename", "\xc3\xa4"},
        {"attachment; filename=\"=?utf-8?Q?=C3=A4?=\"", "filename", "\xc3\xa4"},
        {"attachment; filename*1=b", "filename", NULL},
        {"attachment; filename*99=b", "filename", NULL},
        {"attachment; filename", "filename", ""},
        {"attachment; filename=\"unclosed", "filename", "unclose"},
        {"attachment", "filename", NULL},
        {"; ; ;", "filename", NULL},
        {"", "filename", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        test_row("%s", rows[i].value);
        arena_init(&arena, 1 << 20);
        struct str got = sandbox_value_parameter(&arena, str_of(rows[i].value), str_of(rows[i].name));
        CHECK_STR(got, str_of(rows[i].text));
        arena_fini(&arena);
    }
}

static void bodies_are_decoded_as_far_as_they_go(void)
{
    static const struct {
        const char *name;
        enum sandbox_encoding encoding;
        const char *body, *text;
        bool clean;
    } rows[] = {
        {"as it is", SANDBOX_ENCODING_IDENTITY, "a=41", "a=41", true},
        {"base64", SANDBOX_ENCODING_BASE64, "aGVs\r\nbG8=\r\n", "hello", true},
        {"base64 without padding", SANDBOX_ENCODING_BASE64, "aGVsbG8", "hello", true},
        {"base64 cut", SANDBOX_ENCODING_BASE64, "aGVsb", "hel", false},
        {"base64 with junk", SANDBOX_ENCODING_BASE64, "aG!Vs*bG8=", "hello", false},
        {"behind the padding", SANDBOX_ENCODING_BASE64, "aGVsbG8=aGVs", "hello", false},
        {"quoted-printable", SANDBOX_ENCODING_QUOTED_PRINTABLE, "a=3D=\r\nb", "a=b", true},
        {"small hex digits", SANDBOX_ENCODING_QUOTED_PRINTABLE, "=c3=a4", "\xc3\xa4", true},
        {"space before the break", SANDBOX_ENCODING_QUOTED_PRINTABLE, "a= \t\r\nb", "ab", true},
        {"no hex digits", SANDBOX_ENCODING_QUOTED_PRINTABLE, "a=ZZb", "a=ZZb", false},
        {"cut behind =", SANDBOX_ENCODING_QUOTED_PRINTABLE, "a=", "a", true},
        {"cut in the octet", SANDBOX_ENCODING_QUOTED_PRINTABLE, "a=4", "a=4", false},
        {"unknown", SANDBOX_ENCODING_UNKNOWN, "abc", "abc", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char out[64];
        bool clean;
        test_row("%s", rows[i].name);
        size_t counted = sandbox_decode(rows[i].encoding, str_of(rows[i].body), NULL, &clean);
        size_t len = sandbox_decode(rows[i].encoding, str_of(rows[i].body), out, &clean);
        CHECK_INT(counted, len);
        CHECK_TEXT(((struct str){out, len}), rows[i].text);
        CHECK_INT(clean, rows[i].clean);
    }
}

static void charsets_are_those_of_the_list(void)
{
    static const struct {
        const char *charset, *text, *utf8;
        bool known;
    } rows[] = {
        {"", "a", "a", true},
        {"utf-8", "\xc3\xa4", "\xc3\xa4", true},
        {"us-ascii", "\xc3\xa4", "\xc3\xa4", true},
        {"utf-8", "\xff", "\xff", false},
        {"iso-8859-15", "\xa4", "\xe2\x82\xac", true},
        {"Windows-1252", "\x80", "\xe2\x82\xac", true},
        {"utf-7", "+AOQ-", "+AOQ-", false},
        {"../../evil", "a", "a", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf text;
        test_row("%s", rows[i].charset);
        buf_init(&text, 100);
        CHECK_INT(sandbox_charset_append(&text, str_of(rows[i].charset), str_of(rows[i].text)),
                  rows[i].known);
        CHECK_TEXT(buf_view(&text), rows[i].utf8);
        buf_fini(&text);
    }
}

int main(void)
{
    TEST(encoded_words_are_decoded_and_nothing_else_is);
    TEST(a_text_goes_as_far_as_there_is_room);
    TEST(parameters_are_put_together);
    TEST(bodies_are_decoded_as_far_as_they_go);
    TEST(charsets_are_those_of_the_list);
    return test_result();
}
