/* TLS against a server in a thread, over a socket pair, with certificates made here: F42, F43, F44, F49 to
 * F56, F58 to F60, F63, F66, F68 to F70, F139. */
#include "smtp/tls.h"
#include "test.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { DAY_S = 86400, HANDSHAKE_MS = 5000 };

struct identity {
    EVP_PKEY *key;
    X509 *certificate;
};

static struct identity trusted_ca, unknown_ca, intermediate;
static char ca_path[] = "/tmp/postern-ca-XXXXXX", empty_path[] = "/tmp/postern-empty-XXXXXX";

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate, certificate, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    CHECK(extension && X509_add_ext(certificate, extension, -1));
    X509_EXTENSION_free(extension);
}

/* Signed by `issuer`, or by itself; `names` is a subjectAltName or NULL. */
static struct identity identity_new(const char *common_name, const char *names, const struct identity *issuer,
                                    long from_days, long to_days, int rsa_bits, bool is_ca)
{
    static long serial = 1;
    struct identity made = {rsa_bits ? EVP_RSA_gen((unsigned)rsa_bits) : EVP_EC_gen("P-256"), X509_new()};
    X509 *certificate = made.certificate;
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), from_days * DAY_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), to_days * DAY_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)common_name, -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(issuer ? issuer->certificate : certificate));
    X509_set_pubkey(certificate, made.key);
    if (is_ca)
        add_extension(certificate, NID_basic_constraints, "critical,CA:TRUE");
    if (names)
        add_extension(certificate, NID_subject_alt_name, names);
    CHECK(X509_sign(certificate, issuer ? issuer->key : made.key, EVP_sha256()) > 0);
    return made;
}

static void identity_fini(struct identity *identity)
{
    EVP_PKEY_free(identity->key);
    X509_free(identity->certificate);
}

enum behaviour {
    SHAKE,    /* the handshake, "220 hi", close_notify */
    TRUNCATE, /* the same without close_notify */
    VANISH,   /* the handshake, and the socket is closed with octets unread */
    HANG_UP,  /* no handshake: closed at once */
    SPEAK,    /* no handshake: plain text */
    STALL     /* no handshake: nothing */
};

struct server {
    int fd;
    const struct identity *identity;
    enum behaviour behaviour;
    int max_version;  /* 0: any */
    struct str words; /* that it speaks */
    pthread_t thread;
};

static void serve(const struct server *server, SSL *ssl)
{
    char byte;
    if (SSL_accept(ssl) == 1) {
        if (server->behaviour != VANISH)
            SSL_write(ssl, "220 hi", 6);
        if (server->behaviour == SHAKE)
            SSL_shutdown(ssl);
        if (server->behaviour == SHAKE)
            SSL_read(ssl, &byte, 1);
    }
}

static void *run_server(void *context)
{
    struct server *server = context;
    char byte;
    sigset_t pipes; /* the server's own are of no interest; the client's would end the test */
    sigemptyset(&pipes);
    sigaddset(&pipes, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipes, NULL);
    if (server->behaviour == SPEAK) {
        (void)!write(server->fd, server->words.data, server->words.len);
        (void)!read(server->fd, &byte, 1);
    } else if (server->behaviour == STALL) {
        while (read(server->fd, &byte, 1) > 0)
            continue;
    } else if (server->behaviour != HANG_UP) {
        SSL_CTX *context_of_tls = SSL_CTX_new(TLS_server_method());
        SSL_CTX_set_security_level(context_of_tls, 0);
        if (server->max_version)
            SSL_CTX_set_min_proto_version(context_of_tls, TLS1_VERSION);
        SSL_CTX_set_max_proto_version(context_of_tls, server->max_version);
        SSL_CTX_use_certificate(context_of_tls, server->identity->certificate);
        SSL_CTX_use_PrivateKey(context_of_tls, server->identity->key);
        SSL *ssl = SSL_new(context_of_tls);
        SSL_set_fd(ssl, server->fd);
        serve(server, ssl);
        SSL_free(ssl);
        SSL_CTX_free(context_of_tls);
    }
    close(server->fd);
    return NULL;
}

struct client {
    struct server server;
    struct smtp_relay relay;
    struct smtp_transport *transport;
    enum smtp_status status;
};

static void client_start(struct client *client, struct str host, bool insecure)
{
    int fds[2];
    struct fault fault;
    client->relay = (struct smtp_relay){.host = host,
                                        .port = 587,
                                        .tls = SMTP_TLS_IMPLICIT,
                                        .insecure = insecure,
                                        .ca_file = str_of(ca_path),
                                        .ehlo_name = STR("client.example"),
                                        .stop_fd = -1};
    if (!CHECK(smtp_relay_prepare(&client->relay, &fault)))
        printf("    %s\n", fault.detail);
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0);
    client->server.fd = fds[1];
    CHECK(pthread_create(&client->server.thread, NULL, run_server, &client->server) == 0);
    client->transport = smtp_socket_new(fds[0], -1);
    int64_t wait_ms = client->server.behaviour == STALL ? 20 : HANDSHAKE_MS;
    client->status =
        client->transport->ops->start_tls(client->transport, &client->relay, deadline_after_ms(wait_ms));
}

static void client_end(struct client *client)
{
    client->transport->ops->free(client->transport);
    pthread_join(client->server.thread, NULL);
    smtp_relay_fini(&client->relay);
}

enum issuer { BY_TRUSTED, BY_UNKNOWN, BY_INTERMEDIATE, BY_ITSELF };

static void a_relay_must_prove_its_name(void)
{
    static const struct {
        const char *number;
        struct str host;
        const char *common_name, *names; /* of the certificate */
        enum issuer issuer;
        long from_days, to_days;
        int rsa_bits, max_version;
        bool insecure;
        enum smtp_status status;
        const char *problem;
    } rows[] = {
        {"right", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_OK, ""},
        {"case", STR("MX.Relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_OK, ""},
        {"trailing dot", STR("mx.relay.example."), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 0, 0,
         false, SMTP_STATUS_OK, ""},
        {"wildcard", STR("mx.relay.example"), "x", "DNS:*.relay.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_OK, ""},
        {"F49", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -9, -1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "expired"},
        {"F50", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, 1, 9, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "not yet valid"},
        {"F51", STR("mx.relay.example"), "x", "DNS:mx.other.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "mismatch"},
        {"F52", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_ITSELF, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "self-signed"},
        {"F53", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_UNKNOWN, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "issuer"},
        {"F54", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_INTERMEDIATE, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "issuer"},
        {"F55", STR("mx.relay.example"), "mx.relay.example", NULL, BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "mismatch"},
        {"F56 partial", STR("mx.relay.example"), "x", "DNS:m*.relay.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "mismatch"},
        {"F56 levels", STR("a.mx.relay.example"), "x", "DNS:*.relay.example", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "mismatch"},
        {"F58", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 1024, 0, false,
         SMTP_STATUS_TLS_REFUSED, "key too"},
        {"F59", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 0, TLS1_1_VERSION,
         false, SMTP_STATUS_TLS_REFUSED, "protocol"},
        {"F60", STR("192.0.2.1"), "x", "DNS:192.0.2.1", BY_TRUSTED, -1, 1, 0, 0, false,
         SMTP_STATUS_TLS_REFUSED, "IP address mismatch"},
        {"F60 right", STR("192.0.2.1"), "x", "IP:192.0.2.1", BY_TRUSTED, -1, 1, 0, 0, false, SMTP_STATUS_OK,
         ""},
        {"F60 v6", STR("2001:db8::1"), "x", "IP:2001:db8::1", BY_TRUSTED, -1, 1, 0, 0, false, SMTP_STATUS_OK,
         ""},
        {"F61",
         STR("b\xc3\xbc"
             "cher.example"),
         "x", "DNS:xn--bcher-kva.example", BY_TRUSTED, -1, 1, 0, 0, false, SMTP_STATUS_OK, ""},
        {"F66", STR("mx.relay.example"), "x", "DNS:mx.relay.example", BY_TRUSTED, -1, 1, 0, TLS1_2_VERSION,
         false, SMTP_STATUS_OK, ""},
        {"F69", STR("mx.relay.example"), "x", "DNS:mx.other.example", BY_ITSELF, -9, -1, 0, 0, true,
         SMTP_STATUS_OK, ""},
    };
    const struct identity *issuers[] = {&trusted_ca, &unknown_ca, &intermediate, NULL};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].number);
        struct identity identity = identity_new(rows[i].common_name, rows[i].names, issuers[rows[i].issuer],
                                                rows[i].from_days, rows[i].to_days, rows[i].rsa_bits, false);
        struct client client = {.server = {.identity = &identity, .max_version = rows[i].max_version}};
        client_start(&client, rows[i].host, rows[i].insecure);
        const struct smtp_tls_facts *facts = &client.transport->tls;
        CHECK_INT(client.status, rows[i].status);
        if (!CHECK(strstr(facts->problem, rows[i].problem) &&
                   !facts->problem[0] == (client.status == SMTP_STATUS_OK)))
            printf("    %s\n", facts->problem);
        CHECK((facts->version != NULL) == (client.status == SMTP_STATUS_OK));
        if (client.status == SMTP_STATUS_OK)
            CHECK(strstr(facts->certificate.subject, "CN = x") && facts->certificate.issuer[0] &&
                  facts->certificate.not_before[0] && facts->certificate.not_after[0]);
        client_end(&client);
        identity_fini(&identity);
    }
}

static void a_handshake_that_fails_says_how(void)
{
    static const struct {
        const char *number;
        enum behaviour behaviour;
        struct str words;
        enum smtp_status status;
        const char *problem;
    } rows[] = {
        {"F23, F42, F63", SPEAK, STR("220 relay.example ESMTP\r\n"), SMTP_STATUS_TLS_REFUSED, "not TLS"},
        {"a record without end", SPEAK, STR("\x16\x03\x01\xff\xff"), SMTP_STATUS_TLS_REFUSED, "not TLS"},
        {"an alert that passes: internal_error", SPEAK, STR("\x15\x03\x03\x00\x02\x02\x50"),
         SMTP_STATUS_TLS_BROKEN, "alert internal error"},
        {"an alert that lasts: protocol_version", SPEAK, STR("\x15\x03\x03\x00\x02\x02\x46"),
         SMTP_STATUS_TLS_REFUSED, "alert protocol version"},
        {"an alert that lasts: unknown_ca", SPEAK, STR("\x15\x03\x03\x00\x02\x02\x30"),
         SMTP_STATUS_TLS_REFUSED, "alert unknown ca"},
        {"an alert that nobody knows", SPEAK, STR("\x15\x03\x03\x00\x02\x02\xfe"), SMTP_STATUS_TLS_BROKEN,
         ""},
        {"F43", HANG_UP, STR(""), SMTP_STATUS_TLS_BROKEN, "broke"},
        {"F44", STALL, STR(""), SMTP_STATUS_TIMEOUT, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].number);
        struct client client = {.server = {.behaviour = rows[i].behaviour, .words = rows[i].words}};
        client_start(&client, STR("mx.relay.example"), false);
        CHECK_INT(client.status, rows[i].status);
        if (!CHECK(strstr(client.transport->tls.problem, rows[i].problem)))
            printf("    %s\n", client.transport->tls.problem);
        client_end(&client);
    }
}

/* F70 */
static void an_end_without_close_notify_is_no_end(void)
{
    static const struct {
        const char *name;
        enum behaviour behaviour;
        enum smtp_status status;
    } rows[] = {{"close_notify", SHAKE, SMTP_STATUS_EOF}, {"FIN alone", TRUNCATE, SMTP_STATUS_TLS_BROKEN}};
    struct identity identity = identity_new("x", "DNS:mx.relay.example", &trusted_ca, -1, 1, 0, false);
    for (size_t i = 0; i < 2; i++) {
        struct client client = {.server = {.identity = &identity, .behaviour = rows[i].behaviour}};
        char bytes[16];
        size_t got;
        test_row("%s", rows[i].name);
        client_start(&client, STR("mx.relay.example"), false);
        const struct smtp_transport_ops *ops = client.transport->ops;
        CHECK_INT(ops->read(client.transport, bytes, sizeof bytes, deadline_after_ms(5000), &got),
                  SMTP_STATUS_OK);
        CHECK_STR(((struct str){bytes, got}), STR("220 hi"));
        CHECK_INT(ops->read(client.transport, bytes, sizeof bytes, deadline_after_ms(5000), &got),
                  rows[i].status);
        client_end(&client);
    }
    identity_fini(&identity);
}

/* F139, F140: and no signal is raised. */
static void a_record_of_which_nothing_went_out_was_not_taken(void)
{
    struct identity identity = identity_new("x", "DNS:mx.relay.example", &trusted_ca, -1, 1, 0, false);
    struct client client = {.server = {.identity = &identity, .behaviour = VANISH}};
    char bytes[16];
    size_t got, taken = 99;
    client_start(&client, STR("mx.relay.example"), false);
    const struct smtp_transport_ops *ops = client.transport->ops;
    while (ops->read(client.transport, bytes, sizeof bytes, deadline_after_ms(5000), &got) == SMTP_STATUS_OK)
        continue;
    CHECK(ops->write(client.transport, STR(".\r\n"), deadline_after_ms(5000), &taken) != SMTP_STATUS_OK);
    CHECK_INT(taken, 0);
    client_end(&client);

    client = (struct client){.server = {.identity = &identity, .behaviour = SHAKE}};
    client_start(&client, STR("mx.relay.example"), false);
    size_t block_bytes = 1 << 22;
    char *block = calloc(1, block_bytes);
    ops = client.transport->ops;
    enum smtp_status status =
        ops->write(client.transport, (struct str){block, block_bytes}, deadline_after_ms(50), &taken);
    CHECK(status != SMTP_STATUS_OK);
    CHECK_INT(taken, block_bytes); /* some of it went out: all of it may count */
    free(block);
    client_end(&client);
    identity_fini(&identity);
}

/* F68 */
static void a_ca_file_without_certificates_stops_the_start(void)
{
    const char *const paths[] = {"/nonexistent/ca.pem", empty_path, "/tmp"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct fault fault;
        struct smtp_relay relay = {.host = STR("mx.relay.example"),
                                   .tls = SMTP_TLS_STARTTLS,
                                   .ca_file = str_of(paths[i]),
                                   .ehlo_name = STR("client.example")};
        test_row("%s", paths[i]);
        CHECK(!smtp_relay_prepare(&relay, &fault));
        CHECK_INT(fault.code, FAULT_INTERNAL);
        CHECK(strstr(fault.detail, paths[i]));
        CHECK(!relay.tls_context);
        relay.ca_file = str_of(ca_path);
        relay.client_cert_file = str_of(paths[i]);
        CHECK(!smtp_relay_prepare(&relay, &fault));
        CHECK(strstr(fault.detail, "client certificate"));
    }
}

static void write_ca_file(void)
{
    int fd = mkstemp(ca_path);
    FILE *file = fdopen(fd, "w");
    CHECK(file && PEM_write_X509(file, trusted_ca.certificate) == 1);
    if (file)
        fclose(file);
    close(mkstemp(empty_path));
}

int main(void)
{
    trusted_ca = identity_new("Test CA", NULL, NULL, -9, 9, 0, true);
    unknown_ca = identity_new("Other CA", NULL, NULL, -9, 9, 0, true);
    intermediate = identity_new("Intermediate", NULL, &trusted_ca, -9, 9, 0, true);
    write_ca_file();
    TEST(a_relay_must_prove_its_name);
    TEST(a_handshake_that_fails_says_how);
    TEST(an_end_without_close_notify_is_no_end);
    TEST(a_record_of_which_nothing_went_out_was_not_taken);
    TEST(a_ca_file_without_certificates_stops_the_start);
    unlink(ca_path);
    unlink(empty_path);
    identity_fini(&trusted_ca);
    identity_fini(&unknown_ca);
    identity_fini(&intermediate);
    return test_result();
}
