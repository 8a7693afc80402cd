#include "service/process/listen.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { SYSTEMD_FIRST_FD = 3, MAX_SYSTEMD_FDS = 16 };

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
    struct sockaddr_storage room;
};

static bool is_local(const union address *address)
{
    switch (address->any.sa_family) {
    case AF_UNIX: return true;
    case AF_INET: return ntohl(address->v4.sin_addr.s_addr) >> 24 == IN_LOOPBACKNET;
    case AF_INET6: return IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr);
    default: return false;
    }
}

static int close_and_fail(int fd)
{
    close(fd);
    return -1;
}

bool listen_is_local(int fd)
{
    union address address = {0};
    socklen_t len = sizeof address;
    return getsockname(fd, &address.any, &len) == 0 && is_local(&address);
}

/* The last check, on the socket itself, whoever opened it. */
static int require_keys(int fd, struct str where, const struct listen_terms *terms, struct fault *fault)
{
    if (fd < 0 || terms->has_keys || listen_is_local(fd))
        return fd;
    fault_set(fault, FAULT_INVALID_REQUEST,
              "option %s: %.*s can be reached from other hosts, and there are no API keys (api_keys_file) to "
              "tell who may send; use a loopback address or a Unix socket",
              terms->option, STR_ARG(where));
    return close_and_fail(fd);
}

static bool set_mode(const union address *address, mode_t mode)
{
    return !mode || chmod(address->un.sun_path, mode) == 0;
}

/* The mode is set before anybody can connect. */
static int bind_and_listen(const union address *address, socklen_t len, mode_t mode, struct str where,
                           struct fault *fault)
{
    int fd = socket(address->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    int on = 1;
    if (fd >= 0 && address->any.sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd >= 0 && bind(fd, &address->any, len) == 0 && set_mode(address, mode) && listen(fd, SOMAXCONN) == 0)
        return fd;
    fault_set(fault, FAULT_OVERLOADED, "cannot listen on %.*s: %s", STR_ARG(where), fault_errno_text(errno));
    return fd < 0 ? -1 : close_and_fail(fd);
}

/* A socket file that nobody answers on was left by a process that died: it is in the way, and goes. */
static void remove_stale_socket(const union address *address, socklen_t len)
{
    struct stat status;
    if (lstat(address->un.sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return;
    int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (probe >= 0 && connect(probe, &address->any, len) != 0 && errno == ECONNREFUSED)
        unlink(address->un.sun_path);
    if (probe >= 0)
        close(probe);
}

static bool read_path(struct str where, union address *address)
{
    struct str path = str_from(where, sizeof "unix:" - 1);
    *address = (union address){.un = {.sun_family = AF_UNIX}};
    if (path.len == 0 || path.data[0] != '/' || path.len >= sizeof address->un.sun_path)
        return false;
    memcpy(address->un.sun_path, path.data, path.len);
    return true;
}

/* Three or four octal digits; absent is none. */
static bool read_mode(struct str text, mode_t *mode)
{
    *mode = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < '0' || text.data[i] > '7')
            return false;
        *mode = *mode * 8 + (mode_t)(text.data[i] - '0');
    }
    return !text.data || ((text.len == 3 || text.len == 4) && *mode > 0 && *mode <= ACCESSPERMS);
}

static int open_unix(struct str where, const struct listen_terms *terms, struct fault *fault)
{
    union address address;
    mode_t mode;
    if (!read_mode(terms->unix_mode, &mode)) {
        fault_set(fault, FAULT_INVALID_REQUEST, "option listen_unix_mode: \"%.*s\" is no mode such as 0660",
                  STR_ARG(terms->unix_mode));
        return -1;
    }
    if (!read_path(where, &address)) {
        fault_set(fault, FAULT_INVALID_REQUEST,
                  "option %s: the path in %.*s does not begin with / or is longer than %zu bytes",
                  terms->option, STR_ARG(where), sizeof address.un.sun_path - 1);
        return -1;
    }
    remove_stale_socket(&address, sizeof address.un);
    return bind_and_listen(&address, sizeof address.un, mode, where, fault);
}

/* Splits at the last colon, so that an IPv6 address needs its brackets. */
static bool split_host_port(struct str where, char host[static NI_MAXHOST], char port[static NI_MAXSERV])
{
    size_t colon = str_last_index(where, ':');
    struct str name = str_first(where, colon);
    struct str number = str_from(where, colon + 1);
    uint64_t value;
    if (name.len > 2 && name.data[0] == '[' && name.data[name.len - 1] == ']')
        name = (struct str){name.data + 1, name.len - 2};
    else if (str_index(name, ':') < name.len)
        return false;
    if (name.len == 0 || name.len >= NI_MAXHOST || !str_to_uint(number, UINT16_MAX, &value))
        return false;
    snprintf(host, NI_MAXHOST, "%.*s", STR_ARG(name));
    snprintf(port, NI_MAXSERV, "%.*s", STR_ARG(number));
    return true;
}

static int open_inet(struct str where, const char *option, struct fault *fault)
{
    char host[NI_MAXHOST], port[NI_MAXSERV];
    if (!split_host_port(where, host, port)) {
        fault_set(fault, FAULT_INVALID_REQUEST,
                  "option %s: %.*s is none of host:port, [v6]:port, unix:/path, systemd", option,
                  STR_ARG(where));
        return -1;
    }
    struct addrinfo hints = {.ai_flags = AI_PASSIVE | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found;
    int error = getaddrinfo(host, port, &hints, &found);
    if (error) {
        fault_set(fault, FAULT_INVALID_REQUEST, "option %s: %.*s: %s", option, STR_ARG(where),
                  gai_strerror(error));
        return -1;
    }
    union address address = {0};
    memcpy(&address.room, found->ai_addr, found->ai_addrlen);
    int fd = bind_and_listen(&address, found->ai_addrlen, 0, where, fault);
    freeaddrinfo(found);
    return fd;
}

/* The place of `name` among names with ":" between them; -1 where it is none of them. */
static int place_among(struct str names, struct str name)
{
    for (int place = 0; names.data; place++)
        if (str_equal(str_cut(&names, ':'), name))
            return place;
    return -1;
}

/* sd_listen_fds(3): LISTEN_PID says whom the sockets are for. */
static int count_systemd_sockets(void)
{
    uint64_t pid, count;
    bool are_ours = str_to_uint(str_of(getenv("LISTEN_PID")), INT32_MAX, &pid) && (pid_t)pid == getpid() &&
                    str_to_uint(str_of(getenv("LISTEN_FDS")), MAX_SYSTEMD_FDS, &count);
    return are_ours ? (int)count : 0;
}

/* LISTEN_FDNAMES says what they are called. Where no name is one of ours they go by their place. */
static int find_systemd_socket(struct str option)
{
    static const struct str ours = {"listen:admin_listen", 19};
    struct str names = str_of(getenv("LISTEN_FDNAMES"));
    bool are_named = place_among(names, STR("listen")) >= 0 || place_among(names, STR("admin_listen")) >= 0;
    int place = place_among(are_named ? names : ours, option);
    return place >= 0 && place < count_systemd_sockets() ? SYSTEMD_FIRST_FD + place : -1;
}

static bool is_listening_stream(int fd)
{
    int type = 0, listens = 0;
    socklen_t type_bytes = sizeof type, listens_bytes = sizeof listens;
    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &type_bytes) == 0 && type == SOCK_STREAM &&
           getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &listens_bytes) == 0 && listens;
}

static int open_systemd(const char *option, struct fault *fault)
{
    int fd = find_systemd_socket(str_of(option));
    if (fd < 0) {
        fault_set(fault, FAULT_INVALID_REQUEST, "option %s: systemd handed over no socket for it", option);
        return -1;
    }
    if (!is_listening_stream(fd)) {
        fault_set(fault, FAULT_INVALID_REQUEST,
                  "option %s: what systemd handed over for it does not listen; the socket unit needs "
                  "ListenStream= and Accept=no",
                  option);
        return -1;
    }
    fcntl(fd, F_SETFD, FD_CLOEXEC);
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
    return fd;
}

bool listen_is_handed_over(struct str where)
{
    return str_equal(where, STR("systemd"));
}

void listen_warn_of_rest(int listen_fd, int admin_listen_fd)
{
    int64_t unclaimed = 0;
    for (int i = 0; i < count_systemd_sockets(); i++)
        unclaimed += SYSTEMD_FIRST_FD + i != listen_fd && SYSTEMD_FIRST_FD + i != admin_listen_fd;
    if (unclaimed)
        log_event(LOG_LEVEL_WARN,
                  "systemd handed over sockets that nobody will answer on: one is taken for listen, one "
                  "for admin_listen, where these say systemd",
                  LOG_INT("sockets", unclaimed));
}

int listen_open(struct str where, const struct listen_terms *terms, struct fault *fault)
{
    int fd;
    if (listen_is_handed_over(where))
        fd = open_systemd(terms->option, fault);
    else if (str_starts_with(where, STR("unix:")))
        fd = open_unix(where, terms, fault);
    else
        fd = open_inet(where, terms->option, fault);
    return require_keys(fd, where, terms, fault);
}

void listen_forget(struct str where)
{
    union address address;
    if (str_starts_with(where, STR("unix:")) && read_path(where, &address))
        unlink(address.un.sun_path);
}

/* A name in the abstract namespace begins with NUL and is as long as the kernel says. */
static struct str describe_unix(struct arena *arena, const struct sockaddr_un *address, socklen_t len)
{
    size_t name_len = len - offsetof(struct sockaddr_un, sun_path);
    if (name_len > 1 && address->sun_path[0] == '\0')
        return arena_format(arena, "unix:@%.*s", (int)name_len - 1, address->sun_path + 1);
    return arena_format(arena, "unix:%s", address->sun_path);
}

struct str listen_describe(struct arena *arena, int fd, bool has_tls)
{
    const char *scheme = has_tls ? "https" : "http";
    union address address = {0};
    socklen_t len = sizeof address;
    char host[INET6_ADDRSTRLEN] = "";
    if (getsockname(fd, &address.any, &len) != 0)
        return (struct str){0};
    switch (address.any.sa_family) {
    case AF_INET:
        inet_ntop(AF_INET, &address.v4.sin_addr, host, sizeof host);
        return arena_format(arena, "%s://%s:%d", scheme, host, ntohs(address.v4.sin_port));
    case AF_INET6:
        inet_ntop(AF_INET6, &address.v6.sin6_addr, host, sizeof host);
        return arena_format(arena, "%s://[%s]:%d", scheme, host, ntohs(address.v6.sin6_port));
    default: return describe_unix(arena, &address.un, len);
    }
}
