/* `postern serve` and `postern sandbox`: everything is started in the order in which it is needed, and
 * stopped the other way round.
 *
 * The main thread only waits for signals, and looks after what waited too long. A stop takes no new work,
 * lets what is out be finished within the grace time (a second signal cuts it short), and only then ends the
 * sessions.
 */
#include "api/http/server.h"
#include "base/log.h"
#include "service/access/gate.h"
#include "service/admin.h"
#include "service/commands/commands.h"
#include "service/process/confine.h"
#include "service/process/descriptors.h"
#include "service/process/listen.h"
#include "service/process/listen_tls.h"
#include "service/process/memory.h"
#include "service/relays/gateway.h"
#include "service/settings/configuration.h"
#include "service/version.h"

#include <signal.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

enum {
    TICK_IDLE_MS = 1000,
    TICK_BUSY_MS = 100,
    TICK_STOPPING_MS = 10,
    ANSWERS_MS = 1000,
    UPLOADS_MS = 2000,
    ARENA_BYTES = 4096,
    ADMIN_CONNECTIONS = 64,
    SANDBOX_MESSAGE_BYTES = 128 << 20,
    SANDBOX_SESSIONS = 100 /* that have descriptors set aside; it serves more where there are more */
};

struct service {
    struct arena arena;
    const struct option_sources *sources;
    int stop_fd;
    struct launcher launcher;
    struct confinement confinement;
    struct sandbox *sandbox;
    struct configuration *configuration;
    struct metrics metrics;
    struct gateway *gateway;
    struct gate *gate;
    struct gate_door main_door, admin_door;
    struct admin admin;
    struct str sandbox_listen;
    struct str listen, admin_listen; /* where the listeners are, once they are */
    int listen_fd, admin_listen_fd;  /* -1: none, or its server's by now */
    struct tls_listener *tls;        /* NULL where the main listener speaks plain HTTP */
    struct api_server *main_server;
    struct api_server *admin_server;
    struct memory memory;
};

static void count_response(void *context, int status, const char *problem_code)
{
    metrics_count_response(context, status, problem_code);
}

static bool start_sandbox(struct service *service, const struct settings *settings, struct fault *fault)
{
    struct listen_terms terms = {"sandbox_smtp_listen", true, settings->listen_unix_mode};
    struct sandbox_config config = {.listen_fd = listen_open(settings->sandbox_smtp_listen, &terms, fault),
                                    .username = settings->sandbox_smtp_username,
                                    .password = settings->sandbox_smtp_password,
                                    .max_message_bytes = SANDBOX_MESSAGE_BYTES,
                                    .max_messages = settings->sandbox_max_messages,
                                    .max_store_bytes = settings->sandbox_max_bytes};
    if (config.listen_fd < 0)
        return false;
    service->sandbox_listen = arena_copy(&service->arena, settings->sandbox_smtp_listen);
    if (!listen_is_local(config.listen_fd))
        log_event(LOG_LEVEL_WARN, "the sandbox takes mail from other hosts",
                  LOG_STR("address", settings->sandbox_smtp_listen));
    service->sandbox = sandbox_start(&config, fault);
    return service->sandbox;
}

static bool start_tls(struct service *service, struct fault *fault)
{
    struct tls_identity *identity;
    if (!listen_tls_load(&service->configuration->settings, &identity, fault))
        return false;
    if (!identity)
        return true;
    service->tls = tls_listener_new(identity, fault);
    return service->tls;
}

static bool open_listener(struct service *service, bool is_admin, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    struct str where = is_admin ? settings->admin_listen : settings->listen;
    struct listen_terms terms = {is_admin ? "admin_listen" : "listen", settings->api_keys_file.data != NULL,
                                 settings->listen_unix_mode};
    int fd = listen_open(where, &terms, fault);
    *(is_admin ? &service->admin_listen_fd : &service->listen_fd) = fd;
    if (fd >= 0)
        *(is_admin ? &service->admin_listen : &service->listen) = arena_copy(&service->arena, where);
    return fd >= 0;
}

static bool open_listeners(struct service *service, struct fault *fault)
{
    bool has_admin = !str_equal(service->configuration->settings.admin_listen, STR("off"));
    return (!has_admin || open_listener(service, true, fault)) && open_listener(service, false, fault);
}

/* What is not a server's by then. */
static void close_listeners(struct service *service)
{
    int fds[] = {service->listen_fd, service->admin_listen_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static bool start_main_server(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    uint64_t sessions = settings->smtp_max_connections * service->configuration->relays.count;
    sessions += service->sandbox ? SANDBOX_SESSIONS : 0;
    int fd = service->listen_fd;
    struct api_config config = {
        .listen_fd = fd,
        .tls = service->tls,
        .threads = (unsigned)settings->http_threads,
        .max_connections = (unsigned)descriptors_allot(settings->max_http_connections, sessions),
        .max_connections_per_address = (unsigned)settings->max_http_connections_per_address,
        .pace = settings->http_pace,
        .request_timeout_ms = settings->timeout_request_ms,
        .limits = settings->limits,
        .submit = gateway_submit,
        .compose = gateway_compose,
        .submit_context = service->gateway,
        .gate = gate_for(&service->main_door),
        .count_response = count_response,
        .count_context = &service->metrics,
        .routes = service->sandbox ? sandbox_routes : NULL,
        .route_count = service->sandbox ? sandbox_route_count : 0,
        .route_context = service->sandbox,
        .witness = service->sandbox ? sandbox_witness(service->sandbox) : (struct api_witness){0},
    };
    struct str where = listen_describe(&service->arena, fd, service->tls);
    gate_open_door(service->gate, &service->main_door, settings, fd, false);
    service->listen_fd = -1;
    service->main_server = api_server_start(&config, fault);
    if (service->main_server)
        log_event(LOG_LEVEL_INFO, "listening", LOG_STR("address", where),
                  LOG_TEXT("version", POSTERN_VERSION));
    return service->main_server;
}

static bool start_admin_server(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    int fd = service->admin_listen_fd;
    if (fd < 0)
        return true;
    struct api_config config = {
        .listen_fd = fd,
        .threads = 1,
        .max_connections = ADMIN_CONNECTIONS,
        .pace = settings->http_pace,
        .limits = settings->limits,
        .gate = gate_for(&service->admin_door),
        .routes = admin_routes,
        .route_count = admin_route_count,
        .route_context = &service->admin,
    };
    struct str where = listen_describe(&service->arena, fd, false);
    gate_open_door(service->gate, &service->admin_door, settings, fd, true);
    service->admin_listen_fd = -1;
    service->admin_server = api_server_start(&config, fault);
    if (service->admin_server)
        log_event(LOG_LEVEL_INFO, "admin listening", LOG_STR("address", where));
    return service->admin_server;
}

static bool start_gateway(struct service *service, struct fault *fault)
{
    service->gate = gate_new(service->configuration, fault);
    if (!service->gate)
        return false;
    service->gateway = gateway_start(service->configuration, service->stop_fd, &service->metrics, fault);
    service->admin.gateway = service->gateway;
    service->admin.metrics = &service->metrics;
    return service->gateway;
}

/* The launcher is forked while there is one thread, and the files are confined before there is a second. */
static bool load_confined(struct service *service, bool with_sandbox, struct fault *fault)
{
    struct settings settings;
    if (!launcher_start(&service->launcher, service->sources, fault))
        return false;
    bool loaded = settings_load(&settings, service->sources, fault);
    if (loaded) {
        log_configure((enum log_level)settings.log_level, (enum log_format)settings.log_format);
        confine_files(&service->confinement, service->sources, &settings);
        loaded = !with_sandbox || start_sandbox(service, &settings, fault);
    }
    settings_fini(&settings);
    if (loaded)
        service->configuration = configuration_load(service->sources, service->sandbox, &service->launcher,
                                                    service->stop_fd, fault);
    return service->configuration;
}

static bool start_servers(struct service *service, struct fault *fault)
{
    confine_network(&service->confinement, &service->configuration->relays);
    confine_calls(&service->confinement);
    return start_gateway(service, fault) && start_admin_server(service, fault) && start_tls(service, fault) &&
           start_main_server(service, fault);
}

/* On failure `exit_code` says whether the configuration or the system is at fault. */
static bool service_start(struct service *service, bool with_sandbox, int *exit_code, struct fault *fault)
{
    *exit_code = EX_CONFIG;
    memory_bound_heaps();
    descriptors_raise_limit();
    service->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (!load_confined(service, with_sandbox, fault))
        return false;
    if (!open_listeners(service, fault) || !start_servers(service, fault)) {
        if (fault->code != FAULT_INVALID_REQUEST)
            *exit_code = EX_OSERR;
        return false;
    }
    atomic_store(&service->admin.server, service->main_server);
    return true;
}

/* What is to be replaced is all loaded first. A listener that speaks plain HTTP goes on to, and one with TLS
 * keeps it where no certificate is named any more. */
static bool load_again(struct service *service, struct configuration **fresh, struct tls_identity **identity,
                       struct fault *fault)
{
    *identity = NULL;
    *fresh =
        configuration_load(service->sources, service->sandbox, &service->launcher, service->stop_fd, fault);
    return *fresh && confine_bears(&service->confinement, &(*fresh)->relays, fault) &&
           (!service->tls || listen_tls_load(&(*fresh)->settings, identity, fault));
}

/* SIGHUP: the options and the files that they name are read again; what does not load leaves everything as it
 * was. Listeners and limits stay until the next start. */
static void service_reload(struct service *service)
{
    struct fault fault;
    struct configuration *fresh;
    struct tls_identity *identity;
    if (!load_again(service, &fresh, &identity, &fault) ||
        !gate_check(service->gate, &fresh->settings, &fault) ||
        !gateway_replace(service->gateway, fresh, &fault)) {
        log_event(LOG_LEVEL_ERROR, "the configuration was not reloaded", LOG_TEXT("detail", fault.detail));
        tls_identity_release(&identity);
        configuration_release(&fresh);
        return;
    }
    if (identity)
        tls_listener_replace(service->tls, identity);
    gate_replace(service->gate, fresh);
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

/* Looks after what waited too long, on either side. */
static void tick(struct service *service)
{
    gateway_tick(service->gateway);
    api_server_tick(service->main_server);
    if (service->admin_server)
        api_server_tick(service->admin_server);
    size_t most, connections = api_server_connections(service->main_server, &most);
    memory_tick(&service->memory, connections, most);
}

static void run_until_stopped(struct service *service, const sigset_t *signals)
{
    for (;;) {
        int signal_number = wait_for_signal(signals, has_work(service) ? TICK_BUSY_MS : TICK_IDLE_MS);
        if (signal_number == SIGHUP)
            service_reload(service);
        else if (signal_number)
            return;
        tick(service);
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
        tick(service);
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
    if (service->sandbox)
        sandbox_dismiss(service->sandbox);
    api_server_stop(&service->main_server);
    tls_listener_free(&service->tls);
    gateway_free(&service->gateway);
    gate_free(&service->gate);
    close_listeners(service);
    listen_forget(service->listen);
    listen_forget(service->admin_listen);
    listen_forget(service->sandbox_listen);
    configuration_release(&service->configuration);
    launcher_stop(&service->launcher);
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
    struct service service = {.sources = sources,
                              .stop_fd = -1,
                              .listen_fd = -1,
                              .admin_listen_fd = -1,
                              .launcher = {.fd = -1, .pid = -1}};
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
