/* Routes that are only asked, over a real socket: an answer that waits, one that is pulled, one that is somebody
 * else's, a body that is taken. */
#include "api/http/server.h"
#include "test.h"

#include <arpa/inet.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { WAIT_S = 10, MAX_BODY_BYTES = 20, MAX_WAITING = 2, TEXT_BYTES = 1 << 16, LONG_BYTES = 100000 };

static struct api_server *server;
static struct sockaddr_in address;
static struct bell *bell;
static atomic_int things;           /* what is waited for */
static atomic_int patience_ms;      /* how long it is */
static atomic_int asked;            /* how often somebody wanted to wait */
static atomic_int released, closed; /* owners and feeds that were let go */

static void answer_text(struct api_answer *answer, struct str text)
{
    answer->status = 200;
    answer->content_type = "text/plain";
    answer->body = malloc(text.len + 1);
    if (answer->body && text.len)
        memcpy(answer->body, text.data, text.len);
    answer->body_bytes = text.len;
}

/* Waits for a thing, as long as it has patience. */
static void answer_when_rung(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    struct deadline until = {call->came.at_us + atomic_load(&patience_ms) * INT64_C(1000)};
    uint64_t seen = bell_count(bell);
    if (atomic_load(&things)) {
        answer_text(answer, STR("a thing"));
    } else if (deadline_passed(until)) {
        answer_text(answer, STR("nothing"));
    } else {
        answer->bell = bell;
        answer->seen = seen;
        answer->until = until;
        atomic_fetch_add(&asked, 1);
    }
}

static void answer_body(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    answer_text(answer, call->body);
    answer->fields[0] = (struct api_field){"X-Query", ""};
    snprintf(answer->fields[0].value, API_FIELD_BYTES, "%.*s", STR_ARG(call->query));
}

static void release(void *owner)
{
    atomic_fetch_add((atomic_int *)owner, 1);
}

static void answer_owned(void *context, const struct api_call *call, struct api_answer *answer)
{
    static char text[] = "owned";
    (void)context, (void)call;
    *answer = (struct api_answer){.status = 200,
                                  .content_type = "text/plain",
                                  .body = text,
                                  .body_bytes = sizeof text - 1,
                                  .release = release,
                                  .owner = &released};
}

static size_t read_long(void *context, char *room, size_t bytes)
{
    size_t *left = context;
    size_t len = *left < bytes ? *left : bytes;
    memset(room, 'a', len);
    *left -= len;
    return len;
}

static void close_feed(void *context)
{
    free(context);
    atomic_fetch_add(&closed, 1);
}

static void answer_long(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    size_t *left = calloc(1, sizeof *left);
    *left = LONG_BYTES;
    answer->status = 200;
    answer->content_type = "text/plain";
    answer->feed = (struct feed){.read = read_long, .close = close_feed, .context = left};
}

/* A line for each thing, without an end. */
static size_t read_things(void *context, char *room, size_t bytes)
{
    int *told = context;
    size_t len = 0;
    for (; *told < atomic_load(&things) && len < bytes; ++*told)
        room[len++] = '!';
    return len;
}

static void answer_things(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context, (void)call;
    answer->status = 200;
    answer->content_type = "text/plain";
    answer->feed = (struct feed){.read = read_things,
                                 .close = close_feed,
                                 .context = calloc(1, sizeof(int)),
                                 .bell = bell,
                                 .beat = STR(".")};
}

static const struct api_route routes[] = {
    {"GET", "/wait", answer_when_rung, ACCESS_ANYONE, 0},
    {"PUT", "/body", answer_body, ACCESS_ANYONE, MAX_BODY_BYTES},
    {"GET", "/owned", answer_owned, ACCESS_ANYONE, 0},
    {"GET", "/long", answer_long, ACCESS_ANYONE, 0},
    {"GET", "/things", answer_things, ACCESS_ANYONE, 0},
};

static void start(void)
{
    struct fault fault;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 64) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    const struct api_config config = {.listen_fd = fd,
                                      .threads = 2,
                                      .max_connections = 64,
                                      .pace = {.idle_ms = WAIT_S * 1000, .header_ms = WAIT_S * 1000},
                                      .limits = {.max_body_bytes = 1000, .max_in_flight_bytes = 100000},
                                      .routes = routes,
                                      .route_count = sizeof routes / sizeof *routes};
    atomic_store(&things, 0);
    atomic_store(&asked, 0);
    atomic_store(&patience_ms, 300);
    bell = bell_new(MAX_WAITING);
    server = api_server_start(&config, &fault);
    CHECK(bell && server);
}

static void stop(void)
{
    bell_close(bell);
    api_server_stop(&server);
    bell_free(&bell);
}

static int ask(const char *text)
{
    struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    CHECK(connect(fd, (struct sockaddr *)&address, sizeof address) == 0);
    CHECK(send(fd, text, strlen(text), MSG_NOSIGNAL) == (ssize_t)strlen(text));
    return fd;
}

static char got[LONG_BYTES + TEXT_BYTES];

/* Reads until `wanted` has come; NULL: until the end. */
static bool hear(int fd, const char *wanted)
{
    size_t len = 0;
    got[0] = '\0';
    while (len + 1 < sizeof got && !(wanted && strstr(got, wanted))) {
        ssize_t bytes = recv(fd, got + len, sizeof got - 1 - len, 0);
        if (bytes <= 0)
            return !wanted;
        len += (size_t)bytes;
        got[len] = '\0';
    }
    return true;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

static void ring(void)
{
    atomic_fetch_add(&things, 1);
    bell_ring(bell);
}

static void wait_until(atomic_int *number, int wanted)
{
    struct deadline deadline = deadline_after_ms(WAIT_S * 1000);
    while (atomic_load(number) < wanted && !deadline_passed(deadline))
        usleep(1000);
    CHECK_INT(atomic_load(number), wanted);
}

static void an_answer_waits_for_the_bell_or_its_time(void)
{
    start();
    int fd = ask(GET("/wait"));
    int64_t began_us = clock_monotonic_us();
    CHECK(hear(fd, "nothing"));
    CHECK(clock_monotonic_us() - began_us >= 290000);
    close(fd);
    fd = ask(GET("/wait"));
    usleep(50000);
    bell_ring(bell); /* which was for somebody else */
    usleep(50000);
    ring();
    CHECK(hear(fd, "a thing"));
    close(fd);
    stop();
}

static void too_many_that_wait_are_told(void)
{
    int fds[MAX_WAITING];
    start();
    atomic_store(&patience_ms, WAIT_S * 1000);
    for (size_t i = 0; i < MAX_WAITING; i++)
        fds[i] = ask(GET("/wait"));
    wait_until(&asked, MAX_WAITING);
    usleep(50000); /* from its answer to its place at the bell */
    int late = ask(GET("/wait"));
    CHECK(hear(late, "503 "));
    close(late);
    ring();
    for (size_t i = 0; i < MAX_WAITING; i++) {
        CHECK(hear(fds[i], "a thing"));
        close(fds[i]);
    }
    stop();
}

static void who_waits_when_the_server_stops_is_told(void)
{
    start();
    int fd = ask(GET("/wait"));
    usleep(50000);
    bell_close(bell);
    CHECK(hear(fd, "shutting-down"));
    close(fd);
    stop();
}

static void a_body_is_taken_where_the_route_takes_one(void)
{
    static const struct {
        const char *name, *fields, *answer;
    } rows[] = {
        {"a body", "Content-Type: application/json\r\nContent-Length: 5\r\n\r\n[1,2]", "\r\n\r\n[1,2]"},
        {"in chunks",
         "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1,2]\r\n0\r\n\r\n",
         "[1,2]"},
        {"too long", "Content-Type: application/json\r\nContent-Length: 21\r\n\r\n[1,2,3,4,5,6,7,8,9,1]",
         " 413 "},
        {"no type", "Content-Length: 5\r\n\r\n[1,2]", " 415 "},
        {"a form", "Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 5\r\n\r\n[1,2]",
         " 415 "},
        {"no length", "Content-Type: application/json\r\n\r\n", " 411 "},
    };
    start();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[512];
        test_row("%s", rows[i].name);
        snprintf(text, sizeof text, "PUT /body?a=b HTTP/1.1\r\nHost: localhost\r\n%s", rows[i].fields);
        int fd = ask(text);
        CHECK(hear(fd, rows[i].answer));
        CHECK(!strstr(rows[i].answer, "[1,2]") || strstr(got, "X-Query: a=b\r\n"));
        close(fd);
    }
    stop();
}

static void what_is_somebody_elses_is_let_go_once(void)
{
    start();
    atomic_store(&released, 0);
    int fd = ask(GET("/owned"));
    CHECK(hear(fd, "\r\n\r\nowned"));
    close(fd);
    wait_until(&released, 1);
    stop();
    CHECK_INT(atomic_load(&released), 1);
}

static void a_feed_is_pulled_to_its_end(void)
{
    start();
    atomic_store(&closed, 0);
    int fd = ask(GET("/long"));
    CHECK(hear(fd, NULL));
    size_t count = 0;
    for (const char *c = strstr(got, "\r\n\r\n"); c && *c; c++)
        count += *c == 'a';
    CHECK(count >= LONG_BYTES); /* and the digits of chunks */
    close(fd);
    fd = ask("HEAD /long HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    CHECK(hear(fd, NULL));
    CHECK(!strstr(got, "aaa"));
    close(fd);
    wait_until(&closed, 2);
    stop();
}

static void a_feed_with_a_bell_goes_on_until_it_is_closed(void)
{
    start();
    atomic_store(&closed, 0);
    int fd = ask(GET("/things")), gone = ask(GET("/things"));
    CHECK(hear(fd, "\r\n\r\n"));
    CHECK(hear(gone, "\r\n\r\n"));
    ring();
    CHECK(hear(fd, "!"));
    usleep(20000);
    ring();
    CHECK(hear(fd, "!"));
    close(gone);
    for (int i = 0; i < 50 && !atomic_load(&closed); i++) {
        ring();
        usleep(20000);
    }
    CHECK_INT(atomic_load(&closed), 1);
    bell_close(bell);
    CHECK(hear(fd, NULL));
    close(fd);
    stop();
    CHECK_INT(atomic_load(&closed), 2);
}

int main(void)
{
    TEST(an_answer_waits_for_the_bell_or_its_time);
    TEST(too_many_that_wait_are_told);
    TEST(who_waits_when_the_server_stops_is_told);
    TEST(a_body_is_taken_where_the_route_takes_one);
    TEST(what_is_somebody_elses_is_let_go_once);
    TEST(a_feed_is_pulled_to_its_end);
    TEST(a_feed_with_a_bell_goes_on_until_it_is_closed);
    return test_result();
}
