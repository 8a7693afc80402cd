#include "service/watch/http_reply.h"
#include "test.h"

#include <string.h>

#define OK    "HTTP/1.1 200 OK\r\n"
#define AGAIN "HTTP/1.1 503 No\r\n"

static const struct {
    const char *name, *text;
    enum http_reply_state state;
    int status;
    uint64_t retry_after_s;
} rows[] = {
    {"a head", OK "A: b\r\n\r\n", HTTP_REPLY_COMPLETE, 200, 0},
    {"HTTP/1.0", "HTTP/1.0 200 OK\r\n\r\n", HTTP_REPLY_COMPLETE, 200, 0},
    {"no reason", "HTTP/1.1 204\r\n\r\n", HTTP_REPLY_COMPLETE, 204, 0},
    {"an empty reason", "HTTP/1.1 204 \r\n\r\n", HTTP_REPLY_COMPLETE, 204, 0},
    {"with LF alone", "HTTP/1.1 404 No\n\n", HTTP_REPLY_COMPLETE, 404, 0},
    {"a body behind it", OK "\r\nHTTP/1.1 500 x\r\n\r\n", HTTP_REPLY_COMPLETE, 200, 0},
    {"an interim one before", "HTTP/1.1 100 Continue\r\n\r\n" OK "\r\n", HTTP_REPLY_COMPLETE, 200, 0},
    {"interim ones with fields", "HTTP/1.1 103 E\r\nRetry-After: 9\r\n\r\n" OK "\r\n", HTTP_REPLY_COMPLETE,
     200, 0},
    {"an interim one alone", "HTTP/1.1 100 Continue\r\n\r\n", HTTP_REPLY_PARTIAL, 0, 0},
    {"a wait", AGAIN "Retry-After: 7\r\n\r\n", HTTP_REPLY_COMPLETE, 503, 7},
    {"a wait in other letters", AGAIN "retry-after:\t7 \r\n\r\n", HTTP_REPLY_COMPLETE, 503, 7},
    {"a wait of years", AGAIN "Retry-After: 99999999\r\n\r\n", HTTP_REPLY_COMPLETE, 503,
     HTTP_REPLY_MAX_WAIT_S},
    {"a wait beyond all numbers", AGAIN "Retry-After: 99999999999999999999\r\n\r\n", HTTP_REPLY_COMPLETE, 503,
     0},
    {"a wait until a date", AGAIN "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\n\r\n", HTTP_REPLY_COMPLETE,
     503, 0},
    {"a negative wait", AGAIN "Retry-After: -1\r\n\r\n", HTTP_REPLY_COMPLETE, 503, 0},
    {"a field without a colon", AGAIN "Retry-After 7\r\n\r\n", HTTP_REPLY_COMPLETE, 503, 0},
    {"not at its end", OK "A: b\r\n", HTTP_REPLY_PARTIAL, 0, 0},
    {"nothing", "", HTTP_REPLY_PARTIAL, 0, 0},
    {"another protocol", "220 relay.test ESMTP\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"HTTP/2", "HTTP/2 200 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"HTTP/1.2", "HTTP/1.2 200 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"a status of two digits", "HTTP/1.1 20 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"a status of four digits", "HTTP/1.1 2000 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"a status below 100", "HTTP/1.1 099 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"a status above 599", "HTTP/1.1 600 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"a sign", "HTTP/1.1 +20 OK\r\n\r\n", HTTP_REPLY_MALFORMED, 0, 0},
    {"an empty line", "\r\n", HTTP_REPLY_MALFORMED, 0, 0},
};

static enum http_reply_state feed_by(struct http_reply *reply, struct str text, size_t step)
{
    enum http_reply_state state = HTTP_REPLY_PARTIAL;
    for (size_t at = 0; at < text.len && state == HTTP_REPLY_PARTIAL; at += step)
        state = http_reply_feed(reply, str_first(str_from(text, at), step));
    return state;
}

static void a_head_is_read_however_it_is_cut(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step <= 64; step += step < 8 ? 1 : 7) {
            struct http_reply reply;
            test_row("%s, by %zu", rows[i].name, step);
            http_reply_init(&reply);
            CHECK_INT(feed_by(&reply, str_of(rows[i].text), step), rows[i].state);
            if (rows[i].state == HTTP_REPLY_COMPLETE) {
                CHECK_INT(reply.status, rows[i].status);
                CHECK_INT(reply.retry_after_s, rows[i].retry_after_s);
            }
            http_reply_fini(&reply);
        }
}

static void what_does_not_end_is_none_within_the_bound(void)
{
    static const char *const endless[] = {"x", "A: b\r\nC: d\r\nE: f\r\nG: h\r\nI: j\r\nK: l\r\nM: n\r\n",
                                          "HTTP/1.1 100 Continue\r\n\r\n"};
    for (size_t i = 0; i < sizeof endless / sizeof endless[0]; i++) {
        struct http_reply reply;
        enum http_reply_state state = HTTP_REPLY_PARTIAL;
        size_t fed = 0;
        test_row("%zu", i);
        http_reply_init(&reply);
        http_reply_feed(&reply, i == 1 ? STR(OK) : STR(""));
        for (; state == HTTP_REPLY_PARTIAL && fed < HTTP_REPLY_MAX_BYTES * 2; fed += strlen(endless[i]))
            state = http_reply_feed(&reply, str_of(endless[i]));
        CHECK_INT(state, HTTP_REPLY_MALFORMED);
        CHECK(fed <= HTTP_REPLY_MAX_BYTES + 64);
        CHECK(reply.head.capacity <= HTTP_REPLY_MAX_BYTES);
        http_reply_fini(&reply);
    }
}

int main(void)
{
    TEST(a_head_is_read_however_it_is_cut);
    TEST(what_does_not_end_is_none_within_the_bound);
    return test_result();
}
