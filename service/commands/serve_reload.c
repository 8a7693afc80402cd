#include "base/log.h"
#include "service/commands/serve_inside.h"
#include "service/process/listen_tls.h"

#include <stdio.h>

/* What is to be replaced is all loaded first. A listener that speaks plain HTTP goes on to, and one with TLS
 * keeps it where no certificate is named any more. */
static bool load_again(struct service *service, struct configuration **fresh, struct tls_identity **identity,
                       struct fault *fault)
{
    *identity = NULL;
    *fresh =
        configuration_load(service->sources, service->sandbox, &service->launcher, service->stop_fd, fault);
    return *fresh && confine_bears(&service->confinement, *fresh, fault) &&
           (!service->tls || listen_tls_load(&(*fresh)->settings, identity, fault));
}

static bool reload(struct service *service, struct fault *fault)
{
    struct configuration *fresh;
    struct tls_identity *identity;
    if (!load_again(service, &fresh, &identity, fault) ||
        !gate_check(service->gate, &fresh->settings, fault) ||
        !exporter_bears(service->exporter, fresh, fault) ||
        !gateway_replace(service->gateway, fresh, fault)) {
        tls_identity_release(&identity);
        configuration_release(&fresh);
        return false;
    }
    if (identity)
        tls_listener_replace(service->tls, identity);
    gate_replace(service->gate, fresh);
    exporter_replace(service->exporter, fresh);
    configuration_release(&service->configuration);
    service->configuration = fresh;
    return true;
}

static void tell_refused(struct service *service, const struct fault *fault)
{
    const struct settings *settings = &service->configuration->settings;
    char status[sizeof fault->detail + 64];
    /* What was refused may have wanted another log. */
    log_configure((enum log_level)settings->log_level, (enum log_format)settings->log_format);
    log_event(LOG_LEVEL_ERROR, "the configuration was not reloaded", LOG_TEXT("detail", fault->detail));
    snprintf(status, sizeof status, "the configuration was not reloaded: %s", fault->detail);
    notify_tell(&service->notify, NOTIFY_READY, str_of(status));
}

void serve_reload(struct service *service)
{
    struct fault fault;
    notify_tell(&service->notify, NOTIFY_RELOADING, STR("reading the configuration again"));
    if (!reload(service, &fault)) {
        tell_refused(service, &fault);
        return;
    }
    log_event(LOG_LEVEL_INFO, "the configuration was reloaded",
              LOG_INT("relays", (int64_t)service->configuration->relays.count));
    notify_tell(&service->notify, NOTIFY_READY, STR("taking messages"));
}
