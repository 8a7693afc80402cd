#include "base/base64.h"
#include "service/sandbox/login.h"
#include "test.h"

static const struct sandbox_credentials credentials = {"user", "pass"};

static struct str encode(struct buf *text, struct str bytes)
{
    buf_init(text, 4096);
    base64_encode(text, bytes);
    return buf_view(text);
}

static void plain_takes_the_right_credentials_only(void)
{
    static const struct {
        const char *name;
        struct str response;
        enum sandbox_login login;
    } rows[] = {
        {"right", STR("\0user\0pass"), SANDBOX_LOGIN_RIGHT},
        {"right, for oneself", STR("user\0user\0pass"), SANDBOX_LOGIN_RIGHT},
        {"for somebody else", STR("root\0user\0pass"), SANDBOX_LOGIN_WRONG},
        {"another password", STR("\0user\0pasS"), SANDBOX_LOGIN_WRONG},
        {"the front of the password", STR("\0user\0pas"), SANDBOX_LOGIN_WRONG},
        {"more than the password", STR("\0user\0passs"), SANDBOX_LOGIN_WRONG},
        {"no password", STR("\0user\0"), SANDBOX_LOGIN_WRONG},
        {"another name", STR("\0User\0pass"), SANDBOX_LOGIN_WRONG},
        {"nothing in the fields", STR("\0\0"), SANDBOX_LOGIN_WRONG},
        {"one NUL", STR("user\0pass"), SANDBOX_LOGIN_MALFORMED},
        {"three NULs", STR("\0user\0pass\0"), SANDBOX_LOGIN_MALFORMED},
        {"no NUL", STR("userpass"), SANDBOX_LOGIN_MALFORMED},
        {"empty", STR(""), SANDBOX_LOGIN_MALFORMED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct buf text;
        CHECK_INT(sandbox_login_check_plain(&credentials, encode(&text, rows[i].response)), rows[i].login);
        buf_fini(&text);
    }
}

static void what_is_no_base64_is_malformed(void)
{
    static const char *const rows[] = {"=", "*", "AHVzZXIAcGFzc", "AHVzZXIAcGFzcw", "AHVz ZXIAcGFzcw=="};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i]);
        CHECK_INT(sandbox_login_check_plain(&credentials, str_of(rows[i])), SANDBOX_LOGIN_MALFORMED);
    }
}

static void a_response_past_the_bound_is_malformed(void)
{
    static const char long_response[2000];
    struct buf text;
    struct str encoded = encode(&text, (struct str){long_response, sizeof long_response});
    CHECK_INT(sandbox_login_check_plain(&credentials, encoded), SANDBOX_LOGIN_MALFORMED);
    CHECK_INT(sandbox_login_check_value("user", encoded), SANDBOX_LOGIN_MALFORMED);
    buf_fini(&text);
}

static void login_compares_each_value(void)
{
    CHECK_INT(sandbox_login_check_value("user", STR("dXNlcg==")), SANDBOX_LOGIN_RIGHT);
    CHECK_INT(sandbox_login_check_value("user", STR("dXNlcgA=")), SANDBOX_LOGIN_WRONG);
    CHECK_INT(sandbox_login_check_value("user", STR("=")), SANDBOX_LOGIN_WRONG);
    CHECK_INT(sandbox_login_check_value("user", STR("user!")), SANDBOX_LOGIN_MALFORMED);
}

int main(void)
{
    TEST(plain_takes_the_right_credentials_only);
    TEST(what_is_no_base64_is_malformed);
    TEST(a_response_past_the_bound_is_malformed);
    TEST(login_compares_each_value);
    return test_result();
}
