#include "mime/parameter.h"
#include "test.h"

#include <string.h>

enum { OUT_BYTES = 64 * 1024 };

static struct buf out;

static void begin(struct header *header)
{
    buf_clear(&out);
    header_begin(header, &out, STR("X"));
    header_append_token(header, STR("y/z"));
}

/* RFC 2231 section 4's own value, and the shapes around it. */
static void extended_values_are_percent_encoded(void)
{
    static const struct {
        const char *value, *want;
    } rows[] = {
        {"This is ***fun***", "X: y/z; title*=utf-8''This%20is%20%2A%2A%2Afun%2A%2A%2A\r\n"},
        {"\u00E4", "X: y/z; title*=utf-8''%C3%A4\r\n"},
        {"", "X: y/z; title*=utf-8''\r\n"},
        {"a'b\"c%d\\e(f)g;h=i/j:k", "X: y/z; title*=utf-8''a%27b%22c%25d%5Ce%28f%29g%3Bh%3Di%2Fj%3Ak\r\n"},
        {"This is even more ***fun*** isn't it! And so long that it takes two or three lines",
         "X: y/z;\r\n title*0*=utf-8''This%20is%20even%20more%20%2A%2A%2Afun%2A%2A%2A%20isn%27t;\r\n"
         " title*1*=%20it!%20And%20so%20long%20that%20it%20takes%20two%20or%20three%20;\r\n"
         " title*2*=lines\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct header header;
        test_row("%s", rows[i].value);
        begin(&header);
        parameter_append_extended(&header, "title", str_of(rows[i].value));
        header_end(&header);
        CHECK_TEXT(buf_view(&out), rows[i].want);
    }
}

static void plain_values_are_quoted(void)
{
    struct header header;
    begin(&header);
    parameter_append(&header, "a", STR("b"));
    parameter_append(&header, "c", STR("d \"e\" \\ ;"));
    parameter_append_given(&header, STR("f"), STR("g"));
    parameter_append(&header, "boundary", STR("0123456789012345678901234567890123456789"));
    header_end(&header);
    CHECK_TEXT(buf_view(&out), "X: y/z; a=\"b\"; c=\"d \\\"e\\\" \\\\ ;\"; f=g;\r\n"
                               " boundary=\"0123456789012345678901234567890123456789\"\r\n");
}

static void a_file_name_is_written_for_three_generations(void)
{
    static const struct {
        const char *filename, *disposition, *type;
    } rows[] = {
        {"a.txt", "X: y/z; filename=\"a.txt\"\r\n", "X: y/z; name=\"a.txt\"\r\n"},
        {"a \"b\".txt", "X: y/z; filename=\"a \\\"b\\\".txt\"\r\n", "X: y/z; name=\"a \\\"b\\\".txt\"\r\n"},
        {"\u00E4.txt", "X: y/z; filename*=utf-8''%C3%A4.txt; filename=\"_.txt\"\r\n",
         "X: y/z;\r\n name=\"=?utf-8?B?w6QudHh0?=\"\r\n"},
        {"a name of sixty octets and more in ASCII is shortened at last.txt",
         "X: y/z;\r\n filename*0*=utf-8''a%20name%20of%20sixty%20octets%20and%20more%20in%20ASCII;\r\n"
         " filename*1*=%20is%20shortened%20at%20last.txt;\r\n"
         " filename=\"a name of sixty octets and more in ASCII is shortened .txt\"\r\n",
         "X: y/z; name=\"a name of sixty octets and more in ASCII is shortened .txt\"\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct header header;
        test_row("%s", rows[i].filename);
        begin(&header);
        parameter_append_filename(&header, str_of(rows[i].filename));
        header_end(&header);
        CHECK_TEXT(buf_view(&out), rows[i].disposition);
        begin(&header);
        parameter_append_name(&header, str_of(rows[i].filename));
        header_end(&header);
        CHECK_TEXT(buf_view(&out), rows[i].type);
    }
}

/* The pieces of `name*N*=`, in order, decoded and joined. */
static void decode_pieces(struct str field, struct buf *value)
{
    for (struct str rest = field; rest.data;) {
        struct str part = str_trim(str_cut(&rest, ';'));
        while (part.len && (part.data[0] == '\r' || part.data[0] == '\n' || part.data[0] == ' '))
            part = str_from(part, 1);
        size_t equals = str_index(part, '=');
        if (equals == part.len || equals == 0 || part.data[equals - 1] != '*')
            continue;
        part = str_from(part, equals + 1);
        if (str_starts_with(part, STR("utf-8''")))
            part = str_from(part, 7);
        for (size_t i = 0; i < part.len && part.data[i] != '\r'; i++)
            if (part.data[i] == '%') {
                CHECK(i + 2 < part.len && char_hex_value(part.data[i + 1]) >= 0);
                buf_append_char(
                    value, (char)(char_hex_value(part.data[i + 1]) * 16 + char_hex_value(part.data[i + 2])));
                i += 2;
            } else {
                buf_append_char(value, part.data[i]);
            }
    }
}

static void no_piece_cuts_an_octet_and_no_line_is_long(void)
{
    static const char *const units[] = {"a", "\u00E4", "\u4E16",        "\U0001F468\u200D",
                                        "%", "\"",     "a\u0301\u0302", "\\"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        for (size_t len = 1; len <= 255; len += 9) {
            char text[256 + 8] = {0};
            size_t used = 0;
            for (; used + strlen(units[i]) <= len; used += strlen(units[i]))
                memcpy(text + used, units[i], strlen(units[i]));
            test_row("%s %zu", units[i], len);
            struct header header;
            begin(&header);
            parameter_append_filename(&header, (struct str){text, used});
            parameter_append_name(&header, (struct str){text, used});
            header_end(&header);
            for (struct str rest = buf_view(&out); rest.data;)
                CHECK(str_cut(&rest, '\n').len <= 79);
            struct buf value;
            buf_init(&value, OUT_BYTES);
            decode_pieces(buf_view(&out), &value);
            if (value.len)
                CHECK_STR(buf_view(&value), ((struct str){text, used}));
            buf_fini(&value);
        }
}

int main(void)
{
    buf_init(&out, OUT_BYTES);
    TEST(extended_values_are_percent_encoded);
    TEST(plain_values_are_quoted);
    TEST(a_file_name_is_written_for_three_generations);
    TEST(no_piece_cuts_an_octet_and_no_line_is_long);
    buf_fini(&out);
    return test_result();
}
