/* A ring of pointers in the order of arrival, and two sums: the bytes of the messages in the ring, and the
 * bytes claimed by those that are still arriving. Both together stay under the bound, so that no number of
 * connections sending at once can hold more. Room is made from the old end of the ring, and only once it is
 * clear that making it helps. */
#include "service/sandbox/store.h"

#include "base/clock.h"
#include "base/random.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* RFC 5321 4.5.3.1.3: a path of 256 octets, without its brackets; a NUL behind each. */
enum { MAX_ADDRESS_BYTES = 254, MAX_ENVELOPE_BYTES = SANDBOX_MAX_RECIPIENTS * (MAX_ADDRESS_BYTES + 1) };

struct sandbox_store {
    pthread_mutex_t lock;
    struct sandbox_message **ring;
    size_t oldest, count, capacity;
    uint64_t kept_bytes, claimed_bytes, max_bytes;
};

struct sandbox_message *sandbox_message_new(uint64_t max_bytes)
{
    struct sandbox_message *message = calloc(1, sizeof *message);
    if (!message)
        return NULL;
    buf_init(&message->return_path, MAX_ADDRESS_BYTES);
    buf_init(&message->recipients, MAX_ENVELOPE_BYTES);
    buf_init(&message->content, (size_t)max_bytes);
    return message;
}

bool sandbox_message_add_recipient(struct sandbox_message *message, struct str address)
{
    if (message->recipient_count == SANDBOX_MAX_RECIPIENTS ||
        !buf_reserve(&message->recipients, address.len + 1))
        return false;
    buf_append(&message->recipients, address);
    buf_append_char(&message->recipients, '\0');
    message->recipient_count++;
    return true;
}

static void message_free(struct sandbox_message *message)
{
    buf_fini(&message->return_path);
    buf_fini(&message->recipients);
    buf_fini(&message->content);
    free(message);
}

static uint64_t message_bytes(const struct sandbox_message *message)
{
    return sizeof *message + message->return_path.capacity + message->recipients.capacity +
           message->content.capacity;
}

/* A buffer that grew by doubling holds up to twice its content: what is kept for long is cut to size. */
static void trim(struct buf *buf)
{
    char *trimmed = buf->len ? realloc(buf->data, buf->len) : NULL;
    if (!trimmed)
        return;
    buf->data = trimmed;
    buf->capacity = buf->len;
}

/* The vowels are left out, as Postfix does in its long queue IDs. */
static void draw_queue_id(char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    static const char alphabet[] = "0123456789BCDFGHJKLMNPQRSTVWXYZbcdfghjklmnpqrstvwxyz";
    unsigned char bytes[SANDBOX_QUEUE_ID_BYTES - 1];
    random_fill(bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        queue_id[i] = alphabet[bytes[i] % (sizeof alphabet - 1)];
    queue_id[sizeof bytes] = '\0';
}

struct sandbox_store *sandbox_store_new(size_t max_messages, uint64_t max_bytes)
{
    assert(max_messages > 0);
    struct sandbox_store *store = calloc(1, sizeof *store);
    if (!store)
        return NULL;
    store->ring = calloc(max_messages, sizeof(struct sandbox_message *));
    if (!store->ring) {
        free(store);
        return NULL;
    }
    store->capacity = max_messages;
    store->max_bytes = max_bytes;
    pthread_mutex_init(&store->lock, NULL);
    return store;
}

static void drop_oldest(struct sandbox_store *store)
{
    struct sandbox_message *message = store->ring[store->oldest];
    store->kept_bytes -= message_bytes(message);
    store->oldest = (store->oldest + 1) % store->capacity;
    store->count--;
    message_free(message);
}

static void drop_all(struct sandbox_store *store)
{
    while (store->count)
        drop_oldest(store);
}

void sandbox_store_free(struct sandbox_store **store)
{
    if (!*store)
        return;
    assert((*store)->claimed_bytes == 0);
    drop_all(*store);
    pthread_mutex_destroy(&(*store)->lock);
    free((*store)->ring);
    free(*store);
    *store = NULL;
}

static bool make_room(struct sandbox_store *store, uint64_t bytes)
{
    uint64_t not_arriving = store->max_bytes - store->claimed_bytes;
    if (bytes > not_arriving)
        return false;
    while (store->kept_bytes > not_arriving - bytes)
        drop_oldest(store);
    return true;
}

bool sandbox_store_claim(struct sandbox_store *store, struct sandbox_message *message, uint64_t bytes)
{
    pthread_mutex_lock(&store->lock);
    bool claimed = make_room(store, bytes);
    if (claimed) {
        store->claimed_bytes += bytes;
        message->claimed_bytes += bytes;
    }
    pthread_mutex_unlock(&store->lock);
    return claimed;
}

void sandbox_store_discard(struct sandbox_store *store, struct sandbox_message **message)
{
    if (!*message)
        return;
    pthread_mutex_lock(&store->lock);
    store->claimed_bytes -= (*message)->claimed_bytes;
    pthread_mutex_unlock(&store->lock);
    message_free(*message);
    *message = NULL;
}

bool sandbox_store_put(struct sandbox_store *store, struct sandbox_message **message,
                       char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    struct sandbox_message *new = *message;
    trim(&new->return_path);
    trim(&new->recipients);
    trim(&new->content);
    draw_queue_id(new->queue_id);
    new->received_ms = clock_wall_ms();

    pthread_mutex_lock(&store->lock);
    store->claimed_bytes -= new->claimed_bytes;
    new->claimed_bytes = 0;
    bool fits = make_room(store, message_bytes(new));
    if (fits) {
        if (store->count == store->capacity)
            drop_oldest(store);
        store->ring[(store->oldest + store->count) % store->capacity] = new;
        store->count++;
        store->kept_bytes += message_bytes(new);
        memcpy(queue_id, new->queue_id, sizeof new->queue_id);
        *message = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    return fits;
}

static const struct sandbox_message *nth_newest(const struct sandbox_store *store, size_t n)
{
    return store->ring[(store->oldest + store->count - 1 - n) % store->capacity];
}

void sandbox_store_each(struct sandbox_store *store,
                        void (*see)(void *context, const struct sandbox_message *message), void *context)
{
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->count; i++)
        see(context, nth_newest(store, i));
    pthread_mutex_unlock(&store->lock);
}

bool sandbox_store_find(struct sandbox_store *store, struct str queue_id,
                        void (*see)(void *context, const struct sandbox_message *message), void *context)
{
    bool found = false;
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->count && !found; i++) {
        found = str_equal(str_of(nth_newest(store, i)->queue_id), queue_id);
        if (found)
            see(context, nth_newest(store, i));
    }
    pthread_mutex_unlock(&store->lock);
    return found;
}

void sandbox_store_clear(struct sandbox_store *store)
{
    pthread_mutex_lock(&store->lock);
    drop_all(store);
    pthread_mutex_unlock(&store->lock);
}
