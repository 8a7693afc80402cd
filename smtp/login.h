/* smtp/login.h: AUTH (RFC 4954): carries a SASL exchange over the dialogue. */
#ifndef POSTERN_SMTP_LOGIN_H
#define POSTERN_SMTP_LOGIN_H

#include "smtp/dialogue.h"

/* What must not be shown if the relay says it. To be called before the first reply is read: the relay may
 * have learnt it in an earlier session. False when out of memory. */
bool smtp_login_learn_secrets(struct smtp_session *session, struct deadline total);

/* True at once where the relay has no credentials. One mechanism is tried, once: a second try may lock the
 * account. */
bool smtp_login(struct smtp_dialogue *dialogue);

#endif
