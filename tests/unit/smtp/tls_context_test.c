/* Which trust store is read, and what is said where there is none: the environment asks as OpenSSL has it. */
#include "smtp/tls.h"
#include "test.h"

#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[] = "/tmp/postern-store-XXXXXX";

static const char *path_of(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_certificate(const char *name, bool with_key)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    CHECK(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(path_of(name), "w");
    CHECK(file && PEM_write_X509(file, certificate) == 1);
    if (with_key)
        CHECK(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) == 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

/* Named in the environment: "" is not. */
static void ask_for(const char *name, const char *value)
{
    if (value[0])
        setenv(name, path_of(value), 1);
    else
        unsetenv(name);
}

static bool prepare(struct smtp_relay *relay, struct fault *fault)
{
    relay->host = STR("relay.example");
    *fault = (struct fault){.code = FAULT_NONE};
    bool prepared = smtp_relay_prepare(relay, fault);
    smtp_relay_fini(relay);
    return prepared;
}

static void the_store_that_is_asked_for_is_read(void)
{
    static const struct {
        const char *name, *directory, *file, *says; /* says: NULL where it is read */
    } rows[] = {
        {"a folder of hashed certificates", "hashed", "", NULL},
        {"a bundle before a folder", "hashed", "ca.pem", NULL},
        {"a bundle beside a folder of others", "others", "ca.pem", NULL},
        {"a bundle beside no folder", "none", "ca.pem", NULL},
        {"a bundle that holds none", "hashed", "empty.pem", "cannot read the CA certificates in"},
        {"a bundle that is not there", "hashed", "none.pem", "there are no CA certificates in"},
        {"nothing at all", "none", "none.pem", "there are no CA certificates in"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_relay relay = {.tls = SMTP_TLS_IMPLICIT};
        struct fault fault;
        ask_for(X509_get_default_cert_dir_env(), rows[i].directory);
        ask_for(X509_get_default_cert_file_env(), rows[i].file);
        test_row("%s", rows[i].name);
        CHECK_INT(prepare(&relay, &fault), rows[i].says == NULL);
        CHECK_INT(fault.code, rows[i].says ? FAULT_INTERNAL : FAULT_NONE);
        if (rows[i].says && !CHECK(strstr(fault.detail, rows[i].says)))
            printf("    %s\n", fault.detail);
    }
}

/* OpenSSL looks for eight digits, a dot and a number; the first is 0. Without such names it is the default bundle that
 * counts, where the system has one. */
static void a_folder_without_hashed_names_is_no_store(void)
{
    bool has_default = access(X509_get_default_cert_file(), R_OK) == 0;
    static const char *const names[] = {"6b99d060",    "6b99d06.0",  "6b99d0600.0", "6b99d060.r0",
                                        "6b99d060.00", "6b99d06x.0", "ca.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char name[64];
        struct smtp_relay relay = {.tls = SMTP_TLS_IMPLICIT};
        struct fault fault;
        snprintf(name, sizeof name, "others/%s", names[i]);
        write_certificate(name, false);
        ask_for(X509_get_default_cert_dir_env(), "others");
        ask_for(X509_get_default_cert_file_env(), "");
        test_row("%s", names[i]);
        CHECK_INT(prepare(&relay, &fault), has_default);
        unlink(path_of(name));
    }
}

/* Nothing is asked for, or what there is in any case: the system's own store, where it has one. */
static void without_a_wish_it_is_the_system_s(void)
{
    struct smtp_relay relay = {.tls = SMTP_TLS_IMPLICIT}, same = relay;
    struct fault fault;
    ask_for(X509_get_default_cert_dir_env(), "");
    ask_for(X509_get_default_cert_file_env(), "");
    bool has_store = prepare(&relay, &fault);
    CHECK(has_store || strstr(fault.detail, "install them (ca-certificates)"));
    setenv(X509_get_default_cert_file_env(), X509_get_default_cert_file(), 1);
    CHECK(prepare(&same, &fault) || access(X509_get_default_cert_file(), R_OK) != 0);
}

static void a_client_key_must_be_the_certificate_s(void)
{
    static const struct {
        const char *certificate, *key, *says;
    } rows[] = {
        {"client.pem", "", NULL},
        {"client.pem", "client.pem", NULL},
        {"client.pem", "other.pem", "cannot use the client key"},
        {"client.pem", "empty.pem", "cannot use the client key"},
        {"ca.pem", "", "cannot use the client key"},
        {"empty.pem", "client.pem", "cannot read the client certificate"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char certificate[512], key[512];
        struct smtp_relay relay = {.tls = SMTP_TLS_IMPLICIT, .insecure = true};
        struct fault fault;
        snprintf(certificate, sizeof certificate, "%s", path_of(rows[i].certificate));
        snprintf(key, sizeof key, "%s", path_of(rows[i].key));
        relay.client_cert_file = str_of(certificate);
        relay.client_key_file = rows[i].key[0] ? str_of(key) : (struct str){0};
        test_row("%s, %s", rows[i].certificate, rows[i].key);
        CHECK_INT(prepare(&relay, &fault), rows[i].says == NULL);
        if (rows[i].says && !CHECK(strstr(fault.detail, rows[i].says)))
            printf("    %s\n", fault.detail);
    }
}

static void make_folder(void)
{
    CHECK(mkdtemp(folder) && mkdir(path_of("hashed"), 0700) == 0 && mkdir(path_of("others"), 0700) == 0);
    write_certificate("hashed/6b99d060.0", false);
    write_certificate("ca.pem", false);
    write_certificate("client.pem", true);
    write_certificate("other.pem", true);
    fclose(fopen(path_of("empty.pem"), "w"));
}

static void remove_folder(void)
{
    static const char *const names[] = {"hashed/6b99d060.0", "ca.pem", "client.pem", "other.pem",
                                        "empty.pem"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        unlink(path_of(names[i]));
    CHECK(rmdir(path_of("hashed")) == 0 && rmdir(path_of("others")) == 0 && rmdir(folder) == 0);
}

int main(void)
{
    make_folder();
    TEST(the_store_that_is_asked_for_is_read);
    TEST(a_folder_without_hashed_names_is_no_store);
    TEST(without_a_wish_it_is_the_system_s);
    TEST(a_client_key_must_be_the_certificate_s);
    remove_folder();
    return test_result();
}
