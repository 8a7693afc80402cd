/* The filter, in a child of our own: what serving needs goes on, and what an intruder needs does not. */
#include "base/fault.h"
#include "confined.h"
#include "service/process/confine_seccomp.h"
#include "test.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netdb.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>

enum { PAGE_BYTES = 4096 };

/* False where it cannot be had at all, as in some containers: then nothing can be shown. */
static bool is_filtered(void)
{
    int error = seccomp_restrict_calls();
    if (error)
        printf("skip: seccomp: %s\n", fault_errno_text(error));
    return !error;
}

/* By number, so that no C library falls back to another. */
#define CALL(name, ...)                                                                                      \
    {                                                                                                        \
#name, SYS_##name,                                                                                   \
        {                                                                                                    \
            __VA_ARGS__                                                                                      \
        }                                                                                                    \
    }

static const struct {
    const char *name;
    long number;
    long arguments[5];
} forbidden[] = {
    CALL(execve, 0),
    CALL(execveat, -1),
    CALL(clone3, 0),
    CALL(clone, SIGCHLD),
    CALL(ptrace, PTRACE_TRACEME),
    CALL(process_vm_readv, 1),
    CALL(process_vm_writev, 1),
    CALL(pidfd_open, 1),
    CALL(kill, 0, 0),
    CALL(tgkill, 1, 1, 0),
    CALL(listen, -1),
    CALL(socket, AF_PACKET, SOCK_RAW, 0),
    CALL(socket, AF_INET, SOCK_RAW, IPPROTO_ICMP),
    CALL(socket, AF_INET6, SOCK_RAW, IPPROTO_RAW),
    CALL(socket, AF_INET, SOCK_STREAM, IPPROTO_SCTP),
    CALL(socket, AF_NETLINK, SOCK_RAW, NETLINK_AUDIT),
    CALL(socket, AF_VSOCK, SOCK_STREAM, 0),
    CALL(setuid, 0),
    CALL(setresuid, 0, 0, 0),
    CALL(capset, 0),
    CALL(prctl, PR_SET_DUMPABLE, 1),
    CALL(prlimit64, 0, RLIMIT_CORE, 1),
    CALL(personality, 0),
    CALL(unshare, CLONE_NEWUSER),
    CALL(setns, -1),
    CALL(mount, 0),
    CALL(chroot, 0),
    CALL(mkdirat, AT_FDCWD),
    CALL(renameat2, AT_FDCWD),
    CALL(linkat, AT_FDCWD),
    CALL(symlinkat, 0),
    CALL(fchmodat, AT_FDCWD),
    CALL(fchownat, AT_FDCWD),
    CALL(truncate, 0),
    CALL(memfd_create, 0),
    CALL(userfaultfd, 0),
    CALL(io_uring_setup, 1),
    CALL(bpf, 0),
    CALL(perf_event_open, 0),
    CALL(keyctl, 0),
    CALL(open_by_handle_at, -1),
    CALL(init_module, 0),
    CALL(finit_module, -1),
    CALL(reboot, 0),
    CALL(seccomp, 0),
    CALL(shmget, 0),
    CALL(mmap, 0, PAGE_BYTES, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1),
    CALL(pkey_mprotect, 0),
};

static void try_the_forbidden(void *context)
{
    (void)context;
    if (!is_filtered())
        return;
    for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
        const long *arguments = forbidden[i].arguments;
        test_row("%s, row %zu", forbidden[i].name, i);
        errno = 0;
        CHECK_INT(syscall(forbidden[i].number, arguments[0], arguments[1], arguments[2], arguments[3],
                          arguments[4], 0L),
                  -1);
        CHECK_INT(errno, ENOSYS);
    }
}

static void what_an_intruder_needs_is_not_there(void)
{
    in_a_child(try_the_forbidden, NULL);
}

static void make_code(void *context)
{
    (void)context;
    void *page = mmap(NULL, PAGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!CHECK(page != MAP_FAILED) || !is_filtered())
        return;
    CHECK_INT(mprotect(page, PAGE_BYTES, PROT_READ | PROT_EXEC), -1);
    CHECK_INT(errno, ENOSYS);
    CHECK_INT(mprotect(page, PAGE_BYTES, PROT_READ), 0);
}

static void what_was_written_is_never_executed(void)
{
    in_a_child(make_code, NULL);
}

/* One that stands before the filter does, as those of the sandbox's server. */
struct early_thread {
    pthread_barrier_t filtered;
    int error;
};

static void *wait_then_kill(void *argument)
{
    struct early_thread *early = argument;
    pthread_barrier_wait(&early->filtered);
    early->error = kill(getpid(), 0) == 0 ? 0 : errno;
    return NULL;
}

static void filter_beside_a_thread(void *context)
{
    struct early_thread early;
    pthread_t thread;
    (void)context;
    pthread_barrier_init(&early.filtered, NULL, 2);
    if (!CHECK(pthread_create(&thread, NULL, wait_then_kill, &early) == 0))
        return;
    bool filtered = is_filtered();
    pthread_barrier_wait(&early.filtered);
    pthread_join(thread, NULL);
    CHECK_INT(early.error, filtered ? ENOSYS : 0);
    pthread_barrier_destroy(&early.filtered);
}

static void threads_that_are_there_are_filtered_too(void)
{
    in_a_child(filter_beside_a_thread, NULL);
}

static void *name_and_return(void *argument)
{
    pthread_setname_np(pthread_self(), "late");
    return argument;
}

static void check_threads(void)
{
    pthread_t thread;
    int value = 0;
    void *result = NULL;
    CHECK(pthread_create(&thread, NULL, name_and_return, &value) == 0 && pthread_join(thread, &result) == 0);
    CHECK(result == &value);
}

static void check_descriptors(void)
{
    struct epoll_event event = {.events = EPOLLIN};
    int epoll = epoll_create1(EPOLL_CLOEXEC), wake = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event) == 0);
    CHECK_INT(epoll_wait(epoll, &event, 1, 0), 1);
    struct pollfd fd = {wake, POLLIN, 0};
    CHECK_INT(poll(&fd, 1, 0), 1);
    CHECK(fcntl(wake, F_SETFL, 0) == 0);
    close(epoll);
    close(wake);
}

static void check_sockets(void)
{
    static const int families[] = {AF_INET, AF_INET6, AF_UNIX};
    for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
        for (int type = SOCK_STREAM; type <= SOCK_DGRAM; type++) {
            int fd = socket(families[i], type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
            test_row("family %d, type %d", families[i], type);
            CHECK(fd >= 0 || errno == EAFNOSUPPORT);
            close(fd);
        }
    int pair[2];
    char byte;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    CHECK(send(pair[0], "x", 1, MSG_NOSIGNAL) == 1 && recv(pair[1], &byte, 1, 0) == 1);
    close(pair[0]);
    close(pair[1]);
    CHECK(if_nametoindex("lo") > 0);
}

static void check_resolver(void)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "localhost", "postern-test.invalid"};
    for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
        struct addrinfo *found = NULL, hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
        test_row("%s", hosts[i]);
        int error = getaddrinfo(hosts[i], "25", &hints, &found);
        CHECK(!error || error == EAI_NONAME || error == EAI_AGAIN || error == EAI_ADDRFAMILY ||
              error == EAI_NODATA);
        if (!error)
            freeaddrinfo(found);
    }
}

static void check_files(void)
{
    char byte;
    int fd = open("/etc/hosts", O_RDONLY | O_CLOEXEC);
    CHECK(fd >= 0 && read(fd, &byte, 1) == 1);
    CHECK(lseek(fd, 0, SEEK_SET) == 0);
    close(fd);
    CHECK(access("/etc/hosts", R_OK) == 0);
    void *module = dlopen("libresolv.so.2", RTLD_NOW | RTLD_LOCAL);
    CHECK(module != NULL);
    if (module)
        dlclose(module);
}

static void try_the_needed(void *context)
{
    static void (*const checks[])(void) = {check_threads, check_descriptors, check_sockets, check_resolver,
                                           check_files};
    unsigned char chance[8];
    sigset_t none;
    (void)context;
    if (!is_filtered())
        return;
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        checks[i]();
    test_row("the rest");
    CHECK(getrandom(chance, sizeof chance, 0) == sizeof chance);
    struct timespec moment = {.tv_nsec = 1000};
    sigemptyset(&none);
    CHECK(sigtimedwait(&none, NULL, &moment) < 0 && errno == EAGAIN);
    CHECK(nanosleep(&moment, NULL) == 0);
    void *large = malloc((size_t)1 << 24);
    CHECK(large != NULL);
    free(large);
}

static void what_serving_needs_is_there(void)
{
    in_a_child(try_the_needed, NULL);
}

static void a_bug_still_ends_the_process(void)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        const struct rlimit none = {0};
        setrlimit(RLIMIT_CORE, &none);
        if (is_filtered())
            signal(SIGABRT, SIG_DFL);
        abort();
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
    TEST_NATIVELY(what_an_intruder_needs_is_not_there);
    TEST_NATIVELY(what_was_written_is_never_executed);
    TEST_NATIVELY(threads_that_are_there_are_filtered_too);
    TEST_NATIVELY(what_serving_needs_is_there);
    TEST_NATIVELY(a_bug_still_ends_the_process);
    return test_result();
}
