/* service/commands/commands.h: what `postern NAME` does. Each returns the exit status, of sysexits(3). */
#ifndef POSTERN_SERVICE_COMMANDS_COMMANDS_H
#define POSTERN_SERVICE_COMMANDS_COMMANDS_H

#include "service/settings/options.h"

int command_serve(const struct option_sources *sources);
int command_sandbox(const struct option_sources *sources);
int command_check(const struct option_sources *sources);
int command_render(const struct option_sources *sources);
int command_send(const struct option_sources *sources);
int command_config(const struct option_sources *sources);
int command_livez(const struct option_sources *sources);
int command_readyz(const struct option_sources *sources);

/* Has options of its own, and none of the program's; `argv[0]` is "key". */
int command_key(int argc, char **argv);

struct command {
    const char *name;
    int (*run)(const struct option_sources *sources); /* NULL: has options of its own */
    const char *meaning;
};

/* For main, --help and the manual. */
extern const struct command commands[];
extern const size_t command_count;

/* Says on stderr what stopped the program, and gives `exit_code` back. */
int command_fail(const struct fault *fault, int exit_code);

/* Writes all of it to stdout; EX_OK, or EX_IOERR where nobody takes it. */
int command_print(struct str text);

#endif
