#include "smtp/services.h"
#include "test.h"

#include <string.h>

static void services_are_found_whatever_their_case(void)
{
    const struct smtp_service *qq = smtp_service_find(STR("QQ"));
    CHECK(qq && str_equal(str_of(qq->host), STR("smtp.qq.com")) && qq->port == 465 &&
          qq->tls == SMTP_TLS_IMPLICIT);
    CHECK(smtp_service_find(STR("ses-eu-west-1")));
    CHECK(!smtp_service_find(STR("nobody")));
    CHECK(!smtp_service_find(STR("")));
}

/* Those that issue and README promise. */
static void each_promised_service_is_there(void)
{
    static const char *const names[] = {
        "gmail",    "outlook",    "office365", "qq",        "163",          "126",     "aliyun", "yahoo",
        "icloud",   "fastmail",   "zoho",      "yandex",    "mail.ru",      "gmx",     "1und1",  "ionos",
        "aol",      "gandi",      "sendgrid",  "mailgun",   "postmark",     "mailjet", "brevo",  "sparkpost",
        "mailtrap", "infomaniak", "ovh",       "debugmail", "ses-us-east-1"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        test_row("%s", names[i]);
        CHECK(smtp_service_find(str_of(names[i])));
    }
}

static void the_table_is_sorted_and_always_under_tls(void)
{
    size_t row = 0;
    for (; smtp_service_at(row); row++) {
        const struct smtp_service *service = smtp_service_at(row);
        test_row("%s", service->name);
        CHECK(row == 0 || strcmp(smtp_service_at(row - 1)->name, service->name) < 0);
        CHECK(smtp_service_find(str_of(service->name)) == service);
        CHECK(service->tls != SMTP_TLS_NONE);
        CHECK((service->port == 465) == (service->tls == SMTP_TLS_IMPLICIT));
        CHECK(strchr(service->host, '.'));
        for (const char *c = service->name; *c; c++)
            CHECK(char_is_digit(*c) || (*c >= 'a' && *c <= 'z') || *c == '-' || *c == '.');
        for (const char *c = service->host; *c; c++)
            CHECK(char_is_digit(*c) || (*c >= 'a' && *c <= 'z') || *c == '-' || *c == '.');
        bool is_ses = str_starts_with(str_of(service->name), STR("ses-"));
        CHECK(!is_ses ||
              memmem(service->host, strlen(service->host), service->name + 4, strlen(service->name) - 4));
    }
    CHECK(row >= 25);
}

int main(void)
{
    TEST(services_are_found_whatever_their_case);
    TEST(each_promised_service_is_there);
    TEST(the_table_is_sorted_and_always_under_tls);
    return test_result();
}
