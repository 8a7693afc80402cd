/* mime/header.h: writes one header field, folded (RFC 5322 2.2.3) and encoded (RFC 2047).
 *
 * Lines end at 78 columns where the content lets them, and never beyond 998. A fold stands only where a space
 * stood, never right behind the colon if it can be helped, and leaves no line of white space alone.
 *
 *     header_begin(&header, out, STR("Subject"));
 *     header_append_text(&header, subject, HEADER_FREE_TEXT);
 *     header_end(&header);
 *
 * Ownership  the buffer is the caller's; test its `failed` once at the end.
 */
#ifndef POSTERN_MIME_HEADER_H
#define POSTERN_MIME_HEADER_H

#include "base/buf.h"

enum { HEADER_LINE_COLUMNS = 78, HEADER_LINE_MAX_OCTETS = 998 };

struct header {
    struct buf *out;
    size_t column;
    size_t folds;
    bool at_colon;  /* nothing stands on the field's first line yet */
    bool must_fold; /* the next token begins a line */
};

enum header_value {
    HEADER_FREE_TEXT, /* for people: an ASCII word too long for a line is encoded, so that it can be folded */
    HEADER_OPAQUE,    /* perhaps for programs: what is ASCII stays as it is, up to the limit of a line */
};

void header_begin(struct header *header, struct buf *out, struct str name);
void header_end(struct header *header);

/* Room for `octets` that cannot be cut, behind a space or a fold; the caller then appends exactly these. */
void header_begin_token(struct header *header, size_t octets);

/* The same, with `token` appended. */
void header_append_token(struct header *header, struct str token);

/* Appends directly, without a space: the ";" or "," behind a token. */
void header_append_close(struct header *header, char c);

/* As encoded words, all of it. */
void header_append_encoded(struct header *header, struct str text);

/* Unstructured text (RFC 5322 3.2.5): words as they are where they can be, the others encoded. */
void header_append_text(struct header *header, struct str text, enum header_value kind);

#endif
