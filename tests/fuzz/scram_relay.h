/* tests/fuzz/scram_relay.h: the relay's half of SCRAM (RFC 5802 3) as far as it takes to know whether the client's
 * proof holds, and what the relay's own must be: written from the RFC alone, on OpenSSL's PBKDF2.
 */
#ifndef POSTERN_TESTS_FUZZ_SCRAM_RELAY_H
#define POSTERN_TESTS_FUZZ_SCRAM_RELAY_H

#include "base/base64.h"
#include "base/buf.h"
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

enum { SCRAM_MAX_BYTES = 65536, SCRAM_MIN_ITERATIONS = 4096, SCRAM_MAX_ITERATIONS = 1000000 };

struct scram_relay {
    const EVP_MD *digest;
    struct str password;
    struct buf auth_message, verifier; /* the verifier as base64; empty before there is one */
    unsigned heard;                    /* of the client's messages */
    bool is_proved;                    /* the relay's signature was the right one */
};

static inline void scram_relay_init(struct scram_relay *scram, const char *digest, struct str password)
{
    *scram =
        (struct scram_relay){.digest = digest ? EVP_get_digestbyname(digest) : NULL, .password = password};
    buf_init(&scram->auth_message, SCRAM_MAX_BYTES);
    buf_init(&scram->verifier, SCRAM_MAX_BYTES);
}

static inline void scram_relay_fini(struct scram_relay *scram)
{
    buf_fini(&scram->auth_message);
    buf_fini(&scram->verifier);
}

/* The value of the first attribute "x=" in a message. */
static inline struct str scram_value(struct str message, char name)
{
    while (message.data) {
        struct str attribute = str_cut(&message, ',');
        if (attribute.len >= 2 && attribute.data[0] == name && attribute.data[1] == '=')
            return str_from(attribute, 2);
    }
    return (struct str){0};
}

static inline void scram_hmac(const EVP_MD *digest, const unsigned char *key, struct str text,
                              unsigned char *out)
{
    FUZZ_CHECK(
        HMAC(digest, key, EVP_MD_get_size(digest), (const unsigned char *)text.data, text.len, out, NULL));
}

/* RFC 5802 3: ClientKey is got back from the proof, and its hash must be StoredKey. */
static inline void scram_check_proof(struct scram_relay *scram, const unsigned char *salted, struct str proof)
{
    unsigned char client_key[EVP_MAX_MD_SIZE], stored_key[EVP_MAX_MD_SIZE], signature[EVP_MAX_MD_SIZE];
    unsigned char server_key[EVP_MAX_MD_SIZE], server_signature[EVP_MAX_MD_SIZE];
    size_t len = (size_t)EVP_MD_get_size(scram->digest);
    struct buf decoded;
    buf_init(&decoded, EVP_MAX_MD_SIZE);
    scram_hmac(scram->digest, salted, STR("Client Key"), client_key);
    FUZZ_CHECK(EVP_Digest(client_key, len, stored_key, NULL, scram->digest, NULL));
    scram_hmac(scram->digest, stored_key, buf_view(&scram->auth_message), signature);
    FUZZ_CHECK(base64_decode(&decoded, proof) && decoded.len == len);
    for (size_t i = 0; i < len; i++)
        FUZZ_CHECK((unsigned char)decoded.data[i] == (client_key[i] ^ signature[i]));
    buf_fini(&decoded);
    scram_hmac(scram->digest, salted, STR("Server Key"), server_key);
    scram_hmac(scram->digest, server_key, buf_view(&scram->auth_message), server_signature);
    base64_encode(&scram->verifier, (struct str){(const char *)server_signature, len});
}

/* client-final-message, which must never answer a server-first-message that is none. */
static inline void scram_hear_final(struct scram_relay *scram, struct str server_first, struct str response)
{
    unsigned char salted[EVP_MAX_MD_SIZE];
    struct buf salt;
    uint64_t iterations;
    buf_init(&salt, SCRAM_MAX_BYTES);
    struct str proof = scram_value(response, 'p');
    FUZZ_CHECK(str_to_uint(scram_value(server_first, 'i'), SCRAM_MAX_ITERATIONS, &iterations));
    FUZZ_CHECK(iterations >= SCRAM_MIN_ITERATIONS);
    FUZZ_CHECK(base64_decode(&salt, scram_value(server_first, 's')) && salt.len > 0);
    FUZZ_CHECK(str_equal(scram_value(response, 'r'), scram_value(server_first, 'r')));
    FUZZ_CHECK(proof.data && proof.data + proof.len == response.data + response.len);
    buf_append_char(&scram->auth_message, ',');
    buf_append(&scram->auth_message, server_first);
    buf_append_char(&scram->auth_message, ',');
    buf_append(&scram->auth_message, str_first(response, response.len - proof.len - STR(",p=").len));
    FUZZ_CHECK(PKCS5_PBKDF2_HMAC(scram->password.data, (int)scram->password.len, (unsigned char *)salt.data,
                                 (int)salt.len, (int)iterations, scram->digest,
                                 EVP_MD_get_size(scram->digest), salted));
    scram_check_proof(scram, salted, proof);
    buf_fini(&salt);
}

/* The client answered `challenge` with `response`. */
static inline void scram_relay_hear(struct scram_relay *scram, struct str challenge, struct str response)
{
    struct str rest = response;
    FUZZ_CHECK(scram->digest);
    switch (scram->heard++) {
    case 0: /* what is behind "n,," or "p=tls-exporter,," (RFC 5802 7) */
        str_cut(&rest, ',');
        str_cut(&rest, ',');
        buf_append(&scram->auth_message, rest);
        break;
    case 1: scram_hear_final(scram, challenge, response); break;
    case 2:
        scram->is_proved = str_equal(scram_value(challenge, 'v'), buf_view(&scram->verifier));
        FUZZ_CHECK(scram->is_proved && response.len == 0);
        break;
    default: FUZZ_CHECK(!"it goes on behind the end of the exchange");
    }
}

#endif
