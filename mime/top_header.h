/* mime/top_header.h: the header of a message, from Date to MIME-Version (RFC 5322 3.6). Content-* fields
 * belong to the part that follows. */
#ifndef POSTERN_MIME_TOP_HEADER_H
#define POSTERN_MIME_TOP_HEADER_H

#include "mime/message.h"

void top_header_write(struct buf *out, const struct message *message);

/* The fields that a finished message lacks, X-Original-To, and the trace. */
void top_header_complete(struct buf *out, const struct message *message);

/* An address in a field that will be written needs raw UTF-8. */
bool top_header_needs_smtputf8(const struct message *message);

#endif
