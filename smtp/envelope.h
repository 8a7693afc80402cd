/* smtp/envelope.h: what a submission session is given: an envelope (RFC 5321 2.3.1) and a source of bytes.
 *
 * Errors     INVALID_ADDRESS, INVALID_REQUEST; of an EHLO name INTERNAL, for the operator gave it.
 */
#ifndef POSTERN_SMTP_ENVELOPE_H
#define POSTERN_SMTP_ENVELOPE_H

#include "base/dsn.h"
#include "base/fault.h"
#include "base/outcome.h"
#include "base/str.h"

struct smtp_envelope {
    struct str return_path; /* an address without angle brackets; empty is the null path */
    const struct str *recipients;
    size_t recipient_count;
    enum partial_policy partial;
    bool smtputf8;    /* an address or a header of the message needs it (RFC 6531) */
    bool eight_bit;   /* the message has octets above 127 in its body (RFC 6152) */
    bool require_tls; /* RFC 8689 */
    struct dsn dsn;
};

enum smtp_pull { SMTP_PULL_PIECE, SMTP_PULL_END, SMTP_PULL_FAILED };

/* The message, CRLF line ends, not dot-stuffed; 7-bit unless the envelope says other. It may be pulled again
 * after a rewind. */
struct smtp_source {
    void *context;
    uint64_t size_octets; /* exact, for SIZE= (RFC 1870) */
    enum smtp_pull (*pull)(void *context, struct str *piece);
    void (*rewind)(void *context);
};

/* The choke point against injected commands: whoever built the envelope, nothing passes that could end a
 * path, an argument or a line early. */
bool smtp_envelope_check(const struct smtp_envelope *envelope, struct fault *fault);
bool smtp_envelope_check_ehlo_name(struct str name, struct fault *fault);

#endif
