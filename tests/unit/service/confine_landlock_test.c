/* Landlock, each time in a thread of our own, with real files and ports. */
#include "confined.h"
#include "service/process/confine_landlock.h"
#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

enum { PATH_BYTES = 128 };

static char folder[] = "/tmp/postern-landlock-XXXXXX";

static const char *path_of(const char *name)
{
    static _Thread_local char paths[4][PATH_BYTES];
    static _Thread_local unsigned next;
    char *path = paths[next++ % 4];
    snprintf(path, PATH_BYTES, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *name)
{
    FILE *file = fopen(path_of(name), "w");
    CHECK(file && fputs("x", file) >= 0);
    if (file)
        fclose(file);
}

static void rename_to(const char *from, const char *to)
{
    CHECK(rename(path_of(from), path_of(to)) == 0);
}

/* 0, or why not. */
static int try_open(const char *name, int flags)
{
    int fd = open(path_of(name), flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static bool allow_only(const char *name, enum landlock_use use)
{
    struct landlock_rules rules;
    landlock_begin_files(&rules);
    landlock_allow_path(&rules, path_of("not there"), use);
    landlock_allow_path(&rules, path_of(name), use);
    int error = landlock_enforce(&rules);
    CHECK_INT(error, landlock_abi() ? 0 : error);
    return error == 0;
}

static void read_open_folder(void *context)
{
    (void)context;
    if (!allow_only("open", LANDLOCK_READ))
        return;
    CHECK_INT(try_open("open/file", O_RDONLY), 0);
    CHECK_INT(try_open("open", O_RDONLY | O_DIRECTORY), 0);
    CHECK_INT(try_open("open/link", O_RDONLY), EACCES); /* to what is not */
    CHECK_INT(try_open("closed/file", O_RDONLY), EACCES);
    CHECK_INT(try_open("closed", O_RDONLY | O_DIRECTORY), EACCES);
    CHECK_INT(try_open("open/../closed/file", O_RDONLY), EACCES);
    CHECK_INT(try_open("open/file", O_WRONLY), EACCES);
    CHECK_INT(try_open("open/file", O_RDWR), EACCES);
    CHECK_INT(try_open("open/file", O_RDONLY | O_TRUNC), EACCES);
    CHECK_INT(try_open("open/new", O_WRONLY | O_CREAT), EACCES);
    CHECK(unlink(path_of("open/file")) != 0 && errno == EACCES);
    CHECK(mkdir(path_of("open/folder"), 0700) != 0 && errno == EACCES);
    CHECK(symlink("file", path_of("open/second")) != 0 && errno == EACCES);
    CHECK(rename(path_of("open/file"), path_of("open/moved")) != 0 && errno == EACCES);
}

static void only_what_is_allowed_is_read_and_nothing_is_written(void)
{
    in_a_thread(read_open_folder, NULL);
    CHECK_INT(try_open("closed/file", O_RDWR), 0);
}

static void start_program(void *context)
{
    int status = 0;
    (void)context;
    if (!allow_only("open", LANDLOCK_READ))
        return;
    pid_t child = fork();
    if (child == 0) {
        execl(path_of("open/program"), "program", (char *)NULL);
        _exit(errno);
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK_INT(WEXITSTATUS(status), EACCES);
}

static void nothing_is_executed(void)
{
    in_a_thread(start_program, NULL);
}

struct swap {
    const char *allowed;
    int want; /* of the file that was put in the place of the other */
    pthread_barrier_t step;
};

static void read_before_and_after(void *context)
{
    struct swap *swap = context;
    bool confined = allow_only(swap->allowed, LANDLOCK_READ);
    CHECK_INT(try_open("open/file", O_RDONLY), 0);
    pthread_barrier_wait(&swap->step);
    pthread_barrier_wait(&swap->step);
    CHECK_INT(try_open("open/file", O_RDONLY), confined ? swap->want : 0);
}

static void *replace_file(void *argument)
{
    struct swap *swap = argument;
    pthread_barrier_wait(&swap->step);
    rename_to("fresh", "open/file");
    pthread_barrier_wait(&swap->step);
    return NULL;
}

static void a_file_that_is_replaced_needs_the_rule_of_its_folder(void)
{
    struct swap rows[] = {{.allowed = "open", .want = 0}, {.allowed = "open/file", .want = EACCES}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        pthread_t other;
        test_row("%s", rows[i].allowed);
        write_file("fresh");
        pthread_barrier_init(&rows[i].step, NULL, 2);
        if (!CHECK(pthread_create(&other, NULL, replace_file, &rows[i]) == 0))
            return;
        in_a_thread(read_before_and_after, &rows[i]);
        pthread_join(other, NULL);
        pthread_barrier_destroy(&rows[i].step);
    }
}

static int bind_socket(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path_of(name));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = bind(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return error;
}

static void make_sockets(void *context)
{
    (void)context;
    if (!allow_only("open", LANDLOCK_SOCKETS))
        return;
    CHECK_INT(bind_socket("open/socket"), 0);
    CHECK(unlink(path_of("open/socket")) == 0);
    CHECK_INT(bind_socket("closed/socket"), EACCES);
    CHECK_INT(try_open("open/file", O_RDONLY), EACCES);
    CHECK_INT(try_open("open/new", O_WRONLY | O_CREAT), EACCES);
}

static void where_sockets_are_made_nothing_else_is(void)
{
    in_a_thread(make_sockets, NULL);
}

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, sizeof address) == 0 && listen(fd, 1) == 0 &&
          getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    *port = ntohs(address.sin_port);
    return fd;
}

static int try_connect(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error = connect(fd, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    close(fd);
    return error;
}

struct ports {
    uint16_t allowed, other;
};

static void connect_to_both(void *context)
{
    const struct ports *ports = context;
    struct landlock_rules rules;
    landlock_begin_ports(&rules);
    landlock_allow_port(&rules, ports->allowed);
    int error = landlock_enforce(&rules);
    bool is_old = landlock_abi() < 4;
    CHECK_INT(error, is_old ? EOPNOTSUPP : 0);
    CHECK_INT(try_connect(ports->allowed), 0);
    CHECK_INT(try_connect(ports->other), is_old ? 0 : EACCES);
    CHECK_INT(try_open("closed/file", O_RDWR), 0);
}

static void only_allowed_ports_are_connected_to(void)
{
    struct ports ports;
    int fds[] = {listen_on_loopback(&ports.allowed), listen_on_loopback(&ports.other)};
    in_a_thread(connect_to_both, &ports);
    for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
        close(fds[i]);
}

static void enforce_what_failed(void *context)
{
    struct landlock_rules rules = {.fd = -1, .error = ENOMEM};
    (void)context;
    landlock_allow_path(&rules, folder, LANDLOCK_READ);
    landlock_allow_port(&rules, 25);
    CHECK_INT(landlock_enforce(&rules), ENOMEM);
    CHECK_INT(try_open("closed/file", O_RDWR), 0);
}

static void a_fault_restricts_nothing_and_is_told(void)
{
    in_a_thread(enforce_what_failed, NULL);
}

static void make_tree(void)
{
    static const char *const files[] = {"open/file", "open/program", "closed/file"};
    CHECK(mkdtemp(folder) != NULL);
    CHECK(mkdir(path_of("open"), 0700) == 0 && mkdir(path_of("closed"), 0700) == 0);
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
        write_file(files[i]);
    CHECK(chmod(path_of("open/program"), 0700) == 0);
    CHECK(symlink("../closed/file", path_of("open/link")) == 0);
}

static void remove_tree(void)
{
    static const char *const names[] = {"open/file",   "open/program", "open/link", "open/new",
                                        "closed/file", "open",         "closed",    ""};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        remove(path_of(names[i]));
}

int main(void)
{
    make_tree();
    if (runs_under_valgrind() || landlock_abi() == 0) {
        printf("skip: there is no Landlock here\n");
    } else {
        TEST(only_what_is_allowed_is_read_and_nothing_is_written);
        TEST(nothing_is_executed);
        TEST(a_file_that_is_replaced_needs_the_rule_of_its_folder);
        TEST(where_sockets_are_made_nothing_else_is);
        TEST(only_allowed_ports_are_connected_to);
        TEST(a_fault_restricts_nothing_and_is_told);
    }
    remove_tree();
    return test_result();
}
