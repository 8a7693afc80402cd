/* api/receipt.h: the answer to a submission whose outcome stands. */
#ifndef POSTERN_API_RECEIPT_H
#define POSTERN_API_RECEIPT_H

#include "api/submission.h"

/* A receipt, or a problem with delivery, upstream and recipients. `status` is the HTTP status. Freed by the
 * caller; NULL when out of memory. */
char *receipt_json(const struct submission *submission, int *status);

/* The fault that the answer names: NONE where at least one recipient gets the mail. */
enum fault_code receipt_fault(const struct outcome *outcome);

#endif
