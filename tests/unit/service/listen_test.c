#include "service/listen.h"
#include "test.h"

#include <sys/socket.h>
#include <unistd.h>

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
        int fd = listen_open(str_of(rows[i].where), "listen", &fault);
        if (CHECK(fd >= 0))
            CHECK(str_starts_with(listen_describe(&arena, fd), str_of(rows[i].prefix)));
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
        CHECK_INT(listen_open(str_of(rows[i]), "listen", &fault), -1);
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
        CHECK_INT(listen_open(str_of(rows[i]), "admin_listen", &fault), -1);
        CHECK(str_starts_with(str_of(fault.detail), STR("option admin_listen: ")));
    }
}

static void a_socket_file_that_is_in_use_stays(void)
{
    char where[80];
    snprintf(where, sizeof where, "unix:/tmp/postern-listen-%d-b.sock", (int)getpid());
    struct fault fault = {0};
    int first = listen_open(str_of(where), "listen", &fault);
    CHECK(first >= 0);
    CHECK_INT(listen_open(str_of(where), "listen", &fault), -1);
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    close(first);
    unlink(where + 5);
}

int main(void)
{
    TEST(loopback_and_unix_sockets_are_opened);
    TEST(what_other_hosts_can_reach_is_refused);
    TEST(a_form_that_is_none_is_refused_by_the_options_name);
    TEST(a_socket_file_that_is_in_use_stays);
    return test_result();
}
