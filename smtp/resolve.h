/* smtp/resolve.h: the addresses of a host name, for no longer than somebody wants to wait for them.
 *
 * The system's resolver knows neither deadline nor stop: it is asked on a thread of its own, which is left
 * behind, with all that it holds, when the wait ends first. A numeric address is read at once, without it.
 *
 * Ownership  what was found is the caller's, by freeaddrinfo.
 * Errors     TIMEOUT; STOPPED; NO_MEMORY: no memory, descriptor or thread, or too many threads left behind.
 * Threads    any.
 * Limits     while SMTP_RESOLVE_MAX_ABANDONED threads that nobody waits for still run, no further one is
 *            begun.
 */
#ifndef POSTERN_SMTP_RESOLVE_H
#define POSTERN_SMTP_RESOLVE_H

#include "smtp/transport.h"

struct addrinfo;

enum { SMTP_RESOLVE_MAX_ABANDONED = 64 };

/* OK is an answer: `found`, or else `error` as of getaddrinfo, with errno where it is EAI_SYSTEM. `flags` are
 * those of its hints. */
enum smtp_status smtp_resolve(const char *host, uint16_t port, int flags, int stop_fd,
                              struct deadline deadline, struct addrinfo **found, int *error);

#endif
