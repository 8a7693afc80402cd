#include "service/process/listen.h"
#include "test.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static const struct listen_terms listen_option = {.option = "listen"},
                                 admin_listen = {.option = "admin_listen"};

static void loopback_and_unix_sockets_are_opened(void)
{
    char path[64], unix_form[80];
    snprintf(path, sizeof path, "/tmp/postern-listen-%d.sock", (int)getpid());
    snprintf(unix_form, sizeof unix_form, "unix:%s", path);
    const struct {
        const char *where, *prefix;
    } rows[] = {{"127.0.0.1:0", "http://127.0.0.1:"},
                {"127.9.9.9:0", "http://127.9.9.9:"},
                {"localhost:0", "http://"},
                {unix_form, unix_form},
                {unix_form, unix_form} /* over the socket file that the row before left */};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        struct arena arena;
        arena_init(&arena, 1000);
        test_row("%s", rows[i].where);
        int fd = listen_open(str_of(rows[i].where), &listen_option, &fault);
        if (CHECK(fd >= 0))
            CHECK(str_starts_with(listen_describe(&arena, fd, false), str_of(rows[i].prefix)));
        close(fd);
        arena_fini(&arena);
    }
    unlink(path);
}

static void what_other_hosts_can_reach_is_refused(void)
{
    static const char *const rows[] = {"0.0.0.0:0", "[::]:0"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%s", rows[i]);
        CHECK_INT(listen_open(str_of(rows[i]), &listen_option, &fault), -1);
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK(str_starts_with(str_of(fault.detail), STR("option listen: ")));
    }
}

static void a_form_that_is_none_is_refused_by_the_options_name(void)
{
    static const char *const rows[] = {
        "",      "8587",  ":8587",         "127.0.0.1", "127.0.0.1:",      "127.0.0.1:http", "::1:8587",
        "[::1]", "unix:", "unix:relative", "systemd",   "127.0.0.1:65536", "[]:8587"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%s", rows[i]);
        CHECK_INT(listen_open(str_of(rows[i]), &admin_listen, &fault), -1);
        CHECK(str_starts_with(str_of(fault.detail), STR("option admin_listen: ")));
    }
}

static void a_socket_file_that_is_in_use_stays(void)
{
    char where[80];
    snprintf(where, sizeof where, "unix:/tmp/postern-listen-%d-b.sock", (int)getpid());
    struct fault fault = {0};
    int first = listen_open(str_of(where), &listen_option, &fault);
    CHECK(first >= 0);
    CHECK_INT(listen_open(str_of(where), &listen_option, &fault), -1);
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    close(first);
    unlink(where + 5);
}

/* Two sockets where systemd puts them, from 3 on. */
static void hand_over(const char *count, const char *names)
{
    char pid[16];
    snprintf(pid, sizeof pid, "%d", (int)getpid());
    setenv("LISTEN_PID", pid, 1);
    setenv("LISTEN_FDS", count, 1);
    setenv("LISTEN_FDNAMES", names, 1);
    for (int fd = 3; fd < 5; fd++) {
        struct fault fault;
        int opened = listen_open(STR("127.0.0.1:0"), &listen_option, &fault);
        if (CHECK(opened >= 0) && opened != fd) {
            CHECK_INT(dup2(opened, fd), fd);
            close(opened);
        }
    }
}

static void systemds_sockets_are_known_by_name_or_else_by_place(void)
{
    static const struct {
        const char *count, *names;
        int listen_fd, admin_fd; /* -1: refused */
    } rows[] = {{"2", "listen:admin_listen", 3, 4},
                {"2", "admin_listen:listen", 4, 3},
                {"2", "postern.socket:postern.socket", 3, 4},
                {"1", "postern.socket", 3, -1},
                {"1", "listen", 3, -1},
                {"1", "admin_listen", -1, 3},
                {"0", "", -1, -1},
                {"x", "listen", -1, -1}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%s %s", rows[i].count, rows[i].names);
        hand_over(rows[i].count, rows[i].names);
        CHECK_INT(listen_open(STR("systemd"), &listen_option, &fault), rows[i].listen_fd);
        CHECK_INT(listen_open(STR("systemd"), &admin_listen, &fault), rows[i].admin_fd);
        close(3), close(4);
    }
    unsetenv("LISTEN_PID");
}

static void what_systemd_hands_over_must_listen(void)
{
    static const struct {
        const char *name;
        int domain, type;
    } rows[] = {{"a datagram socket", AF_INET, SOCK_DGRAM},
                {"a socket that is bound at most", AF_INET, SOCK_STREAM},
                {"no socket", 0, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%s", rows[i].name);
        hand_over("1", "listen");
        close(3), close(4);
        int fd = rows[i].type ? socket(rows[i].domain, rows[i].type, 0) : dup(0);
        if (CHECK(fd >= 0) && fd != 3) {
            CHECK_INT(dup2(fd, 3), 3);
            close(fd);
        }
        CHECK_INT(listen_open(STR("systemd"), &listen_option, &fault), -1);
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK(strstr(fault.detail, "option listen: ") && strstr(fault.detail, "does not listen"));
        close(3);
    }
    unsetenv("LISTEN_PID");
}

static void a_socket_without_a_file_is_described_by_its_name(void)
{
    static const char name[] = "\0postern-listen-test";
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct arena arena;
    memcpy(address.sun_path, name, sizeof name - 1);
    arena_init(&arena, 1000);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK_TEXT(listen_describe(&arena, fd, false), "unix:");
    CHECK_INT(bind(fd, (struct sockaddr *)&address, offsetof(struct sockaddr_un, sun_path) + sizeof name - 1),
              0);
    CHECK_TEXT(listen_describe(&arena, fd, false), "unix:@postern-listen-test");
    close(fd);
    arena_fini(&arena);
}

int main(void)
{
    TEST(loopback_and_unix_sockets_are_opened);
    TEST(what_other_hosts_can_reach_is_refused);
    TEST(a_form_that_is_none_is_refused_by_the_options_name);
    TEST(a_socket_file_that_is_in_use_stays);
    TEST(systemds_sockets_are_known_by_name_or_else_by_place);
    TEST(what_systemd_hands_over_must_listen);
    TEST(a_socket_without_a_file_is_described_by_its_name);
    return test_result();
}
