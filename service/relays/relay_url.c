#include "service/relays/relay_url.h"

#include "service/relays/url.h"
#include "smtp/sasl.h"
#include "smtp/services.h"

enum {
    SUBMISSION_PORT = 587,
    SUBMISSIONS_PORT = 465,
    LMTP_PORT = 24,
    SOCKS_PORT = 1080,
    HTTP_PROXY_PORT = 3128
};

enum { MAX_WEIGHT = 1000 };

static bool refuse(struct fault *fault, const char *option, const char *problem)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: %s", option, problem);
}

static bool parse_parameter(struct str parameter, struct smtp_relay *relay)
{
    const struct str weight = STR("weight=");
    uint64_t number;
    if (str_equal(parameter, STR("tls=none"))) {
        relay->tls = SMTP_TLS_NONE;
    } else if (str_equal(parameter, STR("tls=insecure"))) {
        relay->insecure = true;
    } else if (str_starts_with(parameter, weight) &&
               str_to_uint(str_from(parameter, weight.len), MAX_WEIGHT, &number)) {
        relay->weight = (unsigned)number;
    } else {
        return false;
    }
    return true;
}

static bool parse_query(struct str query, struct smtp_relay *relay)
{
    while (query.data)
        if (!parse_parameter(str_cut(&query, '&'), relay))
            return false;
    return !(relay->insecure && relay->tls == SMTP_TLS_NONE);
}

/* A Unix socket does not leave this machine: there is nothing for TLS to protect. */
static bool settle_local(struct smtp_relay *relay, struct fault *fault)
{
    if (relay->tls == SMTP_TLS_IMPLICIT || relay->insecure)
        return refuse(fault, "smtp_url", "a Unix socket takes no TLS: smtp:///path or lmtp:///path is meant");
    relay->tls = SMTP_TLS_NONE;
    relay->port = 0;
    return true;
}

bool relay_url_parse(struct arena *arena, struct str url, struct smtp_relay *relay, struct fault *fault)
{
    static const char *const schemes[] = {"smtp://", "smtps://", "lmtp://", NULL};
    static const struct {
        enum smtp_protocol protocol;
        enum smtp_tls tls;
        uint16_t port;
    } meanings[] = {{SMTP_PROTOCOL_SMTP, SMTP_TLS_STARTTLS, SUBMISSION_PORT},
                    {SMTP_PROTOCOL_SMTP, SMTP_TLS_IMPLICIT, SUBMISSIONS_PORT},
                    {SMTP_PROTOCOL_LMTP, SMTP_TLS_STARTTLS, LMTP_PORT}};
    struct url parts;
    const char *problem = url_parse(arena, url, schemes, &parts);
    if (problem)
        return refuse(fault, "smtp_url",
                      schemes[parts.scheme] ? problem
                                            : "it begins with none of smtp://, smtps:// and lmtp://");
    relay->host = parts.host;
    relay->port = parts.port ? parts.port : meanings[parts.scheme].port;
    relay->username = parts.username;
    relay->password = parts.password;
    relay->protocol = meanings[parts.scheme].protocol;
    relay->tls = meanings[parts.scheme].tls;
    if (!parse_query(parts.query, relay))
        return refuse(fault, "smtp_url",
                      "behind the \"?\" only tls=none or tls=insecure, and weight=0 to 1000, may stand");
    return !smtp_relay_is_local(relay) || settle_local(relay, fault);
}

bool proxy_url_parse(struct arena *arena, struct str url, struct smtp_proxy *proxy, struct fault *fault)
{
    static const char *const schemes[] = {"socks5://", "socks5h://", "http://", NULL};
    static const enum smtp_proxy_kind kinds[] = {SMTP_PROXY_SOCKS5, SMTP_PROXY_SOCKS5, SMTP_PROXY_HTTP};
    struct url parts;
    const char *problem = url_parse(arena, url, schemes, &parts);
    if (problem)
        return refuse(fault, "smtp_proxy",
                      schemes[parts.scheme] ? problem : "it begins with neither socks5:// nor http://");
    if (parts.query.data || parts.host.data[0] == '/')
        return refuse(fault, "smtp_proxy", "host and port are wanted, and nothing behind them");
    *proxy = (struct smtp_proxy){kinds[parts.scheme], parts.host, parts.port, parts.username, parts.password};
    if (!proxy->port)
        proxy->port = proxy->kind == SMTP_PROXY_SOCKS5 ? SOCKS_PORT : HTTP_PROXY_PORT;
    /* RFC 1929 2 counts by an octet; RFC 7617 2 parts by the first colon. */
    if (proxy->username.len > UINT8_MAX || proxy->password.len > UINT8_MAX)
        return refuse(fault, "smtp_proxy", "user and password have 255 octets at most");
    if (proxy->kind == SMTP_PROXY_HTTP && str_index(proxy->username, ':') < proxy->username.len)
        return refuse(fault, "smtp_proxy", "the user holds a colon");
    return true;
}

void relay_services_append(struct buf *out)
{
    enum { MAX_COLUMNS = 100 };
    const struct smtp_service *service;
    size_t column = MAX_COLUMNS;
    for (size_t row = 0; (service = smtp_service_at(row)); row++) {
        struct str name = str_of(service->name);
        bool fits = column + 1 + name.len < MAX_COLUMNS;
        if (row > 0)
            buf_append(out, fits ? STR(" ") : STR("\n"));
        if (!fits)
            buf_append(out, STR("  "));
        column = fits ? column + 1 + name.len : 2 + name.len;
        buf_append(out, name);
    }
    buf_append_char(out, '\n');
}

static bool read_service(struct arena *arena, struct str name, struct relay_list *relays, struct fault *fault)
{
    const struct smtp_service *service = smtp_service_find(name);
    if (!service)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_service: \"%.*s\" is not known (postern --help lists those that are)",
                         STR_ARG(name));
    relays->items[relays->count++] = (struct smtp_relay){
        .host = arena_copy(arena, str_of(service->host)), .port = service->port, .tls = service->tls};
    return true;
}

static bool read_urls(struct arena *arena, struct str urls, struct relay_list *relays, struct fault *fault)
{
    while (urls.data) {
        struct str url = str_cut(&urls, ' ');
        if (url.len == 0)
            continue;
        if (relays->count == MAX_RELAYS)
            return fault_set(fault, FAULT_INVALID_REQUEST, "option smtp_url: more than %d relays",
                             MAX_RELAYS);
        if (!relay_url_parse(arena, url, &relays->items[relays->count], fault))
            return false;
        relays->count++;
    }
    return true;
}

static void apply_settings(struct smtp_relay *relay, const struct settings *settings,
                           const struct smtp_proxy *proxy)
{
    if (settings->smtp_username.data)
        relay->username = settings->smtp_username;
    if (settings->smtp_password.data)
        relay->password = settings->smtp_password;
    relay->auth = settings->smtp_auth;
    relay->ca_file = settings->smtp_ca_file;
    relay->client_cert_file = settings->smtp_client_cert_file;
    relay->client_key_file = settings->smtp_client_key_file;
    relay->ehlo_name = settings->smtp_ehlo_name;
    relay->chunking = settings->smtp_chunking == SWITCHED_ON;
    relay->proxy = *proxy;
    relay->stop_fd = -1;
    relay->timeouts = settings->timeouts;
}

/* What could never log in is known before the first mail. */
static bool check_login(const struct smtp_relay *relay, bool has_token, struct fault *fault)
{
    bool is_auto = str_equal_nocase(relay->auth, STR("auto"));
    for (struct str rest = relay->auth; rest.data && !is_auto;) {
        struct str name = str_cut(&rest, ' ');
        if (name.len && !smtp_sasl_mechanism_find(name))
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "option smtp_auth: \"%.*s\" is not a mechanism that is known", STR_ARG(name));
    }
    if (relay->username.data && !relay->password.data && !has_token && !relay->client_cert_file.data)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_password: there is a user name for %.*s, but no password, no token and "
                         "no client certificate",
                         STR_ARG(relay->host));
    return true;
}

bool relay_list_read(struct arena *arena, const struct settings *settings, struct relay_list *relays,
                     struct fault *fault)
{
    *relays = (struct relay_list){0};
    if (settings->smtp_url.data && settings->smtp_service.data)
        return fault_set(fault, FAULT_INVALID_REQUEST, "options smtp_url and smtp_service: only one of them");
    if (settings->smtp_service.data && !read_service(arena, settings->smtp_service, relays, fault))
        return false;
    if (!read_urls(arena, settings->smtp_url, relays, fault))
        return false;
    if (relays->count == 0)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_url: it is needed, for example "
                         "POSTERN_SMTP_URL=smtp://user:password@smtp.example.com:587");
    struct smtp_proxy proxy = {0};
    if (settings->smtp_proxy.data && !proxy_url_parse(arena, settings->smtp_proxy, &proxy, fault))
        return false;
    bool has_token = settings->smtp_oauth_token.data || settings->smtp_oauth_token_file.data ||
                     settings->smtp_oauth_command.data;
    for (size_t i = 0; i < relays->count; i++) {
        apply_settings(&relays->items[i], settings, &proxy);
        if (!check_login(&relays->items[i], has_token, fault))
            return false;
    }
    return arena->failed ? fault_set(fault, FAULT_OVERLOADED, "out of memory while reading the relays")
                         : true;
}
