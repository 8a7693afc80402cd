/* Everything is started in the order in which it is needed: the launcher while there is one thread, what the
 * confinement needs to know before it, and the listener for messages last, when all that it needs stands.
 */
#include "base/log.h"
#include "service/commands/exit_code.h"
#include "service/commands/serve_inside.h"
#include "service/process/descriptors.h"
#include "service/process/listen.h"
#include "service/process/listen_tls.h"
#include "service/version.h"

#include <sys/eventfd.h>
#include <sysexits.h>

enum {
    ADMIN_CONNECTIONS = 64,
    SANDBOX_MESSAGE_BYTES = 128 << 20,
    SANDBOX_SESSIONS = 100 /* that have descriptors set aside; it serves more where there are more */
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
    service->listen_is_shared = listen_is_handed_over(service->configuration->settings.listen);
    if ((has_admin && !open_listener(service, true, fault)) || !open_listener(service, false, fault))
        return false;
    listen_warn_of_rest(service->listen_fd, service->admin_listen_fd);
    return true;
}

static bool start_main_server(struct service *service, struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    uint64_t sessions = settings->smtp_max_connections * service->configuration->relays.count;
    sessions += service->sandbox ? SANDBOX_SESSIONS : 0;
    int fd = service->listen_fd;
    struct api_config config = {
        .listen_fd = fd,
        .listen_is_shared = service->listen_is_shared,
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
        .count_context = gateway_metrics(service->gateway),
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
    if (service->configuration->collector.is_given) {
        service->exporter = exporter_start(service->configuration, fault);
        if (!service->exporter)
            return false;
    }
    service->gateway = gateway_start(service->configuration, service->stop_fd, service->exporter, fault);
    service->admin.gateway = service->gateway;
    service->admin.process = &service->process;
    service->admin.exporter = service->exporter;
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
    confine_network(&service->confinement, service->configuration);
    confine_calls(&service->confinement);
    return start_gateway(service, fault) && start_admin_server(service, fault) && start_tls(service, fault) &&
           start_main_server(service, fault);
}

bool serve_start(struct service *service, bool with_sandbox, int *exit_code, struct fault *fault)
{
    memory_bound_heaps();
    descriptors_raise_limit();
    service->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    process_figures_open(&service->process);
    notify_open(&service->notify);
    watchdog_init(&service->watchdog, clock_monotonic_us());
    if (!load_confined(service, with_sandbox, fault)) {
        *exit_code = exit_code_of_start(fault->code);
        return false;
    }
    if (!open_listeners(service, fault) || !start_servers(service, fault)) {
        *exit_code = fault->code == FAULT_INVALID_REQUEST ? EX_CONFIG : EX_OSERR;
        return false;
    }
    atomic_store(&service->admin.server, service->main_server);
    service->memory.keeps_code = service->sources->no_sandboxing;
    memory_rest(&service->memory);
    notify_tell(&service->notify, NOTIFY_READY, STR("taking messages"));
    return true;
}
