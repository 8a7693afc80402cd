/* mime/dkim_canonical.h: the "relaxed" forms that a DKIM signature is made over (RFC 6376 3.4.2, 3.4.4).
 *
 * Threads    pure; what comes out goes to the sink, piece by piece.
 */
#ifndef POSTERN_MIME_DKIM_CANONICAL_H
#define POSTERN_MIME_DKIM_CANONICAL_H

#include "base/buf.h"

struct dkim_sink {
    void *context;
    void (*take)(void *context, struct str bytes);
};

/* What of the body has come in and is not yet known to count. */
struct dkim_body {
    struct dkim_sink sink;
    size_t line_ends; /* that count only if a line follows */
    bool space;       /* white space that counts only if the line goes on */
    bool cr;
    bool begun; /* a line that is not empty has come */
};

/* The body in pieces, cut anywhere. */
void dkim_body_feed(struct dkim_body *body, struct str piece);
void dkim_body_end(struct dkim_body *body);

/* One header field, folds and all but without its last CRLF: name in lower case, white space made one, no
 * CRLF. */
void dkim_canonical_field(struct buf *out, struct str field);

#endif
