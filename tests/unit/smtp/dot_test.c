#include "base/buf.h"
#include "smtp/dot.h"
#include "test.h"

static struct buf out;

/* Stuffs the body in pieces, with little room. */
static bool stuff(struct str body, size_t piece_bytes, size_t room)
{
    struct smtp_dot dot = {0};
    char space[64];
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

int main(void)
{
    buf_init(&out, 4096);
    TEST(dots_are_stuffed_at_the_beginning_of_a_line_alone);
    TEST(a_lone_cr_or_lf_is_refused);
    buf_fini(&out);
    return test_result();
}
