#include "service/sandbox/data.h"
#include "test.h"

enum { MAX_CONTENT_BYTES = 1024 };

/* What stands on the wire; the end of data and a command behind it are added by the test. */
static const struct {
    const char *name;
    struct str sent, content;
} rows[] = {
    {"text", STR("a\r\nb\r\n"), STR("a\r\nb\r\n")},
    {"nothing", STR(""), STR("")},
    {"an empty line", STR("\r\n"), STR("\r\n")},
    {"a stuffed dot alone", STR("..\r\n"), STR(".\r\n")},
    {"stuffed dots", STR("a\r\n...b\r\n"), STR("a\r\n..b\r\n")},
    {"a dot within a line", STR("a.\r\n"), STR("a.\r\n")},
    {"a leading dot that was not stuffed", STR(".a\r\n"), STR("a\r\n")},
    {"octets of every kind", STR("\0\x01\x7f\x80\xff\r\n"), STR("\0\x01\x7f\x80\xff\r\n")},
    /* What lenient servers have taken for an end of data (matrix H169): each stays within the one message. */
    {"LF dot LF", STR("a\n.\nb\r\n"), STR("a\n.\nb\r\n")},
    {"LF dot CRLF", STR("a\n.\r\nb\r\n"), STR("a\n.\r\nb\r\n")},
    {"CR dot CR", STR("a\r.\rb\r\n"), STR("a\r.\rb\r\n")},
    {"CR dot CRLF", STR("a\r.\r\nb\r\n"), STR("a\r.\r\nb\r\n")},
    {"LF dot CR", STR("a\n.\rb\r\n"), STR("a\n.\rb\r\n")},
    {"CR dot LF", STR("a\r.\nb\r\n"), STR("a\r.\nb\r\n")},
    {"CRLF dot LF", STR("a\r\n.\nb\r\n"), STR("a\r\n\nb\r\n")},
    {"CRLF dot CR", STR("a\r\n.\rb\r\n"), STR("a\r\n\rb\r\n")},
    {"CRLF dot CR CRLF", STR("a\r\n.\r\r\nb\r\n"), STR("a\r\n\r\r\nb\r\n")},
    {"CRLF NUL dot CRLF", STR("a\r\n\0.\r\nb\r\n"), STR("a\r\n\0.\r\nb\r\n")},
    {"CRLF dot NUL CRLF", STR("a\r\n.\0\r\nb\r\n"), STR("a\r\n\0\r\nb\r\n")},
    {"CR CR LF dot LF", STR("a\r\r\n.\nb\r\n"), STR("a\r\r\n\nb\r\n")},
    {"CRLF dot CR dot CRLF", STR("a\r\n.\r.\r\nb\r\n"), STR("a\r\n\r.\r\nb\r\n")},
    {"LF LF dot CRLF", STR("a\n\n.\r\nb\r\n"), STR("a\n\n.\r\nb\r\n")},
    {"dot CR at the beginning", STR(".\rb\r\n"), STR("\rb\r\n")},
    {"dot LF at the beginning", STR(".\nb\r\n"), STR("\nb\r\n")},
};

enum { ROW_COUNT = sizeof rows / sizeof rows[0] };

static const struct str after = STR("MAIL FROM:<evil@example.com>\r\n");

static void write_wire(struct buf *wire, size_t row)
{
    buf_init(wire, MAX_CONTENT_BYTES);
    buf_append(wire, rows[row].sent);
    buf_append(wire, STR(".\r\n"));
    buf_append(wire, after);
}

/* Feeds two pieces as a connection would: only what was not used is offered again. */
static void check_cut_at(struct str wire, size_t at, struct str want)
{
    struct sandbox_data data = {0};
    struct buf content;
    buf_init(&content, MAX_CONTENT_BYTES);
    size_t used = sandbox_data_feed(&data, str_first(wire, at), &content);
    if (data.state != SANDBOX_DATA_END)
        used += sandbox_data_feed(&data, str_from(wire, at), &content);
    CHECK_INT(data.state, SANDBOX_DATA_END);
    CHECK_STR(buf_view(&content), want);
    CHECK_STR(str_from(wire, used), after);
    buf_fini(&content);
}

static void only_crlf_dot_crlf_ends_the_message_wherever_it_is_cut(void)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        struct buf wire;
        write_wire(&wire, row);
        for (size_t at = 0; at <= wire.len; at++) {
            test_row("%s, cut at %zu", rows[row].name, at);
            check_cut_at(buf_view(&wire), at, rows[row].content);
        }
        buf_fini(&wire);
    }
}

static void it_may_come_octet_by_octet(void)
{
    for (size_t row = 0; row < ROW_COUNT; row++) {
        test_row("%s", rows[row].name);
        struct sandbox_data data = {0};
        struct buf wire, content;
        write_wire(&wire, row);
        buf_init(&content, MAX_CONTENT_BYTES);
        size_t used = 0;
        while (used < wire.len && data.state != SANDBOX_DATA_END)
            used += sandbox_data_feed(&data, str_first(str_from(buf_view(&wire), used), 1), &content);
        CHECK_STR(buf_view(&content), rows[row].content);
        CHECK_STR(str_from(buf_view(&wire), used), after);
        buf_fini(&wire);
        buf_fini(&content);
    }
}

static void the_end_is_found_where_the_content_is_dropped(void)
{
    struct sandbox_data data = {0};
    CHECK_INT(sandbox_data_feed(&data, STR("a\r\n.\r\nQUIT\r\n"), NULL), 6);
    CHECK_INT(data.state, SANDBOX_DATA_END);
}

static void past_its_bound_the_content_fails_and_the_end_is_found(void)
{
    struct sandbox_data data = {0};
    struct buf content;
    buf_init(&content, 4);
    CHECK_INT(sandbox_data_feed(&data, STR("abc\r\n.\r\n"), &content), 8);
    CHECK(content.failed);
    CHECK_INT(data.state, SANDBOX_DATA_END);
    buf_fini(&content);
}

int main(void)
{
    TEST(only_crlf_dot_crlf_ends_the_message_wherever_it_is_cut);
    TEST(it_may_come_octet_by_octet);
    TEST(the_end_is_found_where_the_content_is_dropped);
    TEST(past_its_bound_the_content_fails_and_the_end_is_found);
    return test_result();
}
