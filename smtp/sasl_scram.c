/* A relay that only pretends to be the right one may ask for anything here. Few iterations would make the
 * proof that we send cheap to guess passwords from, so there is a floor; many would keep a processor busy, so
 * there is a ceiling, and a deadline below it, for what a million iterations take depends on the machine.
 * Everything else that is not as the grammar has it ends the exchange before the password is touched. */
#include "smtp/sasl_scram.h"

#include "base/base64.h"
#include "base/random.h"
#include "smtp/sasl.h"
#include "smtp/sasl_prep.h"

#include <openssl/crypto.h>
#include <string.h>

enum {
    MIN_ITERATIONS = 4096, /* RFC 5802 5.1, RFC 7677 4 */
    MAX_ITERATIONS = 1000000,
    MAX_SALT_BYTES = 256,
    MAX_NONCE_BYTES = 1024,
    MAX_AUTH_MESSAGE_BYTES = 16384
};

struct server_first {
    struct str nonce;
    char salt[MAX_SALT_BYTES];
    size_t salt_len;
    bool lacks_memory; /* for the salt */
    uint64_t iterations;
};

/* All of it is made of the password (RFC 5802 3). */
struct keys {
    struct smtp_digest salted_password, client_key, stored_key, server_key, signature;
};

void smtp_scram_start(struct smtp_scram *scram, const struct smtp_relay *relay)
{
    *scram = (struct smtp_scram){0};
    buf_init(&scram->auth_message, MAX_AUTH_MESSAGE_BYTES);
    (relay->make_nonce ? relay->make_nonce : random_text)(scram->nonce, SMTP_SCRAM_NONCE_BYTES);
}

void smtp_scram_fini(struct smtp_scram *scram)
{
    buf_wipe(&scram->auth_message);
    explicit_bzero(scram, sizeof *scram);
}

static bool has_prepared_form(struct str text)
{
    struct buf prepared;
    buf_init(&prepared, SMTP_SASL_MAX_RESPONSE_BYTES);
    bool has_form = smtp_sasl_prep(text, &prepared);
    buf_wipe(&prepared);
    return has_form;
}

bool smtp_scram_suits(const struct smtp_relay *relay)
{
    return has_prepared_form(relay->username) && has_prepared_form(relay->password);
}

/* RFC 5802 6: "y" tells the relay that we would have bound to the channel, had it offered that. If it did,
 * and somebody on the way took the offer out, it fails the login. */
static void append_gs2_header(const struct smtp_sasl *sasl, struct buf *out)
{
    const struct smtp_sasl_terms *terms = &sasl->terms;
    if (sasl->mechanism->binds_channel)
        buf_append_format(out, "p=%s,,", terms->binding->type);
    else
        buf_append(out, terms->binding->type && !terms->offers_binding ? STR("y,,") : STR("n,,"));
}

/* client-first-message (RFC 5802 7). */
static enum smtp_status say_first(struct smtp_sasl *sasl, struct buf *response)
{
    struct smtp_scram *scram = &sasl->scram;
    struct buf username;
    buf_init(&username, SMTP_SASL_MAX_RESPONSE_BYTES);
    bool is_prepared = smtp_sasl_prep(sasl->relay->username, &username);
    buf_append(&scram->auth_message, STR("n="));
    smtp_sasl_append_name(&scram->auth_message, buf_view(&username));
    buf_append_format(&scram->auth_message, ",r=%s", scram->nonce);
    bool out_of_memory = username.failed || scram->auth_message.failed;
    buf_fini(&username);
    if (out_of_memory)
        return SMTP_STATUS_NO_MEMORY;
    append_gs2_header(sasl, response);
    buf_append(response, buf_view(&scram->auth_message));
    sasl->public_bytes = response->len;
    return is_prepared ? SMTP_STATUS_OK : smtp_sasl_refuse(sasl, "the user name has no SASLprep form");
}

/* Cuts "name=value" off the front; false where something else stands there. */
static bool take_attribute(struct str *rest, char name, struct str *value)
{
    struct str attribute = rest->data ? str_cut(rest, ',') : STR("");
    if (attribute.len <= 2 || attribute.data[0] != name || attribute.data[1] != '=')
        return false;
    *value = str_from(attribute, 2);
    return true;
}

/* Extensions that need not be known may follow (RFC 5802 7); what has a meaning of its own may not, nor NUL. */
static bool are_extensions(struct str rest)
{
    const struct str taken = STR("aceimnprsv");
    while (rest.data) {
        struct str attribute = str_cut(&rest, ',');
        if (attribute.len <= 2 || attribute.data[1] != '=' || !char_is_alpha(attribute.data[0]) ||
            str_index(taken, attribute.data[0]) < taken.len || str_index(attribute, '\0') < attribute.len)
            return false;
    }
    return true;
}

static bool is_nonce(struct str nonce)
{
    return nonce.len <= MAX_NONCE_BYTES && str_is_visible(nonce);
}

static bool decode_salt(struct str text, struct server_first *first)
{
    struct buf salt;
    buf_init(&salt, text.len);
    bool decoded = base64_decode(&salt, text) && salt.len <= MAX_SALT_BYTES;
    first->lacks_memory = salt.failed;
    if (decoded)
        memcpy(first->salt, buf_view(&salt).data, salt.len);
    first->salt_len = salt.len;
    buf_fini(&salt);
    return decoded;
}

/* server-first-message (RFC 5802 7): what is wrong with it, or NULL. */
static const char *read_first(const struct smtp_scram *scram, struct str message, struct server_first *first)
{
    struct str rest = message, salt, iterations;
    struct str ours = str_of(scram->nonce);
    if (str_starts_with(message, STR("m=")))
        return "it wants an extension of SCRAM that is not known (m=)";
    if (!take_attribute(&rest, 'r', &first->nonce) || !is_nonce(first->nonce))
        return "its first message has no valid nonce";
    if (!str_starts_with(first->nonce, ours) || first->nonce.len == ours.len)
        return "its nonce does not continue ours";
    if (!take_attribute(&rest, 's', &salt) || !decode_salt(salt, first))
        return "its first message has no valid salt";
    if (!take_attribute(&rest, 'i', &iterations) || iterations.data[0] == '0' ||
        !str_to_uint(iterations, UINT64_MAX, &first->iterations))
        return "its first message has no valid iteration count";
    if (first->iterations < MIN_ITERATIONS)
        return "it asks for fewer than 4,096 iterations (RFC 7677 4), which would give the password away";
    if (first->iterations > MAX_ITERATIONS)
        return "it asks for more than 1,000,000 iterations";
    return are_extensions(rest) ? NULL : "its first message holds what does not belong there";
}

static enum smtp_status salt_password(const struct smtp_sasl *sasl, const struct server_first *first,
                                      struct smtp_digest *salted)
{
    struct buf password;
    struct str salt = {first->salt, first->salt_len};
    buf_init(&password, SMTP_SASL_MAX_RESPONSE_BYTES);
    enum smtp_status status = SMTP_STATUS_NO_MEMORY;
    if (smtp_sasl_prep(sasl->relay->password, &password) && !password.failed)
        status = smtp_hash_salt(sasl->mechanism->digest, buf_view(&password), salt, first->iterations,
                                sasl->terms.deadline, salted);
    buf_wipe(&password);
    return status;
}

/* RFC 5802 3: ClientProof into `proof`, and what the relay's signature must be. */
static bool sign(struct smtp_sasl *sasl, struct keys *keys, struct smtp_digest *proof)
{
    const char *digest = sasl->mechanism->digest;
    struct str salted = smtp_digest_view(&keys->salted_password);
    struct str auth_message = buf_view(&sasl->scram.auth_message);
    if (!smtp_hmac(digest, salted, STR("Client Key"), &keys->client_key) ||
        !smtp_hash(digest, smtp_digest_view(&keys->client_key), &keys->stored_key) ||
        !smtp_hmac(digest, smtp_digest_view(&keys->stored_key), auth_message, &keys->signature) ||
        !smtp_hmac(digest, salted, STR("Server Key"), &keys->server_key) ||
        !smtp_hmac(digest, smtp_digest_view(&keys->server_key), auth_message, &sasl->scram.server_signature))
        return false;
    *proof = keys->client_key;
    for (size_t i = 0; i < proof->len; i++)
        proof->bytes[i] = (char)(proof->bytes[i] ^ keys->signature.bytes[i]);
    return true;
}

static enum smtp_status append_proof(struct smtp_sasl *sasl, const struct server_first *first,
                                     struct buf *response)
{
    struct keys keys = {0};
    struct smtp_digest proof = {0};
    enum smtp_status status = salt_password(sasl, first, &keys.salted_password);
    if (status == SMTP_STATUS_OK && !sign(sasl, &keys, &proof))
        status = SMTP_STATUS_NO_MEMORY;
    buf_append(response, STR(",p="));
    sasl->public_bytes = response->len;
    base64_encode(response, smtp_digest_view(&proof));
    explicit_bzero(&keys, sizeof keys);
    explicit_bzero(&proof, sizeof proof);
    return status;
}

/* client-final-message (RFC 5802 7). */
static enum smtp_status say_final(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    struct smtp_scram *scram = &sasl->scram;
    struct server_first first = {0};
    const char *problem = read_first(scram, challenge, &first);
    if (first.lacks_memory)
        return SMTP_STATUS_NO_MEMORY;
    if (problem)
        return smtp_sasl_refuse(sasl, problem);
    struct buf channel; /* cbind-input */
    buf_init(&channel, SMTP_SASL_MAX_RESPONSE_BYTES);
    append_gs2_header(sasl, &channel);
    if (sasl->mechanism->binds_channel)
        buf_append(&channel, (struct str){sasl->terms.binding->data, sasl->terms.binding->len});
    buf_append(response, STR("c="));
    base64_encode(response, buf_view(&channel));
    buf_append_format(response, ",r=%.*s", STR_ARG(first.nonce));
    bool out_of_memory = channel.failed || response->failed;
    buf_fini(&channel);
    buf_append_char(&scram->auth_message, ',');
    buf_append(&scram->auth_message, challenge);
    buf_append_char(&scram->auth_message, ',');
    buf_append(&scram->auth_message, buf_view(response));
    if (out_of_memory || scram->auth_message.failed)
        return SMTP_STATUS_NO_MEMORY;
    return append_proof(sasl, &first, response);
}

/* RFC 5802 7: server-error-value. What is none of them is not shown. */
static const char *describe_error(struct str error)
{
    static const struct {
        struct str error;
        const char *problem;
    } rows[] = {
#define ROW(error) {STR(error), "it refuses the proof: " error}
        ROW("invalid-encoding"),
        ROW("extensions-not-supported"),
        ROW("invalid-proof"),
        ROW("channel-bindings-dont-match"),
        ROW("server-does-support-channel-binding"),
        ROW("channel-binding-not-supported"),
        ROW("unsupported-channel-binding-type"),
        ROW("unknown-user"),
        ROW("invalid-username-encoding"),
        ROW("no-resources"),
#undef ROW
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        if (str_equal(error, rows[i].error))
            return rows[i].problem;
    return "it refuses the proof";
}

/* server-final-message (RFC 5802 7), which SMTP carries in a 334 that wants an empty answer (RFC 4954 4). */
static enum smtp_status hear_final(struct smtp_sasl *sasl, struct str challenge)
{
    struct smtp_scram *scram = &sasl->scram;
    struct str rest = challenge, verifier, error;
    if (take_attribute(&rest, 'e', &error))
        return smtp_sasl_refuse(sasl, describe_error(error));
    rest = challenge;
    struct buf signature;
    buf_init(&signature, challenge.len);
    bool is_read =
        take_attribute(&rest, 'v', &verifier) && base64_decode(&signature, verifier) && are_extensions(rest);
    scram->is_verified = is_read && signature.len == scram->server_signature.len &&
                         CRYPTO_memcmp(signature.data, scram->server_signature.bytes, signature.len) == 0;
    bool out_of_memory = signature.failed;
    buf_fini(&signature);
    if (out_of_memory)
        return SMTP_STATUS_NO_MEMORY;
    return scram->is_verified ? SMTP_STATUS_OK
                              : smtp_sasl_refuse(sasl, "it could not prove that it knows the password");
}

enum smtp_status smtp_scram_respond(struct smtp_sasl *sasl, struct str challenge, struct buf *response)
{
    switch (sasl->rounds) {
    case 1: return say_first(sasl, response);
    case 2: return say_final(sasl, challenge, response);
    case 3: return hear_final(sasl, challenge);
    default: return smtp_sasl_refuse(sasl, "it goes on behind the end of the exchange");
    }
}
