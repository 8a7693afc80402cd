/* smtp/verdict.h: what the recipients of a mail are told, and the mail by them. */
#ifndef POSTERN_SMTP_VERDICT_H
#define POSTERN_SMTP_VERDICT_H

#include "smtp/trouble.h"

/* Sets the fault, and the reply that the whole is told by. Returns false. */
bool smtp_verdict_refuse(struct outcome *outcome, enum fault_code code);

bool smtp_verdict_all_accepted(const struct outcome *outcome);

/* The message was refused, or never given, behind the verdicts of these recipients: who had been accepted was
 * not, after all. */
void smtp_verdict_take_back(struct outcome *outcome, size_t first, size_t count);

#endif
