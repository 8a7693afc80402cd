/* smtp/transaction.h: one mail transaction: MAIL, RCPT, DATA (RFC 5321 3.3). */
#ifndef POSTERN_SMTP_TRANSACTION_H
#define POSTERN_SMTP_TRANSACTION_H

#include "smtp/dialogue.h"

enum smtp_after smtp_transaction_run(struct smtp_dialogue *dialogue, const struct smtp_envelope *envelope,
                                     struct smtp_source *source);

#endif
