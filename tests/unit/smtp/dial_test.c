#include "smtp/dial.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
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
        const struct addrinfo *ordered[SMTP_RACE_MAX_ADDRESSES];
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

/* F6: no descriptor is left. */
static void a_lack_of_descriptors_is_ours(void)
{
    uint16_t port;
    struct fault fault;
    struct rlimit before, none;
    int fd = listen_on_loopback(&port);
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    none = (struct rlimit){.rlim_cur = 0, .rlim_max = before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &none) == 0);
    CHECK(!dial(STR("127.0.0.1"), port, 5000, -1, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    close(fd);
}

static bool bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return done;
}

static bool leave_one_port(void)
{
    int fd = open("/proc/sys/net/ipv4/ip_local_port_range", O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, "40000 40000", 11) == 11;
    close(fd);
    return done;
}

/* 0: as it should be; 77: there are no namespaces to be had. */
static int dial_without_ports(void)
{
    uint16_t port;
    struct fault fault;
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0 || !bring_up_loopback())
        return 77;
    int fd = listen_on_loopback(&port);
    if (!leave_one_port())
        return 77;
    struct smtp_transport *transport = dial(STR("127.0.0.1"), port, 5000, -1, &fault);
    bool is_first_fine = transport, is_second_ours = false;
    if (transport) {
        is_second_ours = !dial(STR("127.0.0.1"), port, 5000, -1, &fault) && fault.code == FAULT_OVERLOADED;
        transport->ops->free(transport);
    }
    close(fd);
    return is_first_fine && is_second_ours ? 0 : 1;
}

/* F8: in a network of its own, for it is that of the whole machine. */
static void a_lack_of_ports_is_ours(void)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(dial_without_ports());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        printf("skipped: network namespaces cannot be made here\n");
    else
        CHECK_INT(WEXITSTATUS(status), 0);
}

static void a_unix_socket_is_reached_by_its_path(void)
{
    struct fault fault;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    char folder[] = "/tmp/postern-dial-XXXXXX";
    CHECK(mkdtemp(folder));
    snprintf(address.sun_path, sizeof address.sun_path, "%s/relay", folder);
    struct str path = str_of(address.sun_path);
    CHECK(!dial(path, 0, 5000, -1, &fault));
    CHECK_INT(fault.code, FAULT_UPSTREAM_UNREACHABLE);
    CHECK(strstr(fault.detail, address.sun_path) && strstr(fault.detail, "No such file"));
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 0) == 0);
    struct smtp_transport *first = dial(path, 0, 5000, -1, &fault);
    if (CHECK(first)) {
        CHECK_TEXT(str_of(first->local_literal), "[127.0.0.1]");
        CHECK_TEXT(str_of(first->peer), "");
        /* The backlog is full. */
        CHECK(!dial(path, 0, 60, -1, &fault));
        CHECK_INT(fault.code, FAULT_UPSTREAM_TIMEOUT);
        first->ops->free(first);
    }
    close(fd);
    unlink(address.sun_path);
    rmdir(folder);
}

/* F5, and RFC 8305: a dead address costs 250 ms and not the time that it has. */
static void the_first_address_that_answers_wins(void)
{
    uint16_t port, refused_port;
    int fd = listen_on_loopback(&port), winner, error;
    close(listen_on_loopback(&refused_port));
    int deaf = listen_on_loopback(&(uint16_t){0});
    CHECK(listen(deaf, 0) == 0);
    struct sockaddr_in addresses[3] = {
        {.sin_family = AF_INET}, {.sin_family = AF_INET}, {.sin_family = AF_INET}};
    socklen_t len = sizeof addresses[0];
    CHECK(getsockname(deaf, (struct sockaddr *)&addresses[0], &len) == 0);
    addresses[1] = addresses[2] = addresses[0];
    addresses[1].sin_port = htons(refused_port);
    addresses[2].sin_port = htons(port);
    int fillers[8];
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&addresses[0], sizeof addresses[0]);
    }
    struct addrinfo items[3];
    const struct addrinfo *ordered[3];
    for (size_t i = 0; i < 3; i++) {
        items[i] = (struct addrinfo){.ai_family = AF_INET,
                                     .ai_addr = (struct sockaddr *)&addresses[i],
                                     .ai_addrlen = sizeof addresses[i]};
        ordered[i] = &items[i];
    }
    struct smtp_race_terms terms = {.attempt_ms = 20000, .total = deadline_after_ms(20000), .stop_fd = -1};
    int64_t began_us = clock_monotonic_us();
    CHECK_INT(smtp_race(ordered, 3, &terms, &winner, &error), SMTP_STATUS_OK);
    CHECK(clock_monotonic_us() - began_us < 5000000);
    CHECK(winner >= 0 && close(winner) == 0);
    terms.attempt_ms = 50;
    CHECK_INT(smtp_race(ordered, 2, &terms, &winner, &error), SMTP_STATUS_RESET);
    CHECK_INT(winner, -1);
    CHECK(error == ETIMEDOUT || error == ECONNREFUSED);
    CHECK_INT(smtp_race(ordered, 0, &terms, &winner, &error), SMTP_STATUS_RESET);
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
        close(fillers[i]);
    close(deaf);
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
        {STR("/run/relay"), true},
        {STR("/2345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345"
             "6789"
             "012345678"),
         false},
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
    TEST(a_lack_of_descriptors_is_ours);
    TEST(a_lack_of_ports_is_ours);
    TEST(a_unix_socket_is_reached_by_its_path);
    TEST(the_first_address_that_answers_wins);
    TEST(a_host_must_be_a_name);
    return test_result();
}
