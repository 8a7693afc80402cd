/* The daemon around the requests: how libmicrohttpd is set up, and how it is drained and stopped.
 *
 * What is asked of libmicrohttpd exists in 0.9.75 and in 1.0; its own strictness, which grew later, is used
 * where it is there, but nothing depends on it: the guard decides.
 */
#include "api/server.h"

#include "api/request.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Header and target must fit into it, and the body passes through it. Idle connections touch none of it. */
enum { CONNECTION_MEMORY_BYTES = 32 * 1024 };

/* Only the words of libmicrohttpd itself, not what it would put into them: that came from a peer. */
static void log_library(void *cls, const char *format, va_list args)
{
    (void)cls, (void)args;
    struct str words = str_of(format);
    while (words.len && words.data[words.len - 1] == '\n')
        words.len--;
    log_event(LOG_LEVEL_DEBUG, "libmicrohttpd", LOG_STR("says", words));
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
    const unsigned flags =
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_ITC | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct MHD_OptionItem options[] = {
        {MHD_OPTION_LISTEN_SOCKET, config->listen_fd, NULL},
        {MHD_OPTION_CONNECTION_LIMIT, config->max_connections, NULL},
        {MHD_OPTION_CONNECTION_TIMEOUT, config->idle_timeout_s, NULL},
        {MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_BYTES, NULL},
        {MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)request_begin, server},
        {MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)leave_escaped, NULL},
        {MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)request_end, server},
#if MHD_VERSION >= 0x00097701
        {MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2, NULL},
#else
        {MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL},
#endif
        /* A pool of one is no pool, and libmicrohttpd complains about it. */
        {config->threads > 1 ? MHD_OPTION_THREAD_POOL_SIZE : MHD_OPTION_END, config->threads, NULL},
        {MHD_OPTION_END, 0, NULL}
    };
    return MHD_start_daemon(flags, 0, NULL, NULL, request_advance, server, MHD_OPTION_EXTERNAL_LOGGER,
                            log_library, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
}

struct api_server *api_server_start(const struct api_config *config, struct fault *fault)
{
    struct api_server *server = calloc(1, sizeof *server);
    if (!server) {
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
        free(server);
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

void api_server_stop(struct api_server **server)
{
    if (!*server)
        return;
    MHD_stop_daemon((*server)->daemon);
    free(*server);
    *server = NULL;
}
