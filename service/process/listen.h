/* service/process/listen.h: listening sockets from the words of POSTERN_LISTEN and POSTERN_ADMIN_LISTEN.
 *
 * Errors     INVALID_REQUEST: the form is wrong, or the address reaches beyond this host; OVERLOADED: the
 *            system refused.
 */
#ifndef POSTERN_SERVICE_PROCESS_LISTEN_H
#define POSTERN_SERVICE_PROCESS_LISTEN_H

#include "base/arena.h"
#include "base/fault.h"

struct listen_terms {
    const char *option;   /* that says where */
    bool has_keys;        /* callers need an API key: other hosts may reach it */
    struct str unix_mode; /* of a Unix socket's file, octal; absent: as the umask has it */
};

/* The socket of the option: "host:port", "[v6]:port", "unix:/path" or "systemd", whose sockets are known by
 * their names (FileDescriptorName=, the option's), or else by their place: the main listener's, then the
 * admin's. Without keys, only loopback and Unix sockets are taken. -1 on a fault. */
int listen_open(struct str where, const struct listen_terms *terms, struct fault *fault);

/* "systemd": another process has the socket too. */
bool listen_is_handed_over(struct str where);

/* Says so where systemd handed over more than these two: callers would wait there for ever. */
void listen_warn_of_rest(int listen_fd, int admin_listen_fd);

/* No other host can reach it. */
bool listen_is_local(int fd);

/* Takes away the file of a Unix socket that listen_open made. */
void listen_forget(struct str where);

/* Where a socket listens, as a caller would write it: "https://127.0.0.1:8587", "unix:/run/postern.sock". */
struct str listen_describe(struct arena *arena, int fd, bool has_tls);

#endif
