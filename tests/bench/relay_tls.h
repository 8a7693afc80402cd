/* tests/bench/relay_tls.h: the relay's end of TLS, implicit (RFC 8314), with a certificate made at the start that nobody
 * can check. Reads and writes do not wait, as those of the socket below. */
#ifndef POSTERN_BENCH_RELAY_TLS_H
#define POSTERN_BENCH_RELAY_TLS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

/* False when there is no memory for it. */
bool relay_tls_init(void);
struct ssl_st *relay_tls_new(int fd);
void relay_tls_free(struct ssl_st *tls);

/* The handshake is over. */
bool relay_tls_is_up(const struct ssl_st *tls);

/* As recv: EAGAIN where nothing is there yet. As long as `room` is filled there may be more that no event tells of. */
ssize_t relay_tls_read(struct ssl_st *tls, char *octets, size_t room);
ssize_t relay_tls_write(struct ssl_st *tls, const char *octets, size_t len);

#endif
