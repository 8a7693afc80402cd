/* `postern livez` and `postern readyz`: what the admin listener of the gateway that runs with these options says, for
 * containers that have no other program to ask with.
 *
 * Only this machine is asked: an address that stands for all of them is asked at loopback. */
#include "base/clock.h"
#include "service/commands/commands.h"
#include "service/commands/exit_code.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sysexits.h>
#include <unistd.h>

enum { MAX_ANSWER_BYTES = 16384, CHUNK_BYTES = 1024, PATIENCE_MS = 4000 };

static int connect_to(const struct sockaddr *address, socklen_t len)
{
    const struct timeval patience = {.tv_sec = PATIENCE_MS / 1000};
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
    if (connect(fd, address, len) == 0)
        return fd;
    int error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int connect_unix(struct str path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (path.len >= sizeof address.sun_path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    memcpy(address.sun_path, path.data, path.len);
    return connect_to((const struct sockaddr *)&address, sizeof address);
}

/* "host:port" or "[v6]:port". Linux takes 0.0.0.0 and :: for loopback where they are connected to. */
static int connect_inet(struct str where)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    size_t colon = str_last_index(where, ':');
    struct str name = str_first(where, colon), number = str_from(where, colon + 1);
    if (name.len > 1 && name.data[0] == '[' && name.data[name.len - 1] == ']')
        name = (struct str){name.data + 1, name.len - 2};
    errno = EDESTADDRREQ;
    if (name.len >= sizeof host || number.len >= sizeof port)
        return -1;
    snprintf(host, sizeof host, "%.*s", STR_ARG(name));
    snprintf(port, sizeof port, "%.*s", STR_ARG(number));
    if (getaddrinfo(host, port, &hints, &found) != 0)
        return -1;
    int fd = connect_to(found->ai_addr, found->ai_addrlen);
    freeaddrinfo(found);
    return fd;
}

static bool connect_admin(struct str where, int *fd, struct fault *fault)
{
    const struct str scheme = STR("unix:");
    if (str_equal(where, STR("off")) || str_equal(where, STR("systemd")))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option admin_listen: \"%.*s\" does not say where to ask", STR_ARG(where));
    *fd = str_starts_with(where, scheme) ? connect_unix(str_from(where, scheme.len)) : connect_inet(where);
    return *fd >= 0 || fault_set(fault, FAULT_UPSTREAM_UNREACHABLE, "nobody answers at %.*s: %s",
                                 STR_ARG(where), fault_errno_text(errno));
}

/* To the end of the connection. */
static bool read_answer(int fd, struct buf *answer)
{
    struct deadline deadline = deadline_after_ms(PATIENCE_MS);
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    char chunk[CHUNK_BYTES];
    for (ssize_t count; poll(&readable, 1, deadline_left_ms(deadline)) > 0;) {
        count = recv(fd, chunk, sizeof chunk, 0);
        if (count <= 0)
            return count == 0;
        buf_append(answer, (struct str){chunk, (size_t)count});
    }
    return false;
}

static bool ask(int fd, const char *path, struct buf *answer)
{
    struct buf request;
    buf_init(&request, CHUNK_BYTES);
    buf_append_format(&request, "GET /%s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    struct str bytes = buf_view(&request);
    bool asked = !request.failed && send(fd, bytes.data, bytes.len, MSG_NOSIGNAL) == (ssize_t)bytes.len;
    buf_fini(&request);
    return asked && read_answer(fd, answer) && !answer->failed;
}

/* Behind the empty line (RFC 9112 2.1). */
static struct str body_of(struct str answer)
{
    while (answer.len && !str_equal(str_cut(&answer, '\n'), STR("\r")))
        continue;
    return answer;
}

static int tell(int fd, const char *path)
{
    struct buf answer;
    buf_init(&answer, MAX_ANSWER_BYTES);
    int exit_code = EX_UNAVAILABLE;
    if (!ask(fd, path, &answer))
        fprintf(stderr, "postern: the admin listener gave no answer\n");
    else if (command_print(body_of(buf_view(&answer))) != EX_OK)
        exit_code = EX_IOERR;
    else if (str_starts_with(buf_view(&answer), STR("HTTP/1.1 200 ")))
        exit_code = EX_OK;
    buf_fini(&answer);
    return exit_code;
}

static int probe(const struct option_sources *sources, const char *path)
{
    struct settings settings;
    struct fault fault;
    int fd = -1, exit_code;
    if (settings_load(&settings, sources, &fault) && connect_admin(settings.admin_listen, &fd, &fault)) {
        exit_code = tell(fd, path);
        close(fd);
    } else {
        exit_code =
            command_fail(&fault, fault.code == FAULT_UPSTREAM_UNREACHABLE ? EX_UNAVAILABLE
                                                                          : exit_code_of_start(fault.code));
    }
    settings_fini(&settings);
    return exit_code;
}

int command_livez(const struct option_sources *sources)
{
    return probe(sources, "livez");
}

int command_readyz(const struct option_sources *sources)
{
    return probe(sources, "readyz");
}
