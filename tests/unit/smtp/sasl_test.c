#include "smtp/sasl.h"
#include "test.h"

#include <string.h>

static struct buf response;

static const struct smtp_sasl_mechanism *mechanism_of(const char *name)
{
    for (size_t row = 0; smtp_sasl_mechanism_at(row); row++)
        if (str_equal(str_of(name), str_of(smtp_sasl_mechanism_at(row)->name)))
            return smtp_sasl_mechanism_at(row);
    return NULL;
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
        {"XOAUTH2",
         {{STR(""), STR("user=ann\1auth=Bearer t0ken\1\1")},
          {STR("{\"status\":\"400\"}"), STR("")},
          {STR(""), {0}}}},
        {"OAUTHBEARER",
         {{STR(""), STR("n,a=ann,\1host=relay.example\1port=587\1auth=Bearer t0ken\1\1")},
          {STR("{\"status\":\"invalid_token\"}"), STR("\1")},
          {STR(""), {0}}}},
    };
    struct smtp_relay relay = {.host = STR("relay.example"),
                               .port = 587,
                               .username = STR("ann"),
                               .password = STR("s3cret"),
                               .oauth_token = STR("t0ken")};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct smtp_sasl sasl;
        smtp_sasl_start(&sasl, mechanism_of(rows[i].mechanism), &relay);
        for (size_t n = 0; n < MAX_ROUNDS && rows[i].rounds[n].challenge.data; n++) {
            test_row("row %zu, round %zu", i, n);
            buf_clear(&response);
            bool answered = smtp_sasl_respond(&sasl, rows[i].rounds[n].challenge, &response);
            CHECK_INT(answered, rows[i].rounds[n].response.data != NULL);
            if (answered)
                CHECK_STR(buf_view(&response), rows[i].rounds[n].response);
        }
    }
}

static void an_authorization_identity_is_escaped(void)
{
    struct smtp_relay relay = {
        .host = STR("h"), .port = 1, .username = STR("a=b,c"), .oauth_token = STR("t")};
    struct smtp_sasl sasl;
    smtp_sasl_start(&sasl, mechanism_of("OAUTHBEARER"), &relay);
    buf_clear(&response);
    CHECK(smtp_sasl_respond(&sasl, STR(""), &response));
    CHECK_STR(buf_view(&response), STR("n,a=a=3Db=2Cc,\1host=h\1port=1\1auth=Bearer t\1\1"));
}

static void a_login_has_eight_rounds(void)
{
    struct smtp_relay relay = {.username = STR("ann"), .password = STR("s3cret")};
    struct smtp_sasl sasl;
    smtp_sasl_start(&sasl, mechanism_of("LOGIN"), &relay);
    for (int round = 1; round <= SMTP_SASL_MAX_ROUNDS; round++)
        CHECK(smtp_sasl_respond(&sasl, STR("Username:"), &response));
    CHECK(!smtp_sasl_respond(&sasl, STR("Username:"), &response));
}

static void the_first_that_is_allowed_and_offered_and_suits_is_chosen(void)
{
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
        {"Ctrl-A in token", "auto", "XOAUTH2", STR("a"), {0}, STR("t\1"), SMTP_TLS_STARTTLS, true, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct smtp_relay relay = {.username = rows[i].username,
                                   .password = rows[i].password,
                                   .oauth_token = rows[i].token,
                                   .auth = str_of(rows[i].allowed),
                                   .tls = rows[i].tls};
        struct smtp_capabilities offered;
        smtp_capabilities_init(&offered);
        buf_append_format(&offered.mechanisms, " %s", rows[i].offered);
        const struct smtp_sasl_mechanism *chosen = smtp_sasl_choose(&relay, &offered, rows[i].is_encrypted);
        CHECK_TEXT(str_of(chosen ? chosen->name : NULL), rows[i].chosen);
        smtp_capabilities_fini(&offered);
    }
}

int main(void)
{
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    TEST(each_mechanism_answers_its_challenges);
    TEST(an_authorization_identity_is_escaped);
    TEST(a_login_has_eight_rounds);
    TEST(the_first_that_is_allowed_and_offered_and_suits_is_chosen);
    buf_fini(&response);
    return test_result();
}
