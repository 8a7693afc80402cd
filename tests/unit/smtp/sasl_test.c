#include "smtp/sasl.h"
#include "test.h"

#include <string.h>

static struct buf response;

static const struct smtp_channel_binding unbound;

static const struct smtp_sasl_mechanism *mechanism_of(const char *name)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (str_equal(str_of(name), str_of(smtp_sasl_mechanism_at(row)->name)))
            return smtp_sasl_mechanism_at(row);
    return NULL;
}

/* Never called: which mechanism is chosen depends on whether there is a source, not on the token. */
static bool fetch_nothing(void *context, struct deadline total, struct buf *token, struct fault *fault)
{
    (void)context, (void)total, (void)token;
    return fault_set(fault, FAULT_INTERNAL, "there is none");
}

enum { MAX_ROUNDS = 4 };

static void each_mechanism_answers_its_challenges(void)
{
    static const struct {
        const char *mechanism;
        struct {
            struct str challenge, response; /* response absent: cancels */
        } rounds[MAX_ROUNDS];
    } rows[] = {
        {"PLAIN", {{STR(""), STR("\0ann\0s3cret")}, {STR(""), {0}}}},
        {"LOGIN", {{STR("Username:"), STR("ann")}, {STR("Password:"), STR("s3cret")}}},
        {"LOGIN", {{STR("Password:"), STR("s3cret")}, {STR("Username:"), STR("ann")}}},
        {"LOGIN", {{STR("User Name\0"), STR("ann")}, {STR("Password\0"), STR("s3cret")}}},
        {"LOGIN", {{STR("username"), STR("ann")}, {STR("PASSWORD"), STR("s3cret")}}},
        {"LOGIN", {{STR("Benutzer"), STR("ann")}, {STR("Kennwort"), STR("s3cret")}, {STR("Noch was"), {0}}}},
        {"LOGIN", {{STR(""), STR("ann")}, {STR(""), STR("s3cret")}, {STR(""), {0}}}},
        {"LOGIN", {{STR("Password:"), STR("s3cret")}, {STR("Kto?"), STR("ann")}}},
        {"EXTERNAL", {{STR(""), STR("ann")}, {STR(""), {0}}}},
        {"CRAM-MD5", {{STR(""), {0}}}},
        {"XOAUTH2",
         {{STR(""), STR("user=ann\1auth=Bearer t0ken\1\1")},
          {STR("{\"status\":\"400\"}"), STR("")},
          {STR(""), {0}}}},
        {"OAUTHBEARER",
         {{STR(""), STR("n,a=ann,\1host=relay.example\1port=587\1auth=Bearer t0ken\1\1")},
          {STR("{\"status\":\"invalid_token\"}"), STR("\1")},
          {STR(""), {0}}}},
    };
    struct smtp_relay relay = {
        .host = STR("relay.example"), .port = 587, .username = STR("ann"), .password = STR("s3cret")};
    struct smtp_sasl_terms terms = {.token = STR("t0ken"), .binding = &unbound};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_sasl sasl;
        smtp_sasl_start(&sasl, mechanism_of(rows[i].mechanism), &relay, &terms);
        for (size_t n = 0; n < MAX_ROUNDS && rows[i].rounds[n].challenge.data; n++) {
            test_row("row %zu, round %zu", i, n);
            buf_clear(&response);
            enum smtp_status status = smtp_sasl_respond(&sasl, rows[i].rounds[n].challenge, &response);
            struct str want = rows[i].rounds[n].response;
            CHECK_INT(status, want.data ? SMTP_STATUS_OK : SMTP_STATUS_MALFORMED);
            CHECK(want.data || sasl.problem);
            if (want.len)
                CHECK_STR(buf_view(&response), want);
            CHECK(want.data || !response.len);
        }
        CHECK(smtp_sasl_is_complete(&sasl));
        smtp_sasl_fini(&sasl);
    }
}

static void cram_md5_hashes_the_challenge(void)
{
    static const struct {
        struct str username, password, challenge;
        const char *response;
    } rows[] = {
        /* RFC 2195 2 */
        {STR("tim"), STR("tanstaaftanstaaf"), STR("<1896.697170952@postoffice.reston.mci.net>"),
         "tim b913a602c7eda7a495b4e6e7334d3890"},
        /* RFC 2202 2, test case 6: a key longer than a block of MD5, of 80 octets 0xaa */
        {STR("ann"),
         STR("\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
             "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
             "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"
             "\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa\xaa"),
         STR("Test Using Larger Than Block-Size Key - Hash Key First"),
         "ann 6b1ab7fe4bd7bf8f0b62e6ce61b9d0cd"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_relay relay = {.username = rows[i].username, .password = rows[i].password};
        struct smtp_sasl_terms terms = {.binding = &unbound};
        struct smtp_sasl sasl;
        smtp_sasl_start(&sasl, mechanism_of("CRAM-MD5"), &relay, &terms);
        buf_clear(&response);
        CHECK_INT(smtp_sasl_respond(&sasl, rows[i].challenge, &response), SMTP_STATUS_OK);
        CHECK_TEXT(buf_view(&response), rows[i].response);
        CHECK_INT(sasl.public_bytes, 4);
        CHECK_INT(smtp_sasl_respond(&sasl, rows[i].challenge, &response), SMTP_STATUS_MALFORMED);
        smtp_sasl_fini(&sasl);
    }
}

static void an_authorization_identity_is_escaped(void)
{
    struct smtp_relay relay = {.host = STR("h"), .port = 1, .username = STR("a=b,c")};
    struct smtp_sasl_terms terms = {.token = STR("t"), .binding = &unbound};
    struct smtp_sasl sasl;
    smtp_sasl_start(&sasl, mechanism_of("OAUTHBEARER"), &relay, &terms);
    buf_clear(&response);
    CHECK_INT(smtp_sasl_respond(&sasl, STR(""), &response), SMTP_STATUS_OK);
    smtp_sasl_fini(&sasl);
    CHECK_STR(buf_view(&response), STR("n,a=a=3Db=2Cc,\1host=h\1port=1\1auth=Bearer t\1\1"));
}

/* RFC 7628 3.1: Ctrl-A ends a field of the message. */
static void a_token_that_could_say_more_is_not_said(void)
{
    static const struct str tokens[] = {{0}, STR("t\1auth=Bearer other")};
    struct smtp_relay relay = {.host = STR("h"), .port = 1, .username = STR("ann")};
    for (size_t i = 0; i < 2; i++) {
        struct smtp_sasl_terms terms = {.token = tokens[i], .binding = &unbound};
        struct smtp_sasl sasl;
        test_row("%zu", i);
        smtp_sasl_start(&sasl, mechanism_of("XOAUTH2"), &relay, &terms);
        buf_clear(&response);
        CHECK_INT(smtp_sasl_respond(&sasl, STR(""), &response), SMTP_STATUS_MALFORMED);
        CHECK(response.len == 0 && sasl.problem);
        smtp_sasl_fini(&sasl);
    }
}

static void a_login_has_eight_rounds(void)
{
    struct smtp_relay relay = {.username = STR("ann"), .password = STR("s3cret")};
    struct smtp_sasl_terms terms = {.binding = &unbound};
    struct smtp_sasl sasl;
    smtp_sasl_start(&sasl, mechanism_of("LOGIN"), &relay, &terms);
    for (int round = 1; round <= SMTP_SASL_MAX_ROUNDS; round++)
        CHECK_INT(smtp_sasl_respond(&sasl, STR("Username:"), &response), SMTP_STATUS_OK);
    CHECK_INT(smtp_sasl_respond(&sasl, STR("Username:"), &response), SMTP_STATUS_MALFORMED);
    smtp_sasl_fini(&sasl);
}

static void check_choice(const struct smtp_relay *relay, const char *mechanisms,
                         const struct smtp_tls_facts *tls, const char *want)
{
    struct smtp_capabilities offered;
    smtp_capabilities_init(&offered);
    buf_append_format(&offered.mechanisms, " %s", mechanisms);
    const struct smtp_sasl_mechanism *chosen = smtp_sasl_choose(relay, &offered, tls);
    CHECK_TEXT(str_of(chosen ? chosen->name : NULL), want);
    smtp_capabilities_fini(&offered);
}

static void auto_prefers_what_does_not_tell_the_password(void)
{
    enum { TOKEN = 1, CERTIFICATE = 2, BINDING = 4, CLEAR = 8, BAD_NAME = 16, NO_NAME = 32 };
    static const struct {
        const char *name, *offered;
        struct str password;
        unsigned has;
        const char *chosen;
    } rows[] = {
        {"SCRAM before all", "LOGIN PLAIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 XOAUTH2", STR("p"), TOKEN,
         "SCRAM-SHA-256"},
        {"bound before unbound", "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", STR("p"), BINDING, "SCRAM-SHA-1-PLUS"},
        {"the stronger of the bound", "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS", STR("p"), BINDING,
         "SCRAM-SHA-256-PLUS"},
        {"nothing to bind to", "SCRAM-SHA-256-PLUS PLAIN", STR("p"), 0, "PLAIN"},
        {"no SASLprep form", "SCRAM-SHA-256 PLAIN", STR("p\xf0\x9f\x98\x80"), 0, "PLAIN"},
        {"PLAIN under TLS", "CRAM-MD5 LOGIN PLAIN", STR("p"), 0, "PLAIN"},
        {"CRAM-MD5 where nothing else is", "CRAM-MD5", STR("p"), 0, "CRAM-MD5"},
        {"CRAM-MD5 in the clear", "PLAIN CRAM-MD5", STR("p"), CLEAR, "CRAM-MD5"},
        {"SCRAM in the clear", "PLAIN CRAM-MD5 SCRAM-SHA-1", STR("p"), CLEAR, "SCRAM-SHA-1"},
        {"EXTERNAL", "PLAIN EXTERNAL", {0}, CERTIFICATE, "EXTERNAL"},
        {"EXTERNAL by the certificate alone", "EXTERNAL", {0}, CERTIFICATE | NO_NAME, "EXTERNAL"},
        {"EXTERNAL behind a password", "EXTERNAL PLAIN", STR("p"), CERTIFICATE, "PLAIN"},
        {"EXTERNAL with a name that cannot be said", "EXTERNAL", {0}, CERTIFICATE | BAD_NAME, NULL},
        {"SCRAM with a name that has no SASLprep form", "SCRAM-SHA-256", STR("p"), BAD_NAME, NULL},
        {"EXTERNAL without TLS", "EXTERNAL", {0}, CERTIFICATE | CLEAR, NULL},
        {"EXTERNAL without certificate", "EXTERNAL", STR("p"), 0, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct smtp_relay relay = {.username = rows[i].has & BAD_NAME  ? STR("\0\xf0\x9f\x98\x80")
                                               : rows[i].has & NO_NAME ? (struct str){0}
                                                                       : STR("ann"),
                                   .password = rows[i].password,
                                   .token.fetch = rows[i].has & TOKEN ? fetch_nothing : NULL,
                                   .tls = rows[i].has & CLEAR ? SMTP_TLS_NONE : SMTP_TLS_IMPLICIT};
        struct smtp_tls_facts tls = {.version = rows[i].has & CLEAR ? NULL : "TLSv1.3",
                                     .binding.type = rows[i].has & BINDING ? "tls-exporter" : NULL};
        if (rows[i].has & CERTIFICATE)
            relay.client_cert_file = STR("/client.pem");
        check_choice(&relay, rows[i].offered, &tls, rows[i].chosen);
    }
}

/* A login without a user name: the certificate says it all. */
static void a_login_is_wanted_where_there_is_something_to_log_in_with(void)
{
    static const struct {
        struct str username, certificate, auth;
        bool is_wanted;
    } rows[] = {
        {STR("ann"), {0}, STR("auto"), true},
        {{0}, STR("/client.pem"), STR("auto"), false},
        {{0}, STR("/client.pem"), STR("external"), true},
        {{0}, STR("/client.pem"), STR("PLAIN EXTERNAL"), true},
        {{0}, {0}, STR("EXTERNAL"), false},
        {{0}, {0}, {0}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_relay relay = {
            .username = rows[i].username, .client_cert_file = rows[i].certificate, .auth = rows[i].auth};
        CHECK_INT(smtp_sasl_is_wanted(&relay), rows[i].is_wanted);
    }
}

static void the_first_that_is_allowed_and_offered_and_suits_is_chosen(void)
{
    static char long_text[8001];
    memset(long_text, 'a', sizeof long_text);
    static const struct {
        const char *name, *allowed, *offered;
        struct str username, password, token;
        enum smtp_tls tls;
        bool is_encrypted;
        const char *chosen; /* NULL: none */
    } rows[] = {
        {"auto", "auto", "LOGIN PLAIN", STR("a"), STR("p"), {0}, SMTP_TLS_STARTTLS, true, "PLAIN"},
        {"absent is auto", NULL, "LOGIN plain", STR("a"), STR("p"), {0}, SMTP_TLS_STARTTLS, true, "PLAIN"},
        {"in order", "LOGIN PLAIN", "PLAIN LOGIN", STR("a"), STR("p"), {0}, SMTP_TLS_IMPLICIT, true, "LOGIN"},
        {"case", "login", "LOGIN", STR("a"), STR("p"), {0}, SMTP_TLS_IMPLICIT, true, "LOGIN"},
        {"unknown", "X LOGIN", "X LOGIN", STR("a"), STR("p"), {0}, SMTP_TLS_IMPLICIT, true, "LOGIN"},
        {"F72", "auto", "NTLM GSSAPI", STR("a"), STR("p"), {0}, SMTP_TLS_STARTTLS, true, NULL},
        {"F45", "auto", "PLAIN LOGIN", STR("a"), STR("p"), {0}, SMTP_TLS_STARTTLS, false, NULL},
        {"tls=none", "auto", "PLAIN LOGIN", STR("a"), STR("p"), {0}, SMTP_TLS_NONE, false, "PLAIN"},
        {"token", "auto", "PLAIN XOAUTH2", STR("a"), {0}, STR("t"), SMTP_TLS_STARTTLS, true, "XOAUTH2"},
        {"token first", "auto", "PLAIN XOAUTH2 OAUTHBEARER", STR("a"), STR("p"), STR("t"), SMTP_TLS_STARTTLS,
         true, "OAUTHBEARER"},
        {"no token", "auto", "XOAUTH2", STR("a"), STR("p"), {0}, SMTP_TLS_STARTTLS, true, NULL},
        {"NUL in password", "auto", "PLAIN", STR("a"), STR("p\0q"), {0}, SMTP_TLS_STARTTLS, true, NULL},
        {"NUL in name", "auto", "PLAIN", STR("a\0b"), STR("p"), {0}, SMTP_TLS_STARTTLS, true, NULL},
        {"endless name", "auto", "PLAIN", {long_text, 256}, STR("p"), {0}, SMTP_TLS_STARTTLS, true, NULL},
        {"endless password",
         "auto",
         "PLAIN",
         STR("a"),
         {long_text, 8001},
         {0},
         SMTP_TLS_STARTTLS,
         true,
         NULL},
        {"longest name and password",
         "auto",
         "PLAIN",
         {long_text, 255},
         {long_text, 8000},
         {0},
         SMTP_TLS_STARTTLS,
         true,
         "PLAIN"},
        {"Ctrl-A in name", "auto", "XOAUTH2", STR("a\1"), {0}, STR("t"), SMTP_TLS_STARTTLS, true, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct smtp_relay relay = {.username = rows[i].username,
                                   .password = rows[i].password,
                                   .token.fetch = rows[i].token.data ? fetch_nothing : NULL,
                                   .auth = str_of(rows[i].allowed),
                                   .tls = rows[i].tls};
        struct smtp_tls_facts tls = {.version = rows[i].is_encrypted ? "TLSv1.3" : NULL};
        check_choice(&relay, rows[i].offered, &tls, rows[i].chosen);
    }
}

int main(void)
{
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    TEST(each_mechanism_answers_its_challenges);
    TEST(cram_md5_hashes_the_challenge);
    TEST(an_authorization_identity_is_escaped);
    TEST(a_token_that_could_say_more_is_not_said);
    TEST(a_login_has_eight_rounds);
    TEST(auto_prefers_what_does_not_tell_the_password);
    TEST(a_login_is_wanted_where_there_is_something_to_log_in_with);
    TEST(the_first_that_is_allowed_and_offered_and_suits_is_chosen);
    buf_fini(&response);
    return test_result();
}
