/* A signature is over the hash of the body and over the header fields that it names, itself among them with
 * an empty b= (RFC 6376 3.7). It is written with b= last, so that what was written so far is what is signed,
 * and its value is appended behind. */
#include "mime/dkim.h"

#include "base/base64.h"
#include "mime/dkim_canonical.h"
#include "mime/header.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>

enum { MIN_RSA_BITS = 2048, MAX_RSA_BITS = 8192, DIGEST_BYTES = 32, MAX_SIGNATURE_BYTES = MAX_RSA_BITS / 8 };
enum { MAX_FIELD_BYTES = 64 * 1024, MAX_INPUT_BYTES = 16 * 1024 * 1024, VALUE_COLUMNS = 64 };

struct dkim_hash {
    EVP_MD_CTX *digest;
    struct dkim_body body;
    bool failed;
};

/* What is signed where it is there; with `is_single`, once more than it is there: nothing can be added. */
struct signed_field {
    const char *name;
    bool is_single;
};

static const struct signed_field usual_fields[] = {
    {"From", true},
    {"Sender", false},
    {"Reply-To", true},
    {"To", true},
    {"Cc", true},
    {"Subject", true},
    {"Date", true},
    {"Message-ID", true},
    {"In-Reply-To", true},
    {"References", true},
    {"MIME-Version", true},
    {"Content-Type", true},
    {"Content-ID", false},
    {"Content-Transfer-Encoding", true},
    {"Auto-Submitted", false},
    {"List-Unsubscribe", true},
    {"List-Unsubscribe-Post", true},
};

/* --- keys */

static bool is_usable(const EVP_PKEY *pkey)
{
    int bits = EVP_PKEY_get_bits(pkey);
    if (EVP_PKEY_is_a(pkey, "ED25519"))
        return true;
    return EVP_PKEY_is_a(pkey, "RSA") && bits >= MIN_RSA_BITS && bits <= MAX_RSA_BITS;
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

bool dkim_ring_add(struct dkim_ring *ring, struct str domain, struct str selector, struct str pem,
                   struct fault *fault)
{
    if (ring->count == DKIM_MAX_KEYS)
        return fault_set(fault, FAULT_INVALID_REQUEST, "there are more than %d DKIM keys", DKIM_MAX_KEYS);
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

/* RFC 8463 4: the bare 32 octets; RFC 6376 3.6.1: a SubjectPublicKeyInfo. */
static bool append_public_key(const EVP_PKEY *pkey, struct buf *record)
{
    unsigned char raw[DIGEST_BYTES], *der = NULL;
    size_t raw_len = sizeof raw;
    if (EVP_PKEY_is_a(pkey, "ED25519")) {
        if (EVP_PKEY_get_raw_public_key(pkey, raw, &raw_len) != 1)
            return false;
        base64_encode(record, (struct str){(char *)raw, raw_len});
        return true;
    }
    int der_len = i2d_PUBKEY(pkey, &der);
    if (der_len > 0)
        base64_encode(record, (struct str){(char *)der, (size_t)der_len});
    OPENSSL_free(der);
    return der_len > 0;
}

bool dkim_key_record(const struct dkim_key *key, struct buf *record)
{
    buf_append_format(record, "v=DKIM1; k=%s; p=", EVP_PKEY_is_a(key->pkey, "ED25519") ? "ed25519" : "rsa");
    return append_public_key(key->pkey, record) && !record->failed;
}

/* --- the body */

static void digest_take(void *context, struct str bytes)
{
    struct dkim_hash *hash = context;
    hash->failed = hash->failed || EVP_DigestUpdate(hash->digest, bytes.data, bytes.len) != 1;
}

struct dkim_hash *dkim_hash_new(void)
{
    struct dkim_hash *hash = calloc(1, sizeof *hash);
    if (!hash)
        return NULL;
    hash->body.sink = (struct dkim_sink){hash, digest_take};
    hash->digest = EVP_MD_CTX_new();
    if (!hash->digest || EVP_DigestInit_ex(hash->digest, EVP_sha256(), NULL) != 1)
        dkim_hash_free(&hash);
    return hash;
}

void dkim_hash_feed(struct dkim_hash *hash, struct str body_piece)
{
    dkim_body_feed(&hash->body, body_piece);
}

void dkim_hash_free(struct dkim_hash **hash)
{
    if (*hash)
        EVP_MD_CTX_free((*hash)->digest);
    free(*hash);
    *hash = NULL;
}

static bool end_hash(struct dkim_hash *hash, unsigned char digest[static DIGEST_BYTES])
{
    unsigned len = 0;
    dkim_body_end(&hash->body);
    return !hash->failed && EVP_DigestFinal_ex(hash->digest, digest, &len) == 1 && len == DIGEST_BYTES;
}

/* --- the header */

/* The next field of a header, without its last CRLF; absent at the end. */
static struct str next_field(struct str *rest)
{
    if (!rest->len)
        return (struct str){0};
    size_t end = 0;
    do {
        end += str_index(str_from(*rest, end), '\n');
        end += end < rest->len;
    } while (end < rest->len && (rest->data[end] == ' ' || rest->data[end] == '\t'));
    struct str field = str_first(*rest, end);
    *rest = str_from(*rest, end);
    while (field.len && (field.data[field.len - 1] == '\n' || field.data[field.len - 1] == '\r'))
        field.len--;
    return field;
}

static bool has_name(struct str field, struct str name)
{
    return str_equal_nocase(str_trim(str_first(field, str_index(field, ':'))), name);
}

static size_t count_fields(struct str header, struct str name)
{
    size_t count = 0;
    for (struct str field; (field = next_field(&header)).data;)
        count += has_name(field, name);
    return count;
}

/* RFC 6376 5.4.2: the field that is signed as the `turn`th of its name is counted from the bottom. */
static void append_instance(struct buf *input, struct str header, struct str name, size_t turn)
{
    size_t count = count_fields(header, name);
    if (turn >= count)
        return;
    size_t wanted = count - 1 - turn, seen = 0;
    for (struct str field; (field = next_field(&header)).data;)
        if (has_name(field, name) && seen++ == wanted) {
            dkim_canonical_field(input, field);
            buf_append(input, STR("\r\n"));
        }
}

/* Where the names of h= go, and the fields that they stand for. */
struct selection {
    struct header *names;
    struct buf *input;
    struct str header;
    bool begun;
};

static void select_name(struct selection *selection, struct str name)
{
    if (selection->begun)
        header_append_close(selection->names, ':');
    header_begin_token(selection->names, name.len + (selection->begun ? 0 : 2));
    buf_append_format(selection->names->out, "%s%.*s", selection->begun ? "" : "h=", STR_ARG(name));
    selection->begun = true;
}

static void select_field(struct selection *selection, struct str name, bool is_single)
{
    size_t count = count_fields(selection->header, name);
    for (size_t turn = 0; turn < count + is_single; turn++) {
        select_name(selection, name);
        append_instance(selection->input, selection->header, name, turn);
    }
}

static void select_fields(struct selection *selection, struct str more_fields)
{
    for (size_t i = 0; i < sizeof usual_fields / sizeof usual_fields[0]; i++)
        select_field(selection, str_of(usual_fields[i].name), usual_fields[i].is_single);
    while (more_fields.data) {
        struct str name = str_cut(&more_fields, ' ');
        if (name.len)
            select_field(selection, name, false);
    }
}

/* --- the signature */

static void append_tag(struct header *header, const char *tag, struct str value)
{
    header_begin_token(header, str_of(tag).len + 1 + value.len + 1);
    buf_append_format(header->out, "%s=%.*s;", tag, STR_ARG(value));
}

/* RFC 8463 3: Ed25519 signs the SHA-256 of the input, RSA the input by way of it. */
static bool sign_input(EVP_PKEY *pkey, struct str input, unsigned char *signature, size_t *len)
{
    unsigned char digest[DIGEST_BYTES];
    bool is_rsa = EVP_PKEY_is_a(pkey, "RSA");
    struct str what = input;
    if (!is_rsa) {
        if (EVP_Digest(input.data, input.len, digest, NULL, EVP_sha256(), NULL) != 1)
            return false;
        what = (struct str){(char *)digest, sizeof digest};
    }
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = context && EVP_DigestSignInit(context, NULL, is_rsa ? EVP_sha256() : NULL, NULL, pkey) == 1 &&
                EVP_DigestSign(context, signature, len, (const unsigned char *)what.data, what.len) == 1;
    EVP_MD_CTX_free(context);
    return made;
}

/* In lines: white space within b= does not count (RFC 6376 3.5). */
static bool append_signature(struct header *header, const struct dkim_key *key, struct str input)
{
    unsigned char signature[MAX_SIGNATURE_BYTES];
    size_t len = sizeof signature;
    struct buf base64;
    buf_init(&base64, 2 * MAX_SIGNATURE_BYTES);
    bool made = sign_input(key->pkey, input, signature, &len);
    if (made)
        base64_encode(&base64, (struct str){(char *)signature, len});
    for (struct str rest = buf_view(&base64); rest.len; rest = str_from(rest, VALUE_COLUMNS))
        header_append_token(header, str_first(rest, VALUE_COLUMNS));
    made = made && !base64.failed;
    buf_fini(&base64);
    return made;
}

static void append_tags(struct header *header, const struct dkim_key *key, struct str body_hash, int64_t at_s)
{
    char at[24];
    snprintf(at, sizeof at, "%lld", (long long)at_s);
    append_tag(header, "v", STR("1"));
    append_tag(header, "a", EVP_PKEY_is_a(key->pkey, "RSA") ? STR("rsa-sha256") : STR("ed25519-sha256"));
    append_tag(header, "c", STR("relaxed/relaxed"));
    append_tag(header, "d", key->domain);
    append_tag(header, "s", key->selector);
    append_tag(header, "t", str_of(at));
    append_tag(header, "bh", body_hash);
}

static bool sign_with(const struct dkim_ring *ring, const struct dkim_key *key, struct str fields,
                      struct str body_hash, int64_t at_s, struct buf *out)
{
    struct buf input, own;
    buf_init(&input, MAX_INPUT_BYTES);
    buf_init(&own, MAX_FIELD_BYTES);
    struct header header;
    header_begin(&header, &own, STR("DKIM-Signature"));
    append_tags(&header, key, body_hash, at_s);
    struct selection selection = {&header, &input, fields, false};
    select_fields(&selection, ring->more_fields);
    header_append_close(&header, ';');
    header_append_token(&header, STR("b="));
    dkim_canonical_field(&input, buf_view(&own));
    bool made = !input.failed && append_signature(&header, key, buf_view(&input));
    header_end(&header);
    buf_append(out, buf_view(&own));
    made = made && !own.failed && !out->failed;
    buf_fini(&input);
    buf_fini(&own);
    return made;
}

bool dkim_sign(const struct dkim_ring *ring, struct str domain, struct str header, struct dkim_hash *hash,
               int64_t at_s, struct buf *fields)
{
    unsigned char digest[DIGEST_BYTES];
    char base64[(DIGEST_BYTES + 2) / 3 * 4];
    if (!end_hash(hash, digest))
        return false;
    struct str body_hash = {base64, base64_write(base64, (struct str){(char *)digest, sizeof digest})};
    for (size_t i = 0; i < ring->count; i++)
        if (str_equal_nocase(ring->keys[i].domain, domain) &&
            !sign_with(ring, &ring->keys[i], header, body_hash, at_s, fields))
            return false;
    return true;
}
