/* Octets are looked at while they are still the kernel's, and taken once they are known to be the proxy's. */
#include "smtp/tunnel.h"

#include "smtp/tls.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

static bool fail(const struct smtp_proxy *proxy, enum fault_code code, const char *problem,
                 struct fault *fault)
{
    return fault_set(fault, code, "the %s proxy %s %s", smtp_proxy_kind_name(proxy->kind),
                     smtp_authority_of(proxy->host, proxy->port).text, problem);
}

static bool fail_by_status(const struct smtp_proxy *proxy, enum smtp_status status, struct fault *fault)
{
    if (status == SMTP_STATUS_TIMEOUT)
        return fail(proxy, FAULT_UPSTREAM_TIMEOUT, "did not answer in time", fault);
    if (status == SMTP_STATUS_STOPPED)
        return fault_set(fault, FAULT_SHUTTING_DOWN, "Postern is shutting down");
    if (status == SMTP_STATUS_NO_MEMORY)
        return fault_set(fault, FAULT_OVERLOADED, "Postern is out of memory");
    return fail(proxy, FAULT_UPSTREAM_UNREACHABLE, "closed the connection", fault);
}

/* OK and some octets that are still to be read, or how the wait ended. */
static enum smtp_status peek(struct smtp_socket *socket, char *bytes, size_t room, struct deadline deadline,
                             size_t *got)
{
    for (;;) {
        ssize_t seen = recv(socket->fd, bytes, room, MSG_PEEK | MSG_DONTWAIT);
        *got = seen > 0 ? (size_t)seen : 0;
        if (seen >= 0)
            return seen ? SMTP_STATUS_OK : SMTP_STATUS_EOF;
        if (errno != EAGAIN && errno != EINTR)
            return SMTP_STATUS_RESET;
        enum smtp_status status = smtp_socket_wait(socket->fd, socket->stop_fd, POLLIN, deadline);
        if (status != SMTP_STATUS_OK)
            return status;
    }
}

static enum smtp_status say(struct smtp_socket *socket, struct smtp_proxy_talk *talk,
                            struct deadline deadline)
{
    size_t taken;
    struct smtp_transport *transport = &socket->transport;
    enum smtp_status status = transport->ops->write(transport, buf_view(&talk->say), deadline, &taken);
    buf_clear(&talk->say);
    return status;
}

static enum smtp_status hear(struct smtp_socket *socket, struct smtp_proxy_talk *talk,
                             struct deadline deadline, enum smtp_proxy_state *state)
{
    char bytes[512];
    size_t got, used;
    enum smtp_status status = peek(socket, bytes, sizeof bytes, deadline, &got);
    if (status != SMTP_STATUS_OK)
        return status;
    *state = smtp_proxy_feed(talk, (struct str){bytes, got}, &used);
    return used == 0 || smtp_socket_recv(socket, bytes, used) == (ssize_t)used ? SMTP_STATUS_OK
                                                                               : SMTP_STATUS_RESET;
}

bool smtp_tunnel_open(struct smtp_socket *socket, const struct smtp_relay *relay, struct deadline deadline,
                      struct fault *fault)
{
    const struct smtp_proxy *proxy = &relay->proxy;
    struct smtp_proxy_talk talk;
    enum smtp_status status = SMTP_STATUS_OK;
    enum smtp_proxy_state state =
        smtp_proxy_begin(&talk, proxy, str_of(relay->tls_context->host), relay->port);
    while (state == SMTP_PROXY_MORE && status == SMTP_STATUS_OK)
        status = talk.say.len ? say(socket, &talk, deadline) : hear(socket, &talk, deadline, &state);
    if (state == SMTP_PROXY_NO_MEMORY)
        status = SMTP_STATUS_NO_MEMORY;
    if (state == SMTP_PROXY_REFUSED)
        fail(proxy, FAULT_UPSTREAM_UNREACHABLE, talk.problem, fault);
    else if (status != SMTP_STATUS_OK)
        fail_by_status(proxy, status, fault);
    smtp_proxy_fini(&talk);
    return state == SMTP_PROXY_DONE;
}
