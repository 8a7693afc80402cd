/* api/message/place.h: where in a JSON document something stands; made into a JSON pointer (RFC 6901) only when told.
 *
 * Ownership  places lie on the stack of whoever walks the document, each pointing at the one around it.
 * Limits     a name is cut at 256 bytes in the pointer: it may be the caller's and megabytes long.
 */
#ifndef POSTERN_API_MESSAGE_PLACE_H
#define POSTERN_API_MESSAGE_PLACE_H

#include "base/arena.h"

struct place {
    const struct place *parent; /* NULL for the whole document */
    struct str name;            /* of a member; absent for an element */
    size_t index;
};

struct place place_member(const struct place *parent, struct str name);
struct place place_element(const struct place *parent, size_t index);

/* "/to/1"; the whole document, which is also NULL, is "". */
struct str place_pointer(struct arena *arena, const struct place *place);

#endif
