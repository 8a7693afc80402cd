#include "api/http/server.h"

#include "api/http/request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

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
    aside_stop(&server->aside);
    aside_fini(&server->aside);
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
    aside_init(&server->aside, config->threads);
    /* Several threads wait on it, and only one gets the connection. */
    int flags = fcntl(config->listen_fd, F_GETFL);
    bool is_set = flags >= 0 && fcntl(config->listen_fd, F_SETFL, flags | O_NONBLOCK) == 0;
    if (!is_set) {
        fault_set(fault, FAULT_INTERNAL, "the listening socket: %s", fault_errno_text(errno));
        close(config->listen_fd);
    }
    if (is_set && loops_start(server, fault))
        return server;
    server_free(server);
    return NULL;
}

void api_server_wind_down(struct api_server *server)
{
    atomic_store(&server->winding_down, true);
    if (server->config.listen_is_shared)
        loops_hold(&server->loops);
}

/* Who comes by a socket that is ours alone is still let in: a caller learns more from a 503 than from a refused
 * connection. */
void api_server_drain(struct api_server *server)
{
    api_server_wind_down(server);
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

uint64_t api_server_in_flight_limit_bytes(const struct api_server *server)
{
    return server->budget.max_bytes;
}

void api_server_tick(struct api_server *server)
{
    reaper_tick(server->reaper);
    if (server->config.listen_is_shared && atomic_load(&server->winding_down))
        loops_hold(&server->loops);
}

bool api_server_turns(struct api_server *server)
{
    return loops_turn(&server->loops);
}

size_t api_server_connections(const struct api_server *server, size_t *most)
{
    return reaper_count_connections(server->reaper, most);
}

void api_server_stop(struct api_server **server)
{
    if (!*server)
        return;
    reaper_dismiss((*server)->reaper);
    aside_stop(&(*server)->aside); /* no connection may be suspended */
    loops_stop(&(*server)->loops);
    server_free(*server);
    *server = NULL;
}
