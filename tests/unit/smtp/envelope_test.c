#include "smtp/envelope.h"
#include "test.h"

#include <string.h>

static bool passes(struct str address, bool smtputf8)
{
    struct fault fault;
    struct str recipients[] = {STR("ok@example.net"), address};
    struct smtp_envelope as_recipient = {
        .return_path = STR(""), .recipients = recipients, .recipient_count = 2, .smtputf8 = smtputf8};
    struct smtp_envelope as_sender = {
        .return_path = address, .recipients = recipients, .recipient_count = 1, .smtputf8 = smtputf8};
    bool passed = smtp_envelope_check(&as_recipient, &fault);
    if (!passed)
        CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
    if (address.len)
        CHECK_INT(smtp_envelope_check(&as_sender, &fault), passed);
    return passed;
}

static void nothing_passes_that_could_end_a_path_or_a_line(void)
{
    static const struct {
        struct str address;
        bool passes;
    } rows[] = {
        {STR("a@example.net"), true},
        {STR("a.b+c=d@example.net"), true},
        {STR("a@[192.0.2.1]"), true},
        {STR("a@[IPv6:2001:db8::1]"), true},
        {STR("\"a b\"@example.net"), true},
        {STR("\"a> ORCPT=x\"@example.net"), true},
        {STR("\"a@b\"@example.net"), true},
        {STR("\"a\\\"b\"@example.net"), true},
        {STR("\"\"@example.net"), true},
        {STR(""), false},
        {STR("a"), false},
        {STR("@example.net"), false},
        {STR("a@"), false},
        {STR("a@b@c"), false},
        {STR("a b@example.net"), false},
        {STR("a@example.net> SIZE=1"), false},
        {STR("a@example.net>"), false},
        {STR("<a@example.net"), false},
        {STR("a@exam ple.net"), false},
        {STR("a@example.net\r\nRCPT TO:<evil@example.org>"), false},
        {STR("a@example.net\r"), false},
        {STR("a@example.net\n"), false},
        {STR("a\0b@example.net"), false},
        {STR("\"a\r\nb\"@example.net"), false},
        {STR("\"a\0b\"@example.net"), false},
        {STR("\"a@example.net"), false},
        {STR("\"a\\\"@example.net"), false},
        {STR("\"a\"b@example.net"), false},
        {STR("\"a\""), false},
        {STR("\"a\"@"), false},
        {STR("\""), false},
        {STR("\"x@evil y\"@good> X"), false},
        {STR("a\"b c\"@example.net"), false},
        {STR("a\\@example.net"), false},
        {STR("a\x7f@example.net"), false},
        {STR("\xc3\xa9@example.net"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu %.*s", i, STR_ARG(rows[i].address));
        CHECK_INT(passes(rows[i].address, false), rows[i].passes);
    }
    CHECK(passes(STR("\xc3\xa9@example.net"), true));
    char longest[513];
    memset(longest, 'a', sizeof longest);
    longest[1] = '@';
    CHECK(passes((struct str){longest, 512}, false));
    CHECK(!passes((struct str){longest, 513}, false));
}

static void an_envelope_needs_a_recipient(void)
{
    struct fault fault;
    CHECK(!smtp_envelope_check(&(struct smtp_envelope){.return_path = STR("")}, &fault));
    CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
}

/* "a> ORCPT=x" and its kind, by the one free text on a MAIL line. */
static void an_envelope_id_cannot_end_its_parameter(void)
{
    static char longest[101], marks[34];
    memset(longest, 'a', sizeof longest);
    memset(marks, '+', sizeof marks);
    static const struct {
        struct dsn dsn;
        bool passes;
    } rows[] = {
        {{.envelope_id = STR("QQ314159 +=")}, true},
        {{.envelope_id = STR("")}, false},
        {{.envelope_id = STR("a\r\nDATA")}, false},
        {{.envelope_id = STR("a\tb")}, false},
        {{.envelope_id = STR("a\x7f")}, false},
        {{.envelope_id = {longest, 100}}, true},
        {{.envelope_id = {longest, 101}}, false},
        {{.envelope_id = {marks, 33}}, true}, /* as xtext three octets each */
        {{.envelope_id = {marks, 34}}, false},
        {{.envelope_id = STR("a\0b")}, false},
        {{.envelope_id = STR("\xe7\x98\x8a")}, false},
        {{.notify = DSN_NEVER}, true},
        {{.notify = DSN_NEVER | DSN_DELAY}, false},
    };
    static const struct str recipient = STR("b@example.net");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%zu", i);
        struct smtp_envelope envelope = {
            .return_path = STR(""), .recipients = &recipient, .recipient_count = 1, .dsn = rows[i].dsn};
        CHECK_INT(smtp_envelope_check(&envelope, &fault), rows[i].passes);
    }
}

static void an_ehlo_name_is_a_domain_or_an_address_literal(void)
{
    static char longest[256];
    memset(longest, 'a', sizeof longest);
    static const struct {
        struct str name;
        bool passes;
    } rows[] = {
        {STR("client.example.net"), true},
        {STR("[192.0.2.1]"), true},
        {STR("[IPv6:2001:db8::1]"), true},
        {STR("a-b.example"), true},
        {{longest, 255}, true},
        {{longest, 256}, false},
        {STR(""), false},
        {STR("a b"), false},
        {STR("a\r\nMAIL"), false},
        {STR("a\0"), false},
        {STR("a_b"), false},
        {STR("<a>"), false},
        {STR("\xc3\xa9.example"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%zu", i);
        CHECK_INT(smtp_envelope_check_ehlo_name(rows[i].name, &fault), rows[i].passes);
    }
}

int main(void)
{
    TEST(nothing_passes_that_could_end_a_path_or_a_line);
    TEST(an_envelope_needs_a_recipient);
    TEST(an_envelope_id_cannot_end_its_parameter);
    TEST(an_ehlo_name_is_a_domain_or_an_address_literal);
    return test_result();
}
