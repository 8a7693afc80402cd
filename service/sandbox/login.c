#include "service/sandbox/login.h"

#include "base/base64.h"

#include <openssl/crypto.h>

/* RFC 4616 2: three fields of up to 255 octets, and the two NULs between them. */
enum { MAX_RESPONSE_BYTES = 3 * 255 + 2 };

static bool same_secret(struct str got, struct str want)
{
    if (!want.data)
        return true;
    return got.len == want.len && CRYPTO_memcmp(got.data, want.data, want.len) == 0;
}

static bool decode(struct buf *decoded, struct str response)
{
    buf_init(decoded, MAX_RESPONSE_BYTES);
    if (str_equal(response, STR("=")))
        response = STR("");
    return base64_decode(decoded, response) && !decoded->failed;
}

static enum sandbox_login compare_plain(const struct sandbox_credentials *credentials, struct str decoded)
{
    struct str authzid = str_cut(&decoded, '\0');
    struct str authcid = decoded.data ? str_cut(&decoded, '\0') : (struct str){0};
    if (!decoded.data || str_index(decoded, '\0') < decoded.len)
        return SANDBOX_LOGIN_MALFORMED;
    bool username = same_secret(authcid, str_of(credentials->username));
    bool password = same_secret(decoded, str_of(credentials->password));
    /* Nobody may act for somebody else here. */
    bool identity = authzid.len == 0 || str_equal(authzid, authcid);
    return username && password && identity ? SANDBOX_LOGIN_RIGHT : SANDBOX_LOGIN_WRONG;
}

enum sandbox_login sandbox_login_check_plain(const struct sandbox_credentials *credentials,
                                             struct str response)
{
    struct buf decoded;
    enum sandbox_login login =
        decode(&decoded, response) ? compare_plain(credentials, buf_view(&decoded)) : SANDBOX_LOGIN_MALFORMED;
    buf_wipe(&decoded);
    return login;
}

enum sandbox_login sandbox_login_check_value(const char *wanted, struct str response)
{
    struct buf decoded;
    enum sandbox_login login = SANDBOX_LOGIN_MALFORMED;
    if (decode(&decoded, response))
        login = same_secret(buf_view(&decoded), str_of(wanted)) ? SANDBOX_LOGIN_RIGHT : SANDBOX_LOGIN_WRONG;
    buf_wipe(&decoded);
    return login;
}
