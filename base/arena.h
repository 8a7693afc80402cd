/* base/arena.h: the memory of one request, given back all at once.
 *
 * Ownership  whoever holds the arena owns everything in it; it travels with the request and never has two
 *            owners.
 * Errors     at the cap, or out of memory, every take gives NULL and `failed` stays set: test it once, at the
 *            end.
 * Threads    one at a time.
 * Limits     `max_bytes`, over all that is taken.
 */
#ifndef POSTERN_BASE_ARENA_H
#define POSTERN_BASE_ARENA_H

#include "base/buf.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks;
    struct arena_chunk *latest; /* holds the piece that was taken last */
    size_t taken_bytes;
    size_t max_bytes;
    bool failed;
};

void arena_init(struct arena *arena, size_t max_bytes);

/* Wipes what was taken: a request's arena holds message text and, in SASL exchanges, credentials. */
void arena_fini(struct arena *arena);

/* Zeroed and aligned for any type. NULL once failed. */
void *arena_take(struct arena *arena, size_t bytes);
void *arena_take_array(struct arena *arena, size_t count, size_t bytes);

/* Not zeroed: for what is written before it is read. */
void *arena_take_room(struct arena *arena, size_t bytes);

/* Of the room that was taken last `bytes` stay. The rest, in which nothing was written, is there for what comes
 * next, and counts as taken. */
void arena_shrink_room(struct arena *arena, const char *room, size_t bytes);

/* A copy with a NUL behind it that the view does not count. Absent stays absent. */
struct str arena_copy(struct arena *arena, struct str bytes);
struct str arena_join(struct arena *arena, struct str before, char separator, struct str behind);
struct str arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A copy of what `buf` holds; where the buffer failed, the arena has failed too. */
struct str arena_keep(struct arena *arena, const struct buf *buf);

#endif
