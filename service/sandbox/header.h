/* service/sandbox/header.h: the header section of a captured message, whatever its form (RFC 5322 2.2). */
#ifndef POSTERN_SERVICE_SANDBOX_HEADER_H
#define POSTERN_SERVICE_SANDBOX_HEADER_H

#include "base/buf.h"

struct sandbox_header {
    struct str name;
    struct str value; /* as it stands, folds included */
};

/* Cuts the next field off the front of `rest`. False at the empty line, or at one that is no field. */
bool sandbox_header_next(struct str *rest, struct sandbox_header *header);

/* Appends the value without its line breaks, as far as the buffer's bound goes. */
void sandbox_header_unfold(struct buf *line, struct str value);

/* The value of the first field of that name; absent where there is none. */
struct str sandbox_header_find(struct str message, struct str name);

#endif
