#include "api/message/place.h"

#include "base/utf8.h"

enum { MAX_NAME_BYTES = 256, MAX_POINTER_BYTES = 64 * 1024 };

struct place place_member(const struct place *parent, struct str name)
{
    return (struct place){.parent = parent, .name = name};
}

struct place place_element(const struct place *parent, size_t index)
{
    return (struct place){.parent = parent, .index = index};
}

/* RFC 6901 3: "~" is written "~0" and "/" is written "~1". */
static void append_name(struct buf *pointer, struct str name)
{
    name = utf8_first(name, MAX_NAME_BYTES);
    for (size_t i = 0; i < name.len; i++) {
        char c = name.data[i];
        if (c == '~' || c == '/')
            buf_append(pointer, c == '~' ? STR("~0") : STR("~1"));
        else
            buf_append_char(pointer, c);
    }
}

/* Recursion no deeper than the document, whose depth is bounded. */
static void append_place(struct buf *pointer, const struct place *place)
{
    if (!place || !place->parent)
        return;
    append_place(pointer, place->parent);
    buf_append_char(pointer, '/');
    if (place->name.data)
        append_name(pointer, place->name);
    else
        buf_append_format(pointer, "%zu", place->index);
}

struct str place_pointer(struct arena *arena, const struct place *place)
{
    struct buf pointer;
    buf_init(&pointer, MAX_POINTER_BYTES);
    append_place(&pointer, place);
    struct str copy = arena_keep(arena, &pointer);
    buf_fini(&pointer);
    return copy;
}
