/* A listener whose loops can be made to stand still, by a route that does not answer. */
#include "api/http/loops.h"
#include "api/http/server.h"
#include "base/clock.h"
#include "base/log.h"
#include "test.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { THREADS = 3, WAIT_MS = 10000, MOMENT_MS = 100 };

static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER; /* held: who answers stands still */
static _Atomic unsigned standing;
static struct sockaddr_in address;

static void answer_late(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    atomic_fetch_add(&standing, 1);
    pthread_mutex_lock(&gate);
    pthread_mutex_unlock(&gate);
    atomic_fetch_sub(&standing, 1);
    answer->status = 204;
}

static const struct api_route routes[] = {{"GET", "/late", answer_late, ACCESS_ANYONE, 0}};

/* The listening socket, which stays ours, too. */
static int open_socket(void)
{
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 256) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    return fd;
}

static struct api_server *start(int fd)
{
    struct fault fault;
    const struct api_config config = {.listen_fd = dup(fd),
                                      .listen_is_shared = true,
                                      .threads = THREADS,
                                      .max_connections = 10,
                                      .pace = {.idle_ms = WAIT_MS, .header_ms = WAIT_MS},
                                      .routes = routes,
                                      .route_count = 1};
    struct api_server *server = api_server_start(&config, &fault);
    CHECK(server != NULL);
    return server;
}

static int dial(const char *request)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_INT(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    CHECK_INT(write(fd, request, strlen(request)), (int64_t)strlen(request));
    return fd;
}

static bool is_readable(int fd, int wait_ms)
{
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    return poll(&polled, 1, wait_ms) == 1;
}

static bool turns_within(struct api_server *server, int64_t ms)
{
    struct deadline deadline = deadline_after_ms(ms);
    while (!deadline_passed(deadline)) {
        if (api_server_turns(server))
            return true;
        poll(NULL, 0, 1);
    }
    return false;
}

static void a_loop_that_stands_still_is_found_out(void)
{
    int fd = open_socket();
    struct api_server *server = start(fd);
    test_row("all go round");
    CHECK(!api_server_turns(server)); /* they have only been asked */
    for (int i = 0; i < 5; i++)
        CHECK(turns_within(server, WAIT_MS));
    test_row("one stands");
    pthread_mutex_lock(&gate);
    int late = dial("GET /late HTTP/1.1\r\nHost: x\r\n\r\n");
    while (atomic_load(&standing) == 0)
        poll(NULL, 0, 1);
    CHECK(!turns_within(server, MOMENT_MS));
    test_row("it goes on");
    pthread_mutex_unlock(&gate);
    CHECK(turns_within(server, WAIT_MS));
    CHECK(turns_within(server, WAIT_MS));
    CHECK(is_readable(late, WAIT_MS));
    close(late);
    api_server_stop(&server);
    close(fd);
}

static void who_comes_by_a_shared_socket_waits_for_the_next(void)
{
    static const char request[] = "GET /late HTTP/1.1\r\nHost: x\r\n\r\n";
    int fd = open_socket();
    struct api_server *server = start(fd);
    int before = dial(request);
    CHECK(is_readable(before, WAIT_MS));
    api_server_wind_down(server);
    int waiting = dial(request);
    for (int i = 0; i < 3; i++) {
        api_server_tick(server);
        CHECK(!is_readable(waiting, MOMENT_MS / 3));
    }
    CHECK(turns_within(server, WAIT_MS)); /* and the loops are none the worse for it */
    test_row("the stop leaves the socket to others");
    api_server_stop(&server);
    CHECK(!is_readable(waiting, 0));
    server = start(fd);
    CHECK(is_readable(waiting, WAIT_MS));
    close(before), close(waiting);
    api_server_stop(&server);
    close(fd);
}

static void a_loop_without_room_is_left_in_peace(void)
{
    int fd = open_socket(), many[400];
    enum { MANY = sizeof many / sizeof many[0] };
    struct api_server *server = start(fd);
    for (int i = 0; i < MANY; i++)
        many[i] = dial("G");
    CHECK(turns_within(server, WAIT_MS));
    for (int i = 0; i < MANY; i++)
        close(many[i]);
    api_server_stop(&server);
    close(fd);
}

int main(void)
{
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    TEST(a_loop_that_stands_still_is_found_out);
    TEST(who_comes_by_a_shared_socket_waits_for_the_next);
    TEST(a_loop_without_room_is_left_in_peace);
    return test_result();
}
