/* Every call is tried first and waited for only when it would block, so that a wait is always for something
 * that is missing and a deadline in the past means "what is there already". */
#include "smtp/socket.h"

#include "smtp/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum smtp_status smtp_socket_wait(int fd, int stop_fd, short events, struct deadline deadline)
{
    struct pollfd fds[] = {{.fd = fd, .events = events}, {.fd = stop_fd, .events = POLLIN}};
    for (;;) {
        if (deadline_passed(deadline))
            return SMTP_STATUS_TIMEOUT;
        int ready = poll(fds, 2, deadline_left_ms(deadline));
        if (ready < 0 && errno != EINTR)
            return SMTP_STATUS_NO_MEMORY;
        if (ready > 0)
            return fds[1].revents ? SMTP_STATUS_STOPPED : SMTP_STATUS_OK;
    }
}

ssize_t smtp_socket_recv(struct smtp_socket *socket, char *bytes, size_t room)
{
    ssize_t got;
    do
        got = recv(socket->fd, bytes, room, MSG_DONTWAIT);
    while (got < 0 && errno == EINTR);
    return got;
}

ssize_t smtp_socket_send(struct smtp_socket *socket, struct str bytes)
{
    ssize_t sent;
    int more = socket->transport.has_more ? MSG_MORE : 0;
    do
        sent = send(socket->fd, bytes.data, bytes.len, MSG_DONTWAIT | MSG_NOSIGNAL | more);
    while (sent < 0 && errno == EINTR);
    if (sent > 0)
        socket->sent_bytes += (uint64_t)sent;
    return sent;
}

static bool would_block(void)
{
    return errno == EAGAIN;
}

static enum smtp_status plain_read(struct smtp_transport *transport, char *bytes, size_t room,
                                   struct deadline deadline, size_t *got)
{
    struct smtp_socket *socket = (struct smtp_socket *)transport;
    for (;;) {
        ssize_t received = smtp_socket_recv(socket, bytes, room);
        *got = received > 0 ? (size_t)received : 0;
        if (received >= 0)
            return received ? SMTP_STATUS_OK : SMTP_STATUS_EOF;
        if (!would_block())
            return SMTP_STATUS_RESET;
        enum smtp_status status = smtp_socket_wait(socket->fd, socket->stop_fd, POLLIN, deadline);
        if (status != SMTP_STATUS_OK)
            return status;
    }
}

static enum smtp_status plain_write(struct smtp_transport *transport, struct str bytes,
                                    struct deadline deadline, size_t *taken)
{
    struct smtp_socket *socket = (struct smtp_socket *)transport;
    *taken = 0;
    while (*taken < bytes.len) {
        ssize_t sent = smtp_socket_send(socket, str_from(bytes, *taken));
        if (sent >= 0) {
            *taken += (size_t)sent;
            continue;
        }
        if (!would_block())
            return SMTP_STATUS_RESET;
        enum smtp_status status = smtp_socket_wait(socket->fd, socket->stop_fd, POLLOUT, deadline);
        if (status != SMTP_STATUS_OK)
            return status;
    }
    return SMTP_STATUS_OK;
}

static enum smtp_status plain_start_tls(struct smtp_transport *transport, const struct smtp_relay *relay,
                                        struct deadline deadline)
{
    return smtp_tls_start((struct smtp_socket *)transport, relay, deadline);
}

static void plain_free(struct smtp_transport *transport)
{
    smtp_socket_free((struct smtp_socket *)transport);
}

static const struct smtp_transport_ops plain_ops = {plain_read, plain_write, plain_start_tls, plain_free};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* An IPv4 address that a dual-stack socket shows as IPv6 is written as what it is. True for IPv6. */
static bool print_address(const union address *address, char text[static INET6_ADDRSTRLEN])
{
    bool is_v6 = address->any.sa_family == AF_INET6;
    bool is_mapped = is_v6 && IN6_IS_ADDR_V4MAPPED(&address->v6.sin6_addr);
    const void *v4 = is_mapped ? (const void *)&address->v6.sin6_addr.s6_addr[12] : &address->v4.sin_addr;
    text[0] = '\0';
    if (is_v6 && !is_mapped)
        inet_ntop(AF_INET6, &address->v6.sin6_addr, text, INET6_ADDRSTRLEN);
    else if (is_mapped || address->any.sa_family == AF_INET)
        inet_ntop(AF_INET, v4, text, INET6_ADDRSTRLEN);
    return is_v6 && !is_mapped;
}

/* RFC 5321 4.1.3. An end that has no address, as a Unix socket's, is on this machine. */
static void name_local_end(int fd, char literal[static SMTP_LITERAL_BYTES])
{
    union address local = {0};
    socklen_t len = sizeof local;
    char text[INET6_ADDRSTRLEN];
    (void)getsockname(fd, &local.any, &len);
    bool is_v6 = print_address(&local, text);
    snprintf(literal, SMTP_LITERAL_BYTES, is_v6 ? "[IPv6:%s]" : "[%s]", text[0] ? text : "127.0.0.1");
}

static void name_peer(int fd, char peer[static SMTP_LITERAL_BYTES])
{
    union address address = {0};
    socklen_t len = sizeof address;
    char text[INET6_ADDRSTRLEN];
    (void)getpeername(fd, &address.any, &len);
    print_address(&address, text);
    snprintf(peer, SMTP_LITERAL_BYTES, "%s", text);
}

void smtp_socket_tune(int fd, int64_t block_ms)
{
    enum { SPARE_MS = 10000, KEEP_IDLE_S = 30, KEEP_INTERVAL_S = 10 };
    const struct {
        int level, name, value;
    } rows[] = {
        {IPPROTO_TCP, TCP_NODELAY, 1}, /* each command is one write that waits for its reply */
        {SOL_SOCKET, SO_KEEPALIVE, 1}, /* a wait of minutes for a reply must not outlive a NAT's memory */
        {IPPROTO_TCP, TCP_KEEPIDLE, KEEP_IDLE_S},
        {IPPROTO_TCP, TCP_KEEPINTVL, KEEP_INTERVAL_S},
        {IPPROTO_TCP, TCP_USER_TIMEOUT, (int)block_ms + SPARE_MS}, /* RFC 5482; counts a closed window, too */
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        (void)setsockopt(fd, rows[i].level, rows[i].name, &rows[i].value, sizeof rows[i].value);
}

struct smtp_transport *smtp_socket_new(int fd, int stop_fd)
{
    struct smtp_socket *made = calloc(1, sizeof *made);
    if (!made) {
        close(fd);
        return NULL;
    }
    made->transport.ops = &plain_ops;
    name_local_end(fd, made->transport.local_literal);
    name_peer(fd, made->transport.peer);
    made->fd = fd;
    made->stop_fd = stop_fd;
    return &made->transport;
}

void smtp_socket_free(struct smtp_socket *socket)
{
    close(socket->fd);
    free(socket);
}
