#include "service/process/notify.h"
#include "test.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void a_state_is_a_line_and_so_are_the_words_for_people(void)
{
    static const struct {
        enum notify_state state;
        struct str status;
        const char *want;
    } rows[] = {
        {NOTIFY_READY, {0}, "READY=1\n"},
        {NOTIFY_READY, {"taking messages", 15}, "READY=1\nSTATUS=taking messages\n"},
        {NOTIFY_RELOADING, {0}, "RELOADING=1\nMONOTONIC_USEC=1234567\n"},
        {NOTIFY_STOPPING, {"", 0}, "STOPPING=1\nSTATUS=\n"},
        {NOTIFY_ALIVE, {0}, "WATCHDOG=1\n"},
        {NOTIFY_READY, {"one\nSTOPPING=1\r\x7f", 16}, "READY=1\nSTATUS=one STOPPING=1  \n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 1024);
        test_row("%s", rows[i].want);
        notify_write(&out, rows[i].state, 1234567, rows[i].status);
        CHECK_TEXT(buf_view(&out), rows[i].want);
        buf_fini(&out);
    }
}

static void words_without_end_are_cut(void)
{
    static char words[4096];
    memset(words, 'x', sizeof words);
    struct buf out;
    buf_init(&out, 1024);
    notify_write(&out, NOTIFY_READY, 0, (struct str){words, sizeof words});
    CHECK(!out.failed);
    CHECK_INT(out.data[out.len - 1], '\n');
    buf_fini(&out);
}

/* A manager's socket, and its name as NOTIFY_SOCKET has it. */
static int listen_as_manager(const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
    memcpy(address.sun_path, name, strlen(name));
    if (name[0] == '@')
        address.sun_path[0] = '\0';
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK_INT(bind(fd, (const struct sockaddr *)&address, len), 0);
    setenv("NOTIFY_SOCKET", name, 1);
    return fd;
}

static void the_manager_hears_by_a_path_and_by_an_abstract_name(void)
{
    static const char *const forms[] = {"/tmp/postern-notify-%d", "@postern-notify-%d"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        char name[64], got[64] = "";
        struct notify notify;
        test_row("%s", forms[i]);
        if (i == 0)
            snprintf(name, sizeof name, "/tmp/postern-notify-%d", (int)getpid());
        else
            snprintf(name, sizeof name, "@postern-notify-%d", (int)getpid());
        int fd = listen_as_manager(name);
        notify_open(&notify);
        CHECK(notify.fd >= 0);
        CHECK(fcntl(notify.fd, F_GETFD) & FD_CLOEXEC);
        CHECK(!getenv("NOTIFY_SOCKET"));
        notify_tell(&notify, NOTIFY_READY, STR("up"));
        ssize_t len = recv(fd, got, sizeof got, 0);
        CHECK_TEXT(((struct str){got, len > 0 ? (size_t)len : 0}), "READY=1\nSTATUS=up\n");
        close(fd);
        notify_tell(&notify, NOTIFY_STOPPING, (struct str){0}); /* nobody hears, and nothing breaks */
        notify_close(&notify);
        CHECK_INT(notify.fd, -1);
        unlink(name);
    }
}

static void where_nobody_can_be_told_nothing_is(void)
{
    static const char *const rows[] = {"", "@", "/", "relative", "vsock:2:1", "/nowhere/there"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct notify notify;
        test_row("%s", rows[i]);
        setenv("NOTIFY_SOCKET", rows[i], 1);
        notify_open(&notify);
        CHECK_INT(notify.fd, -1);
        notify_tell(&notify, NOTIFY_READY, (struct str){0});
        notify_close(&notify);
    }
}

int main(void)
{
    TEST(a_state_is_a_line_and_so_are_the_words_for_people);
    TEST(words_without_end_are_cut);
    TEST(the_manager_hears_by_a_path_and_by_an_abstract_name);
    TEST(where_nobody_can_be_told_nothing_is);
    return test_result();
}
