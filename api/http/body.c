#include "api/http/body.h"

#include "base/wipe.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum {
    FIRST_CAPACITY = 16 * 1024,
    MAPPED_FROM_BYTES = 128 * 1024,
    LARGE_PAGES_FROM_BYTES = 1 << 20,
    LARGE_PAGE_BYTES = 2 << 20
};

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

/* A fault for each page would take a quarter of the time in which a large body is read: it asks for large pages, whose
 * rest is cleared in vain, but at once. */
static char *allocate(size_t capacity)
{
    if (capacity < LARGE_PAGES_FROM_BYTES)
        return malloc(capacity);
    size_t whole = (capacity + LARGE_PAGE_BYTES - 1) / LARGE_PAGE_BYTES * LARGE_PAGE_BYTES;
    char *data = aligned_alloc(LARGE_PAGE_BYTES, whole);
    if (data)
        (void)madvise(data, whole, MADV_HUGEPAGE);
    return data;
}

/* No copy of what a message says is left behind: what is small is copied by hand and wiped; what is large is mapped
 * by itself (service/process/memory), and realloc moves its pages. */
static char *move(struct body *body, size_t capacity)
{
    if (body->capacity >= MAPPED_FROM_BYTES)
        return realloc(body->data, capacity);
    char *data = allocate(capacity);
    if (data && body->data) {
        memcpy(data, body->data, body->len);
        wipe_free(body->data);
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
        explicit_bzero(body->data, body->len);
    free(body->data);
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
