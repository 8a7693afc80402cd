/* Whom to call, and in which words to say that nobody answered: the race among addresses is race.c's, what is
 * said to a proxy tunnel.c's. */
#include "smtp/dial.h"

#include "smtp/resolve.h"
#include "smtp/socket.h"
#include "smtp/tls.h"
#include "smtp/transcript.h"
#include "smtp/tunnel.h"

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Whom the first connection goes to. */
struct callee {
    const char *host; /* NUL behind */
    uint16_t port;
    char name[SMTP_AUTHORITY_BYTES + sizeof "the proxy "]; /* for a sentence */
};

static bool uses_proxy(const struct smtp_relay *relay)
{
    return !smtp_relay_is_local(relay) && relay->proxy.kind != SMTP_PROXY_NONE;
}

static struct callee find_callee(const struct smtp_relay *relay)
{
    struct callee callee = {.host = relay->tls_context->host, .port = relay->port};
    if (!uses_proxy(relay)) {
        snprintf(callee.name, sizeof callee.name, "%s", smtp_relay_name(relay).text);
        return callee;
    }
    callee.host = relay->proxy.host.data;
    callee.port = relay->proxy.port;
    snprintf(callee.name, sizeof callee.name, "the proxy %s",
             smtp_authority_of(relay->proxy.host, callee.port).text);
    return callee;
}

size_t smtp_dial_order(const struct addrinfo *found,
                       const struct addrinfo *ordered[static SMTP_RACE_MAX_ADDRESSES])
{
    int first_family = found ? found->ai_family : AF_UNSPEC;
    const struct addrinfo *like_first = found, *other = found;
    size_t count = 0;
    while ((like_first || other) && count < SMTP_RACE_MAX_ADDRESSES) {
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

enum fault_code smtp_dial_judge_resolver(int error, int system_error)
{
    static const struct {
        int error, system_error;
        enum fault_code code;
    } rows[] = {
        {EAI_NONAME, 0, FAULT_UPSTREAM_NO_SUCH_HOST},     {EAI_NODATA, 0, FAULT_UPSTREAM_NO_SUCH_HOST},
        {EAI_ADDRFAMILY, 0, FAULT_UPSTREAM_NO_SUCH_HOST}, {EAI_MEMORY, 0, FAULT_OVERLOADED},
        {EAI_SYSTEM, EMFILE, FAULT_OVERLOADED},           {EAI_SYSTEM, ENFILE, FAULT_OVERLOADED}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (rows[i].error == error && (error != EAI_SYSTEM || rows[i].system_error == system_error))
            return rows[i].code;
    return FAULT_UPSTREAM_UNRESOLVED;
}

static bool fail_resolve(const struct callee *callee, enum smtp_status status, int error, struct fault *fault)
{
    enum fault_code code = smtp_dial_judge_resolver(error, errno);
    const char *why = error ? gai_strerror(error) : "no answer came in time";
    if (status == SMTP_STATUS_NO_MEMORY) {
        code = FAULT_OVERLOADED;
        why = "Postern is out of memory, or too many questions to the name server are open";
    }
    if (status == SMTP_STATUS_STOPPED) {
        code = FAULT_SHUTTING_DOWN;
        why = "Postern is shutting down";
    }
    return fault_set(fault, code, "the name of %s could not be resolved: %s", callee->name, why);
}

/* `error` is an errno, where the status is none that says enough. */
static bool fail_connect(const struct callee *callee, enum smtp_status status, int error, struct fault *fault)
{
    static const int ours[] = {EMFILE, ENFILE, ENOMEM, ENOBUFS, EADDRNOTAVAIL};
    enum fault_code code = FAULT_UPSTREAM_UNREACHABLE;
    const char *why = fault_errno_text(error);
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (error == ours[i])
            code = FAULT_OVERLOADED;
    if (status == SMTP_STATUS_NO_MEMORY) {
        code = FAULT_OVERLOADED;
        why = "Postern is out of memory";
    }
    if (status == SMTP_STATUS_TIMEOUT || error == ETIMEDOUT) {
        code = FAULT_UPSTREAM_TIMEOUT;
        why = "it did not answer in time";
    }
    if (status == SMTP_STATUS_STOPPED) {
        code = FAULT_SHUTTING_DOWN;
        why = "Postern is shutting down";
    }
    return fault_set(fault, code, "no connection to %s: %s", callee->name, why);
}

/* The connected descriptor, or -1. */
static int connect_to(const struct smtp_relay *relay, const struct callee *callee, struct deadline total,
                      struct fault *fault)
{
    struct addrinfo *found;
    const struct addrinfo *ordered[SMTP_RACE_MAX_ADDRESSES];
    struct smtp_race_terms terms = {relay->timeouts.connect_ms, total, relay->stop_fd};
    int error, fd;
    enum smtp_status status =
        smtp_resolve(callee->host, callee->port, 0, relay->stop_fd, total, &found, &error);
    if (!found) {
        fail_resolve(callee, status, error, fault);
        return -1;
    }
    status = smtp_race(ordered, smtp_dial_order(found, ordered), &terms, &fd, &error);
    freeaddrinfo(found);
    if (fd < 0)
        fail_connect(callee, status, error, fault);
    return fd;
}

/* A listener whose backlog is full says EAGAIN at once, and nothing tells when it is not: ask again. */
static int connect_to_path(const struct smtp_relay *relay, const struct callee *callee, struct deadline total,
                           struct fault *fault)
{
    enum { ASK_AGAIN_MS = 20 };
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    enum smtp_status status = SMTP_STATUS_TIMEOUT;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), error = fd < 0 ? errno : EAGAIN;
    memcpy(address.sun_path, callee->host, strlen(callee->host) + 1);
    struct deadline until = deadline_earlier(total, deadline_after_ms(relay->timeouts.connect_ms));
    while (error == EAGAIN && status == SMTP_STATUS_TIMEOUT && !deadline_passed(until)) {
        error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
        if (error == EAGAIN)
            status = smtp_socket_wait(-1, relay->stop_fd, 0, deadline_after_ms(ASK_AGAIN_MS));
    }
    if (error == 0)
        return fd;
    fail_connect(callee, error == EAGAIN ? status : SMTP_STATUS_OK, error, fault);
    if (fd >= 0)
        close(fd);
    return -1;
}

struct smtp_transport *smtp_dial(const struct smtp_relay *relay, struct deadline total, struct fault *fault)
{
    struct callee callee = find_callee(relay);
    bool is_local = smtp_relay_is_local(relay);
    int fd =
        is_local ? connect_to_path(relay, &callee, total, fault) : connect_to(relay, &callee, total, fault);
    if (fd < 0)
        return NULL;
    if (!is_local)
        smtp_socket_tune(fd, relay->timeouts.data_block_ms);
    struct smtp_transport *transport = smtp_socket_new(fd, relay->stop_fd);
    if (!transport) {
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    struct deadline deadline = deadline_earlier(total, deadline_after_ms(relay->timeouts.connect_ms));
    if (!uses_proxy(relay) || smtp_tunnel_open((struct smtp_socket *)transport, relay, deadline, fault))
        return transport;
    transport->ops->free(transport);
    return NULL;
}

void smtp_dial_note(const struct smtp_transport *transport, const struct smtp_relay *relay,
                    struct smtp_transcript *transcript)
{
    const struct smtp_proxy *proxy = &relay->proxy;
    struct smtp_authority name = smtp_relay_name(relay);
    if (smtp_relay_is_local(relay))
        smtp_transcript_note(transcript, "connected to %s", name.text);
    else if (!uses_proxy(relay))
        smtp_transcript_note(transcript, "connected to %s (%s)", name.text, transport->peer);
    else
        smtp_transcript_note(transcript, "connected to %s by the %s proxy %s (%s)", name.text,
                             smtp_proxy_kind_name(proxy->kind),
                             smtp_authority_of(proxy->host, proxy->port).text, transport->peer);
}
