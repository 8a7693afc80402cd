#include "base/base64.h"
#include "mime/dkim_record.h"
#include "rsa_keys.h"
#include "test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

enum kind { RSA_KEY, ANOTHER_RSA_KEY, ED25519_KEY };

static struct dkim_key new_key(enum kind kind)
{
    EVP_PKEY *pkey = kind == ED25519_KEY ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : rsa_test_key(kind);
    return (struct dkim_key){STR("a.example"), STR("s"), pkey};
}

/* What p= holds, as dkim_key_record publishes it, or as RFC 6376 has it to the letter: a bare RSAPublicKey. */
static void append_value(struct buf *out, const struct dkim_key *key, bool is_bare)
{
    unsigned char *der = NULL;
    if (is_bare) {
        int len = i2d_PublicKey(key->pkey, &der);
        base64_encode(out, (struct str){(char *)der, (size_t)len});
        OPENSSL_free(der);
        return;
    }
    struct buf record;
    buf_init(&record, 4096);
    dkim_key_record(key, &record);
    const char *value = memmem(record.data, record.len, "p=", 2);
    buf_append(out, str_from(buf_view(&record), (size_t)(value - record.data) + 2));
    buf_fini(&record);
}

/* "$" stands for the key, "%" for the bare key, "#" for another's. */
static void records_are_judged_as_verifiers_do(void)
{
    static const struct {
        const char *record;
        enum dkim_record_state want;
    } rows[] = {
        {"v=DKIM1; k=rsa; p=$", DKIM_RECORD_FITS},
        {"v=DKIM1; p=$", DKIM_RECORD_FITS},
        {"p=$", DKIM_RECORD_FITS},
        {"p=$;", DKIM_RECORD_FITS},
        {"p=$ ; ", DKIM_RECORD_FITS},
        {"k=rsa; p=$; n=a note, with = and such; x1_y=z", DKIM_RECORD_FITS},
        {" v = DKIM1 ;\tp = $\r\n ", DKIM_RECORD_FITS},
        {"v=DKIM1; p=%", DKIM_RECORD_FITS},
        {"v=DKIM1; h=sha1 : sha256; s=email; t=s; p=$", DKIM_RECORD_FITS},
        {"v=DKIM1; s=other:*; p=$", DKIM_RECORD_FITS},
        {"v=DKIM1; g=*; p=$", DKIM_RECORD_FITS},
        {"v=DKIM1; t=; p=$", DKIM_RECORD_FITS},
        {"v=DKIM1; t=y; p=$", DKIM_RECORD_IN_TEST},
        {"v=DKIM1; t=s : y; p=$", DKIM_RECORD_IN_TEST},
        {"", DKIM_RECORD_MALFORMED},
        {";", DKIM_RECORD_MALFORMED},
        {"hello", DKIM_RECORD_MALFORMED},
        {"v=DKIM1; k=rsa", DKIM_RECORD_MALFORMED},
        {"v=spf1 -all", DKIM_RECORD_MALFORMED},
        {"v=DKIM1; p=$; p=$", DKIM_RECORD_MALFORMED},
        {"v=DKIM1;; p=$", DKIM_RECORD_MALFORMED},
        {"v=DKIM1; 1=2; p=$", DKIM_RECORD_MALFORMED},
        {"v=DKIM1; =2; p=$", DKIM_RECORD_MALFORMED},
        {"v=DKIM1; a!=2; p=$", DKIM_RECORD_MALFORMED},
        {"V=DKIM1; P=$", DKIM_RECORD_MALFORMED},
        {"\"v=DKIM1; p=$\"", DKIM_RECORD_MALFORMED},
        {"v=DKIM2; p=$", DKIM_RECORD_OTHER_VERSION},
        {"v=dkim1; p=$", DKIM_RECORD_OTHER_VERSION},
        {"p=$; v=DKIM1", DKIM_RECORD_OTHER_VERSION},
        {"v=DKIM1; k=ed25519; p=$", DKIM_RECORD_OTHER_KIND},
        {"v=DKIM1; k=; p=$", DKIM_RECORD_OTHER_KIND},
        {"v=DKIM1; h=sha1; p=$", DKIM_RECORD_NO_SHA256},
        {"v=DKIM1; h=; p=$", DKIM_RECORD_NO_SHA256},
        {"v=DKIM1; s=tlsrpt; p=$", DKIM_RECORD_NOT_FOR_MAIL},
        {"v=DKIM1; p=", DKIM_RECORD_REVOKED},
        {"v=DKIM1; k=rsa; p= ;", DKIM_RECORD_REVOKED},
        {"v=DKIM1; p=#", DKIM_RECORD_OTHER_KEY},
        {"v=DKIM1; p=$A", DKIM_RECORD_OTHER_KEY},
        {"v=DKIM1; p=AAAA", DKIM_RECORD_OTHER_KEY},
        {"v=DKIM1; p=!", DKIM_RECORD_OTHER_KEY},
    };
    struct dkim_key key = new_key(RSA_KEY), other = new_key(ANOTHER_RSA_KEY);
    struct buf record;
    buf_init(&record, 8192);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].record);
        buf_clear(&record);
        for (const char *c = rows[i].record; *c; c++)
            if (strchr("$%#", *c))
                append_value(&record, *c == '#' ? &other : &key, *c == '%');
            else
                buf_append_char(&record, *c);
        CHECK_INT(dkim_record_compare(&key, buf_view(&record)), rows[i].want);
    }
    EVP_PKEY_free(key.pkey);
    EVP_PKEY_free(other.pkey);
    buf_fini(&record);
}

static void what_is_published_fits_its_key_and_no_other(void)
{
    struct dkim_key keys[] = {new_key(RSA_KEY), new_key(ED25519_KEY), new_key(ED25519_KEY)};
    static const enum dkim_record_state others[3][3] = {
        {DKIM_RECORD_FITS, DKIM_RECORD_OTHER_KIND, DKIM_RECORD_OTHER_KIND},
        {DKIM_RECORD_OTHER_KIND, DKIM_RECORD_FITS, DKIM_RECORD_OTHER_KEY},
        {DKIM_RECORD_OTHER_KIND, DKIM_RECORD_OTHER_KEY, DKIM_RECORD_FITS},
    };
    struct buf record;
    buf_init(&record, 4096);
    for (size_t i = 0; i < 9; i++) {
        test_row("key %zu, record %zu", i / 3, i % 3);
        buf_clear(&record);
        CHECK(dkim_key_record(&keys[i % 3], &record));
        CHECK_INT(dkim_record_compare(&keys[i / 3], buf_view(&record)), others[i / 3][i % 3]);
    }
    for (size_t i = 0; i < 3; i++)
        EVP_PKEY_free(keys[i].pkey);
    buf_fini(&record);
}

static void a_key_has_a_bound(void)
{
    struct dkim_key key = new_key(RSA_KEY);
    struct buf record;
    buf_init(&record, 16384);
    buf_append(&record, STR("v=DKIM1; p="));
    while (record.len < 8000)
        buf_append(&record, STR("AAAA"));
    CHECK_INT(dkim_record_compare(&key, buf_view(&record)), DKIM_RECORD_OTHER_KEY);
    EVP_PKEY_free(key.pkey);
    buf_fini(&record);
}

/* No octet of a right record may be missing or another without it being noticed, or doing no harm. */
static void a_record_may_be_cut_anywhere(void)
{
    struct dkim_key key = new_key(ED25519_KEY);
    struct buf record;
    buf_init(&record, 4096);
    CHECK(dkim_key_record(&key, &record));
    for (size_t len = 0; len < record.len; len++) {
        test_row("%zu octets", len);
        CHECK(dkim_record_compare(&key, str_first(buf_view(&record), len)) != DKIM_RECORD_FITS);
    }
    EVP_PKEY_free(key.pkey);
    buf_fini(&record);
}

int main(void)
{
    TEST(records_are_judged_as_verifiers_do);
    TEST(what_is_published_fits_its_key_and_no_other);
    TEST(a_key_has_a_bound);
    TEST(a_record_may_be_cut_anywhere);
    return test_result();
}
