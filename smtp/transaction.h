/* smtp/transaction.h: one mail: MAIL, RCPT and the message (RFC 5321 3.3), in one transaction or several. */
#ifndef POSTERN_SMTP_TRANSACTION_H
#define POSTERN_SMTP_TRANSACTION_H

#include "smtp/dialogue.h"

enum smtp_after smtp_transaction_run(struct smtp_dialogue *dialogue, const struct smtp_mail *mail,
                                     const struct smtp_waiting *waiting);

#endif
