/* The way through a proxy over a socket pair: what the proxy has to say stands there before it is asked. */
#include "smtp/tls.h"
#include "smtp/tunnel.h"
#include "test.h"

#include <pthread.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum ending { STAYS, CLOSES, BREAKS, STOPS };

struct tunnel {
    struct smtp_relay relay;
    struct smtp_transport *transport;
    int proxy, stop[2];
    pthread_t thread; /* of a proxy that breaks */
};

static void set_up(struct tunnel *tunnel, enum smtp_proxy_kind kind)
{
    struct fault fault;
    int fds[2];
    *tunnel = (struct tunnel){
        .relay = {.host = STR("relay.example"), .port = 587, .tls = SMTP_TLS_NONE, .stop_fd = -1}};
    tunnel->relay.proxy = (struct smtp_proxy){.kind = kind, .host = STR("proxy.example"), .port = 1080};
    CHECK(smtp_relay_prepare(&tunnel->relay, &fault));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && pipe(tunnel->stop) == 0);
    tunnel->proxy = fds[1];
    tunnel->transport = smtp_socket_new(fds[0], tunnel->stop[0]);
}

static void tear_down(struct tunnel *tunnel)
{
    tunnel->transport->ops->free(tunnel->transport);
    if (tunnel->proxy >= 0)
        close(tunnel->proxy);
    close(tunnel->stop[0]);
    close(tunnel->stop[1]);
    smtp_relay_fini(&tunnel->relay);
}

/* A socket that is closed with octets unread resets the connection. */
static void *hear_one_octet(void *argument)
{
    int *proxy = argument;
    char octet;
    CHECK(read(*proxy, &octet, 1) == 1 && close(*proxy) == 0);
    *proxy = -1;
    return NULL;
}

/* What the proxy does behind its words. */
static void end_proxy(struct tunnel *tunnel, enum ending ending)
{
    if (ending == CLOSES)
        shutdown(tunnel->proxy, SHUT_WR);
    if (ending == STOPS)
        CHECK(write(tunnel->stop[1], "x", 1) == 1);
    if (ending == BREAKS)
        CHECK(pthread_create(&tunnel->thread, NULL, hear_one_octet, &tunnel->proxy) == 0);
}

#define SOCKS_DONE "\x05\x00\x05\x00\x00\x01\xc0\x00\x02\x01\x00\x19"

static void each_end_of_a_talk_is_told(void)
{
    static const struct {
        const char *name;
        enum smtp_proxy_kind kind;
        struct str words;
        enum ending ending;
        enum fault_code code;
        const char *says;
    } rows[] = {
        {"SOCKS5", SMTP_PROXY_SOCKS5, STR(SOCKS_DONE), STAYS, FAULT_NONE, ""},
        {"HTTP", SMTP_PROXY_HTTP, STR("HTTP/1.1 200 OK\r\n\r\n"), STAYS, FAULT_NONE, ""},
        {"a refusal", SMTP_PROXY_HTTP, STR("HTTP/1.1 403 no\r\n\r\n"), STAYS, FAULT_UPSTREAM_UNREACHABLE,
         "the HTTP proxy proxy.example:1080 does not allow"},
        {"silence", SMTP_PROXY_SOCKS5, STR("\x05"), STAYS, FAULT_UPSTREAM_TIMEOUT, "did not answer in time"},
        {"an end", SMTP_PROXY_SOCKS5, STR("\x05"), CLOSES, FAULT_UPSTREAM_UNREACHABLE,
         "closed the connection"},
        {"a break", SMTP_PROXY_SOCKS5, STR("\x05"), BREAKS, FAULT_UPSTREAM_UNREACHABLE,
         "closed the connection"},
        {"the stop", SMTP_PROXY_SOCKS5, STR("\x05"), STOPS, FAULT_SHUTTING_DOWN, "shutting down"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct tunnel tunnel;
        struct fault fault = {.code = FAULT_NONE};
        int64_t wait_ms = rows[i].code == FAULT_UPSTREAM_TIMEOUT ? 20 : 5000;
        set_up(&tunnel, rows[i].kind);
        test_row("%s", rows[i].name);
        CHECK(write(tunnel.proxy, rows[i].words.data, rows[i].words.len) > 0);
        end_proxy(&tunnel, rows[i].ending);
        bool opened = smtp_tunnel_open((struct smtp_socket *)tunnel.transport, &tunnel.relay,
                                       deadline_after_ms(wait_ms), &fault);
        if (rows[i].ending == BREAKS)
            pthread_join(tunnel.thread, NULL);
        CHECK_INT(opened, rows[i].code == FAULT_NONE);
        CHECK_INT(fault.code, rows[i].code);
        CHECK(opened || strstr(fault.detail, rows[i].says));
        tear_down(&tunnel);
    }
}

/* The relay's greeting may come in one piece with the proxy's last word. */
static void what_stands_behind_the_proxy_s_words_is_the_relay_s(void)
{
    static const struct {
        enum smtp_proxy_kind kind;
        struct str words;
    } rows[] = {{SMTP_PROXY_SOCKS5, STR(SOCKS_DONE "220 relay.example\r\n")},
                {SMTP_PROXY_HTTP, STR("HTTP/1.1 200 OK\r\nA: b\r\n\r\n220 relay.example\r\n")}};
    for (size_t i = 0; i < 2; i++) {
        struct tunnel tunnel;
        struct fault fault;
        char bytes[64];
        size_t got;
        set_up(&tunnel, rows[i].kind);
        test_row("%zu", i);
        CHECK(write(tunnel.proxy, rows[i].words.data, rows[i].words.len) > 0);
        CHECK(smtp_tunnel_open((struct smtp_socket *)tunnel.transport, &tunnel.relay, deadline_after_ms(5000),
                               &fault));
        CHECK_INT(
            tunnel.transport->ops->read(tunnel.transport, bytes, sizeof bytes, deadline_after_ms(5000), &got),
            SMTP_STATUS_OK);
        CHECK_STR(((struct str){bytes, got}), STR("220 relay.example\r\n"));
        tear_down(&tunnel);
    }
}

int main(void)
{
    TEST(each_end_of_a_talk_is_told);
    TEST(what_stands_behind_the_proxy_s_words_is_the_relay_s);
    return test_result();
}
