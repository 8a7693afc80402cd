/* The channel binding of a connection, against what its other end makes of it. */
#include "smtp/tls_binding.h"
#include "test.h"

#include <openssl/x509.h>
#include <string.h>

struct ends {
    SSL_CTX *client_context, *server_context;
    SSL *client, *server;
};

static void use_own_certificate(SSL_CTX *context)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    CHECK(SSL_CTX_use_certificate(context, certificate) == 1 && SSL_CTX_use_PrivateKey(context, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static void connect_ends(struct ends *ends, int version, uint64_t server_options)
{
    BIO *client_bio, *server_bio;
    ends->client_context = SSL_CTX_new(TLS_client_method());
    ends->server_context = SSL_CTX_new(TLS_server_method());
    use_own_certificate(ends->server_context);
    SSL_CTX_set_max_proto_version(ends->server_context, version);
    SSL_CTX_set_options(ends->server_context, server_options);
    ends->client = SSL_new(ends->client_context);
    ends->server = SSL_new(ends->server_context);
    BIO_new_bio_pair(&client_bio, 0, &server_bio, 0);
    SSL_set_bio(ends->client, client_bio, client_bio);
    SSL_set_bio(ends->server, server_bio, server_bio);
    for (int i = 0; i < 8; i++) {
        SSL_connect(ends->client);
        SSL_accept(ends->server);
    }
    CHECK(SSL_is_init_finished(ends->client) && SSL_is_init_finished(ends->server));
}

static void free_ends(struct ends *ends)
{
    SSL_free(ends->client);
    SSL_free(ends->server);
    SSL_CTX_free(ends->client_context);
    SSL_CTX_free(ends->server_context);
}

/* RFC 9266 2 */
static void tls_1_3_is_bound_by_its_exporter(void)
{
    struct ends ends, others;
    struct smtp_channel_binding binding, other;
    unsigned char want[32];
    connect_ends(&ends, TLS1_3_VERSION, 0);
    connect_ends(&others, TLS1_3_VERSION, 0);
    smtp_tls_bind(ends.client, &binding);
    smtp_tls_bind(others.client, &other);
    CHECK_TEXT(str_of(binding.type), "tls-exporter");
    CHECK(SSL_export_keying_material(ends.server, want, sizeof want, "EXPORTER-Channel-Binding", 24,
                                     (const unsigned char *)"", 0, 1) == 1);
    CHECK_STR(((struct str){binding.data, binding.len}), ((struct str){(char *)want, sizeof want}));
    CHECK(memcmp(binding.data, other.data, sizeof want) != 0);
    free_ends(&ends);
    free_ends(&others);
}

/* RFC 5929 3.1 */
static void tls_1_2_is_bound_by_the_first_finished(void)
{
    struct ends ends;
    struct smtp_channel_binding binding;
    char want[SMTP_BINDING_MAX_BYTES];
    connect_ends(&ends, TLS1_2_VERSION, 0);
    smtp_tls_bind(ends.client, &binding);
    CHECK_TEXT(str_of(binding.type), "tls-unique");
    size_t len = SSL_get_peer_finished(ends.server, want, sizeof want);
    CHECK_INT(len, 12);
    CHECK_STR(((struct str){binding.data, binding.len}), ((struct str){want, len}));
    free_ends(&ends);
}

/* RFC 7627 1: there two connections can be given one secret. */
static void without_the_extended_master_secret_there_is_none(void)
{
    struct ends ends;
    struct smtp_channel_binding binding;
    connect_ends(&ends, TLS1_2_VERSION, SSL_OP_NO_EXTENDED_MASTER_SECRET);
    smtp_tls_bind(ends.client, &binding);
    CHECK(!binding.type);
    free_ends(&ends);
}

int main(void)
{
    TEST(tls_1_3_is_bound_by_its_exporter);
    TEST(tls_1_2_is_bound_by_the_first_finished);
    TEST(without_the_extended_master_secret_there_is_none);
    return test_result();
}
