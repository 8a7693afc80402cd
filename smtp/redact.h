/* smtp/redact.h: the secrets of a login, and their removal from what a relay says back.
 *
 * A relay may echo a line that it did not understand, whole, cut off, or broken into lines. What it echoes
 * reaches logs, answers and transcripts. So each run of 8 octets that stands in a secret is covered wherever
 * it comes.
 *
 * Ownership  holds the secrets in pieces, wiped by fini.
 * Limits     of a secret of 4 to 7 octets only the whole is looked for, and shorter ones not at all: they
 *            stand in any text. 8 octets of memory, rounded up, for each octet of the secrets, up to 512 KiB.
 */
#ifndef POSTERN_SMTP_REDACT_H
#define POSTERN_SMTP_REDACT_H

#include "base/buf.h"

enum { SMTP_REDACT_MIN_BYTES = 4, SMTP_REDACT_RUN_BYTES = 8, SMTP_REDACT_MAX_PIECES = 65536 };

struct smtp_redactor {
    uint64_t *pieces; /* a hash table; 0 is an empty place */
    size_t count, places;
    bool has_length[SMTP_REDACT_RUN_BYTES + 1];
};

/* False when out of memory or room: then the secret must not be sent. */
bool smtp_redactor_add(struct smtp_redactor *redactor, struct str secret);
bool smtp_redactor_add_base64(struct smtp_redactor *redactor, struct str secret);
void smtp_redactor_fini(struct smtp_redactor *redactor);

/* Puts "*" over every octet of every secret in `text`, line ends excepted. */
void smtp_redactor_apply(const struct smtp_redactor *redactor, struct buf *text);

#endif
