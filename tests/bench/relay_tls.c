#include "relay_tls.h"

#include <errno.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

enum { VALID_S = 24 * 60 * 60 };

static SSL_CTX *context;

static X509 *make_certificate(EVP_PKEY *key)
{
    X509 *certificate = X509_new();
    if (!certificate)
        return NULL;
    X509_gmtime_adj(X509_getm_notBefore(certificate), -VALID_S);
    X509_gmtime_adj(X509_getm_notAfter(certificate), VALID_S);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"relay.example", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    X509_sign(certificate, key, EVP_sha256());
    return certificate;
}

bool relay_tls_init(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = key ? make_certificate(key) : NULL;
    context = SSL_CTX_new(TLS_server_method());
    bool made = certificate && context && SSL_CTX_use_certificate(context, certificate) == 1 &&
                SSL_CTX_use_PrivateKey(context, key) == 1;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return made;
}

SSL *relay_tls_new(int fd)
{
    SSL *tls = SSL_new(context);
    if (tls && SSL_set_fd(tls, fd) == 1)
        SSL_set_accept_state(tls);
    return tls;
}

void relay_tls_free(SSL *tls)
{
    SSL_free(tls);
}

bool relay_tls_is_up(const SSL *tls)
{
    return SSL_is_init_finished(tls);
}

/* The handshake goes on in each read. */
ssize_t relay_tls_read(SSL *tls, char *octets, size_t room)
{
    size_t filled = 0, got = 0;
    while (filled < room && SSL_read_ex(tls, octets + filled, room - filled, &got) == 1)
        filled += got;
    if (filled)
        return (ssize_t)filled;
    errno = EAGAIN;
    return SSL_get_error(tls, 0) == SSL_ERROR_WANT_READ ? -1 : 0;
}

ssize_t relay_tls_write(SSL *tls, const char *octets, size_t len)
{
    size_t written = 0;
    return SSL_write_ex(tls, octets, len, &written) == 1 ? (ssize_t)written : -1;
}
