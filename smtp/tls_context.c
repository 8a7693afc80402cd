/* What is wrong with a file is found when the program starts, not with the first mail: a trust store that is
 * empty would fail every handshake, a client key that does not fit its certificate some of them. */
#include "smtp/tls.h"
#include "smtp/tls_bio.h"

#include <dirent.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail_with_openssl(struct fault *fault, const char *what, const char *file)
{
    const char *reason = ERR_reason_error_string(ERR_peek_error());
    fault_set(fault, FAULT_INTERNAL, "%s %s: %s", what, file, reason ? reason : "it holds none");
    ERR_clear_error();
    return false;
}

/* "6b99d060.0": named by its subject's hash, as OpenSSL looks for it. */
static bool is_hashed_name(struct str name)
{
    enum { HASH_DIGITS = 8 };
    size_t digits = 0;
    while (digits < name.len && char_hex_value(name.data[digits]) >= 0)
        digits++;
    return digits == HASH_DIGITS && str_equal(str_from(name, digits), STR(".0"));
}

static bool holds_hashed_certificates(const char *path)
{
    DIR *directory = opendir(path);
    if (!directory)
        return false;
    bool found = false;
    for (struct dirent *entry; !found && (entry = readdir(directory));)
        found = is_hashed_name(str_of(entry->d_name));
    closedir(directory);
    return found;
}

static bool is_same_file(const char *a, const char *b)
{
    struct stat status_a, status_b;
    return stat(a, &status_a) == 0 && stat(b, &status_b) == 0 && status_a.st_dev == status_b.st_dev &&
           status_a.st_ino == status_b.st_ino;
}

/* The bundle that the environment asks for; NULL where it asks for none, or for the default anyway. */
static const char *asked_bundle(void)
{
    const char *file = secure_getenv(X509_get_default_cert_file_env());
    return file && !is_same_file(file, X509_get_default_cert_file()) ? file : NULL;
}

/* A folder of hashed certificates is read one by one, as they are needed; a bundle is held whole, and costs a
 * megabyte and more. OpenSSL does not mind a system store that is not there. */
static bool load_system_store(SSL_CTX *ssl, struct fault *fault)
{
    const char *asked_directory = secure_getenv(X509_get_default_cert_dir_env());
    const char *directory = asked_directory ? asked_directory : X509_get_default_cert_dir();
    const char *asked_file = asked_bundle();
    const char *file = asked_file ? asked_file : X509_get_default_cert_file();
    if (!asked_file && holds_hashed_certificates(directory))
        return SSL_CTX_load_verify_dir(ssl, directory) == 1 ||
               fail_with_openssl(fault, "cannot read the CA certificates in", directory);
    if (access(file, R_OK) != 0)
        return fault_set(
            fault, FAULT_INTERNAL,
            "there are no CA certificates in %s: install them (ca-certificates), or name a CA file",
            directory);
    return SSL_CTX_load_verify_file(ssl, file) == 1 ||
           fail_with_openssl(fault, "cannot read the CA certificates in", file);
}

static bool load_trust(SSL_CTX *ssl, const struct smtp_relay *relay, struct fault *fault)
{
    if (relay->insecure)
        return true;
    if (!relay->ca_file.data)
        return load_system_store(ssl, fault);
    if (SSL_CTX_load_verify_file(ssl, relay->ca_file.data) != 1)
        return fail_with_openssl(fault, "cannot read CA certificates from", relay->ca_file.data);
    return true;
}

static bool load_client_certificate(SSL_CTX *ssl, const struct smtp_relay *relay, struct fault *fault)
{
    if (!relay->client_cert_file.data)
        return true;
    const char *certificate = relay->client_cert_file.data;
    const char *key = relay->client_key_file.data ? relay->client_key_file.data : certificate;
    if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
        return fail_with_openssl(fault, "cannot read the client certificate", certificate);
    if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
        return fail_with_openssl(fault, "cannot use the client key", key);
    return true;
}

/* Never asks on a terminal for the passphrase of a key. */
static int refuse_passphrase(char *buffer, int size, int writing, void *context)
{
    (void)buffer, (void)size, (void)writing, (void)context;
    return -1;
}

static void set_policy(SSL_CTX *ssl, bool insecure)
{
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION); /* RFC 8997 */
    SSL_CTX_set_security_level(ssl, 2);                 /* no RSA under 2,048 bits, no SHA-1 signatures */
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CLEANSE_PLAINTEXT);
    /* A read returns after each record that carries no data, so that a flood of them meets the deadline. */
    SSL_CTX_clear_mode(ssl, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_verify(ssl, insecure ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_default_passwd_cb(ssl, refuse_passphrase);
    X509_VERIFY_PARAM_set_hostflags(SSL_CTX_get0_param(ssl), X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                                                 X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
}

bool smtp_tls_context_load(struct smtp_tls_context *context, const struct smtp_relay *relay,
                           struct fault *fault)
{
    ERR_clear_error();
    context->insecure = relay->insecure;
    context->bio = smtp_tls_bio_method();
    context->ssl = SSL_CTX_new(TLS_client_method());
    if (!context->bio || !context->ssl)
        return fault_set(fault, FAULT_INTERNAL, "OpenSSL cannot be started");
    set_policy(context->ssl, relay->insecure);
    return load_trust(context->ssl, relay, fault) && load_client_certificate(context->ssl, relay, fault);
}

void smtp_tls_context_fini(struct smtp_tls_context *context)
{
    SSL_CTX_free(context->ssl);
    BIO_meth_free(context->bio);
    *context = (struct smtp_tls_context){0};
}
