/* The daemon around the requests: how libmicrohttpd is set up, and how it is drained and stopped.
 *
 * What is asked of libmicrohttpd exists in 0.9.75 and in 1.0. How lines may end is for 1.0 to judge, which is told to
 * be strict; before, the guard sees for itself (layout.h). All the rest is the guard's with both.
 */
#include "api/http/server.h"

#include "api/http/layout.h"
#include "api/http/request.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Header and target must fit into it, and the body passes through it. Resident from a connection's first answer
 * on. */
enum { CONNECTION_MEMORY_BYTES = 32 * 1024 };

/* Beyond its limit libmicrohttpd accepts nobody; with these a thread, who is one too many hears of it. */
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

static struct MHD_Daemon *start_daemon(struct api_server *server)
{
    const struct api_config *config = &server->config;
    /* With epoll it would not rest while a handshake waits for the client (seen with 0.9.75 and 1.0.1): it
     * forgets that a socket is readable only where it has read bytes of HTTP until there were no more. */
    const unsigned loop =
        config->tls ? MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_TLS : MHD_USE_EPOLL_INTERNAL_THREAD;
    const unsigned flags = loop | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, config->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, config->max_connections + SPARE_CONNECTIONS * config->threads, NULL},
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
        /* A pool of one is no pool, and libmicrohttpd complains about it. */
        {config->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, config->threads, NULL},
        {MHD_OPTION_END, 0, NULL}
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_advance, server, MHD_OPTION_EXTERNAL_LOGGER,
                            log_library, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

static struct reaper *make_reaper(const struct api_config *config)
{
    struct reaper_config limits = {.pace = config->pace,
                                   .tls = config->tls,
                                   .max_connections = config->max_connections,
                                   .max_connections_per_address = config->max_connections_per_address,
                                   .count_response = config->count_response,
                                   .count_context = config->count_context};
    return reaper_new(&limits);
}

static void server_free(struct api_server *server)
{
    reaper_free(&server->reaper);
    free(server);
}

struct api_server *api_server_start(const struct api_config *config, struct fault *fault)
{
    struct api_server *server = calloc(1, sizeof *server);
    if (server)
        server->reaper = make_reaper(config);
    if (!server || !server->reaper) {
        free(server);
        fault_set(fault, FAULT_INTERNAL, "out of memory");
        close(config->listen_fd);
        return NULL;
    }
    server->config = *config;
    server->budget.max_bytes = config->limits.max_in_flight_bytes;
    /* Several threads wait on it, and only one gets the connection. */
    int flags = fcntl(config->listen_fd, F_GETFL);
    if (flags >= 0 && fcntl(config->listen_fd, F_SETFL, flags | O_NONBLOCK) == 0)
        server->daemon = start_daemon(server);
    if (!server->daemon) {
        fault_set(fault, FAULT_INTERNAL, "the HTTP server cannot be started: %s", fault_errno_text(errno));
        close(config->listen_fd);
        server_free(server);
        return NULL;
    }
    return server;
}

/* Not MHD_quiesce_daemon: it races with the daemon's own threads for the listening socket's place in their
 * epoll sets, and the loser ends the program (seen with 0.9.75). A caller that comes now also learns more
 * from a 503 than from a refused connection. */
void api_server_drain(struct api_server *server)
{
    atomic_store(&server->draining, true);
}

size_t api_server_in_flight(const struct api_server *server)
{
    return atomic_load(&server->in_flight);
}

uint64_t api_server_in_flight_bytes(const struct api_server *server)
{
    return atomic_load(&server->budget.held_bytes);
}

void api_server_tick(struct api_server *server)
{
    reaper_tick(server->reaper);
}

size_t api_server_connections(const struct api_server *server, size_t *most)
{
    return reaper_count_connections(server->reaper, most);
}

void api_server_stop(struct api_server **server)
{
    if (!*server)
        return;
    MHD_stop_daemon((*server)->daemon);
    server_free(*server);
    *server = NULL;
}
