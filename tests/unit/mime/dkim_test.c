#include "base/base64.h"
#include "mime/dkim.h"
#include "mime/dkim_canonical.h"
#include "rsa_keys.h"
#include "test.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

/* RFC 8463 appendix A.2: the Ed25519 key, and the public half of the RSA key. */
static const char ed25519_seed[] = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A=";
static const char rsa_public[] =
    "MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx"
    "/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTI"
    "KT+l/K4w3QIDAQAB";

/* RFC 8463 appendix A.3. */
static const char joe_header[] = "From: Joe SixPack <joe@football.example.com>\r\n"
                                 "To: Suzie Q <suzie@shopping.example.net>\r\n"
                                 "Subject: Is dinner ready?\r\n"
                                 "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                                 "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
static const char joe_body[] = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";
static const char joe_body_hash[] = "2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=";

static const struct vector {
    const char *name, *field, *signature;
} vectors[] = {
    {"ed25519",
     "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
     " d=football.example.com; i=@football.example.com;\r\n"
     " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
     " subject : date : message-id : from : subject : date;\r\n"
     " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
     " b=",
     "/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11BusFa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw=="},
    {"rsa",
     "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
     " d=football.example.com; i=@football.example.com;\r\n"
     " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
     " date : message-id : from : subject : date;\r\n"
     " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
     " b=",
     "F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGd"
     "aSGsgeefOsk2JzdA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8="},
};

static void take(void *context, struct str bytes)
{
    buf_append(context, bytes);
}

/* The body in pieces of `step` octets. */
static struct str canonical_body(struct buf *out, struct str body, size_t step)
{
    struct dkim_body state = {.sink = {out, take}};
    buf_clear(out);
    for (; body.len; body = str_from(body, step))
        dkim_body_feed(&state, str_first(body, step));
    dkim_body_end(&state);
    return buf_view(out);
}

static void the_body_is_relaxed(void)
{
    static const struct {
        const char *name, *body, *want;
    } rows[] = {
        {"RFC 6376 3.4.5", " C \r\nD \t E\r\n\r\n\r\n", " C\r\nD E\r\n"},
        {"empty", "", ""},
        {"one empty line", "\r\n", ""},
        {"empty lines alone", "\r\n\r\n\r\n", ""},
        {"white space alone", "  \t\r\n \r\n", ""},
        {"no line end", "Joe", "Joe\r\n"},
        {"white space without line end", "Joe  ", "Joe\r\n"},
        {"empty lines within", "a\r\n\r\n \r\nb\r\n", "a\r\n\r\n\r\nb\r\n"},
        {"white space begins a line", "\t\ta\r\n", " a\r\n"},
        {"a CR that ends nothing", "a\rb\r", "a\rb\r\r\n"},
        {"two CRs", "a\r\r\nb\r\n", "a\r\r\nb\r\n"},
        {"an LF alone", "a\nb\r\n", "a\nb\r\n"},
    };
    struct buf out;
    buf_init(&out, 1024);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t step = 1; step < 8; step++) {
            test_row("%s, cut by %zu", rows[i].name, step);
            CHECK_TEXT(canonical_body(&out, str_of(rows[i].body), step), rows[i].want);
        }
    buf_fini(&out);
}

static void a_field_is_relaxed(void)
{
    static const struct {
        const char *field, *want;
    } rows[] = {
        {"A: X", "a:X"},
        {"B : Y\t\r\n\tZ  ", "b:Y Z"},
        {"Subject:", "subject:"},
        {"SUBJect: \t AbC\t ", "subject:AbC"},
        {"Subject:a:b", "subject:a:b"},
        {"X:\r\n folded", "x:folded"},
    };
    struct buf out;
    buf_init(&out, 1024);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].field);
        buf_clear(&out);
        dkim_canonical_field(&out, str_of(rows[i].field));
        CHECK_TEXT(buf_view(&out), rows[i].want);
    }
    buf_fini(&out);
}

static struct str digest(struct str bytes, char room[static 32])
{
    EVP_Digest(bytes.data, bytes.len, (unsigned char *)room, NULL, EVP_sha256(), NULL);
    return (struct str){room, 32};
}

static void canonical_lines(struct buf *out, const char *header)
{
    struct str rest = str_of(header);
    while (rest.len) {
        struct str line = str_cut(&rest, '\n');
        line.len -= line.len > 0;
        if (line.len) {
            dkim_canonical_field(out, line);
            buf_append(out, STR("\r\n"));
        }
        if (!rest.data)
            break;
    }
}

static EVP_PKEY *key_of(const char *kind)
{
    struct buf der;
    buf_init(&der, 512);
    EVP_PKEY *key;
    if (strcmp(kind, "ed25519") == 0) {
        base64_decode(&der, str_of(ed25519_seed));
        key = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, (unsigned char *)der.data, der.len);
    } else {
        base64_decode(&der, str_of(rsa_public));
        const unsigned char *bytes = (unsigned char *)der.data;
        key = d2i_PUBKEY(NULL, &bytes, (long)der.len);
    }
    buf_fini(&der);
    return key;
}

static bool verifies(EVP_PKEY *key, struct str input, struct str base64)
{
    struct buf signature;
    char hashed[32];
    bool is_rsa = EVP_PKEY_is_a(key, "RSA");
    struct str what = is_rsa ? input : digest(input, hashed);
    buf_init(&signature, 2048);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool valid = base64_decode(&signature, base64) &&
                 EVP_DigestVerifyInit(context, NULL, is_rsa ? EVP_sha256() : NULL, NULL, key) == 1 &&
                 EVP_DigestVerify(context, (unsigned char *)signature.data, signature.len,
                                  (const unsigned char *)what.data, what.len) == 1;
    EVP_MD_CTX_free(context);
    buf_fini(&signature);
    return valid;
}

/* RFC 8463 A.3, whose body is that of RFC 6376 A.2. */
static void the_vectors_verify_over_what_is_canonical_here(void)
{
    struct buf out;
    char hashed[32], base64[45] = "";
    buf_init(&out, 4096);
    base64_write(base64, digest(canonical_body(&out, str_of(joe_body), 7), hashed));
    CHECK_TEXT(str_of(base64), joe_body_hash);
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        test_row("%s", vectors[i].name);
        buf_clear(&out);
        canonical_lines(&out, joe_header);
        dkim_canonical_field(&out, str_of(vectors[i].field));
        EVP_PKEY *key = key_of(vectors[i].name);
        CHECK(key && verifies(key, buf_view(&out), str_of(vectors[i].signature)));
        EVP_PKEY_free(key);
    }
    buf_fini(&out);
}

static struct str pem_of(EVP_PKEY *key, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    char *data;
    PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL);
    long len = BIO_get_mem_data(bio, &data);
    buf_clear(out);
    buf_append(out, (struct str){data, (size_t)len});
    BIO_free(bio);
    return buf_view(out);
}

/* Without the white space that folding put into it. */
static struct str squeezed(struct buf *out, struct str text)
{
    buf_clear(out);
    for (size_t i = 0; i < text.len; i++)
        if (!memchr(" \t\r\n", text.data[i], 4))
            buf_append_char(out, text.data[i]);
    return buf_view(out);
}

/* What a verifier does with a field that we wrote, over the fields that it is known to name, in order. */
static void check_signature(EVP_PKEY *key, struct str field, const char *signed_fields)
{
    struct buf input, value;
    buf_init(&input, 8192);
    buf_init(&value, 4096);
    const char *mark = memmem(field.data, field.len, " b=", 3);
    if (!CHECK(mark != NULL))
        return;
    size_t end = (size_t)(mark - field.data) + 3;
    canonical_lines(&input, signed_fields);
    dkim_canonical_field(&input, str_first(field, end));
    CHECK(verifies(key, buf_view(&input), squeezed(&value, str_from(field, end))));
    buf_fini(&input);
    buf_fini(&value);
}

static bool sign_joe(const struct dkim_ring *ring, const char *header, struct buf *fields)
{
    struct dkim_hash *hash = dkim_hash_new();
    dkim_hash_feed(hash, str_of(joe_body));
    buf_clear(fields);
    bool made = dkim_sign(ring, STR("Football.Example.com"), str_of(header), hash, 1528637909, fields);
    dkim_hash_free(&hash);
    return made;
}

static bool holds(struct str text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

static void what_is_signed_verifies(void)
{
    static const char header[] = "From: a@football.example.com\r\nX-Two: 1\r\nX-Two: 2\r\n"
                                 "Subject: one\r\n two\r\nTo: b@example.net\r\n";
    static const char in_order[] = "From: a@football.example.com\r\nTo: b@example.net\r\n"
                                   "Subject: one two\r\nX-Two: 2\r\nX-Two: 1\r\n";
    EVP_PKEY *keys[] = {rsa_test_key(0), EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")};
    static const char *const names[] = {"rsa-sha256", "ed25519-sha256"};
    struct buf pem, fields, flat;
    buf_init(&pem, 8192);
    buf_init(&fields, 16384);
    buf_init(&flat, 16384);
    for (size_t i = 0; i < 2; i++) {
        test_row("%s", names[i]);
        struct dkim_ring ring = {.more_fields = STR("x-two  x-none")};
        struct fault fault;
        CHECK(dkim_ring_add(&ring, STR("football.example.com"), STR("one"), pem_of(keys[i], &pem), &fault));
        CHECK(sign_joe(&ring, header, &fields));
        struct str field = buf_view(&fields);
        field.len -= 2;
        check_signature(keys[i], field, in_order);
        struct str text = squeezed(&flat, field);
        CHECK(holds(text, names[i]));
        CHECK(holds(
            text,
            ";d=football.example.com;s=one;t=1528637909;bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;"));
        CHECK(holds(text, ";h=From:From:Reply-To:To:To:Cc:Subject:Subject:Date:Message-ID:"));
        CHECK(holds(text, ":x-two:x-two;b="));
        CHECK(!holds(text, ";l=") && !holds(text, "x-none"));
        dkim_ring_fini(&ring);
        EVP_PKEY_free(keys[i]);
    }
    buf_fini(&pem);
    buf_fini(&fields);
    buf_fini(&flat);
}

static void only_keys_of_the_domain_sign(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct dkim_ring ring = {0};
    struct fault fault;
    struct buf pem, fields;
    buf_init(&pem, 8192);
    buf_init(&fields, 16384);
    CHECK(dkim_ring_add(&ring, STR("football.example.com"), STR("one"), pem_of(key, &pem), &fault));
    CHECK(dkim_ring_add(&ring, STR("football.example.com"), STR("two"), buf_view(&pem), &fault));
    CHECK(dkim_ring_add(&ring, STR("example.com"), STR("three"), buf_view(&pem), &fault));
    CHECK(dkim_ring_has(&ring, STR("EXAMPLE.com")));
    CHECK(!dkim_ring_has(&ring, STR("sub.example.com")));
    CHECK(sign_joe(&ring, joe_header, &fields));
    struct str text = buf_view(&fields);
    CHECK(holds(text, "s=one;") && holds(text, "s=two;") && !holds(text, "s=three;"));
    dkim_ring_fini(&ring);
    EVP_PKEY_free(key);
    buf_fini(&pem);
    buf_fini(&fields);
}

/* RFC 6376 3.6.2.2: of two records at one name nobody knows which one counts. */
static void a_selector_has_one_key_and_a_ring_has_an_end(void)
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    struct dkim_ring ring = {0};
    struct fault fault;
    struct buf pem;
    char selectors[DKIM_MAX_KEYS + 1][8];
    buf_init(&pem, 8192);
    pem_of(key, &pem);
    for (size_t i = 0; i <= DKIM_MAX_KEYS; i++) {
        snprintf(selectors[i], sizeof selectors[i], "s%zu", i);
        test_row("%zu", i);
        CHECK_INT(dkim_ring_add(&ring, STR("a.example"), str_of(selectors[i]), buf_view(&pem), &fault),
                  i < DKIM_MAX_KEYS);
        CHECK(!dkim_ring_add(&ring, STR("A.example"), STR("S0"), buf_view(&pem), &fault));
        CHECK(holds(str_of(fault.detail), ring.count < DKIM_MAX_KEYS ? "two DKIM keys" : "more than 32"));
    }
    dkim_ring_fini(&ring);
    EVP_PKEY_free(key);
    buf_fini(&pem);
}

static void a_record_is_what_verifiers_look_for(void)
{
    struct buf record, pem;
    struct fault fault;
    struct dkim_ring ring = {0};
    buf_init(&record, 2048);
    buf_init(&pem, 8192);
    EVP_PKEY *key = key_of("ed25519");
    CHECK(dkim_ring_add(&ring, STR("a.example"), STR("s"), pem_of(key, &pem), &fault));
    CHECK(dkim_key_record(&ring.keys[0], &record));
    CHECK_TEXT(buf_view(&record), "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=");
    EVP_PKEY_free(key);
    dkim_ring_fini(&ring);
    buf_fini(&record);
    buf_fini(&pem);
}

static void an_unfit_key_is_refused(void)
{
    struct buf pem;
    struct fault fault;
    buf_init(&pem, 8192);
    EVP_PKEY *keys[] = {EVP_RSA_gen(1024), EVP_EC_gen("P-256")};
    for (size_t i = 0; i < 2; i++) {
        struct dkim_ring ring = {0};
        CHECK(!dkim_ring_add(&ring, STR("a.example"), STR("s"), pem_of(keys[i], &pem), &fault));
        CHECK_INT(ring.count, 0);
        CHECK(holds(str_of(fault.detail), "neither RSA"));
        EVP_PKEY_free(keys[i]);
    }
    struct dkim_ring ring = {0};
    static const char *const texts[] = {"", "secret",
                                        "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        CHECK(!dkim_ring_add(&ring, STR("a.example"), STR("s"), str_of(texts[i]), &fault));
        CHECK(holds(str_of(fault.detail), "PEM") && !holds(str_of(fault.detail), "secret"));
    }
    buf_fini(&pem);
}

int main(void)
{
    TEST(the_body_is_relaxed);
    TEST(a_field_is_relaxed);
    TEST(the_vectors_verify_over_what_is_canonical_here);
    TEST(what_is_signed_verifies);
    TEST(only_keys_of_the_domain_sign);
    TEST(a_selector_has_one_key_and_a_ring_has_an_end);
    TEST(a_record_is_what_verifiers_look_for);
    TEST(an_unfit_key_is_refused);
    return test_result();
}
