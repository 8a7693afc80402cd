/* smtp/dial.h: a TCP connection to the relay: every address of its name in turn (RFC 5321 5.1, RFC 8305 4).
 *
 * Errors     UPSTREAM_NO_SUCH_HOST, _UNRESOLVED, _UNREACHABLE, _TIMEOUT; OVERLOADED where this machine has no
 *            more descriptors, ports, threads or memory; SHUTTING_DOWN.
 * Threads    any.
 * Limits     16 addresses, each for connect_ms at most, all within `total`, resolving included.
 */
#ifndef POSTERN_SMTP_DIAL_H
#define POSTERN_SMTP_DIAL_H

#include "smtp/relay.h"
#include "smtp/transport.h"

struct addrinfo;

enum { SMTP_DIAL_MAX_ADDRESSES = 16 };

/* NULL with the fault of the last address that was tried. */
struct smtp_transport *smtp_dial(const struct smtp_relay *relay, struct deadline total, struct fault *fault);

/* Alternates the families, beginning with that of the first address; returns how many there are. */
size_t smtp_dial_order(const struct addrinfo *found,
                       const struct addrinfo *ordered[static SMTP_DIAL_MAX_ADDRESSES]);

#endif
