#include "service/settings/configuration.h"

#include "base/log.h"
#include "service/access/redirect.h"
#include "service/settings/dkim_keys.h"
#include "service/settings/option_table.h"
#include "service/watch/trace_header.h"
#include "smtp/envelope.h"
#include "smtp/resolve.h"
#include "smtp/tls_memory.h"

#include <netdb.h>
#include <stdlib.h>
#include <unistd.h>

enum { MAX_ARENA_BYTES = 8 << 20, OWN_NAME_MS = 1000 };

/* In the sandbox each message has a session of its own, so that its dialogue is whole and what is rehearsed meets the
 * very next one; it goes by DATA, as every relay takes it; and what was refused once is tried again. */
static bool suggest_for_sandbox(struct settings *settings, struct fault *fault)
{
    return option_suggest(settings, "smtp_max_messages", "1", fault) &&
           option_suggest(settings, "smtp_max_failures", "0", fault) &&
           option_suggest(settings, "smtp_login_window", "1ms", fault) &&
           option_suggest(settings, "smtp_chunking", "off", fault) &&
           option_suggest(settings, "smtp_overlap", "off", fault);
}

static bool find_relays(struct configuration *configuration, const struct sandbox *sandbox,
                        struct fault *fault)
{
    struct relay_list *relays = &configuration->relays;
    struct settings *settings = &configuration->settings;
    if (!sandbox) {
        if (!relay_list_read(&configuration->arena, settings, relays, fault))
            return false;
        for (size_t i = 0; i < relays->count; i++)
            relays->items[i].token = token_source_for_relay(&configuration->token);
        return true;
    }
    /* The settings' own terms (timeouts, EHLO name) hold for the sandbox too; where to and as whom are its
     * own. */
    settings->smtp_url = STR("smtp://sandbox");
    settings->smtp_service = (struct str){0};
    if (!suggest_for_sandbox(settings, fault) ||
        !relay_list_read(&configuration->arena, settings, relays, fault))
        return false;
    sandbox_fill_relay(sandbox, &relays->items[0]);
    return true;
}

/* The two exceptions to "TLS, verified" are said out loud at every start. */
static void warn_of_weak_tls(const struct smtp_relay *relay)
{
    if (relay->tls == SMTP_TLS_NONE && !smtp_relay_is_local(relay))
        log_event(LOG_LEVEL_WARN, "the relay is spoken to in the clear (tls=none)",
                  LOG_STR("relay", relay->host));
    if (relay->insecure)
        log_event(LOG_LEVEL_WARN, "the relay's certificate is not verified (tls=insecure)",
                  LOG_STR("relay", relay->host));
}

static bool prepare_relays(struct configuration *configuration, int stop_fd, struct fault *fault)
{
    for (size_t i = 0; i < configuration->relays.count; i++) {
        struct smtp_relay *relay = &configuration->relays.items[i];
        relay->stop_fd = stop_fd;
        if (!smtp_relay_prepare(relay, fault))
            return false;
        warn_of_weak_tls(relay);
    }
    return true;
}

/* RFC 5321 4.1.3: the full name, where this host has one; absent, the session greets with its address. */
static struct str find_ehlo_name(struct arena *arena, int stop_fd)
{
    char name[256];
    if (gethostname(name, sizeof name) != 0)
        return (struct str){0};
    name[sizeof name - 1] = '\0';
    struct addrinfo *found;
    int ignored_error;
    struct str canonical = str_of(name);
    smtp_resolve(name, 0, AI_CANONNAME, stop_fd, deadline_after_ms(OWN_NAME_MS), &found, &ignored_error);
    if (found && found->ai_canonname)
        canonical = str_of(found->ai_canonname);
    struct fault ignored;
    bool is_full =
        str_index(canonical, '.') < canonical.len && smtp_envelope_check_ehlo_name(canonical, &ignored);
    struct str kept = is_full ? arena_copy(arena, canonical) : (struct str){0};
    if (found)
        freeaddrinfo(found);
    return kept;
}

const struct smtp_relay *configuration_relay(struct configuration *configuration, size_t index)
{
    struct relay_list *relays = &configuration->relays;
    pthread_mutex_lock(&configuration->naming);
    if (!configuration->is_named && !configuration->settings.smtp_ehlo_name.data) {
        struct str name = find_ehlo_name(&configuration->arena, relays->items[index].stop_fd);
        for (size_t i = 0; i < relays->count; i++)
            relays->items[i].ehlo_name = name;
    }
    configuration->is_named = true;
    pthread_mutex_unlock(&configuration->naming);
    return &relays->items[index];
}

/* What is said from here on is said as the settings want it. */
static bool load_settings(struct settings *settings, const struct option_sources *sources,
                          struct fault *fault)
{
    if (!settings_load(settings, sources, fault))
        return false;
    log_configure((enum log_level)settings->log_level, (enum log_format)settings->log_format);
    return true;
}

/* For want of memory OpenSSL 3.0 leaves out certificates of a file, and calls it loaded; or algorithms, where it begins
 * here, and is without them from then on. */
static bool check_memory(unsigned failures_before, struct fault *fault)
{
    return smtp_tls_memory_failures() == failures_before ||
           fault_set(fault, FAULT_OVERLOADED, "out of memory while keys and certificates were loaded");
}

struct configuration *configuration_load(const struct option_sources *sources, const struct sandbox *sandbox,
                                         const struct launcher *launcher, int stop_fd, struct fault *fault)
{
    unsigned memory_failures = smtp_tls_memory_failures();
    struct configuration *configuration = calloc(1, sizeof *configuration);
    if (!configuration) {
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&configuration->naming, NULL);
    atomic_init(&configuration->references, 1);
    arena_init(&configuration->arena, MAX_ARENA_BYTES);
    if (!load_settings(&configuration->settings, sources, fault) ||
        !token_source_init(&configuration->token, &configuration->settings, launcher, stop_fd, fault) ||
        !dkim_keys_load(&configuration->arena, &configuration->settings, &configuration->dkim, fault) ||
        !admission_load(&configuration->arena, &configuration->settings, &configuration->admission, fault) ||
        !redirect_load(&configuration->arena, &configuration->settings, &configuration->redirect_to, fault) ||
        !trace_header_check(configuration->settings.trace_header, fault) ||
        !collector_load(&configuration->arena, &configuration->settings, &configuration->collector, fault) ||
        !find_relays(configuration, sandbox, fault) || !prepare_relays(configuration, stop_fd, fault) ||
        !check_memory(memory_failures, fault))
        configuration_release(&configuration);
    return configuration;
}

struct configuration *configuration_hold(struct configuration *configuration)
{
    atomic_fetch_add(&configuration->references, 1);
    return configuration;
}

void configuration_release(struct configuration **configuration)
{
    struct configuration *gone = *configuration;
    *configuration = NULL;
    if (!gone || atomic_fetch_sub(&gone->references, 1) > 1)
        return;
    for (size_t i = 0; i < gone->relays.count; i++)
        smtp_relay_fini(&gone->relays.items[i]);
    collector_fini(&gone->collector);
    dkim_ring_fini(&gone->dkim);
    token_source_fini(&gone->token);
    arena_fini(&gone->arena);
    settings_fini(&gone->settings);
    pthread_mutex_destroy(&gone->naming);
    free(gone);
}
