/* mime/message_id.h: message identifiers, and lists of them (RFC 5322 3.6.4).
 *
 * What is written is written exactly: "<" left "@" right ">". What is referred to was written by others, and
 * is taken as it is, as long as it is one printable word in angle brackets.
 *
 * Errors     INVALID_HEADER.
 * Limits     an identifier 250 octets where it is ours, 900 where it is another's: it must fit into a line.
 */
#ifndef POSTERN_MIME_MESSAGE_ID_H
#define POSTERN_MIME_MESSAGE_ID_H

#include "base/fault.h"
#include "base/str.h"

/* One, for a message of our own. */
bool message_id_check(struct str text, struct fault *fault);

/* One or more of others', with spaces or commas between them. */
bool message_id_check_list(struct str text, struct fault *fault);

/* The next of a list that was checked; absent behind the last. */
struct str message_id_next(struct str *rest);

#endif
