/* smtp/sendable.h: what can be known of a mail and a session before a word is said. */
#ifndef POSTERN_SMTP_SENDABLE_H
#define POSTERN_SMTP_SENDABLE_H

#include "smtp/dialogue.h"

/* False with the fault where no session with this relay can send the mail as it is. */
bool smtp_sendable_by_relay(const struct smtp_session *session, const struct smtp_mail *mail,
                            struct fault *fault);

/* False where this session has used up what the relay allows one. */
bool smtp_sendable_by_session(const struct smtp_session *session, const struct smtp_mail *mail);

#endif
