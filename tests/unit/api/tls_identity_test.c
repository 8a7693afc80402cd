/* Pairs and CAs as openssl(1) makes them: P-256, valid from 2020 until 2099. */
#include "api/http/tls_identity.h"
#include "test.h"

static const char certificate[] = "-----BEGIN CERTIFICATE-----\n"
                                  "MIIBJDCBywIUQwu8L9/Sge05869v6nOoiwG79bYwCgYIKoZIzj0EAwIwFDESMBAG\n"
                                  "A1UEAwwJbG9jYWxob3N0MCAXDTIwMDEwMTAwMDAwMFoYDzIwOTkwMTAxMDAwMDAw\n"
                                  "WjAUMRIwEAYDVQQDDAlsb2NhbGhvc3QwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC\n"
                                  "AAQM5ua2XG7sKf/GFgUvCObairYXzQmBYE2pFMHOx7wYoUxt9fwDf2b/fEqGqeOb\n"
                                  "4P2xZjeFEqEoiXLainfd0U72MAoGCCqGSM49BAMCA0gAMEUCIQDYiknzm2pTI4uW\n"
                                  "qsIRmK+9NzAMKCTTNZQTgcJuxX15+QIgbS2BnABbL/0EC7UpY1W14G1xNhyA/aRo\n"
                                  "8R78CerjbAo=\n"
                                  "-----END CERTIFICATE-----\n";

static const char key[] = "-----BEGIN EC PRIVATE KEY-----\n"
                          "MHcCAQEEIHHrI8Y6cC+xvUmY0ZD7iTTRPhIz7tL45UKx9INmY5wAoAoGCCqGSM49\n"
                          "AwEHoUQDQgAEDObmtlxu7Cn/xhYFLwjm2oq2F80JgWBNqRTBzse8GKFMbfX8A39m\n"
                          "/3xKhqnjm+D9sWY3hRKhKIly2op33dFO9g==\n"
                          "-----END EC PRIVATE KEY-----\n";

static const char other_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                "MHcCAQEEIPKgSy2AnyBG0UQVuFfGgCCQikIg50Nr+Dky0ouHfdFkoAoGCCqGSM49\n"
                                "AwEHoUQDQgAEdct5bEIvtTyRkrOaU/Wa5xf5EXW8I+l6wz7vr0EJH6w99s0Y92/6\n"
                                "8Q1zHilYECZlgCl7aijt69po0j9bUZ3BdQ==\n"
                                "-----END EC PRIVATE KEY-----\n";

static const char encrypted_key[] = "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                    "MIHrMFYGCSqGSIb3DQEFDTBJMCgGCSqGSIb3DQEFDDAbBAgs3P+2YpFNkAIBCjAM\n"
                                    "BggqhkiG9w0CCQUAMB0GCWCGSAFlAwQBAgQQUve2OKV2WxG466t3WRmrygSBkPwN\n"
                                    "3jM0N/H32DNXw9i0De6jXGtGp5PxjNUG+huCP802RsDRTbEkjA7ouQvqVOq0pYJm\n"
                                    "BcBCLau/AAZ0isYcf6YFs7HeWPUKyTqhaiSZGztigvEBtYO6dC+DDXpCRbKjfb28\n"
                                    "c2tuuk6/85WmSCDaBJ+62r0g66YRzhGc6XtEKLzLx7TxHvDPUOQm+Xw5p8TJIw==\n"
                                    "-----END ENCRYPTED PRIVATE KEY-----\n";

static const char encrypted_ec_key[] = "-----BEGIN EC PRIVATE KEY-----\n"
                                       "Proc-Type: 4,ENCRYPTED\n"
                                       "DEK-Info: AES-128-CBC,38867FC2C78CDF57FB340D0750F708DD\n"
                                       "\n"
                                       "ga316UoEDp0px9MmVbbP8bckitgujjy5vP4vEh5s+/yt0xtlJoWj1l3Fgw+FQ8R4\n"
                                       "lWGXT8yotmgq/MnyEBHK5ZeqDfRDaCRCwvhx2wutXCzOgSdRZ6iMaxnfrRoa/OfF\n"
                                       "8VMmZydoO8Ahb5bP4+NvdAPF91E1ikUPVrZX2A9JjzM=\n"
                                       "-----END EC PRIVATE KEY-----\n";

/* What `openssl ecparam -genkey` writes ahead of a key. */
#define PARAMETERS "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"

static const int64_t BEGINS_S = 1577836800, ENDS_S = 4070908800;

static struct str join(char *room, size_t bytes, const char *first, const char *second)
{
    int len = snprintf(room, bytes, "%s%s", first, second);
    return (struct str){room, (size_t)len};
}

static void a_pair_is_taken(void)
{
    static const struct {
        const char *name, *certificate[2], *key[2];
    } rows[] = {{"each alone", {certificate, ""}, {key, ""}},
                {"a chain", {certificate, certificate}, {key, ""}},
                {"curve parameters ahead of the key", {certificate, ""}, {PARAMETERS, key}},
                {"one file for both", {certificate, key}, {certificate, key}},
                {"one file for both, the key first", {key, certificate}, {key, certificate}},
                {"words around", {"Subject: CN=localhost\n", certificate}, {"Bag Attributes\n", key}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char first[4096], second[4096];
        struct fault fault = {0};
        test_row("%s", rows[i].name);
        struct tls_identity *identity =
            tls_identity_new(join(first, sizeof first, rows[i].certificate[0], rows[i].certificate[1]),
                             join(second, sizeof second, rows[i].key[0], rows[i].key[1]), &fault);
        if (!CHECK(identity)) {
            printf("    %s\n", fault.detail);
            continue;
        }
        CHECK_INT(identity->begins_s, BEGINS_S);
        CHECK_INT(identity->ends_s, ENDS_S);
        CHECK(!identity->wants_client_certificate);
        tls_identity_release(&identity);
        CHECK(!identity);
    }
}

static void a_wrong_pair_is_told_from_another(void)
{
    static const struct {
        const char *name, *certificate, *key, *detail;
    } rows[] = {
        {"another's key", certificate, other_key, "the key cannot be used: it is not the certificate's"},
        {"a passphrase", certificate, encrypted_key,
         "the key cannot be used: it has a passphrase, and nobody is there to be asked for it"},
        {"a passphrase, of old", certificate, encrypted_ec_key,
         "the key cannot be used: it has a passphrase, and nobody is there to be asked for it"},
        {"no key", certificate, certificate, "the key cannot be used: there is none in the file"},
        {"an empty key", certificate, "", "the key cannot be used: there is none in the file"},
        {"words for a key", certificate, "no key\n", "the key cannot be used: there is none in the file"},
        {"no certificate", key, key, "the certificate cannot be used: there is none in the file"},
        {"an empty certificate", "", key, "the certificate cannot be used: there is none in the file"},
        {"words for a certificate", "hello\n", key,
         "the certificate cannot be used: there is none in the file"},
        {"PEM that is none", "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n", key,
         "the certificate cannot be used: there is none in the file"},
        {"cut off", "-----BEGIN CERTIFICATE-----\nMIIB", key,
         "the certificate cannot be used: there is none in the file"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct fault fault = {0};
        test_row("%s", rows[i].name);
        CHECK(!tls_identity_new(str_of(rows[i].certificate), str_of(rows[i].key), &fault));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        CHECK_TEXT(str_of(fault.detail), rows[i].detail);
    }
}

static void clients_need_a_ca_that_is_one(void)
{
    struct fault fault = {0};
    struct tls_identity *identity = tls_identity_new(str_of(certificate), str_of(key), &fault);
    CHECK(!tls_identity_require_clients(identity, STR("hello"), &fault));
    CHECK_TEXT(str_of(fault.detail), "the CA cannot be used: there is none in the file");
    CHECK(!identity->wants_client_certificate);
    CHECK(tls_identity_require_clients(identity, str_of(certificate), &fault));
    CHECK(identity->wants_client_certificate);
    tls_identity_release(&identity);
}

static void the_last_to_let_go_frees_it(void)
{
    struct fault fault;
    struct tls_identity *first = tls_identity_new(str_of(certificate), str_of(key), &fault);
    struct tls_identity *second = tls_identity_hold(first);
    tls_identity_release(&first);
    CHECK_INT(second->begins_s, BEGINS_S);
    tls_identity_release(&second);
    tls_identity_release(&second);
}

int main(void)
{
    TEST(a_pair_is_taken);
    TEST(a_wrong_pair_is_told_from_another);
    TEST(clients_need_a_ca_that_is_one);
    TEST(the_last_to_let_go_frees_it);
    return test_result();
}
