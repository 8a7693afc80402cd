/* The process that runs the command, with real shells. */
#include "service/relays/launcher.h"
#include "service/relays/token.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PLENTY_MS = 20000, SHORT_MS = 1500, ASKERS = 8 };

static bool start(struct launcher *launcher, const char *set, struct fault *fault)
{
    struct option_sources sources = {.sets = &set, .set_count = set != NULL};
    return launcher_start(launcher, &sources, fault);
}

static void check_run(const struct launcher *launcher, int64_t ms, int stop_fd, size_t max_bytes,
                      const char *want, const char *problem)
{
    struct buf output;
    struct fault fault = {.code = FAULT_NONE};
    buf_init(&output, max_bytes);
    CHECK_INT(launcher_run(launcher, deadline_after_ms(ms), stop_fd, &output, &fault), want != NULL);
    if (want)
        CHECK_TEXT(buf_view(&output), want);
    if (!CHECK(want || strstr(fault.detail, problem)))
        printf("    %s\n", fault.detail);
    buf_wipe(&output);
}

static void it_gives_what_the_command_printed_or_why_not(void)
{
    static const struct {
        const char *set;
        int64_t ms;
        const char *want, *problem;
    } rows[] = {
        {"smtp_oauth_command=echo token", PLENTY_MS, "token\n", NULL},
        {"smtp_oauth_command=true", PLENTY_MS, "", NULL},
        {"smtp_oauth_command=printf %8000s x | tr ' ' y | wc -c | tr -d ' '", PLENTY_MS, "8000\n", NULL},
        {"smtp_oauth_command=printf %100s x", PLENTY_MS, NULL, "more than 64 octets"},
        {"smtp_oauth_command=echo no luck >&2; exit 3", PLENTY_MS, NULL, "status 3: no luck"},
        {"smtp_oauth_command=kill -9 $$", PLENTY_MS, NULL, "signal 9"},
        {"smtp_oauth_command=echo wait >&2; sleep 60", SHORT_MS, NULL, "it took too long: wait"},
        {"smtp_oauth_command=test -z \"$POSTERN_SMTP_PASSWORD\" && echo none", PLENTY_MS, "none\n", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct launcher launcher;
        struct fault fault;
        test_row("%s", rows[i].set);
        if (CHECK(start(&launcher, rows[i].set, &fault)))
            for (int times = 0; times < 2; times++)
                check_run(&launcher, rows[i].ms, -1, 64, rows[i].want, rows[i].problem);
        launcher_stop(&launcher);
    }
}

static void without_a_command_there_is_no_process(void)
{
    struct launcher launcher;
    struct fault fault;
    CHECK(start(&launcher, NULL, &fault));
    CHECK_INT(launcher.pid, -1);
    CHECK(!launcher.command);
    launcher_stop(&launcher);
    CHECK(!start(&launcher, "smtp_oauth_command", &fault));
    CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
    launcher_stop(&launcher);
}

/* Its own, among which is none of ours, and the command's: stdin to stderr. It may still be about to close the command's
 * ends of the pipes, 6 and 8. valgrind's have four digits and more. */
static void it_holds_nothing_of_ours(void)
{
    struct launcher launcher;
    struct fault fault;
    int held = open("/dev/null", O_RDONLY);
    CHECK(start(&launcher,
                "smtp_oauth_command="
                "while [ -e /proc/$PPID/fd/6 ] || [ -e /proc/$PPID/fd/8 ]; do sleep 0.01; done; "
                "cd /proc/$PPID/fd && ls -I '????*' && cd /proc/$$/fd && ls",
                &fault));
    struct buf output;
    buf_init(&output, 256);
    CHECK(launcher_run(&launcher, deadline_after_ms(PLENTY_MS), -1, &output, &fault));
    CHECK_TEXT(buf_view(&output), "0\n1\n2\n3\n4\n5\n7\n0\n1\n2\n");
    buf_wipe(&output);
    launcher_stop(&launcher);
    close(held);
}

struct asker {
    pthread_t thread;
    const struct launcher *launcher;
    bool ran;
    struct buf output;
};

static void *ask(void *argument)
{
    struct asker *asker = argument;
    struct fault fault;
    buf_init(&asker->output, 64);
    asker->ran = launcher_run(asker->launcher, deadline_after_ms(PLENTY_MS), -1, &asker->output, &fault);
    return NULL;
}

static void many_ask_and_each_gets_an_answer(void)
{
    struct launcher launcher;
    struct fault fault;
    struct asker askers[ASKERS];
    CHECK(start(&launcher, "smtp_oauth_command=echo token", &fault));
    for (size_t i = 0; i < ASKERS; i++) {
        askers[i].launcher = &launcher;
        CHECK(pthread_create(&askers[i].thread, NULL, ask, &askers[i]) == 0);
    }
    for (size_t i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        CHECK(askers[i].ran);
        CHECK_TEXT(buf_view(&askers[i].output), "token\n");
        buf_wipe(&askers[i].output);
    }
    launcher_stop(&launcher);
}

static void a_stop_ends_the_wait_and_the_command(void)
{
    struct launcher launcher;
    struct fault fault;
    int stop_fd = eventfd(1, EFD_CLOEXEC);
    CHECK(start(&launcher, "smtp_oauth_command=sleep 60", &fault));
    struct deadline limit = deadline_after_ms(PLENTY_MS);
    check_run(&launcher, 10 * PLENTY_MS, stop_fd, 64, NULL, "shutting down");
    launcher_stop(&launcher); /* waits for the launcher, and so for the command */
    CHECK(!deadline_passed(limit));
    close(stop_fd);
}

static void a_launcher_that_is_gone_is_a_fault(void)
{
    struct launcher launcher;
    struct fault fault;
    CHECK(start(&launcher, "smtp_oauth_command=kill -9 $PPID; sleep 60", &fault));
    check_run(&launcher, PLENTY_MS, -1, 64, NULL, "is gone");
    check_run(&launcher, PLENTY_MS, -1, 64, NULL, "it"); /* by now, or soon, it cannot be asked */
    launcher_stop(&launcher);
}

static void another_command_takes_a_restart(void)
{
    struct launcher launcher;
    struct fault fault;
    static const struct {
        const char *command;
        bool is_known;
    } rows[] = {{"echo token", true}, {"echo another", false}, {NULL, false}};
    CHECK(start(&launcher, "smtp_oauth_command=echo token", &fault));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct token_source source;
        struct settings settings = {.smtp_oauth_command = str_of(rows[i].command),
                                    .timeout_oauth_command_ms = PLENTY_MS};
        test_row("%s", rows[i].command ? rows[i].command : "none");
        CHECK_INT(token_source_init(&source, &settings, &launcher, -1, &fault), rows[i].is_known);
        if (rows[i].is_known) {
            struct smtp_token_source face = token_source_for_relay(&source);
            struct buf token;
            buf_init(&token, SMTP_TOKEN_MAX_BYTES);
            CHECK(face.fetch(face.context, deadline_after_ms(PLENTY_MS), &token, &fault));
            CHECK_TEXT(buf_view(&token), "token");
            buf_wipe(&token);
        }
        token_source_fini(&source);
    }
    launcher_stop(&launcher);
}

int main(void)
{
    setenv("POSTERN_SMTP_PASSWORD", "secret", 1);
    TEST(it_gives_what_the_command_printed_or_why_not);
    TEST(without_a_command_there_is_no_process);
    TEST(it_holds_nothing_of_ours);
    TEST(many_ask_and_each_gets_an_answer);
    TEST(a_stop_ends_the_wait_and_the_command);
    TEST(a_launcher_that_is_gone_is_a_fault);
    TEST(another_command_takes_a_restart);
    return test_result();
}
