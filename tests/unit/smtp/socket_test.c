/* The plain transport over a socket pair. SIGPIPE is left as it is: a write to a dead peer must not raise
 * it. */
#include "smtp/socket.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

static int peer, stop[2];
static struct smtp_transport *transport;

static void set_up(void)
{
    int fds[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && pipe(stop) == 0);
    peer = fds[1];
    transport = smtp_socket_new(fds[0], stop[0]);
}

static void tear_down(void)
{
    transport->ops->free(transport);
    close(peer);
    close(stop[0]);
    close(stop[1]);
}

static enum smtp_status read_some(char *bytes, size_t room, int64_t wait_ms, size_t *got)
{
    return transport->ops->read(transport, bytes, room, deadline_after_ms(wait_ms), got);
}

static void what_is_there_is_read_even_past_the_deadline(void)
{
    char bytes[8];
    size_t got;
    set_up();
    CHECK_INT(read_some(bytes, sizeof bytes, -1000, &got), SMTP_STATUS_TIMEOUT);
    CHECK(write(peer, "250 ok", 6) == 6);
    CHECK_INT(read_some(bytes, 3, -1000, &got), SMTP_STATUS_OK);
    CHECK_STR(((struct str){bytes, got}), STR("250"));
    CHECK_INT(read_some(bytes, sizeof bytes, 1000, &got), SMTP_STATUS_OK);
    CHECK_STR(((struct str){bytes, got}), STR(" ok"));
    tear_down();
}

static void each_end_of_a_wait_is_told_apart(void)
{
    char bytes[8];
    size_t got;
    set_up();
    CHECK_INT(read_some(bytes, sizeof bytes, 10, &got), SMTP_STATUS_TIMEOUT);
    CHECK(write(stop[1], "x", 1) == 1);
    CHECK_INT(read_some(bytes, sizeof bytes, 1000, &got), SMTP_STATUS_STOPPED);
    shutdown(peer, SHUT_WR);
    CHECK_INT(read_some(bytes, sizeof bytes, 1000, &got), SMTP_STATUS_EOF);
    tear_down();
}

static void pass_over_signal(int signal)
{
    (void)signal;
}

/* Every two milliseconds one, which interrupts what waits. */
static void ring(bool rings)
{
    struct sigaction action = {.sa_handler = pass_over_signal};
    struct itimerval interval = {{0, rings ? 2000 : 0}, {0, rings ? 2000 : 0}};
    CHECK(sigaction(SIGALRM, &action, NULL) == 0 && setitimer(ITIMER_REAL, &interval, NULL) == 0);
}

static void a_signal_ends_no_wait(void)
{
    char bytes[8];
    size_t got;
    set_up();
    ring(true);
    int64_t began_us = clock_monotonic_us();
    CHECK_INT(read_some(bytes, sizeof bytes, 20, &got), SMTP_STATUS_TIMEOUT);
    CHECK(clock_monotonic_us() - began_us >= 19000);
    ring(false);
    tear_down();
}

/* poll wants memory for more descriptors than a process may have. */
static void a_wait_that_cannot_be_had_is_a_lack_of_ours(void)
{
    struct rlimit before, one;
    set_up();
    CHECK(getrlimit(RLIMIT_NOFILE, &before) == 0);
    one = (struct rlimit){.rlim_cur = 1, .rlim_max = before.rlim_max};
    CHECK(setrlimit(RLIMIT_NOFILE, &one) == 0);
    CHECK_INT(smtp_socket_wait(peer, stop[0], POLLIN, deadline_after_ms(1000)), SMTP_STATUS_NO_MEMORY);
    CHECK(setrlimit(RLIMIT_NOFILE, &before) == 0);
    tear_down();
}

static void a_broken_connection_is_a_reset_and_raises_no_signal(void)
{
    char bytes[8];
    size_t got, taken;
    set_up();
    CHECK_INT(transport->ops->write(transport, STR("EHLO"), deadline_after_ms(1000), &taken), SMTP_STATUS_OK);
    close(peer); /* with octets unread */
    CHECK_INT(read_some(bytes, sizeof bytes, 1000, &got), SMTP_STATUS_RESET);
    CHECK_INT(transport->ops->write(transport, STR(".\r\n"), deadline_after_ms(1000), &taken),
              SMTP_STATUS_RESET);
    CHECK_INT(taken, 0);
    tear_down();
}

/* F117 */
static void a_write_that_stalls_says_how_much_was_taken(void)
{
    size_t block_bytes = 1 << 22, taken, got_back = 0;
    char *block = calloc(1, block_bytes);
    char sink[65536];
    set_up();
    struct str bytes = {block, block_bytes};
    CHECK_INT(transport->ops->write(transport, bytes, deadline_after_ms(10), &taken), SMTP_STATUS_TIMEOUT);
    CHECK(taken > 0 && taken < block_bytes);
    for (ssize_t got; got_back < taken && (got = read(peer, sink, sizeof sink)) > 0;)
        got_back += (size_t)got;
    CHECK_INT(got_back, taken);
    free(block);
    tear_down();
}

/* A connection within this machine from an `own` socket to a listener at `address`; -1 where it has no such addresses. */
static int connect_within(int own, const char *address, int *listener)
{
    struct sockaddr_in6 to = {.sin6_family = AF_INET6};
    struct sockaddr_in to_v4 = {.sin_family = AF_INET};
    bool is_v4 = inet_pton(AF_INET, address, &to_v4.sin_addr) == 1;
    struct sockaddr *any = is_v4 ? (struct sockaddr *)&to_v4 : (struct sockaddr *)&to;
    socklen_t len = is_v4 ? sizeof to_v4 : sizeof to;
    CHECK(is_v4 || inet_pton(AF_INET6, address, &to.sin6_addr) == 1);
    int fd = socket(own, SOCK_STREAM, 0);
    *listener = socket(any->sa_family, SOCK_STREAM, 0);
    bool listens =
        bind(*listener, any, len) == 0 && listen(*listener, 1) == 0 && getsockname(*listener, any, &len) == 0;
    if (listens && is_v4 && own == AF_INET6) {
        CHECK(inet_pton(AF_INET6, "::ffff:127.0.0.1", &to.sin6_addr) == 1);
        to.sin6_port = to_v4.sin_port;
        any = (struct sockaddr *)&to;
        len = sizeof to;
    }
    if (listens && connect(fd, any, len) == 0)
        return fd;
    close(fd);
    return -1;
}

/* RFC 5321 4.1.3: this end, as it is said in EHLO; and the other, as it is told. */
static void each_end_has_its_address(void)
{
    static const struct {
        int own;
        const char *address, *literal, *peer;
    } rows[] = {
        {AF_INET, "127.0.0.1", "[127.0.0.1]", "127.0.0.1"},
        {AF_INET6, "::1", "[IPv6:::1]", "::1"},
        {AF_INET6, "127.0.0.1", "[127.0.0.1]", "127.0.0.1"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int listener, fd = connect_within(rows[i].own, rows[i].address, &listener);
        test_row("%s", rows[i].literal);
        if (fd < 0) {
            printf("skipped: there is no %s here\n", rows[i].address);
            close(listener);
            continue;
        }
        struct smtp_transport *connected = smtp_socket_new(fd, -1);
        CHECK_TEXT(str_of(connected->local_literal), rows[i].literal);
        CHECK_TEXT(str_of(connected->peer), rows[i].peer);
        connected->ops->free(connected);
        close(listener);
    }
    set_up();
    CHECK_TEXT(str_of(transport->local_literal), "[127.0.0.1]");
    CHECK_TEXT(str_of(transport->peer), "");
    tear_down();
}

static int option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;
    CHECK(getsockopt(fd, level, name, &value, &len) == 0);
    return value;
}

/* F152: a peer that is gone is found out, and a wait of minutes keeps its place in a NAT. */
static void a_connection_does_not_outlive_its_peer(void)
{
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    smtp_socket_tune(fd, 180000);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(option_of(fd, SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK_INT(option_of(fd, IPPROTO_TCP, TCP_KEEPIDLE), 30);
    CHECK(option_of(fd, IPPROTO_TCP, TCP_USER_TIMEOUT) > 180000);
    close(fd);
}

int main(void)
{
    TEST(what_is_there_is_read_even_past_the_deadline);
    TEST(each_end_of_a_wait_is_told_apart);
    TEST(a_signal_ends_no_wait);
    TEST_NATIVELY(a_wait_that_cannot_be_had_is_a_lack_of_ours);
    TEST(each_end_has_its_address);
    TEST(a_broken_connection_is_a_reset_and_raises_no_signal);
    TEST(a_connection_does_not_outlive_its_peer);
    TEST(a_write_that_stalls_says_how_much_was_taken);
    return test_result();
}
