/* GnuTLS says with one number what is wrong with the one or the other, so that the certificate is read alone
 * first: what fails then is the key's. */
#include "api/http/tls_identity.h"

#include <gnutls/x509.h>
#include <limits.h>
#include <stdlib.h>

static gnutls_datum_t datum_of(struct str bytes)
{
    return (gnutls_datum_t){(unsigned char *)(uintptr_t)str_chars(bytes), (unsigned)bytes.len};
}

/* The words for what users get wrong; else GnuTLS' own. */
static const char *words_for(int error)
{
    static const struct {
        int error;
        const char *words;
    } table[] = {{GNUTLS_E_CERTIFICATE_KEY_MISMATCH, "it is not the certificate's"},
                 {GNUTLS_E_DECRYPTION_FAILED, "it has a passphrase, and nobody is there to be asked for it"},
                 {GNUTLS_E_BASE64_UNEXPECTED_HEADER_ERROR, "there is none in the file"},
                 {GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE, "there is none in the file"},
                 {GNUTLS_E_NO_CERTIFICATE_FOUND, "there is none in the file"}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].error == error)
            return table[i].words;
    return gnutls_strerror(error);
}

static bool refuse(struct fault *fault, const char *what, int error)
{
    if (error == GNUTLS_E_MEMORY_ERROR)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    return fault_set(fault, FAULT_INVALID_REQUEST, "the %s cannot be used: %s", what, words_for(error));
}

/* Of the certificate itself, which comes first. */
static bool read_validity(struct tls_identity *identity, struct str certificate, struct fault *fault)
{
    const gnutls_datum_t pem = datum_of(certificate);
    gnutls_x509_crt_t *chain = NULL;
    unsigned count = 0;
    int error = gnutls_x509_crt_list_import2(&chain, &count, &pem, GNUTLS_X509_FMT_PEM, 0);
    if (error < 0 || count == 0)
        return refuse(fault, "certificate", error < 0 ? error : GNUTLS_E_NO_CERTIFICATE_FOUND);
    identity->begins_s = gnutls_x509_crt_get_activation_time(chain[0]);
    identity->ends_s = gnutls_x509_crt_get_expiration_time(chain[0]);
    for (unsigned i = 0; i < count; i++)
        gnutls_x509_crt_deinit(chain[i]);
    gnutls_free(chain);
    return true;
}

static bool load_pair(struct tls_identity *identity, struct str certificate, struct str key,
                      struct fault *fault)
{
    const gnutls_datum_t certificate_pem = datum_of(certificate), key_pem = datum_of(key);
    int error = gnutls_certificate_allocate_credentials(&identity->credentials);
    if (error < 0)
        return refuse(fault, "certificate", error);
    if (!read_validity(identity, certificate, fault))
        return false;
    error = gnutls_certificate_set_x509_key_mem2(identity->credentials, &certificate_pem, &key_pem,
                                                 GNUTLS_X509_FMT_PEM, NULL, 0);
    return error >= 0 || refuse(fault, "key", error);
}

struct tls_identity *tls_identity_new(struct str certificate, struct str key, struct fault *fault)
{
    struct tls_identity *identity = calloc(1, sizeof *identity);
    if (!identity) {
        fault_set(fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    atomic_init(&identity->references, 1);
    if (!load_pair(identity, certificate, key, fault))
        tls_identity_release(&identity);
    return identity;
}

bool tls_identity_require_clients(struct tls_identity *identity, struct str client_ca, struct fault *fault)
{
    const gnutls_datum_t pem = datum_of(client_ca);
    int found = gnutls_certificate_set_x509_trust_mem(identity->credentials, &pem, GNUTLS_X509_FMT_PEM);
    if (found <= 0)
        return refuse(fault, "CA", found < 0 ? found : GNUTLS_E_NO_CERTIFICATE_FOUND);
    identity->wants_client_certificate = true;
    return true;
}

struct tls_identity *tls_identity_hold(struct tls_identity *identity)
{
    atomic_fetch_add(&identity->references, 1);
    return identity;
}

void tls_identity_release(struct tls_identity **identity)
{
    struct tls_identity *gone = *identity;
    *identity = NULL;
    if (!gone || atomic_fetch_sub(&gone->references, 1) > 1)
        return;
    if (gone->credentials)
        gnutls_certificate_free_credentials(gone->credentials);
    free(gone);
}
