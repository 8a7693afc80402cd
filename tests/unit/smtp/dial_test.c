#include "smtp/dial.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
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

/* A full backlog drops each SYN. */
static void fill_backlog(int fd, uint16_t port, int fillers[static 16])
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    CHECK(listen(fd, 0) == 0);
    for (size_t i = 0; i < 16; i++) {
        fillers[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(fillers[i], (struct sockaddr *)&address, sizeof address);
    }
}

/* F4. F145: the stop ends the wait. */
static void a_silent_address_ends_by_deadline_or_stop(void)
{
    uint16_t port;
    struct fault fault;
    int fillers[16], stop[2], fd = listen_on_loopback(&port);
    fill_backlog(fd, port, fillers);
    CHECK(pipe(stop) == 0 && write(stop[1], "x", 1) == 1);
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
    CHECK(!dial(STR("/run/relay"), 0, 5000, -1, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    CHECK(!dial(STR("relay.example"), port, 5000, -1, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    close(fd);
}

/* EAI_SYSTEM tells its reason by errno; any other by itself. */
static void a_resolver_s_fault_is_the_name_s_or_ours_or_passes(void)
{
    static const struct {
        int error, system_error;
        enum fault_code code;
    } rows[] = {
        {EAI_NONAME, 0, FAULT_UPSTREAM_NO_SUCH_HOST},
        {EAI_NODATA, 0, FAULT_UPSTREAM_NO_SUCH_HOST},
        {EAI_ADDRFAMILY, 0, FAULT_UPSTREAM_NO_SUCH_HOST},
        {EAI_MEMORY, 0, FAULT_OVERLOADED},
        {EAI_SYSTEM, EMFILE, FAULT_OVERLOADED},
        {EAI_SYSTEM, ENFILE, FAULT_OVERLOADED},
        {EAI_SYSTEM, ECONNREFUSED, FAULT_UPSTREAM_UNRESOLVED},
        {EAI_AGAIN, EMFILE, FAULT_UPSTREAM_UNRESOLVED},
        {EAI_FAIL, 0, FAULT_UPSTREAM_UNRESOLVED},
        {EAI_NONAME, EMFILE, FAULT_UPSTREAM_NO_SUCH_HOST},
        {0, 0, FAULT_UPSTREAM_UNRESOLVED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%d, %d", rows[i].error, rows[i].system_error);
        CHECK_INT(smtp_dial_judge_resolver(rows[i].error, rows[i].system_error), rows[i].code);
    }
}

static void pass_over_signal(int signal)
{
    (void)signal;
}

static bool bring_up_loopback(void)
{
    struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING};
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    bool done = ioctl(fd, SIOCSIFFLAGS, &request) == 0;
    close(fd);
    return done;
}

static bool write_setting(const char *path, const char *value)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    bool done = fd >= 0 && write(fd, value, strlen(value)) > 0;
    close(fd);
    return done;
}

static bool leave_one_port(void)
{
    return write_setting("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000");
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

/* F8: in a network of its own, for it is that of the whole machine. It ends with exit, as every test, so that what it
 * has reached is counted. */
static void in_a_network_of_its_own(int (*work)(void))
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        exit(work());
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        printf("skipped: network namespaces cannot be made here\n");
    else
        CHECK_INT(WEXITSTATUS(status), 0);
}

static void a_lack_of_ports_is_ours(void)
{
    in_a_network_of_its_own(dial_without_ports);
}

static int race_to(const char *first, const char *second);

/* Neither way nor address: nothing is said of IPv6 where IPv4 says something. */
static int race_without_ways(void)
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return 77;
    bool nowhere =
        race_to("192.0.2.1", NULL) == ENETUNREACH && race_to("2001:db8::1", "192.0.2.1") == ENETUNREACH;
    if (!bring_up_loopback() || !write_setting("/proc/sys/net/ipv6/conf/lo/disable_ipv6", "1"))
        return 77;
    bool only_v4 = race_to("::1", "127.0.0.1") == ECONNREFUSED && race_to("127.0.0.1", "::1") == ECONNREFUSED;
    return nowhere && only_v4 && race_to("::1", NULL) == ENETUNREACH ? 0 : 1;
}

/* RFC 8305: on a machine without IPv6 its addresses fail at once. */
static void a_family_without_a_way_tells_nothing_where_another_does(void)
{
    in_a_network_of_its_own(race_without_ways);
}

/* The process has one descriptor left, and poll wants as many as it is asked about. */
static int dial_with_one_descriptor(void)
{
    uint16_t port;
    struct fault fault;
    struct rlimit one;
    int fillers[16];
    int fd = listen_on_loopback(&port);
    fill_backlog(fd, port, fillers);
    getrlimit(RLIMIT_NOFILE, &one);
    one.rlim_cur = 1;
    close(STDIN_FILENO);
    if (setrlimit(RLIMIT_NOFILE, &one) != 0)
        return 77;
    return !dial(STR("127.0.0.1"), port, 5000, -1, &fault) && fault.code == FAULT_OVERLOADED ? 0 : 1;
}

static void a_wait_that_cannot_be_had_is_ours(void)
{
    in_a_network_of_its_own(dial_with_one_descriptor);
}

static void a_signal_ends_no_race(void)
{
    uint16_t port;
    struct fault fault;
    struct sigaction action = {.sa_handler = pass_over_signal};
    struct itimerval rings = {{0, 2000}, {0, 2000}}, silence = {{0, 0}, {0, 0}};
    int fillers[16], fd = listen_on_loopback(&port);
    fill_backlog(fd, port, fillers);
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &rings, NULL) == 0);
    CHECK(!dial(STR("127.0.0.1"), port, 20, -1, &fault));
    CHECK_INT(fault.code, FAULT_UPSTREAM_TIMEOUT);
    CHECK(setitimer(ITIMER_REAL, &silence, NULL) == 0);
    for (size_t i = 0; i < sizeof fillers / sizeof fillers[0]; i++)
        close(fillers[i]);
    close(fd);
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
        int stop[2];
        CHECK(pipe(stop) == 0 && write(stop[1], "x", 1) == 1);
        CHECK(!dial(path, 0, 5000, stop[0], &fault));
        CHECK_INT(fault.code, FAULT_SHUTTING_DOWN);
        close(stop[0]);
        close(stop[1]);
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

/* The errno that a race among these addresses ends in, at a port where nobody listens; 0 where one was reached. */
static int race_to(const char *first, const char *second)
{
    const char *const texts[] = {first, second};
    struct sockaddr_in6 v6[2] = {{.sin6_family = AF_INET6, .sin6_port = htons(1)},
                                 {.sin6_family = AF_INET6, .sin6_port = htons(1)}};
    struct sockaddr_in v4[2] = {{.sin_family = AF_INET, .sin_port = htons(1)},
                                {.sin_family = AF_INET, .sin_port = htons(1)}};
    struct addrinfo items[2] = {{0}, {0}};
    const struct addrinfo *ordered[2] = {&items[0], &items[1]};
    struct smtp_race_terms terms = {.attempt_ms = 5000, .total = deadline_after_ms(5000), .stop_fd = -1};
    size_t count = second ? 2 : 1;
    int winner, error;
    for (size_t i = 0; i < count; i++) {
        bool is_v4 = inet_pton(AF_INET, texts[i], &v4[i].sin_addr) == 1;
        inet_pton(AF_INET6, texts[i], &v6[i].sin6_addr);
        items[i].ai_family = is_v4 ? AF_INET : AF_INET6;
        items[i].ai_addr = is_v4 ? (struct sockaddr *)&v4[i] : (struct sockaddr *)&v6[i];
        items[i].ai_addrlen = is_v4 ? sizeof v4[i] : sizeof v6[i];
    }
    smtp_race(ordered, count, &terms, &winner, &error);
    if (winner < 0)
        return error;
    close(winner);
    return 0;
}

/* A family that this system does not know, and one whose connections stand at once. */
static void odd_families_are_raced_too(void)
{
    enum { UNKNOWN_FAMILY = 200 };
    struct sockaddr_un address = {.sun_family = AF_UNIX, .sun_path = "\0postern-dial-test"};
    struct sockaddr_in refused = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(1)};
    struct addrinfo unknown = {.ai_family = UNKNOWN_FAMILY};
    struct addrinfo known = {
        .ai_family = AF_INET, .ai_addr = (struct sockaddr *)&refused, .ai_addrlen = sizeof refused};
    struct addrinfo local = {
        .ai_family = AF_UNIX, .ai_addr = (struct sockaddr *)&address, .ai_addrlen = sizeof address};
    struct smtp_race_terms terms = {.attempt_ms = 5000, .total = deadline_after_ms(5000), .stop_fd = -1};
    const struct addrinfo *ordered[] = {&unknown, &known, &unknown, &local};
    int winner, error, fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0);
    CHECK_INT(smtp_race(ordered, 1, &terms, &winner, &error), SMTP_STATUS_RESET);
    CHECK_INT(error, ENETUNREACH);
    CHECK_INT(smtp_race(ordered, 3, &terms, &winner, &error), SMTP_STATUS_RESET);
    CHECK_INT(error, ECONNREFUSED);
    CHECK_INT(smtp_race(ordered, 4, &terms, &winner, &error), SMTP_STATUS_OK);
    CHECK(winner >= 0 && close(winner) == 0);
    close(fd);
}

/* A name may have any number of addresses. */
static void no_more_addresses_are_tried_than_there_is_room_for(void)
{
    enum { MANY = SMTP_RACE_MAX_ADDRESSES + 4 };
    struct addrinfo found[MANY];
    const struct addrinfo *ordered[SMTP_RACE_MAX_ADDRESSES];
    for (size_t i = 0; i < MANY; i++)
        found[i] = (struct addrinfo){.ai_family = i < 2 ? AF_INET6 : AF_INET,
                                     .ai_next = i + 1 < MANY ? &found[i + 1] : NULL};
    CHECK_INT(smtp_dial_order(found, ordered), SMTP_RACE_MAX_ADDRESSES);
    CHECK(ordered[0] == &found[0] && ordered[1] == &found[2] && ordered[2] == &found[1]);
}

static void a_host_must_be_a_name(void)
{
    static char longest[SMTP_HOST_BYTES];
    memset(longest, 'a', sizeof longest);
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
        {{longest, SMTP_HOST_BYTES - 1}, true},
        {{longest, SMTP_HOST_BYTES}, false},
        {STR("a\x7f"), false},
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
    TEST(a_resolver_s_fault_is_the_name_s_or_ours_or_passes);
    TEST(a_family_without_a_way_tells_nothing_where_another_does);
    TEST_NATIVELY(a_wait_that_cannot_be_had_is_ours);
    TEST(a_signal_ends_no_race);
    TEST(odd_families_are_raced_too);
    TEST(no_more_addresses_are_tried_than_there_is_room_for);
    TEST(a_unix_socket_is_reached_by_its_path);
    TEST(the_first_address_that_answers_wins);
    TEST(a_host_must_be_a_name);
    return test_result();
}
