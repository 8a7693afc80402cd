/* The table of options: what each is called, what it may be, and how it is read and shown. Where values come
 * from is option_sources.c's.
 */
#include "service/settings/option_table.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

/* URLs are secrets of which only the credentials are masked. */
enum option_kind { KIND_TEXT, KIND_SECRET, KIND_URLS, KIND_COUNT, KIND_DURATION, KIND_CHOICE };

struct option {
    const char *name;
    enum option_kind kind;
    size_t offset;
    const char *default_text; /* NULL: absent */
    uint64_t min, max;        /* of a count, or of a duration in milliseconds */
    const char *choices;      /* separated by spaces; the value is the word's index */
    const char *meaning;
};

enum { SECOND = 1000, HOUR = 3600 * SECOND };

#define MIB(n)                              ((uint64_t)(n) << 20)

#define FIELD(member)                       offsetof(struct settings, member)
#define TEXT(name, preset, text)            #name, KIND_TEXT, FIELD(name), preset, 0, 0, NULL, text
#define SECRET(name, text)                  #name, KIND_SECRET, FIELD(name), NULL, 0, 0, NULL, text
#define URLS(name, text)                    #name, KIND_URLS, FIELD(name), NULL, 0, 0, NULL, text
#define CHOICE(name, preset, words, text)   #name, KIND_CHOICE, FIELD(name), preset, 0, 0, words, text
#define COUNT(name, preset, min, max, text) #name, KIND_COUNT, FIELD(name), preset, min, max, NULL, text
#define LIMIT(name, preset, lo, hi, text)   #name, KIND_COUNT, FIELD(limits.name), preset, lo, hi, NULL, text
#define RATE(name, field, preset, text)     name, KIND_COUNT, FIELD(field), preset, 0, MIB(1024), NULL, text
#define DURATION(name, field, preset, min, text)                                                             \
    name, KIND_DURATION, FIELD(field), preset, min, HOUR, NULL, text

static const struct option options[] = {
    {TEXT(listen, "127.0.0.1:8587",
          "where messages are taken: host:port, [v6]:port, unix:/path, or systemd")},
    {TEXT(admin_listen, "127.0.0.1:8588", "where /livez, /readyz and /metrics are: the same forms, or off")},
    {TEXT(listen_unix_mode, NULL,
          "mode of the files of Unix sockets, such as 0660; without it, as the umask has it")},
    {TEXT(listen_unix_users, NULL,
          "users, by name or number, that may use Unix sockets, separated by spaces; without it, whoever may "
          "open "
          "them")},
    {CHOICE(
        listen_proxied, "no", "no yes",
        "whether a proxy in front has TLS, so that API keys on a plain listener are no cause for a warning")},
    {TEXT(api_keys_file, NULL,
          "file of the API keys that callers need; without it, other hosts cannot reach the listeners")},
    {TEXT(allow_hosts, NULL,
          "names by which callers may call a listener on loopback without API keys, beside localhost and the "
          "like, "
          "separated by spaces")},
    {TEXT(rate_limit, NULL,
          "requests to send of all callers together, such as 100/s or \"6000/m burst 200\"")},
    {TEXT(redirect_to, NULL, "the one address that every message is sent to, in place of its recipients")},
    {TEXT(
        listen_tls_cert_file, NULL,
        "PEM file of the certificate, its chain behind it, with which messages are taken over HTTPS alone")},
    {TEXT(listen_tls_key_file, NULL, "PEM file of that certificate's key; without it, the same file")},
    {TEXT(listen_tls_client_ca_file, NULL,
          "PEM file of the authorities that must have signed a client's certificate; without it, none is "
          "needed")},
    {URLS(smtp_url,
          "the relay: smtp://user:password@host:587 (STARTTLS), smtps://user:password@host:465 (TLS), "
          "lmtp://host:24, or a Unix socket: smtp:///path, lmtp:///path; "
          "several, separated by spaces, are tried in order, or by ?weight=")},
    {TEXT(smtp_service, NULL, "a well-known relay by name (gmail, qq, ...) in place of host and port")},
    {TEXT(smtp_username, NULL, "in place of the user in the URL")},
    {SECRET(smtp_password, "in place of the password in the URL")},
    {TEXT(smtp_auth, "auto", "the allowed AUTH mechanisms in order, separated by spaces, or auto")},
    {SECRET(smtp_oauth_token, "access token for XOAUTH2 and OAUTHBEARER")},
    {TEXT(smtp_oauth_token_file, NULL, "file with that token, read at each login")},
    {SECRET(smtp_oauth_command, "shell command that prints that token, run at a login when it is needed")},
    {TEXT(smtp_ca_file, NULL,
          "PEM file of the authorities that may vouch for the relay; without it, the system's")},
    {TEXT(smtp_client_cert_file, NULL, "PEM file of the certificate to show to the relay")},
    {TEXT(smtp_client_key_file, NULL, "PEM file of that certificate's key")},
    {TEXT(smtp_ehlo_name, NULL,
          "the name to greet with; without it, this host's full name, else its address")},
    {URLS(smtp_proxy, "the proxy on the way to the relay: socks5://user:password@host:1080 or "
                      "http://user:password@host:3128; it resolves the relay's name")},
    {TEXT(dkim_keys, NULL,
          "sign messages whose author is of the domain: domain:selector:file, the file a private key in PEM "
          "(RSA or Ed25519); several, separated by spaces")},
    {TEXT(dkim_headers, NULL, "names of header fields to sign beside the usual ones, separated by spaces")},
    {CHOICE(smtp_chunking, "on", "on off", "whether BDAT is used where the relay offers it")},
    {CHOICE(smtp_overlap, "on", "on off",
            "whether a message that waits is begun with the end of the one before, to save a round trip")},
    {COUNT(smtp_max_connections, "16", 1, 1024, "sessions open with one relay at a time")},
    {COUNT(smtp_max_messages, "100", 1, 1000000, "messages sent over one session before it is closed")},
    {DURATION("smtp_max_age", smtp_max_age_ms, "10m", 1, "how long one session is used before it is closed")},
    {COUNT(smtp_max_failures, "5", 0, 1000,
           "sessions in a row that cannot be opened before messages are refused without trying, for a while "
           "that grows to a minute; 0 for never")},
    {DURATION("smtp_login_window", smtp_login_window_ms, "60s", 1,
              "how long no login is tried after one was refused, unless SIGHUP brings other credentials")},
    {LIMIT(max_body_bytes, "37748736", 1024, MIB(1024), "size of one request body")},
    {LIMIT(max_in_flight_bytes, "268435456", 1024, MIB(65536),
           "memory for all requests and answers held at a time")},
    {COUNT(max_queue, "4096", 1, 1000000, "messages waiting for a session with one relay")},
    {LIMIT(max_recipients, "1000", 1, 100000, "recipients of one message")},
    {LIMIT(max_attachments, "100", 0, 10000, "attachments of one message")},
    {LIMIT(max_headers, "100", 0, 10000, "extra header fields of one message")},
    {LIMIT(max_json_nodes, "20000", 100, 10000000, "values in one JSON body")},
    {COUNT(max_http_connections, "16384", 1, 1000000, "HTTP connections open at a time")},
    {COUNT(max_http_connections_per_address, "8192", 0, 1000000,
           "of which one address, or one IPv6 network of 64 bits, has as many; 0 for no limit")},
    {COUNT(http_threads, "2", 1, 64, "threads that read and answer HTTP")},
    {DURATION("timeout_request", timeout_request_ms, "2m", 1,
              "for one message in all, from its last byte in to its answer")},
    {DURATION("timeout_shutdown", timeout_shutdown_ms, "30s", 0,
              "for what is being sent when a stop is asked for")},
    {DURATION("timeout_http_idle", http_pace.idle_ms, "60s", SECOND,
              "for an HTTP connection that says nothing")},
    {DURATION("timeout_http_header", http_pace.header_ms, "20s", 1, "for the header of a request, in all")},
    {DURATION("timeout_http_body", http_pace.body_ms, "5m", 1, "for the body of a request, in all")},
    {DURATION("timeout_http_response", http_pace.answer_ms, "2m", 1,
              "for the client to take an answer, in all")},
    {RATE("min_http_body_rate", http_pace.min_body_rate, "1024",
          "bytes a second at which a body has to come, over each 10 seconds; 0 for no limit")},
    {DURATION("timeout_smtp_idle", timeout_smtp_idle_ms, "10s", 1,
              "for a session that has no message to send")},
    {DURATION("timeout_connect", timeouts.connect_ms, "10s", 1,
              "for a connection to one address of the relay")},
    {DURATION("timeout_greeting", timeouts.greeting_ms, "5m", 1,
              "for the relay's greeting and each reply before MAIL")},
    {DURATION("timeout_oauth_command", timeout_oauth_command_ms, "30s", 1,
              "for the command that prints the access token")},
    {DURATION("timeout_mail", timeouts.mail_ms, "5m", 1, "for the reply to MAIL")},
    {DURATION("timeout_rcpt", timeouts.rcpt_ms, "5m", 1, "for the reply to each RCPT")},
    {DURATION("timeout_data_initiation", timeouts.data_initiation_ms, "2m", 1, "for the reply to DATA")},
    {DURATION("timeout_data_block", timeouts.data_block_ms, "3m", 1,
              "for the relay to take a block of the message")},
    {DURATION("timeout_data_termination", timeouts.data_termination_ms, "10m", 1,
              "for the reply to the end of the message")},
    {TEXT(sandbox_smtp_listen, "127.0.0.1:2525",
          "where the sandbox takes mail from other SMTP clients too: host:port, [v6]:port, or unix:/path")},
    {TEXT(sandbox_smtp_username, NULL, "the user whom the sandbox lets in; without it, anybody")},
    {SECRET(sandbox_smtp_password, "that user's password")},
    {COUNT(sandbox_max_messages, "10000", 1, 1000000,
           "messages that the sandbox keeps; the oldest go first")},
    {COUNT(sandbox_max_bytes, "536870912", MIB(1), MIB(65536), "size of all that it keeps of them")},
    {CHOICE(log_level, "info", "debug info warn error", "the least severe events that are logged")},
    {CHOICE(log_format, "logfmt", "logfmt json", "how a line of the log is written")},
};

enum { OPTION_COUNT = sizeof options / sizeof options[0] };
static_assert((int)OPTION_COUNT <= (int)OPTION_MAX_COUNT,
              "struct settings has room for every option's source");

static void *field_of(struct settings *settings, const struct option *option)
{
    return (char *)settings + option->offset;
}

static const void *field_of_const(const struct settings *settings, const struct option *option)
{
    return (const char *)settings + option->offset;
}

const char *option_name(const struct option *option)
{
    return option->name;
}

bool option_is_secret(const struct option *option)
{
    return option->kind == KIND_SECRET || option->kind == KIND_URLS;
}

const struct option *option_find(struct str name)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (str_equal_nocase(name, str_of(options[i].name)))
            return &options[i];
    return NULL;
}

/* "250ms", "30s", "2m", "1h"; a bare number is seconds. */
static bool duration_parse(struct str text, int64_t *duration_ms)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", SECOND}, {"m", 60 * SECOND}, {"h", HOUR}, {"", SECOND}};
    size_t digits = 0;
    while (digits < text.len && char_is_digit(text.data[digits]))
        digits++;
    uint64_t number;
    if (!str_to_uint(str_first(text, digits), HOUR, &number))
        return false;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (str_equal(str_from(text, digits), str_of(units[i].unit))) {
            *duration_ms = (int64_t)(number * units[i].ms);
            return true;
        }
    return false;
}

static bool choice_parse(struct str text, const char *choices, int *index)
{
    struct str rest = str_of(choices);
    for (int i = 0; rest.data; i++)
        if (str_equal(str_cut(&rest, ' '), text)) {
            *index = i;
            return true;
        }
    return false;
}

static struct str choice_word(const char *choices, int index)
{
    struct str rest = str_of(choices);
    struct str word = str_cut(&rest, ' ');
    for (int i = 0; i < index; i++)
        word = str_cut(&rest, ' ');
    return word;
}

static bool refuse(const struct option *option, struct str text, struct fault *fault)
{
    switch (option->kind) {
    case KIND_COUNT:
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option %s: \"%.*s\" is not a whole number from %" PRIu64 " to %" PRIu64,
                         option->name, STR_ARG(text), option->min, option->max);
    case KIND_DURATION:
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "option %s: \"%.*s\" is not a time such as 500ms, 30s or 5m, from %" PRIu64
                         "ms to 1h",
                         option->name, STR_ARG(text), option->min);
    case KIND_CHOICE:
        return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: \"%.*s\" is none of: %s", option->name,
                         STR_ARG(text), option->choices);
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_URLS: break;
    }
    return fault_set(fault, FAULT_INVALID_REQUEST, "option %s: the value holds a control character",
                     option->name);
}

static bool text_is_clean(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (char_is_control(text.data[i]))
            return false;
    return true;
}

/* An empty text is no text: `POSTERN_SMTP_CA_FILE=` unsets. */
static bool value_parse(struct settings *settings, const struct option *option, struct str text)
{
    void *field = field_of(settings, option);
    int64_t duration_ms;
    switch (option->kind) {
    case KIND_TEXT:
    case KIND_SECRET:
    case KIND_URLS:
        *(struct str *)field = text.len ? arena_copy(&settings->arena, text) : (struct str){0};
        return text_is_clean(text);
    case KIND_COUNT: return str_to_uint(text, option->max, field) && *(uint64_t *)field >= option->min;
    case KIND_DURATION:
        if (!duration_parse(text, &duration_ms) || duration_ms < (int64_t)option->min ||
            duration_ms > (int64_t)option->max)
            return false;
        *(int64_t *)field = duration_ms;
        return true;
    case KIND_CHOICE: return choice_parse(text, option->choices, field);
    }
    return false;
}

bool option_set(struct settings *settings, const struct option *option, struct str text,
                enum option_source source, struct fault *fault)
{
    if (!value_parse(settings, option, text))
        return refuse(option, text, fault);
    if (settings->arena.failed)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory while reading the options");
    settings->sources[option - options] = source;
    return true;
}

bool option_suggest(struct settings *settings, const char *name, const char *text, struct fault *fault)
{
    const struct option *option = option_find(str_of(name));
    return settings->sources[option - options] != SOURCE_DEFAULT ||
           option_set(settings, option, str_of(text), SOURCE_DEFAULT, fault);
}

bool options_set_defaults(struct settings *settings, struct fault *fault)
{
    for (size_t i = 0; i < OPTION_COUNT; i++)
        if (options[i].default_text &&
            !option_set(settings, &options[i], str_of(options[i].default_text), SOURCE_DEFAULT, fault))
            return false;
    return true;
}

static void append_variable(struct buf *out, const struct option *option)
{
    buf_append(out, STR(OPTION_PREFIX));
    for (const char *c = option->name; *c; c++)
        buf_append_char(out, *c >= 'a' && *c <= 'z' ? (char)(*c - 'a' + 'A') : *c);
}

/* Where NAME_FILE is an option with a meaning of its own, it has a row of its own. */
static bool has_file_twin(const struct option *option)
{
    char name[64];
    snprintf(name, sizeof name, "%s_file", option->name);
    return option_is_secret(option) && !option_find(str_of(name));
}

void options_append_help(struct buf *out)
{
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct option *option = &options[i];
        buf_append(out, STR("  "));
        append_variable(out, option);
        if (has_file_twin(option))
            buf_append(out, STR("[_FILE]"));
        if (option->default_text)
            buf_append_format(out, " (%s)", option->default_text);
        buf_append_format(out, "\n      %s", option->meaning);
        if (option->choices)
            buf_append_format(out, ": %s", option->choices);
        buf_append_char(out, '\n');
    }
}

/* Any other word may be part of a password. */
static struct str scheme_of(struct str url)
{
    static const struct str schemes[] = {STR("smtp://"),   STR("smtps://"),   STR("lmtp://"),
                                         STR("socks5://"), STR("socks5h://"), STR("http://")};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (str_starts_with(url, schemes[i]))
            return schemes[i];
    return STR("");
}

/* With the words behind it that have no scheme: a password may hold a space, if only by mistake. */
static struct str cut_url(struct str *urls)
{
    struct str url = str_cut(urls, ' ');
    while (urls->len && !scheme_of(*urls).len) {
        struct str word = str_cut(urls, ' ');
        url.len = (size_t)(word.data + word.len - url.data);
    }
    return url;
}

/* Where there is no "@", is it a host, and a port of digits if any? Else it may be a password whose "@host" was
 * forgotten. */
static bool is_place(struct str text)
{
    struct str place = str_cut(&text, '?');
    place = str_cut(&place, '/');
    size_t colon = str_last_index(place, ':');
    uint64_t port;
    return str_index(place, ' ') == place.len &&
           (colon == place.len || str_last_index(place, ']') + 1 == place.len ||
            str_to_uint(str_from(place, colon + 1), UINT16_MAX, &port));
}

/* In each URL all that stands before its last "@", but for the scheme. */
static void append_masked_urls(struct buf *out, struct str urls)
{
    while (urls.len) {
        struct str url = cut_url(&urls), scheme = scheme_of(url);
        size_t at = str_last_index(url, '@');
        buf_append(out, scheme);
        if (at < url.len || !scheme.len || !is_place(str_from(url, scheme.len))) {
            buf_append(out, STR("***"));
            buf_append(out, str_from(url, at));
        } else {
            buf_append(out, str_from(url, scheme.len));
        }
        buf_append(out, urls.len ? STR(" ") : STR(""));
    }
}

static void append_value(struct buf *out, const struct settings *settings, const struct option *option)
{
    const void *field = field_of_const(settings, option);
    const struct str *text = field;
    switch (option->kind) {
    case KIND_TEXT: buf_append(out, *text); break;
    case KIND_SECRET: buf_append(out, text->data ? STR("***") : STR("")); break;
    case KIND_URLS: append_masked_urls(out, *text); break;
    case KIND_COUNT: buf_append_format(out, "%" PRIu64, *(const uint64_t *)field); break;
    case KIND_DURATION: buf_append_format(out, "%" PRId64 "ms", *(const int64_t *)field); break;
    case KIND_CHOICE: buf_append(out, choice_word(option->choices, *(const int *)field)); break;
    }
}

/* Each entry is domain:selector:file. */
static void visit_dkim_files(struct str entries, void (*visit)(void *, struct str), void *context)
{
    while (entries.len) {
        struct str file = str_cut(&entries, ' ');
        str_cut(&file, ':');
        str_cut(&file, ':');
        if (file.len)
            visit(context, file);
    }
}

void settings_visit_files(const struct settings *settings, void (*visit)(void *context, struct str path),
                          void *context)
{
    const struct str suffix = STR("_file");
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        const struct str *path = field_of_const(settings, &options[i]);
        struct str name = str_of(options[i].name);
        if (options[i].kind == KIND_TEXT && name.len > suffix.len &&
            str_equal(str_from(name, name.len - suffix.len), suffix) && path->len)
            visit(context, *path);
    }
    for (const struct secret_file *file = settings->secret_files; file; file = file->next)
        visit(context, file->path);
    visit_dkim_files(settings->dkim_keys, visit, context);
}

void settings_append(struct buf *out, const struct settings *settings)
{
    static const char *const source_names[] = {"default", "file", "environment", "--set"};
    for (size_t i = 0; i < OPTION_COUNT; i++) {
        buf_append_format(out, "%s=", options[i].name);
        append_value(out, settings, &options[i]);
        buf_append_format(out, "  # %s\n", source_names[settings->sources[i]]);
    }
}
