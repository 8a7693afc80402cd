/* A list of what is allowed, by name: libseccomp knows the numbers, and leaves out what an architecture does not have.
 *
 * Why ENOSYS, and not a signal: a C library that learned a new call tries it first, and falls back when the kernel
 * does not know it; that is how a thread is made by clone here, whose flags can be looked at, and not by clone3, whose
 * flags cannot. A process that is killed for a call that nobody thought of loses track of every message that it has
 * out, and could not keep its promise about them. What an intruder needs fails either way.
 */
#include "service/process/confine_seccomp.h"

#include <errno.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <sched.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* SOCK_CLOEXEC and SOCK_NONBLOCK stand in the same argument. */
enum { MAX_CONDITIONS = 3, SOCKET_TYPE_MASK = 0xf };

struct call {
    const char *name;
    unsigned count;
    struct scmp_arg_cmp conditions[MAX_CONDITIONS]; /* all of them hold */
};

#define IS(index, value)                                                                                     \
    {                                                                                                        \
        .arg = (index), .op = SCMP_CMP_EQ, .datum_a = (value)                                                \
    }
#define HAS(index, mask, value)                                                                              \
    {                                                                                                        \
        .arg = (index), .op = SCMP_CMP_MASKED_EQ, .datum_a = (mask), .datum_b = (value)                      \
    }
#define SOCKET(family, type)                                                                                 \
    {                                                                                                        \
        "socket", 3,                                                                                         \
        {                                                                                                    \
            IS(0, family), HAS(1, SOCKET_TYPE_MASK, type), IS(2, 0)                                          \
        }                                                                                                    \
    }

static const struct call calls[] = {
    /* Memory, never to be written and executed both: no code but that of files, and none can be written. */
    {"brk", 0, {{0}}},
    {"madvise", 0, {{0}}},
    {"mmap", 1, {HAS(2, PROT_EXEC, 0)}},
    {"mmap", 1, {HAS(2, PROT_WRITE, 0)}}, /* a module of the resolver, loaded when it is first needed */
    {"mprotect", 1, {HAS(2, PROT_EXEC, 0)}},
    {"mremap", 0, {{0}}},
    {"munmap", 0, {{0}}},

    /* Threads, and no processes. */
    {"clone", 1, {HAS(0, CLONE_THREAD, CLONE_THREAD)}},
    {"exit", 0, {{0}}},
    {"exit_group", 0, {{0}}},
    {"futex", 0, {{0}}},
    {"getpid", 0, {{0}}},
    {"gettid", 0, {{0}}},
    {"prctl", 1, {IS(0, PR_SET_NAME)}},
    {"rseq", 0, {{0}}},
    {"sched_getaffinity", 0, {{0}}},
    {"sched_yield", 0, {{0}}},
    {"set_robust_list", 0, {{0}}},
    {"wait4", 0, {{0}}}, /* for the launcher's end */

    /* Signals: kill is not among them; tgkill is added for our own threads, for abort. */
    {"restart_syscall", 0, {{0}}},
    {"rt_sigaction", 0, {{0}}},
    {"rt_sigprocmask", 0, {{0}}},
    {"rt_sigreturn", 0, {{0}}},
    {"rt_sigtimedwait", 0, {{0}}},
    {"sigaltstack", 0, {{0}}},

    /* The clock, where it is not read without a call, chance, and what this machine is. */
    {"clock_gettime", 0, {{0}}},
    {"clock_nanosleep", 0, {{0}}},
    {"getrandom", 0, {{0}}},
    {"getrusage", 0, {{0}}},
    {"gettimeofday", 0, {{0}}},
    {"nanosleep", 0, {{0}}},
    {"prlimit64", 1, {IS(2, 0)}}, /* asked for, not set */
    {"sysinfo", 0, {{0}}},
    {"time", 0, {{0}}},
    {"uname", 0, {{0}}},

    /* Files: which, is for Landlock to say. */
    {"access", 0, {{0}}},
    {"faccessat", 0, {{0}}},
    {"faccessat2", 0, {{0}}},
    {"fstat", 0, {{0}}},
    {"getcwd", 0, {{0}}},
    {"getdents64", 0, {{0}}},
    {"lseek", 0, {{0}}},
    {"newfstatat", 0, {{0}}},
    {"openat", 0, {{0}}},
    {"pread64", 0, {{0}}},
    {"readlink", 0, {{0}}},
    {"readlinkat", 0, {{0}}},
    {"statx", 0, {{0}}},
    {"unlink", 0, {{0}}}, /* of our own socket, at the end */
    {"unlinkat", 0, {{0}}},

    /* Who we are: libraries ask. */
    {"getegid", 0, {{0}}},
    {"geteuid", 0, {{0}}},
    {"getgid", 0, {{0}}},
    {"getuid", 0, {{0}}},

    /* Descriptors of any kind. */
    {"close", 0, {{0}}},
    {"epoll_create1", 0, {{0}}},
    {"epoll_ctl", 0, {{0}}},
    {"epoll_pwait", 0, {{0}}},
    {"epoll_wait", 0, {{0}}},
    {"eventfd2", 0, {{0}}},
    {"fcntl", 0, {{0}}},
    {"ioctl", 1, {IS(1, FIONREAD)}},
    {"poll", 0, {{0}}},
    {"ppoll", 0, {{0}}},
    {"read", 0, {{0}}},
    {"readv", 0, {{0}}},
    {"write", 0, {{0}}},
    {"writev", 0, {{0}}},

    /* Sockets: to relays and name servers, netlink for the resolver to see which addresses this machine has; an
     * interface's number is asked for by a name such as fe80::1%eth0. Nothing listens that did not before. */
    SOCKET(AF_INET, SOCK_STREAM),
    SOCKET(AF_INET, SOCK_DGRAM),
    SOCKET(AF_INET6, SOCK_STREAM),
    SOCKET(AF_INET6, SOCK_DGRAM),
    SOCKET(AF_UNIX, SOCK_STREAM),
    SOCKET(AF_UNIX, SOCK_DGRAM),
    {"socket", 3, {IS(0, AF_NETLINK), HAS(1, SOCKET_TYPE_MASK, SOCK_RAW), IS(2, NETLINK_ROUTE)}},
    {"socketpair", 1, {IS(0, AF_UNIX)}},
    {"accept4", 0, {{0}}},
    {"bind", 0, {{0}}},
    {"connect", 0, {{0}}},
    {"getpeername", 0, {{0}}},
    {"getsockname", 0, {{0}}},
    {"getsockopt", 0, {{0}}},
    {"ioctl", 1, {IS(1, SIOCGIFINDEX)}},
    {"recvfrom", 0, {{0}}},
    {"recvmsg", 0, {{0}}},
    {"sendmmsg", 0, {{0}}},
    {"sendmsg", 0, {{0}}},
    {"sendto", 0, {{0}}},
    {"setsockopt", 0, {{0}}},
    {"shutdown", 0, {{0}}},
};

/* 0, or a negative errno value, as libseccomp has it. What it does not know, or this architecture has not, is left
 * out. */
static int allow(scmp_filter_ctx filter, const struct call *call)
{
    int number = seccomp_syscall_resolve_name(call->name);
    return number < 0 ? 0
                      : seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, number, call->count, call->conditions);
}

static int allow_all(scmp_filter_ctx filter)
{
    const struct call raise = {"tgkill", 1, {IS(0, (scmp_datum_t)getpid())}};
    int error = allow(filter, &raise);
    for (size_t i = 0; !error && i < sizeof calls / sizeof calls[0]; i++)
        error = allow(filter, &calls[i]);
    return error;
}

/* The log is the kernel's, and not to be had everywhere. */
static int load(scmp_filter_ctx filter)
{
    (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_LOG, 1);
    int error = seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);
    if (!error)
        error = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    if (!error)
        error = allow_all(filter);
    if (error)
        return error;
    /* libseccomp 2.5.4 loads a part of the filter where it has no memory for the rest, and calls that a success. */
    errno = 0;
    error = seccomp_load(filter);
    return !error && errno == ENOMEM ? -ENOMEM : error;
}

int seccomp_restrict_calls(void)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    if (!filter)
        return ENOMEM;
    int error = load(filter);
    seccomp_release(filter);
    return -error;
}
