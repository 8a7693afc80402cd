/* The socket never blocks; whoever has to wait waits in wait_for, which sees the peer, the deadline and the
 * stop descriptor at once. Input is waited for before it is read, so that a peer that never pauses cannot
 * outrun the other two. */
#include "service/sandbox/wire.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_REPLIES_BYTES = 65536, MAX_REPLY_LINE_BYTES = 512, FLUSH_AT_BYTES = 16384, LAST_FLUSH_MS = 100 };

void sandbox_wire_init(struct sandbox_wire *wire, int fd, int stop_fd)
{
    wire->fd = fd;
    wire->stop_fd = stop_fd;
    wire->tls = NULL;
    wire->broken = false;
    wire->begin = wire->end = 0;
    buf_init(&wire->replies, MAX_REPLIES_BYTES);
}

void sandbox_wire_fini(struct sandbox_wire *wire)
{
    if (wire->tls && !wire->broken)
        SSL_shutdown(wire->tls);
    SSL_free(wire->tls);
    ERR_clear_error();
    close(wire->fd);
    buf_fini(&wire->replies);
}

static enum sandbox_wire_status wait_for(const struct sandbox_wire *wire, short events,
                                         struct deadline deadline)
{
    struct pollfd polled[] = {{.fd = wire->fd, .events = events}, {.fd = wire->stop_fd, .events = POLLIN}};
    int ready;
    do
        ready = poll(polled, sizeof polled / sizeof polled[0], deadline_left_ms(deadline));
    while (ready < 0 && errno == EINTR);
    if (ready < 0)
        return SANDBOX_WIRE_CLOSED;
    if (polled[1].revents)
        return SANDBOX_WIRE_STOPPED;
    return ready == 0 || deadline_passed(deadline) ? SANDBOX_WIRE_TIMED_OUT : SANDBOX_WIRE_OK;
}

/* After a step of TLS that did not get through: OK when it may be tried again. A close without close_notify
 * is no different from a broken connection. */
static enum sandbox_wire_status wait_for_tls(struct sandbox_wire *wire, int result, struct deadline deadline)
{
    switch (SSL_get_error(wire->tls, result)) {
    case SSL_ERROR_WANT_READ: return wait_for(wire, POLLIN, deadline);
    case SSL_ERROR_WANT_WRITE: return wait_for(wire, POLLOUT, deadline);
    default: wire->broken = true; return SANDBOX_WIRE_CLOSED;
    }
}

static enum sandbox_wire_status receive_tls(struct sandbox_wire *wire, char *room, size_t bytes, size_t *got,
                                            struct deadline deadline)
{
    enum sandbox_wire_status status = SANDBOX_WIRE_OK;
    while (status == SANDBOX_WIRE_OK) {
        ERR_clear_error();
        int result = SSL_read_ex(wire->tls, room, bytes, got);
        if (result > 0)
            return SANDBOX_WIRE_OK;
        status = wait_for_tls(wire, result, deadline);
    }
    return status;
}

static enum sandbox_wire_status receive_plain(struct sandbox_wire *wire, char *room, size_t bytes,
                                              size_t *got, struct deadline deadline)
{
    enum sandbox_wire_status status = SANDBOX_WIRE_OK;
    while (status == SANDBOX_WIRE_OK) {
        ssize_t received = recv(wire->fd, room, bytes, 0);
        if (received > 0) {
            *got = (size_t)received;
            return SANDBOX_WIRE_OK;
        }
        if (received == 0 || (errno != EAGAIN && errno != EINTR))
            return SANDBOX_WIRE_CLOSED;
        status = wait_for(wire, POLLIN, deadline);
    }
    return status;
}

static enum sandbox_wire_status send_tls(struct sandbox_wire *wire, struct str bytes,
                                         struct deadline deadline)
{
    enum sandbox_wire_status status = SANDBOX_WIRE_OK;
    while (status == SANDBOX_WIRE_OK) {
        size_t sent;
        ERR_clear_error();
        int result = SSL_write_ex(wire->tls, bytes.data, bytes.len, &sent);
        if (result > 0)
            return SANDBOX_WIRE_OK;
        status = wait_for_tls(wire, result, deadline);
    }
    return status;
}

static enum sandbox_wire_status send_plain(struct sandbox_wire *wire, struct str bytes,
                                           struct deadline deadline)
{
    enum sandbox_wire_status status = SANDBOX_WIRE_OK;
    while (status == SANDBOX_WIRE_OK && bytes.len) {
        ssize_t sent = send(wire->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
        if (sent >= 0)
            bytes = str_from(bytes, (size_t)sent);
        else if (errno == EAGAIN)
            status = wait_for(wire, POLLOUT, deadline);
        else if (errno != EINTR)
            status = SANDBOX_WIRE_CLOSED;
    }
    return status;
}

void sandbox_wire_say(struct sandbox_wire *wire, const char *format, ...)
{
    char line[MAX_REPLY_LINE_BYTES]; /* RFC 5321 4.5.3.1.5 */
    va_list args;
    va_start(args, format);
    vsnprintf(line, sizeof line - 2, format, args);
    va_end(args);
    buf_append(&wire->replies, str_of(line));
    buf_append(&wire->replies, STR("\r\n"));
}

enum sandbox_wire_status sandbox_wire_flush(struct sandbox_wire *wire, struct deadline deadline)
{
    if (wire->replies.failed)
        return SANDBOX_WIRE_CLOSED;
    struct str replies = buf_view(&wire->replies);
    if (replies.len == 0)
        return SANDBOX_WIRE_OK;
    enum sandbox_wire_status status =
        wire->tls ? send_tls(wire, replies, deadline) : send_plain(wire, replies, deadline);
    buf_clear(&wire->replies);
    return status;
}

void sandbox_wire_flush_last(struct sandbox_wire *wire)
{
    wire->stop_fd = -1;
    if (!wire->broken)
        (void)sandbox_wire_flush(wire, deadline_after_ms(LAST_FLUSH_MS));
}

enum sandbox_wire_status sandbox_wire_pause(struct sandbox_wire *wire, struct deadline deadline)
{
    enum sandbox_wire_status status = wait_for(wire, POLLRDHUP, deadline);
    if (status == SANDBOX_WIRE_OK)
        return SANDBOX_WIRE_CLOSED;
    return status == SANDBOX_WIRE_TIMED_OUT ? SANDBOX_WIRE_OK : status;
}

void sandbox_wire_drop(struct sandbox_wire *wire)
{
    sandbox_wire_flush_last(wire);
    wire->broken = true;
}

struct str sandbox_wire_ahead(const struct sandbox_wire *wire)
{
    return (struct str){wire->ahead + wire->begin, wire->end - wire->begin};
}

void sandbox_wire_consume(struct sandbox_wire *wire, size_t bytes)
{
    wire->begin += bytes;
}

/* One read, behind what was read ahead, which moves to the front. There is room: a line that fills it is
 * dropped. */
static enum sandbox_wire_status read_more(struct sandbox_wire *wire, struct deadline deadline)
{
    enum sandbox_wire_status status = sandbox_wire_flush(wire, deadline);
    if (status == SANDBOX_WIRE_OK && !(wire->tls && SSL_pending(wire->tls)))
        status = wait_for(wire, POLLIN, deadline);
    if (status != SANDBOX_WIRE_OK)
        return status;
    struct str ahead = sandbox_wire_ahead(wire);
    memmove(wire->ahead, ahead.data, ahead.len);
    wire->begin = 0;
    wire->end = ahead.len;
    size_t got = 0;
    char *room = wire->ahead + wire->end;
    size_t bytes = sizeof wire->ahead - wire->end;
    status = wire->tls ? receive_tls(wire, room, bytes, &got, deadline)
                       : receive_plain(wire, room, bytes, &got, deadline);
    wire->end += got;
    return status;
}

enum sandbox_wire_status sandbox_wire_fill(struct sandbox_wire *wire, struct deadline deadline)
{
    return wire->begin < wire->end ? SANDBOX_WIRE_OK : read_more(wire, deadline);
}

static enum sandbox_wire_status take_line(struct sandbox_wire *wire, size_t len, bool dropped,
                                          struct str *line)
{
    *line = str_first(sandbox_wire_ahead(wire), len);
    sandbox_wire_consume(wire, len + 1);
    if (dropped || len > SANDBOX_WIRE_MAX_LINE_BYTES)
        return SANDBOX_WIRE_LONG_LINE;
    if (len == 0 || line->data[len - 1] != '\r')
        return SANDBOX_WIRE_BARE_LF;
    line->len--;
    return SANDBOX_WIRE_OK;
}

enum sandbox_wire_status sandbox_wire_read_line(struct sandbox_wire *wire, struct deadline deadline,
                                                struct str *line)
{
    bool dropped = false;
    /* Replies to a long group of pipelined commands do not pile up. */
    enum sandbox_wire_status status =
        wire->replies.len > FLUSH_AT_BYTES ? sandbox_wire_flush(wire, deadline) : SANDBOX_WIRE_OK;
    while (status == SANDBOX_WIRE_OK) {
        struct str ahead = sandbox_wire_ahead(wire);
        size_t len = str_index(ahead, '\n');
        if (len < ahead.len)
            return take_line(wire, len, dropped, line);
        if (ahead.len > SANDBOX_WIRE_MAX_LINE_BYTES) {
            sandbox_wire_consume(wire, ahead.len);
            dropped = true;
        }
        status = read_more(wire, deadline);
    }
    return status;
}

enum sandbox_wire_status sandbox_wire_secure(struct sandbox_wire *wire, SSL_CTX *tls,
                                             struct deadline deadline)
{
    assert(wire->begin == wire->end && !wire->tls);
    enum sandbox_wire_status status = sandbox_wire_flush(wire, deadline);
    if (status != SANDBOX_WIRE_OK)
        return status;
    wire->tls = SSL_new(tls);
    if (!wire->tls || !SSL_set_fd(wire->tls, wire->fd)) {
        wire->broken = true;
        return SANDBOX_WIRE_CLOSED;
    }
    while (status == SANDBOX_WIRE_OK) {
        ERR_clear_error();
        int result = SSL_accept(wire->tls);
        if (result == 1)
            return SANDBOX_WIRE_OK;
        status = wait_for_tls(wire, result, deadline);
    }
    return status;
}
