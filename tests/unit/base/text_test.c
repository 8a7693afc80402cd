#include "base/base64.h"
#include "base/idna.h"
#include "base/percent.h"
#include "base/random.h"
#include "base/utf8.h"
#include "test.h"

#include <string.h>

static void only_the_shortest_form_of_a_scalar_value_is_utf8(void)
{
    static const struct {
        const char *name, *bytes;
        bool valid;
    } rows[] = {{"ascii", "abcdefgh ijklm", true},
                {"two bytes", "\xc2\x80\xdf\xbf", true},
                {"three bytes", "\xe0\xa0\x80\xef\xbf\xbf", true},
                {"four bytes", "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", true},
                {"a lone continuation", "\x80", false},
                {"overlong slash in two", "\xc0\xaf", false},
                {"overlong slash in three", "\xe0\x80\xaf", false},
                {"overlong slash in four", "\xf0\x80\x80\xaf", false},
                {"a surrogate", "\xed\xa0\x80", false},
                {"above U+10FFFF", "\xf4\x90\x80\x80", false},
                {"five bytes", "\xf8\x88\x80\x80\x80", false},
                {"cut short", "\xe2\x82", false},
                {"cut short behind a run", "abcdefghijkl\xe2\x82", false},
                {"no continuation", "\xe2\x28\xa1", false},
                {"ff fe", "\xff\xfe", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        CHECK_INT(utf8_valid(str_of(rows[i].bytes)), rows[i].valid);
    }
}

static void every_code_point_survives_encoding_and_decoding(void)
{
    for (uint32_t point = 0; point <= 0x10ffff; point += point < 0x3000 ? 1 : 61) {
        char bytes[UTF8_MAX_BYTES];
        uint32_t decoded = 0;
        if (point >= 0xd800 && point <= 0xdfff)
            continue;
        size_t len = utf8_encode(point, bytes);
        if (utf8_decode((struct str){bytes, len}, &decoded) != len || decoded != point) {
            test_row("U+%04x", point);
            CHECK(false);
        }
    }
    CHECK(true);
}

static void a_cut_never_goes_through_a_code_point(void)
{
    struct str text = STR("a\xe2\x82\xac"
                          "b");
    static const size_t want[] = {0, 1, 1, 1, 4, 5, 5};
    for (size_t max = 0; max < sizeof want / sizeof want[0]; max++) {
        test_row("%zu", max);
        CHECK_INT(utf8_first(text, max).len, want[max]);
    }
}

static void a_peers_words_are_made_safe_to_print(void)
{
    static const struct {
        const char *text;
        size_t max;
        const char *want;
    } rows[] = {{"2.0.0 Ok", 100, "2.0.0 Ok"},
                {"a\r\nb\x1b[31m", 100, "a  b [31m"},
                {"\xff"
                 "a\xc2\x9b",
                 100,
                 "\xef\xbf\xbd"
                 "a "},
                {"\xe2\x82\xac\xe2\x82\xac", 5, "\xe2\x82\xac"}};
    struct arena arena;
    arena_init(&arena, 10000);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        CHECK_TEXT(utf8_make_safe(&arena, str_of(rows[i].text), rows[i].max), rows[i].want);
    }
    arena_fini(&arena);
}

/* RFC 4648 section 10. */
static void base64_has_the_vectors_of_its_rfc(void)
{
    static const char *const rows[][2] = {{"", ""},
                                          {"f", "Zg=="},
                                          {"fo", "Zm8="},
                                          {"foo", "Zm9v"},
                                          {"foob", "Zm9vYg=="},
                                          {"fooba", "Zm9vYmE="},
                                          {"foobar", "Zm9vYmFy"},
                                          {"\xff\xef\xbe", "/+++"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 100);
        test_row("%s", rows[i][1]);
        base64_encode(&out, str_of(rows[i][0]));
        CHECK_TEXT(buf_view(&out), rows[i][1]);
        buf_clear(&out);
        CHECK(base64_decode(&out, str_of(rows[i][1])));
        CHECK_TEXT(buf_view(&out), rows[i][0]);
        buf_fini(&out);
    }
}

static void base64_that_is_not_canonical_is_refused(void)
{
    static const char *const rows[] = {
        "Zg", "Zg=", "Zg===", "Z===", "====", "Zh==", "Zm9=", "Zm 9v", "Zm9v\n", "Zm9-", "Zg==Zg==", "=Zg="};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 100);
        buf_append(&out, STR("kept"));
        test_row("%s", rows[i]);
        CHECK(!base64_decode(&out, str_of(rows[i])));
        CHECK_TEXT(buf_view(&out), "kept");
        buf_fini(&out);
    }
}

static void a_domain_becomes_a_labels_or_a_fault(void)
{
    static const char label63[] = "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffggg";
    char long_label[80], long_domain[400], endless[1100];
    memset(endless, 'a', sizeof endless);
    endless[sizeof endless - 1] = '\0';
    snprintf(long_label, sizeof long_label, "%sx.example", label63);
    snprintf(long_domain, sizeof long_domain, "%s.%s.%s.%s.%s", label63, label63, label63, label63, label63);
    const struct {
        const char *domain, *want; /* NULL: refused */
    } rows[] = {{"example.com", "example.com"},
                {"Example.COM", "Example.COM"},
                {"b\xc3\xbc"
                 "cher.example",
                 "xn--bcher-kva.example"},
                {"\xe4\xbe\x8b\xe5\xad\x90.\xe6\xb5\x8b\xe8\xaf\x95", "xn--fsqu00a.xn--0zwm56d"},
                {"xn--bcher-kva.example", "xn--bcher-kva.example"},
                {"xn--\xc3\xa4.example", NULL},
                {"xn--a\x80.example", NULL},
                {"", NULL},
                {".example", NULL},
                {"a..b", NULL},
                {"example.com.", NULL},
                {"-a.example", NULL},
                {"a-.example", NULL},
                {"under_score.example", NULL},
                {"sp ace.example", NULL},
                {"a@b.example", NULL},
                {"\xef\xbc\xa0.example", NULL},
                {long_label, NULL},
                {long_domain, NULL},
                {endless, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct fault fault = {0};
        struct str ascii = {0};
        arena_init(&arena, 100000);
        test_row("%s", rows[i].domain);
        bool ok = idna_to_ascii(&arena, str_of(rows[i].domain), &ascii, &fault);
        CHECK_INT(ok, rows[i].want != NULL);
        if (rows[i].want)
            CHECK_TEXT(ascii, rows[i].want);
        else
            CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
        arena_fini(&arena);
    }
}

static void without_memory_a_domain_is_not_called_wrong(void)
{
    static const char *const rows[] = {"example.com", "b\xc3\xbc\x63her.example"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct fault fault = {0};
        struct str ascii;
        arena_init(&arena, 4);
        test_row("%s", rows[i]);
        CHECK(!idna_to_ascii(&arena, str_of(rows[i]), &ascii, &fault));
        CHECK_INT(fault.code, FAULT_OVERLOADED);
        arena_fini(&arena);
    }
}

static void what_is_no_percent_escape_stays_as_it_is(void)
{
    static const struct {
        const char *text, *decoded;
        bool valid;
    } rows[] = {{"", "", true},         {"a+b", "a+b", true},        {"%41%2f%2F", "A//", true},
                {"%2541", "%41", true}, {"%", "%", false},           {"50%", "50%", false},
                {"%4", "%4", false},    {"%4g%g4", "%4g%g4", false}, {"%%41", "%A", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].text);
        struct arena arena;
        arena_init(&arena, 4096);
        struct str decoded = percent_decode(&arena, str_of(rows[i].text));
        CHECK_TEXT(decoded, rows[i].decoded);
        CHECK_INT(decoded.data[decoded.len], 0);
        CHECK_INT(percent_is_valid(str_of(rows[i].text)), rows[i].valid);
        arena_fini(&arena);
    }
}

static void a_uuid7_has_its_version_its_variant_and_its_time(void)
{
    char first[UUID_BYTES], second[UUID_BYTES];
    random_uuid7(first);
    random_uuid7(second);
    CHECK_INT(strlen(first), 36);
    CHECK_INT(first[14], '7');
    CHECK(strchr("89ab", first[19]));
    CHECK(first[8] == '-' && first[13] == '-' && first[18] == '-' && first[23] == '-');
    CHECK(strcmp(first, second) != 0);
    CHECK(strncmp(first, second, 8) <= 0);
}

int main(void)
{
    TEST(only_the_shortest_form_of_a_scalar_value_is_utf8);
    TEST(every_code_point_survives_encoding_and_decoding);
    TEST(a_cut_never_goes_through_a_code_point);
    TEST(a_peers_words_are_made_safe_to_print);
    TEST(base64_has_the_vectors_of_its_rfc);
    TEST(base64_that_is_not_canonical_is_refused);
    TEST(a_domain_becomes_a_labels_or_a_fault);
    TEST(without_memory_a_domain_is_not_called_wrong);
    TEST(what_is_no_percent_escape_stays_as_it_is);
    TEST(a_uuid7_has_its_version_its_variant_and_its_time);
    return test_result();
}
