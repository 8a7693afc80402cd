#include "service/relay_url.h"

#include "smtp/sasl.h"
#include "smtp/services.h"

enum { SUBMISSION_PORT = 587, SUBMISSIONS_PORT = 465 };

/* RFC 3986 2.1. Absent on a broken escape, or on one that would be a NUL. */
static struct str percent_decode(struct arena *arena, struct str text)
{
    char *decoded = arena_take(arena, text.len + 1);
    size_t len = 0;
    for (size_t i = 0; decoded && i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = text.len - i > 2 ? char_hex_value(text.data[i + 1]) : -1;
            int low = text.len - i > 2 ? char_hex_value(text.data[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return (struct str){0};
            c = (char)(high << 4 | low);
            i += 2;
        }
        decoded[len++] = c;
    }
    return (struct str){decoded, len};
}

static bool parse_scheme(struct str *rest, struct smtp_relay *relay)
{
    static const struct {
        struct str prefix;
        enum smtp_tls tls;
        uint16_t port;
    } schemes[] = {{STR("smtp://"), SMTP_TLS_STARTTLS, SUBMISSION_PORT},
                   {STR("smtps://"), SMTP_TLS_IMPLICIT, SUBMISSIONS_PORT}};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_starts_with(*rest, schemes[i].prefix)) {
            *rest = str_from(*rest, schemes[i].prefix.len);
            relay->tls = schemes[i].tls;
            relay->port = schemes[i].port;
            return true;
        }
    return false;
}

static bool parse_query(struct str query, struct smtp_relay *relay)
{
    if (!query.data)
        return true;
    if (str_equal(query, STR("tls=none")))
        relay->tls = SMTP_TLS_NONE;
    else if (str_equal(query, STR("tls=insecure")))
        relay->insecure = true;
    else
        return false;
    return true;
}

static bool parse_userinfo(struct arena *arena, struct str userinfo, struct smtp_relay *relay)
{
    struct str password = userinfo;
    struct str username = str_cut(&password, ':');
    relay->username = percent_decode(arena, username);
    if (password.data)
        relay->password = percent_decode(arena, password);
    return relay->username.data && relay->username.len && (!password.data || relay->password.data);
}

/* host, host:port, [v6], [v6]:port */
static bool parse_host_port(struct arena *arena, struct str text, struct smtp_relay *relay)
{
    struct str port = {0};
    if (text.len && text.data[0] == '[') {
        struct str rest = str_from(text, 1);
        relay->host = arena_copy(arena, str_cut(&rest, ']'));
        if (!rest.data || (rest.len && rest.data[0] != ':'))
            return false;
        if (rest.len)
            port = str_from(rest, 1);
    } else {
        port = text;
        relay->host = arena_copy(arena, str_cut(&port, ':'));
    }
    uint64_t number;
    if (port.data && (!str_to_uint(port, UINT16_MAX, &number) || number == 0))
        return false;
    if (port.data)
        relay->port = (uint16_t)number;
    return relay->host.len > 0;
}

/* The last "@" ends the credentials, so that a forgotten %40 in a password still reads as meant. */
static struct str cut_userinfo(struct str *authority)
{
    size_t at = str_last_index(*authority, '@');
    if (at == authority->len)
        return (struct str){0};
    struct str userinfo = str_first(*authority, at);
    *authority = str_from(*authority, at + 1);
    return userinfo;
}

bool relay_url_parse(struct arena *arena, struct str url, struct smtp_relay *relay, struct fault *fault)
{
    struct str rest = url;
    if (!parse_scheme(&rest, relay))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_url: it begins with neither smtp:// nor smtps://");
    struct str userinfo = cut_userinfo(&rest);
    if (userinfo.data && !parse_userinfo(arena, userinfo, relay))
        return fault_set(
            fault, FAULT_INVALID_REQUEST,
            "option smtp_url: user and password are not user:password with %%XX for special characters");
    struct str query = rest;
    struct str authority = str_cut(&query, '?');
    if (authority.len && authority.data[authority.len - 1] == '/')
        authority.len--;
    if (!parse_query(query, relay))
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_url: behind the \"?\" only tls=none or tls=insecure may stand");
    if (!parse_host_port(arena, authority, relay))
        return fault_set(fault, FAULT_INVALID_REQUEST, "option smtp_url: no valid host, or no valid port");
    return true;
}

static bool read_service(struct arena *arena, struct str name, struct relay_list *relays, struct fault *fault)
{
    const struct smtp_service *service = smtp_service_find(name);
    if (!service)
        return fault_set(fault, FAULT_INVALID_REQUEST, "option smtp_service: \"%.*s\" is not known",
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

static void apply_settings(struct smtp_relay *relay, const struct settings *settings)
{
    if (settings->smtp_username.data)
        relay->username = settings->smtp_username;
    if (settings->smtp_password.data)
        relay->password = settings->smtp_password;
    relay->oauth_token = settings->smtp_oauth_token;
    relay->auth = settings->smtp_auth;
    relay->ca_file = settings->smtp_ca_file;
    relay->client_cert_file = settings->smtp_client_cert_file;
    relay->client_key_file = settings->smtp_client_key_file;
    relay->ehlo_name = settings->smtp_ehlo_name;
    relay->stop_fd = -1;
    relay->timeouts = settings->timeouts;
}

static bool is_known_mechanism(struct str name)
{
    const struct smtp_sasl_mechanism *mechanism;
    for (size_t row = 0; (mechanism = smtp_sasl_mechanism_at(row)); row++)
        if (str_equal_nocase(name, str_of(mechanism->name)))
            return true;
    return false;
}

/* What could never log in is known before the first mail. */
static bool check_login(const struct smtp_relay *relay, struct fault *fault)
{
    bool is_auto = str_equal_nocase(relay->auth, STR("auto"));
    for (struct str rest = relay->auth; rest.data && !is_auto;) {
        struct str name = str_cut(&rest, ' ');
        if (name.len && !is_known_mechanism(name))
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "option smtp_auth: \"%.*s\" is not a mechanism that is known", STR_ARG(name));
    }
    if (relay->username.data && !relay->password.data && !relay->oauth_token.data)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option smtp_password: there is a user name for %.*s, but no password and no token",
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
    for (size_t i = 0; i < relays->count; i++) {
        apply_settings(&relays->items[i], settings);
        if (!check_login(&relays->items[i], fault))
            return false;
    }
    return arena->failed ? fault_set(fault, FAULT_OVERLOADED, "out of memory while reading the relays")
                         : true;
}
