#include "smtp/dial.h"
#include "test.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void families_take_turns(void)
{
    static const struct {
        const char *found, *ordered; /* 6, 4: families; the letters behind tell the addresses apart */
    } rows[] = {
        {"", ""},
        {"6a", "6a"},
        {"6a6b4c4d", "6a4c6b4d"},
        {"4a4b6c", "4a6c4b"},
        {"6a6b6c4d", "6a4d6b6c"},
        {"4a6b6c6d", "4a6b6c6d"},
        {"6a4b6c4d", "6a4b6c4d"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct addrinfo found[8];
        const struct addrinfo *ordered[SMTP_DIAL_MAX_ADDRESSES];
        char got[32] = "";
        size_t count = strlen(rows[i].found) / 2;
        for (size_t n = 0; n < count; n++)
            found[n] = (struct addrinfo){.ai_family = rows[i].found[2 * n] == '6' ? AF_INET6 : AF_INET,
                                         .ai_flags = rows[i].found[2 * n + 1],
                                         .ai_next = n + 1 < count ? &found[n + 1] : NULL};
        test_row("%s", rows[i].found);
        CHECK_INT(smtp_dial_order(count ? found : NULL, ordered), count);
        for (size_t n = 0; n < count; n++)
            snprintf(got + 2 * n, 3, "%c%c", ordered[n]->ai_family == AF_INET6 ? '6' : '4',
                     (char)ordered[n]->ai_flags);
        CHECK_TEXT(str_of(got), rows[i].ordered);
    }
}

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 4) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static struct smtp_transport *dial(struct str host, uint16_t port, int64_t total_ms, int stop_fd,
                                   struct fault *fault)
{
    struct smtp_relay relay = {.host = host,
                               .port = port,
                               .tls = SMTP_TLS_NONE,
                               .ehlo_name = STR("client.example"),
                               .timeouts = {.connect_ms = 2000},
                               .stop_fd = stop_fd};
    *fault = (struct fault){.code = FAULT_NONE};
    struct smtp_transport *transport = NULL;
    if (CHECK(smtp_relay_prepare(&relay, fault)))
        transport = smtp_dial(&relay, deadline_after_ms(total_ms), fault);
    smtp_relay_fini(&relay);
    return transport;
}

static void a_listening_relay_is_reached(void)
{
    uint16_t port;
    struct fault fault;
    int fd = listen_on_loopback(&port);
    struct smtp_transport *transport = dial(STR("127.0.0.1"), port, 5000, -1, &fault);
    if (CHECK(transport)) {
        CHECK_TEXT(str_of(transport->local_literal), "[127.0.0.1]");
        transport->ops->free(transport);
    }
    transport = dial(STR("127.0.0.1"), port, -1, -1, &fault);
    CHECK(!transport);
    CHECK_INT(fault.code, FAULT_UPSTREAM_TIMEOUT);
    close(fd);
}

/* F3 */
static void a_refused_connection_is_unreachable(void)
{
    uint16_t port;
    struct fault fault;
    close(listen_on_loopback(&port));
    CHECK(!dial(STR("127.0.0.1"), port, 5000, -1, &fault));
    CHECK_INT(fault.code, FAULT_UPSTREAM_UNREACHABLE);
    CHECK(strstr(fault.detail, "refused"));
}

/* F4: a full backlog drops each SYN. F145: the stop ends the wait. */
static void a_silent_address_ends_by_deadline_or_stop(void)
{
    uint16_t port;
    struct fault fault;
    int fillers[16], stop[2], fd = listen_on_loopback(&port);
    CHECK(listen(fd, 0) == 0 && pipe(stop) == 0 && write(stop[1], "x", 1) == 1);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
    CHECK(!dial(STR("127.0.0.1"), port, 100, -1, &fault));
    CHECK_INT(fault.code, FAULT_UPSTREAM_TIMEOUT);
    CHECK(!dial(STR("127.0.0.1"), port, 5000, stop[0], &fault));
    CHECK_INT(fault.code, FAULT_SHUTTING_DOWN);
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
        close(fillers[i]);
    close(stop[0]);
    close(stop[1]);
    close(fd);
}

static void a_host_must_be_a_name(void)
{
    static const struct {
        struct str host;
        bool passes;
    } rows[] = {
        {STR("relay.example"), true},
        {STR("mail_relay"), true},
        {STR("2001:db8::1"), true},
        {STR("b\xc3\xbc"
             "cher.example"),
         true},
        {STR(""), false},
        {STR("a b"), false},
        {STR("a\n"), false},
        {STR("\xff"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        struct smtp_relay relay = {.host = rows[i].host, .tls = SMTP_TLS_NONE, .ehlo_name = STR("c.example")};
        test_row("%zu", i);
        CHECK_INT(smtp_relay_prepare(&relay, &fault), rows[i].passes);
        smtp_relay_fini(&relay);
    }
}

int main(void)
{
    TEST(families_take_turns);
    TEST(a_listening_relay_is_reached);
    TEST(a_refused_connection_is_unreachable);
    TEST(a_silent_address_ends_by_deadline_or_stop);
    TEST(a_host_must_be_a_name);
    return test_result();
}
