/* The rules come from the settings, so that nobody has to write them down a second time. The configuration is
 * loaded when the files are confined already: what can be read at the start can be read again on SIGHUP.
 *
 * A file that is named is allowed by its folder, where it is and where its links lead to: secrets are renewed by
 * rename, and Kubernetes puts a whole folder in the place of another.
 */
#include "service/process/confine.h"

#include "base/log.h"
#include "service/process/confine_landlock.h"
#include "service/process/confine_seccomp.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum { DNS_PORT = 53 };

/* Secrets stand in the memory of this process: it goes to no file, and to nobody who has the same user. */
void confine_process(const struct option_sources *sources)
{
    const struct rlimit none = {0};
    if (sources->no_sandboxing)
        return;
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

/* --- Files */

/* Libraries and their settings, authorities, time zones; where the resolver's settings are made; what the C library asks
 * of the machine. None of it is secret to the user that Postern should run as. */
static const char *const common_paths[] = {
    "/etc",
    "/usr",
    "/lib",
    "/lib64",
    "/dev/urandom",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/run/NetworkManager",
    "/proc/sys/vm/overcommit_memory",
    "/sys/devices/system/cpu/online",
};

/* Where OpenSSL finds what is not where it usually is: a path, or several with ":" between them. */
static const char *const path_variables[] = {"SSL_CERT_FILE", "SSL_CERT_DIR", "OPENSSL_CONF",
                                             "OPENSSL_MODULES"};

/* With all in it; but for /, which would be everything. */
static void allow_folder_of(struct landlock_rules *rules, const char *path, enum landlock_use use)
{
    char folder[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    if (slash == path)
        return;
    if (slash)
        snprintf(folder, sizeof folder, "%.*s", (int)(slash - path), path);
    landlock_allow_path(rules, folder, use);
}

static void allow_file(void *context, struct str path)
{
    struct landlock_rules *rules = context;
    char named[PATH_MAX], real[PATH_MAX];
    struct stat status;
    if (!path.len || path.len >= sizeof named)
        return;
    snprintf(named, sizeof named, "%.*s", STR_ARG(path));
    landlock_allow_path(rules, named, LANDLOCK_READ);
    if (stat(named, &status) == 0 && S_ISDIR(status.st_mode))
        return;
    allow_folder_of(rules, named, LANDLOCK_READ);
    if (realpath(named, real))
        allow_folder_of(rules, real, LANDLOCK_READ);
}

static void allow_list(struct landlock_rules *rules, struct str paths)
{
    while (paths.len)
        allow_file(rules, str_cut(&paths, ':'));
}

static void allow_socket(struct landlock_rules *rules, struct str listen)
{
    const struct str scheme = STR("unix:");
    char path[PATH_MAX];
    if (!str_starts_with(listen, scheme))
        return;
    snprintf(path, sizeof path, "%.*s", STR_ARG(str_from(listen, scheme.len)));
    allow_folder_of(rules, path, LANDLOCK_SOCKETS);
}

static int restrict_files(const struct option_sources *sources, const struct settings *settings)
{
    struct landlock_rules rules;
    landlock_begin_files(&rules);
    for (size_t i = 0; i < sizeof common_paths / sizeof common_paths[0]; i++)
        landlock_allow_path(&rules, common_paths[i], LANDLOCK_READ);
    for (size_t i = 0; i < sizeof path_variables / sizeof path_variables[0]; i++)
        allow_list(&rules, str_of(secure_getenv(path_variables[i])));
    allow_file(&rules, STR("/etc/resolv.conf"));
    allow_file(&rules, str_of(sources->config_file));
    settings_visit_files(settings, allow_file, &rules);
    allow_socket(&rules, settings->listen);
    allow_socket(&rules, settings->admin_listen);
    allow_socket(&rules, settings->sandbox_smtp_listen);
    return landlock_enforce(&rules);
}

/* --- What is said of it */

static void warn(const char *what, int error)
{
    log_event(LOG_LEVEL_WARN, what, LOG_TEXT("reason", fault_errno_text(error)));
}

static bool is_in_container(void)
{
    return getpid() == 1 || getenv("container") || getenv("KUBERNETES_SERVICE_HOST") ||
           access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
}

/* --- The steps */

void confine_files(struct confinement *confinement, const struct option_sources *sources,
                   const struct settings *settings)
{
    *confinement = (struct confinement){.is_off = sources->no_sandboxing};
    if (geteuid() == 0 && !is_in_container())
        log_event(LOG_LEVEL_WARN, "running as root: give Postern a user of its own");
    if (confinement->is_off) {
        log_event(LOG_LEVEL_WARN, "not confined: that is for debuggers and tests, not for service");
        return;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        warn("not confined: new privileges may be gained", errno);
    int error = restrict_files(sources, settings);
    confinement->has_files = !error;
    if (error)
        warn("not confined: all files are in reach", error);
}

static uint16_t port_of(const struct smtp_relay *relay)
{
    return relay->proxy.kind == SMTP_PROXY_NONE ? relay->port : relay->proxy.port;
}

/* Those that are connected to by TCP; a Unix socket has none. */
static size_t list_ports(const struct configuration *configuration, uint16_t ports[static CONFINE_MAX_PORTS])
{
    const struct relay_list *relays = &configuration->relays;
    size_t count = 0;
    ports[count++] = DNS_PORT;
    for (size_t i = 0; i < relays->count; i++)
        if (port_of(&relays->items[i]))
            ports[count++] = port_of(&relays->items[i]);
    if (configuration->collector.is_given)
        ports[count++] = configuration->collector.place.port;
    return count;
}

/* A kernel before 6.7 cannot do this, and that is no reason to worry anybody at every start. */
void confine_network(struct confinement *confinement, const struct configuration *configuration)
{
    struct landlock_rules rules;
    if (confinement->is_off)
        return;
    landlock_begin_ports(&rules);
    uint16_t ports[CONFINE_MAX_PORTS] = {0};
    size_t count = list_ports(configuration, ports);
    for (size_t i = 0; i < count; i++)
        landlock_allow_port(&rules, ports[i]);
    int error = landlock_enforce(&rules);
    if (!error) {
        memcpy(confinement->ports, ports, sizeof ports);
        confinement->port_count = count;
    } else if (error != EOPNOTSUPP) {
        warn("not confined: all ports are in reach", error);
    }
}

void confine_calls(struct confinement *confinement)
{
    if (confinement->is_off)
        return;
    int error = seccomp_restrict_calls();
    confinement->has_calls = !error;
    if (error)
        warn("not confined: all system calls are in reach", error);
    log_event(LOG_LEVEL_INFO, "confined", LOG_TEXT("system_calls", error ? "any" : "listed"),
              LOG_TEXT("files", confinement->has_files ? "named" : "any"),
              LOG_TEXT("ports", confinement->port_count ? "of relays" : "any"));
}

static bool is_known(const struct confinement *confinement, uint16_t port)
{
    for (size_t i = 0; i < confinement->port_count; i++)
        if (confinement->ports[i] == port)
            return true;
    return false;
}

bool confine_bears(const struct confinement *confinement, const struct configuration *configuration,
                   struct fault *fault)
{
    uint16_t ports[CONFINE_MAX_PORTS];
    size_t count = list_ports(configuration, ports);
    for (size_t i = 0; confinement->port_count && i < count; i++)
        if (!is_known(confinement, ports[i]))
            return fault_set(
                fault, FAULT_INVALID_REQUEST,
                "port %u is new: Postern gave up all ports but those that it had at its start, and "
                "needs a restart",
                ports[i]);
    return true;
}
