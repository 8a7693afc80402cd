/* mime/mailbox_header.h: From, Sender, Reply-To, To, Cc (RFC 5322 3.6.2, 3.6.3).
 *
 * Folded at the commas where a mailbox fits on a line, within it where not. A name is a phrase: plain words,
 * else a quoted string, else encoded words, which never stand inside quotes (RFC 2047 section 5).
 */
#ifndef POSTERN_MIME_MAILBOX_HEADER_H
#define POSTERN_MIME_MAILBOX_HEADER_H

#include "mime/mailbox.h"

/* Writes the whole field. With `raw_utf8` what is not ASCII stays as it is (RFC 6532). */
void mailbox_header_write(struct buf *out, struct str name, const struct mailbox *items, size_t count,
                          bool raw_utf8);

#endif
