/* Put in front of a program by LD_PRELOAD, it makes one call fail: the Nth of the chosen kinds, counted from
 * the moment at which the test writes so into a file that both have mapped (TORTURE_CONTROL names it). All
 * callers count, the libraries too, or only the program's own code.
 *
 * What a function of the kernel cannot say is not said here either: only adding to an epoll set needs memory,
 * and only sockets, files and pipes are interrupted. Under AddressSanitizer the next in the line is its own
 * wrapper, so that memory is checked as ever (ASAN_OPTIONS=verify_asan_link_order=0 lets us go first).
 */
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* Read by torture.py, too: the bits of `kinds`, in this order. */
enum kind {
    KIND_MEMORY,
    KIND_THREAD,
    KIND_DESCRIPTOR, /* one more: socket, eventfd, open, pipe, ... */
    KIND_ACCEPT,
    KIND_EPOLL,
    KIND_CONNECT,
    KIND_SEND,   /* to a socket */
    KIND_RECV,   /* from a socket */
    KIND_READ,   /* from a file or a pipe */
    KIND_WRITE,  /* to one */
    KIND_WAIT,   /* poll, epoll_wait, sigtimedwait */
    KIND_SOCKET, /* its options, names and states: setsockopt, getsockname, fcntl, bind, listen */
    KIND_CLOCK,
    KIND_RESOLVE,
    KIND_RANDOM,
    KIND_SPAWN
};

/* What `error` may be beside an errno value, or an EAI_ code for KIND_RESOLVE: sending and receiving are done for one
 * octet only, or end. */
enum { ERROR_SHORT = -1000, ERROR_END = -1001 };

struct control {
    uint32_t kinds;    /* 1 << kind, of each that is counted; none while nothing is to fail */
    uint32_t own_only; /* callers: the program, not its libraries */
    uint64_t fail_at;  /* from 1; 0 only counts */
    uint64_t fail_count;
    int64_t error;
    uint64_t calls, failed;
    int64_t monotonic_shift_ns, wall_shift_ns;
};

struct code {
    uintptr_t begin, end;
};

static struct control *control;
static struct code program, exempt;

/* Without memory libseccomp 2.5.4 damages the heap, which is its own matter, and ends a process that only starts. */
static const char exempt_library[] = "libseccomp.so";

static int find_code(struct dl_phdr_info *info, size_t size, void *is_behind_first)
{
    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];
        struct code code = {info->dlpi_addr + segment->p_vaddr,
                            info->dlpi_addr + segment->p_vaddr + segment->p_memsz};
        if (segment->p_type != PT_LOAD || !(segment->p_flags & PF_X))
            continue;
        if (!*(bool *)is_behind_first)
            program = code;
        else if (strstr(info->dlpi_name, exempt_library))
            exempt = code;
    }
    *(bool *)is_behind_first = true;
    return 0;
}

static bool is_within(struct code code, const void *caller)
{
    return (uintptr_t)caller >= code.begin && (uintptr_t)caller < code.end;
}

__attribute__((constructor)) static void map_control(void)
{
    const char *path = getenv("TORTURE_CONTROL");
    int fd = path ? (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0)
        return;
    bool is_behind_first = false;
    dl_iterate_phdr(find_code, &is_behind_first);
    void *mapped = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (mapped != MAP_FAILED)
        control = mapped;
}

static __thread bool is_exempt;

static bool counts(enum kind kind, const void *caller)
{
    if (!control || is_exempt || !(__atomic_load_n(&control->kinds, __ATOMIC_RELAXED) & 1U << kind))
        return false;
    return control->own_only ? is_within(program, caller) : !is_within(exempt, caller);
}

/* With errno as it is wanted. */
static bool fails_for(enum kind kind, const void *caller)
{
    if (!counts(kind, caller))
        return false;
    uint64_t number = __atomic_add_fetch(&control->calls, 1, __ATOMIC_RELAXED);
    bool failed =
        control->fail_at && number >= control->fail_at && number - control->fail_at < control->fail_count;
    if (failed) {
        __atomic_add_fetch(&control->failed, 1, __ATOMIC_RELAXED);
        errno = (int)control->error;
    }
    return failed;
}

#define fails(kind) fails_for((kind), __builtin_return_address(0))

#define REAL(name)                                                                                           \
    static __typeof__(name) *real_##name;                                                                    \
    if (!real_##name)                                                                                        \
    *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

/* --- memory */

/* Not looked for by dlsym, which itself asks for memory, also while AddressSanitizer is being set up. */
#define NEXT_MEMORY(type, name, ...)                                                                         \
    type __interceptor_##name(__VA_ARGS__) __attribute__((weak));                                            \
    type __libc_##name(__VA_ARGS__)
#define NEXT(name) (__interceptor_##name ? __interceptor_##name : __libc_##name)

NEXT_MEMORY(void *, malloc, size_t);
NEXT_MEMORY(void *, calloc, size_t, size_t);
NEXT_MEMORY(void *, realloc, void *, size_t);

void *malloc(size_t bytes)
{
    return fails(KIND_MEMORY) ? NULL : NEXT(malloc)(bytes);
}

void *calloc(size_t count, size_t bytes)
{
    return fails(KIND_MEMORY) ? NULL : NEXT(calloc)(count, bytes);
}

void *realloc(void *memory, size_t bytes)
{
    return fails(KIND_MEMORY) ? NULL : NEXT(realloc)(memory, bytes);
}

int posix_memalign(void **memory, size_t alignment, size_t bytes)
{
    REAL(posix_memalign);
    return fails(KIND_MEMORY) ? ENOMEM : real_posix_memalign(memory, alignment, bytes);
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    REAL(aligned_alloc);
    return fails(KIND_MEMORY) ? NULL : real_aligned_alloc(alignment, bytes);
}

char *strdup(const char *text)
{
    size_t bytes = strlen(text) + 1;
    char *copy = fails(KIND_MEMORY) ? NULL : NEXT(malloc)(bytes);
    return copy ? memcpy(copy, text, bytes) : NULL;
}

/* --- threads and processes */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *argument)
{
    REAL(pthread_create);
    return fails(KIND_THREAD) ? errno : real_pthread_create(thread, attributes, run, argument);
}

/* AddressSanitizer asks it of each thread that begins, and ends the program where it fails. */
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes)
{
    REAL(pthread_getattr_np);
    is_exempt = true;
    int result = real_pthread_getattr_np(thread, attributes);
    is_exempt = false;
    return result;
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
    REAL(posix_spawn);
    return fails(KIND_SPAWN) ? errno
                             : real_posix_spawn(pid, path, actions, attributes, arguments, environment);
}

/* --- descriptors */

int socket(int domain, int type, int protocol)
{
    REAL(socket);
    return fails(KIND_DESCRIPTOR) ? -1 : real_socket(domain, type, protocol);
}

int socketpair(int domain, int type, int protocol, int fds[2])
{
    REAL(socketpair);
    return fails(KIND_DESCRIPTOR) ? -1 : real_socketpair(domain, type, protocol, fds);
}

int eventfd(unsigned value, int flags)
{
    REAL(eventfd);
    return fails(KIND_DESCRIPTOR) ? -1 : real_eventfd(value, flags);
}

int epoll_create1(int flags)
{
    REAL(epoll_create1);
    return fails(KIND_DESCRIPTOR) ? -1 : real_epoll_create1(flags);
}

int pipe2(int fds[2], int flags)
{
    REAL(pipe2);
    return fails(KIND_DESCRIPTOR) ? -1 : real_pipe2(fds, flags);
}

int dup(int fd)
{
    REAL(dup);
    return fails(KIND_DESCRIPTOR) ? -1 : real_dup(fd);
}

int memfd_create(const char *name, unsigned flags)
{
    REAL(memfd_create);
    return fails(KIND_DESCRIPTOR) ? -1 : real_memfd_create(name, flags);
}

int open(const char *path, int flags, ...)
{
    REAL(open);
    va_list rest;
    va_start(rest, flags);
    mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(rest, mode_t) : 0;
    va_end(rest);
    return fails(KIND_DESCRIPTOR) ? -1 : real_open(path, flags, mode);
}

FILE *fopen(const char *path, const char *mode)
{
    REAL(fopen);
    return fails(KIND_DESCRIPTOR) ? NULL : real_fopen(path, mode);
}

DIR *opendir(const char *path)
{
    REAL(opendir);
    return fails(KIND_DESCRIPTOR) ? NULL : real_opendir(path);
}

int accept4(int fd, struct sockaddr *address, socklen_t *bytes, int flags)
{
    REAL(accept4);
    return fails(KIND_ACCEPT) ? -1 : real_accept4(fd, address, bytes, flags);
}

int epoll_ctl(int set, int operation, int fd, struct epoll_event *event)
{
    REAL(epoll_ctl);
    return operation == EPOLL_CTL_ADD && fails(KIND_EPOLL) ? -1 : real_epoll_ctl(set, operation, fd, event);
}

/* --- sockets */

int connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    REAL(connect);
    return fails(KIND_CONNECT) ? -1 : real_connect(fd, address, bytes);
}

int setsockopt(int fd, int level, int name, const void *value, socklen_t bytes)
{
    REAL(setsockopt);
    return fails(KIND_SOCKET) ? -1 : real_setsockopt(fd, level, name, value, bytes);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *bytes)
{
    REAL(getsockopt);
    return fails(KIND_SOCKET) ? -1 : real_getsockopt(fd, level, name, value, bytes);
}

int getsockname(int fd, struct sockaddr *address, socklen_t *bytes)
{
    REAL(getsockname);
    return fails(KIND_SOCKET) ? -1 : real_getsockname(fd, address, bytes);
}

int getpeername(int fd, struct sockaddr *address, socklen_t *bytes)
{
    REAL(getpeername);
    return fails(KIND_SOCKET) ? -1 : real_getpeername(fd, address, bytes);
}

int bind(int fd, const struct sockaddr *address, socklen_t bytes)
{
    REAL(bind);
    return fails(KIND_SOCKET) ? -1 : real_bind(fd, address, bytes);
}

int listen(int fd, int backlog)
{
    REAL(listen);
    return fails(KIND_SOCKET) ? -1 : real_listen(fd, backlog);
}

int fcntl(int fd, int command, ...)
{
    REAL(fcntl);
    va_list rest;
    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fails(KIND_SOCKET) ? -1 : real_fcntl(fd, command, argument);
}

/* --- bytes */

enum peer { PEER_SOCKET, PEER_FILE, PEER_OTHER };

static enum peer peer_of(int fd)
{
    struct stat status;
    int error = errno;
    mode_t type = fstat(fd, &status) == 0 ? status.st_mode & S_IFMT : 0;
    errno = error;
    return type == S_IFSOCK ? PEER_SOCKET : type == S_IFREG || type == S_IFIFO ? PEER_FILE : PEER_OTHER;
}

/* How many octets may be moved: `wanted`, or fewer; -1 where none are, and errno says why. */
static ssize_t allow(enum kind kind, size_t wanted, const void *caller)
{
    if (!fails_for(kind, caller))
        return (ssize_t)wanted;
    if (control->error == ERROR_END)
        return 0;
    return control->error == ERROR_SHORT ? wanted > 0 : -1;
}

static bool moves_file(int fd, enum kind kind)
{
    return control && control->kinds & 1U << kind && peer_of(fd) == PEER_FILE;
}

static bool moves_socket(int fd, enum kind kind)
{
    return control && control->kinds & 1U << kind && peer_of(fd) == PEER_SOCKET;
}

#define MOVE(name, kind, is_subject, ...)                                                                    \
    REAL(name);                                                                                              \
    ssize_t allowed = (is_subject) ? allow((kind), bytes, __builtin_return_address(0)) : (ssize_t)bytes;     \
    return allowed <= 0 && bytes ? allowed : real_##name(__VA_ARGS__)

ssize_t send(int fd, const void *data, size_t bytes, int flags)
{
    MOVE(send, KIND_SEND, true, fd, data, (size_t)allowed, flags);
}

ssize_t recv(int fd, void *data, size_t bytes, int flags)
{
    MOVE(recv, KIND_RECV, true, fd, data, (size_t)allowed, flags);
}

/* All or nothing: what is short is for send to show. */
ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    REAL(sendmsg);
    return fails(KIND_SEND) ? -1 : real_sendmsg(fd, message, flags);
}

ssize_t read(int fd, void *data, size_t bytes)
{
    enum kind kind = moves_socket(fd, KIND_RECV) ? KIND_RECV : KIND_READ;
    MOVE(read, kind, kind == KIND_RECV || moves_file(fd, KIND_READ), fd, data, (size_t)allowed);
}

ssize_t write(int fd, const void *data, size_t bytes)
{
    enum kind kind = moves_socket(fd, KIND_SEND) ? KIND_SEND : KIND_WRITE;
    MOVE(write, kind, kind == KIND_SEND || moves_file(fd, KIND_WRITE), fd, data, (size_t)allowed);
}

/* --- waits */

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    REAL(poll);
    return fails(KIND_WAIT) ? -1 : real_poll(fds, count, timeout_ms);
}

int epoll_wait(int set, struct epoll_event *events, int count, int timeout_ms)
{
    REAL(epoll_wait);
    return fails(KIND_WAIT) ? -1 : real_epoll_wait(set, events, count, timeout_ms);
}

int sigtimedwait(const sigset_t *signals, siginfo_t *info, const struct timespec *timeout)
{
    REAL(sigtimedwait);
    return fails(KIND_WAIT) ? -1 : real_sigtimedwait(signals, info, timeout);
}

/* --- names, time, chance */

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints, struct addrinfo **found)
{
    REAL(getaddrinfo);
    if (!fails(KIND_RESOLVE))
        return real_getaddrinfo(host, service, hints, found);
    errno = EMFILE;
    return (int)control->error;
}

static void shift(struct timespec *now, int64_t shift_ns)
{
    int64_t ns = now->tv_sec * 1000000000LL + now->tv_nsec + shift_ns;
    *now = (struct timespec){ns / 1000000000, ns % 1000000000};
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    REAL(clock_gettime);
    if (fails(KIND_CLOCK))
        return -1;
    int result = real_clock_gettime(clock, now);
    if (control && clock == CLOCK_MONOTONIC)
        shift(now, control->monotonic_shift_ns);
    if (control && clock == CLOCK_REALTIME)
        shift(now, control->wall_shift_ns);
    return result;
}

time_t time(time_t *copy)
{
    struct timespec now;
    is_exempt = true; /* this one never fails */
    clock_gettime(CLOCK_REALTIME, &now);
    is_exempt = false;
    if (copy)
        *copy = now.tv_sec;
    return now.tv_sec;
}

ssize_t getrandom(void *data, size_t bytes, unsigned flags)
{
    MOVE(getrandom, KIND_RANDOM, true, data, (size_t)allowed, flags);
}
