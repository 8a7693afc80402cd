#include "smtp/reply.h"
#include "test.h"

#include <string.h>

static struct smtp_reply reply;

static enum smtp_reply_state feed_in_pieces(struct str bytes, size_t piece_bytes, size_t *total_used)
{
    enum smtp_reply_state state = SMTP_REPLY_PARTIAL;
    *total_used = 0;
    smtp_reply_clear(&reply);
    while (state == SMTP_REPLY_PARTIAL && *total_used < bytes.len) {
        size_t used;
        state = smtp_reply_feed(&reply, str_first(str_from(bytes, *total_used), piece_bytes), &used);
        *total_used += used;
    }
    return state;
}

static void a_reply_is_read_however_it_is_split(void)
{
    static const struct {
        struct str bytes;
        int code;
        const char *enhanced; /* NULL: absent */
        const char *text;
        size_t used;
    } rows[] = {
        {STR("250 ok\r\n"), 250, NULL, "ok", 8},
        {STR("250\r\n"), 250, NULL, "", 5},
        {STR("250\n"), 250, NULL, "", 4},
        {STR("250 \r\n"), 250, NULL, "", 6},
        {STR("250 ok\n"), 250, NULL, "ok", 7},
        {STR("250-a\r\n250 b\r\n"), 250, NULL, "a b", 14},
        {STR("250-a\n250-\n250 b\n"), 250, NULL, "a b", 17},
        {STR("250-\r\n250\r\n"), 250, NULL, "", 11},
        {STR("550 5.1.1 no\r\n"), 550, "5.1.1", "5.1.1 no", 14},
        {STR("550 5.1.1\r\n"), 550, "5.1.1", "5.1.1", 11},
        {STR("550 5.123.456 no\r\n"), 550, "5.123.456", "5.123.456 no", 18},
        {STR("550 2.1.1 no\r\n"), 550, NULL, "2.1.1 no", 14},
        {STR("550 5.1234.1 no\r\n"), 550, NULL, "5.1234.1 no", 17},
        {STR("550 5.1. no\r\n"), 550, NULL, "5.1. no", 13},
        {STR("550 5. no\r\n"), 550, NULL, "5. no", 11},
        {STR("550 5x no\r\n"), 550, NULL, "5x no", 11},
        {STR("550 5.1\r\n"), 550, NULL, "5.1", 9},
        {STR("550 5.1x1\r\n"), 550, NULL, "5.1x1", 11},
        {STR("550 5..1\r\n"), 550, NULL, "5..1", 10},
        {STR("550 5.1.1x\r\n"), 550, NULL, "5.1.1x", 12},
        {STR("354 3.0.0 go\r\n"), 354, NULL, "3.0.0 go", 14},
        {STR("250 one\r\n550 two\r\n"), 250, NULL, "one", 9},
        {STR("250 a\rb\x1b[31m\xff\r\n"), 250, NULL, "a b [31m\xef\xbf\xbd", 15},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece <= rows[i].bytes.len; piece++) {
            test_row("row %zu in pieces of %zu", i, piece);
            struct arena arena;
            size_t used;
            arena_init(&arena, 8192);
            CHECK_INT(feed_in_pieces(rows[i].bytes, piece, &used), SMTP_REPLY_COMPLETE);
            CHECK_INT(used, rows[i].used);
            CHECK_INT(reply.code, rows[i].code);
            struct outcome_reply shown = smtp_reply_show(&reply, &arena);
            CHECK_TEXT(shown.text, rows[i].text);
            CHECK_TEXT(shown.enhanced, rows[i].enhanced);
            arena_fini(&arena);
        }
    }
}

static void what_is_no_reply_is_malformed_at_once(void)
{
    static const struct {
        struct str bytes;
        enum smtp_reply_state state;
    } rows[] = {
        {STR("H"), SMTP_REPLY_MALFORMED},
        {STR("\r\n"), SMTP_REPLY_MALFORMED},
        {STR("\n"), SMTP_REPLY_MALFORMED},
        {STR("1"), SMTP_REPLY_MALFORMED},
        {STR("6"), SMTP_REPLY_MALFORMED},
        {STR("25\r\n"), SMTP_REPLY_MALFORMED},
        {STR("2\xb2"), SMTP_REPLY_MALFORMED},
        {STR("2500"), SMTP_REPLY_MALFORMED},
        {STR("250\t"), SMTP_REPLY_MALFORMED},
        {STR("250\rX"), SMTP_REPLY_MALFORMED},
        {STR("250 \0"), SMTP_REPLY_MALFORMED},
        {STR("250-a\r\n251 b\r\n"), SMTP_REPLY_MALFORMED},
        {STR("250-a\r\n\r\n"), SMTP_REPLY_MALFORMED},
        {STR("250-a\r\nb"), SMTP_REPLY_MALFORMED},
        {STR("\x16\x03\x01"), SMTP_REPLY_MALFORMED},
        {STR("25"), SMTP_REPLY_PARTIAL},
        {STR("250"), SMTP_REPLY_PARTIAL},
        {STR("250 ok\r"), SMTP_REPLY_PARTIAL},
        {STR("250-ok\r\n"), SMTP_REPLY_PARTIAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        for (size_t piece = 1; piece <= rows[i].bytes.len; piece++) {
            test_row("row %zu in pieces of %zu", i, piece);
            size_t used;
            CHECK_INT(feed_in_pieces(rows[i].bytes, piece, &used), rows[i].state);
        }
    }
}

static enum smtp_reply_state feed_lines(size_t count, size_t line_bytes)
{
    char line[SMTP_REPLY_MAX_LINE_BYTES + 16];
    enum smtp_reply_state state = SMTP_REPLY_PARTIAL;
    smtp_reply_clear(&reply);
    memset(line, 'x', sizeof line);
    memcpy(line, "250-", 4);
    line[line_bytes - 1] = '\n';
    for (size_t i = 0; i < count && state == SMTP_REPLY_PARTIAL; i++) {
        size_t used;
        if (i == count - 1)
            line[3] = ' ';
        state = smtp_reply_feed(&reply, (struct str){line, line_bytes}, &used);
    }
    return state;
}

static void a_reply_has_its_bounds(void)
{
    CHECK_INT(feed_lines(SMTP_REPLY_MAX_LINES, 10), SMTP_REPLY_COMPLETE);
    CHECK_INT(feed_lines(SMTP_REPLY_MAX_LINES + 1, 10), SMTP_REPLY_MALFORMED);
    CHECK_INT(feed_lines(1, SMTP_REPLY_MAX_LINE_BYTES), SMTP_REPLY_COMPLETE);
    CHECK_INT(feed_lines(1, SMTP_REPLY_MAX_LINE_BYTES + 1), SMTP_REPLY_MALFORMED);
    CHECK_INT(feed_lines(16, 4096), SMTP_REPLY_COMPLETE);
    CHECK_INT(feed_lines(17, 4096), SMTP_REPLY_MALFORMED);
    CHECK(reply.lines.len <= SMTP_REPLY_MAX_BYTES);
}

static void a_text_is_cut_at_a_thousand_bytes(void)
{
    struct arena arena;
    arena_init(&arena, 8192);
    CHECK_INT(feed_lines(4, 400), SMTP_REPLY_COMPLETE);
    CHECK_INT(smtp_reply_show(&reply, &arena).text.len, OUTCOME_TEXT_MAX_BYTES);
    arena_fini(&arena);
}

int main(void)
{
    smtp_reply_init(&reply);
    TEST(a_reply_is_read_however_it_is_split);
    TEST(what_is_no_reply_is_malformed_at_once);
    TEST(a_reply_has_its_bounds);
    TEST(a_text_is_cut_at_a_thousand_bytes);
    smtp_reply_fini(&reply);
    return test_result();
}
