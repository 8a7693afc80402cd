/* mime/address.h: one address, local part "@" domain, exactly (RFC 5321 4.1.2, RFC 6531 3.3).
 *
 * Refused although some grammar has them: source routes, address literals, domains of one label, a trailing
 * dot, a leading hyphen (a mailer further on might take it for an option).
 *
 * Errors     INVALID_ADDRESS; OVERLOADED when the arena is full.
 */
#ifndef POSTERN_MIME_ADDRESS_H
#define POSTERN_MIME_ADDRESS_H

#include "mime/mailbox.h"

/* The whole of `text` is the address. Sets `address` and `at`. */
bool address_parse(struct arena *arena, struct str text, struct mailbox *mailbox, struct fault *fault);

/* RFC 5322 3.2.3 atext; other than ASCII never is. */
bool address_is_atext(char c);

/* Appends a quoted string's content (quotes included in `quoted`) without its quotes and backslashes. */
void address_unquote(struct buf *out, struct str quoted);

/* Appends `content` as a quoted string. */
void address_quote(struct buf *out, struct str content);
size_t address_quoted_octets(struct str content);

#endif
