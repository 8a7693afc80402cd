#include "smtp/capabilities.h"
#include "test.h"

static struct smtp_capabilities capabilities;

static void read_ehlo(const char *text)
{
    struct smtp_reply reply;
    size_t used;
    smtp_reply_init(&reply);
    CHECK_INT(smtp_reply_feed(&reply, str_of(text), &used), SMTP_REPLY_COMPLETE);
    smtp_capabilities_read(&capabilities, &reply);
    smtp_reply_fini(&reply);
}

static void keywords_are_read_whatever_their_case(void)
{
    static const struct {
        const char *ehlo;
        unsigned extensions;
        uint64_t max_size_octets;
        const char *mechanisms;
    } rows[] = {
        {"250 relay\r\n", 0, 0, ""},
        {"250 SIZE 10\r\n", 0, 0, ""}, /* the greeting line offers nothing */
        {"250-r\r\n250 size 1000\r\n", SMTP_SIZE, 1000, ""},
        {"250-r\r\n250 SIZE\r\n", SMTP_SIZE, 0, ""},
        {"250-r\r\n250 SIZE 0\r\n", SMTP_SIZE, 0, ""},
        {"250-r\r\n250 SIZE junk\r\n", SMTP_SIZE, 0, ""},
        {"250-r\r\n250 SIZE -1\r\n", SMTP_SIZE, 0, ""},
        {"250-r\r\n250 SIZE 1180591620717411303424\r\n", SMTP_SIZE, 0, ""},
        {"250-r\r\n250 SIZE 18446744073709551615\r\n", SMTP_SIZE, UINT64_MAX, ""},
        {"250-r\r\n250 AUTH PLAIN LOGIN\r\n", SMTP_AUTH, 0, " PLAIN LOGIN"},
        {"250-r\r\n250 AUTH=PLAIN LOGIN\r\n", SMTP_AUTH, 0, " PLAIN LOGIN"},
        {"250-r\r\n250-auth PLAIN\r\n250-AUTH=LOGIN\r\n250 AUTH  plain\r\n", SMTP_AUTH, 0, " PLAIN LOGIN"},
        {"250-r\r\n250 AUTH\r\n", SMTP_AUTH, 0, ""},
        {"250-r\r\n250-STARTTLS\r\n250 SmtpUtf8\r\n", SMTP_STARTTLS | SMTP_SMTPUTF8, 0, ""},
        {"250-r\r\n250-STARTTLSX\r\n250 XSTARTTLS\r\n", 0, 0, ""},
        {"250-r\r\n250-\r\n250  PIPELINING \r\n", SMTP_PIPELINING, 0, ""},
        {"250-r\r\n250-8BITMIME\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
         "250 REQUIRETLS\r\n",
         SMTP_8BITMIME | SMTP_CHUNKING | SMTP_BINARYMIME | SMTP_DSN | SMTP_ENHANCEDSTATUSCODES |
             SMTP_REQUIRETLS,
         0, ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        read_ehlo(rows[i].ehlo);
        CHECK_INT(capabilities.extensions, rows[i].extensions);
        CHECK(capabilities.max_size_octets == rows[i].max_size_octets);
        CHECK_TEXT(buf_view(&capabilities.mechanisms), rows[i].mechanisms);
    }
}

static void limits_are_read(void)
{
    read_ehlo("250-r\r\n250 LIMITS MAILMAX=2 RCPTMAX=100 X\r\n");
    CHECK_INT(capabilities.max_recipients, 100);
    CHECK_INT(capabilities.max_mails, 2);
    CHECK_INT(capabilities.max_domains, 0);
    read_ehlo("250-r\r\n250 LIMITS RCPTMAX=x rcptdomainmax=7 MAILMAX OTHERMAX=1\r\n");
    CHECK_INT(capabilities.max_recipients, 0);
    CHECK_INT(capabilities.max_mails, 0);
    CHECK_INT(capabilities.max_domains, 7);
}

/* RFC 3207 4.2 */
static void a_new_reply_replaces_the_old(void)
{
    read_ehlo("250-r\r\n250-SIZE 10\r\n250-LIMITS RCPTMAX=1\r\n250 AUTH PLAIN\r\n");
    CHECK(smtp_capabilities_offer_mechanism(&capabilities, STR("plain")));
    read_ehlo("250-r\r\n250 AUTH LOGIN\r\n");
    CHECK_INT(capabilities.max_size_octets, 0);
    CHECK_INT(capabilities.max_recipients, 0);
    CHECK(!smtp_capabilities_offer_mechanism(&capabilities, STR("PLAIN")));
    CHECK(!smtp_capabilities_offer_mechanism(&capabilities, STR("")));
    CHECK(!smtp_capabilities_offer(&capabilities, SMTP_SIZE));
    CHECK_TEXT(buf_view(&capabilities.keywords), "AUTH LOGIN\n");
    smtp_capabilities_forget(&capabilities);
    CHECK(!smtp_capabilities_offer(&capabilities, SMTP_AUTH));
}

int main(void)
{
    smtp_capabilities_init(&capabilities);
    TEST(keywords_are_read_whatever_their_case);
    TEST(limits_are_read);
    TEST(a_new_reply_replaces_the_old);
    smtp_capabilities_fini(&capabilities);
    return test_result();
}
