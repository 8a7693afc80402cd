/* base/fault.h: what went wrong, as a value that reaches the user.
 *
 * One table gives each code its problem type, HTTP status, title and whether the caller may try again; the
 * API, the exit codes, the documents and the tests all read it.
 *
 * Ownership  a fault lives on the caller's stack.
 * Errors     none: a detail that is too long is cut.
 */
#ifndef POSTERN_BASE_FAULT_H
#define POSTERN_BASE_FAULT_H

#include "base/str.h"

enum { RETRY_NEVER = 0, RETRY_SOON_S = 5, RETRY_LATER_S = 60, RETRY_MUCH_LATER_S = 900 };

/* Whose a fault is: a relay's own, so that another relay may do better, or not. */
enum fault_blame { BLAME_OTHER, BLAME_RELAY };

/* id, problem code, HTTP status, retry (seconds to wait, or never), blame, title.
 * Codes that one problem shares under two statuses, or that differ in retry alone, are rows of their own. */
#define FAULT_TABLE(ROW)                                                                                     \
    ROW(NONE, "none", 200, RETRY_NEVER, BLAME_OTHER, "No fault")                                             \
    ROW(MALFORMED_HTTP, "malformed-http", 400, RETRY_NEVER, BLAME_OTHER, "The HTTP request is malformed")    \
    ROW(INVALID_JSON, "invalid-json", 400, RETRY_NEVER, BLAME_OTHER, "The body is not valid JSON")           \
    ROW(UNAUTHORIZED, "unauthorized", 401, RETRY_NEVER, BLAME_OTHER, "A valid API key is needed")            \
    ROW(FORBIDDEN, "forbidden", 403, RETRY_NEVER, BLAME_OTHER, "This is not allowed")                        \
    ROW(FORBIDDEN_SENDER, "forbidden-sender", 403, RETRY_NEVER, BLAME_OTHER,                                 \
        "This API key may not send as this sender")                                                          \
    ROW(FORBIDDEN_RECIPIENT, "forbidden-recipient", 403, RETRY_NEVER, BLAME_OTHER,                           \
        "This API key may not send to this recipient")                                                       \
    ROW(NOT_FOUND, "not-found", 404, RETRY_NEVER, BLAME_OTHER, "There is nothing at this address")           \
    ROW(METHOD_NOT_ALLOWED, "method-not-allowed", 405, RETRY_NEVER, BLAME_OTHER,                             \
        "This method is not allowed here")                                                                   \
    ROW(NOT_ACCEPTABLE, "not-acceptable", 406, RETRY_NEVER, BLAME_OTHER,                                     \
        "None of the accepted media types can be given")                                                     \
    ROW(REQUEST_TIMEOUT, "request-timeout", 408, RETRY_SOON_S, BLAME_OTHER,                                  \
        "The request did not come in time")                                                                  \
    ROW(LENGTH_REQUIRED, "length-required", 411, RETRY_NEVER, BLAME_OTHER, "A Content-Length is needed")     \
    ROW(PAYLOAD_TOO_LARGE, "payload-too-large", 413, RETRY_NEVER, BLAME_OTHER,                               \
        "The request body is too large")                                                                     \
    ROW(UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", 415, RETRY_NEVER, BLAME_OTHER,                     \
        "This media type is not taken")                                                                      \
    ROW(EXPECTATION_FAILED, "malformed-http", 417, RETRY_NEVER, BLAME_OTHER,                                 \
        "This expectation cannot be met")                                                                    \
    ROW(INVALID_REQUEST, "invalid-request", 422, RETRY_NEVER, BLAME_OTHER, "The request has invalid fields") \
    ROW(INVALID_ADDRESS, "invalid-address", 422, RETRY_NEVER, BLAME_OTHER,                                   \
        "The request has an invalid address")                                                                \
    ROW(INVALID_HEADER, "invalid-header", 422, RETRY_NEVER, BLAME_OTHER,                                     \
        "The request has an invalid header field")                                                           \
    ROW(INVALID_ATTACHMENT, "invalid-attachment", 422, RETRY_NEVER, BLAME_OTHER,                             \
        "The request has an invalid attachment")                                                             \
    ROW(MESSAGE_TOO_LARGE, "message-too-large", 422, RETRY_NEVER, BLAME_OTHER,                               \
        "The message is too large for the relay")                                                            \
    ROW(MESSAGE_OVER_SIZE, "message-too-large", 413, RETRY_NEVER, BLAME_OTHER,                               \
        "The message is larger than the relay takes")                                                        \
    ROW(TOO_MANY_RECIPIENTS, "too-many-recipients", 422, RETRY_NEVER, BLAME_OTHER,                           \
        "The message has too many recipients")                                                               \
    ROW(SMTPUTF8_UNSUPPORTED, "smtputf8-unsupported", 422, RETRY_NEVER, BLAME_OTHER,                         \
        "The relay takes no UTF-8 addresses")                                                                \
    ROW(REQUIRETLS_UNSUPPORTED, "requiretls-unsupported", 422, RETRY_NEVER, BLAME_OTHER,                     \
        "The relay does not promise to keep the message under TLS")                                          \
    ROW(SENDER_REJECTED, "sender-rejected", 422, RETRY_NEVER, BLAME_OTHER, "The relay refused the sender")   \
    ROW(RECIPIENTS_REJECTED, "recipients-rejected", 422, RETRY_NEVER, BLAME_OTHER,                           \
        "The relay refused one or more recipients")                                                          \
    ROW(RECIPIENTS_PARTLY_REJECTED, "recipients-rejected", 422, RETRY_NEVER, BLAME_OTHER,                    \
        "The relay took the message for some recipients and refused it for the others")                      \
    ROW(RECIPIENTS_PARTLY_DEFERRED, "recipients-deferred", 422, RETRY_NEVER, BLAME_OTHER,                    \
        "The relay took the message for some recipients and deferred the others")                            \
    ROW(MESSAGE_REJECTED, "message-rejected", 422, RETRY_NEVER, BLAME_OTHER,                                 \
        "The relay refused the message")                                                                     \
    ROW(RATE_LIMITED, "rate-limited", 429, RETRY_SOON_S, BLAME_OTHER,                                        \
        "More is asked for than is allowed in this time")                                                    \
    ROW(HEADERS_TOO_LARGE, "malformed-http", 431, RETRY_NEVER, BLAME_OTHER,                                  \
        "The request header is too large")                                                                   \
    ROW(INTERNAL, "internal", 500, RETRY_SOON_S, BLAME_OTHER, "Postern failed")                              \
    ROW(UPSTREAM_UNREACHABLE, "upstream-unreachable", 502, RETRY_LATER_S, BLAME_RELAY,                       \
        "The relay cannot be reached")                                                                       \
    ROW(UPSTREAM_NO_SUCH_HOST, "upstream-unreachable", 502, RETRY_MUCH_LATER_S, BLAME_RELAY,                 \
        "The relay's name does not exist")                                                                   \
    ROW(UPSTREAM_UNRESOLVED, "upstream-unreachable", 503, RETRY_LATER_S, BLAME_RELAY,                        \
        "The relay's name cannot be resolved now")                                                           \
    ROW(UPSTREAM_TLS, "upstream-tls", 502, RETRY_NEVER, BLAME_RELAY, "TLS with the relay failed")            \
    ROW(UPSTREAM_TLS_BROKEN, "upstream-tls", 502, RETRY_LATER_S, BLAME_RELAY,                                \
        "The TLS connection to the relay broke")                                                             \
    ROW(UPSTREAM_TLS_REQUIRED, "upstream-tls-required", 502, RETRY_NEVER, BLAME_RELAY,                       \
        "The relay does not offer TLS")                                                                      \
    ROW(UPSTREAM_AUTH_FAILED, "upstream-auth-failed", 502, RETRY_NEVER, BLAME_RELAY,                         \
        "The relay refused the login")                                                                       \
    ROW(UPSTREAM_PROTOCOL_ERROR, "upstream-protocol-error", 502, RETRY_NEVER, BLAME_RELAY,                   \
        "The relay broke the protocol")                                                                      \
    ROW(UPSTREAM_REJECTED_SESSION, "upstream-rejected-session", 502, RETRY_NEVER, BLAME_RELAY,               \
        "The relay refused the session")                                                                     \
    ROW(UPSTREAM_TEMPORARY, "upstream-temporary", 503, RETRY_LATER_S, BLAME_RELAY,                           \
        "The relay cannot take mail now")                                                                    \
    ROW(UPSTREAM_AUTH_TEMPORARY, "upstream-auth-temporary", 503, RETRY_LATER_S, BLAME_RELAY,                 \
        "The relay cannot check the login now")                                                              \
    ROW(RECIPIENTS_DEFERRED, "recipients-deferred", 503, RETRY_LATER_S, BLAME_OTHER,                         \
        "The relay deferred one or more recipients")                                                         \
    ROW(MESSAGE_DEFERRED, "message-deferred", 503, RETRY_LATER_S, BLAME_OTHER,                               \
        "The relay deferred the message")                                                                    \
    ROW(OVERLOADED, "overloaded", 503, RETRY_SOON_S, BLAME_OTHER, "Postern has more work than it can take")  \
    ROW(SHUTTING_DOWN, "shutting-down", 503, RETRY_SOON_S, BLAME_OTHER, "Postern is shutting down")          \
    ROW(UPSTREAM_TIMEOUT, "upstream-timeout", 504, RETRY_LATER_S, BLAME_RELAY, "The relay took too long")    \
    ROW(OUTCOME_UNKNOWN, "outcome-unknown", 502, RETRY_NEVER, BLAME_OTHER,                                   \
        "Whether the relay took the message is not known")                                                   \
    ROW(OUTCOME_UNKNOWN_TIMEOUT, "outcome-unknown", 504, RETRY_NEVER, BLAME_OTHER,                           \
        "Whether the relay took the message is not known: its answer did not come in time")

enum fault_code {
#define FAULT_ENUM(id, name, status, retry, blame, title) FAULT_##id,
    FAULT_TABLE(FAULT_ENUM)
#undef FAULT_ENUM
        FAULT_COUNT
};

struct fault_kind {
    const char *name;  /* the problem code, as in openapi.yaml */
    int http_status;   /* what the API answers */
    int retry_after_s; /* RETRY_NEVER, or how long to wait before trying again */
    enum fault_blame blame;
    const char *title;
};

enum { FAULT_DETAIL_BYTES = 512 };

struct fault {
    enum fault_code code;
    char detail[FAULT_DETAIL_BYTES]; /* one sentence for the user: what happened, what to change */
};

const struct fault_kind *fault_kind(enum fault_code code);

/* Sets both and returns false, so that a function can end with `return fault_set(...)`. */
bool fault_set(struct fault *fault, enum fault_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The system's words for an errno value, for any thread. */
const char *fault_errno_text(int error);

#endif
