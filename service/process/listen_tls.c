#include "service/process/listen_tls.h"

#include "base/clock.h"
#include "base/log.h"
#include "service/settings/files.h"

enum { MS_PER_S = 1000 };

static bool read_pem(struct str path, const char *option, struct buf *pem, struct fault *fault)
{
    struct fault unfit;
    return file_read(path.data, pem, &unfit) ||
           fault_set(fault, FAULT_INVALID_REQUEST, "option %s: %s", option, unfit.detail);
}

/* One file may hold both. */
static struct str key_file_of(const struct settings *settings)
{
    return settings->listen_tls_key_file.data ? settings->listen_tls_key_file
                                              : settings->listen_tls_cert_file;
}

static struct tls_identity *load_pair(const struct settings *settings, struct fault *fault)
{
    const struct str cert_file = settings->listen_tls_cert_file, key_file = key_file_of(settings);
    struct buf certificate, key;
    struct fault unfit;
    if (!read_pem(cert_file, "listen_tls_cert_file", &certificate, fault))
        return NULL;
    if (!read_pem(key_file, "listen_tls_key_file", &key, fault)) {
        buf_wipe(&certificate);
        return NULL;
    }
    struct tls_identity *identity = tls_identity_new(buf_view(&certificate), buf_view(&key), &unfit);
    if (!identity)
        fault_set(fault, unfit.code, "listen_tls_cert_file %.*s with listen_tls_key_file %.*s: %s",
                  STR_ARG(cert_file), STR_ARG(key_file), unfit.detail);
    buf_wipe(&certificate);
    buf_wipe(&key);
    return identity;
}

static bool require_clients(const struct settings *settings, struct tls_identity *identity,
                            struct fault *fault)
{
    const struct str file = settings->listen_tls_client_ca_file;
    struct buf client_ca;
    struct fault unfit;
    if (!file.data)
        return true;
    if (!read_pem(file, "listen_tls_client_ca_file", &client_ca, fault))
        return false;
    bool required = tls_identity_require_clients(identity, buf_view(&client_ca), &unfit) ||
                    fault_set(fault, unfit.code, "option listen_tls_client_ca_file: %s (%.*s)", unfit.detail,
                              STR_ARG(file));
    buf_fini(&client_ca);
    return required;
}

static void tell_validity(const struct settings *settings, const struct tls_identity *identity)
{
    const struct log_field file = LOG_STR("file", settings->listen_tls_cert_file);
    char begins[CLOCK_RFC3339_BYTES], ends[CLOCK_RFC3339_BYTES];
    int64_t now_s = clock_wall_ms() / MS_PER_S;
    clock_format_rfc3339(identity->begins_s * MS_PER_S, begins);
    clock_format_rfc3339(identity->ends_s * MS_PER_S, ends);
    if (now_s > identity->ends_s)
        log_event(LOG_LEVEL_WARN, "the certificate of the listener has expired", file,
                  LOG_TEXT("expired", ends));
    else if (now_s < identity->begins_s)
        log_event(LOG_LEVEL_WARN, "the certificate of the listener is not valid yet", file,
                  LOG_TEXT("begins", begins));
    else
        log_event(LOG_LEVEL_INFO, "the certificate of the listener was loaded", file,
                  LOG_TEXT("expires", ends));
}

/* What is of no use alone is a mistake, and would be a dangerous one: a listener without the TLS, or the client
 * certificates, that somebody believes in. */
static bool check_alone(const struct settings *settings, struct fault *fault)
{
    const char *option = settings->listen_tls_key_file.data         ? "listen_tls_key_file"
                         : settings->listen_tls_client_ca_file.data ? "listen_tls_client_ca_file"
                                                                    : NULL;
    return !option || fault_set(fault, FAULT_INVALID_REQUEST,
                                "option %s: without listen_tls_cert_file there is no TLS", option);
}

bool listen_tls_load(const struct settings *settings, struct tls_identity **identity, struct fault *fault)
{
    *identity = NULL;
    if (!settings->listen_tls_cert_file.data)
        return check_alone(settings, fault);
    *identity = load_pair(settings, fault);
    if (!*identity)
        return false;
    if (!require_clients(settings, *identity, fault)) {
        tls_identity_release(identity);
        return false;
    }
    tell_validity(settings, *identity);
    return true;
}
