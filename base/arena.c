#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a small message takes, and malloc's own words, are 8 KB: nothing is cleared but what is asked for. */
enum { CHUNK_BYTES = 8192 - 64 };

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t capacity;
    alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena, size_t max_bytes)
{
    *arena = (struct arena){.max_bytes = max_bytes};
}

void arena_fini(struct arena *arena)
{
    while (arena->chunks) {
        struct arena_chunk *next = arena->chunks->next;
        explicit_bzero(arena->chunks->bytes, arena->chunks->used);
        free(arena->chunks);
        arena->chunks = next;
    }
    *arena = (struct arena){0};
}

/* The newest chunk stands first and is the one that is filled; a large piece gets a chunk of its own behind
 * it. */
static struct arena_chunk *add_chunk(struct arena *arena, size_t bytes)
{
    size_t capacity = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct arena_chunk *chunk = malloc(sizeof *chunk + capacity);
    if (!chunk)
        return NULL;
    chunk->used = 0;
    chunk->capacity = capacity;
    if (arena->chunks && bytes > CHUNK_BYTES) {
        chunk->next = arena->chunks->next;
        arena->chunks->next = chunk;
    } else {
        chunk->next = arena->chunks;
        arena->chunks = chunk;
    }
    return chunk;
}

static size_t round_up(size_t bytes)
{
    return (bytes + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
}

void *arena_take_room(struct arena *arena, size_t bytes)
{
    if (bytes > arena->max_bytes || arena->taken_bytes > arena->max_bytes - bytes)
        arena->failed = true;
    if (arena->failed)
        return NULL;
    size_t rounded = round_up(bytes);
    struct arena_chunk *chunk = arena->chunks;
    if (!chunk || rounded > chunk->capacity - chunk->used)
        chunk = add_chunk(arena, rounded);
    if (!chunk) {
        arena->failed = true;
        return NULL;
    }
    void *piece = chunk->bytes + chunk->used;
    chunk->used += rounded;
    arena->taken_bytes += bytes;
    arena->latest = chunk;
    return piece;
}

void arena_shrink_room(struct arena *arena, const char *room, size_t bytes)
{
    arena->latest->used = (size_t)(room - arena->latest->bytes) + round_up(bytes);
}

void *arena_take(struct arena *arena, size_t bytes)
{
    void *piece = arena_take_room(arena, bytes);
    return piece ? memset(piece, 0, bytes) : NULL;
}

void *arena_take_array(struct arena *arena, size_t count, size_t bytes)
{
    if (bytes && count > SIZE_MAX / bytes) {
        arena->failed = true;
        return NULL;
    }
    return arena_take(arena, count * bytes);
}

struct str arena_copy(struct arena *arena, struct str bytes)
{
    char *copy = bytes.data ? arena_take_room(arena, bytes.len + 1) : NULL;
    if (!copy)
        return (struct str){0};
    memcpy(copy, bytes.data, bytes.len);
    copy[bytes.len] = '\0';
    return (struct str){copy, bytes.len};
}

struct str arena_join(struct arena *arena, struct str before, char separator, struct str behind)
{
    size_t len = before.len + 1 + behind.len;
    char *joined = arena_take_room(arena, len + 1);
    if (!joined)
        return (struct str){0};
    memcpy(joined, before.data, before.len);
    joined[before.len] = separator;
    memcpy(joined + before.len + 1, behind.data, behind.len);
    joined[len] = '\0';
    return (struct str){joined, len};
}

struct str arena_format(struct arena *arena, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *text = len < 0 ? NULL : arena_take_room(arena, (size_t)len + 1);
    if (!text)
        return (struct str){0};
    va_start(args, format);
    vsnprintf(text, (size_t)len + 1, format, args);
    va_end(args);
    return (struct str){text, (size_t)len};
}

struct str arena_keep(struct arena *arena, const struct buf *buf)
{
    if (buf->failed)
        arena->failed = true;
    return arena_copy(arena, buf_view(buf));
}
