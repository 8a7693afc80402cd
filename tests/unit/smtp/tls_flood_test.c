/* F65: a relay that says nothing, over and over, under TLS: KeyUpdate (RFC 8446 4.6.3), and HelloRequest (RFC 5246
 * 7.4.1.1), which asks to renegotiate. What it costs is bounded by the deadline, as any other silence is. */
#include "smtp/tls.h"
#include "test.h"

#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENDLESS = -1, WAIT_MS = 300, MAX_GROWTH_KIB = 32 * 1024 };

struct server {
    SSL_CTX *context;
    int fd;
    int count; /* of empty messages before the greeting, or ENDLESS */
    int kind;  /* of KeyUpdate; ENDLESS: HelloRequest */
    atomic_bool is_over;
};

static SSL_CTX *context_new(int version)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    X509_gmtime_adj(X509_getm_notBefore(certificate), -10);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 1000);
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(context, certificate);
    SSL_CTX_use_PrivateKey(context, key);
    SSL_CTX_set_min_proto_version(context, version);
    SSL_CTX_set_max_proto_version(context, version);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return context;
}

static bool say_nothing(SSL *ssl, int kind)
{
    if (kind != ENDLESS)
        return SSL_key_update(ssl, kind) == 1 && SSL_do_handshake(ssl) == 1;
    SSL_renegotiate(ssl);
    return SSL_do_handshake(ssl) == 1;
}

static void *serve(void *argument)
{
    struct server *server = argument;
    SSL *ssl = SSL_new(server->context);
    sigset_t pipes;
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipes, NULL);
    SSL_set_fd(ssl, server->fd);
    bool goes_on = SSL_accept(ssl) == 1;
    for (int i = 0; goes_on && i != server->count && !server->is_over; i++)
        goes_on = say_nothing(ssl, server->kind);
    if (goes_on && !server->is_over)
        SSL_write(ssl, "220 hi\r\n", 8);
    while (!server->is_over)
        usleep(1000);
    SSL_free(ssl);
    close(server->fd);
    return NULL;
}

/* A sanitizer keeps what was freed. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { IS_MEMORY_OUR_OWN = 0 };
#else
enum { IS_MEMORY_OUR_OWN = 1 };
#endif

static long resident_kib(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return usage.ru_maxrss;
}

static void a_flood_of_nothing_ends_by_the_deadline(void)
{
    static const struct {
        const char *name;
        int version, kind, count;
        bool is_answered;
    } rows[] = {
        {"some KeyUpdates, then the greeting", TLS1_3_VERSION, SSL_KEY_UPDATE_NOT_REQUESTED, 20, true},
        {"the same, each to be answered", TLS1_3_VERSION, SSL_KEY_UPDATE_REQUESTED, 20, true},
        {"KeyUpdates without end", TLS1_3_VERSION, SSL_KEY_UPDATE_NOT_REQUESTED, ENDLESS, false},
        {"the same, each to be answered", TLS1_3_VERSION, SSL_KEY_UPDATE_REQUESTED, ENDLESS, false},
        {"renegotiation", TLS1_2_VERSION, ENDLESS, ENDLESS, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_relay relay = {
            .host = STR("relay.example"), .tls = SMTP_TLS_IMPLICIT, .insecure = true, .stop_fd = -1};
        struct server server = {
            .context = context_new(rows[i].version), .count = rows[i].count, .kind = rows[i].kind};
        struct fault fault;
        pthread_t thread;
        int fds[2];
        char bytes[64];
        size_t got = 0;
        test_row("%s", rows[i].name);
        CHECK(smtp_relay_prepare(&relay, &fault) && socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
        server.fd = fds[1];
        CHECK(pthread_create(&thread, NULL, serve, &server) == 0);
        struct smtp_transport *transport = smtp_socket_new(fds[0], -1);
        CHECK_INT(transport->ops->start_tls(transport, &relay, deadline_after_ms(20000)), SMTP_STATUS_OK);
        int64_t began_us = clock_monotonic_us();
        long before_kib = resident_kib();
        int64_t wait_ms = rows[i].is_answered ? 20000 : WAIT_MS;
        enum smtp_status status =
            transport->ops->read(transport, bytes, sizeof bytes, deadline_after_ms(wait_ms), &got);
        if (rows[i].is_answered)
            CHECK(status == SMTP_STATUS_OK && str_starts_with((struct str){bytes, got}, STR("220")));
        else
            CHECK(status == SMTP_STATUS_TIMEOUT || status == SMTP_STATUS_TLS_BROKEN);
        CHECK(clock_monotonic_us() - began_us < 15000000);
        CHECK(!IS_MEMORY_OUR_OWN || resident_kib() - before_kib < MAX_GROWTH_KIB);
        server.is_over = true;
        transport->ops->free(transport);
        pthread_join(thread, NULL);
        SSL_CTX_free(server.context);
        smtp_relay_fini(&relay);
    }
}

int main(void)
{
    TEST(a_flood_of_nothing_ends_by_the_deadline);
    return test_result();
}
