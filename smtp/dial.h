/* smtp/dial.h: a connection to the relay: by TCP to one of the addresses of its name, by its proxy, or to a
 * Unix socket (RFC 5321 5.1, RFC 8305).
 *
 * Errors     UPSTREAM_NO_SUCH_HOST, _UNRESOLVED, _UNREACHABLE, _TIMEOUT; OVERLOADED where this machine has no
 *            more descriptors, ports, threads or memory; SHUTTING_DOWN.
 * Threads    any.
 * Limits     16 addresses, each for connect_ms at most, all within `total`, resolving included. The proxy has
 *            connect_ms for its own part.
 */
#ifndef POSTERN_SMTP_DIAL_H
#define POSTERN_SMTP_DIAL_H

#include "smtp/race.h"
#include "smtp/relay.h"

struct addrinfo;
struct smtp_transcript;

/* NULL with the fault of the address that failed last. */
struct smtp_transport *smtp_dial(const struct smtp_relay *relay, struct deadline total, struct fault *fault);

/* Writes down whom the connection goes to. */
void smtp_dial_note(const struct smtp_transport *transport, const struct smtp_relay *relay,
                    struct smtp_transcript *transcript);

/* What a fault of getaddrinfo means, with errno for EAI_SYSTEM. */
enum fault_code smtp_dial_judge_resolver(int error, int system_error);

/* Alternates the families, beginning with that of the first address; returns how many there are. */
size_t smtp_dial_order(const struct addrinfo *found,
                       const struct addrinfo *ordered[static SMTP_RACE_MAX_ADDRESSES]);

#endif
