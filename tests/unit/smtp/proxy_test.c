#include "smtp/proxy.h"
#include "test.h"

#include <string.h>

/* A reply as a string literal, which may hold NUL. */
#define BYTES(literal) STR(literal)

static const struct smtp_proxy socks = {.kind = SMTP_PROXY_SOCKS5, .host = STR("p.example"), .port = 1080};
static const struct smtp_proxy socks_login = {.kind = SMTP_PROXY_SOCKS5,
                                              .host = STR("p.example"),
                                              .port = 1080,
                                              .username = STR("ann"),
                                              .password = STR("pw")};
static const struct smtp_proxy http = {.kind = SMTP_PROXY_HTTP, .host = STR("p.example"), .port = 3128};
static const struct smtp_proxy http_login = {.kind = SMTP_PROXY_HTTP,
                                             .host = STR("p.example"),
                                             .port = 3128,
                                             .username = STR("ann"),
                                             .password = STR("p:w")};

static void each_host_is_asked_for_in_its_own_form(void)
{
    static const struct {
        const struct smtp_proxy *proxy;
        struct str host;
        const char *first; /* what is said first, or all of it */
        struct str request;
    } rows[] = {
        {&socks, STR("relay.example"), "\x05\x01", BYTES("\x05\x01\x00\x03\x0drelay.example\x02\x4b")},
        {&socks, STR("192.0.2.1"), "\x05\x01", BYTES("\x05\x01\x00\x01\xc0\x00\x02\x01\x02\x4b")},
        {&socks, STR("2001:db8::1"), "\x05\x01",
         BYTES("\x05\x01\x00\x04\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01\x02\x4b")},
        {&socks_login, STR("a"), "\x05\x02",
         BYTES("\x05\x01\x00\x03\x01"
               "a\x02\x4b")},
        {&http, STR("relay.example"), "CONNECT relay.example:587 HTTP/1.1\r\nHost: relay.example:587\r\n\r\n",
         STR("")},
        {&http, STR("2001:db8::1"), "CONNECT [2001:db8::1]:587 HTTP/1.1\r\nHost: [2001:db8::1]:587\r\n\r\n",
         STR("")},
        {&http_login, STR("a"),
         "CONNECT a:587 HTTP/1.1\r\nHost: a:587\r\nProxy-Authorization: Basic YW5uOnA6dw==\r\n\r\n", STR("")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_proxy_talk talk;
        test_row("%zu", i);
        CHECK_INT(smtp_proxy_begin(&talk, rows[i].proxy, rows[i].host, 587), SMTP_PROXY_MORE);
        CHECK(str_starts_with(buf_view(&talk.say), str_of(rows[i].first)));
        CHECK(str_equal(buf_view(&talk.request), rows[i].request));
        if (rows[i].proxy->kind == SMTP_PROXY_HTTP)
            CHECK_TEXT(buf_view(&talk.say), rows[i].first);
        smtp_proxy_fini(&talk);
    }
}

/* CONNECT a\r\nX: y, and its like. */
static void a_name_that_could_say_more_is_not_said(void)
{
    static char too_long[256];
    memset(too_long, 'a', sizeof too_long);
    const struct str rows[] = {
        STR(""),     STR("a\r\nX: y"), STR("a b"),          STR("a\n"),
        STR("a\0b"), STR("a\x7f"),     STR("\xe7\x98\x8a"), {too_long, sizeof too_long}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_proxy_talk talk;
        test_row("%zu", i);
        CHECK_INT(smtp_proxy_begin(&talk, &http, rows[i], 25), SMTP_PROXY_REFUSED);
        CHECK(talk.say.len == 0 && talk.problem[0]);
        smtp_proxy_fini(&talk);
        CHECK_INT(smtp_proxy_begin(&talk, &socks, rows[i], 25), SMTP_PROXY_REFUSED);
        smtp_proxy_fini(&talk);
    }
}

/* RFC 1929 2: each has an octet for its length. */
static void a_login_that_has_no_form_is_not_said(void)
{
    static char too_long[256];
    memset(too_long, 'a', sizeof too_long);
    const struct smtp_proxy rows[] = {
        {.kind = SMTP_PROXY_SOCKS5, .username = {too_long, 256}, .password = STR("pw")},
        {.kind = SMTP_PROXY_SOCKS5, .username = STR("ann"), .password = {too_long, 256}},
        {.kind = SMTP_PROXY_HTTP, .username = {too_long, 256}, .password = STR("pw")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_proxy_talk talk;
        test_row("%zu", i);
        CHECK_INT(smtp_proxy_begin(&talk, &rows[i], STR("relay.example"), 25), SMTP_PROXY_REFUSED);
        CHECK(talk.say.len == 0 && strstr(talk.problem, "255"));
        smtp_proxy_fini(&talk);
    }
}

/* Hands in all that is left, `step` octets at a time, saying what is to be said in between. */
static enum smtp_proxy_state talk_through(const struct smtp_proxy *proxy, struct str replies, size_t step,
                                          struct smtp_proxy_talk *talk, size_t *used)
{
    enum smtp_proxy_state state = smtp_proxy_begin(talk, proxy, STR("relay.example"), 587);
    *used = 0;
    while (state == SMTP_PROXY_MORE && *used < replies.len) {
        size_t taken;
        buf_clear(&talk->say);
        state = smtp_proxy_feed(talk, str_first(str_from(replies, *used), step), &taken);
        *used += taken;
    }
    return state;
}

static void the_greeting_behind_the_last_reply_is_left_alone(void)
{
    static const struct {
        const struct smtp_proxy *proxy;
        struct str replies;
    } rows[] = {
        {&socks, BYTES("\x05\x00"
                       "\x05\x00\x00\x01\x7f\x00\x00\x01\x02\x4b")},
        {&socks, BYTES("\x05\x00"
                       "\x05\x00\x00\x04"
                       "0123456789abcdef"
                       "\x02\x4b")},
        {&socks, BYTES("\x05\x00"
                       "\x05\x00\x00\x03\x03"
                       "abc"
                       "\x02\x4b")},
        {&socks, BYTES("\x05\x00"
                       "\x05\x00\x00\x03\x00"
                       "\x02\x4b")},
        {&socks_login, BYTES("\x05\x02"
                             "\x01\x00"
                             "\x05\x00\x00\x01\x7f\x00\x00\x01\x02\x4b")},
        {&socks_login, BYTES("\x05\x00"
                             "\x05\x00\x00\x01\x7f\x00\x00\x01\x02\x4b")},
        {&http, STR("HTTP/1.1 200 Connection established\r\n\r\n")},
        {&http, STR("HTTP/1.0 200\r\nVia: x\r\nContent-Length: 1000\r\n\r\n")},
        {&http, STR("HTTP/1.1 204 Fine\nVia: x\n\n")},
        {&http, STR("HTTP/1.1 200\n\n")},
        {&http, STR("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step < 200; step += 33) {
            struct smtp_proxy_talk talk;
            struct buf bytes;
            size_t used;
            test_row("%zu by %zu", i, step);
            buf_init(&bytes, 1000);
            buf_append(&bytes, rows[i].replies);
            buf_append(&bytes, STR("220 relay.example\r\n\r\n"));
            CHECK_INT(talk_through(rows[i].proxy, buf_view(&bytes), step, &talk, &used), SMTP_PROXY_DONE);
            CHECK_INT(used, rows[i].replies.len);
            smtp_proxy_fini(&talk);
            buf_fini(&bytes);
        }
}

static void a_refusal_says_which_reply(void)
{
    static const struct {
        const struct smtp_proxy *proxy;
        struct str replies;
        const char *says;
    } rows[] = {
        {&socks, BYTES("\x05\xff"), "wants a login"},
        {&socks, BYTES("\x05\x02"), "neither"},
        {&socks_login, BYTES("\x05\xff"), "neither"},
        {&socks_login, BYTES("\x05\x07"), "neither"},
        {&socks_login, BYTES("\x05\x02\x01\x01"), "refused the login"},
        {&socks_login, BYTES("\x05\x02\x05\x00"), "does not speak SOCKS5"},
        {&socks, BYTES("\x04\x5a"), "does not speak SOCKS5"},
        {&socks, BYTES("220 relay.example\r\n"), "does not speak SOCKS5"},
        {&socks, BYTES("\x05\x00\x05\x01"), "reply 1)"},
        {&socks, BYTES("\x05\x00\x05\x02"), "does not allow"},
        {&socks, BYTES("\x05\x00\x05\x03"), "network is unreachable"},
        {&socks, BYTES("\x05\x00\x05\x04"), "relay is unreachable"},
        {&socks, BYTES("\x05\x00\x05\x05\x00\x01"), "refused the connection"},
        {&socks, BYTES("\x05\x00\x05\x06"), "did not answer"},
        {&socks, BYTES("\x05\x00\x05\x07"), "CONNECT"},
        {&socks, BYTES("\x05\x00\x05\x08"), "address"},
        {&socks, BYTES("\x05\x00\x05\x09"), "nobody knows"},
        {&socks, BYTES("\x05\x00\x05\xff"), "nobody knows"},
        {&socks, BYTES("\x05\x00\x05\x00\x00\x02\x00"), "kind that nobody knows"},
        {&http, STR("HTTP/1.1 407 pw ann\r\n\r\n"), "wants a login, and none is set (reply 407)"},
        {&http_login, STR("HTTP/1.1 407 p:w YW5uOnA6dw==\r\n\r\n"), "refused the login (reply 407)"},
        {&http, STR("HTTP/1.1 403 Forbidden\r\nX: y\r\n\r\n"), "does not allow this connection (reply 403)"},
        {&http, STR("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "could not reach the relay (reply 502)"},
        {&http, STR("HTTP/1.1 504 Late\r\n\r\n"), "(reply 504)"},
        {&http, STR("HTTP/1.1 302 Found\r\nLocation: http://x/\r\n\r\n"), "(reply 302)"},
        {&http, STR("HTTP/1.1 101 Switching\r\n\r\n"), "(reply 101)"},
        {&http, STR("HTTP/1.1 2000 OK\r\n\r\n"), "without a status"},
        {&http, STR("HTTP/1.1 20\r\n\r\n"), "without a status"},
        {&http, STR("HTTP/1.1\r\n\r\n"), "without a status"},
        {&http, STR("HTTP/1.\n\n"), "without a status"},
        {&http, STR("HTTP/1.1 2x0 OK\r\n\r\n"), "without a status"},
        {&http, STR("HTTP/1.1x200 OK\r\n\r\n"), "without a status"},
        {&http, STR("220 relay.example ESMTP\r\n"), "does not speak HTTP"},
        {&http, STR("HTTP/2 200\r\n\r\n"), "does not speak HTTP"},
        {&http, STR("\0"), "does not speak HTTP"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_proxy_talk talk;
        size_t used;
        test_row("%s", rows[i].says);
        CHECK_INT(talk_through(rows[i].proxy, rows[i].replies, 7, &talk, &used), SMTP_PROXY_REFUSED);
        if (!CHECK(strstr(talk.problem, rows[i].says)))
            printf("    %s\n", talk.problem);
        CHECK(!strstr(talk.problem, "YW5u") && !strstr(talk.problem, "p:w"));
        smtp_proxy_fini(&talk);
    }
}

static void half_a_reply_waits_for_more(void)
{
    static const struct {
        const struct smtp_proxy *proxy;
        struct str replies;
    } rows[] = {
        {&socks_login, BYTES("\x05\x02"
                             "\x01\x00"
                             "\x05\x00\x00\x03\x03"
                             "abc"
                             "\x02\x4b")},
        {&http, STR("HTTP/1.1 200 Connection established\r\nA: b\r\n\r\n")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t len = 0; len < rows[i].replies.len; len++) {
            struct smtp_proxy_talk talk;
            size_t used;
            test_row("%zu, %zu", i, len);
            CHECK_INT(talk_through(rows[i].proxy, str_first(rows[i].replies, len), 3, &talk, &used),
                      SMTP_PROXY_MORE);
            CHECK_INT(used, len);
            smtp_proxy_fini(&talk);
        }
}

static void an_endless_header_is_given_up(void)
{
    static char header[20000];
    static const char *const fronts[] = {"HTTP/1.1 200 OK\r\nX: ",
                                         "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 "};
    for (size_t i = 0; i < sizeof fronts / sizeof fronts[0]; i++) {
        struct smtp_proxy_talk talk;
        size_t used;
        test_row("%zu", i);
        memset(header, 'x', sizeof header);
        memcpy(header, fronts[i], strlen(fronts[i]));
        struct str bytes = {header, sizeof header};
        CHECK_INT(talk_through(&http, bytes, sizeof header, &talk, &used), SMTP_PROXY_REFUSED);
        CHECK(strstr(talk.problem, "8 KiB"));
        CHECK(used <= SMTP_PROXY_MAX_HEADER_BYTES);
        smtp_proxy_fini(&talk);
    }
}

static void a_login_that_does_not_fit_is_not_cut(void)
{
    static char secret[256];
    struct smtp_proxy_talk talk;
    struct smtp_proxy proxy = socks_login;
    memset(secret, 'x', sizeof secret);
    proxy.password = (struct str){secret, sizeof secret};
    CHECK_INT(smtp_proxy_begin(&talk, &proxy, STR("relay.example"), 25), SMTP_PROXY_REFUSED);
    smtp_proxy_fini(&talk);
    proxy.password.len--;
    size_t used;
    CHECK_INT(talk_through(&proxy, BYTES("\x05\x02"), 2, &talk, &used), SMTP_PROXY_MORE);
    CHECK_INT(talk.say.len, 1 + 1 + 3 + 1 + 255);
    smtp_proxy_fini(&talk);
}

int main(void)
{
    TEST(each_host_is_asked_for_in_its_own_form);
    TEST(a_name_that_could_say_more_is_not_said);
    TEST(a_login_that_has_no_form_is_not_said);
    TEST(the_greeting_behind_the_last_reply_is_left_alone);
    TEST(a_refusal_says_which_reply);
    TEST(half_a_reply_waits_for_more);
    TEST(an_endless_header_is_given_up);
    TEST(a_login_that_does_not_fit_is_not_cut);
    return test_result();
}
