/* The end is the shell's own: whatever it left behind in the background may hold the pipes open for as long
 * as it likes. It is looked for from time to time, for a pidfd is not to be had everywhere; mostly it shows
 * at once, by the pipes. */
#include "service/relays/child.h"

#include "base/utf8.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_COMPLAINT_BYTES = 200, ARENA_BYTES = 4096, FIRST_INHERITED_FD = 3 };
enum { BLOCK_BYTES = 4096, BLOCKS_AT_A_TIME = 16, LOOK_MS = 5 };

struct child {
    pid_t pid;
    int out_fd, err_fd; /* ends to read from */
    struct buf *output;
    char complaint[MAX_COMPLAINT_BYTES]; /* the front of stderr */
    size_t complaint_len;
};

static void close_pair(int fds[static 2])
{
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Credentials that the command has no need to know may stand in there. */
static char **environment_without_options(void)
{
    size_t count = 0, kept = 0;
    while (environ[count])
        count++;
    char **environment = calloc(count + 1, sizeof *environment);
    for (size_t i = 0; environment && i < count; i++)
        if (!str_starts_with(str_of(environ[i]), STR("POSTERN_")))
            environment[kept++] = environ[i];
    return environment;
}

static int spawn_with(pid_t *pid, const char *command, const posix_spawn_file_actions_t *actions,
                      char **environment)
{
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    int error = posix_spawnattr_init(&attributes);
    if (error)
        return error;
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    char shell[] = "sh", option[] = "-c";
    char *const arguments[] = {shell, option, (char *)(uintptr_t)command, NULL};
    error = posix_spawn(pid, "/bin/sh", actions, &attributes, arguments, environment);
    posix_spawnattr_destroy(&attributes);
    return error;
}

/* 0, or an errno value. */
static int spawn(pid_t *pid, const char *command, int out_fd, int err_fd)
{
    posix_spawn_file_actions_t actions;
    char **environment = environment_without_options();
    int error = environment ? posix_spawn_file_actions_init(&actions) : ENOMEM;
    if (!error) {
        bool ready = !posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) &&
                     !posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO) &&
                     !posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO) &&
                     !posix_spawn_file_actions_addclosefrom_np(&actions, FIRST_INHERITED_FD);
        error = ready ? spawn_with(pid, command, &actions, environment) : ENOMEM;
        posix_spawn_file_actions_destroy(&actions);
    }
    free(environment);
    return error;
}

static bool start(struct child *child, const char *command, struct fault *fault)
{
    int out[2] = {-1, -1}, err[2] = {-1, -1};
    int error = pipe2(out, O_CLOEXEC) || pipe2(err, O_CLOEXEC) ? errno : 0;
    if (!error)
        error = spawn(&child->pid, command, out[1], err[1]);
    if (error) {
        close_pair(out);
        close_pair(err);
        return fault_set(fault, FAULT_INTERNAL, "it cannot be started: %s", fault_errno_text(error));
    }
    close(out[1]);
    close(err[1]);
    child->out_fd = out[0];
    child->err_fd = err[0];
    fcntl(child->out_fd, F_SETFL, O_NONBLOCK);
    fcntl(child->err_fd, F_SETFL, O_NONBLOCK);
    return true;
}

/* One block of what stands in a pipe, which is closed at its end; empty where nothing does. */
static struct str read_block(int *fd, char block[static BLOCK_BYTES])
{
    ssize_t got = *fd >= 0 ? read(*fd, block, BLOCK_BYTES) : -1;
    if (*fd >= 0 && got == 0) {
        close(*fd);
        *fd = -1;
    }
    return (struct str){block, got > 0 ? (size_t)got : 0};
}

/* As much as a full pipe holds, and no more: who writes without end must not keep us from looking at the
 * clock. False once the output is longer than is wanted. */
static bool take_output(struct child *child)
{
    char block[BLOCK_BYTES];
    bool has_more = true;
    for (int i = 0; has_more && !child->output->failed && i < BLOCKS_AT_A_TIME; i++) {
        struct str output = read_block(&child->out_fd, block);
        buf_append(child->output, output);
        has_more = output.len;
        struct str complaint = read_block(&child->err_fd, block);
        has_more |= complaint.len > 0;
        complaint = str_first(complaint, MAX_COMPLAINT_BYTES - child->complaint_len);
        memcpy(child->complaint + child->complaint_len, complaint.data, complaint.len);
        child->complaint_len += complaint.len;
    }
    explicit_bzero(block, sizeof block);
    return !child->output->failed;
}

/* It is left to be reaped. */
static bool has_exited(const struct child *child)
{
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)child->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid;
}

/* True once it has ended by itself. */
static bool follow(struct child *child, struct deadline deadline, int stop_fd, struct fault *fault)
{
    for (;;) {
        struct pollfd fds[] = {{child->out_fd, POLLIN, 0}, {child->err_fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
        bool ends_now = has_exited(child);
        if (!take_output(child))
            return fault_set(fault, FAULT_INTERNAL, "it wrote more than %zu octets",
                             child->output->max_bytes);
        if (ends_now)
            return true;
        if (deadline_passed(deadline))
            return fault_set(fault, FAULT_INTERNAL, "it took too long");
        if (poll(fds, sizeof fds / sizeof fds[0], LOOK_MS) < 0 && errno != EINTR)
            return fault_set(fault, FAULT_INTERNAL, "it cannot be waited for: %s", fault_errno_text(errno));
        if (fds[2].revents)
            return fault_set(fault, FAULT_SHUTTING_DOWN, "Postern is shutting down");
    }
}

/* Adds the first line of what it wrote to stderr. */
static bool complain(const struct child *child, struct fault *fault)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct fault bare = *fault;
    struct str rest = {child->complaint, child->complaint_len};
    struct str line = utf8_make_safe(&arena, str_trim(str_cut(&rest, '\n')), MAX_COMPLAINT_BYTES);
    if (line.len)
        fault_set(fault, bare.code, "%s: %.*s", bare.detail, STR_ARG(line));
    arena_fini(&arena);
    return false;
}

/* Reaps it; killed before that, with all that it started, unless it has ended. */
static bool end(struct child *child, bool has_ended, struct fault *fault)
{
    int status = 0;
    if (!has_ended)
        kill(-child->pid, SIGKILL);
    while (waitpid(child->pid, &status, 0) < 0 && errno == EINTR)
        continue;
    int fds[] = {child->out_fd, child->err_fd};
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    if (!has_ended)
        return complain(child, fault);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    if (WIFSIGNALED(status))
        fault_set(fault, FAULT_INTERNAL, "it was ended by signal %d", WTERMSIG(status));
    else
        fault_set(fault, FAULT_INTERNAL, "it ended with status %d", WEXITSTATUS(status));
    return complain(child, fault);
}

bool child_run(const char *command, struct deadline deadline, int stop_fd, struct buf *output,
               struct fault *fault)
{
    struct child child = {.output = output};
    if (!start(&child, command, fault))
        return false;
    bool has_ended = follow(&child, deadline, stop_fd, fault);
    return end(&child, has_ended, fault);
}
