/* The relay of every benchmark: takes all mail on loopback, keeps none, and counts.
 *
 *     relay [--round-trip MILLISECONDS] [--chunking]
 *
 * Prints its port, then the counts for each line on its standard input, and ends with that.
 *
 * The round trip is a line's, not the relay's: whatever a client sends is read that much later, in the pace and the
 * pieces in which it was sent, and answered at once. So commands that go out together cost one round trip, and those
 * that wait for a reply one each. As every piece is as late as any other, one list of all connections' pieces, in
 * the order in which they came, is enough: no timer each. The first piece of a connection is the end of the
 * handshake, two round trips before the greeting is seen (RFC 9293 3.5).
 *
 * One thread, so that it costs little: it shares the machine with what is measured. */
#include "relay_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { LINE_BYTES = 2048, REPLIES_BYTES = 16384, READ_BYTES = 256 * 1024, EVENTS = 256 };

struct connection {
    int fd;
    struct ssl_st *tls;
    bool awaits_tls; /* before the greeting */
    bool is_up;      /* the handshake's round trip is over */
    bool is_in_data; /* until END_OF_DATA */
    bool is_last_chunk;
    size_t chunk_left; /* of a BDAT */
    char tail[4];      /* the last octets of the data: the end may be split */
    size_t tail_len;
    char line[LINE_BYTES];
    size_t line_len;
    char replies[REPLIES_BYTES]; /* that go out together */
    size_t replies_len;
};

/* What has arrived here, and is on its way to the relay still. */
struct piece {
    struct piece *next;
    struct connection *connection;
    int64_t due_us;
    enum { HANDSHAKE, OCTETS, END } kind;
    size_t len;
    char octets[];
};

static const char END_OF_DATA[] = "\r\n.\r\n"; /* RFC 5321 4.1.1.4 */

static struct {
    uint64_t messages;
    uint64_t flights; /* replies, or groups of them, that were sent at once: a client waited for each */
    uint64_t connections;
    uint64_t open, most_open;
} counts;

static struct piece *first_piece, **last_piece = &first_piece;
static int64_t round_trip_us;
static bool offers_chunking, uses_tls;
static int epoll_fd, listen_fd;

static void require(bool holds, const char *what)
{
    if (holds)
        return;
    fprintf(stderr, "relay: %s\n", what);
    exit(1);
}

static int64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* --- the dialogue --------------------------------------------------------------------------------------------- */

static void reply(struct connection *connection, const char *text)
{
    size_t len = strlen(text);
    require(len <= REPLIES_BYTES - connection->replies_len, "a client sends commands and reads no reply");
    memcpy(connection->replies + connection->replies_len, text, len);
    connection->replies_len += len;
}

/* A client that has gone is noticed where it is read from. */
static void send_replies(struct connection *connection)
{
    if (connection->replies_len == 0)
        return;
    counts.flights++;
    ssize_t sent = connection->tls
                       ? relay_tls_write(connection->tls, connection->replies, connection->replies_len)
                       : send(connection->fd, connection->replies, connection->replies_len, MSG_NOSIGNAL);
    require(sent < 0 || (size_t)sent == connection->replies_len, "a client does not read its replies");
    connection->replies_len = 0;
}

static void take_message(struct connection *connection)
{
    char text[64];
    counts.messages++;
    snprintf(text, sizeof text, "250 2.0.0 Ok: queued as %010" PRIX64 "\r\n", counts.messages);
    reply(connection, text);
}

static void greet(struct connection *connection)
{
    reply(connection, "220 relay.example ESMTP\r\n");
}

static void take_ehlo(struct connection *connection)
{
    reply(connection,
          "250-relay.example\r\n250-PIPELINING\r\n250-SIZE 104857600\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n"
          "250-ENHANCEDSTATUSCODES\r\n");
    reply(connection, offers_chunking ? "250-CHUNKING\r\n250 DSN\r\n" : "250 DSN\r\n");
}

static void take_mail(struct connection *connection)
{
    reply(connection, "250 2.1.0 Ok\r\n");
}

static void take_rcpt(struct connection *connection)
{
    reply(connection, "250 2.1.5 Ok\r\n");
}

static void take_data(struct connection *connection)
{
    reply(connection, "354 End data with <CR><LF>.<CR><LF>\r\n");
    connection->is_in_data = true;
    memcpy(connection->tail, END_OF_DATA, 2); /* the end of this line may begin the end */
    connection->tail_len = 2;
}

static void end_chunk(struct connection *connection)
{
    if (connection->is_last_chunk)
        take_message(connection);
    else
        reply(connection, "250 2.0.0 Ok\r\n");
}

/* BDAT, RFC 3030 2. */
static void take_chunk(struct connection *connection)
{
    char *end;
    connection->chunk_left = strtoul(connection->line + strlen("BDAT "), &end, 10);
    connection->is_last_chunk = strcasecmp(end, " LAST") == 0;
    if (connection->chunk_left == 0)
        end_chunk(connection);
}

static void take_other(struct connection *connection)
{
    reply(connection, "250 2.0.0 Ok\r\n");
}

static void take_quit(struct connection *connection)
{
    reply(connection, "221 2.0.0 Bye\r\n");
    send_replies(connection);
    shutdown(connection->fd, SHUT_WR);
}

static const struct command {
    const char *verb;
    void (*take)(struct connection *connection);
} commands[] = {
    {"EHLO", take_ehlo},  {"HELO", take_other}, {"MAIL", take_mail},
    {"RCPT", take_rcpt},  {"DATA", take_data},  {"BDAT ", take_chunk},
    {"RSET", take_other}, {"NOOP", take_other}, {"QUIT", take_quit},
};

static void take_command(struct connection *connection)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        if (strncasecmp(connection->line, commands[i].verb, strlen(commands[i].verb)) == 0) {
            commands[i].take(connection);
            return;
        }
    }
    reply(connection, "502 5.5.1 not known here\r\n");
}

/* Each of the following returns how many of the octets it has used: at least one. */
static size_t skip_chunk(struct connection *connection, size_t len)
{
    size_t used = len < connection->chunk_left ? len : connection->chunk_left;
    connection->chunk_left -= used;
    if (connection->chunk_left == 0)
        end_chunk(connection);
    return used;
}

static void keep_tail(struct connection *connection, const char *edge, size_t edge_len, const char *octets,
                      size_t len)
{
    const char *from = len < sizeof connection->tail ? edge : octets;
    size_t from_len = len < sizeof connection->tail ? edge_len : len;
    size_t kept = from_len < sizeof connection->tail ? from_len : sizeof connection->tail;
    memcpy(connection->tail, from + from_len - kept, kept);
    connection->tail_len = kept;
}

static size_t skip_data(struct connection *connection, const char *octets, size_t len)
{
    char edge[2 * sizeof connection->tail]; /* what came before, and the beginning of this */
    size_t edge_len = connection->tail_len,
           more = len < sizeof connection->tail ? len : sizeof connection->tail;
    memcpy(edge, connection->tail, edge_len);
    memcpy(edge + edge_len, octets, more);
    edge_len += more;
    size_t used = len;
    const char *end = memmem(edge, edge_len, END_OF_DATA, strlen(END_OF_DATA));
    if (end)
        used = (size_t)(end - edge) + strlen(END_OF_DATA) - connection->tail_len;
    else if ((end = memmem(octets, len, END_OF_DATA, strlen(END_OF_DATA))))
        used = (size_t)(end - octets) + strlen(END_OF_DATA);
    else
        keep_tail(connection, edge, edge_len, octets, len);
    if (end) {
        connection->is_in_data = false;
        take_message(connection);
    }
    return used;
}

static size_t take_line(struct connection *connection, const char *octets, size_t len)
{
    const char *end = memchr(octets, '\n', len);
    size_t used = end ? (size_t)(end - octets) + 1 : len;
    require(used < LINE_BYTES - connection->line_len, "a command is too long");
    memcpy(connection->line + connection->line_len, octets, used);
    connection->line_len += used;
    if (end) {
        connection->line[connection->line_len - 1] = '\0';
        connection->line[strcspn(connection->line, "\r")] = '\0';
        connection->line_len = 0;
        take_command(connection);
    }
    return used;
}

static void read_octets(struct connection *connection, const char *octets, size_t len)
{
    for (size_t used = 0; used < len;) {
        const char *rest = octets + used;
        if (connection->chunk_left)
            used += skip_chunk(connection, len - used);
        else if (connection->is_in_data)
            used += skip_data(connection, rest, len - used);
        else
            used += take_line(connection, rest, len - used);
    }
}

/* --- the line ------------------------------------------------------------------------------------------------- */

static void put_piece(struct connection *connection, int kind, const char *octets, size_t len)
{
    struct piece *piece = malloc(sizeof *piece + len);
    require(piece, "out of memory");
    *piece = (struct piece){
        .connection = connection, .due_us = now_us() + round_trip_us, .kind = kind, .len = len};
    memcpy(piece->octets, octets, len);
    *last_piece = piece;
    last_piece = &piece->next;
}

static void close_connection(struct connection *connection)
{
    relay_tls_free(connection->tls);
    close(connection->fd);
    free(connection);
    counts.open--;
}

static void deliver_piece(const struct piece *piece)
{
    struct connection *connection = piece->connection;
    if (piece->kind == END) {
        close_connection(connection);
        return;
    }
    if (piece->kind == OCTETS) {
        read_octets(connection, piece->octets, piece->len);
    } else if (connection->is_up) {
        if (!connection->awaits_tls)
            greet(connection);
    } else {
        connection->is_up = true;
        put_piece(connection, HANDSHAKE, "", 0);
    }
    send_replies(connection);
}

/* Microseconds until the next piece is due; below 0: there is none. */
static int64_t deliver_pieces(void)
{
    while (first_piece) {
        struct piece *piece = first_piece;
        int64_t wait_us = piece->due_us - now_us();
        if (wait_us > 0)
            return wait_us;
        first_piece = piece->next;
        if (!first_piece)
            last_piece = &first_piece;
        deliver_piece(piece);
        free(piece);
    }
    return -1;
}

static void receive(struct connection *connection)
{
    static char octets[READ_BYTES];
    ssize_t len;
    do {
        len = connection->tls ? relay_tls_read(connection->tls, octets, sizeof octets)
                              : recv(connection->fd, octets, sizeof octets, MSG_DONTWAIT);
        if (len > 0)
            put_piece(connection, OCTETS, octets, (size_t)len);
    } while (connection->tls && len == sizeof octets);
    bool is_over = len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR);
    if (connection->awaits_tls && relay_tls_is_up(connection->tls)) {
        connection->awaits_tls = false;
        greet(connection);
        send_replies(connection);
    }
    if (!is_over)
        return;
    epoll_ctl(epoll_fd, EPOLL_CTL_DEL, connection->fd, NULL);
    put_piece(connection, END, "", 0);
}

static void watch(int fd, void *whose)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = whose};
    require(epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0, "epoll_ctl failed");
}

static void accept_connection(void)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct connection *connection = calloc(1, sizeof *connection);
    require(connection, "out of memory");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    connection->fd = fd;
    if (uses_tls) {
        fcntl(fd, F_SETFL, O_NONBLOCK);
        connection->tls = relay_tls_new(fd);
        connection->awaits_tls = true;
        require(connection->tls, "out of memory");
    }
    counts.connections++;
    if (++counts.open > counts.most_open)
        counts.most_open = counts.open;
    watch(fd, connection);
    put_piece(connection, HANDSHAKE, "", 0);
}

/* --- the program ---------------------------------------------------------------------------------------------- */

static void listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    require(listen_fd >= 0 && bind(listen_fd, (struct sockaddr *)&address, len) == 0 &&
                listen(listen_fd, 4096) == 0 &&
                getsockname(listen_fd, (struct sockaddr *)&address, &len) == 0,
            "cannot listen on 127.0.0.1");
    printf("%d\n", ntohs(address.sin_port));
    fflush(stdout);
}

static void answer_the_bench(void)
{
    char question[64];
    if (read(STDIN_FILENO, question, sizeof question) <= 0)
        exit(0);
    printf("{\"messages\": %" PRIu64 ", \"flights\": %" PRIu64 ", \"connections\": %" PRIu64
           ", \"most_open\": %" PRIu64 "}\n",
           counts.messages, counts.flights, counts.connections, counts.most_open);
    fflush(stdout);
}

/* epoll waits for milliseconds, ppoll for less. */
static void wait_for_events(int64_t wait_us)
{
    struct timespec wait = {.tv_sec = wait_us / 1000000, .tv_nsec = wait_us % 1000000 * 1000};
    struct pollfd ready = {.fd = epoll_fd, .events = POLLIN};
    struct epoll_event events[EVENTS];
    ppoll(&ready, 1, wait_us < 0 ? NULL : &wait, NULL);
    int count = epoll_wait(epoll_fd, events, EVENTS, 0);
    for (int i = 0; i < count; i++) {
        if (events[i].data.ptr == &listen_fd)
            accept_connection();
        else if (events[i].data.ptr == &counts)
            answer_the_bench();
        else
            receive(events[i].data.ptr);
    }
}

static void read_arguments(int argc, char **argv)
{
    static const struct option options[] = {{"round-trip", required_argument, NULL, 'r'},
                                            {"chunking", no_argument, NULL, 'c'},
                                            {"tls", no_argument, NULL, 't'},
                                            {0}};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        require(option != '?', "usage: relay [--round-trip MILLISECONDS] [--chunking] [--tls]");
        if (option == 'r')
            round_trip_us = strtoll(optarg, NULL, 10) * 1000;
        else if (option == 'c')
            offers_chunking = true;
        else
            uses_tls = true;
    }
    require(!uses_tls || relay_tls_init(), "no certificate could be made");
}

int main(int argc, char **argv)
{
    read_arguments(argc, argv);
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    listen_on_loopback();
    watch(listen_fd, &listen_fd);
    watch(STDIN_FILENO, &counts);
    for (;;)
        wait_for_events(deliver_pieces());
}
