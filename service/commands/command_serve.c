/* `postern serve` and `postern sandbox`. The main thread only waits for signals, and looks after what waited too long
 * and who wants a sign of life.
 */
#include "base/log.h"
#include "service/commands/commands.h"
#include "service/commands/serve_inside.h"

#include <sysexits.h>

enum { TICK_IDLE_MS = 1000, TICK_BUSY_MS = 100, ARENA_BYTES = 4096 };

bool serve_has_work(const struct service *service)
{
    return api_server_in_flight(service->main_server) > 0 ||
           api_server_in_flight_bytes(service->main_server) > 0;
}

/* Given only when all that takes and answers requests has moved since the last time: the main thread is here, with every
 * lock of the pools behind it, and each HTTP thread has gone round. Session threads are not asked: each of their waits
 * has an end of its own, and to kill the process for one of them would leave all the others' messages unknown. */
static void give_sign_of_life(struct service *service)
{
    int64_t now_us = clock_monotonic_us();
    if (!watchdog_is_due(&service->watchdog, now_us) || !api_server_turns(service->main_server) ||
        (service->admin_server && !api_server_turns(service->admin_server)))
        return;
    notify_tell(&service->notify, NOTIFY_ALIVE, (struct str){0});
    watchdog_rest(&service->watchdog, now_us);
}

void serve_tick(struct service *service)
{
    gateway_tick(service->gateway);
    api_server_tick(service->main_server);
    if (service->admin_server)
        api_server_tick(service->admin_server);
    size_t most, connections = api_server_connections(service->main_server, &most);
    memory_tick(&service->memory, connections, most);
    memory_rest(&service->memory);
    give_sign_of_life(service);
}

static void run_until_stopped(struct service *service, const sigset_t *signals)
{
    for (;;) {
        int64_t wait_ms = serve_has_work(service) ? TICK_BUSY_MS : TICK_IDLE_MS;
        int signal_number =
            signals_wait(signals, watchdog_cut_ms(&service->watchdog, wait_ms, clock_monotonic_us()));
        if (signals_mean_stop(signal_number))
            return;
        if (signal_number == SIGHUP)
            serve_reload(service);
        serve_tick(service);
    }
}

static int run(const struct option_sources *sources, bool with_sandbox)
{
    struct service service = {.sources = sources,
                              .stop_fd = -1,
                              .listen_fd = -1,
                              .admin_listen_fd = -1,
                              .notify = {.fd = -1},
                              .launcher = {.fd = -1, .pid = -1}};
    arena_init(&service.arena, ARENA_BYTES);
    struct fault fault = {0};
    sigset_t signals;
    int exit_code;
    signals_block(&signals);
    if (serve_start(&service, with_sandbox, &exit_code, &fault)) {
        run_until_stopped(&service, &signals);
        serve_finish(&service, &signals);
        exit_code = EX_OK;
    } else {
        command_fail(&fault, exit_code);
    }
    serve_stop(&service);
    if (exit_code == EX_OK)
        log_event(LOG_LEVEL_INFO, "stopped", LOG_INT("exit_code", exit_code));
    return exit_code;
}

int command_serve(const struct option_sources *sources)
{
    return run(sources, false);
}

int command_sandbox(const struct option_sources *sources)
{
    return run(sources, true);
}
