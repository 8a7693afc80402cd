/* The lines that carry an envelope: what is said for each extension, and how long it may be. */
#include "smtp/command.h"
#include "test.h"

static const struct str recipients[] = {STR("b+tag=1@example.net"), STR("\"a b\"@example.net"),
                                        STR("j\xc3\xbcrg+x@example.net"), STR("\"q\\\"\"@example.net"),
                                        STR("\"\xc3\xbc =\\\"\"@example.net")};

static struct smtp_envelope envelope_with(struct dsn dsn)
{
    return (struct smtp_envelope){.return_path = STR("a@example.com"),
                                  .recipients = recipients,
                                  .recipient_count = sizeof recipients / sizeof recipients[0],
                                  .smtputf8 = true,
                                  .dsn = dsn};
}

static void parameters_are_said_where_they_are_needed_and_offered(void)
{
    static const struct {
        struct smtp_envelope envelope;
        unsigned offered;
        struct str line;
    } rows[] = {
        {{.return_path = STR("")}, SMTP_8BITMIME | SMTP_DSN | SMTP_SMTPUTF8, STR("MAIL FROM:<>")},
        {{.return_path = STR("")}, SMTP_SIZE, STR("MAIL FROM:<> SIZE=1234")},
        {{.return_path = STR("a@b.c"), .eight_bit = true},
         SMTP_8BITMIME,
         STR("MAIL FROM:<a@b.c> BODY=8BITMIME")},
        {{.return_path = STR("a@b.c"), .smtputf8 = true}, 0, STR("MAIL FROM:<a@b.c> SMTPUTF8")},
        {{.return_path = STR("a@b.c"), .require_tls = true}, 0, STR("MAIL FROM:<a@b.c> REQUIRETLS")},
        {{.return_path = STR("a@b.c"), .dsn.returned = DSN_RETURN_FULL},
         0,
         STR("MAIL FROM:<a@b.c> RET=FULL")},
        {{.return_path = STR("a@b.c"), .dsn.envelope_id = STR("x y+z=~")},
         0,
         STR("MAIL FROM:<a@b.c> ENVID=x+20y+2Bz+3D~")},
        {{.return_path = STR("a@b.c"), .dsn.envelope_id = STR("\x7f\xc3\xa9")},
         0,
         STR("MAIL FROM:<a@b.c> ENVID=+7F+C3+A9")},
        {{.return_path = STR("a@b.c"),
          .eight_bit = true,
          .smtputf8 = true,
          .require_tls = true,
          .dsn = {0, DSN_RETURN_HEADERS, STR("1")}},
         SMTP_SIZE,
         STR("MAIL FROM:<a@b.c> SIZE=1234 BODY=8BITMIME SMTPUTF8 REQUIRETLS RET=HDRS ENVID=1")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_capabilities offered = {.extensions = rows[i].offered};
        struct buf line;
        buf_init(&line, 4096);
        smtp_command_mail(&line, &rows[i].envelope, 1234, &offered);
        CHECK_STR(buf_view(&line), rows[i].line);
        CHECK(line.len + 2 <= smtp_command_mail_limit(&rows[i].envelope, &offered));
        buf_fini(&line);
    }
}

/* RFC 3461 4.2 and 6533 3: ORCPT only with NOTIFY, as xtext, or as it is where the address needs SMTPUTF8. */
static void each_recipient_is_named_as_he_was_given(void)
{
    static const struct {
        unsigned notify;
        size_t recipient;
        struct str line;
    } rows[] = {
        {0, 0, STR("RCPT TO:<b+tag=1@example.net>")},
        {DSN_NEVER, 0,
         STR("RCPT TO:<b+tag=1@example.net> NOTIFY=NEVER ORCPT=rfc822;b+2Btag+3D1@example.net")},
        {DSN_SUCCESS | DSN_FAILURE | DSN_DELAY, 1,
         STR("RCPT TO:<\"a b\"@example.net> NOTIFY=SUCCESS,FAILURE,DELAY "
             "ORCPT=rfc822;\"a+20b\"@example.net")},
        {DSN_DELAY, 2,
         STR("RCPT TO:<j\xc3\xbcrg+x@example.net> NOTIFY=DELAY ORCPT=utf-8;j\xc3\xbcrg\\x{2B}x@example.net")},
        {DSN_FAILURE, 3,
         STR("RCPT TO:<\"q\\\"\"@example.net> NOTIFY=FAILURE ORCPT=rfc822;\"q\\\"\"@example.net")},
        {DSN_FAILURE, 4,
         STR("RCPT TO:<\"\xc3\xbc =\\\"\"@example.net> NOTIFY=FAILURE "
             "ORCPT=utf-8;\"\xc3\xbc\\x{20}\\x{3D}\\x{5C}\"\"@example.net")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_envelope envelope = envelope_with((struct dsn){.notify = rows[i].notify});
        struct buf line;
        buf_init(&line, 4096);
        smtp_command_rcpt(&line, &envelope, rows[i].recipient);
        CHECK_STR(buf_view(&line), rows[i].line);
        buf_fini(&line);
    }
}

/* RFC 5321 4.5.3.1.4, 1870 3, 6152 2, 6531 3.1, 8689 2, 3461 5 */
static void each_extension_makes_room_for_itself(void)
{
    struct smtp_capabilities none = {0}, size = {.extensions = SMTP_SIZE};
    struct smtp_envelope plain = {.return_path = STR("")};
    struct smtp_envelope full = {
        .eight_bit = true, .smtputf8 = true, .require_tls = true, .dsn.notify = DSN_NEVER};
    CHECK_INT(smtp_command_mail_limit(&plain, &none), 512);
    CHECK_INT(smtp_command_mail_limit(&plain, &size), 538);
    CHECK_INT(smtp_command_mail_limit(&full, &size), 512 + 26 + 17 + 10 + 11 + 500);
    CHECK_INT(smtp_command_rcpt_limit(&plain), 512);
    CHECK_INT(smtp_command_rcpt_limit(&full), 512 + 10 + 500);
}

int main(void)
{
    TEST(parameters_are_said_where_they_are_needed_and_offered);
    TEST(each_recipient_is_named_as_he_was_given);
    TEST(each_extension_makes_room_for_itself);
    return test_result();
}
