/* OpenSSL's own PBKDF2 cannot be broken off: the loop is ours, so that a relay that asks for many iterations
 * meets the login's deadline. */
#include "smtp/sasl_hash.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <string.h>

/* Some two milliseconds of work. */
enum { ITERATIONS_BETWEEN_LOOKS = 4096 };

struct str smtp_digest_view(const struct smtp_digest *digest)
{
    return (struct str){digest->bytes, digest->len};
}

bool smtp_hash(const char *digest, struct str text, struct smtp_digest *out)
{
    return EVP_Q_digest(NULL, digest, NULL, text.data, text.len, (unsigned char *)out->bytes, &out->len) == 1;
}

bool smtp_hmac(const char *digest, struct str key, struct str text, struct smtp_digest *out)
{
    return EVP_Q_mac(NULL, "HMAC", NULL, digest, NULL, key.data, key.len, (const unsigned char *)text.data,
                     text.len, (unsigned char *)out->bytes, sizeof out->bytes, &out->len) != NULL;
}

static EVP_MAC_CTX *hmac_new(const char *digest, struct str key)
{
    EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *context = hmac ? EVP_MAC_CTX_new(hmac) : NULL;
    EVP_MAC_free(hmac); /* the context holds its own reference */
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t)digest, 0),
        OSSL_PARAM_construct_end()};
    if (context && EVP_MAC_init(context, (const unsigned char *)key.data, key.len, parameters) == 1)
        return context;
    EVP_MAC_CTX_free(context);
    return NULL;
}

/* With the key of before, over `text` and `more`. */
static bool hmac_again(EVP_MAC_CTX *context, struct str text, struct str more, struct smtp_digest *out)
{
    return EVP_MAC_init(context, NULL, 0, NULL) == 1 &&
           EVP_MAC_update(context, (const unsigned char *)text.data, text.len) == 1 &&
           EVP_MAC_update(context, (const unsigned char *)more.data, more.len) == 1 &&
           EVP_MAC_final(context, (unsigned char *)out->bytes, &out->len, sizeof out->bytes) == 1;
}

static enum smtp_status iterate(EVP_MAC_CTX *context, struct smtp_digest *last, uint64_t iterations,
                                struct deadline deadline, struct smtp_digest *out)
{
    for (uint64_t i = 1; i < iterations; i++) {
        if (i % ITERATIONS_BETWEEN_LOOKS == 0 && deadline_passed(deadline))
            return SMTP_STATUS_TIMEOUT;
        if (!hmac_again(context, smtp_digest_view(last), STR(""), last))
            return SMTP_STATUS_NO_MEMORY;
        for (size_t at = 0; at < out->len; at++)
            out->bytes[at] = (char)(out->bytes[at] ^ last->bytes[at]);
    }
    return SMTP_STATUS_OK;
}

enum smtp_status smtp_hash_salt(const char *digest, struct str password, struct str salt, uint64_t iterations,
                                struct deadline deadline, struct smtp_digest *out)
{
    enum smtp_status status = SMTP_STATUS_NO_MEMORY;
    struct smtp_digest last = {0};
    EVP_MAC_CTX *context = hmac_new(digest, password);
    if (context && hmac_again(context, salt, STR("\0\0\0\1"), &last)) {
        *out = last;
        status = iterate(context, &last, iterations, deadline, out);
    }
    EVP_MAC_CTX_free(context); /* wipes the key */
    explicit_bzero(&last, sizeof last);
    return status;
}
