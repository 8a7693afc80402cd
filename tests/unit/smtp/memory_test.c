/* The end of memory, wherever it comes. Every dialogue of tests/transcripts is held once for each allocation of the
 * session's, which fails: of a mail nothing is said then but what would be said with memory enough, or that it is not
 * known. The rest, and OpenSSL's allocations, by rows. */
#include "memory.h"
#include "replay.h"
#include "smtp/dial.h"
#include "smtp/sasl.h"
#include "smtp/tls.h"
#include "smtp/tls_memory.h"
#include "smtp/tunnel.h"

#include <dirent.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the test itself needs is there already. */
static void prepare(struct replay *replay, size_t send)
{
    fuzz_pause_memory(true);
    for (size_t i = send; i < replay->script->send_count && i < send + 2; i++)
        replay_prepare(replay, &replay->script->sends[i]);
    fuzz_pause_memory(false);
}

static void check_delivery(const struct replay *replay, const struct script_send *send)
{
    enum delivery delivery = replay->outcome.delivery;
    bool is_unknown = delivery == DELIVERY_UNKNOWN;
    bool is_right = str_equal(str_of(delivery_name(delivery)), script_value(send->expect, STR("delivery")));
    bool in_parts = script_value(send->line, STR("parts")).data;
    if (replay_dot_octets(replay, send) == 0)
        CHECK(delivery == DELIVERY_NOT_SENT || (is_unknown && script_value(send->line, STR("early")).data));
    else
        CHECK(is_unknown || is_right || (in_parts && delivery == DELIVERY_PARTIAL));
    CHECK(replay->after != SMTP_AFTER_RETRY || delivery == DELIVERY_NOT_SENT);
    CHECK(replay->after != SMTP_AFTER_REUSE || !replay->memory.refused);
}

static void send_all(struct replay *replay)
{
    const struct script *script = replay->script;
    for (size_t i = 0; replay->session && i < script->send_count; i++) {
        prepare(replay, i);
        replay_send(replay, &script->sends[i]);
        fuzz_pause_memory(true);
        check_delivery(replay, &script->sends[i]);
        fuzz_pause_memory(false);
        if (replay->after != SMTP_AFTER_REUSE || script_value(script->sends[i].line, STR("last")).data)
            return;
    }
}

/* Returns how many allocations there were. */
static size_t run_without(const struct script *script, size_t allocation)
{
    struct replay replay;
    replay_set_up(&replay, script, replay_whole);
    CHECK(buf_reserve(&replay.memory.received, SCRIPT_MAX_BYTES));
    fuzz_fail_allocation(allocation);
    replay_open(&replay);
    send_all(&replay);
    smtp_session_close(&replay.session);
    size_t allocations = fuzz_allocations();
    CHECK(fuzz_end_of_memory() == (allocation < allocations));
    replay.arena.failed = false; /* whose owner sees to it */
    replay_end(&replay);
    return allocations;
}

static void run_without_each(const struct script *script, const char *name)
{
    size_t total = run_without(script, SIZE_MAX), stride = test_stride();
    for (size_t number = 0; number < total; number = memory_next(number + stride - 1, total)) {
        test_row("%.60s, without allocation %zu", name, number);
        run_without(script, number);
    }
}

static void a_dialogue_may_run_out_of_memory_anywhere(void)
{
    DIR *folder = opendir("tests/transcripts");
    size_t scripts = 0;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        char path[512];
        struct script script;
        if (!strstr(entry->d_name, ".script"))
            continue;
        snprintf(path, sizeof path, "tests/transcripts/%s", entry->d_name);
        if (CHECK(script_load(&script, path)))
            run_without_each(&script, entry->d_name);
        script_fini(&script);
        scripts++;
    }
    CHECK(scripts > 0 && closedir(folder) == 0);
}

static const struct smtp_relay relay = {.host = STR("localhost"),
                                        .port = 1,
                                        .proxy = {.kind = SMTP_PROXY_HTTP,
                                                  .host = STR("proxy.example"),
                                                  .port = 3128,
                                                  .username = STR("ann"),
                                                  .password = STR("s3cret")},
                                        .username = STR("Ann"),
                                        .password = STR("p\u00E4ss-w\u00F6rd"),
                                        .timeouts = {.connect_ms = 5000},
                                        .make_nonce = replay_make_nonce,
                                        .stop_fd = -1};

static bool a_relay_is_prepared(struct fault *fault)
{
    struct smtp_relay prepared = relay;
    prepared.insecure = true; /* no trust store is read: that is OpenSSL's own work */
    bool done = smtp_relay_prepare(&prepared, fault);
    smtp_relay_fini(&prepared);
    return done;
}

static uint16_t listening_port;

static int listen_on_loopback(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    CHECK(bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 128) == 0);
    CHECK(getsockname(fd, (struct sockaddr *)&address, &len) == 0);
    listening_port = ntohs(address.sin_port);
    return fd;
}

static bool a_name_is_dialled(struct fault *fault)
{
    struct smtp_relay local = relay;
    local.tls = SMTP_TLS_NONE;
    local.port = listening_port;
    local.proxy = (struct smtp_proxy){0};
    fuzz_pause_memory(true);
    CHECK(smtp_relay_prepare(&local, fault));
    fuzz_pause_memory(false);
    struct smtp_transport *transport = smtp_dial(&local, deadline_after_ms(5000), fault);
    smtp_relay_fini(&local);
    if (transport)
        transport->ops->free(transport);
    return transport;
}

struct server {
    SSL_CTX *context;
    int fd;
};

static void *shake_hands(void *argument)
{
    struct server *server = argument;
    SSL *ssl = SSL_new(server->context);
    SSL_set_fd(ssl, server->fd);
    SSL_accept(ssl);
    SSL_free(ssl);
    close(server->fd);
    return NULL;
}

static struct smtp_relay tls_relay;
static struct server tls_server;

/* The server's allocations are its own thread's. */
static bool tls_is_started(struct fault *fault)
{
    pthread_t thread;
    int fds[2];
    fuzz_pause_memory(true);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    tls_server.fd = fds[1];
    CHECK(pthread_create(&thread, NULL, shake_hands, &tls_server) == 0);
    struct smtp_transport *transport = smtp_socket_new(fds[0], -1);
    fuzz_pause_memory(false);
    enum smtp_status status = transport->ops->start_tls(transport, &tls_relay, deadline_after_ms(5000));
    fuzz_pause_memory(true);
    CHECK((status == SMTP_STATUS_OK) == (transport->tls.version != NULL));
    transport->ops->free(transport);
    pthread_join(thread, NULL);
    fuzz_pause_memory(false);
    return status == SMTP_STATUS_OK ||
           fault_set(fault, status == SMTP_STATUS_NO_MEMORY ? FAULT_OVERLOADED : FAULT_INTERNAL, "no TLS");
}

static void begin_tls(void)
{
    struct fault fault;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    tls_server.context = SSL_CTX_new(TLS_server_method());
    CHECK(SSL_CTX_use_certificate(tls_server.context, certificate) == 1);
    CHECK(SSL_CTX_use_PrivateKey(tls_server.context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    tls_relay = relay;
    tls_relay.insecure = true;
    CHECK(smtp_relay_prepare(&tls_relay, &fault));
    signal(SIGPIPE, SIG_IGN); /* the server's, whose client may be gone */
}

static void end_tls(void)
{
    SSL_CTX_free(tls_server.context);
    smtp_relay_fini(&tls_relay);
}

/* The proxy has said its part before it is asked. */
static bool a_tunnel_is_opened(struct fault *fault)
{
    static const char answer[] = "HTTP/1.1 200 yes\r\n\r\n";
    struct smtp_relay tunnelled = relay;
    int fds[2];
    tunnelled.tls = SMTP_TLS_NONE;
    fuzz_pause_memory(true);
    CHECK(smtp_relay_prepare(&tunnelled, fault));
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0 && write(fds[1], answer, sizeof answer - 1) > 0);
    fuzz_pause_memory(false);
    struct smtp_transport *transport = smtp_socket_new(fds[0], -1);
    bool done = transport &&
                smtp_tunnel_open((struct smtp_socket *)transport, &tunnelled, deadline_after_ms(5000), fault);
    if (transport)
        transport->ops->free(transport);
    else
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
    close(fds[1]);
    smtp_relay_fini(&tunnelled);
    return done;
}

static enum smtp_status respond(const char *mechanism, const char *const *challenges, size_t count)
{
    static const struct smtp_channel_binding binding = {"tls-exporter", "bound", 5};
    struct smtp_sasl_terms terms = {.binding = &binding, .deadline = deadline_after_ms(60000)};
    struct smtp_sasl sasl;
    struct buf response;
    enum smtp_status status = SMTP_STATUS_OK;
    smtp_sasl_start(&sasl, smtp_sasl_mechanism_find(str_of(mechanism)), &relay, &terms);
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    for (size_t i = 0; status == SMTP_STATUS_OK && i < count; i++) {
        buf_clear(&response);
        status = smtp_sasl_respond(&sasl, str_of(challenges[i]), &response);
    }
    buf_wipe(&response);
    smtp_sasl_fini(&sasl);
    return status;
}

static bool scram_answers(struct fault *fault)
{
    static const char *const challenges[] = {"",
                                             "r=nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnsrv,s=c2FsdHNhbHQ=,i=4096"};
    enum smtp_status status = respond("SCRAM-SHA-256-PLUS", challenges, 2);
    CHECK(status == SMTP_STATUS_OK || status == SMTP_STATUS_NO_MEMORY || status == SMTP_STATUS_MALFORMED);
    return status == SMTP_STATUS_OK || fault_set(fault, FAULT_OVERLOADED, "given up");
}

static bool cram_md5_answers(struct fault *fault)
{
    static const char *const challenges[] = {"<1896.697170952@postoffice.example.net>"};
    enum smtp_status status = respond("CRAM-MD5", challenges, 1);
    return status == SMTP_STATUS_OK || fault_set(fault, FAULT_OVERLOADED, "given up");
}

static void memory_may_end_anywhere(void)
{
    static const struct {
        const char *name;
        bool (*work)(struct fault *fault);
        enum fault_code code; /* FAULT_NONE: any */
    } rows[] = {
        {"relay", a_relay_is_prepared, FAULT_NONE}, {"dialling", a_name_is_dialled, FAULT_OVERLOADED},
        {"TLS", tls_is_started, FAULT_OVERLOADED},  {"tunnel", a_tunnel_is_opened, FAULT_OVERLOADED},
        {"SCRAM", scram_answers, FAULT_OVERLOADED}, {"CRAM-MD5", cram_md5_answers, FAULT_OVERLOADED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        memory_fail_each(rows[i].name, rows[i].work, rows[i].code);
}

int main(void)
{
    smtp_tls_memory_watch();
    int listener = listen_on_loopback();
    begin_tls();
    TEST(a_dialogue_may_run_out_of_memory_anywhere);
    TEST(memory_may_end_anywhere);
    end_tls();
    close(listener);
    return test_result();
}
