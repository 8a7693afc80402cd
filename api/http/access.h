/* api/http/access.h: may this request be served, and this message be sent, by whoever asks?
 *
 * Asked twice: when the header is there, before a byte of the body is read or called for, and when the
 * message is. Whose a key is, what it grants and how often is the service's to know, which hands in a gate.
 *
 * Ownership  what a grant points at is the gate's until it is released.
 * Errors     MALFORMED_HTTP, UNAUTHORIZED, FORBIDDEN, RATE_LIMITED; of a message FORBIDDEN_SENDER,
 *            FORBIDDEN_RECIPIENT, TOO_MANY_RECIPIENTS, RATE_LIMITED. Each with its fields.
 * Threads    a gate is asked by all of libmicrohttpd's threads at once.
 */
#ifndef POSTERN_API_HTTP_ACCESS_H
#define POSTERN_API_HTTP_ACCESS_H

#include "api/answer/problem.h"
#include "api/http/allow.h"
#include "api/submission.h"

/* What a key may be for. */
enum access_scope { ACCESS_ANYONE, ACCESS_SEND, ACCESS_METRICS, ACCESS_SANDBOX };

/* What a request's header and its connection say about who asks. */
struct access_claim {
    enum access_scope scope; /* that the route asks for */
    bool changes;            /* something: it is no GET or HEAD */
    struct str key;          /* of "Authorization: Bearer"; absent where there is none */
    struct str host;         /* as the caller calls this server */
    struct str origin;       /* whose page asks, where a browser says so */
    struct str fetch_site;   /* likewise (Sec-Fetch-Site) */
    const struct sockaddr *peer;
    int fd;
};

enum { ACCESS_MAX_QUOTAS = 4 };

/* One limit as it stands (draft-ietf-httpapi-ratelimit-headers-10). */
struct access_quota {
    const char *name;
    uint64_t limit, left;
    uint64_t window_s, refill_s;
};

struct access_grant {
    void *holder, *account; /* the gate's own */
    struct str key_name;    /* absent where no key was asked for */
    struct allow_list senders, recipients;
    struct access_quota quotas[ACCESS_MAX_QUOTAS];
    size_t quota_count;
    uint64_t retry_after_s; /* with RATE_LIMITED */
};

struct access_gate {
    void *context; /* of all three */

    /* Fills the grant, quotas on a RATE_LIMITED too. A request to send counts. */
    bool (*admit)(void *context, const struct access_claim *claim, struct access_grant *grant,
                  struct fault *fault);

    /* A message to so many recipients is about to go out. */
    bool (*charge)(void *context, struct access_grant *grant, uint64_t recipients, struct fault *fault);

    /* Also of a grant of zeros. */
    void (*release)(void *context, struct access_grant *grant);
};

struct guard_request;
struct response;
struct MHD_Connection;

/* The first question. Without a gate, and for a route that is anyone's, the answer is yes. */
bool access_admit(const struct access_gate *gate, enum access_scope scope,
                  const struct guard_request *request, struct MHD_Connection *connection,
                  struct access_grant *grant, struct response *response, struct fault *fault);

/* The second, of a message that is right in itself; a dry run does not count. */
bool access_check_message(const struct access_gate *gate, struct access_grant *grant,
                          struct submission *submission, struct response *response, struct problem *problem);

void access_release(const struct access_gate *gate, struct access_grant *grant);

/* Pure: what the header says of a key. False where it is said in two ways. */
bool access_read_key(const struct guard_request *request, struct str *key, struct fault *fault);

/* Pure: the caller calls this server by a name of loopback, or one of `hosts`, separated by spaces. */
bool access_check_host(const struct access_claim *claim, struct str hosts, struct fault *fault);

/* Pure: no page of another origin made a browser ask for anything to be done. What it only reads it cannot
 * see. */
bool access_check_origin(const struct access_claim *claim, struct fault *fault);

/* Pure: senders and recipients are those that the grant allows. */
bool access_check_addresses(const struct access_grant *grant, struct submission *submission,
                            struct problem *problem);

#endif
