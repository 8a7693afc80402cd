/* Endpoint and header fields are written as OpenTelemetry's own variables are (OTEL_EXPORTER_OTLP_ENDPOINT and
 * _HEADERS): "v1/traces" is added to the endpoint's path, and fields are name=value with commas between them, values
 * percent-encoded. */
#include "service/watch/collector.h"

#include "base/percent.h"
#include "service/relays/url.h"

enum {
    HTTP_PORT = 80,
    HTTPS_PORT = 443,
    CONNECT_MS = 5000,
    BLOCK_MS = 10000,
    MAX_PATH_BYTES = 1024,
    MAX_FIELDS_BYTES = 8192
};

static bool refuse(struct fault *fault, const char *option, const char *why)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: %s", option, why);
}

/* The path behind the host, which is cut off, and v1/traces behind that. */
static struct str take_path(struct arena *arena, struct str *url)
{
    size_t scheme_end = str_index(*url, ':') + sizeof "://" - 1;
    size_t slash = scheme_end + str_index(str_from(*url, scheme_end), '/');
    struct str path = str_from(*url, slash);
    *url = str_first(*url, slash);
    while (path.len && path.data[path.len - 1] == '/')
        path.len--;
    if (path.len > MAX_PATH_BYTES || (path.len && !str_is_visible(path)) || str_index(path, '?') < path.len ||
        str_index(path, '#') < path.len)
        return (struct str){0};
    return arena_format(arena, "%.*s/v1/traces", STR_ARG(path));
}

static bool load_endpoint(struct arena *arena, struct str text, struct collector *collector,
                          struct fault *fault)
{
    static const char option[] = "otlp_endpoint";
    static const char *const schemes[] = {"http://", "https://", NULL};
    struct url parts;
    if (!str_starts_with(text, STR("http://")) && !str_starts_with(text, STR("https://")))
        return refuse(fault, option, "it begins with neither http:// nor https://");
    collector->path = take_path(arena, &text);
    if (!collector->path.data)
        return refuse(fault, option, "its path is none, or too long, or a query stands behind it");
    const char *problem = url_parse(arena, text, schemes, &parts);
    if (problem)
        return refuse(fault, option, problem);
    if (parts.query.data || parts.host.data[0] == '/' || !str_is_visible(text))
        return refuse(fault, option, "host, port and path are wanted, and nothing behind them");
    if (parts.username.data)
        return refuse(fault, option, "credentials go into otlp_headers");
    bool has_tls = parts.scheme == 1;
    collector->place.host = parts.host;
    collector->place.port = parts.port ? parts.port : has_tls ? HTTPS_PORT : HTTP_PORT;
    collector->place.tls = has_tls ? SMTP_TLS_IMPLICIT : SMTP_TLS_NONE;
    collector->authority = str_from(text, has_tls ? sizeof "https://" - 1 : sizeof "http://" - 1);
    collector->authority = arena_copy(arena, collector->authority);
    return true;
}

/* RFC 9110 5.5, without what only old senders have. */
static bool is_field_value(struct str value)
{
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~')
            return false;
    return true;
}

/* Those that frame the request are our own. */
static bool is_ours(struct str name)
{
    static const struct str ours[] = {STR("host"),         STR("connection"),        STR("content-length"),
                                      STR("content-type"), STR("transfer-encoding"), STR("expect"),
                                      STR("upgrade")};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if (str_equal_nocase(name, ours[i]))
            return true;
    return false;
}

static bool append_field(struct arena *arena, struct buf *fields, struct str member)
{
    struct str name = str_trim(str_cut(&member, '='));
    struct str value = str_trim(member);
    if (!str_is_token(name) || is_ours(name) || !value.len || !percent_is_valid(value))
        return false;
    value = percent_decode(arena, value);
    buf_append(fields, name);
    buf_append(fields, STR(": "));
    buf_append(fields, value);
    buf_append(fields, STR("\r\n"));
    return value.data && is_field_value(value);
}

static bool load_fields(struct arena *arena, struct str text, struct collector *collector,
                        struct fault *fault)
{
    struct buf fields;
    bool valid = true;
    buf_init(&fields, MAX_FIELDS_BYTES);
    while (valid && text.data)
        valid = append_field(arena, &fields, str_cut(&text, ','));
    valid = valid && !fields.failed;
    collector->fields = arena_copy(arena, buf_view(&fields));
    buf_wipe(&fields);
    return valid ||
           refuse(fault, "otlp_headers",
                  "name=value is wanted, several with commas between them, values percent-encoded, and none "
                  "that frames the request");
}

static bool load(struct arena *arena, const struct settings *settings, struct collector *collector,
                 struct fault *fault)
{
    collector->is_given = true;
    collector->place.ca_file = settings->otlp_ca_file;
    collector->place.timeouts.connect_ms = CONNECT_MS;
    collector->place.timeouts.data_block_ms = BLOCK_MS;
    collector->place.stop_fd = -1;
    return load_endpoint(arena, settings->otlp_endpoint, collector, fault) &&
           (!settings->otlp_headers.data || load_fields(arena, settings->otlp_headers, collector, fault)) &&
           smtp_relay_prepare(&collector->place, fault);
}

bool collector_load(struct arena *arena, const struct settings *settings, struct collector *collector,
                    struct fault *fault)
{
    *collector = (struct collector){.fields = STR("")};
    if (!settings->otlp_endpoint.data)
        return true;
    bool loaded = load(arena, settings, collector, fault);
    return arena->failed ? fault_set(fault, FAULT_OVERLOADED, "out of memory") : loaded;
}

void collector_fini(struct collector *collector)
{
    smtp_relay_fini(&collector->place);
}
