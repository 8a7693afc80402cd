/* smtp/login.h: AUTH (RFC 4954): carries a SASL exchange over the dialogue. */
#ifndef POSTERN_SMTP_LOGIN_H
#define POSTERN_SMTP_LOGIN_H

#include "smtp/dialogue.h"

/* True at once where the relay has no credentials. One mechanism is tried, once: a second try may lock the
 * account. */
bool smtp_login(struct smtp_dialogue *dialogue);

#endif
