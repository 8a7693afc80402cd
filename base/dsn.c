#include "base/dsn.h"

bool dsn_is_asked(const struct dsn *dsn)
{
    return dsn->notify || dsn->returned != DSN_RETURN_UNSAID || dsn->envelope_id.data;
}

/* RFC 3461 4.4: printable. As xtext (RFC 3461 4) it must fit where the notification has it back. */
static bool check_envelope_id(struct str id, struct fault *fault)
{
    size_t written = 0;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.data[i];
        if (c < ' ' || c > '~')
            return fault_set(fault, FAULT_INVALID_REQUEST,
                             "an envelope ID holds printable ASCII characters and nothing else");
        written += c == ' ' || c == '+' || c == '=' ? 3 : 1;
    }
    return (written > 0 && written <= DSN_MAX_ENVELOPE_ID_BYTES) ||
           fault_set(fault, FAULT_INVALID_REQUEST,
                     "an envelope ID has 1 to %d characters, of which a space, \"+\" and \"=\" count three",
                     DSN_MAX_ENVELOPE_ID_BYTES);
}

bool dsn_check(const struct dsn *dsn, struct fault *fault)
{
    if (dsn->envelope_id.data && !check_envelope_id(dsn->envelope_id, fault))
        return false;
    return !(dsn->notify & DSN_NEVER) || dsn->notify == DSN_NEVER ||
           fault_set(fault, FAULT_INVALID_REQUEST, "\"never\" excludes all others");
}
