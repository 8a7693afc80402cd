#include "api/http/body.h"

#include "base/wipe.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { FIRST_CAPACITY = 16 * 1024, MAPPED_FROM_BYTES = 1 << 20, LARGE_PAGE_BYTES = 2 << 20 };

bool body_hold(struct body *body, uint64_t bytes, struct fault *fault)
{
    struct body_budget *budget = body->budget;
    uint64_t held = atomic_load(&budget->held_bytes);
    do {
        if (held > budget->max_bytes || bytes > budget->max_bytes - held)
            return fault_set(fault, FAULT_OVERLOADED, "too many large requests are under way");
    } while (!atomic_compare_exchange_weak(&budget->held_bytes, &held, held + bytes));
    body->held_bytes += bytes;
    return true;
}

/* --- Memory: what is large is mapped by itself, and nobody need overwrite it, for the system clears what it is given back
 * before anybody gets it. */

static bool is_mapped(size_t capacity)
{
    return capacity >= MAPPED_FROM_BYTES;
}

static size_t in_large_pages(size_t capacity)
{
    return (capacity + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
}

/* A fault for each page would take a quarter of the time in which a large body is read: it asks for large pages, whose
 * rest is cleared in vain, but at once. They begin where their own size divides the address; what is mapped before and
 * behind is given back. */
static char *map(size_t capacity)
{
    size_t bytes = in_large_pages(capacity), spare = LARGE_PAGE_BYTES;
    char *all = mmap(NULL, bytes + spare, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED)
        return NULL;
    size_t before = (spare - (uintptr_t)all % spare) % spare;
    if (before)
        munmap(all, before);
    if (spare - before)
        munmap(all + before + bytes, spare - before);
    (void)madvise(all + before, bytes, MADV_HUGEPAGE);
    return all + before;
}

static char *remap(struct body *body, size_t capacity)
{
    void *data = mremap(body->data, in_large_pages(body->capacity), in_large_pages(capacity), MREMAP_MAYMOVE);
    return data == MAP_FAILED ? NULL : data;
}

static void release(struct body *body)
{
    if (is_mapped(body->capacity))
        munmap(body->data, in_large_pages(body->capacity));
    else
        wipe_free(body->data);
}

/* No copy of what a message says is left behind: pages move, and what is small is copied by hand and wiped. */
static char *move(struct body *body, size_t capacity)
{
    if (is_mapped(body->capacity))
        return remap(body, capacity);
    char *data = is_mapped(capacity) ? map(capacity) : malloc(capacity);
    if (data && body->data) {
        memcpy(data, body->data, body->len);
        release(body);
    }
    return data;
}

static bool grow(struct body *body, size_t capacity, struct fault *fault)
{
    if (!body_hold(body, capacity - body->capacity, fault))
        return false;
    char *data = move(body, capacity);
    if (!data)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    body->data = data;
    body->capacity = capacity;
    return true;
}

bool body_reserve(struct body *body, uint64_t bytes, struct fault *fault)
{
    return bytes == 0 || grow(body, bytes, fault);
}

bool body_append(struct body *body, struct str bytes, struct fault *fault)
{
    if (bytes.len > body->max_bytes - body->len)
        return fault_set(fault, FAULT_PAYLOAD_TOO_LARGE,
                         "the body has more than the %" PRIu64 " bytes that are taken", body->max_bytes);
    size_t needed = body->len + bytes.len;
    if (needed > body->capacity) {
        size_t capacity = body->capacity ? body->capacity : FIRST_CAPACITY;
        while (capacity < needed)
            capacity *= 2;
        if (!grow(body, capacity < body->max_bytes ? capacity : body->max_bytes, fault))
            return false;
    }
    memcpy(body->data + body->len, bytes.data, bytes.len);
    body->len = needed;
    return true;
}

struct str body_view(const struct body *body)
{
    return (struct str){body->data ? body->data : "", body->len};
}

void body_drop(struct body *body)
{
    if (body->data)
        release(body);
    body->data = NULL;
    body->len = body->capacity = 0;
}

void body_give_way(struct body *body, uint64_t answer_bytes)
{
    body_drop(body);
    if (body->held_bytes != answer_bytes)
        atomic_fetch_add(&body->budget->held_bytes, answer_bytes - body->held_bytes);
    body->held_bytes = answer_bytes;
}

void body_fini(struct body *body)
{
    body_give_way(body, 0);
}
