#include "base/fault.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct fault_kind kinds[] = {
#define FAULT_ROW(id, name, status, retry, blame, title) [FAULT_##id] = {name, status, retry, blame, title},
    FAULT_TABLE(FAULT_ROW)
#undef FAULT_ROW
};

const struct fault_kind *fault_kind(enum fault_code code)
{
    assert(code < FAULT_COUNT);
    return &kinds[code];
}

bool fault_set(struct fault *fault, enum fault_code code, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault->code = code;
    vsnprintf(fault->detail, sizeof fault->detail, format, args);
    va_end(args);
    return false;
}

const char *fault_errno_text(int error)
{
    const char *text = strerrordesc_np(error);
    return text ? text : "unknown error";
}
