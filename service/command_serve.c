/* `postern serve` and `postern sandbox`: everything is started in the order in which it is needed, and
 * stopped the other way round.
 *
 * The main thread only waits for signals, and looks after what waited too long. A stop takes no new work,
 * lets what is out be finished within the grace time (a second signal cuts it short), and only then ends the
 * sessions.
 */
#include "api/server.h"
#include "base/log.h"
#include "service/admin.h"
#include "service/commands.h"
#include "service/configuration.h"
#include "service/gateway.h"
#include "service/listen.h"
#include "service/version.h"

#include <malloc.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    TICK_IDLE_MS = 1000,
    TICK_BUSY_MS = 100,
    TICK_STOPPING_MS = 10,
    ANSWERS_MS = 1000,
    UPLOADS_MS = 2000,
    ARENA_BYTES = 4096,
    MAPPED_FROM_BYTES = 128 * 1024,
    ADMIN_CONNECTIONS = 64,
    SANDBOX_MESSAGES = 100,
    SANDBOX_STORE_BYTES = 256 << 20
};

struct service {
    struct arena arena;
    const struct option_sources *sources;
    int stop_fd;
    struct sandbox *sandbox;
    struct configuration *configuration;
    struct metrics metrics;
    struct gateway *gateway;
    struct admin admin;
    struct str listen, admin_listen; /* where the listeners are, once they are */
    struct api_server *main_server;
    struct api_server *admin_server;
};

static void count_response(void *context, int status, const char *problem_code)
{
    metrics_count_response(context, status, problem_code);
}

/* What is this large is mapped by itself and goes back to the system when it is freed. Left to itself, glibc
 * raises its threshold until the heap of every thread keeps tens of megabytes, and no bound on messages would
 * be one on memory. */
static void bound_heaps(void)
{
    mallopt(M_MMAP_THRESHOLD, MAPPED_FROM_BYTES);
}

/* Ten thousand idle connections need as many descriptors: take what the system grants. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static bool start_sandbox(struct service *service, struct fault *fault)
{
    struct settings settings;
    bool loaded = settings_load(&settings, service->sources, fault);
    struct sandbox_config config = {.max_message_bytes = 2 * settings.limits.max_body_bytes,
                                    .max_messages = SANDBOX_MESSAGES,
                                    .max_store_bytes = SANDBOX_STORE_BYTES};
    if (loaded)
        service->sandbox = sandbox_start(&config, fault);
    settings_fini(&settings);
    return service->sandbox;
}

static bool start_main_server(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    int fd = listen_open(settings->listen, "listen", fault);
    struct api_config config = {
        .listen_fd = fd,
        .threads = (unsigned)settings->http_threads,
        .max_connections = (unsigned)settings->max_http_connections,
        .idle_timeout_s = (unsigned)(settings->timeout_http_idle_ms / 1000),
        .request_timeout_ms = settings->timeout_request_ms,
        .limits = settings->limits,
        .submit = gateway_submit,
        .compose = gateway_compose,
        .submit_context = service->gateway,
        .count_response = count_response,
        .count_context = &service->metrics,
        .routes = service->sandbox ? sandbox_routes : NULL,
        .route_count = service->sandbox ? sandbox_route_count : 0,
        .route_context = service->sandbox,
    };
    struct str where = fd < 0 ? (struct str){0} : listen_describe(&service->arena, fd);
    if (fd < 0)
        return false;
    service->listen = arena_copy(&service->arena, settings->listen);
    service->main_server = api_server_start(&config, fault);
    if (service->main_server)
        log_event(LOG_LEVEL_INFO, "listening", LOG_STR("address", where),
                  LOG_TEXT("version", POSTERN_VERSION));
    return service->main_server;
}

static bool start_admin_server(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    if (str_equal(settings->admin_listen, STR("off")))
        return true;
    int fd = listen_open(settings->admin_listen, "admin_listen", fault);
    struct api_config config = {
        .listen_fd = fd,
        .threads = 1,
        .max_connections = ADMIN_CONNECTIONS,
        .idle_timeout_s = (unsigned)(settings->timeout_http_idle_ms / 1000),
        .limits = settings->limits,
        .routes = admin_routes,
        .route_count = admin_route_count,
        .route_context = &service->admin,
    };
    struct str where = fd < 0 ? (struct str){0} : listen_describe(&service->arena, fd);
    if (fd < 0)
        return false;
    service->admin_listen = arena_copy(&service->arena, settings->admin_listen);
    service->admin_server = api_server_start(&config, fault);
    if (service->admin_server)
        log_event(LOG_LEVEL_INFO, "admin listening", LOG_STR("address", where));
    return service->admin_server;
}

static bool start_gateway(struct service *service, struct fault *fault)
{
    service->gateway = gateway_start(service->configuration, service->stop_fd, &service->metrics, fault);
    service->admin.gateway = service->gateway;
    service->admin.metrics = &service->metrics;
    return service->gateway;
}

/* On failure `exit_code` says whether the configuration or the system is at fault. */
static bool service_start(struct service *service, bool with_sandbox, int *exit_code, struct fault *fault)
{
    *exit_code = EX_CONFIG;
    bound_heaps();
    raise_descriptor_limit();
    service->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (with_sandbox && !start_sandbox(service, fault))
        return false;
    service->configuration = configuration_load(service->sources, service->sandbox, service->stop_fd, fault);
    if (!service->configuration)
        return false;
    if (!start_gateway(service, fault) || !start_admin_server(service, fault) ||
        !start_main_server(service, fault)) {
        if (fault->code != FAULT_INVALID_REQUEST)
            *exit_code = EX_OSERR;
        return false;
    }
    atomic_store(&service->admin.server, service->main_server);
    return true;
}

/* SIGHUP: the options and the files that they name are read again; what does not load leaves everything as it
 * was. Listeners and limits stay until the next start. */
static void service_reload(struct service *service)
{
    struct fault fault;
    struct configuration *fresh =
        configuration_load(service->sources, service->sandbox, service->stop_fd, &fault);
    if (!fresh || !gateway_replace(service->gateway, fresh, &fault)) {
        log_event(LOG_LEVEL_ERROR, "the configuration was not reloaded", LOG_TEXT("detail", fault.detail));
        configuration_release(&fresh);
        return;
    }
    configuration_release(&service->configuration);
    service->configuration = fresh;
    log_event(LOG_LEVEL_INFO, "the configuration was reloaded",
              LOG_INT("relays", (int64_t)fresh->relays.count));
}

/* The signal that came, or 0 when the time was over. */
static int wait_for_signal(const sigset_t *signals, int64_t wait_ms)
{
    struct timespec wait = {.tv_sec = wait_ms / 1000, .tv_nsec = wait_ms % 1000 * 1000000};
    int signal_number = sigtimedwait(signals, NULL, &wait);
    return signal_number > 0 ? signal_number : 0;
}

/* Messages that are coming in, or are out. */
static bool has_work(const struct service *service)
{
    return api_server_in_flight(service->main_server) > 0 ||
           api_server_in_flight_bytes(service->main_server) > 0;
}

static void run_until_stopped(struct service *service, const sigset_t *signals)
{
    for (;;) {
        int signal_number = wait_for_signal(signals, has_work(service) ? TICK_BUSY_MS : TICK_IDLE_MS);
        if (signal_number == SIGHUP)
            service_reload(service);
        else if (signal_number)
            return;
        gateway_tick(service->gateway);
    }
}

/* True once every message has been answered; false when the deadline has passed, or a second signal came. */
static bool await_answers(struct service *service, const sigset_t *signals, struct deadline deadline)
{
    /* Who is still sending a message gets a moment, not the whole grace time: it may never end. */
    struct deadline uploads = deadline_after_ms(UPLOADS_MS);
    while (api_server_in_flight(service->main_server) > 0 ||
           (has_work(service) && !deadline_passed(uploads))) {
        int signal_number = wait_for_signal(signals, TICK_STOPPING_MS);
        if (deadline_passed(deadline) || signal_number == SIGTERM || signal_number == SIGINT)
            return false;
        gateway_tick(service->gateway);
    }
    return true;
}

static void finish_what_is_out(struct service *service, const sigset_t *signals)
{
    log_event(LOG_LEVEL_INFO, "stopping",
              LOG_INT("in_flight", (int64_t)api_server_in_flight(service->main_server)));
    gateway_drain(service->gateway);
    api_server_drain(service->main_server);
    struct deadline grace = deadline_after_ms(service->configuration->settings.timeout_shutdown_ms);
    if (await_answers(service, signals, grace))
        return;
    /* Ended now, each message still gets the answer that is true of it. */
    gateway_stop(service->gateway);
    await_answers(service, signals, deadline_after_ms(ANSWERS_MS));
}

/* The server cannot stop until every submission is completed, and may submit until it has stopped: the
 * gateway stops before it and is freed behind it. */
static void service_stop(struct service *service)
{
    api_server_stop(&service->admin_server);
    if (service->gateway)
        gateway_stop(service->gateway);
    api_server_stop(&service->main_server);
    gateway_free(&service->gateway);
    listen_forget(service->listen);
    listen_forget(service->admin_listen);
    configuration_release(&service->configuration);
    sandbox_stop(&service->sandbox);
    if (service->stop_fd >= 0)
        close(service->stop_fd);
    arena_fini(&service->arena);
}

/* Blocked before the first thread, so that they come to the main thread's wait and nowhere else. */
static void block_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

static int run(const struct option_sources *sources, bool with_sandbox)
{
    struct service service = {.sources = sources, .stop_fd = -1};
    arena_init(&service.arena, ARENA_BYTES);
    struct fault fault = {0};
    sigset_t signals;
    int exit_code;
    block_signals(&signals);
    if (service_start(&service, with_sandbox, &exit_code, &fault)) {
        run_until_stopped(&service, &signals);
        finish_what_is_out(&service, &signals);
        exit_code = EX_OK;
    } else {
        command_fail(&fault, exit_code);
    }
    service_stop(&service);
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
