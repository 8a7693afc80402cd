/* api/answer/receipt.h: the answer to a submission whose outcome stands. */
#ifndef POSTERN_API_ANSWER_RECEIPT_H
#define POSTERN_API_ANSWER_RECEIPT_H

#include "api/submission.h"

/* The fault that the answer names, and whose status it has: NONE where anybody gets the mail. */
enum fault_code receipt_fault(const struct outcome *outcome);

/* A receipt, or a problem with delivery, upstream and recipients. The caller frees it; NULL: no memory. */
char *receipt_json(const struct submission *submission);

#endif
