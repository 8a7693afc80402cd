/* `postern render` and `postern send`: one message from standard input, without a server. */
#include "api/answer/receipt.h"
#include "api/message/reader.h"
#include "base/log.h"
#include "mime/render.h"
#include "service/commands/commands.h"
#include "service/commands/exit_code.h"
#include "service/relays/gateway.h"
#include "service/settings/configuration.h"
#include "service/settings/dkim_keys.h"
#include "service/settings/files.h"

#include <semaphore.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sysexits.h>
#include <unistd.h>

/* Prints a JSON text and a line end, and frees it. */
static void print_json(FILE *out, char *json)
{
    fprintf(out, "%s\n", json ? json : "{}");
    free(json);
}

/* A submission from standard input; NULL when the reason was printed. */
static struct submission *read_submission(const struct api_limits *limits, FILE *problems, int *exit_code)
{
    struct problem problem = {0};
    struct buf body = {0};
    struct submission *submission = submission_new(limits);
    bool ok = submission ? file_read_all(STDIN_FILENO, limits->max_body_bytes, &body, &problem.fault)
                         : fault_set(&problem.fault, FAULT_OVERLOADED, "out of memory");
    struct message_body read = {.octets =
                                    submission ? arena_keep(&submission->arena, &body) : (struct str){0}};
    buf_wipe(&body);
    ok = ok && submission_read(submission, &read, limits, &problem);
    if (ok)
        return submission;
    *exit_code = exit_code_of(problem.fault.code);
    print_json(problems, problem_json(&problem, submission ? str_of(submission->id) : (struct str){0}));
    submission_free(&submission);
    return NULL;
}

static int render_to_stdout(const struct settings *settings, struct submission *submission)
{
    struct dkim_ring ring = {0};
    struct fault fault;
    int exit_code = EX_OK;
    struct render *render = NULL;
    if (!dkim_keys_load(&submission->arena, settings, &ring, &fault))
        exit_code = command_fail(&fault, exit_code_of_start(fault.code));
    else if (!(render = render_start(&submission->arena, &submission->message, &ring)))
        exit_code = EX_OSERR;
    dkim_ring_fini(&ring);
    for (struct str piece; exit_code == EX_OK && render_pull(render, &piece);)
        exit_code = command_print(piece);
    return exit_code;
}

int command_render(const struct option_sources *sources)
{
    struct settings settings;
    struct fault fault;
    int exit_code = EX_OK;
    if (settings_load(&settings, sources, &fault)) {
        struct submission *submission = read_submission(&settings.limits, stderr, &exit_code);
        if (submission)
            exit_code = render_to_stdout(&settings, submission);
        submission_free(&submission);
    } else {
        exit_code = command_fail(&fault, exit_code_of_start(fault.code));
    }
    settings_fini(&settings);
    return exit_code;
}

/* One message a process: what waits for its outcome. */
static sem_t completed;

static void post_completed(struct submission *submission)
{
    (void)submission;
    sem_post(&completed);
}

static int send_and_print(struct gateway *gateway, struct submission *submission)
{
    sem_init(&completed, 0, 0);
    submission->complete = post_completed;
    if (gateway_submit(gateway, submission, &submission->outcome.fault))
        while (sem_wait(&completed) != 0)
            ;
    print_json(stdout, receipt_json(submission));
    return exit_code_of(submission->outcome.fault.code);
}

static int send_one(struct configuration *configuration, int stop_fd)
{
    int exit_code = EX_OSERR;
    struct fault fault;
    const struct settings *settings = &configuration->settings;
    struct submission *submission = read_submission(&settings->limits, stdout, &exit_code);
    if (!submission)
        return exit_code;
    submission->deadline = deadline_after_ms(settings->timeout_request_ms);
    struct gateway *gateway = gateway_start(configuration, stop_fd, NULL, &fault);
    exit_code = gateway ? send_and_print(gateway, submission) : command_fail(&fault, EX_OSERR);
    if (gateway)
        gateway_stop(gateway);
    gateway_free(&gateway);
    submission_free(&submission);
    return exit_code;
}

int command_send(const struct option_sources *sources)
{
    struct fault fault;
    signal(SIGPIPE, SIG_IGN);
    int stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    struct configuration *configuration = configuration_load(sources, NULL, NULL, stop_fd, &fault);
    int exit_code = configuration ? send_one(configuration, stop_fd)
                                  : command_fail(&fault, exit_code_of_start(fault.code));
    configuration_release(&configuration);
    close(stop_fd);
    return exit_code;
}
