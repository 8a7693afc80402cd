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
    }
    CHECK(row >= 25);
}

int main(void)
{
    TEST(services_are_found_whatever_their_case);
    TEST(the_table_is_sorted_and_always_under_tls);
    return test_result();
}
