/* service/sandbox/login.h: the client's side of AUTH PLAIN (RFC 4616) and AUTH LOGIN, judged. Pure. */
#ifndef POSTERN_SERVICE_SANDBOX_LOGIN_H
#define POSTERN_SERVICE_SANDBOX_LOGIN_H

#include "base/str.h"

/* NULL, both: any are right. */
struct sandbox_credentials {
    const char *username;
    const char *password;
};

enum sandbox_login { SANDBOX_LOGIN_RIGHT, SANDBOX_LOGIN_WRONG, SANDBOX_LOGIN_MALFORMED };

/* base64 of [authzid] NUL authcid NUL passwd; "=" is the empty response (RFC 4954 4). */
enum sandbox_login sandbox_login_check_plain(const struct sandbox_credentials *credentials,
                                             struct str response);

/* base64 of one of LOGIN's two values, against what it should be; NULL for anything. */
enum sandbox_login sandbox_login_check_value(const char *wanted, struct str response);

#endif
