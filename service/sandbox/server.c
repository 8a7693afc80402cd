/* One thread accepts; it alone starts and joins the others, in a fixed set of slots. A connection's thread
 * touches its slot once more when it is done, by an atomic flag, and the accepting thread joins it when it
 * next needs room, or at the end. The stop descriptor, readable for ever once written, ends every wait in
 * every thread. */
#include "service/sandbox/server.h"

#include "base/thread.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 1000, PAUSE_MS = 100 };

struct slot {
    struct sandbox_server *server;
    pthread_t thread;
    int fd;
    bool used;        /* the accepting thread's: `thread` is to be joined */
    atomic_bool done; /* the connection's thread's last touch */
};

struct sandbox_server {
    const struct sandbox_terms *terms;
    int listen_fd, stop_fd;
    pthread_t acceptor;
    struct slot slots[MAX_CONNECTIONS];
};

static void *run_connection(void *context)
{
    struct slot *slot = context;
    thread_name("sandbox SMTP");
    sandbox_connection_serve(slot->server->terms, slot->fd, slot->server->stop_fd);
    atomic_store(&slot->done, true);
    return NULL;
}

static void join_done(struct sandbox_server *server)
{
    for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
        struct slot *slot = &server->slots[i];
        if (slot->used && atomic_load(&slot->done)) {
            pthread_join(slot->thread, NULL);
            slot->used = false;
        }
    }
}

static struct slot *free_slot(struct sandbox_server *server)
{
    join_done(server);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        if (!server->slots[i].used)
            return &server->slots[i];
    return NULL;
}

static void serve(struct sandbox_server *server, int fd)
{
    static const char busy[] = "421 4.7.0 localhost Error: too many connections\r\n";
    struct slot *slot = free_slot(server);
    if (slot) {
        int on = 1;
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* replies are whole writes */
        slot->server = server;
        slot->fd = fd;
        atomic_store(&slot->done, false);
        slot->used = thread_start(&slot->thread, run_connection, slot);
    }
    if (!slot || !slot->used) {
        (void)send(fd, busy, sizeof busy - 1, MSG_NOSIGNAL);
        close(fd);
    }
}

static bool stop_within(const struct sandbox_server *server, int timeout_ms)
{
    struct pollfd polled = {.fd = server->stop_fd, .events = POLLIN};
    return poll(&polled, 1, timeout_ms) > 0;
}

static void *run_acceptor(void *context)
{
    struct sandbox_server *server = context;
    thread_name("sandbox accept");
    while (!stop_within(server, 0)) {
        struct pollfd polled[] = {{.fd = server->listen_fd, .events = POLLIN},
                                  {.fd = server->stop_fd, .events = POLLIN}};
        if (poll(polled, sizeof polled / sizeof polled[0], -1) < 0 || !polled[0].revents)
            continue;
        int fd = accept4(server->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        if (fd >= 0)
            serve(server, fd);
        else if (errno != EAGAIN && errno != EINTR && errno != ECONNABORTED)
            (void)stop_within(server, PAUSE_MS); /* out of descriptors: the listener stays readable */
    }
    for (size_t i = 0; i < MAX_CONNECTIONS; i++)
        if (server->slots[i].used)
            pthread_join(server->slots[i].thread, NULL);
    return NULL;
}

/* Signals are the main thread's; SIGPIPE, which OpenSSL's writes raise, is nobody's. The threads inherit the
 * mask. */
static bool start_acceptor(struct sandbox_server *server, struct fault *fault)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = thread_start(&server->acceptor, run_acceptor, server);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return started || fault_set(fault, FAULT_INTERNAL, "the sandbox cannot start a thread");
}

static void release(struct sandbox_server *server)
{
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    if (server->stop_fd >= 0)
        close(server->stop_fd);
    free(server);
}

struct sandbox_server *sandbox_server_start(const struct sandbox_terms *terms, int listen_fd,
                                            struct fault *fault)
{
    struct sandbox_server *server = calloc(1, sizeof *server);
    if (!server) {
        fault_set(fault, FAULT_INTERNAL, "out of memory");
        return NULL;
    }
    server->terms = terms;
    server->listen_fd = listen_fd;
    server->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (server->stop_fd < 0)
        fault_set(fault, FAULT_INTERNAL, "the sandbox cannot open a descriptor: %s", fault_errno_text(errno));
    else if (start_acceptor(server, fault))
        return server;
    server->listen_fd = -1;
    release(server);
    return NULL;
}

void sandbox_server_stop(struct sandbox_server **server)
{
    if (!*server)
        return;
    (void)eventfd_write((*server)->stop_fd, 1);
    pthread_join((*server)->acceptor, NULL);
    release(*server);
    *server = NULL;
}
