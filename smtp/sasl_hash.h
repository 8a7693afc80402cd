/* smtp/sasl_hash.h: the hashes that SASL mechanisms are made of, by OpenSSL.
 *
 * `digest` is a name of OpenSSL's: "SHA256", "SHA1", "MD5".
 *
 * Ownership  a digest that was made of a password is a secret, to be wiped by who holds it.
 * Errors     false, or NO_MEMORY: out of memory, or an OpenSSL without that hash.
 */
#ifndef POSTERN_SMTP_SASL_HASH_H
#define POSTERN_SMTP_SASL_HASH_H

#include "smtp/transport.h"

enum { SMTP_DIGEST_MAX_BYTES = 32 };

struct smtp_digest {
    char bytes[SMTP_DIGEST_MAX_BYTES];
    size_t len;
};

struct str smtp_digest_view(const struct smtp_digest *digest);

bool smtp_hash(const char *digest, struct str text, struct smtp_digest *out);
bool smtp_hmac(const char *digest, struct str key, struct str text, struct smtp_digest *out);

/* Hi() of RFC 5802 2.2, which is PBKDF2 (RFC 8018 5.2) with one block; TIMEOUT behind the deadline. */
enum smtp_status smtp_hash_salt(const char *digest, struct str password, struct str salt, uint64_t iterations,
                                struct deadline deadline, struct smtp_digest *out);

#endif
