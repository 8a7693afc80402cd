/* The table of options: each once, and whatever says something of it says it from here. */
#include "service/settings/option_rows.h"

#include <assert.h>

#define SECOND                              OPTION_SECOND_MS
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
    name, KIND_DURATION, FIELD(field), preset, min, OPTION_HOUR_MS, NULL, text

const struct option option_rows[] = {
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
    {DURATION("drain_delay", drain_delay_ms, "0s", 0,
              "how long messages are still taken when a stop is asked for and /readyz has said so")},
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
    {URLS(otlp_endpoint, "the collector that traces are sent to by OTLP: http://host:4318 or "
                         "https://host/path, to which v1/traces is "
                         "added; without it, none are")},
    {SECRET(otlp_headers,
            "header fields for it, as name=value with commas between them, values percent-encoded")},
    {TEXT(otlp_ca_file, NULL,
          "PEM file of the authorities that may vouch for the collector; without it, the system's")},
    {TEXT(trace_header, NULL,
          "name of a header field in which each mail tells its trace, as traceparent does; without it, none "
          "does")},
    {CHOICE(log_level, "info", "debug info warn error", "the least severe events that are logged")},
    {CHOICE(log_format, "logfmt", "logfmt json", "how a line of the log is written")},
};

const size_t option_row_count = sizeof option_rows / sizeof option_rows[0];
static_assert(sizeof option_rows / sizeof option_rows[0] <= OPTION_MAX_COUNT,
              "struct settings has room for every option's source");
