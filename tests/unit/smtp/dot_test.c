#include "base/buf.h"
#include "smtp/dot.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static struct buf out;

/* Stuffs the body in pieces, with little room. */
static bool stuff(struct str body, size_t piece_bytes, size_t room)
{
    struct smtp_dot dot = {0};
    char space[512];
    buf_clear(&out);
    for (size_t at = 0; at < body.len && !dot.bare; at += piece_bytes) {
        struct str piece = str_first(str_from(body, at), piece_bytes);
        while (piece.len && !dot.bare)
            buf_append(&out, (struct str){space, smtp_dot_stuff(&dot, &piece, space, room)});
    }
    buf_append(&out, smtp_dot_end(&dot));
    return !dot.bare;
}

static void dots_are_stuffed_at_the_beginning_of_a_line_alone(void)
{
    static const struct {
        const char *body, *stuffed;
    } rows[] = {
        {"", ""},
        {"a", "a\r\n"},
        {"a\r\n", "a\r\n"},
        {".", "..\r\n"},
        {".\r\n", "..\r\n"},
        {"..\r\n", "...\r\n"},
        {".a", "..a\r\n"},
        {"a.\r\n", "a.\r\n"},
        {"a\r\n.\r\nb\r\n", "a\r\n..\r\nb\r\n"},
        {"a\r\n.\r\n", "a\r\n..\r\n"},
        {"\r\n\r\n.\r\n", "\r\n\r\n..\r\n"},
        {"a.b\r\n.c\r\n..d\r\n", "a.b\r\n..c\r\n...d\r\n"},
        {"\r\n", "\r\n"},
        {"a long line that does not fit into the room\r\n.and more",
         "a long line that does not fit into the room\r\n..and more\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t piece = 1; piece < 12; piece++)
            for (size_t room = 2; room < 12; room++) {
                test_row("row %zu in pieces of %zu, room for %zu", i, piece, room);
                CHECK(stuff(str_of(rows[i].body), piece, room));
                CHECK_TEXT(buf_view(&out), rows[i].stuffed);
            }
}

static void a_lone_cr_or_lf_is_refused(void)
{
    static const char *const rows[] = {"\n",          "a\nb\r\n", "a\rb\r\n", "a\r\r\n",       "a\r",
                                       "\r",          "a\r\n\n",  "a\r\n.\n", "a\n.\r\nb\r\n", "a\r.\r\n",
                                       "a\r\n\r.\r\n"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t piece = 1; piece < 12; piece++)
            for (size_t room = 2; room < 8; room++) {
                test_row("row %zu in pieces of %zu, room for %zu", i, piece, room);
                CHECK(!stuff(str_of(rows[i]), piece, room));
            }
}

/* An octet at a time: the rules as they are written. */
static bool stuff_slowly(struct str body, struct buf *want)
{
    buf_clear(want);
    for (size_t i = 0; i < body.len; i++) {
        bool is_cr = body.data[i] == '\r', is_lf = body.data[i] == '\n';
        bool begins_line = i == 0 || body.data[i - 1] == '\n';
        if (is_cr && (i + 1 == body.len || body.data[i + 1] != '\n'))
            return false;
        if (is_lf && (i == 0 || body.data[i - 1] != '\r'))
            return false;
        if (begins_line && body.data[i] == '.')
            buf_append_char(want, '.');
        buf_append_char(want, body.data[i]);
    }
    if (body.len && body.data[body.len - 1] != '\n')
        buf_append(want, STR("\r\n"));
    return true;
}

/* Lines, dots and what stands alone, at every place of a stride of blocks. */
static void long_bodies_are_stuffed_as_short_ones_are(void)
{
    static const char *const inserts[] = {"\r\n",       "\r\n.", ".",      "\r",      "\n",
                                          "\r\n.\r\n.", "\n.",   "\r\r\n", "\r\n\r\n"};
    enum { MOST_OCTETS = 210 };
    struct buf want;
    buf_init(&want, 4096);
    for (size_t i = 0; i < sizeof inserts / sizeof inserts[0]; i++)
        for (size_t at = 0; at < MOST_OCTETS; at++)
            for (size_t tail = 0; tail < 140; tail += 23) {
                char text[512];
                size_t len = strlen(inserts[i]);
                memset(text, 'a', sizeof text);
                memcpy(text + at, inserts[i], len);
                struct str body = {text, at + len + tail};
                test_row("insert %zu at %zu, %zu behind it", i, at, tail);
                bool valid = stuff_slowly(body, &want);
                for (size_t piece = 61; piece < 512; piece += 67) {
                    CHECK_INT(stuff(body, piece, 2 + at), valid);
                    CHECK(!valid || str_equal(buf_view(&out), buf_view(&want)));
                }
            }
    buf_fini(&want);
}

int main(void)
{
    buf_init(&out, 4096);
    TEST(long_bodies_are_stuffed_as_short_ones_are);
    TEST(dots_are_stuffed_at_the_beginning_of_a_line_alone);
    TEST(a_lone_cr_or_lf_is_refused);
    buf_fini(&out);
    return test_result();
}
