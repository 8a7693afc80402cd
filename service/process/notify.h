/* service/process/notify.h: tells the service manager what state the process is in, by the protocol of sd_notify(3): one
 * datagram of lines NAME=VALUE to the socket that NOTIFY_SOCKET names.
 *
 * The socket is connected before the process is confined, and serves to its end.
 *
 * Errors     logged: that the manager does not hear us stops nothing.
 * Threads    the main one.
 * Limits     a send waits a second at most.
 */
#ifndef POSTERN_SERVICE_PROCESS_NOTIFY_H
#define POSTERN_SERVICE_PROCESS_NOTIFY_H

#include "base/buf.h"

enum notify_state {
    NOTIFY_READY,     /* started, or reloaded */
    NOTIFY_RELOADING, /* READY follows, whether it went well or not */
    NOTIFY_STOPPING,
    NOTIFY_ALIVE, /* for the watchdog */
};

struct notify {
    int fd; /* -1: nobody wants to hear */
};

/* Takes NOTIFY_SOCKET out of the environment: what is started from here is not the service. */
void notify_open(struct notify *notify);
void notify_close(struct notify *notify);

/* `status` are words for people, one line; absent: what was said last stays. */
void notify_tell(const struct notify *notify, enum notify_state state, struct str status);

/* The datagram. `now_us` is CLOCK_MONOTONIC's. */
void notify_write(struct buf *out, enum notify_state state, int64_t now_us, struct str status);

#endif
