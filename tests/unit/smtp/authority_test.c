/* How a sentence and CONNECT name a host and its port. */
#include "smtp/relay.h"
#include "test.h"

#include <string.h>

static void a_relay_is_named_as_a_url_has_it(void)
{
    static const struct {
        const char *host;
        uint16_t port;
        const char *name;
    } rows[] = {
        {"mail.example", 587, "mail.example:587"},
        {"192.0.2.7", 25, "192.0.2.7:25"},
        {"2001:db8::1", 65535, "[2001:db8::1]:65535"},
        {"/run/relay.sock", 0, "/run/relay.sock"},
        {"/run/a:b", 0, "/run/a:b"},
        {"", 25, ":25"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct smtp_relay relay = {.host = str_of(rows[i].host), .port = rows[i].port};
        CHECK_TEXT(str_of(smtp_relay_name(&relay).text), rows[i].name);
    }
}

static void the_longest_host_fits_whole(void)
{
    char host[SMTP_HOST_BYTES + 10];
    memset(host, ':', sizeof host);
    for (size_t len = SMTP_HOST_BYTES - 1; len <= sizeof host; len++) {
        struct smtp_authority authority = smtp_authority_of((struct str){host, len}, UINT16_MAX);
        CHECK_INT(strlen(authority.text), SMTP_HOST_BYTES - 1 + strlen("[]:65535"));
        CHECK(strcmp(authority.text + SMTP_HOST_BYTES, "]:65535") == 0);
    }
}

int main(void)
{
    TEST(a_relay_is_named_as_a_url_has_it);
    TEST(the_longest_host_fits_whole);
    return test_result();
}
