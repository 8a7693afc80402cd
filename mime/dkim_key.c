#include "mime/dkim_key.h"

#include "base/base64.h"

#include <assert.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

enum { MIN_RSA_BITS = 2048, MAX_RSA_BITS = 8192, ED25519_BYTES = 32 };
static_assert(MAX_RSA_BITS / 8 <= (int)DKIM_MAX_SIGNATURE_BYTES, "a signature has the length of its key");

/* By number: to compare names EVP_PKEY_is_a takes memory, and without it says no. */
static bool is_ed25519(const EVP_PKEY *pkey)
{
    return EVP_PKEY_get_base_id(pkey) == EVP_PKEY_ED25519;
}

/* RFC 8301 3.2: 1,024 bits are the least by which a message may be signed, 2,048 the least by which it should be. */
static bool is_usable(const EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);
    bool is_rsa = EVP_PKEY_get_base_id(pkey) == EVP_PKEY_RSA;
    return is_ed25519(pkey) || (is_rsa && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS);
}

/* A passphrase would have to stand beside the key: encrypted keys are refused, and nobody is asked. */
static int refuse_passphrase(char *room, int bytes, int writing, void *context)
{
    (void)room, (void)bytes, (void)writing, (void)context;
    return -1;
}

static EVP_PKEY *read_key(struct str pem)
{
    BIO *bio = pem.len <= INT32_MAX ? BIO_new_mem_buf(pem.data, (int)pem.len) : NULL;
    EVP_PKEY *pkey = bio ? PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, NULL) : NULL;
    BIO_free(bio);
    return pkey;
}

static bool has_selector(const struct dkim_ring *ring, struct str domain, struct str selector)
{
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal_nocase(ring->keys[i].domain, domain) &&
            str_equal_nocase(ring->keys[i].selector, selector))
            return true;
    return false;
}

bool dkim_ring_add(struct dkim_ring *ring, struct str domain, struct str selector, struct str pem,
                   struct fault *fault)
{
    if (ring->count == DKIM_MAX_KEYS)
        return fault_set(fault, FAULT_INVALID_REQUEST, "there are more than %d DKIM keys", DKIM_MAX_KEYS);
    /* RFC 6376 3.6.2.2: of two records at one name nobody knows which one counts. */
    if (has_selector(ring, domain, selector))
        return fault_set(fault, FAULT_INVALID_REQUEST, "the selector %.*s of %.*s has two DKIM keys",
                         STR_ARG(selector), STR_ARG(domain));
    EVP_PKEY *pkey = read_key(pem);
    if (!pkey)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "the DKIM key %.*s of %.*s is not a private key in PEM without a passphrase",
                         STR_ARG(selector), STR_ARG(domain));
    if (!is_usable(pkey)) {
        EVP_PKEY_free(pkey);
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "the DKIM key %.*s of %.*s is neither RSA of %d to %d bits nor Ed25519",
                         STR_ARG(selector), STR_ARG(domain), MIN_RSA_BITS, MAX_RSA_BITS);
    }
    ring->keys[ring->count++] = (struct dkim_key){domain, selector, pkey};
    return true;
}

void dkim_ring_fini(struct dkim_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++)
        EVP_PKEY_free(ring->keys[i].pkey);
    ring->count = 0;
}

bool dkim_ring_has(const struct dkim_ring *ring, struct str domain)
{
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal_nocase(ring->keys[i].domain, domain))
            return true;
    return false;
}

const char *dkim_key_kind(const struct dkim_key *key)
{
    return is_ed25519(key->pkey) ? "ed25519" : "rsa";
}

unsigned dkim_key_bits(const struct dkim_key *key)
{
    return (unsigned)EVP_PKEY_get_bits(key->pkey);
}

static bool read_ed25519(const EVP_PKEY *pkey, unsigned char raw[static ED25519_BYTES])
{
    size_t len = ED25519_BYTES;
    return EVP_PKEY_get_raw_public_key(pkey, raw, &len) == 1 && len == ED25519_BYTES;
}

/* RFC 8463 4: the bare 32 octets. */
static bool append_ed25519(const EVP_PKEY *pkey, struct buf *record)
{
    unsigned char raw[ED25519_BYTES];
    if (!read_ed25519(pkey, raw))
        return false;
    base64_encode(record, (struct str){(char *)raw, sizeof raw});
    return true;
}

/* RFC 6376 3.6.1: a SubjectPublicKeyInfo, as in its examples. */
static bool append_rsa(const EVP_PKEY *pkey, struct buf *record)
{
    unsigned char *der = NULL;
    int der_len = i2d_PUBKEY(pkey, &der);
    if (der_len > 0)
        base64_encode(record, (struct str){(char *)der, (size_t)der_len});
    OPENSSL_free(der);
    return der_len > 0;
}

bool dkim_key_record(const struct dkim_key *key, struct buf *record)
{
    buf_append_format(record, "v=DKIM1; k=%s; p=", dkim_key_kind(key));
    bool appended = is_ed25519(key->pkey) ? append_ed25519(key->pkey, record) : append_rsa(key->pkey, record);
    return appended && !record->failed;
}

/* RFC 6376 3.6.1 speaks of a bare RSAPublicKey, its own examples and all the world publish the other form. */
static EVP_PKEY *read_rsa(struct str der)
{
    const unsigned char *begin = (const unsigned char *)der.data, *rest = begin;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &rest, (long)der.len);
    if (pkey)
        return pkey;
    rest = begin;
    return d2i_PublicKey(EVP_PKEY_RSA, NULL, &rest, (long)der.len);
}

static bool is_this_ed25519(const EVP_PKEY *pkey, struct str published)
{
    unsigned char raw[ED25519_BYTES];
    return read_ed25519(pkey, raw) && str_equal(published, (struct str){(char *)raw, sizeof raw});
}

static bool is_this_rsa(const EVP_PKEY *pkey, struct str published)
{
    EVP_PKEY *other = published.len <= INT32_MAX ? read_rsa(published) : NULL;
    bool is_same = other && EVP_PKEY_eq(other, pkey) == 1;
    EVP_PKEY_free(other);
    return is_same;
}

bool dkim_key_is(const struct dkim_key *key, struct str published)
{
    return is_ed25519(key->pkey) ? is_this_ed25519(key->pkey, published) : is_this_rsa(key->pkey, published);
}

/* RFC 8463 3: Ed25519 signs the SHA-256 as if it were the message. */
static size_t sign_ed25519(EVP_PKEY *pkey, const unsigned char *digest, unsigned char *signature)
{
    size_t len = DKIM_MAX_SIGNATURE_BYTES;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = context && EVP_DigestSignInit(context, NULL, NULL, NULL, pkey) == 1 &&
                EVP_DigestSign(context, signature, &len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_MD_CTX_free(context);
    return made ? len : 0;
}

static size_t sign_rsa(EVP_PKEY *pkey, const unsigned char *digest, unsigned char *signature)
{
    size_t len = DKIM_MAX_SIGNATURE_BYTES;
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(pkey, NULL);
    bool made = context && EVP_PKEY_sign_init(context) == 1 &&
                EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) == 1 &&
                EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) == 1 &&
                EVP_PKEY_sign(context, signature, &len, digest, DKIM_DIGEST_BYTES) == 1;
    EVP_PKEY_CTX_free(context);
    return made ? len : 0;
}

size_t dkim_key_sign(const struct dkim_key *key, const unsigned char digest[static DKIM_DIGEST_BYTES],
                     unsigned char signature[static DKIM_MAX_SIGNATURE_BYTES])
{
    return is_ed25519(key->pkey) ? sign_ed25519(key->pkey, digest, signature)
                                 : sign_rsa(key->pkey, digest, signature);
}
