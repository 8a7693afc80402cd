/* A message is written as lines with "\n" for CRLF; what it is taken apart into, as "depth type bytes" a part. */
#include "service/sandbox/part.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 4 << 20 };

static void write_crlf(struct buf *out, const char *lines)
{
    for (const char *c = lines; *c; c++) {
        if (*c == '\n')
            buf_append_char(out, '\r');
        buf_append_char(out, *c);
    }
}

#define MIXED(boundary) "Content-Type: multipart/mixed; boundary=" boundary "\n\n"

static const struct {
    const char *name, *message, *parts;
} rows[] = {
    {"no header", "\ntext\n", "0 text/plain 6"},
    {"no body", "Subject: x\n", "0 text/plain 0"},
    {"nothing at all", "", "0 text/plain 0"},
    {"a header that is none", "this is\nno header\n", "0 text/plain 20!"},
    {"two parts", MIXED("b") "--b\n\none\n--b\nContent-Type: TEXT/Html\n\ntwo\n--b--\n",
     "0 multipart/mixed 56, 1 text/plain 3, 1 text/html 3"},
    {"preamble and epilogue are no parts", MIXED("b") "before\n--b\n\none\n--b--\nafter\n",
     "0 multipart/mixed 34, 1 text/plain 3"},
    {"white space behind the boundary", MIXED("b") "--b \t\n\none\n--b-- \n",
     "0 multipart/mixed 22, 1 text/plain 3"},
    {"the end without a line break", MIXED("b") "--b\n\none\n--b--", "0 multipart/mixed 17, 1 text/plain 3"},
    {"no last delimiter", MIXED("b") "--b\n\none\n", "0 multipart/mixed 12!, 1 text/plain 5"},
    {"the boundary does not occur", MIXED("b") "one\n", "0 multipart/mixed 5!"},
    {"no boundary", "Content-Type: multipart/mixed\n\n--b\n\none\n--b--\n", "0 multipart/mixed 19!"},
    {"an empty part", MIXED("b") "--b\n--b--\n", "0 multipart/mixed 12, 1 text/plain 0"},
    {"parts one behind the other", MIXED("b") "--b\n\n--b\n\n--b--\n",
     "0 multipart/mixed 21, 1 text/plain 0, 1 text/plain 0"},
    {"another boundary that begins as this one", MIXED("b") "--bc\n--b\n\none\n--bc\n--b--\n",
     "0 multipart/mixed 31, 1 text/plain 9"},
    {"not at the beginning of a line", MIXED("b") "--b\n\nx--b\n--b--\n",
     "0 multipart/mixed 20, 1 text/plain 4"},
    {"nested", MIXED("a") "--a\n" MIXED("b") "--b\n\none\n--b--\n--a\n\ntwo\n--a--\n",
     "0 multipart/mixed 88, 1 multipart/mixed 17, 2 text/plain 3, 1 text/plain 3"},
    {"the outer boundary ends the inner part", MIXED("a") "--a\n" MIXED("b") "--b\n\none\n--a--\n",
     "0 multipart/mixed 69, 1 multipart/mixed 10!, 2 text/plain 3"},
    {"a message in a message", "Content-Type: message/rfc822\n\nSubject: x\n\ntext\n",
     "0 message/rfc822 20, 1 text/plain 6"},
    {"a digest's parts are messages",
     "Content-Type: multipart/digest; boundary=b\n\n--b\n\nA: b\n\nc\n--b--\n",
     "0 multipart/digest 25, 1 message/rfc822 9, 2 text/plain 1"},
    {"encoded as a whole",
     "Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: base64\n\nYQ==\n",
     "0 multipart/mixed 6!"},
    {"an encoding of its own", "Content-Transfer-Encoding: x-uuencode\n\na\n", "0 text/plain 3!"},
    {"a type that is none", "Content-Type: html\n\na\n", "0 text/plain 3!"},
};

static void describe(struct buf *out, const struct sandbox_parts *parts)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct sandbox_part *part = &parts->items[i];
        buf_append_format(out, "%s%u %.*s %zu%s", i ? ", " : "", part->depth, STR_ARG(part->type),
                          part->body.len, part->trouble ? "!" : "");
    }
}

static void a_message_is_taken_apart(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct buf message, got;
        struct sandbox_parts parts;
        test_row("%s", rows[i].name);
        arena_init(&arena, ARENA_BYTES);
        buf_init(&message, 10000);
        buf_init(&got, 10000);
        write_crlf(&message, rows[i].message);
        CHECK(sandbox_parts_read(&arena, message.len ? buf_view(&message) : STR(""), &parts));
        describe(&got, &parts);
        CHECK_TEXT(buf_view(&got), rows[i].parts);
        buf_fini(&message);
        buf_fini(&got);
        arena_fini(&arena);
    }
}

static void depth_and_number_have_their_bounds(void)
{
    struct arena arena;
    struct buf message;
    struct sandbox_parts parts;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&message, 1 << 20);
    for (size_t i = 0; i < 100; i++)
        write_crlf(&message, "Content-Type: message/rfc822\n\n");
    CHECK(sandbox_parts_read(&arena, buf_view(&message), &parts));
    CHECK_INT(parts.count, 12);
    CHECK(parts.items[11].trouble != NULL);
    buf_clear(&message);
    write_crlf(&message, MIXED("b"));
    for (size_t i = 0; i < 2000; i++)
        write_crlf(&message, "--b\n\nx\n");
    CHECK(sandbox_parts_read(&arena, buf_view(&message), &parts));
    CHECK_INT(parts.count, 500);
    buf_fini(&message);
    arena_fini(&arena);
}

static void the_text_to_show_is_no_attachment(void)
{
    static const char lines[] =
        MIXED("b") "--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nno\n"
                   "--b\nContent-Type: message/rfc822\n\nContent-Type: text/html\n\nno\n"
                   "--b\nContent-Type: text/plain\n\nyes\n"
                   "--b\nContent-Type: image/png\nContent-ID: <p@x>\n\nno\n--b--\n";
    struct arena arena;
    struct buf message;
    struct sandbox_parts parts;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&message, 10000);
    write_crlf(&message, lines);
    CHECK(sandbox_parts_read(&arena, buf_view(&message), &parts));
    const struct sandbox_part *text = sandbox_parts_find_text(&parts, STR("text/plain"));
    CHECK(text != NULL);
    CHECK_TEXT(text->body, "yes");
    CHECK(!sandbox_parts_find_text(&parts, STR("text/html")));
    const struct sandbox_part *inner = sandbox_parts_find_id(&parts, STR("p@x"));
    CHECK(inner && sandbox_part_is_attachment(inner));
    CHECK(!sandbox_parts_find_id(&parts, STR("")));
    CHECK_TEXT(parts.items[1].filename, "a.txt");
    buf_fini(&message);
    arena_fini(&arena);
}

int main(void)
{
    TEST(a_message_is_taken_apart);
    TEST(depth_and_number_have_their_bounds);
    TEST(the_text_to_show_is_no_attachment);
    return test_result();
}
