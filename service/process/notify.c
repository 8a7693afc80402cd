#include "service/process/notify.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { MAX_DATAGRAM_BYTES = 1024, MAX_STATUS_BYTES = 512, SEND_S = 1 };

/* "/path", or "@name" in the abstract namespace, whose first octet is NUL and whose end is its length. */
static socklen_t read_address(struct str name, struct sockaddr_un *address)
{
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (name.len < 2 || name.len >= sizeof address->sun_path || (name.data[0] != '/' && name.data[0] != '@'))
        return 0;
    memcpy(address->sun_path, name.data, name.len);
    bool is_abstract = name.data[0] == '@';
    if (is_abstract)
        address->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.len + !is_abstract);
}

static int connect_to(struct str name)
{
    struct sockaddr_un address;
    const struct timeval patience = {.tv_sec = SEND_S};
    socklen_t len = read_address(name, &address);
    if (!len) {
        errno = EAFNOSUPPORT;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) == 0 &&
        connect(fd, (const struct sockaddr *)&address, len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

void notify_open(struct notify *notify)
{
    struct str name = str_of(getenv("NOTIFY_SOCKET"));
    notify->fd = -1;
    if (!name.len)
        return;
    notify->fd = connect_to(name);
    if (notify->fd < 0)
        log_event(LOG_LEVEL_WARN, "the service manager cannot be told anything",
                  LOG_STR("notify_socket", name), LOG_TEXT("reason", fault_errno_text(errno)));
    unsetenv("NOTIFY_SOCKET");
}

void notify_close(struct notify *notify)
{
    if (notify->fd >= 0)
        close(notify->fd);
    notify->fd = -1;
}

/* A line end in the words would begin a field of its own. */
static void append_status(struct buf *out, struct str status)
{
    struct str words = str_first(status, MAX_STATUS_BYTES);
    buf_append(out, STR("STATUS="));
    for (size_t i = 0; i < words.len; i++)
        buf_append_char(out, char_is_control(words.data[i]) ? ' ' : words.data[i]);
    buf_append_char(out, '\n');
}

void notify_write(struct buf *out, enum notify_state state, int64_t now_us, struct str status)
{
    static const char *const fields[] = {[NOTIFY_READY] = "READY=1\n",
                                         [NOTIFY_RELOADING] = "RELOADING=1\n",
                                         [NOTIFY_STOPPING] = "STOPPING=1\n",
                                         [NOTIFY_ALIVE] = "WATCHDOG=1\n"};
    buf_append(out, str_of(fields[state]));
    /* Tells a READY that was on its way before from the one that follows (Type=notify-reload). */
    if (state == NOTIFY_RELOADING)
        buf_append_format(out, "MONOTONIC_USEC=%" PRId64 "\n", now_us);
    if (status.data)
        append_status(out, status);
}

void notify_tell(const struct notify *notify, enum notify_state state, struct str status)
{
    struct buf datagram;
    if (notify->fd < 0)
        return;
    buf_init(&datagram, MAX_DATAGRAM_BYTES);
    notify_write(&datagram, state, clock_monotonic_us(), status);
    if (datagram.failed || send(notify->fd, datagram.data, datagram.len, MSG_NOSIGNAL) < 0)
        log_event(LOG_LEVEL_WARN, "the service manager does not hear",
                  LOG_TEXT("reason", datagram.failed ? "out of memory" : fault_errno_text(errno)));
    buf_fini(&datagram);
}
