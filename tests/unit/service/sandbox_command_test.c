#include "service/sandbox/command.h"
#include "test.h"

static void a_verb_is_read_whatever_its_case(void)
{
    static const struct {
        const char *line;
        enum sandbox_verb verb;
        const char *argument;
    } rows[] = {
        {"EHLO client.example", SANDBOX_VERB_EHLO, "client.example"},
        {"ehlo [127.0.0.1]", SANDBOX_VERB_EHLO, "[127.0.0.1]"},
        {"HeLo x", SANDBOX_VERB_HELO, "x"},
        {"STARTTLS", SANDBOX_VERB_STARTTLS, ""},
        {"AUTH PLAIN AGEAYg==", SANDBOX_VERB_AUTH, "PLAIN AGEAYg=="},
        {"MAIL FROM:<a@b>", SANDBOX_VERB_MAIL, "FROM:<a@b>"},
        {"RCPT TO:<a@b>", SANDBOX_VERB_RCPT, "TO:<a@b>"},
        {"data", SANDBOX_VERB_DATA, ""},
        {"BDAT 10 LAST", SANDBOX_VERB_BDAT, "10 LAST"},
        {"HELP", SANDBOX_VERB_HELP, ""},
        {"RSET", SANDBOX_VERB_RSET, ""},
        {"NOOP anything", SANDBOX_VERB_NOOP, "anything"},
        {"VRFY a@b", SANDBOX_VERB_VRFY, "a@b"},
        {"QUIT", SANDBOX_VERB_QUIT, ""},
        {"QUIT  \t ", SANDBOX_VERB_QUIT, ""},
        {"", SANDBOX_VERB_UNKNOWN, ""},
        {" QUIT", SANDBOX_VERB_UNKNOWN, "QUIT"},
        {"QUITE", SANDBOX_VERB_UNKNOWN, ""},
        {"QUI", SANDBOX_VERB_UNKNOWN, ""},
        {"GET / HTTP/1.1", SANDBOX_VERB_UNKNOWN, "/ HTTP/1.1"},
        {"MAIL\rFROM:<a@b>", SANDBOX_VERB_UNKNOWN, ""},
        {"NOOP \r", SANDBOX_VERB_UNKNOWN, "\r"},
        {"NOOP \x7f", SANDBOX_VERB_UNKNOWN, "\x7f"},
        {"NOOP \xc3\xa9", SANDBOX_VERB_NOOP, "\xc3\xa9"},
        {"NOOP \xff", SANDBOX_VERB_UNKNOWN, "\xff"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].line);
        struct sandbox_command command = sandbox_command_parse(str_of(rows[i].line));
        CHECK_INT(command.verb, rows[i].verb);
        CHECK_TEXT(command.argument, rows[i].argument);
    }
}

static void a_nul_makes_no_command(void)
{
    CHECK_INT(sandbox_command_parse(STR("QUIT\0")).verb, SANDBOX_VERB_UNKNOWN);
    CHECK_INT(sandbox_command_parse(STR("MAIL FROM:<a@b\0c>")).verb, SANDBOX_VERB_UNKNOWN);
}

#define SYNTAX  "501 5.5.4 Syntax: MAIL FROM:<address>"
#define SENDER  "501 5.1.7 Bad sender address syntax"
#define UNKNOWN "555 5.5.4 Unsupported option"

static void mail_names_a_return_path_and_parameters(void)
{
    static const struct {
        const char *argument;
        const char *refusal;
        const char *return_path;
        uint64_t size;
        bool smtputf8;
    } rows[] = {
        {"FROM:<a@b.example>", NULL, "a@b.example", 0, false},
        {"from:<a@b.example>", NULL, "a@b.example", 0, false},
        {"FROM:<>", NULL, "", 0, false},
        {"FROM:<a@b> SIZE=1234", NULL, "a@b", 1234, false},
        {"FROM:<a@b> size=7 body=8bitmime", NULL, "a@b", 7, false},
        {"FROM:<a@b> BODY=7BIT SMTPUTF8 SIZE=0", NULL, "a@b", 0, true},
        {"FROM:<a@b> AUTH=<>", NULL, "a@b", 0, false},
        {"FROM:<\xc3\xa9@b> SMTPUTF8", NULL, "\xc3\xa9@b", 0, true},
        {"FROM:<\"a> SIZE=1\"@b>", NULL, "\"a> SIZE=1\"@b", 0, false},
        {"FROM:<@x.example,@y.example:a@b>", NULL, "a@b", 0, false},
        {"FROM:<a@b> SIZE=18446744073709551615", NULL, "a@b", UINT64_MAX, false},
        {"FROM:<\xc3\xa9@b>", "553 5.6.7 Must declare SMTPUTF8 to send unicode address", NULL, 0, false},
        {"FROM:<a@b> SIZE=18446744073709551616", "501 5.5.4 Bad message size syntax", NULL, 0, false},
        {"FROM:<a@b> SIZE=-1", "501 5.5.4 Bad message size syntax", NULL, 0, false},
        {"FROM:<a@b> SIZE", "501 5.5.4 Bad message size syntax", NULL, 0, false},
        {"FROM:<a@b> BODY=BINARYMIME", "501 5.5.4 Unknown parameter in MAIL command", NULL, 0, false},
        {"FROM:<a@b> SMTPUTF8=yes", "501 5.5.4 SMTPUTF8 takes no value", NULL, 0, true},
        {"FROM:<a@b> AUTH", "501 5.5.4 Syntax: AUTH=<address>", NULL, 0, false},
        {"FROM:<a@b> RET=FULL ENVID=a+20b", NULL, "a@b", 0, false},
        {"FROM:<a@b> ret=hdrs REQUIRETLS", NULL, "a@b", 0, false},
        {"FROM:<a@b> RET=ALL", "501 5.5.4 Syntax: RET=FULL or RET=HDRS", NULL, 0, false},
        {"FROM:<a@b> ENVID=a+2", "501 5.5.4 Bad ENVID syntax", NULL, 0, false},
        {"FROM:<a@b> ENVID=", "501 5.5.4 Bad ENVID syntax", NULL, 0, false},
        {"FROM:<a@b> REQUIRETLS=1", "501 5.5.4 REQUIRETLS takes no value", NULL, 0, false},
        {"FROM:<a@b> SIZE=1 size=1", "501 5.5.4 Option given twice", NULL, 0, false},
        {"FROM:<a@b> NOTIFY=NEVER", UNKNOWN, NULL, 0, false},
        {"FROM:<a@b>  SIZE=1", NULL, "a@b", 1, false},
        {"FROM:<a@b> SIZE=1  BODY=7BIT", UNKNOWN, NULL, 0, false},
        {"FROM:<a@b> =", UNKNOWN, NULL, 0, false},
        {"FROM:<a@b>SIZE=1", SYNTAX, NULL, 0, false},
        {"FROM:<a@b> RCPT TO:<c@d>", UNKNOWN, NULL, 0, false},
        {"FROM: <a@b>", SYNTAX, NULL, 0, false},
        {"FROM :<a@b>", SYNTAX, NULL, 0, false},
        {"FROM:a@b", SYNTAX, NULL, 0, false},
        {"FROM:<a@b", SYNTAX, NULL, 0, false},
        {"FROM:", SYNTAX, NULL, 0, false},
        {"TO:<a@b>", SYNTAX, NULL, 0, false},
        {"", SYNTAX, NULL, 0, false},
        {"FROM:<a>", SENDER, NULL, 0, false},
        {"FROM:< >", SENDER, NULL, 0, false},
        {"FROM:<a@b c@d>", SENDER, NULL, 0, false},
        {"FROM:<<a@b>>", SYNTAX, NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].argument);
        struct sandbox_mail mail;
        const char *refusal = sandbox_command_read_mail(str_of(rows[i].argument), &mail);
        CHECK_STR(str_of(refusal), str_of(rows[i].refusal));
        if (rows[i].refusal)
            continue;
        CHECK_TEXT(mail.return_path, rows[i].return_path);
        CHECK(mail.size_octets == rows[i].size);
        CHECK_INT(mail.smtputf8, rows[i].smtputf8);
    }
}

static void rcpt_names_one_recipient(void)
{
    static const char syntax[] = "501 5.5.4 Syntax: RCPT TO:<address>";
    static const char recipient_syntax[] = "501 5.1.3 Bad recipient address syntax";
    static const struct {
        const char *argument;
        bool smtputf8;
        const char *refusal;
        const char *recipient;
    } rows[] = {
        {"TO:<a@b.example>", false, NULL, "a@b.example"},
        {"to:<Postmaster>", false, NULL, "Postmaster"},
        {"TO:<@relay.example:a@b>", false, NULL, "a@b"},
        {"TO:<\xc3\xa9@b>", true, NULL, "\xc3\xa9@b"},
        {"TO:<\xc3\xa9@b>", false, "553 5.6.7 Must declare SMTPUTF8 to send unicode address", NULL},
        {"TO:<a@b> NOTIFY=NEVER", false, NULL, "a@b"},
        {"TO:<a@b> notify=success,Failure,DELAY ORCPT=rfc822;a+2Bx@b", false, NULL, "a@b"},
        {"TO:<a@b> ORCPT=utf-8;\xc3\xa9@b", true, NULL, "a@b"},
        {"TO:<a@b> NOTIFY=NEVER,SUCCESS", false, "501 5.5.4 Bad NOTIFY syntax", NULL},
        {"TO:<a@b> NOTIFY=", false, "501 5.5.4 Bad NOTIFY syntax", NULL},
        {"TO:<a@b> NOTIFY=SUCCESS,", false, "501 5.5.4 Bad NOTIFY syntax", NULL},
        {"TO:<a@b> ORCPT=rfc822", false, "501 5.5.4 Bad ORCPT syntax", NULL},
        {"TO:<a@b> ORCPT=rfc822;a=b", false, "501 5.5.4 Bad ORCPT syntax", NULL},
        {"TO:<a@b> SIZE=1", false, UNKNOWN, NULL},
        {"TO:<>", false, recipient_syntax, NULL},
        {"TO:<a@b>, <c@d>", false, syntax, NULL},
        {"TO: <a@b>", false, syntax, NULL},
        {"FROM:<a@b>", false, syntax, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].argument);
        struct str recipient = {0}, parameters;
        const char *refusal =
            sandbox_command_read_rcpt(str_of(rows[i].argument), rows[i].smtputf8, &recipient, &parameters);
        CHECK_STR(str_of(refusal), str_of(rows[i].refusal));
        if (!rows[i].refusal)
            CHECK_TEXT(recipient, rows[i].recipient);
    }
}

static void bdat_counts_octets(void)
{
    static const char syntax[] = "501 5.5.4 Syntax: BDAT octets [LAST]";
    static const struct {
        const char *argument, *refusal;
        uint64_t octets;
        bool is_last;
    } rows[] = {
        {"0 LAST", NULL, 0, true},      {"17", NULL, 17, false},
        {"17 last", NULL, 17, true},    {"", syntax, 0, false},
        {"LAST", syntax, 0, false},     {"-1", syntax, 0, false},
        {"1 2", syntax, 0, false},      {"1  LAST", syntax, 0, false},
        {"1 LAST x", syntax, 0, false}, {"18446744073709551616", syntax, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].argument);
        struct sandbox_chunk chunk;
        const char *refusal = sandbox_command_read_bdat(str_of(rows[i].argument), &chunk);
        CHECK_STR(str_of(refusal), str_of(rows[i].refusal));
        if (refusal)
            continue;
        CHECK_INT(chunk.octets, rows[i].octets);
        CHECK_INT(chunk.is_last, rows[i].is_last);
    }
}

int main(void)
{
    TEST(a_verb_is_read_whatever_its_case);
    TEST(a_nul_makes_no_command);
    TEST(mail_names_a_return_path_and_parameters);
    TEST(rcpt_names_one_recipient);
    TEST(bdat_counts_octets);
    return test_result();
}
