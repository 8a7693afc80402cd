#include "base/base64.h"
#include "base/buf.h"
#include "mime/base64_wrap.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 1024 * 1024 };

static const int REFUSED = -1;

/* H163, and RFC 4648 section 10's vectors. */
static void base64_is_whole_or_refused(void)
{
    static const struct {
        struct str text;
        int decoded_bytes;
    } rows[] = {
        {STR(""), 0},
        {STR("Zg=="), 1},
        {STR("Zm8="), 2},
        {STR("Zm9v"), 3},
        {STR("Zm9vYg=="), 4},
        {STR("Zm9vYmE="), 5},
        {STR("Zm9vYmFy"), 6},
        {STR("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmFy"), 24},
        {STR("Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYmE="), 23},
        {STR(" Z m\r\n9\tv\n"), 3},
        {STR("Zg=\r\n= "), 1},
        {STR("\r\n"), 0},
        {STR("Z"), REFUSED},
        {STR("Zg"), REFUSED},
        {STR("Zg="), REFUSED},
        {STR("Zm8"), REFUSED},
        {STR("Zm9v="), REFUSED},
        {STR("Zg==="), REFUSED},
        {STR("===="), REFUSED},
        {STR("="), REFUSED},
        {STR("Zg==Zg=="), REFUSED},
        {STR("Zh=="), REFUSED},
        {STR("Zm9="), REFUSED},
        {STR("Zm9_"), REFUSED},
        {STR("Zm-v"), REFUSED},
        {STR("Zm9v!"), REFUSED},
        {STR("Zm9\0"), REFUSED},
        {STR("Zm9\xff"), REFUSED},
        {STR("Zm9vYmFyZm9vYmFyZm9vYmFy@m9vYmFy"), REFUSED},
        {STR("Zm9vYmFyZm9vYm[yZm9vYmFyZm9vYmFy"), REFUSED},
        {STR("Zm9v\x0bZm9v"), REFUSED},
        {STR("=Zm9vYmFyZm9vYmFyZm9vYmFyZm9vYm="), REFUSED},
        {STR("data:;base64,Zm9v"), REFUSED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint64_t bytes = 0;
        struct fault fault = {0};
        test_row("%zu %.*s", i, STR_ARG(rows[i].text));
        bool valid = base64_wrap_check(rows[i].text, &bytes, &fault);
        CHECK_INT(valid ? (int64_t)bytes : REFUSED, rows[i].decoded_bytes);
        CHECK_INT(fault.code, valid ? FAULT_NONE : FAULT_INVALID_ATTACHMENT);
    }
}

/* Every octet at every place of a block, against the slow reading. */
static void the_fast_look_sees_every_octet(void)
{
    for (unsigned c = 0; c < 256; c++)
        for (size_t at = 0; at < 192; at += at < 60 || at > 130 ? 1 : 7) {
            char text[192];
            uint64_t bytes;
            struct fault fault;
            memset(text, 'A', sizeof text);
            text[at] = (char)c;
            bool digit = base64_value((char)c) >= 0;
            bool padding = c == '=' && at == 191;
            test_row("%u at %zu", c, at);
            CHECK_INT(base64_wrap_check((struct str){text, sizeof text}, &bytes, &fault), digit || padding);
        }
}

static void wrap(struct str text, size_t window_bytes, struct buf *out)
{
    char *window = malloc(window_bytes);
    if (!CHECK(window))
        return;
    for (size_t len; (len = base64_wrap_pull(&text, window, window_bytes)) > 0;)
        buf_append(out, (struct str){window, len});
    free(window);
    CHECK(!out->failed);
}

static void check_wrapped(struct str wrapped, size_t digits)
{
    CHECK_INT(wrapped.len, base64_wrap_octets_of_digits(digits));
    for (; wrapped.len; digits -= digits < 76 ? digits : 76) {
        struct str line = str_first(wrapped, str_index(wrapped, '\r'));
        CHECK_INT(line.len, digits < 76 ? digits : 76);
        CHECK(str_starts_with(str_from(wrapped, line.len), STR("\r\n")));
        wrapped = str_from(wrapped, line.len + 2);
    }
    CHECK_INT(digits, 0);
}

static struct str without_line_ends(struct buf *buf)
{
    size_t len = 0;
    for (size_t i = 0; i < buf->len; i++)
        if (buf->data[i] != '\r' && buf->data[i] != '\n')
            buf->data[len++] = buf->data[i];
    buf->len = len;
    return buf_view(buf);
}

/* However the caller broke the lines: no blank line at an exact multiple, no tail lost. */
static void lines_are_of_seventy_six(void)
{
    static const char *const breaks[] = {"", "\r\n", "\n", " ", "\r\n \t "};
    static const size_t columns[] = {1, 4, 75, 76, 77, 100};
    static const size_t lengths[] = {0, 4, 72, 76, 80, 152, 156, 304, 1000};
    for (size_t i = 0; i < 5 * 6 * 9; i++) {
        const char *line_break = breaks[i % 5];
        size_t column = columns[i / 5 % 6];
        size_t digits = lengths[i / 30];
        struct buf text, plain, out;
        buf_init(&text, OUT_BYTES);
        buf_init(&plain, OUT_BYTES);
        buf_init(&out, OUT_BYTES);
        for (size_t at = 0; at < digits; at++) {
            if (at % column == 0)
                buf_append(&text, str_of(line_break));
            buf_append_char(&text, "ABCDEFGHIJKLM"[at % 13]);
            buf_append_char(&plain, "ABCDEFGHIJKLM"[at % 13]);
        }
        buf_append(&text, str_of(line_break));
        test_row("%zu digits, break %zu at %zu", digits, i % 5, column);
        CHECK_INT(base64_wrap_octets(buf_view(&text)), base64_wrap_octets_of_digits(digits));
        wrap(buf_view(&text), 78 + i, &out);
        check_wrapped(buf_view(&out), digits);
        CHECK_STR(without_line_ends(&out), buf_view(&plain));
        buf_fini(&text);
        buf_fini(&plain);
        buf_fini(&out);
    }
}

int main(void)
{
    TEST(base64_is_whole_or_refused);
    TEST(the_fast_look_sees_every_octet);
    TEST(lines_are_of_seventy_six);
    return test_result();
}
