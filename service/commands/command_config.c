#include "service/commands/commands.h"
#include "service/commands/exit_code.h"

#include <sysexits.h>

enum { MAX_TEXT_BYTES = 65536 };

int command_config(const struct option_sources *sources)
{
    struct settings settings;
    struct fault fault;
    struct buf text;
    buf_init(&text, MAX_TEXT_BYTES);
    bool loaded = settings_load(&settings, sources, &fault);
    if (loaded)
        settings_append(&text, &settings);
    int exit_code =
        loaded ? command_print(buf_view(&text)) : command_fail(&fault, exit_code_of_start(fault.code));
    buf_fini(&text);
    settings_fini(&settings);
    return exit_code;
}
