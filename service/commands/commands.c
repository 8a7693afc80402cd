#include "service/commands/commands.h"

#include <stdio.h>
#include <sysexits.h>

int command_fail(const struct fault *fault, int exit_code)
{
    fprintf(stderr, "postern: %s\n", fault->detail);
    return exit_code;
}

int command_print(struct str text)
{
    return fwrite(text.data, 1, text.len, stdout) == text.len && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
