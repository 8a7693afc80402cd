/* base/dsn.h: which notifications a sender asks for (RFC 3461): read by the API, said by SMTP.
 *
 * Zero asks for none.
 *
 * Errors     INVALID_REQUEST.
 */
#ifndef POSTERN_BASE_DSN_H
#define POSTERN_BASE_DSN_H

#include "base/fault.h"
#include "base/str.h"

/* NEVER stands alone. */
enum dsn_notify { DSN_SUCCESS = 1 << 0, DSN_FAILURE = 1 << 1, DSN_DELAY = 1 << 2, DSN_NEVER = 1 << 3 };

/* How much of the message comes back with a failure. */
enum dsn_return { DSN_RETURN_UNSAID, DSN_RETURN_FULL, DSN_RETURN_HEADERS };

/* RFC 3461 5.4: of the ENVID as it is written on the line. */
enum { DSN_MAX_ENVELOPE_ID_BYTES = 100 };

struct dsn {
    unsigned notify; /* of dsn_notify */
    enum dsn_return returned;
    struct str envelope_id; /* printable ASCII; absent: none */
};

bool dsn_is_asked(const struct dsn *dsn);
bool dsn_check(const struct dsn *dsn, struct fault *fault);

#endif
