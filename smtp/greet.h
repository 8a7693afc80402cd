/* smtp/greet.h: from a connection to a session that may log in: TLS, greeting, EHLO, STARTTLS. */
#ifndef POSTERN_SMTP_GREET_H
#define POSTERN_SMTP_GREET_H

#include "smtp/dialogue.h"

/* On return the relay's policy holds: under TLS unless it says none, and the capabilities are those that
 * count. */
bool smtp_greet(struct smtp_dialogue *dialogue);

/* What EHLO says: relay->ehlo_name, or else this end's address. */
struct str smtp_greet_name(const struct smtp_session *session);

#endif
