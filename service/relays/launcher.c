/* One request at a time, each a descriptor to answer on: so nobody can make it start more than one shell. Who
 * lost patience closes the other end, which ends the command; the end of this process closes all of them.
 *
 * An answer is one octet that tells what follows, the output or the words of a fault, up to its end.
 */
#include "service/relays/launcher.h"

#include "service/relays/child.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

/* A moment longer than the command has: the launcher knows better what went wrong. */
enum { GRACE_US = 1000000, OWN_FD = 3, BLOCK_BYTES = 4096 };

enum answer_kind { ANSWER_OUTPUT = 'o', ANSWER_FAULT = 'f' };

struct request {
    struct deadline deadline;
    size_t max_bytes;
};

union control {
    struct cmsghdr header;
    char room[CMSG_SPACE(sizeof(int))];
};

/* --- In the launcher's process */

/* The descriptor to answer on; -1 once nobody is left who could ask. */
static int take_request(struct request *request)
{
    union control control = {.room = {0}};
    struct iovec bytes = {request, sizeof *request};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    ssize_t got;
    do
        got = recvmsg(OWN_FD, &message, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    const struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int fd = -1;
    if (got == (ssize_t)sizeof *request && header && header->cmsg_type == SCM_RIGHTS)
        memcpy(&fd, CMSG_DATA(header), sizeof fd);
    return fd;
}

static void answer(int fd, char kind, struct str text)
{
    if (send(fd, &kind, 1, MSG_NOSIGNAL) != 1)
        return;
    while (text.len) {
        ssize_t sent = send(fd, text.data, text.len, MSG_NOSIGNAL);
        if (sent < 0 && errno != EINTR)
            return;
        text = str_from(text, sent > 0 ? (size_t)sent : 0);
    }
}

static _Noreturn void stand_by(const char *command)
{
    struct request request = {0};
    for (int fd; (fd = take_request(&request)) >= 0; close(fd)) {
        struct buf output;
        struct fault fault;
        buf_init(&output, request.max_bytes);
        if (child_run(command, request.deadline, fd, &output, &fault))
            answer(fd, ANSWER_OUTPUT, buf_view(&output));
        else
            answer(fd, ANSWER_FAULT, str_of(fault.detail));
        buf_wipe(&output);
    }
    _exit(EXIT_SUCCESS);
}

/* Keeps no descriptor but the socket and those that the command's complaints go to; signals stay blocked: it
 * ends with the one that asks, which may need a token while it finishes what is out. */
static _Noreturn void become_launcher(int fd, const char *command)
{
    if (dup2(fd, OWN_FD) < 0)
        _exit(EXIT_FAILURE);
    closefrom(OWN_FD + 1);
    stand_by(command);
}

/* --- In the process that serves */

/* The settings are gone before the fork, and the secrets in them: the other process has no need to know. */
static bool read_command(char **command, const struct option_sources *sources, struct fault *fault)
{
    struct settings settings;
    bool loaded = settings_load(&settings, sources, fault);
    if (loaded && settings.smtp_oauth_command.data) {
        *command = strdup(settings.smtp_oauth_command.data);
        loaded = *command || fault_set(fault, FAULT_OVERLOADED, "out of memory");
    }
    settings_fini(&settings);
    return loaded;
}

bool launcher_start(struct launcher *launcher, const struct option_sources *sources, struct fault *fault)
{
    int pair[2];
    *launcher = (struct launcher){.fd = -1, .pid = -1};
    if (!read_command(&launcher->command, sources, fault))
        return false;
    if (!launcher->command)
        return true;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set(fault, FAULT_OVERLOADED, "option smtp_oauth_command: no process to run it: %s",
                         fault_errno_text(errno));
    launcher->pid = fork();
    if (launcher->pid == 0)
        become_launcher(pair[1], launcher->command);
    int error = errno;
    close(pair[1]);
    launcher->fd = pair[0];
    return launcher->pid > 0 ||
           fault_set(fault, FAULT_OVERLOADED, "option smtp_oauth_command: no process to run it: %s",
                     fault_errno_text(error));
}

void launcher_stop(struct launcher *launcher)
{
    if (launcher->fd >= 0)
        close(launcher->fd);
    while (launcher->pid > 0 && waitpid(launcher->pid, NULL, 0) < 0 && errno == EINTR)
        continue;
    if (launcher->command)
        explicit_bzero(launcher->command, strlen(launcher->command));
    free(launcher->command);
    *launcher = (struct launcher){.fd = -1, .pid = -1};
}

static bool send_request(int launcher_fd, struct request request, int answer_fd)
{
    union control control = {.room = {0}};
    struct iovec bytes = {&request, sizeof request};
    struct msghdr message = {.msg_iov = &bytes,
                             .msg_iovlen = 1,
                             .msg_control = control.room,
                             .msg_controllen = sizeof control.room};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    *header = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof answer_fd)};
    memcpy(CMSG_DATA(header), &answer_fd, sizeof answer_fd);
    return sendmsg(launcher_fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)sizeof request;
}

/* One block more of the answer. False at its end, or where there is no more of it to be had. */
static bool take_block(int fd, struct buf *text)
{
    char block[BLOCK_BYTES];
    ssize_t got = recv(fd, block, sizeof block, MSG_DONTWAIT);
    if (got > 0)
        buf_append(text, (struct str){block, (size_t)got});
    explicit_bzero(block, sizeof block);
    return got > 0 || (got < 0 && (errno == EAGAIN || errno == EINTR));
}

static bool await_answer(int fd, int stop_fd, struct deadline deadline, struct buf *text, struct fault *fault)
{
    for (;;) {
        struct pollfd fds[] = {{fd, POLLIN, 0}, {stop_fd, POLLIN, 0}};
        if (poll(fds, sizeof fds / sizeof fds[0], deadline_left_ms(deadline)) < 0 && errno != EINTR)
            return fault_set(fault, FAULT_INTERNAL, "it cannot be waited for: %s", fault_errno_text(errno));
        if (fds[1].revents)
            return fault_set(fault, FAULT_SHUTTING_DOWN, "Postern is shutting down");
        if (fds[0].revents && !take_block(fd, text))
            return true;
        if (deadline_passed(deadline))
            return fault_set(fault, FAULT_INTERNAL, "it took too long");
    }
}

static bool read_answer(struct str text, struct buf *output, struct fault *fault)
{
    struct str rest = str_from(text, 1);
    if (text.len && text.data[0] == ANSWER_OUTPUT) {
        buf_append(output, rest);
        return !output->failed || fault_set(fault, FAULT_OVERLOADED, "out of memory");
    }
    if (text.len && text.data[0] == ANSWER_FAULT)
        return fault_set(fault, FAULT_INTERNAL, "%.*s", STR_ARG(rest));
    return fault_set(fault, FAULT_INTERNAL, "the process that runs it is gone");
}

bool launcher_run(const struct launcher *launcher, struct deadline deadline, int stop_fd, struct buf *output,
                  struct fault *fault)
{
    int pair[2];
    struct buf text;
    struct request request = {deadline, output->max_bytes};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
        return fault_set(fault, FAULT_INTERNAL, "it cannot be started: %s", fault_errno_text(errno));
    bool sent = send_request(launcher->fd, request, pair[1]);
    int error = errno;
    close(pair[1]);
    buf_init(&text, output->max_bytes + FAULT_DETAIL_BYTES);
    struct deadline patience = {deadline.at_us + GRACE_US};
    bool answered =
        sent ? await_answer(pair[0], stop_fd, patience, &text, fault)
             : fault_set(fault, FAULT_INTERNAL, "it cannot be started: %s", fault_errno_text(error));
    close(pair[0]);
    bool made = answered && read_answer(buf_view(&text), output, fault);
    buf_wipe(&text);
    return made;
}
