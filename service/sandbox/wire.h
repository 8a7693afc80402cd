/* service/sandbox/wire.h: the server's end of a connection, in the clear, then by TLS; every wait has an end.
 *
 * Ownership  the wire owns the socket and its TLS state, not the stop descriptor.
 * Threads    one at a time, with SIGPIPE blocked: OpenSSL writes to sockets plainly.
 * Limits     16 KiB are read ahead; a line of up to 2,048 octets; 64 KiB of replies wait.
 */
#ifndef POSTERN_SERVICE_SANDBOX_WIRE_H
#define POSTERN_SERVICE_SANDBOX_WIRE_H

#include "base/buf.h"
#include "base/clock.h"

#include <openssl/ssl.h>

/* What may be read ahead, and the longest line: RFC 5321 4.5.3.1.4 asks for 512 octets and more for
 * extensions; RFC 4616's longest PLAIN response makes 1,024. */
enum { SANDBOX_WIRE_READ_AHEAD_BYTES = 16384, SANDBOX_WIRE_MAX_LINE_BYTES = 2048 };

enum sandbox_wire_status {
    SANDBOX_WIRE_OK,
    SANDBOX_WIRE_LONG_LINE, /* read to its end and dropped */
    SANDBOX_WIRE_BARE_LF,   /* a line that did not end in CRLF */
    SANDBOX_WIRE_CLOSED,    /* by the peer, or broken */
    SANDBOX_WIRE_TIMED_OUT,
    SANDBOX_WIRE_STOPPED,
};

struct sandbox_wire {
    int fd; /* non-blocking */
    int stop_fd;
    SSL *tls;    /* NULL in the clear */
    bool broken; /* TLS failed: not even its closing may be sent */
    size_t begin, end;
    char ahead[SANDBOX_WIRE_READ_AHEAD_BYTES];
    struct buf replies;
};

/* A wait ends when `stop_fd` is readable. */
void sandbox_wire_init(struct sandbox_wire *wire, int fd, int stop_fd);
void sandbox_wire_fini(struct sandbox_wire *wire);

/* Adds a line of a reply; it goes out before the next wait for input, together with the others of its group
 * (RFC 2920 3.2). */
void sandbox_wire_say(struct sandbox_wire *wire, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
enum sandbox_wire_status sandbox_wire_flush(struct sandbox_wire *wire, struct deadline deadline);

/* Waits until the deadline has passed; ends earlier where the peer is gone. */
enum sandbox_wire_status sandbox_wire_pause(struct sandbox_wire *wire, struct deadline deadline);

/* Sends what waits, then nothing more, so that the connection ends without TLS's closing. */
void sandbox_wire_drop(struct sandbox_wire *wire);

/* Sends what waits as far as it goes in a moment, though the server is stopping. */
void sandbox_wire_flush_last(struct sandbox_wire *wire);

/* Waits for input where none was read ahead. */
enum sandbox_wire_status sandbox_wire_fill(struct sandbox_wire *wire, struct deadline deadline);

/* What was read ahead; it lives until the next read. */
struct str sandbox_wire_ahead(const struct sandbox_wire *wire);
void sandbox_wire_consume(struct sandbox_wire *wire, size_t bytes);

/* The next line, without its CRLF; it lives until the next read. */
enum sandbox_wire_status sandbox_wire_read_line(struct sandbox_wire *wire, struct deadline deadline,
                                                struct str *line);

/* The server's half of the handshake. Nothing may have been read ahead (RFC 3207 6). */
enum sandbox_wire_status sandbox_wire_secure(struct sandbox_wire *wire, SSL_CTX *tls,
                                             struct deadline deadline);

#endif
