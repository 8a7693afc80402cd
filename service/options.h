/* service/options.h: every option of Postern, named once.
 *
 * One table gives the environment variable (POSTERN_ and the name in capitals), the key in the configuration
 * file, the name for --set, the help text, the check and the default. A value comes from the defaults, then
 * the file, then the environment, then --set; the last one wins.
 *
 * Ownership  the settings own every string in them.
 * Errors     INVALID_REQUEST, with the option's name, its value unless it is a secret, and what is wanted.
 */
#ifndef POSTERN_SERVICE_OPTIONS_H
#define POSTERN_SERVICE_OPTIONS_H

#include "api/submission.h"
#include "smtp/relay.h"

enum option_source { SOURCE_DEFAULT, SOURCE_FILE, SOURCE_ENVIRONMENT, SOURCE_COMMAND_LINE };

enum { OPTION_MAX_COUNT = 64 };

/* In the order of the option's words. */
enum switched { SWITCHED_ON, SWITCHED_OFF };

struct settings {
    struct arena arena;
    enum option_source sources[OPTION_MAX_COUNT];

    struct str listen;
    struct str admin_listen;
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
    uint64_t http_threads;
    int64_t timeout_request_ms;
    int64_t timeout_shutdown_ms;
    int64_t timeout_http_idle_ms;
    int64_t timeout_smtp_idle_ms;
    int64_t timeout_oauth_command_ms;
    struct smtp_timeouts timeouts;
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
};

/* Also on failure the settings are to be finished by settings_fini. */
bool settings_load(struct settings *settings, const struct option_sources *sources, struct fault *fault);
void settings_fini(struct settings *settings);

/* For --help and for `postern config`, both ending in a line end. */
void options_append_help(struct buf *out);
void settings_append(struct buf *out, const struct settings *settings);

#endif
