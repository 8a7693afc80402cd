/* service/commands/check_advice.h: what an operator is told to change, a line a kind of fault. */
#ifndef POSTERN_SERVICE_COMMANDS_CHECK_ADVICE_H
#define POSTERN_SERVICE_COMMANDS_CHECK_ADVICE_H

#include "base/fault.h"

/* `verify_error` is why the relay's certificate was refused (X509_V_ERR_), or 0. Never NULL. */
const char *check_advice(const struct fault *fault, int verify_error);

#endif
