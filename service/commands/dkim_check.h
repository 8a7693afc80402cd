/* service/commands/dkim_check.h: whether those who verify find the keys that sign: for `postern check`.
 *
 * For each key it says the record to publish, what is published, and what to change. A wrong record stops no
 * mail, and so changes no exit status; it makes every signature worthless, and so is told as a warning.
 *
 * Errors     none: a name server that cannot be reached is told of, too.
 * Limits     DKIM_CHECK_MS for all keys together.
 */
#ifndef POSTERN_SERVICE_COMMANDS_DKIM_CHECK_H
#define POSTERN_SERVICE_COMMANDS_DKIM_CHECK_H

#include "mime/dkim_key.h"
#include "service/commands/txt_lookup.h"

enum { DKIM_CHECK_MS = 10000 };

void dkim_check_append(const struct dkim_ring *ring, struct buf *report);

/* Of one key, of which this was found. */
void dkim_check_append_finding(const struct dkim_key *key, enum txt_status status,
                               const struct txt_answer *answer, struct buf *report);

#endif
