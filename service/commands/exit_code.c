#include "service/commands/exit_code.h"

#include <sysexits.h>

int exit_code_of(enum fault_code code)
{
    static const struct {
        enum fault_code code;
        int exit_code;
    } own[] = {
        {FAULT_NONE, EX_OK},
        {FAULT_INTERNAL, EX_SOFTWARE},
        {FAULT_RECIPIENTS_REJECTED, EX_NOUSER},
        {FAULT_SENDER_REJECTED, EX_UNAVAILABLE},
        {FAULT_MESSAGE_REJECTED, EX_UNAVAILABLE},
        {FAULT_UPSTREAM_NO_SUCH_HOST, EX_NOHOST},
        {FAULT_UPSTREAM_UNREACHABLE, EX_UNAVAILABLE},
        {FAULT_UPSTREAM_REJECTED_SESSION, EX_UNAVAILABLE},
        {FAULT_UPSTREAM_TLS, EX_PROTOCOL},
        {FAULT_UPSTREAM_TLS_REQUIRED, EX_PROTOCOL},
        {FAULT_UPSTREAM_PROTOCOL_ERROR, EX_PROTOCOL},
        {FAULT_UPSTREAM_AUTH_FAILED, EX_NOPERM},
        {FAULT_OUTCOME_UNKNOWN, EX_IOERR},
        {FAULT_OUTCOME_UNKNOWN_TIMEOUT, EX_IOERR},
    };
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        if (own[i].code == code)
            return own[i].exit_code;
    return fault_kind(code)->retry_after_s != RETRY_NEVER ? EX_TEMPFAIL : EX_DATAERR;
}

int exit_code_of_start(enum fault_code code)
{
    return code == FAULT_OVERLOADED ? EX_OSERR : EX_CONFIG;
}
