#include "smtp/redact.h"
#include "test.h"

static void secrets_are_covered_wherever_they_stand(void)
{
    static const struct {
        const char *text, *covered;
    } rows[] = {
        {"250 ok\n", "250 ok\n"},
        {"535 s3cret\n", "535 ******\n"},
        {"s3crets3cret", "************"},
        {"s3cre", "s3cre"},
        {"535-czNjcmV0 no\n535 s3cret\n", "535-******** no\n535 ******\n"},
        {"535 bWlzdA== no\n", "535 ******== no\n"}, /* base64 of "mist" */
        {"535 bWlzdA no\n", "535 ****** no\n"},     /* the same, without its padding */
        {"abc", "abc"},
        {"", ""},
    };
    struct smtp_redactor redactor = {0};
    CHECK(smtp_redactor_add(&redactor, STR("s3cret")));
    CHECK(smtp_redactor_add_base64(&redactor, STR("s3cret")));
    CHECK(smtp_redactor_add_base64(&redactor, STR("mist")));
    CHECK(smtp_redactor_add(&redactor, STR("abc"))); /* too short to be looked for */
    CHECK(smtp_redactor_add(&redactor, (struct str){0}));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf text;
        test_row("%zu", i);
        buf_init(&text, 256);
        buf_append(&text, str_of(rows[i].text));
        smtp_redactor_apply(&redactor, &text);
        CHECK_TEXT(buf_view(&text), rows[i].covered);
        buf_fini(&text);
    }
    smtp_redactor_fini(&redactor);
}

static void a_secret_that_cannot_be_kept_is_refused(void)
{
    struct smtp_redactor redactor = {0};
    for (int i = 0; i < SMTP_REDACT_MAX_SECRETS; i++)
        CHECK(smtp_redactor_add(&redactor, STR("s3cret")));
    CHECK(!smtp_redactor_add(&redactor, STR("s3cret")));
    smtp_redactor_fini(&redactor);
}

int main(void)
{
    TEST(secrets_are_covered_wherever_they_stand);
    TEST(a_secret_that_cannot_be_kept_is_refused);
    return test_result();
}
