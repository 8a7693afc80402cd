#include "service/sandbox/certificate.h"

#include "base/random.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { SECONDS_BACK = 3600, SECONDS_AHEAD = 10 * 365 * 86400, VERSION_3 = 2, MAX_NAMES_BYTES = 128 };

/* In order: the authority's key identifier is read from the subject's. */
static const struct {
    int nid;
    const char *value;
} extensions[] = {
    {NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
    {NID_key_usage, "critical,digitalSignature,keyCertSign"},
    {NID_ext_key_usage, "serverAuth"},
    {NID_subject_key_identifier, "hash"},
    {NID_authority_key_identifier, "keyid:always"},
};

static bool add_extension(X509 *x509, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x509, x509, NULL, NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension && X509_add_ext(x509, extension, -1);
    X509_EXTENSION_free(extension);
    return added;
}

/* Names count in the last of them only (RFC 9525). */
static bool add_extensions(X509 *x509, const char *ip)
{
    char names[MAX_NAMES_BYTES];
    snprintf(names, sizeof names, "IP:127.0.0.1,IP:::1,DNS:localhost%s%s", ip ? ",IP:" : "", ip ? ip : "");
    for (size_t i = 0; i < sizeof extensions / sizeof extensions[0]; i++)
        if (!add_extension(x509, extensions[i].nid, extensions[i].value))
            return false;
    return add_extension(x509, NID_subject_alt_name, names);
}

static bool set_names(X509 *x509)
{
    X509_NAME *name = X509_get_subject_name(x509);
    static const unsigned char text[] = "Postern sandbox";
    return X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, text, -1, -1, 0) &&
           X509_set_issuer_name(x509, name);
}

/* Random, so that a client that remembers the certificate of an earlier run sees another one. */
static bool set_serial(X509 *x509)
{
    uint64_t serial;
    random_fill(&serial, sizeof serial);
    return ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1 | 1);
}

static X509 *sign_own(EVP_PKEY *key, const char *ip)
{
    X509 *x509 = X509_new();
    if (x509 && X509_set_version(x509, VERSION_3) && set_serial(x509) &&
        X509_gmtime_adj(X509_getm_notBefore(x509), -SECONDS_BACK) &&
        X509_gmtime_adj(X509_getm_notAfter(x509), SECONDS_AHEAD) && set_names(x509) &&
        X509_set_pubkey(x509, key) && add_extensions(x509, ip) && X509_sign(x509, key, EVP_sha256()))
        return x509;
    X509_free(x509);
    return NULL;
}

/* No session is ever resumed: there is nothing to save on loopback, and each handshake is verified anew. */
static SSL_CTX *make_context(EVP_PKEY *key, X509 *x509)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());
    if (tls && SSL_CTX_set_min_proto_version(tls, TLS1_2_VERSION) && SSL_CTX_use_certificate(tls, x509) &&
        SSL_CTX_use_PrivateKey(tls, key) && SSL_CTX_set_num_tickets(tls, 0)) {
        SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(tls, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION);
        SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS);
        /* A read gives control back after records that hold no data, so that a flood of them meets the
         * deadline. */
        SSL_CTX_clear_mode(tls, SSL_MODE_AUTO_RETRY);
        return tls;
    }
    SSL_CTX_free(tls);
    return NULL;
}

/* In memory, but with a name in the file system, which is how a trust store is given. */
static bool write_ca_file(struct sandbox_certificate *certificate, X509 *x509)
{
    certificate->fd = memfd_create("postern-sandbox-ca", MFD_CLOEXEC);
    int copy = certificate->fd < 0 ? -1 : dup(certificate->fd);
    FILE *file = copy < 0 ? NULL : fdopen(copy, "w");
    if (!file) {
        if (copy >= 0)
            close(copy);
        return false;
    }
    bool written = PEM_write_X509(file, x509);
    written = fclose(file) == 0 && written;
    snprintf(certificate->ca_file, sizeof certificate->ca_file, "/proc/self/fd/%d", certificate->fd);
    return written;
}

bool sandbox_certificate_init(struct sandbox_certificate *certificate, const char *ip, struct fault *fault)
{
    *certificate = (struct sandbox_certificate){.fd = -1};
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x509 = key ? sign_own(key, ip) : NULL;
    certificate->tls = x509 ? make_context(key, x509) : NULL;
    bool made = certificate->tls && write_ca_file(certificate, x509);
    X509_free(x509);
    EVP_PKEY_free(key);
    if (!made) {
        sandbox_certificate_fini(certificate);
        return fault_set(fault, FAULT_INTERNAL, "the sandbox's certificate could not be made");
    }
    return true;
}

void sandbox_certificate_fini(struct sandbox_certificate *certificate)
{
    SSL_CTX_free(certificate->tls);
    if (certificate->fd >= 0)
        close(certificate->fd);
    *certificate = (struct sandbox_certificate){.fd = -1};
}
