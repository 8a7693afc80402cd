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
        {"535 correct horse battery staple\n", "535 ****************************\n"},
        {"535 correct horse batt", "535 ******************"},                   /* cut off */
        {"535-correct ho\n535 rse battery", "535-**********\n535 ***********"}, /* broken into lines */
        {"535 correct", "535 correct"},
        {"535 correct hcorrect h", "535 ******************"},
        {"orrect horse b", "**************"},
        {"two\nlines", "***\n*****"}, /* what a reply is cut into stays */
    };
    struct smtp_redactor redactor = {0};
    CHECK(smtp_redactor_add(&redactor, STR("s3cret")));
    CHECK(smtp_redactor_add_base64(&redactor, STR("s3cret")));
    CHECK(smtp_redactor_add_base64(&redactor, STR("mist")));
    CHECK(smtp_redactor_add(&redactor, STR("abc"))); /* too short to be looked for */
    CHECK(smtp_redactor_add(&redactor, STR("correct horse battery staple")));
    CHECK(smtp_redactor_add(&redactor, STR("two\nlines")));
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

static void nul_octets_are_no_secret(void)
{
    struct smtp_redactor redactor = {0};
    struct buf text;
    buf_init(&text, 64);
    CHECK(smtp_redactor_add(&redactor, STR("correct horse")));
    buf_append(&text, STR("\0\0\0\0\0\0\0\0\0"));
    smtp_redactor_apply(&redactor, &text);
    CHECK_STR(buf_view(&text), STR("\0\0\0\0\0\0\0\0\0"));
    buf_fini(&text);
    smtp_redactor_fini(&redactor);
}

static void append_number(struct buf *text, unsigned number)
{
    buf_append_format(text, "%08x", number * 2654435761U);
}

/* A token has thousands of octets: each run of it is found, and nothing else is. */
static void a_long_secret_is_found_from_any_octet_on(void)
{
    enum { NUMBERS = 1000 };
    struct smtp_redactor redactor = {0};
    struct buf secret, text;
    buf_init(&secret, 16384);
    buf_init(&text, 64);
    for (unsigned i = 0; i < NUMBERS; i++)
        append_number(&secret, i);
    CHECK(smtp_redactor_add(&redactor, buf_view(&secret)));
    for (size_t at = 0; at + 11 <= secret.len; at++) {
        test_row("%zu", at);
        buf_clear(&text);
        buf_append(&text, STR("zz"));
        buf_append(&text, str_first(str_from(buf_view(&secret), at), 11));
        buf_append(&text, STR("zz"));
        smtp_redactor_apply(&redactor, &text);
        CHECK_STR(buf_view(&text), STR("zz***********zz"));
    }
    buf_fini(&secret);
    buf_fini(&text);
    smtp_redactor_fini(&redactor);
}

static void what_is_known_costs_no_more_room(void)
{
    struct smtp_redactor redactor = {0};
    for (int i = 0; i < SMTP_REDACT_MAX_PIECES; i++)
        CHECK(smtp_redactor_add(&redactor, STR("correct horse")));
    CHECK_INT(redactor.count, 6);
    smtp_redactor_fini(&redactor);
}

static void a_secret_that_cannot_be_kept_is_refused(void)
{
    struct smtp_redactor redactor = {0};
    struct buf secret;
    bool added = true;
    buf_init(&secret, 16384);
    for (unsigned i = 0; added && i < 100; i++) {
        buf_clear(&secret);
        for (unsigned n = 0; n < 1000; n++)
            append_number(&secret, i * 1000 + n);
        added = smtp_redactor_add(&redactor, buf_view(&secret));
    }
    CHECK(!added);
    CHECK_INT(redactor.count, SMTP_REDACT_MAX_PIECES);
    /* As base64 it is longer than any that is looked for. */
    while (secret.len < 13000)
        buf_append_char(&secret, 'a');
    CHECK(!smtp_redactor_add_base64(&redactor, buf_view(&secret)));
    buf_fini(&secret);
    smtp_redactor_fini(&redactor);
}

int main(void)
{
    TEST(secrets_are_covered_wherever_they_stand);
    TEST(nul_octets_are_no_secret);
    TEST(a_long_secret_is_found_from_any_octet_on);
    TEST(what_is_known_costs_no_more_room);
    TEST(a_secret_that_cannot_be_kept_is_refused);
    return test_result();
}
