#include "service/commands/check_advice.h"
#include "test.h"

#include <openssl/x509_vfy.h>
#include <string.h>

static void each_fault_has_an_advice_of_its_own(void)
{
    static const struct {
        enum fault_code code;
        int verify_error;
        const char *detail, *says;
    } rows[] = {
        {FAULT_UPSTREAM_NO_SUCH_HOST, 0, "the name of the proxy p:1080 could not be resolved",
         "POSTERN_SMTP_PROXY"},
        {FAULT_UPSTREAM_NO_SUCH_HOST, 0, "the name of relay:25 could not be resolved", "POSTERN_SMTP_URL"},
        {FAULT_UPSTREAM_UNREACHABLE, 0, "the HTTP proxy p:3128 wants a login, and none is set",
         "user and password"},
        {FAULT_UPSTREAM_UNREACHABLE, 0, "the SOCKS5 proxy p:1 says that the relay refused it", "behind it"},
        {FAULT_UPSTREAM_UNREACHABLE, 0, "no connection to the proxy p:1: Connection refused",
         "whether it runs"},
        {FAULT_UPSTREAM_UNREACHABLE, 0, "no connection to r:25: Connection refused", "nothing listens there"},
        {FAULT_UPSTREAM_TIMEOUT, 0, "no connection to r:25: it did not answer in time", "firewall"},
        {FAULT_UPSTREAM_TIMEOUT, 0, "the relay did not answer in time at EHLO", "try again"},
        {FAULT_UPSTREAM_TLS, X509_V_ERR_CERT_HAS_EXPIRED, "certificate has expired", "renew"},
        {FAULT_UPSTREAM_TLS, X509_V_ERR_HOSTNAME_MISMATCH, "hostname mismatch", "certificate's names"},
        {FAULT_UPSTREAM_TLS, X509_V_ERR_CERT_REVOKED, "certificate revoked", "who runs the relay"},
        {FAULT_UPSTREAM_AUTH_FAILED, 0, "relay r:25 answered AUTH with 534: no", "app password, or OAuth"},
        {FAULT_INTERNAL, 0, "", "try again later"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        fault_set(&fault, rows[i].code, "%s", rows[i].detail);
        const char *advice = check_advice(&fault, rows[i].verify_error);
        test_row("%s", rows[i].detail);
        if (!CHECK(strstr(advice, rows[i].says)))
            printf("    %s\n", advice);
    }
}

static void every_fault_of_a_relay_has_one(void)
{
    for (enum fault_code code = FAULT_NONE; code < FAULT_COUNT; code++) {
        struct fault fault;
        fault_set(&fault, code, "x");
        const char *name = fault_kind(code)->name;
        test_row("%s", name);
        if (str_starts_with(str_of(name), STR("upstream-")))
            CHECK(strcmp(check_advice(&fault, 0), "try again later") != 0);
    }
}

int main(void)
{
    TEST(each_fault_has_an_advice_of_its_own);
    TEST(every_fault_of_a_relay_has_one);
    return test_result();
}
