/* One address after the other, each with its own time: a dead one costs connect_ms and not the message. */
#include "smtp/dial.h"

#include "smtp/resolve.h"
#include "smtp/socket.h"
#include "smtp/tls.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

size_t smtp_dial_order(const struct addrinfo *found,
                       const struct addrinfo *ordered[static SMTP_DIAL_MAX_ADDRESSES])
{
    int first_family = found ? found->ai_family : AF_UNSPEC;
    const struct addrinfo *like_first = found, *other = found;
    size_t count = 0;
    while ((like_first || other) && count < SMTP_DIAL_MAX_ADDRESSES) {
        while (like_first && like_first->ai_family != first_family)
            like_first = like_first->ai_next;
        while (other && other->ai_family == first_family)
            other = other->ai_next;
        const struct addrinfo **next = (count % 2 == 0 && like_first) || !other ? &like_first : &other;
        if (!*next)
            break;
        ordered[count++] = *next;
        *next = (*next)->ai_next;
    }
    return count;
}

static bool fail_resolve(const struct smtp_relay *relay, enum smtp_status status, int error,
                         struct fault *fault)
{
    enum fault_code code = FAULT_UPSTREAM_UNRESOLVED;
    const char *why = error ? gai_strerror(error) : "no answer came in time";
    if (error == EAI_NONAME || error == EAI_NODATA || error == EAI_ADDRFAMILY)
        code = FAULT_UPSTREAM_NO_SUCH_HOST;
    else if (error == EAI_MEMORY || (error == EAI_SYSTEM && (errno == EMFILE || errno == ENFILE)))
        code = FAULT_OVERLOADED;
    if (status == SMTP_STATUS_NO_MEMORY) {
        code = FAULT_OVERLOADED;
        why = "Postern is out of memory, or too many questions to the name server are open";
    }
    if (status == SMTP_STATUS_STOPPED) {
        code = FAULT_SHUTTING_DOWN;
        why = "Postern is shutting down";
    }
    return fault_set(fault, code, "the relay's name %.*s could not be resolved: %s", STR_ARG(relay->host),
                     why);
}

static bool fail_connect(const struct smtp_relay *relay, enum smtp_status status, int error,
                         struct fault *fault)
{
    static const int ours[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL};
    enum fault_code code = FAULT_UPSTREAM_UNREACHABLE;
    const char *why = error ? fault_errno_text(error) : "it did not answer in time";
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (error == ours[i])
            code = FAULT_OVERLOADED;
    if (status == SMTP_STATUS_NO_MEMORY) {
        code = FAULT_OVERLOADED;
        why = "Postern is out of memory";
    }
    if (status == SMTP_STATUS_TIMEOUT || error == ETIMEDOUT)
        code = FAULT_UPSTREAM_TIMEOUT;
    if (status == SMTP_STATUS_STOPPED) {
        code = FAULT_SHUTTING_DOWN;
        why = "Postern is shutting down";
    }
    return fault_set(fault, code, "no connection to %.*s:%u: %s", STR_ARG(relay->host), relay->port, why);
}

/* Waits for a connection that was begun; `error` is that of the socket. */
static enum smtp_status await_connection(int fd, int stop_fd, struct deadline deadline, int *error)
{
    enum smtp_status status = smtp_socket_wait(fd, stop_fd, POLLOUT, deadline);
    socklen_t len = sizeof *error;
    if (status == SMTP_STATUS_OK && getsockopt(fd, SOL_SOCKET, SO_ERROR, error, &len) != 0)
        *error = errno;
    return status;
}

/* The connected descriptor, or -1. */
static int connect_to(const struct smtp_relay *relay, const struct addrinfo *address,
                      struct deadline deadline, struct fault *fault)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        fail_connect(relay, SMTP_STATUS_OK, errno, fault);
        return -1;
    }
    int error = connect(fd, address->ai_addr, address->ai_addrlen) == 0 ? 0 : errno;
    enum smtp_status status = SMTP_STATUS_OK;
    if (error == EINPROGRESS) {
        error = 0;
        status = await_connection(fd, relay->stop_fd, deadline, &error);
    }
    if (status == SMTP_STATUS_OK && error == 0)
        return fd;
    fail_connect(relay, status, error, fault);
    close(fd);
    return -1;
}

static int connect_to_any(const struct smtp_relay *relay, const struct addrinfo *found, struct deadline total,
                          struct fault *fault)
{
    const struct addrinfo *ordered[SMTP_DIAL_MAX_ADDRESSES];
    size_t count = smtp_dial_order(found, ordered);
    int fd = -1;
    fail_connect(relay, SMTP_STATUS_TIMEOUT, 0, fault);
    for (size_t i = 0; i < count && fd < 0 && !deadline_passed(total); i++) {
        struct deadline attempt = deadline_after_ms(relay->timeouts.connect_ms);
        fd = connect_to(relay, ordered[i], deadline_earlier(total, attempt), fault);
        if (fault->code == FAULT_SHUTTING_DOWN)
            break;
    }
    return fd;
}

struct smtp_transport *smtp_dial(const struct smtp_relay *relay, struct deadline total, struct fault *fault)
{
    struct addrinfo *found;
    int error;
    enum smtp_status status =
        smtp_resolve(relay->tls_context->host, relay->port, 0, relay->stop_fd, total, &found, &error);
    if (!found) {
        fail_resolve(relay, status, error, fault);
        return NULL;
    }
    int fd = connect_to_any(relay, found, total, fault);
    freeaddrinfo(found);
    if (fd < 0)
        return NULL;
    struct smtp_transport *transport = smtp_socket_new(fd, relay->stop_fd);
    if (!transport)
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
    return transport;
}
