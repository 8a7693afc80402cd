/* mime/dkim_fields.h: which fields of a header a signature is over, and the text of them (RFC 6376 5.4).
 *
 * Fields that a message has once are named once more than they occur, so that nobody can add another. What
 * stands more often than DKIM_MAX_INSTANCES times is signed so often, from the bottom up.
 *
 * Ownership  names are views of the header, of `more` and of the table here; the text is the structure's own.
 * Errors     the text's `failed`: out of memory.
 */
#ifndef POSTERN_MIME_DKIM_FIELDS_H
#define POSTERN_MIME_DKIM_FIELDS_H

#include "base/buf.h"

enum { DKIM_USUAL_FIELDS = 17, DKIM_MAX_MORE_FIELDS = 16, DKIM_MAX_INSTANCES = 8 };
enum { DKIM_MAX_SIGNED_FIELDS = (DKIM_USUAL_FIELDS + DKIM_MAX_MORE_FIELDS) * (DKIM_MAX_INSTANCES + 1) };

struct dkim_fields {
    struct str names[DKIM_MAX_SIGNED_FIELDS]; /* for h=, in this order */
    size_t count;
    struct buf text; /* canonical, CRLF behind each */
};

/* `header`: fields with CRLF behind each. `more`: names beside the usual ones, separated by spaces. */
void dkim_fields_choose(struct dkim_fields *fields, struct str header, struct str more);
void dkim_fields_fini(struct dkim_fields *fields);

/* Whether there is sense in signing fields of this name: not where relays change them on the way. */
bool dkim_fields_may_name(struct str name);

#endif
