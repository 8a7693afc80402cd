/* smtp/socket.h: the transport over a connected TCP or Unix socket.
 *
 * No signal handling is asked of the program: every send carries MSG_NOSIGNAL, those of OpenSSL included.
 *
 * Ownership  the transport owns the descriptor.
 */
#ifndef POSTERN_SMTP_SOCKET_H
#define POSTERN_SMTP_SOCKET_H

#include "smtp/transport.h"

#include <openssl/ssl.h>
#include <sys/types.h>

struct smtp_socket {
    struct smtp_transport transport;
    int fd;
    int stop_fd;
    SSL *ssl;                 /* NULL in the clear */
    struct smtp_chain *chain; /* smtp_relay.chain, or NULL */
    uint64_t sent_bytes;      /* that the kernel has taken, ciphertext under TLS */
};

/* NULL when out of memory; the descriptor is then closed. */
struct smtp_transport *smtp_socket_new(int fd, int stop_fd);

/* For TCP: no waiting for more to send, and an end to a peer that is gone: octets that stay unacknowledged
 * for longer than `block_ms`, the time that a block of data has, and then some, break the connection. */
void smtp_socket_tune(int fd, int64_t block_ms);

/* OK once one of `events` (poll) stands, or the descriptor failed and the next call will say how. */
enum smtp_status smtp_socket_wait(int fd, int stop_fd, short events, struct deadline deadline);

/* As recv and send, never blocking, never raising a signal, and counting what was sent. */
ssize_t smtp_socket_recv(struct smtp_socket *socket, char *bytes, size_t room);
ssize_t smtp_socket_send(struct smtp_socket *socket, struct str bytes);

void smtp_socket_free(struct smtp_socket *socket);

#endif
