/* The sandbox whole, over loopback sockets: dialogues as scripts, and what the routes then show. */
#include "base/base64.h"
#include "base/clock.h"
#include "service/process/descriptors.h"
#include "service/process/listen.h"
#include "service/sandbox/sandbox.h"
#include "service/sandbox/store.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_MESSAGE_BYTES = 100000, REPLY_TIMEOUT_S = 10, LINE_BYTES = 4096, MAX_CONNECTIONS = 1000 };

static struct sandbox *sandbox;
static struct smtp_relay relay;

static int listen_on_loopback(void)
{
    const struct listen_terms terms = {"sandbox_smtp_listen", false, {0}};
    struct fault fault;
    return listen_open(STR("127.0.0.1:0"), &terms, &fault);
}

static void begin(void)
{
    struct sandbox_config config = {.listen_fd = listen_on_loopback(),
                                    .username = STR("ann"),
                                    .password = STR("secret"),
                                    .max_message_bytes = MAX_MESSAGE_BYTES,
                                    .max_messages = 100,
                                    .max_store_bytes = 1000000};
    struct fault fault;
    sandbox = sandbox_start(&config, &fault);
    CHECK(sandbox != NULL);
    relay = (struct smtp_relay){0};
    sandbox_fill_relay(sandbox, &relay);
}

static void end(void)
{
    sandbox_stop(&sandbox);
    CHECK(!sandbox);
}

struct client {
    int fd;
    SSL *tls;
};

static void client_connect(struct client *client)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(relay.port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct timeval timeout = {.tv_sec = REPLY_TIMEOUT_S};
    *client = (struct client){.fd = socket(AF_INET, SOCK_STREAM, 0)};
    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    CHECK(connect(client->fd, (struct sockaddr *)&address, sizeof address) == 0);
}

static void client_close(struct client *client)
{
    SSL_free(client->tls);
    close(client->fd);
}

static void client_send(struct client *client, struct str bytes)
{
    if (client->tls)
        (void)SSL_write(client->tls, bytes.data, (int)bytes.len);
    else
        (void)send(client->fd, bytes.data, bytes.len, MSG_NOSIGNAL);
}

/* A line without its CRLF; absent at the end of the connection. */
static struct str client_read_line(struct client *client, char line[static LINE_BYTES])
{
    size_t len = 0;
    while (len < LINE_BYTES && (len < 2 || line[len - 1] != '\n')) {
        int got =
            client->tls ? SSL_read(client->tls, line + len, 1) : (int)recv(client->fd, line + len, 1, 0);
        if (got <= 0)
            return (struct str){0};
        len++;
    }
    return (struct str){line, len - 2};
}

static void expect(struct client *client, struct str prefix)
{
    char line[LINE_BYTES];
    struct str got = client_read_line(client, line);
    CHECK_STR(str_first(got, prefix.len), prefix);
}

static void expect_end(struct client *client)
{
    char line[LINE_BYTES];
    CHECK(!client_read_line(client, line).data);
}

/* As the gateway does: the certificate must be vouched for by `ca_file`, and be for the address. */
static bool client_secure(struct client *client, const char *ca_file, const char *ip)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    if (ca_file)
        CHECK(SSL_CTX_load_verify_file(context, ca_file));
    client->tls = SSL_new(context);
    SSL_CTX_free(context);
    X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(client->tls), ip);
    SSL_set_fd(client->tls, client->fd);
    bool secured = SSL_connect(client->tls) == 1;
    ERR_clear_error();
    return secured;
}

/* "$plain", "$username" and "$password" in a command stand for the base64 of the sandbox's own. */
static void append_expanded(struct buf *out, struct str command)
{
    size_t at = str_index(command, '$');
    struct str name = str_from(command, at);
    struct buf plain;
    buf_init(&plain, 256);
    buf_append(out, str_first(command, at));
    if (str_equal(name, STR("$username")))
        buf_append(&plain, relay.username);
    else if (str_equal(name, STR("$password")))
        buf_append(&plain, relay.password);
    else if (name.len)
        buf_append_format(&plain, "%c%.*s%c%.*s", 0, STR_ARG(relay.username), 0, STR_ARG(relay.password));
    base64_encode(out, buf_view(&plain));
    buf_fini(&plain);
}

static void client_command(struct client *client, struct str command)
{
    struct buf line;
    buf_init(&line, LINE_BYTES);
    append_expanded(&line, command);
    buf_append(&line, STR("\r\n"));
    client_send(client, buf_view(&line));
    buf_fini(&line);
}

/* "C: " sends a line, "S: " expects one that begins so, "TLS" is the handshake, "END" the end of the
 * connection. */
static void play(struct client *client, const char *script)
{
    for (struct str rest = str_of(script); rest.data;) {
        struct str step = str_cut(&rest, '\n');
        if (str_starts_with(step, STR("C: ")))
            client_command(client, str_from(step, 3));
        else if (str_starts_with(step, STR("S: ")))
            expect(client, str_from(step, 3));
        else if (str_equal(step, STR("TLS")))
            CHECK(client_secure(client, relay.ca_file.data, relay.host.data));
        else if (str_equal(step, STR("END")))
            expect_end(client);
    }
}

#define GREETING "S: 220 localhost ESMTP Postern sandbox\n"
#define CLEAR_EHLO                                                                                           \
    "C: EHLO client.example\nS: 250-localhost\nS: 250-PIPELINING\nS: 250-SIZE 100000\nS: 250-STARTTLS\n"     \
    "S: 250-ENHANCEDSTATUSCODES\nS: 250-8BITMIME\nS: 250-SMTPUTF8\nS: 250-DSN\nS: 250-CHUNKING\n"            \
    "S: 250 HELP\n"
#define SECURE "C: STARTTLS\nS: 220 2.0.0 Ready to start TLS\nTLS\n"
#define SECURE_EHLO                                                                                          \
    "C: EHLO client.example\nS: 250-localhost\nS: 250-PIPELINING\nS: 250-SIZE 100000\n"                      \
    "S: 250-AUTH PLAIN LOGIN\nS: 250-ENHANCEDSTATUSCODES\nS: 250-8BITMIME\nS: 250-SMTPUTF8\nS: 250-DSN\n"    \
    "S: 250-CHUNKING\nS: 250-REQUIRETLS\nS: 250 HELP\n"
#define LOGIN "C: AUTH PLAIN $plain\nS: 235 2.7.0 Authentication successful\n"
#define READY GREETING CLEAR_EHLO SECURE SECURE_EHLO LOGIN
#define QUIT  "C: QUIT\nS: 221 2.0.0 Bye\nEND\n"

static const struct {
    const char *name, *script;
} dialogues[] = {
    {"the whole way", READY "C: MAIL FROM:<a@b.example> SIZE=20\nS: 250 2.1.0 Ok\n"
                            "C: RCPT TO:<c@d.example>\nS: 250 2.1.5 Ok\n"
                            "C: DATA\nS: 354 End data with <CR><LF>.<CR><LF>\nC: Subject: x\nC: \nC: .\n"
                            "S: 250 2.0.0 Ok: queued as \n" QUIT},
    {"AUTH PLAIN in two steps",
     GREETING CLEAR_EHLO SECURE SECURE_EHLO "C: AUTH PLAIN\nS: 334 \nC: $plain\nS: 235 \n" QUIT},
    {"AUTH LOGIN", GREETING CLEAR_EHLO SECURE SECURE_EHLO
     "C: auth login\nS: 334 VXNlcm5hbWU6\nC: $username\nS: 334 UGFzc3dvcmQ6\nC: $password\nS: 235 \n" QUIT},
    {"AUTH LOGIN with the name at once", GREETING CLEAR_EHLO SECURE SECURE_EHLO
     "C: AUTH LOGIN $username\nS: 334 UGFzc3dvcmQ6\nC: $password\nS: 235 \n" QUIT},
    {"a wrong login", GREETING CLEAR_EHLO SECURE SECURE_EHLO
     "C: AUTH LOGIN $username\nS: 334 UGFzc3dvcmQ6\nC: $username\nS: 535 5.7.8 \n"
     "C: AUTH LOGIN $password\nS: 334 UGFzc3dvcmQ6\nC: $password\nS: 535 5.7.8 \n"
     "C: AUTH PLAIN AGEAYg==\nS: 535 5.7.8 \nC: MAIL FROM:<a@b>\nS: 530 5.7.0 Authentication "
     "required\n" QUIT},
    {"a login that is no login", GREETING CLEAR_EHLO SECURE SECURE_EHLO
     "C: AUTH\nS: 501 5.5.4 \nC: AUTH CRAM-MD5\nS: 504 5.5.4 \nC: AUTH PLAIN !\nS: 501 5.5.2 \n"
     "C: AUTH PLAIN =\nS: 501 5.5.2 \nC: AUTH LOGIN\nS: 334 \nC: *\nS: 501 5.7.0 Authentication "
     "aborted\n" QUIT},
    {"nothing before EHLO", GREETING
     "C: STARTTLS\nS: 503 5.5.1 \nC: AUTH PLAIN $plain\nS: 503 5.5.1 \nC: MAIL FROM:<a@b>\nS: 503 5.5.1 \n"
     "C: RCPT TO:<a@b>\nS: 503 5.5.1 \nC: DATA\nS: 503 5.5.1 \nC: NOOP\nS: 250 2.0.0 Ok\n" QUIT},
    {"nothing in the clear", GREETING CLEAR_EHLO
     "C: AUTH PLAIN $plain\nS: 538 5.7.11 \nC: MAIL FROM:<a@b>\nS: 530 5.7.0 Must issue a STARTTLS command "
     "first\n"
     "C: RCPT TO:<a@b>\nS: 530 5.7.0 \nC: DATA\nS: 530 5.7.0 \nC: VRFY a\nS: 530 5.7.0 \n" QUIT},
    {"TLS forgets the EHLO before it",
     GREETING CLEAR_EHLO SECURE "C: AUTH PLAIN $plain\nS: 503 5.5.1 Error: send HELO/EHLO first\nC: MAIL "
                                "FROM:<a@b>\nS: 503 5.5.1 \n" QUIT},
    {"STARTTLS and AUTH once only",
     READY "C: STARTTLS\nS: 554 5.5.1 Error: TLS already active\n"
           "C: AUTH PLAIN $plain\nS: 503 5.5.1 Error: already authenticated\n" QUIT},
    {"commands out of order", READY
     "C: RCPT TO:<a@b>\nS: 503 5.5.1 Error: need MAIL command\nC: DATA\nS: 503 5.5.1 Error: need MAIL "
     "command\n"
     "C: MAIL FROM:<a@b>\nS: 250 \nC: MAIL FROM:<a@b>\nS: 503 5.5.1 Error: MAIL transaction in progress\n"
     "C: AUTH PLAIN $plain\nS: 503 5.5.1 \nC: DATA\nS: 554 5.5.1 Error: no valid recipients\n"
     "C: RSET\nS: 250 2.0.0 Ok\nC: RCPT TO:<a@b>\nS: 503 5.5.1 \n" QUIT},
    {"EHLO ends a transaction", READY "C: MAIL FROM:<a@b>\nS: 250 \nC: RCPT TO:<a@b>\nS: 250 \n" SECURE_EHLO
                                      "C: DATA\nS: 503 5.5.1 \nC: MAIL FROM:<a@b>\nS: 250 \n" QUIT},
    {"arguments where none belong",
     READY "C: RSET x\nS: 501 5.5.4 \nC: QUIT x\nS: 501 5.5.4 \nC: EHLO\nS: 501 5.5.4 \n"
           "C: VRFY\nS: 501 5.5.4 \nC: VRFY a@b\nS: 252 2.5.0 \nC: NOOP x\nS: 250 \n" QUIT},
    {"a declared size past the limit",
     READY "C: MAIL FROM:<a@b> SIZE=100001\nS: 552 5.3.4 Message size exceeds\n"
           "C: MAIL FROM:<a@b> SIZE=100000\nS: 250 \n" QUIT},
    {"too many errors", GREETING
     "C: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: X\nC: "
     "X\nC: X\n"
     "C: X\nC: X\nC: X\nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: "
     "500 \n"
     "S: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \nS: 500 \n"
     "S: 421 4.7.0 localhost Error: too many errors\nEND\n"},
};

static void dialogues_go_as_the_protocol_has_them(void)
{
    for (size_t i = 0; i < sizeof dialogues / sizeof dialogues[0]; i++) {
        struct client client;
        test_row("%s", dialogues[i].name);
        client_connect(&client);
        play(&client, dialogues[i].script);
        client_close(&client);
    }
}

static void the_certificate_stands_a_real_check(void)
{
    static const struct {
        const char *name;
        bool trusted;
        const char *ip;
        bool verified;
    } rows[] = {
        {"its own authority, its own address", true, "127.0.0.1", true},
        {"the system's authorities", false, "127.0.0.1", false},
        {"another address", true, "127.0.0.2", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client client;
        test_row("%s", rows[i].name);
        client_connect(&client);
        play(&client, GREETING CLEAR_EHLO "C: STARTTLS\nS: 220 \n");
        CHECK_INT(client_secure(&client, rows[i].trusted ? relay.ca_file.data : NULL, rows[i].ip),
                  rows[i].verified);
        client_close(&client);
    }
}

/* In one write, so that both lines arrive before the handshake could. */
static void what_follows_starttls_in_the_clear_ends_the_session(void)
{
    struct client client;
    client_connect(&client);
    play(&client, GREETING CLEAR_EHLO);
    client_send(&client, STR("STARTTLS\r\nEHLO injected.example\r\n"));
    play(&client, "S: 554 5.5.0 \nEND");
    client_close(&client);
}

static void a_line_without_its_cr_ends_the_session(void)
{
    struct client client;
    client_connect(&client);
    client_send(&client, STR("NOOP\r\nNOOP\nNOOP\r\n"));
    play(&client, GREETING "S: 250 2.0.0 Ok\nS: 521 5.5.2 localhost Error: bare <LF> received\nEND");
    client_close(&client);
}

static void a_long_line_is_refused_and_the_session_goes_on(void)
{
    static const size_t lengths[] = {2049, 16383, 16384, 16385, 100000};
    char *line = malloc(100000);
    memset(line, 'a', 100000);
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        struct client client;
        test_row("%zu octets", lengths[i]);
        client_connect(&client);
        client_send(&client, (struct str){line, lengths[i]});
        client_send(&client, STR("\r\nNOOP\r\n"));
        play(&client, GREETING "S: 500 5.5.2 Error: line too long\nS: 250 2.0.0 Ok\n" QUIT);
        client_close(&client);
    }
    free(line);
}

static bool is_for(const struct api_route *route, const char *method, struct str path, struct str *rest)
{
    struct str pattern = str_of(route->path);
    size_t stem = str_index(pattern, '*');
    bool prefix = stem < pattern.len;
    pattern.len = stem;
    if (prefix)
        *rest = str_from(path, stem);
    return strcmp(route->method, method) == 0 &&
           (prefix ? str_starts_with(path, pattern) : str_equal(path, pattern));
}

static struct api_answer call(const char *method, const char *path)
{
    struct api_answer answer = {0};
    for (size_t i = 0; i < sandbox_route_count; i++) {
        struct api_call asked = {.rest = STR(""), .came = deadline_after_ms(0)};
        if (!is_for(&sandbox_routes[i], method, str_of(path), &asked.rest))
            continue;
        sandbox_routes[i].answer(sandbox, &asked, &answer);
        break;
    }
    return answer;
}

static void let_go(struct api_answer *answer)
{
    if (answer->release)
        answer->release(answer->owner);
    else
        free(answer->body);
}

static struct str body_of(const struct api_answer *answer)
{
    return (struct str){answer->body, answer->body_bytes};
}

static bool body_has(const struct api_answer *answer, struct str part)
{
    return answer->body && memmem(answer->body, answer->body_bytes, part.data, part.len);
}

static void check_answer(const char *method, const char *path, int status, const char *type, struct str part)
{
    struct api_answer answer = call(method, path);
    CHECK_INT(answer.status, status);
    CHECK_TEXT(str_of(answer.content_type), type);
    CHECK(body_has(&answer, part));
    let_go(&answer);
}

static void clear(void)
{
    struct api_answer answer = call("DELETE", "/sandbox/messages");
    CHECK_INT(answer.status, 204);
    CHECK(!answer.body);
}

static void take_queue_id(struct client *client, char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    char line[LINE_BYTES];
    struct str reply = client_read_line(client, line), words = STR("250 2.0.0 Ok: queued as ");
    CHECK_STR(str_first(reply, words.len), words);
    snprintf(queue_id, SANDBOX_QUEUE_ID_BYTES, "%.*s", STR_ARG(str_from(reply, words.len)));
}

static void what_was_captured_is_shown(void)
{
    static const struct str sent =
        STR("Subject: one\r\n two\r\nFrom: \"\xc3\xa9\" <a@b>\r\n\r\n..\r\n\n.\n\xff\r\n");
    static const struct str kept =
        STR("Subject: one\r\n two\r\nFrom: \"\xc3\xa9\" <a@b>\r\n\r\n.\r\n\n.\n\xff\r\n");
    char queue_id[SANDBOX_QUEUE_ID_BYTES], path[64];
    struct client client;
    check_answer("GET", "/sandbox/messages", 200, "application/json",
                 STR("{\"messages\":[],\"total\":0,\"next_before\":null}"));
    client_connect(&client);
    play(&client, READY "C: MAIL FROM:<>\nS: 250 \nC: RCPT TO:<c@d>\nS: 250 \nC: RCPT TO:<e@f>\nS: 250 \n"
                        "C: DATA\nS: 354 ");
    client_send(&client, sent);
    client_send(&client, STR(".\r\n"));
    take_queue_id(&client, queue_id);

    check_answer(
        "GET", "/sandbox/messages", 200, "application/json",
        STR("\"envelope\":{\"from\":\"\",\"to\":[\"c@d\",\"e@f\"]},\"subject\":\"one two\",\"from\":"));
    snprintf(path, sizeof path, "/sandbox/messages/%s", queue_id);
    check_answer("GET", path, 200, "application/json",
                 STR("\"headers\":[{\"name\":\"Subject\",\"value\":\"one two\"},"
                     "{\"name\":\"From\",\"value\":\"\\\"\xc3\xa9\\\" <a@b>\"}],\"text\":\".\\r\\n"));
    snprintf(path, sizeof path, "/sandbox/messages/%s.eml", queue_id);
    struct api_answer raw = call("GET", path);
    CHECK_TEXT(str_of(raw.content_type), "message/rfc822");
    CHECK_STR(body_of(&raw), kept);
    let_go(&raw);

    clear();
    check_answer("GET", "/sandbox/messages", 200, "application/json",
                 STR("{\"messages\":[],\"total\":0,\"next_before\":null}"));
    check_answer("GET", path, 404, "application/problem+json", STR("\"code\":\"not-found\""));
    client_close(&client);
}

static void what_is_not_there_is_not_found(void)
{
    static const char *const paths[] = {"/sandbox/messages/4Xyz", "/sandbox/messages/4Xyz.eml",
                                        "/sandbox/messages/.eml", "/sandbox/messages/.emlx"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        test_row("%s", paths[i]);
        check_answer("GET", paths[i], 404, "application/problem+json", STR("\"code\":\"not-found\""));
    }
}

static void send_lines(struct client *client, size_t count)
{
    static const char line[] =
        "0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567\r\n";
    for (size_t i = 0; i < count; i++)
        client_send(client, STR(line));
}

static void a_message_past_the_limit_is_refused_and_the_session_goes_on(void)
{
    struct client client;
    clear();
    client_connect(&client);
    play(&client, READY "C: MAIL FROM:<a@b>\nS: 250 \nC: RCPT TO:<c@d>\nS: 250 \nC: DATA\nS: 354 ");
    send_lines(&client, 3 * MAX_MESSAGE_BYTES / 90);
    play(&client, "C: .\nS: 552 5.3.4 Error: message file too big\n"
                  "C: MAIL FROM:<a@b>\nS: 250 \nC: RCPT TO:<c@d>\nS: 250 \nC: DATA\nS: 354 \nC: .\n"
                  "S: 250 2.0.0 Ok: queued as \n" QUIT);
    client_close(&client);
    struct api_answer list = call("GET", "/sandbox/messages");
    CHECK(body_has(&list, STR("\"subject\":null,\"from\":null,\"to\":null,\"size_bytes\":0,")));
    let_go(&list);
}

/* Cut behind its last octet but one: all of the content has come, and the end of data has not. */
static void a_connection_cut_before_the_end_of_data_leaves_nothing(void)
{
    struct client client;
    clear();
    client_connect(&client);
    play(&client, READY "C: MAIL FROM:<a@b>\nS: 250 \nC: RCPT TO:<c@d>\nS: 250 \nC: DATA\nS: 354 ");
    client_send(&client, STR("text\r\n.\r"));
    SSL_shutdown(client.tls);
    expect_end(&client);
    client_close(&client);
    check_answer("GET", "/sandbox/messages", 200, "application/json",
                 STR("{\"messages\":[],\"total\":0,\"next_before\":null}"));
}

static void commands_may_be_pipelined(void)
{
    struct client client;
    client_connect(&client);
    play(&client, READY);
    client_send(&client, STR("MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\r\nRCPT TO:<bad\r\nDATA\r\n"));
    play(&client, "S: 250 2.1.0 Ok\nS: 250 2.1.5 Ok\nS: 501 5.5.4 \nS: 354 ");
    client_send(&client, STR("text\r\n.\r\nMAIL FROM:<a@b>\r\nRSET\r\nQUIT\r\n"));
    play(&client, "S: 250 2.0.0 Ok: queued as \nS: 250 2.1.0 Ok\nS: 250 2.0.0 Ok\nS: 221 2.0.0 Bye\nEND");
    client_close(&client);
}

/* A connection's thread may need a moment to end once its client has gone. */
static bool is_served_again(void)
{
    for (int tries = 0; tries < 500; tries++) {
        struct client client;
        char line[LINE_BYTES];
        client_connect(&client);
        bool served = str_starts_with(client_read_line(&client, line), STR("220 "));
        client_close(&client);
        if (served)
            return true;
        usleep(10000);
    }
    return false;
}

static void a_connection_too_many_is_told(void)
{
    static struct client clients[MAX_CONNECTIONS];
    struct client client;
    for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
        client_connect(&clients[i]);
        play(&clients[i], GREETING);
    }
    client_connect(&client);
    play(&client, "S: 421 4.7.0 localhost Error: too many connections\nEND");
    client_close(&client);
    for (size_t i = 0; i < MAX_CONNECTIONS; i++) {
        play(&clients[i], QUIT);
        client_close(&clients[i]);
    }
    CHECK(is_served_again());
}

static void stopping_ends_every_session_at_once(void)
{
    struct client idle, secure, sending;
    client_connect(&idle);
    play(&idle, GREETING);
    client_connect(&secure);
    play(&secure, READY);
    client_connect(&sending);
    play(&sending, READY "C: MAIL FROM:<a@b>\nS: 250 \nC: RCPT TO:<c@d>\nS: 250 \nC: DATA\nS: 354 \nC: text");
    int64_t began_us = clock_monotonic_us();
    sandbox_stop(&sandbox);
    CHECK(clock_monotonic_us() - began_us < 2000000);
    play(&idle, "S: 421 4.3.2 localhost Service shutting down\nEND");
    play(&secure, "S: 421 4.3.2 \nEND");
    play(&sending, "S: 421 4.3.2 \nEND");
    client_close(&idle);
    client_close(&secure);
    client_close(&sending);
}

static void the_gateway_is_given_the_credentials(void)
{
    begin();
    CHECK_TEXT(relay.username, "ann");
    CHECK_TEXT(relay.password, "secret");
    CHECK_INT(relay.tls, SMTP_TLS_STARTTLS);
    CHECK(!relay.insecure);
    end();
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    descriptors_raise_limit();
    TEST(the_gateway_is_given_the_credentials);
    begin();
    TEST(what_was_captured_is_shown);
    TEST(what_is_not_there_is_not_found);
    TEST(the_certificate_stands_a_real_check);
    TEST(dialogues_go_as_the_protocol_has_them);
    TEST(what_follows_starttls_in_the_clear_ends_the_session);
    TEST(a_line_without_its_cr_ends_the_session);
    TEST(a_long_line_is_refused_and_the_session_goes_on);
    TEST(a_message_past_the_limit_is_refused_and_the_session_goes_on);
    TEST(a_connection_cut_before_the_end_of_data_leaves_nothing);
    TEST(commands_may_be_pipelined);
    TEST_NATIVELY(a_connection_too_many_is_told);
    TEST(stopping_ends_every_session_at_once);
    return test_result();
}
