/* A signature is over the hash of the body and over the header fields that it names, itself among them with
 * an empty b= (RFC 6376 3.7). It is written with b= last, so that what was written so far is what is signed,
 * and its value is appended behind. */
#include "mime/dkim.h"

#include "base/base64.h"
#include "mime/dkim_canonical.h"
#include "mime/dkim_fields.h"
#include "mime/header.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

enum { BODY_HASH_CHARS = (DKIM_DIGEST_BYTES + 2) / 3 * 4, MAX_FIELD_BYTES = 64 * 1024, VALUE_COLUMNS = 64 };

struct dkim_hash {
    EVP_MD_CTX *digest;
    struct dkim_body body;
    bool failed;
};

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

static bool end_hash(struct dkim_hash *hash, char base64[static BODY_HASH_CHARS])
{
    unsigned char digest[DKIM_DIGEST_BYTES];
    dkim_body_end(&hash->body);
    if (hash->failed || EVP_DigestFinal_ex(hash->digest, digest, NULL) != 1)
        return false;
    base64_write(base64, (struct str){(char *)digest, sizeof digest});
    return true;
}

/* What all signatures of a message have in common. */
struct signing {
    struct dkim_fields fields;
    struct str body_hash;
    int64_t at_s;
};

static void append_tag(struct header *header, const char *tag, struct str value)
{
    header_begin_token(header, str_of(tag).len + 1 + value.len + 1);
    buf_append_format(header->out, "%s=%.*s;", tag, STR_ARG(value));
}

static void append_tags(struct header *header, const struct signing *signing, const struct dkim_key *key)
{
    char at[24], algorithm[24];
    snprintf(at, sizeof at, "%lld", (long long)signing->at_s);
    snprintf(algorithm, sizeof algorithm, "%s-sha256", dkim_key_kind(key));
    append_tag(header, "v", STR("1"));
    append_tag(header, "a", str_of(algorithm));
    append_tag(header, "c", STR("relaxed/relaxed"));
    append_tag(header, "d", key->domain);
    append_tag(header, "s", key->selector);
    append_tag(header, "t", str_of(at));
    append_tag(header, "bh", signing->body_hash);
}

static void append_names(struct header *header, const struct dkim_fields *fields)
{
    const struct str tag = STR("h=");
    for (size_t i = 0; i < fields->count; i++) {
        header_begin_token(header, fields->names[i].len + 1 + (i ? 0 : tag.len));
        buf_append(header->out, i ? STR("") : tag);
        buf_append(header->out, fields->names[i]);
        buf_append_char(header->out, i + 1 < fields->count ? ':' : ';');
    }
}

/* The field without its CRLF counts as it stands, b= and nothing behind it. */
static size_t sign_input(const struct signing *signing, const struct dkim_key *key, struct str field,
                         unsigned char signature[static DKIM_MAX_SIGNATURE_BYTES])
{
    unsigned char digest[DKIM_DIGEST_BYTES];
    struct str text = buf_view(&signing->fields.text);
    struct buf own;
    buf_init(&own, MAX_FIELD_BYTES);
    dkim_canonical_field(&own, field);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool made = context && !own.failed && EVP_DigestInit_ex(context, EVP_sha256(), NULL) == 1 &&
                EVP_DigestUpdate(context, text.data, text.len) == 1 &&
                EVP_DigestUpdate(context, own.data, own.len) == 1 &&
                EVP_DigestFinal_ex(context, digest, NULL) == 1;
    EVP_MD_CTX_free(context);
    buf_wipe(&own);
    return made ? dkim_key_sign(key, digest, signature) : 0;
}

/* In lines: white space within b= does not count (RFC 6376 3.5). */
static bool append_signature(struct header *header, const struct signing *signing, const struct dkim_key *key)
{
    unsigned char signature[DKIM_MAX_SIGNATURE_BYTES];
    char base64[(DKIM_MAX_SIGNATURE_BYTES + 2) / 3 * 4];
    size_t len = sign_input(signing, key, buf_view(header->out), signature);
    struct str rest = {base64, base64_write(base64, (struct str){(char *)signature, len})};
    for (; rest.len; rest = str_from(rest, VALUE_COLUMNS))
        header_append_token(header, str_first(rest, VALUE_COLUMNS));
    return len;
}

static bool sign_with(const struct signing *signing, const struct dkim_key *key, struct buf *out)
{
    struct header header;
    struct buf field;
    buf_init(&field, MAX_FIELD_BYTES);
    header_begin(&header, &field, STR("DKIM-Signature"));
    append_tags(&header, signing, key);
    append_names(&header, &signing->fields);
    header_append_token(&header, STR("b="));
    bool made = append_signature(&header, signing, key);
    header_end(&header);
    buf_append(out, buf_view(&field));
    made = made && !field.failed && !out->failed;
    buf_wipe(&field);
    return made;
}

bool dkim_sign(const struct dkim_ring *ring, struct str domain, struct str header, struct dkim_hash *hash,
               int64_t at_s, struct buf *fields)
{
    char body_hash[BODY_HASH_CHARS];
    if (!end_hash(hash, body_hash))
        return false;
    struct signing signing = {.body_hash = {body_hash, sizeof body_hash}, .at_s = at_s};
    dkim_fields_choose(&signing.fields, header, ring->more_fields);
    bool made = !signing.fields.text.failed;
    for (size_t i = 0; made && i < ring->count; i++)
        if (str_equal_nocase(ring->keys[i].domain, domain))
            made = sign_with(&signing, &ring->keys[i], fields);
    dkim_fields_fini(&signing.fields);
    return made;
}
