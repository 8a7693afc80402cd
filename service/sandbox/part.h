/* service/sandbox/part.h: a captured message taken apart (RFC 2045, 2046), for showing. Pure.
 *
 * Nothing is repaired and nothing refused: what a part cannot be taken for it is not, and its `trouble` says so. Every
 * view lies within the message, so that sizes are those of what was sent.
 *
 * Ownership  the parts live in the arena; their views are the message's.
 * Errors     false when out of memory.
 * Limits     500 parts, 12 levels; what is more stays closed.
 */
#ifndef POSTERN_SERVICE_SANDBOX_PART_H
#define POSTERN_SERVICE_SANDBOX_PART_H

#include "base/arena.h"
#include "service/sandbox/decode.h"

struct sandbox_part {
    size_t parent; /* its place; its own for the message itself */
    unsigned depth;
    struct str header, body;                                              /* as they are */
    struct str type;                                                      /* "text/plain", in small letters */
    struct str charset, filename, content_id, disposition, encoding_name; /* absent where not said */
    enum sandbox_encoding encoding;
    bool is_container;   /* its body is its children, if any */
    const char *trouble; /* NULL for none */
};

struct sandbox_parts {
    struct sandbox_part *items; /* each behind its parent, children in order */
    size_t count;
};

bool sandbox_parts_read(struct arena *arena, struct str message, struct sandbox_parts *parts);

/* What is neither shown as text nor part of it. */
bool sandbox_part_is_attachment(const struct sandbox_part *part);

/* The text to show of this subtype ("plain", "html"): the first such part that is no attachment. NULL for none. */
const struct sandbox_part *sandbox_parts_find_text(const struct sandbox_parts *parts, struct str type);

/* NULL for none. `id` is without its brackets. */
const struct sandbox_part *sandbox_parts_find_id(const struct sandbox_parts *parts, struct str id);

#endif
