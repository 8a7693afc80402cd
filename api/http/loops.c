/* How libmicrohttpd is set up. What is asked of it exists in 0.9.75 and in 1.0. How lines may end is for 1.0 to judge,
 * which is told to be strict; before, the guard sees for itself (layout.h). All the rest is the guard's with both.
 *
 * Nobody is accepted any more where the listening socket is told to say nothing in the loop's own epoll set. Not by
 * MHD_quiesce_daemon: it takes the socket out of the set, which the daemon's thread does too as soon as it hears, and
 * whoever is late ends the program (seen with 0.9.75; 1.0 has the same). A loop that polls has no set to race for.
 */
#include "api/http/loops.h"

#include "api/http/layout.h"
#include "api/http/request.h"
#include "base/log.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Header and target must fit into it, and the body passes through it. Resident from a connection's first answer
 * on. */
enum { CONNECTION_MEMORY_BYTES = 32 * 1024 };

/* Beyond its limit libmicrohttpd accepts nobody; with these a loop, who is one too many hears of it. */
enum { SPARE_CONNECTIONS = 64 };

enum { ACCEPT_AGAIN_MS = 20 };

/* Without a descriptor for its first connection a thread of libmicrohttpd tries again without a rest (seen with
 * 0.9.75): no connection ends that could give it one back. Nobody else waits for that thread. */
static void rest_without_descriptors(struct str words)
{
    if (str_starts_with(words, STR("Hit process or system resource limit at FIRST connection")))
        poll(NULL, 0, ACCEPT_AGAIN_MS);
}

/* Only the words of libmicrohttpd itself, not what it would put into them: that came from a peer. */
static void log_library(void *cls, const char *format, va_list args)
{
    (void)cls, (void)args;
    struct str words = str_of(format);
    while (words.len && words.data[words.len - 1] == '\n')
        words.len--;
    log_event(LOG_LEVEL_DEBUG, "libmicrohttpd", LOG_STR("says", words));
    rest_without_descriptors(words);
}

/* Targets are matched as they came; nothing in them is decoded. */
static size_t leave_escaped(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls, (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct api_server *server, int listen_fd)
{
    const struct api_config *config = &server->config;
    const unsigned share = (config->max_connections + config->threads - 1) / config->threads;
    /* With epoll it would not rest while a handshake waits for the client (seen with 0.9.75 and 1.0.1): it
     * forgets that a socket is readable only where it has read bytes of HTTP until there were no more. */
    const unsigned loop =
        config->tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD;
    const unsigned flags = loop | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, share + SPARE_CONNECTIONS, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, config->pace.idle_ms / 1000, NULL},
        {MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)reaper_note_connection, server->reaper},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begin, server},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_end, server},
        {MHD_OPTION_ARRAY, 0, tls_listener_options(config->tls)},
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2, NULL},
#else
        /* What 0.9 refuses in strict mode it refuses with two status lines, or without a word; the guard does not. */
        {MHD_OPTION_STRICT_FOR_CLIENT, layout_can_be_seen() ? 0 : 1, NULL},
#endif
        {MHD_OPTION_END, 0, NULL}
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_advance, server, MHD_OPTION_EXTERNAL_LOGGER,
                            log_library, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static bool start_loop(struct loop *loop, struct api_server *server, int listen_fd)
{
    *loop = (struct loop){.epoll_fd = -1, .listen_fd = listen_fd, .sign_fd = -1};
    if (listen_fd >= 0)
        loop->daemon = start_daemon(server, listen_fd);
    if (!loop->daemon)
        return false;
    if (!server->config.tls)
        loop->epoll_fd = MHD_get_daemon_info(loop->daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd;
    return true;
}

bool loops_start(struct api_server *server, struct fault *fault)
{
    struct loops *loops = &server->loops;
    int fd = server->config.listen_fd;
    bool started = true;
    assert(server->config.threads > 0 && server->config.threads <= LOOPS_MAX);
    for (loops->count = 0; started && loops->count < server->config.threads;) {
        int own_fd = loops->count == 0 ? fd : fcntl(fd, F_DUPFD_CLOEXEC, 0);
        started = start_loop(&loops->items[loops->count], server, own_fd);
        if (started)
            loops->count++;
        else if (own_fd >= 0)
            close(own_fd);
    }
    if (!started) {
        fault_set(fault, FAULT_INTERNAL, "the HTTP server cannot be started: %s", fault_errno_text(errno));
        loops_stop(loops);
    }
    return started;
}

void loops_hold(struct loops *loops)
{
    for (unsigned i = 0; i < loops->count; i++) {
        struct loop *loop = &loops->items[i];
        struct epoll_event silence = {.events = 0};
        if (loop->epoll_fd >= 0) /* ENOENT: it is not in the set now */
            (void)epoll_ctl(loop->epoll_fd, EPOLL_CTL_MOD, loop->listen_fd, &silence);
        else if (!loop->is_quiesced)
            loop->is_quiesced = MHD_quiesce_daemon(loop->daemon) >= 0;
    }
}

/* A connection that says nothing and ends at once. Where the loop has no room for one, it is left in peace. */
static void ask(struct loop *loop)
{
    const struct sockaddr nobody = {.sa_family = AF_UNIX};
    int pair[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) != 0)
        return;
    shutdown(pair[0], SHUT_WR);
    if (MHD_add_connection(loop->daemon, pair[1], &nobody, sizeof nobody) == MHD_YES)
        loop->sign_fd = pair[0];
    else
        close(pair[0]); /* the other one is closed already */
}

static bool has_answered(const struct loop *loop)
{
    char byte;
    return recv(loop->sign_fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) >= 0 || errno == ECONNRESET;
}

bool loops_turn(struct loops *loops)
{
    bool turned = true;
    for (unsigned i = 0; i < loops->count; i++) {
        struct loop *loop = &loops->items[i];
        if (loop->sign_fd < 0)
            ask(loop);
        turned &= loop->sign_fd < 0 || has_answered(loop);
    }
    for (unsigned i = 0; turned && i < loops->count; i++) {
        if (loops->items[i].sign_fd >= 0)
            close(loops->items[i].sign_fd);
        loops->items[i].sign_fd = -1;
    }
    return turned;
}

void loops_stop(struct loops *loops)
{
    for (unsigned i = 0; i < loops->count; i++) {
        struct loop *loop = &loops->items[i];
        MHD_stop_daemon(loop->daemon);
        if (loop->is_quiesced)
            close(loop->listen_fd);
        if (loop->sign_fd >= 0)
            close(loop->sign_fd);
    }
    loops->count = 0;
}
