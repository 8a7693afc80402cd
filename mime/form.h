/* mime/form.h: the parts of a multipart/form-data body (RFC 7578, RFC 2046 5.1).
 *
 * Ownership  parts are views of the body; a file name that had to be decoded lives in the arena.
 * Errors     INVALID_REQUEST, saying which part and what is wrong with it.
 * Threads    pure.
 */
#ifndef POSTERN_MIME_FORM_H
#define POSTERN_MIME_FORM_H

#include "base/arena.h"
#include "base/fault.h"

struct form {
    struct arena *arena;
    struct str rest; /* behind the delimiter of the part that comes next */
    struct str boundary;
    size_t parts; /* given so far */
    bool ended;
};

struct form_part {
    struct str name;
    struct str filename;     /* as the caller has it; absent where there is none */
    struct str content_type; /* absent where there is none */
    struct str content_id;   /* without angle brackets; absent where there is none */
    struct str content;
};

/* `content_type` is the request's, with its boundary. */
bool form_begin(struct form *form, struct arena *arena, struct str content_type, struct str body,
                struct fault *fault);

/* False at the end, where `ended` is set, and on a fault. */
bool form_next(struct form *form, struct form_part *part, struct fault *fault);

#endif
