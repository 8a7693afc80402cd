/* mime/canonical.h: text in canonical form (RFC 2049 section 4): every line ending, CR, LF or both, becomes
 * CRLF, and the last line has one. No text stays no text. */
#ifndef POSTERN_MIME_CANONICAL_H
#define POSTERN_MIME_CANONICAL_H

#include "base/str.h"

struct canonical {
    struct str rest;
    bool in_line; /* the line that was begun has no end yet */
    bool owes_lf; /* the CR of a line end was given, its LF was not */
};

/* Octets of the line ending at the front of `text`: 0, 1 or 2. */
size_t canonical_break(struct str text);

/* Fills the window, or what is left; returns the octets, 0 at the end. */
size_t canonical_pull(struct canonical *canonical, char *window, size_t window_bytes);

/* What a look at the whole text shows. */
struct canonical_survey {
    uint64_t octets;       /* in canonical form */
    uint64_t beyond_ascii; /* how many of them are */
    bool seven_bit;        /* it can travel as it is (RFC 2045 2.7, RFC 2049 section 3) */
};

struct canonical_survey canonical_survey(struct str text);

#endif
