/* smtp/sasl_prep.h: SASLprep (RFC 4013): user names and passwords in the one form that both sides hash. */
#ifndef POSTERN_SMTP_SASL_PREP_H
#define POSTERN_SMTP_SASL_PREP_H

#include "base/buf.h"

/* Appends the prepared form. False where the text has none: it is not UTF-8, is empty, or holds what the
 * profile prohibits, such as controls. Out of memory it is `prepared` that has failed. */
bool smtp_sasl_prep(struct str text, struct buf *prepared);

#endif
