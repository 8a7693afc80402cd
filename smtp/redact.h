/* smtp/redact.h: the secrets of a login, and their removal from what a relay says back.
 *
 * A relay may echo a line that it did not understand. What it echoes reaches logs, answers and transcripts.
 *
 * Ownership  holds copies, wiped by fini.
 * Limits     secrets of fewer than 4 octets are not looked for: they stand in any text.
 */
#ifndef POSTERN_SMTP_REDACT_H
#define POSTERN_SMTP_REDACT_H

#include "base/buf.h"

enum { SMTP_REDACT_MIN_BYTES = 4, SMTP_REDACT_MAX_SECRETS = 16 };

struct smtp_redactor {
    struct buf secrets[SMTP_REDACT_MAX_SECRETS];
    size_t count;
};

/* False when out of memory or room: then the secret must not be sent. */
bool smtp_redactor_add(struct smtp_redactor *redactor, struct str secret);
bool smtp_redactor_add_base64(struct smtp_redactor *redactor, struct str secret);
void smtp_redactor_fini(struct smtp_redactor *redactor);

/* Puts "*" over every octet of every secret in `text`, line ends excepted. */
void smtp_redactor_apply(const struct smtp_redactor *redactor, struct buf *text);

#endif
