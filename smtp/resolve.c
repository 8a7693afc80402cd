/* getaddrinfo blocks for the resolver's own time-outs and cannot be cancelled without a leak. A question is
 * therefore owned by two, the one who asks and the thread that finds out; the last to leave it frees it, and
 * with it an answer that came too late. */
#include "smtp/resolve.h"

#include "base/thread.h"
#include "smtp/socket.h"

#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PORT_BYTES = sizeof "65535" };

struct question {
    atomic_uint owners;
    atomic_bool is_answered; /* what was found stands; the descriptor only wakes */
    bool is_abandoned;       /* counted in abandoned_count; told by the asker as it leaves */
    int answered_fd;
    int flags;
    int error, system_error; /* of getaddrinfo, and errno with it */
    struct addrinfo *found;
    char port[PORT_BYTES];
    char host[];
};

static atomic_uint abandoned_count;

static int look_up(const char *host, const char *port, int flags, struct addrinfo **found)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV};
    return getaddrinfo(host, port, &hints, found);
}

static void question_free(struct question *question)
{
    if (question->found)
        freeaddrinfo(question->found);
    if (question->answered_fd >= 0)
        close(question->answered_fd);
    free(question);
}

static void question_leave(struct question *question)
{
    if (atomic_fetch_sub(&question->owners, 1) > 1)
        return;
    if (question->is_abandoned)
        atomic_fetch_sub(&abandoned_count, 1);
    question_free(question);
}

static void question_abandon(struct question *question)
{
    atomic_fetch_add(&abandoned_count, 1);
    question->is_abandoned = true;
    question_leave(question);
}

static void *answer(void *argument)
{
    struct question *question = argument;
    thread_name("resolver");
    errno = 0;
    question->error = look_up(question->host, question->port, question->flags, &question->found);
    question->system_error = errno;
    /* glibc 2.36 says that there is no such name, too, where it had no memory to look for it. */
    if (question->error && errno == ENOMEM)
        question->error = EAI_MEMORY;
    atomic_store(&question->is_answered, true);
    (void)eventfd_write(question->answered_fd, 1);
    question_leave(question);
    return NULL;
}

/* NULL where this cannot be done now. */
static struct question *question_ask(const char *host, const char *port, int flags)
{
    if (atomic_load(&abandoned_count) >= SMTP_RESOLVE_MAX_ABANDONED)
        return NULL;
    size_t host_bytes = strlen(host) + 1;
    struct question *asked = calloc(1, sizeof *asked + host_bytes);
    if (!asked)
        return NULL;
    atomic_init(&asked->owners, 2);
    asked->answered_fd = eventfd(0, EFD_CLOEXEC);
    asked->flags = flags;
    memcpy(asked->port, port, PORT_BYTES);
    memcpy(asked->host, host, host_bytes);
    if (asked->answered_fd >= 0 && thread_start(NULL, answer, asked))
        return asked;
    question_free(asked);
    return NULL;
}

static enum smtp_status await_answer(const struct question *question, int stop_fd, struct deadline deadline)
{
    enum smtp_status status = smtp_socket_wait(question->answered_fd, stop_fd, POLLIN, deadline);
    return status == SMTP_STATUS_OK && !atomic_load(&question->is_answered) ? SMTP_STATUS_NO_MEMORY : status;
}

static void take_answer(struct question *question, struct addrinfo **found, int *error)
{
    int system_error = question->system_error;
    *error = question->error;
    *found = question->found;
    question->found = NULL;
    question_leave(question);
    errno = system_error;
}

enum smtp_status smtp_resolve(const char *host, uint16_t port, int flags, int stop_fd,
                              struct deadline deadline, struct addrinfo **found, int *error)
{
    char port_text[PORT_BYTES] = "";
    snprintf(port_text, sizeof port_text, "%u", port);
    *found = NULL;
    *error = look_up(host, port_text, flags | AI_NUMERICHOST, found);
    if (*error != EAI_NONAME)
        return SMTP_STATUS_OK;
    *error = 0;
    if (deadline_passed(deadline))
        return SMTP_STATUS_TIMEOUT;
    struct question *question = question_ask(host, port_text, flags);
    if (!question)
        return SMTP_STATUS_NO_MEMORY;
    enum smtp_status status = await_answer(question, stop_fd, deadline);
    if (status == SMTP_STATUS_OK)
        take_answer(question, found, error);
    else
        question_abandon(question);
    return status;
}
