#include "service/commands/commands.h"

#include <stdio.h>
#include <sysexits.h>

const struct command commands[] = {
    {"serve", command_serve, "run the gateway (what is done without a command)"},
    {"sandbox", command_sandbox,
     "run the gateway with a relay of its own that keeps every mail on this machine"},
    {"check", command_check, "connect to each relay, show what it offers, send nothing"},
    {"render", command_render, "print the MIME message of the JSON message on standard input"},
    {"send", command_send, "send the JSON message on standard input, print the receipt"},
    {"config", command_config, "print the effective options, secrets masked"},
    {"key", NULL, "make an API key (postern key --help says how)"},
    {"livez", command_livez, "ask the gateway that runs with these options whether it is alive"},
    {"readyz", command_readyz, "ask it whether it could send a message now, and if not, why"},
};
const size_t command_count = sizeof commands / sizeof commands[0];

int command_fail(const struct fault *fault, int exit_code)
{
    fprintf(stderr, "postern: %s\n", fault->detail);
    return exit_code;
}

int command_print(struct str text)
{
    bool is_written = !text.len || fwrite(text.data, 1, text.len, stdout) == text.len;
    return is_written && fflush(stdout) == 0 ? EX_OK : EX_IOERR;
}
