/* smtp/command.h: the lines that carry an envelope: MAIL and RCPT with the parameters of each extension.
 *
 * What they say has passed smtp_envelope_check, and the relay offers what they need (sendable.h).
 *
 * Threads    pure.
 */
#ifndef POSTERN_SMTP_COMMAND_H
#define POSTERN_SMTP_COMMAND_H

#include "base/buf.h"
#include "smtp/capabilities.h"
#include "smtp/envelope.h"

/* Both append a line without CRLF. `size_octets` is said where SIZE is offered. */
void smtp_command_mail(struct buf *line, const struct smtp_envelope *envelope, uint64_t size_octets,
                       const struct smtp_capabilities *offered);
void smtp_command_rcpt(struct buf *line, const struct smtp_envelope *envelope, size_t recipient);

/* The longest line, CRLF included, that the relay must take: RFC 5321 4.5.3.1.4 and what each extension that
 * the envelope needs adds to it. */
size_t smtp_command_mail_limit(const struct smtp_envelope *envelope, const struct smtp_capabilities *offered);
size_t smtp_command_rcpt_limit(const struct smtp_envelope *envelope);

#endif
