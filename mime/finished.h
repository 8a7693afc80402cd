/* mime/finished.h: a message that somebody else has built (RFC 5322): checked, and passed on as it is but for
 * what must not be there (Bcc) and what has to be (Date, Message-ID).
 *
 * Ownership  the header's views live in the arena, the body is a view of the text.
 * Errors     INVALID_REQUEST for the form of the text, INVALID_HEADER for a field.
 * Limits     lines of 998 octets, a header of 1 MiB.
 */
#ifndef POSTERN_MIME_FINISHED_H
#define POSTERN_MIME_FINISHED_H

#include "mime/mailbox.h"

struct finished {
    struct str header; /* its fields without Bcc, CRLF behind each; absent: no finished message */
    struct str body;
    bool is_dated; /* it has a Date */
    bool has_id;   /* and a Message-ID */
    bool is_8bit;  /* the body has octets beyond ASCII (RFC 6152) */
    bool has_utf8; /* the header has (RFC 6532) */
};

/* Sets `from`, and `message_id` where there is one. */
bool finished_read(struct arena *arena, struct str text, struct finished *finished, struct mailbox *from,
                   struct str *message_id, struct fault *fault);

/* The next field of a finished header, the value unfolded. False at the end. */
bool finished_next_field(struct arena *arena, struct str *rest, struct str *name, struct str *value);

#endif
