/* service/settings/options.h: every option of Postern, named once.
 *
 * One table gives the environment variable (POSTERN_ and the name in capitals), the key in the configuration
 * file, the name for --set, the help text, the check and the default. A value comes from the defaults, then
 * the file, then the environment, then --set; the last one wins.
 *
 * Ownership  the settings own every string in them.
 * Errors     INVALID_REQUEST, with the option's name, its value unless it is a secret, and what is wanted.
 */
#ifndef POSTERN_SERVICE_SETTINGS_OPTIONS_H
#define POSTERN_SERVICE_SETTINGS_OPTIONS_H

#include "api/http/pace.h"
#include "api/submission.h"
#include "smtp/relay.h"

enum option_source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_COMMAND_LINE };

enum { OPTION_MAX_COUNT = 96 };

struct secret_file {
    struct str path;
    struct secret_file *next;
};

/* In the order of the option's words. */
enum switched { SWITCHED_ON, SWITCHED_OFF };
enum affirmed { AFFIRMED_NO, AFFIRMED_YES };

struct settings {
    struct arena arena;
    enum option_source sources[OPTION_MAX_COUNT];
    struct secret_file *secret_files; /* that NAME_FILE named */

    struct str listen;
    struct str admin_listen;
    struct str listen_unix_mode, listen_unix_users;
    int listen_proxied; /* enum affirmed */
    struct str api_keys_file, allow_hosts, rate_limit, redirect_to;
    struct str listen_tls_cert_file, listen_tls_key_file, listen_tls_client_ca_file;
    struct str smtp_url;
    struct str smtp_service;
    struct str smtp_username;
    struct str smtp_password;
    struct str smtp_auth;
    struct str smtp_oauth_token;
    struct str smtp_oauth_token_file;
    struct str smtp_oauth_command;
    struct str smtp_ca_file;
    struct str smtp_client_cert_file;
    struct str smtp_client_key_file;
    struct str smtp_ehlo_name;
    struct str smtp_proxy;
    struct str dkim_keys, dkim_headers;
    int smtp_chunking; /* enum switched */
    int smtp_overlap;  /* likewise */
    uint64_t smtp_max_connections;
    uint64_t smtp_max_messages;
    int64_t smtp_max_age_ms;
    uint64_t smtp_max_failures;
    int64_t smtp_login_window_ms;
    uint64_t max_queue;
    struct api_limits limits;
    uint64_t max_http_connections;
    uint64_t max_http_connections_per_address; /* 0 for no limit */
    uint64_t http_threads;
    int64_t timeout_request_ms;
    int64_t drain_delay_ms;
    int64_t timeout_shutdown_ms;
    struct pace_limits http_pace;
    int64_t timeout_smtp_idle_ms;
    int64_t timeout_oauth_command_ms;
    struct smtp_timeouts timeouts;
    struct str sandbox_smtp_listen;
    struct str sandbox_smtp_username, sandbox_smtp_password;
    uint64_t sandbox_max_messages, sandbox_max_bytes;
    struct str otlp_endpoint, otlp_headers, otlp_ca_file;
    struct str trace_header;
    int log_level;  /* enum log_level */
    int log_format; /* enum log_format */
};

/* Where the values come from, apart from the defaults. `environment` is a NULL-terminated list as in
 * environ(7); `sets` are "name=value". */
struct option_sources {
    const char *config_file; /* NULL for none */
    const char *const *environment;
    const char *const *sets;
    size_t set_count;
    bool no_sandboxing; /* no option, for no file and no environment is to take protection away */
};

/* Also on failure the settings are to be finished by settings_fini. */
bool settings_load(struct settings *settings, const struct option_sources *sources, struct fault *fault);
void settings_fini(struct settings *settings);

/* Each file that the settings name, for what they are read from and for what is read later. */
void settings_visit_files(const struct settings *settings, void (*visit)(void *context, struct str path),
                          void *context);

/* For --help and for `postern config`, both ending in a line end. */
void options_append_help(struct buf *out);
void settings_append(struct buf *out, const struct settings *settings);

#endif
