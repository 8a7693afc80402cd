/* A stop goes through stages, and loses nothing in any of them:
 *
 *     not ready     /readyz says so first, while messages are still taken for the drain delay: whoever sends them here
 *                   learns that it is to send them elsewhere. Each answer closes its connection.
 *     draining      a new message gets shutting-down; what is out or coming in is finished, within the grace time.
 *     cut off       what is left gets the answer that is true of it: not_sent where no end of data was handed over, else
 *                   unknown.
 *
 * A further signal ends the stage that it finds. With systemd's sockets nobody is let in from the first stage on: who
 * comes waits in the socket's queue for the next process, and is refused by none.
 */
#include "base/log.h"
#include "service/commands/serve_inside.h"
#include "service/process/listen.h"

#include <unistd.h>

enum { TICK_STOPPING_MS = 10, ANSWERS_MS = 1000, UPLOADS_MS = 2000 };

/* Who is still sending a message gets a moment, not the whole grace time: it may never end. */
static bool has_work(const struct service *service, struct deadline uploads)
{
    return api_server_in_flight(service->main_server) > 0 ||
           (serve_has_work(service) && !deadline_passed(uploads));
}

/* False once the deadline has passed, or another signal came. */
static bool wait_on(struct service *service, const sigset_t *signals, struct deadline deadline)
{
    int signal_number = signals_wait(signals, TICK_STOPPING_MS);
    if (deadline_passed(deadline) || signals_mean_stop(signal_number))
        return false;
    serve_tick(service);
    return true;
}

/* Nobody is left who could ask, and nobody can come. */
static bool is_deserted(const struct service *service)
{
    return service->listen_is_shared && api_server_connections(service->main_server, NULL) == 0;
}

static void await_departure(struct service *service, const sigset_t *signals)
{
    struct deadline delay = deadline_after_ms(service->configuration->settings.drain_delay_ms);
    while (!deadline_passed(delay) && !is_deserted(service) && wait_on(service, signals, delay))
        continue;
}

/* True once every message has been answered. */
static bool await_answers(struct service *service, const sigset_t *signals, int64_t within_ms)
{
    struct deadline deadline = deadline_after_ms(within_ms), uploads = deadline_after_ms(UPLOADS_MS);
    while (has_work(service, uploads))
        if (!wait_on(service, signals, deadline))
            return false;
    return true;
}

void serve_finish(struct service *service, const sigset_t *signals)
{
    log_event(LOG_LEVEL_INFO, "stopping",
              LOG_INT("in_flight", (int64_t)api_server_in_flight(service->main_server)));
    notify_tell(&service->notify, NOTIFY_STOPPING, STR("finishing what is being sent"));
    gateway_drain(service->gateway);
    api_server_wind_down(service->main_server);
    await_departure(service, signals);
    api_server_drain(service->main_server);
    log_event(LOG_LEVEL_INFO, "draining",
              LOG_INT("in_flight", (int64_t)api_server_in_flight(service->main_server)));
    if (await_answers(service, signals, service->configuration->settings.timeout_shutdown_ms))
        return;
    gateway_stop(service->gateway);
    await_answers(service, signals, ANSWERS_MS);
}

/* What is not a server's by then. */
static void close_listeners(struct service *service)
{
    int fds[] = {service->listen_fd, service->admin_listen_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* The server cannot stop until every submission is completed, and may submit until it has stopped: the
 * gateway stops before it and is freed behind it. */
void serve_stop(struct service *service)
{
    api_server_stop(&service->admin_server);
    if (service->gateway)
        gateway_stop(service->gateway);
    if (service->sandbox)
        sandbox_dismiss(service->sandbox);
    api_server_stop(&service->main_server);
    tls_listener_free(&service->tls);
    exporter_stop(&service->exporter);
    gateway_free(&service->gateway);
    gate_free(&service->gate);
    close_listeners(service);
    listen_forget(service->listen);
    listen_forget(service->admin_listen);
    listen_forget(service->sandbox_listen);
    configuration_release(&service->configuration);
    launcher_stop(&service->launcher);
    sandbox_stop(&service->sandbox);
    notify_close(&service->notify);
    process_figures_close(&service->process);
    if (service->stop_fd >= 0)
        close(service->stop_fd);
    arena_fini(&service->arena);
}
