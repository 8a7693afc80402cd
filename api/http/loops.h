/* api/http/loops.h: the event loops of one listener: as many daemons of libmicrohttpd as it has threads, each with one
 * thread and a descriptor of its own for the listening socket.
 *
 * Not one daemon with a pool of threads: that one shuts the listening socket down when it stops, for every process that
 * has it, and neither lets it be left alone nor a single thread be asked for a sign of life.
 *
 * Ownership  the listening socket's descriptors.
 * Threads    start, hold, turn and stop: one at a time.
 */
#ifndef POSTERN_API_HTTP_LOOPS_H
#define POSTERN_API_HTTP_LOOPS_H

#include "base/fault.h"

#include <microhttpd.h>

enum { LOOPS_MAX = 64 };

struct api_server;

struct loop {
    struct MHD_Daemon *daemon;
    int epoll_fd; /* -1 where it polls */
    int listen_fd;
    bool is_quiesced; /* the daemon has given the listening socket back */
    int sign_fd;      /* the other end is the loop's to close; -1: it has not been asked */
};

struct loops {
    unsigned count;
    struct loop items[LOOPS_MAX];
};

/* For the server's config. On failure none runs, and the listening socket is closed. */
bool loops_start(struct api_server *server, struct fault *fault);

/* Accepts nobody: who comes waits in the socket's queue. To be called again now and then, for a loop that was at its
 * limit of connections had turned away from the socket by itself, and comes back to it. */
void loops_hold(struct loops *loops);

/* Whether each loop has gone round since this was last true: has taken a connection that was made for it alone, and
 * closed it. Does not wait: asks those that have not been asked. */
bool loops_turn(struct loops *loops);

void loops_stop(struct loops *loops);

#endif
