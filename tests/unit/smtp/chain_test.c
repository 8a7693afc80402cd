/* What is told of the certificates that a relay shows: no name in them can forge what is printed. */
#include "smtp/chain.h"
#include "test.h"

#include <openssl/x509v3.h>
#include <string.h>

static X509 *certificate_new(void)
{
    X509 *certificate = X509_new();
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"relay\n.example", -1, -1, 0);
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    return certificate;
}

/* `kind` is GEN_DNS, GEN_EMAIL or GEN_IPADD; the octets are taken as they are. */
static void add_name(GENERAL_NAMES *names, int kind, struct str octets)
{
    GENERAL_NAME *name = GENERAL_NAME_new();
    ASN1_STRING *value = ASN1_STRING_type_new(kind == GEN_IPADD ? V_ASN1_OCTET_STRING : V_ASN1_IA5STRING);
    CHECK(ASN1_STRING_set(value, octets.data, (int)octets.len) == 1);
    GENERAL_NAME_set0_value(name, kind, value);
    sk_GENERAL_NAME_push(names, name);
}

static void take_one(struct smtp_chain *chain, X509 *certificate, int error)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    sk_X509_push(certificates, certificate);
    smtp_chain_take(chain, certificates, error);
    sk_X509_free(certificates);
}

static void names_are_told_that_count_and_cannot_forge(void)
{
    static const struct {
        const char *name;
        struct {
            int kind;
            struct str octets;
        } names[3];
        const char *want;
    } rows[] = {
        {"none", {{0}}, ""},
        {"a host", {{GEN_DNS, STR("a.example")}}, "a.example"},
        {"two hosts", {{GEN_DNS, STR("a.example")}, {GEN_DNS, STR("*.b.example")}}, "a.example, *.b.example"},
        {"addresses",
         {{GEN_IPADD, STR("\xc0\x00\x02\x01")},
          {GEN_IPADD, STR("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\x01")}},
         "192.0.2.1, 2001:db8::1"},
        {"an address of no length that there is", {{GEN_IPADD, STR("\xc0\x00\x02")}}, "?"},
        {"mail addresses do not count", {{GEN_EMAIL, STR("a@b.example")}, {GEN_DNS, STR("a")}}, "a"},
        {"what would break a line", {{GEN_DNS, STR("a\n-- b\x7f\xc3\xa9\0")}}, "a?--?b????"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        X509 *certificate = certificate_new();
        GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
        struct smtp_chain chain;
        for (size_t n = 0; n < 3 && rows[i].names[n].octets.data; n++)
            add_name(names, rows[i].names[n].kind, rows[i].names[n].octets);
        if (sk_GENERAL_NAME_num(names))
            CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
        test_row("%s", rows[i].name);
        take_one(&chain, certificate, 0);
        CHECK_TEXT(str_of(chain.names), rows[i].want);
        CHECK(chain.count == 1 && strstr(chain.items[0].subject, "relay\\0A.example"));
        CHECK(chain.items[0].not_before[0] && chain.items[0].not_after[0]);
        GENERAL_NAMES_free(names);
        X509_free(certificate);
    }
}

static void more_names_than_fit_are_said_to_be_more(void)
{
    X509 *certificate = certificate_new();
    GENERAL_NAMES *names = sk_GENERAL_NAME_new_null();
    struct smtp_chain chain;
    for (int i = 0; i < 100; i++)
        add_name(names, GEN_DNS, STR("relay.example.com"));
    CHECK(X509_add1_ext_i2d(certificate, NID_subject_alt_name, names, 0, 0) == 1);
    take_one(&chain, certificate, 0);
    struct str told = str_of(chain.names);
    CHECK(told.len < SMTP_CHAIN_NAMES_BYTES && str_equal(str_from(told, told.len - 3), STR("...")));
    GENERAL_NAMES_free(names);
    X509_free(certificate);
}

static void a_certificate_without_dates_has_none_to_tell(void)
{
    X509 *certificate = X509_new();
    struct smtp_certificate described;
    smtp_certificate_describe(&described, certificate);
    CHECK_TEXT(str_of(described.not_before), "");
    CHECK_TEXT(str_of(described.subject), "");
    X509_free(certificate);
}

static void as_many_certificates_are_told_of_as_there_is_room(void)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    struct smtp_chain chain;
    smtp_chain_take(&chain, certificates, X509_V_ERR_CERT_HAS_EXPIRED);
    CHECK(chain.count == 0 && !chain.names[0]);
    CHECK_INT(chain.error, X509_V_ERR_CERT_HAS_EXPIRED);
    for (int i = 0; i < SMTP_CHAIN_MAX_CERTIFICATES + 2; i++)
        sk_X509_push(certificates, certificate_new());
    smtp_chain_take(&chain, certificates, 0);
    CHECK_INT(chain.count, SMTP_CHAIN_MAX_CERTIFICATES);
    sk_X509_pop_free(certificates, X509_free);
}

int main(void)
{
    TEST(names_are_told_that_count_and_cannot_forge);
    TEST(more_names_than_fit_are_said_to_be_more);
    TEST(a_certificate_without_dates_has_none_to_tell);
    TEST(as_many_certificates_are_told_of_as_there_is_room);
    return test_result();
}
