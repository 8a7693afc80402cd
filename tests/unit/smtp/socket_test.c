/* The plain transport over a socket pair. SIGPIPE is left as it is: a write to a dead peer must not raise
 * it. */
#include "smtp/socket.h"
#include "test.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
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
    TEST(a_broken_connection_is_a_reset_and_raises_no_signal);
    TEST(a_connection_does_not_outlive_its_peer);
    TEST(a_write_that_stalls_says_how_much_was_taken);
    return test_result();
}
