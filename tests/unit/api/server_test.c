/* The listener over a real socket, with a service that is only a list of submissions and a thread that completes
 * them. Rows that begin with H are those of the input matrix. */
#include "api/http/server.h"
#include "base/clock.h"
#include "base/log.h"
#include "mime/render.h"
#include "test.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    MAX_BODY_BYTES = 200000,
    MAX_IN_FLIGHT_BYTES = 300000,
    MAX_HELD = 256,
    CLIENTS = 100,
    REPLY_BYTES = 1 << 20,
    WAIT_S = 10
};

/* The service. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_t thread;
    struct submission *held[MAX_HELD];
    size_t count;
    bool holds;   /* completes nothing */
    bool refuses; /* takes nothing */
    bool stops;
    _Atomic unsigned submitted;
} service = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct api_server *server;
static struct sockaddr_in address;
static _Atomic unsigned responses, wrong_calls; /* checks are for the main thread alone */

static struct render *compose(void *context, struct submission *submission)
{
    (void)context;
    return render_start(&submission->arena, &submission->message, NULL);
}

static bool submit(void *context, struct submission *submission, struct fault *fault)
{
    atomic_fetch_add(&wrong_calls, context != &service);
    pthread_mutex_lock(&service.mutex);
    bool taken = !service.refuses && service.count < MAX_HELD;
    if (taken) {
        service.held[service.count++] = submission;
        atomic_fetch_add(&service.submitted, 1);
        pthread_cond_signal(&service.changed);
    }
    pthread_mutex_unlock(&service.mutex);
    return taken || fault_set(fault, FAULT_OVERLOADED, "the queue is full");
}

static void deliver(struct submission *submission)
{
    struct outcome *outcome = &submission->outcome;
    outcome->delivery = DELIVERY_SENT;
    outcome->host = STR("smtp.example.com");
    outcome->port = 587;
    outcome->reply = (struct outcome_reply){250, {0}, STR("Ok")};
    outcome->queue_id = arena_format(&submission->arena, "Q%zu", submission->recipient_count);
    for (size_t i = 0; i < outcome->recipient_count; i++)
        outcome->recipients[i].status = RECIPIENT_ACCEPTED;
    submission->complete(submission);
}

static void *serve(void *unused)
{
    (void)unused;
    pthread_mutex_lock(&service.mutex);
    while (!service.stops) {
        if (service.holds || service.count == 0) {
            pthread_cond_wait(&service.changed, &service.mutex);
            continue;
        }
        struct submission *submission = service.held[--service.count];
        pthread_mutex_unlock(&service.mutex);
        deliver(submission);
        pthread_mutex_lock(&service.mutex);
    }
    pthread_mutex_unlock(&service.mutex);
    return NULL;
}

static void set_service(bool holds, bool refuses)
{
    pthread_mutex_lock(&service.mutex);
    service.holds = holds;
    service.refuses = refuses;
    pthread_cond_signal(&service.changed);
    pthread_mutex_unlock(&service.mutex);
}

static void count_response(void *context, int status, const char *code)
{
    (void)context;
    atomic_fetch_add(&wrong_calls, (status >= 400) != (code != NULL));
    atomic_fetch_add(&responses, 1);
}

static void answer_rest(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    answer->status = 200;
    answer->content_type = "text/plain";
    answer->body = strndup(call->rest.data, call->rest.len);
    answer->body_bytes = call->rest.len;
}

static void answer_gone(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)context;
    (void)call;
    answer->status = 204;
}

static const struct api_route routes[] = {{"GET", "/echo/*", answer_rest, ACCESS_ANYONE, 0},
                                          {"DELETE", "/echo", answer_gone, ACCESS_ANYONE, 0}};

static void start(void)
{
    struct fault fault;
    socklen_t size = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    CHECK(bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 256) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &size) == 0);
    const struct api_config config = {.listen_fd = fd,
                                      .threads = 2,
                                      .max_connections = 200,
                                      .pace = {.idle_ms = WAIT_S * 1000, .header_ms = WAIT_S * 1000},
                                      .request_timeout_ms = 60000,
                                      .limits = {.max_body_bytes = MAX_BODY_BYTES,
                                                 .max_in_flight_bytes = MAX_IN_FLIGHT_BYTES,
                                                 .max_recipients = 10,
                                                 .max_attachments = 10,
                                                 .max_headers = 10,
                                                 .max_json_nodes = 1000},
                                      .submit = submit,
                                      .compose = compose,
                                      .submit_context = &service,
                                      .routes = routes,
                                      .route_count = sizeof routes / sizeof *routes,
                                      .count_response = count_response};
    server = api_server_start(&config, &fault);
    CHECK(server != NULL);
    pthread_create(&service.thread, NULL, serve, NULL);
}

static void stop(void)
{
    api_server_stop(&server);
    pthread_mutex_lock(&service.mutex);
    service.stops = true;
    pthread_cond_signal(&service.changed);
    pthread_mutex_unlock(&service.mutex);
    pthread_join(service.thread, NULL);
}

/* The client. */
static int dial(void)
{
    struct timeval wait = {.tv_sec = WAIT_S};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    if (connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
        return fd;
    close(fd);
    return -1;
}

static bool say(int fd, struct str text)
{
    while (text.len) {
        ssize_t sent = send(fd, text.data, text.len, MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        text = str_from(text, (size_t)sent);
    }
    return true;
}

struct reply {
    int status; /* 0 where the connection ended before one */
    char text[REPLY_BYTES];
    size_t len;
    struct str header, body;
};

static struct str header_value(const struct reply *reply, struct str name)
{
    for (struct str rest = reply->header; rest.data;) {
        struct str value = str_cut(&rest, '\n');
        struct str field = str_cut(&value, ':');
        if (str_equal_nocase(field, name))
            return str_trim(str_first(value, value.len ? value.len - 1 : 0));
    }
    return (struct str){0};
}

static bool read_more(int fd, struct reply *reply)
{
    ssize_t got = recv(fd, reply->text + reply->len, sizeof reply->text - 1 - reply->len, 0);
    if (got <= 0)
        return false;
    reply->len += (size_t)got;
    reply->text[reply->len] = '\0';
    return true;
}

/* One answer off the front; what follows it stays in `text` for the next. */
static int hear(int fd, struct reply *reply, bool has_body)
{
    uint64_t length = 0;
    size_t eaten = reply->body.data ? (size_t)(reply->body.data + reply->body.len - reply->text) : 0;
    memmove(reply->text, reply->text + eaten, reply->len - eaten);
    reply->len -= eaten;
    reply->text[reply->len] = '\0';
    reply->status = 0;
    reply->header = reply->body = (struct str){0};
    char *end;
    while (!(end = strstr(reply->text, "\r\n\r\n")))
        if (!read_more(fd, reply))
            return 0;
    reply->header = (struct str){reply->text, (size_t)(end - reply->text) + 2};
    str_to_uint(header_value(reply, STR("Content-Length")), REPLY_BYTES, &length);
    reply->body = (struct str){end + 4, has_body ? length : 0};
    while (reply->len < (size_t)(end + 4 - reply->text) + reply->body.len)
        if (!read_more(fd, reply))
            return 0;
    reply->status = (int)strtol(reply->text + sizeof "HTTP/1.1", NULL, 10);
    return reply->status;
}

static bool is_closed(int fd)
{
    char byte;
    return recv(fd, &byte, 1, 0) <= 0;
}

static bool body_has(const struct reply *reply, const char *text)
{
    return reply->body.data && memmem(reply->body.data, reply->body.len, text, strlen(text));
}

#define BODY "{\"from\":\"a@example.com\",\"to\":\"b@example.net\",\"text\":\"x\"}"

static struct reply reply;

static struct str post_text(struct arena *arena, const char *target, const char *fields, const char *body)
{
    return arena_format(arena,
                        "POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n%s"
                        "Content-Length: %zu\r\n\r\n%s",
                        target, fields, strlen(body), body);
}

static bool post_on(int fd, const char *target, const char *fields, const char *body)
{
    struct arena arena;
    arena_init(&arena, 2 * MAX_BODY_BYTES);
    bool sent = say(fd, post_text(&arena, target, fields, body));
    arena_fini(&arena);
    return sent;
}

static int post(const char *target, const char *fields, const char *body)
{
    int fd = dial();
    reply = (struct reply){0};
    post_on(fd, target, fields, body);
    int status = hear(fd, &reply, true);
    close(fd);
    return status;
}

/* Until the server has let go of everything. */
static void settle(void)
{
    struct deadline deadline = deadline_after_ms(WAIT_S * 1000);
    while ((api_server_in_flight(server) || api_server_in_flight_bytes(server)) && !deadline_passed(deadline))
        usleep(1000);
    CHECK_INT(api_server_in_flight(server), 0);
    CHECK_INT(api_server_in_flight_bytes(server), 0);
}

static void wait_for_submitted(unsigned count)
{
    struct deadline deadline = deadline_after_ms(WAIT_S * 1000);
    while (atomic_load(&service.submitted) < count && !deadline_passed(deadline))
        usleep(1000);
    CHECK_INT(atomic_load(&service.submitted), count);
}

static void a_message_gets_its_receipt(void)
{
    CHECK_INT(post("/v1/messages", "", BODY), 200);
    CHECK_STR(header_value(&reply, STR("Content-Type")), STR("application/json"));
    CHECK_STR(header_value(&reply, STR("Cache-Control")), STR("no-store"));
    CHECK_STR(header_value(&reply, STR("X-Content-Type-Options")), STR("nosniff"));
    CHECK(body_has(&reply, "\"delivery\":\"sent\""));
    CHECK(body_has(&reply, "\"queue_id\":\"Q1\""));
    settle();
}

static void problems_say_what_became_of_the_mail(void)
{
    static const struct {
        const char *name, *target, *fields, *body;
        int status;
        const char *code;
    } rows[] = {
        {"a field", "/v1/messages", "", "{\"to\":7}", 422, "invalid-request"},
        {"the query", "/v1/messages?dryrun=true", "", BODY, 422, "invalid-request"},
        {"no JSON", "/v1/messages", "", "{", 400, "invalid-json"},
        {"an empty body", "/v1/messages", "", "", 400, "invalid-json"},
        {"no acceptable answer", "/v1/messages", "Accept: text/html\r\n", BODY, 406, "not-acceptable"},
        {"a message only for a dry run", "/v1/messages", "Accept: message/rfc822\r\n", BODY, 406,
         "not-acceptable"},
        {"H95 compressed", "/v1/messages", "Content-Encoding: gzip\r\n", BODY, 415, "unsupported-media-type"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        unsigned submitted = atomic_load(&service.submitted);
        CHECK_INT(post(rows[i].target, rows[i].fields, rows[i].body), rows[i].status);
        CHECK_STR(header_value(&reply, STR("Content-Type")), STR("application/problem+json"));
        CHECK(body_has(&reply, rows[i].code));
        CHECK(body_has(&reply, "\"delivery\":\"not_sent\""));
        CHECK(body_has(&reply, "\"id\":\""));
        CHECK_INT(atomic_load(&service.submitted), submitted);
    }
    settle();
}

static void a_dry_run_sends_nothing(void)
{
    unsigned submitted = atomic_load(&service.submitted);
    CHECK_INT(post("/v1/messages?dry_run=true", "", BODY), 200);
    CHECK(body_has(&reply, "\"envelope\":{\"from\":\"a@example.com\",\"to\":[\"b@example.net\"]}"));
    CHECK(body_has(&reply, "\\r\\n\\r\\nx\\r\\n\"}"));
    CHECK_INT(post("/v1/messages?dry_run=true", "Accept: message/rfc822\r\n", BODY), 200);
    CHECK_STR(header_value(&reply, STR("Content-Type")), STR("message/rfc822"));
    CHECK(body_has(&reply, "\r\nTo: b@example.net\r\n"));
    CHECK_INT(atomic_load(&service.submitted), submitted);
    settle();
}

static void a_service_that_takes_nothing_is_told(void)
{
    set_service(false, true);
    CHECK_INT(post("/v1/messages", "", BODY), 503);
    CHECK(body_has(&reply, "\"code\":\"overloaded\""));
    CHECK(body_has(&reply, "\"delivery\":\"not_sent\""));
    CHECK_STR(header_value(&reply, STR("Retry-After")), STR("5"));
    set_service(false, false);
    settle();
}

/* H52, H53 */
static void a_connection_carries_one_request_after_the_other(void)
{
    int fd = dial();
    reply = (struct reply){0};
    for (int i = 0; i < 3; i++) {
        test_row("request %d", i);
        post_on(fd, "/v1/messages", "", i == 1 ? "{}" : BODY);
        CHECK_INT(hear(fd, &reply, true), i == 1 ? 422 : 200);
    }
    test_row("two at once");
    struct arena arena;
    arena_init(&arena, 10000);
    struct str first = post_text(&arena, "/v1/messages", "", BODY);
    struct str second = post_text(&arena, "/v1/messages", "", "[]");
    struct buf both;
    buf_init(&both, 10000);
    buf_append(&both, first);
    buf_append(&both, second);
    say(fd, buf_view(&both));
    CHECK_INT(hear(fd, &reply, true), 200);
    CHECK_INT(hear(fd, &reply, true), 422);
    buf_fini(&both);
    arena_fini(&arena);
    close(fd);
    settle();
}

/* What is refused from its header alone is answered, and the connection closed. */
static void the_guard_closes(void)
{
#define POST_TO "POST /v1/messages HTTP/1.1\r\nHost: x\r\n"
#define JSON    "Content-Type: application/json\r\n"
    static const struct {
        const char *name, *request;
        int status;
    } rows[] = {
        {"H1", POST_TO JSON "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"H3", POST_TO JSON "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
        {"H4", POST_TO JSON "Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}", 400},
        {"H7", POST_TO JSON "Content-Length: 18446744073709551616\r\n\r\n", 413},
        {"H8", POST_TO JSON "Content-Length: 9223372036854775807\r\n\r\n", 413},
        {"H8 one too many", POST_TO JSON "Content-Length: 200001\r\n\r\n", 413},
        {"H10", POST_TO JSON "Transfer-Encoding: identity\r\n\r\n", 400},
        {"H11", POST_TO JSON "Transfer-Encoding: gzip, chunked\r\n\r\n", 400},
        {"H13", POST_TO JSON "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", 400},
        {"H14", POST_TO JSON "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
         400},
        {"H15", "POST /v1/messages HTTP/1.0\r\n" JSON "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
        {"H30", "POST http://other/v1/messages HTTP/1.1\r\nHost: x\r\n" JSON "Content-Length: 2\r\n\r\n{}",
         400},
        {"H31", "GET /#x HTTP/1.1\r\nHost: x\r\n\r\n", 400},
        {"H35", POST_TO JSON "X-A : a\r\nContent-Length: 2\r\n\r\n{}", 400},
        {"H38", "GET / HTTP/1.1\r\n\r\n", 400},
        {"H39", "GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n", 400},
        {"H41", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 400},
        {"H46", NULL, 414},
        {"H47", NULL, 431},
        {"H50", POST_TO JSON "Expect: junk\r\nContent-Length: 2\r\n\r\n{}", 417},
        {"no length", POST_TO JSON "\r\n", 411},
        {"H93", POST_TO "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}", 415},
        {"H93 chunked", POST_TO "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 415},
        {"a body for a page", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}", 400},
        {"a large body for a page", "GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n{}", 400},
        {"an endless body for a page",
         "GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n", 400},
    };
    static char long_line[40000];
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        int fd = dial();
        reply = (struct reply){0};
        memset(long_line, 'a', sizeof long_line);
        memcpy(long_line, rows[i].status == 414 ? "GET /" : "GET / HTTP/1.1\r\nX: ", 5);
        if (rows[i].status == 431)
            memcpy(long_line, "GET / HTTP/1.1\r\nX: ", 19);
        say(fd, rows[i].request ? str_of(rows[i].request) : (struct str){long_line, sizeof long_line});
        CHECK_INT(hear(fd, &reply, true), rows[i].status);
        CHECK_STR(header_value(&reply, STR("Connection")), STR("close"));
        CHECK(is_closed(fd));
        close(fd);
        bool ours = str_equal(header_value(&reply, STR("Content-Type")), STR("application/problem+json"));
        bool to_send = ours && rows[i].request && strncmp(rows[i].request, "POST /v1/", 9) == 0;
        CHECK(body_has(&reply, "\"delivery\":\"not_sent\"") == to_send);
    }
    settle();
}

static void pages_and_routes_are_served(void)
{
    static const struct {
        const char *name, *request;
        int status;
        const char *allow, *body;
    } rows[] = {
        {"the page", "GET /", 200, NULL, "POST /v1/messages"},
        {"the description", "GET /openapi.yaml", 200, NULL, "openapi: 3.1"},
        {"a query is let pass", "GET /?x=1", 200, NULL, "POST /v1/messages"},
        {"a route's rest", "GET /echo/a%20b", 200, NULL, "a%20b"},
        {"nothing to tell", "DELETE /echo", 204, NULL, ""},
        {"H27", "POST /v1/messages%00", 404, NULL, "not-found"},
        {"H29", "GET /v1/../", 404, NULL, "not-found"},
        {"H43", "post /v1/messages", 405, "POST", "method-not-allowed"},
        {"H44", "TRACE /v1/messages", 405, "POST", "method-not-allowed"},
        {"H44 PUT", "PUT /", 405, "GET, HEAD", "method-not-allowed"},
        {"H45", "OPTIONS *", 405, "POST, GET, HEAD, DELETE", "method-not-allowed"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        char request[200];
        int fd = dial();
        reply = (struct reply){0};
        snprintf(request, sizeof request, "%s HTTP/1.1\r\nHost: x\r\n\r\n", rows[i].request);
        say(fd, str_of(request));
        CHECK_INT(hear(fd, &reply, true), rows[i].status);
        CHECK_TEXT(header_value(&reply, STR("Allow")), rows[i].allow);
        CHECK(body_has(&reply, rows[i].body));
        close(fd);
    }
}

static void head_is_get_without_its_body(void)
{
    int fd = dial();
    reply = (struct reply){0};
    say(fd, STR("HEAD / HTTP/1.1\r\nHost: x\r\n\r\nGET /echo/x HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(hear(fd, &reply, false), 200);
    CHECK(header_value(&reply, STR("Content-Length")).len >= 3);
    CHECK_INT(hear(fd, &reply, true), 200);
    CHECK_STR(reply.body, STR("x"));
    close(fd);
}

/* A client that sends its body after its header gets to read why it was refused. */
static void a_small_body_is_let_pass_before_a_refusal(void)
{
    int fd = dial();
    reply = (struct reply){0};
    say(fd, STR("POST /v1/messages HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n"));
    usleep(20000);
    CHECK(say(fd, STR("01234")));
    usleep(20000);
    CHECK(say(fd, STR("56789")));
    CHECK_INT(hear(fd, &reply, true), 415);
    CHECK_STR(header_value(&reply, STR("Accept-Encoding")), STR("identity"));
    CHECK(is_closed(fd));
    close(fd);
}

/* H49: who expects to be told to go on is not, when refused. */
static void an_expectation_is_met_only_for_what_is_wanted(void)
{
    int fd = dial();
    reply = (struct reply){0};
    say(fd,
        STR("POST /v1/messages HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 10\r\n\r\n"));
    CHECK_INT(hear(fd, &reply, true), 415);
    close(fd);
    fd = dial();
    reply = (struct reply){0};
    say(fd, STR(POST_TO JSON "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
    CHECK_INT(hear(fd, &reply, true), 100);
    say(fd, STR("{}"));
    CHECK_INT(hear(fd, &reply, true), 422);
    close(fd);
    settle();
}

static void a_chunked_message_is_read(void)
{
    int fd = dial();
    reply = (struct reply){0};
    say(fd, STR(POST_TO JSON "Transfer-Encoding: chunked\r\n\r\n"));
    for (size_t i = 0; i < sizeof BODY - 1; i++) {
        char chunk[] = "1\r\n?\r\n";
        chunk[3] = BODY[i];
        say(fd, str_of(chunk));
    }
    say(fd, STR("0\r\n\r\n"));
    CHECK_INT(hear(fd, &reply, true), 200);
    close(fd);
    settle();
}

/* H21, H123 */
static void a_chunked_body_without_end_is_broken_off(void)
{
    static char chunk[10000 + 8];
    int fd = dial();
    reply = (struct reply){0};
    memset(chunk, ' ', sizeof chunk);
    memcpy(chunk, "2710\r\n", 6);
    memcpy(chunk + sizeof chunk - 2, "\r\n", 2);
    say(fd, STR(POST_TO JSON "Transfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < MAX_BODY_BYTES / 10000; i++)
        CHECK(say(fd, (struct str){chunk, sizeof chunk}));
    say(fd, STR("1\r\n \r\n"));
    CHECK_INT(hear(fd, &reply, true), 413);
    CHECK(body_has(&reply, "payload-too-large"));
    CHECK(is_closed(fd));
    close(fd);
    settle();
}

static void the_budget_is_asked_before_the_body(void)
{
    static const char beginning[] = "{\"from\":\"a@example.com\",\"to\":\"b@example.net\",\"text\":\"";
    static char text[150000];
    unsigned submitted = atomic_load(&service.submitted);
    memset(text, 'x', sizeof text - 1);
    memcpy(text, beginning, sizeof beginning - 1);
    memcpy(text + sizeof text - 3, "\"}", 2);
    set_service(true, false);
    int holder = dial(), late = dial(), last = dial();
    post_on(holder, "/v1/messages", "", text);
    wait_for_submitted(submitted + 1);
    CHECK_INT(api_server_in_flight(server), 1);
    /* The body, and what was made of it besides. */
    CHECK(api_server_in_flight_bytes(server) > sizeof text && api_server_in_flight_bytes(server) < 160000);
    reply = (struct reply){0};
    say(late, STR(POST_TO JSON "Content-Length: 160000\r\n\r\n"));
    CHECK_INT(hear(late, &reply, true), 503);
    CHECK(body_has(&reply, "\"code\":\"overloaded\""));
    CHECK_STR(header_value(&reply, STR("Retry-After")), STR("5"));
    set_service(false, false);
    reply = (struct reply){0};
    CHECK_INT(hear(holder, &reply, true), 200);
    settle();
    reply = (struct reply){0};
    post_on(last, "/v1/messages", "", text);
    CHECK_INT(hear(last, &reply, true), 200);
    close(holder), close(late), close(last);
    settle();
}

static void a_hundred_wait_at_once(void)
{
    int clients[CLIENTS];
    unsigned submitted = atomic_load(&service.submitted);
    set_service(true, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = dial();
        CHECK(post_on(clients[i], "/v1/messages", "", BODY));
    }
    wait_for_submitted(submitted + CLIENTS);
    CHECK_INT(api_server_in_flight(server), CLIENTS);
    test_row("others are served meanwhile");
    CHECK_INT(post("/v1/messages?dry_run=true", "", BODY), 200);
    set_service(false, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        test_row("client %zu", i);
        reply = (struct reply){0};
        CHECK_INT(hear(clients[i], &reply, true), 200);
        close(clients[i]);
    }
    settle();
}

static void a_client_that_vanishes_takes_nothing_with_it(void)
{
    struct linger reset = {.l_onoff = 1};
    int clients[CLIENTS];
    unsigned submitted = atomic_load(&service.submitted);
    set_service(true, false);
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = dial();
        post_on(clients[i], "/v1/messages", "", BODY);
    }
    wait_for_submitted(submitted + CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        if (i % 2)
            setsockopt(clients[i], SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
        close(clients[i]);
    }
    set_service(false, false);
    settle();
    CHECK_INT(post("/v1/messages", "", BODY), 200);
}

/* H51 */
static void half_a_message_is_none(void)
{
    static const struct str request =
        STR(POST_TO JSON "Content-Length: 30\r\n\r\n{\"from\":\"a@example.com\"");
    unsigned submitted = atomic_load(&service.submitted);
    for (size_t len = 0; len < request.len; len += 3) {
        int fd = dial();
        say(fd, str_first(request, len));
        close(fd);
    }
    int fd = dial();
    say(fd, request);
    shutdown(fd, SHUT_WR);
    CHECK(is_closed(fd));
    close(fd);
    settle();
    CHECK_INT(atomic_load(&service.submitted), submitted);
}

/* Last: a drained server takes nothing more. */
static void draining_finishes_what_is_out_and_takes_nothing_new(void)
{
    unsigned submitted = atomic_load(&service.submitted);
    set_service(true, false);
    int waiting = dial(), open = dial();
    post_on(waiting, "/v1/messages", "", BODY);
    wait_for_submitted(submitted + 1);
    reply = (struct reply){0};
    say(open, STR("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
    CHECK_INT(hear(open, &reply, true), 200);
    api_server_drain(server);
    api_server_drain(server);
    test_row("a message on a new connection");
    int fresh = dial();
    post_on(fresh, "/v1/messages", "", BODY);
    CHECK_INT(hear(fresh, &reply, true), 503);
    CHECK(body_has(&reply, "shutting-down"));
    close(fresh);
    reply = (struct reply){0};
    test_row("a message on an open one");
    post_on(open, "/v1/messages", "", BODY);
    CHECK_INT(hear(open, &reply, true), 503);
    CHECK(body_has(&reply, "shutting-down"));
    CHECK_STR(header_value(&reply, STR("Connection")), STR("close"));
    CHECK(is_closed(open));
    test_row("the one that is out");
    set_service(false, false);
    reply = (struct reply){0};
    CHECK_INT(hear(waiting, &reply, true), 200);
    CHECK_STR(header_value(&reply, STR("Connection")), STR("close"));
    close(waiting), close(open);
    settle();
}

int main(void)
{
    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_LOGFMT);
    start();
    TEST(a_message_gets_its_receipt);
    TEST(problems_say_what_became_of_the_mail);
    TEST(a_dry_run_sends_nothing);
    TEST(a_service_that_takes_nothing_is_told);
    TEST(a_connection_carries_one_request_after_the_other);
    TEST(the_guard_closes);
    TEST(pages_and_routes_are_served);
    TEST(head_is_get_without_its_body);
    TEST(a_small_body_is_let_pass_before_a_refusal);
    TEST(an_expectation_is_met_only_for_what_is_wanted);
    TEST(a_chunked_message_is_read);
    TEST(a_chunked_body_without_end_is_broken_off);
    TEST(the_budget_is_asked_before_the_body);
    TEST(a_hundred_wait_at_once);
    TEST(a_client_that_vanishes_takes_nothing_with_it);
    TEST(half_a_message_is_none);
    TEST(draining_finishes_what_is_out_and_takes_nothing_new);
    CHECK(atomic_load(&responses) > CLIENTS);
    CHECK_INT(atomic_load(&wrong_calls), 0);
    stop();
    return test_result();
}
