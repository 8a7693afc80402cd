#include "smtp/queue_id.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static void each_relay_says_it_in_its_own_form(void)
{
    static const struct {
        const char *relay, *text;
        const char *id; /* NULL: absent */
    } rows[] = {
        {"Postfix", "2.0.0 Ok: queued as 4Xyz12AbCd", "4Xyz12AbCd"},
        {"Postfix, letters only", "2.0.0 Ok: queued as BCDFGHJKLM", "BCDFGHJKLM"},
        {"Postfix over LMTP", "2.0.0 from MTA(smtp:[127.0.0.1]:10025): 250 2.0.0 Ok: queued as 4Xyz12AbCd",
         "4Xyz12AbCd"},
        {"Exim", "OK id=1rABCD-000abc-XY", "1rABCD-000abc-XY"},
        {"Exim 4.97", "OK id=1rABCD-00000000abc-XYzz", "1rABCD-00000000abc-XYzz"},
        {"GMX", "Requested mail action okay, completed: id=1MfXyz-1abcDE2fgh-00abcd",
         "1MfXyz-1abcDE2fgh-00abcd"},
        {"Mail.ru", "OK id=1rABCD-000abc-XY", "1rABCD-000abc-XY"},
        {"Sendmail", "2.0.0 41N7UaBc012345 Message accepted for delivery", "41N7UaBc012345"},
        {"OpenSMTPD", "2.0.0 5f9e2d1a Message accepted for delivery", "5f9e2d1a"},
        {"CommuniGate", "12345678 message accepted for delivery", "12345678"},
        {"qmail", "ok 1700000000 qp 12345", "1700000000 qp 12345"},
        {"Haraka", "Message Queued (6D3C0F1E-8A7B-4C5D-9E0F-112233445566.1)",
         "6D3C0F1E-8A7B-4C5D-9E0F-112233445566.1"},
        {"Exchange",
         "2.6.0 <a@example.com> [InternalId=12345678, Hostname=X.example.com] 1234 bytes in 0.1, 10 KB/sec "
         "Queued mail for delivery",
         "12345678"},
        {"Exchange, older", "2.6.0 <SERVER1a2b3c00000042@mail.example.com> Queued mail for delivery",
         "<SERVER1a2b3c00000042@mail.example.com>"},
        {"Exchange, without any", "2.6.0 10 KB/sec Queued mail for delivery", NULL},
        {"Outlook.com",
         "2.6.0 <a@example.com> [InternalId=70540892995652, "
         "Hostname=AM0PR01MB1234.eurprd01.prod.exchangelabs.com] "
         "8573 bytes in 0.281, 29,742 KB/sec Queued mail for delivery -> 250 2.1.5",
         "70540892995652"},
        {"Gmail", "2.0.0 OK  1700000000 ab12-20020a056a00sor1234567.8 - gsmtp",
         "ab12-20020a056a00sor1234567.8"},
        {"SES", "Ok 0100018c12345678-abcdef01-2345-6789-abcd-ef0123456789-000000",
         "0100018c12345678-abcdef01-2345-6789-abcd-ef0123456789-000000"},
        {"SendGrid", "Ok: queued as aBcDeFgHiJkLmNoPqRsT12", "aBcDeFgHiJkLmNoPqRsT12"},
        {"Mailgun", "Great success", NULL},
        {"QQ", "Ok: queued as", NULL},
        {"QQ with a space", "Ok: queued as ", NULL},
        {"QQ with a full stop", "OK: queued as.", NULL},
        {"NetEase", "Mail OK queued as smtp3,DsmowAB3X1,1 1700000000", "smtp3,DsmowAB3X1,1"},
        {"Alibaba Cloud", "Data Ok: queued as freedom ###envid=201234567890", "201234567890"},
        {"Stalwart", "2.0.0 Message queued with id 1dd2ff5a7b.", "1dd2ff5a7b"},
        {"Momentum", "2.0.0 OK 1B/5C-12345-6F7E8D9C", "1B/5C-12345-6F7E8D9C"},
        {"PowerMTA", "2.6.0 message received", NULL},
        {"hMailServer", "Queued (0.123 seconds)", NULL},
        {"aiosmtpd", "OK", NULL},
        {"aiosmtpd, longer", "Message accepted for delivery", NULL},
        {"Domino", "2.0.0 Message accepted for delivery", NULL},
        {"smtp-server", "OK: message queued", NULL},
        {"MailHog", "Ok: queued as abc123=@mailhog.example", "abc123=@mailhog.example"},
        {"Yandex", "2.0.0 Ok: queued on mxback1.example.net as 1700000000-AbCdEf12", "1700000000-AbCdEf12"},
        {"Yandex, older", "2.0.0 Ok: queued on mxback1.example.net 1700000000-AbCdEf12",
         "1700000000-AbCdEf12"},
        {"KumoMTA", "OK ids=0123abcd", "0123abcd"},
        {"IronPort", "ok:  Message 123456 accepted", "123456"},
        {"Dovecot LMTP", "2.0.0 <a@example.com> ABC123def+456 Saved", "ABC123def+456"},
        {"Dovecot LMTP, without a digit", "2.0.0 <a@example.com> kOgJKNgxBGvMPwAAg+zDdQ Saved",
         "kOgJKNgxBGvMPwAAg+zDdQ"},
        {"Cyrus LMTP", "2.1.5 Ok SESSIONID=<mx.example-1234-1700000000-1-5566>",
         "mx.example-1234-1700000000-1-5566"},
        {"Dovecot submission, of what is behind it", "2.0.0 Ok: queued as 4Xyz12AbCd", "4Xyz12AbCd"},
        {"Mailjet", "OK queued as 0f1e2d3c-aaaa-bbbb-cccc-ddeeff001122",
         "0f1e2d3c-aaaa-bbbb-cccc-ddeeff001122"},
        {"SparkPost", "2.0.0 OK CD/F2-22430-4E1A3A95", "CD/F2-22430-4E1A3A95"},
        {"s/qmail", "ok 1700000000 qp 12345 by mx.example", "1700000000 qp 12345"},
        {"MDaemon", "Ok, message saved <Message-ID: a@example.com>", NULL},
        {"Axigen", "Mail queued for delivery", NULL},
        {"Apache James", "2.6.0 Message received", NULL},
        {"Courier", "Ok. 000000000001A2B3.0000000065.00001234", "000000000001A2B3.0000000065.00001234"},
        {"Brevo", "2.0.0 OK: queued as <202311230730.12345@smtp-relay.example>",
         "<202311230730.12345@smtp-relay.example>"},
        {"Yahoo", "OK , completed", NULL},
        {"Zoho", "Message received", NULL},
        {"GreenMail", "OK fine", NULL},
        {"nothing", "", NULL},
        {"spaces", "   ", NULL},
        {"forms without end", "queued on", NULL},
        {"id and nothing", "OK id=", NULL},
        {"an enhanced code is no ID", "ok 2.0.0", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].relay);
        CHECK_TEXT(smtp_queue_id_find(str_of(rows[i].text)), rows[i].id);
    }
}

/* A view of the text, whatever the relay says. */
static void a_hostile_reply_yields_nothing_that_is_not_its_own(void)
{
    static const char *const rows[] = {
        "queued as queued as queued as 1",
        "id= id= id= id=1",
        "[InternalId=",
        "[InternalId=,",
        "sessionid=<",
        "sessionid=<>",
        "queued (",
        "queued ()",
        "ok 1 qp",
        "ok qp qp qp qp",
        "- gsmtp",
        "1 - gsmtp 2 - gsmtp",
        "message  accepted",
        "%",
        "? % $ ^",
        "ids=;,.",
        "queued as .,;.,;",
        "queued on as as as as 1",
        "^ ok 1 $",
        "\xff\xfe ok \x80 1",
        "2.0.0 2.0.0 2.0.0 ok 2.0.0 2.0.0",
        "OK id=\"><script>",
        "queued as \t \t x",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t len = 0; len <= strlen(rows[i]); len++) {
            char *copy = malloc(len + 1); /* so that a sanitizer sees its end */
            memcpy(copy, rows[i], len);
            struct str id = smtp_queue_id_find((struct str){copy, len});
            test_row("%s, %zu", rows[i], len);
            CHECK(!id.data || (id.len > 0 && id.data >= copy && id.data + id.len <= copy + len));
            free(copy);
        }
}

int main(void)
{
    TEST(each_relay_says_it_in_its_own_form);
    TEST(a_hostile_reply_yields_nothing_that_is_not_its_own);
    return test_result();
}
