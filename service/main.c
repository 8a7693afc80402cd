/* postern: the command line. The table below is all that there is to it. */
#include "api/json/json_memory.h"
#include "service/commands/commands.h"
#include "service/process/confine.h"
#include "service/relays/relay_url.h"
#include "service/version.h"
#include "smtp/tls_memory.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

/* What sanitizers and coverage do, serving does not. */
#ifdef POSTERN_INSTRUMENTED
static const bool is_instrumented = true;
#else
static const bool is_instrumented = false;
#endif

enum { MAX_SETS = 128, MAX_HELP_BYTES = 65536 };

static int print_help(void)
{
    struct buf help;
    buf_init(&help, MAX_HELP_BYTES);
    buf_append(
        &help,
        STR("Usage: postern [COMMAND] [--config FILE] [--set NAME=VALUE]... [--no-sandboxing]\n\n"
            "Takes JSON messages over HTTP, submits them to an SMTP relay, and tells what became of them.\n\n"
            "Commands:\n"));
    for (size_t i = 0; i < command_count; i++)
        buf_append_format(&help, "  %-8s %s\n", commands[i].name, commands[i].meaning);
    buf_append(&help, STR("\n  --config FILE     read options from a JSON file\n"
                          "  --set NAME=VALUE  set one option; NAME in lower case, without POSTERN_\n"
                          "  --no-sandboxing   for debuggers: give up no rights (see SECURITY.md)\n"
                          "  --help, --version\n\n"
                          "Options, as environment variables (the default in brackets); in the file and for "
                          "--set the name\n"
                          "is in lower case, without POSTERN_. Where [_FILE] stands, NAME_FILE names a file "
                          "with the value.\n"));
    options_append_help(&help);
    buf_append(&help, STR("\nServices, for POSTERN_SMTP_SERVICE:\n"));
    relay_services_append(&help);
    int exit_code = help.failed ? EX_SOFTWARE : command_print(buf_view(&help));
    buf_fini(&help);
    return exit_code;
}

/* Of the word only the letters in front: what stands in a wrong place may be a password. */
static int usage_error(const char *what, const char *word)
{
    int letters = (int)strspn(word, "-_abcdefghijklmnopqrstuvwxyz");
    fprintf(stderr, "postern: %s%.*s (postern --help says more)\n", what, letters, word);
    return EX_USAGE;
}

static int run_command(const char *name, const struct option_sources *sources)
{
    for (size_t i = 0; i < command_count; i++)
        if (strcmp(commands[i].name, name) == 0 && commands[i].run)
            return commands[i].run(sources);
    return usage_error("unknown command ", name);
}

int main(int argc, char **argv)
{
    static const struct option long_options[] = {
        {"config", required_argument, NULL, 'c'},  {"set", required_argument, NULL, 's'},
        {"no-sandboxing", no_argument, NULL, 'n'}, {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, 'v'},       {0}};
    smtp_tls_memory_watch();
    json_memory_wipe();
    if (argc > 1 && strcmp(argv[1], "key") == 0)
        return command_key(argc - 1, argv + 1);
    const char *sets[MAX_SETS];
    struct option_sources sources = {
        .environment = (const char *const *)environ, .sets = sets, .no_sandboxing = is_instrumented};
    for (int option; (option = getopt_long(argc, argv, ":h", long_options, NULL)) != -1;) {
        switch (option) {
        case 'c': sources.config_file = optarg; break;
        case 's':
            if (sources.set_count == MAX_SETS)
                return usage_error("too many --set", "");
            sets[sources.set_count++] = optarg;
            break;
        case 'n': sources.no_sandboxing = true; break;
        case 'h': return print_help();
        case 'v': return command_print(STR("postern " POSTERN_VERSION "\n"));
        case ':': return usage_error("a value is missing behind ", argv[optind - 1]);
        default: return usage_error("unknown option ", argv[optind - 1]);
        }
    }
    if (argc - optind > 1)
        return usage_error("only one command, not also ", argv[optind + 1]);
    confine_process(&sources);
    return run_command(optind < argc ? argv[optind] : "serve", &sources);
}
