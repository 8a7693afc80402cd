/* Rows that begin with H are those of the input matrix; y and n are texts that are JSON and that are not. */
#include "api/json/json_check.h"
#include "api/json/json_string.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NODES = 100 };

struct verdict {
    enum fault_code code;
    struct arena arena;
    struct str pointer;
    struct fault fault;
};

/* From memory of its exact length, so that a sanitizer sees a read beyond the end. */
static void check(struct str text, size_t max_nodes, struct verdict *verdict)
{
    char *exact = malloc(text.len ? text.len : 1);
    memcpy(exact, text.data, text.len);
    *verdict = (struct verdict){0};
    arena_init(&verdict->arena, 1 << 20);
    bool valid = json_check(&verdict->arena, (struct str){exact, text.len}, max_nodes, &verdict->pointer,
                            &verdict->fault);
    verdict->code = valid ? FAULT_NONE : verdict->fault.code;
    free(exact);
}

static enum fault_code code_of(struct str text, size_t max_nodes)
{
    struct verdict verdict;
    check(text, max_nodes, &verdict);
    arena_fini(&verdict.arena);
    return verdict.code;
}

#define YES(name, literal)                                                                                   \
    {                                                                                                        \
        (name),                                                                                              \
        {                                                                                                    \
            (literal), sizeof(literal) - 1                                                                   \
        }                                                                                                    \
    }

static void what_is_json_passes(void)
{
    static const struct {
        const char *name;
        struct str text;
    } rows[] = {
        YES("y empty object", "{}"),
        YES("y empty array", "[]"),
        YES("y nested", "[{\"a\":[{},[],{\"b\":[1]}]}]"),
        YES("y scalar", "7"),
        YES("y string alone", "\"\""),
        YES("y true", "true"),
        YES("y false", "false"),
        YES("y null", "null"),
        YES("y white space of all four kinds", " \t\r\n[ \t\r\n1 \t\r\n,\n2 \t\r\n] \t\r\n"),
        YES("y numbers", "[0,-0,1.5,-1.5e+10,1E-2,0e1,123456789]"),
        YES("H116 1e400 is a number by its grammar", "[1e400]"),
        YES("H116 27 digits", "[123456789012345678901234567]"),
        YES("y short escapes", "[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]"),
        YES("y unicode escape", "[\"\\u00e4\\u20AC\"]"),
        YES("y surrogate pair", "[\"\\ud83d\\uDE00\"]"),
        YES("y UTF-8 of 2, 3 and 4 bytes", "[\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\"]"),
        YES("y noncharacter", "[\"\xef\xbf\xbf\"]"),
        YES("y DEL and U+2028", "[\"\x7f\xe2\x80\xa8\"]"),
        YES("y empty name", "{\"\":1}"),
        YES("y same name in two objects", "[{\"a\":1},{\"a\":1}]"),
        YES("y same name inside", "{\"a\":{\"a\":{\"a\":1}}}"),
        YES("y names that differ in case: the reader's matter (H112)", "{\"To\":1,\"to\":2}"),
        YES("y name that is a part of another", "{\"a\":1,\"aa\":2,\"\":3}"),
        YES("y an escaped backslash before u0000", "[\"\\\\u0000\"]"),
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct verdict verdict;
        check(rows[i].text, MAX_NODES, &verdict);
        CHECK_STR(verdict.code ? str_of(verdict.fault.detail) : STR(""), STR(""));
        arena_fini(&verdict.arena);
    }
}

#define ROW(name, literal, detail)                                                                           \
    {                                                                                                        \
        (name), {(literal), sizeof(literal) - 1}, (detail)                                                   \
    }

static const struct {
    const char *name;
    struct str text;
    const char *detail; /* how it begins */
} faulty_rows[] = {
    ROW("H96 nothing", "", "at byte 0: the text is empty"),
    ROW("H96 white space", " \r\n\t", "at byte 4: the text is empty"),
    ROW("H97 open object", "{", "at byte 1: expected a name in double quotes, but the text ends"),
    ROW("H97 open array", "[1", "at byte 2: expected a comma or ], but the text ends"),
    ROW("H97 open string", "[\"abc", "at byte 5: expected a quote that ends the string, but"),
    ROW("H97 open escape", "[\"\\", "at byte 3: expected one of"),
    ROW("H97 open unicode escape", "[\"\\u12", "at byte 4: expected four hexadecimal digits"),
    ROW("H97 open literal", "[tru", "at byte 1: expected a value"),
    ROW("H97 name without value", "{\"a\"", "at byte 4: expected a colon"),
    ROW("H97 name and colon", "{\"a\":", "at byte 5: expected a value, but the text ends"),
    ROW("H98 trailing text", "{} x", "at byte 3: expected nothing after the document"),
    ROW("H98 second document", "{}{}", "at byte 2: expected nothing after the document"),
    ROW("H98 trailing NUL", "{}\0", "at byte 2: expected nothing after the document"),
    ROW("H98 trailing bracket", "[]]", "at byte 2: expected nothing"),
    ROW("H100 byte order mark", "\xef\xbb\xbf{}", "at byte 0: the text begins with a byte order mark"),
    ROW("H101 UTF-16LE", "{\0\"\0a\0\"\0", "at byte 1: expected a name"),
    ROW("H101 UTF-16LE with its mark", "\xff\xfe{\0}\0", "at byte 0: expected a value"),
    ROW("H101 UTF-16BE", "\0{\0}", "at byte 0: expected a value"),
    ROW("H102 ff fe", "[\"a\xff\xfe\"]", "at byte 3: this is not UTF-8"),
    ROW("H102 cut short", "[\"\xe2\x82\"]", "at byte 2: this is not UTF-8"),
    ROW("H102 stray continuation", "[\"\x80\"]", "at byte 2: this is not UTF-8"),
    ROW("H102 above U+10FFFF", "[\"\xf4\x90\x80\x80\"]", "at byte 2: this is not UTF-8"),
    ROW("H102 at the very end", "\"\xc3", "at byte 1: this is not UTF-8"),
    ROW("H102 in a name", "{\"\xff\":1}", "at byte 2: this is not UTF-8"),
    ROW("H103 overlong", "[\"\xc0\xaf\"]", "at byte 2: this is not UTF-8"),
    ROW("H103 overlong of three", "[\"\xe0\x80\xaf\"]", "at byte 2: this is not UTF-8"),
    ROW("H103 surrogate", "[\"\xed\xa0\x80\"]", "at byte 2: this is not UTF-8"),
    ROW("H104 lone high", "[\"\\ud800\"]", "at byte 2: a surrogate"),
    ROW("H104 lone low", "[\"\\udc00\"]", "at byte 2: a surrogate"),
    ROW("H104 two high", "[\"\\ud800\\ud800\"]", "at byte 2: a surrogate"),
    ROW("H104 wrong order", "[\"\\udc00\\ud800\"]", "at byte 2: a surrogate"),
    ROW("H104 high and text", "[\"\\ud800abcdef\"]", "at byte 2: a surrogate"),
    ROW("H104 high and half an escape", "[\"\\ud800\\u12", "at byte 2: a surrogate"),
    ROW("H106 NUL in a name", "{\"a\\u0000\":1}", "at byte 1: a name cannot have a NUL"),
    ROW("H107 raw NUL", "[\"a\0b\"]", "at byte 3: a control character"),
    ROW("H108 raw line end", "[\"a\nb\"]", "at byte 3: a control character"),
    ROW("H108 raw tab", "[\"\t\"]", "at byte 2: a control character"),
    ROW("H108 raw 1f behind eight bytes", "[\"abcdefgh\x1f\"]", "at byte 10: a control character"),
    ROW("H109 \\u12G4", "[\"\\u12G4\"]", "at byte 4: expected four hexadecimal digits"),
    ROW("H109 \\u and a sign", "[\"\\u+123\"]", "at byte 4: expected four"),
    ROW("H110 \\x41", "[\"\\x41\"]", "at byte 3: expected one of"),
    ROW("H110 \\v", "[\"\\v\"]", "at byte 3: expected one of"),
    ROW("H110 backslash and NUL", "[\"\\\0\"]", "at byte 3: expected one of"),
    ROW("H110 \\U", "[\"\\U0041\"]", "at byte 3: expected one of"),
    ROW("H111 a name twice", "{\"a\":1,\"b\":2,\"a\":3}", "at byte 13: the object has this name already"),
    ROW("H111 escaped the second time", "{\"to\":1,\"\\u0074o\":2}", "at byte 8: the object has this"),
    ROW("H111 a pair and its UTF-8", "{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
        "at byte 10: the object has this"),
    ROW("H111 inside", "{\"a\":[{\"b\":1,\"b\":1}]}", "at byte 13: the object has this"),
    ROW("H111 two empty ones", "{\"\":1,\"\":1}", "at byte 6: the object has this"),
    ROW("H111 with a value between", "{\"a\":{\"b\":1},\"a\":1}", "at byte 13: the object has this"),
    ROW("H114 leading zero", "[01]", "at byte 2: expected a comma or ]"),
    ROW("H114 no decimals", "[1.]", "at byte 3: expected a digit after the decimal point"),
    ROW("H114 negative leading zero", "[-01]", "at byte 3: expected a comma or ]"),
    ROW("H115 +1", "[+1]", "at byte 1: expected a value"),
    ROW("H115 .5", "[.5]", "at byte 1: expected a value"),
    ROW("H115 0x1", "[0x1]", "at byte 2: expected a comma or ]"),
    ROW("H115 NaN", "[NaN]", "at byte 1: expected a value"),
    ROW("H115 Infinity", "[Infinity]", "at byte 1: expected a value"),
    ROW("H115 -Infinity", "[-Infinity]", "at byte 2: expected a digit"),
    ROW("H115 1e", "[1e]", "at byte 3: expected a digit in the exponent"),
    ROW("H115 1e+", "[1e+]", "at byte 4: expected a digit in the exponent"),
    ROW("H115 minus alone", "-", "at byte 1: expected a digit, but the text ends"),
    ROW("H119 comment", "[1/*x*/]", "at byte 2: expected a comma or ]"),
    ROW("H119 comment first", "//x\n{}", "at byte 0: expected a value"),
    ROW("H119 single quotes", "['a']", "at byte 1: expected a value"),
    ROW("H119 trailing comma", "[1,]", "at byte 3: expected a value"),
    ROW("H119 trailing comma of an object", "{\"a\":1,}", "at byte 7: expected a name"),
    ROW("H119 bare name", "{a:1}", "at byte 1: expected a name"),
    ROW("H120 01 as white space", "[\x01]", "at byte 1: expected a value"),
    ROW("H120 0b as white space", "\x0b{}", "at byte 0: expected a value"),
    ROW("H120 0c as white space", "[1\x0c]", "at byte 2: expected a comma or ]"),
    ROW("H120 no-break space", "[1\xc2\xa0]", "at byte 2: expected a comma or ]"),
    ROW("n wrong bracket", "[1}", "at byte 2: expected a comma or ]"),
    ROW("n wrong brace", "{\"a\":1]", "at byte 6: expected a comma or }"),
    ROW("n comma first", "[,1]", "at byte 1: expected a value"),
    ROW("n two commas", "[1,,2]", "at byte 3: expected a value"),
    ROW("n two colons", "{\"a\"::1}", "at byte 5: expected a value"),
    ROW("n comma for a colon", "{\"a\",1}", "at byte 4: expected a colon"),
    ROW("n number for a name", "{1:1}", "at byte 1: expected a name"),
    ROW("n True", "[True]", "at byte 1: expected a value"),
    ROW("n nulls", "[nulls]", "at byte 5: expected a comma or ]"),
    ROW("n no comma", "[1 2]", "at byte 3: expected a comma or ]"),
    ROW("n closing first", "]", "at byte 0: expected a value"),
};

static void what_is_not_json_is_refused_where_it_ends_to_be(void)
{
    for (size_t i = 0; i < sizeof faulty_rows / sizeof *faulty_rows; i++) {
        test_row("%s", faulty_rows[i].name);
        struct verdict verdict;
        check(faulty_rows[i].text, MAX_NODES, &verdict);
        CHECK_INT(verdict.code, FAULT_INVALID_JSON);
        CHECK_TEXT(str_first(str_of(verdict.fault.detail), strlen(faulty_rows[i].detail)),
                   faulty_rows[i].detail);
        arena_fini(&verdict.arena);
    }
}

static void a_nul_in_a_value_is_json_but_no_text(void)
{
    static const struct {
        const char *name, *text, *pointer;
    } rows[] = {
        {"H105 the value itself", "\"\\u0000\"", ""},
        {"H105 in an object", "{\"x\":1,\"text\":\"a\\u0000b\"}", "/text"},
        {"H105 the first of two", "{\"a\":[1,{\"b\":[2,3,\"\\u0000\"]}],\"c\":\"\\u0000\"}", "/a/1/b/2"},
        {"H105 behind a closed object", "{\"a\":{\"x\":{\"y\":1}},\"b\":\"\\u0000\"}", "/b"},
        {"H105 in arrays of arrays", "[[],[[1],[1,\"\\u0000\"]]]", "/1/1/1"},
        {"H105 names with ~ and /", "{\"a/b\":{\"m~n\":\"\\u0000\"}}", "/a~1b/m~0n"},
        {"H105 an escaped name", "{\"\\u00e4\\n\":\"\\u0000\"}", "/\xc3\xa4\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct verdict verdict;
        check(str_of(rows[i].text), MAX_NODES, &verdict);
        CHECK_INT(verdict.code, FAULT_INVALID_REQUEST);
        CHECK_TEXT(verdict.pointer, rows[i].pointer);
        arena_fini(&verdict.arena);
    }
    test_row("what is no JSON either is told as that");
    CHECK_INT(code_of(STR("[\"\\u0000\",]"), MAX_NODES), FAULT_INVALID_JSON);
}

static enum fault_code code_of_repeated(const char *before, const char *piece, size_t count,
                                        const char *after, size_t max_nodes)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    buf_append(&text, str_of(before));
    for (size_t i = 0; i < count; i++)
        buf_append(&text, str_of(piece));
    buf_append(&text, str_of(after));
    enum fault_code code = code_of(buf_view(&text), max_nodes);
    buf_fini(&text);
    return code;
}

static void depth_is_bounded(void)
{
    const char *closing = "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]";
    test_row("32");
    CHECK_INT(code_of_repeated("", "[", JSON_MAX_DEPTH, closing, MAX_NODES), FAULT_NONE);
    static const size_t too_deep[] = {33, 1000};
    for (size_t i = 0; i < sizeof too_deep / sizeof *too_deep; i++) {
        test_row("H113 %zu", too_deep[i]);
        CHECK_INT(code_of_repeated("", "[", too_deep[i], closing, MAX_NODES), FAULT_INVALID_JSON);
    }
    test_row("H113 33 objects");
    CHECK_INT(code_of_repeated("", "{\"a\":", 33, "", MAX_NODES), FAULT_INVALID_JSON);
    test_row("H113 5,000,000");
    CHECK_INT(code_of_repeated("", "[[[[[[[[[[[[[[[[[[[[[[[[[", 200000, "", MAX_NODES), FAULT_INVALID_JSON);
}

static void values_are_counted(void)
{
    test_row("as many as are allowed");
    CHECK_INT(code_of_repeated("[0", ",1", MAX_NODES - 2, "]", MAX_NODES), FAULT_NONE);
    test_row("one more");
    CHECK_INT(code_of_repeated("[0", ",1", MAX_NODES - 1, "]", MAX_NODES), FAULT_INVALID_JSON);
    test_row("H118 6 million");
    CHECK_INT(code_of_repeated("[0", ",1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", 300000, "]", 20000),
              FAULT_INVALID_JSON);
}

static void many_names_take_no_quadratic_time(void)
{
    struct buf text;
    buf_init(&text, 64 << 20);
    buf_append(&text, STR("{"));
    for (size_t i = 0; i < 200000; i++)
        buf_append_format(&text, "\"a common beginning %06zu\":1,", i * 7 % 200000);
    buf_append(&text, STR("\"z\":1}"));
    test_row("200,000 names, all different");
    CHECK_INT(code_of(buf_view(&text), 300000), FAULT_NONE);
    test_row("H118 within the usual budget");
    CHECK_INT(code_of(buf_view(&text), 20000), FAULT_INVALID_JSON);
    text.len--;
    buf_append(&text, STR(",\"a common beginning 100000\":1}"));
    test_row("200,000 names, one of them twice");
    CHECK_INT(code_of(buf_view(&text), 300000), FAULT_INVALID_JSON);
    buf_fini(&text);
}

static void a_number_has_a_bounded_length(void)
{
    test_row("as long as is allowed");
    CHECK_INT(code_of_repeated("[", "1", JSON_MAX_NUMBER_BYTES, "]", MAX_NODES), FAULT_NONE);
    test_row("one more");
    CHECK_INT(code_of_repeated("[", "1", JSON_MAX_NUMBER_BYTES + 1, "]", MAX_NODES), FAULT_INVALID_JSON);
    test_row("H117 10 MB of digits");
    CHECK_INT(code_of_repeated("[", "12345678901234567890", 500000, "]", MAX_NODES), FAULT_INVALID_JSON);
}

/* The run of plain bytes is skipped by words: whatever ends it must be seen at every offset in one. */
static void a_string_ends_at_every_offset_of_a_word(void)
{
    static const struct {
        char byte;
        enum fault_code code;
    } rows[] = {{'"', FAULT_NONE},          {'\\', FAULT_INVALID_JSON},   {'\x1f', FAULT_INVALID_JSON},
                {'\0', FAULT_INVALID_JSON}, {'\xff', FAULT_INVALID_JSON}, {'\x80', FAULT_INVALID_JSON}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t len = 0; len < 20; len++) {
            test_row("byte %02x behind %zu", (unsigned)(unsigned char)rows[i].byte, len);
            char text[32] = "\"";
            memset(text + 1, ' ' + (int)len, len);
            if (text[1] == '"')
                memset(text + 1, '~', len);
            text[len + 1] = rows[i].byte;
            CHECK_INT(code_of((struct str){text, len + 2}, MAX_NODES), rows[i].code);
        }
    }
}

static void every_text_cut_short_is_refused(void)
{
    struct str text =
        STR("{\"a\":[1.5e3,true,null,\"\\u20ac\xe2\x82\xac\\n\"],\"b\":{\"c\":\"\\ud83d\\ude00\"}}");
    for (size_t len = 0; len < text.len; len++) {
        test_row("the first %zu bytes", len);
        CHECK_INT(code_of(str_first(text, len), MAX_NODES), FAULT_INVALID_JSON);
    }
    CHECK_INT(code_of(text, MAX_NODES), FAULT_NONE);
}

static void escapes_are_undone(void)
{
    struct arena arena;
    arena_init(&arena, 4096);
    CHECK_STR(json_unescape(&arena, STR("plain")), STR("plain"));
    CHECK_STR(json_unescape(&arena, STR("a\\\"\\\\\\/\\b\\f\\n\\r\\tz")), STR("a\"\\/\b\f\n\r\tz"));
    CHECK_STR(json_unescape(&arena, STR("\\u00e4\\u20AC\\ud83d\\ude00!")),
              STR("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80!"));
    arena_fini(&arena);
}

int main(void)
{
    TEST(what_is_json_passes);
    TEST(what_is_not_json_is_refused_where_it_ends_to_be);
    TEST(a_nul_in_a_value_is_json_but_no_text);
    TEST(depth_is_bounded);
    TEST(values_are_counted);
    TEST(many_names_take_no_quadratic_time);
    TEST(a_number_has_a_bounded_length);
    TEST(a_string_ends_at_every_offset_of_a_word);
    TEST(every_text_cut_short_is_refused);
    TEST(escapes_are_undone);
    return test_result();
}
