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
enum {
    MAX_ADDRESS_BYTES = 254,
    MAX_PARAMETERS_BYTES = 1024,
    MAX_ENVELOPE_BYTES = SANDBOX_MAX_RECIPIENTS * (MAX_ADDRESS_BYTES + 1 + MAX_PARAMETERS_BYTES + 1),
    MAX_SUMMARY_BYTES = 8192,
    MAX_DIALOGUE_BYTES = 131072
};

struct sandbox_store {
    pthread_mutex_t lock;
    struct sandbox_message **ring;
    size_t oldest, count, capacity;
    uint64_t kept_bytes, claimed_bytes, max_bytes, last_number;
};

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

struct sandbox_message *sandbox_message_new(uint64_t max_bytes)
{
    struct sandbox_message *message = calloc(1, sizeof *message);
    if (!message)
        return NULL;
    buf_init(&message->return_path, MAX_ADDRESS_BYTES);
    buf_init(&message->mail_parameters, MAX_PARAMETERS_BYTES);
    buf_init(&message->recipients, MAX_ENVELOPE_BYTES);
    buf_init(&message->content, (size_t)max_bytes);
    buf_init(&message->summary, MAX_SUMMARY_BYTES);
    buf_init(&message->dialogue, MAX_DIALOGUE_BYTES);
    atomic_init(&message->holders, 1);
    draw_queue_id(message->queue_id);
    random_text(message->ticket, sizeof message->ticket - 1);
    return message;
}

bool sandbox_message_add_recipient(struct sandbox_message *message, struct str address, struct str parameters)
{
    if (message->recipient_count == SANDBOX_MAX_RECIPIENTS || parameters.len > MAX_PARAMETERS_BYTES ||
        !buf_reserve(&message->recipients, address.len + parameters.len + 2))
        return false;
    buf_append(&message->recipients, address);
    buf_append_char(&message->recipients, '\0');
    buf_append(&message->recipients, parameters);
    buf_append_char(&message->recipients, '\0');
    message->recipient_count++;
    return true;
}

bool sandbox_message_next_recipient(struct str *rest, struct str *address, struct str *parameters)
{
    if (!rest->len)
        return false;
    *address = str_cut(rest, '\0');
    *parameters = str_cut(rest, '\0');
    return true;
}

static void message_free(struct sandbox_message *message)
{
    buf_fini(&message->return_path);
    buf_fini(&message->mail_parameters);
    buf_fini(&message->recipients);
    buf_fini(&message->content);
    buf_fini(&message->summary);
    buf_fini(&message->dialogue);
    free(message);
}

struct sandbox_message *sandbox_message_hold(struct sandbox_message *message)
{
    atomic_fetch_add(&message->holders, 1);
    return message;
}

void sandbox_message_release(struct sandbox_message **message)
{
    struct sandbox_message *gone = *message;
    *message = NULL;
    if (gone && atomic_fetch_sub(&gone->holders, 1) == 1)
        message_free(gone);
}

static uint64_t message_bytes(const struct sandbox_message *message)
{
    return sizeof *message + message->return_path.capacity + message->mail_parameters.capacity +
           message->recipients.capacity + message->content.capacity + message->summary.capacity +
           message->dialogue.capacity;
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
    sandbox_message_release(&message);
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
    sandbox_message_release(message);
}

bool sandbox_store_put(struct sandbox_store *store, struct sandbox_message **message,
                       char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    struct sandbox_message *new = *message;
    trim(&new->return_path);
    trim(&new->mail_parameters);
    trim(&new->recipients);
    trim(&new->content);
    trim(&new->summary);
    trim(&new->dialogue);
    new->received_ms = clock_wall_ms();

    pthread_mutex_lock(&store->lock);
    store->claimed_bytes -= new->claimed_bytes;
    new->claimed_bytes = 0;
    bool fits = make_room(store, message_bytes(new));
    if (fits) {
        if (store->count == store->capacity)
            drop_oldest(store);
        new->number = ++store->last_number;
        store->ring[(store->oldest + store->count) % store->capacity] = new;
        store->count++;
        store->kept_bytes += message_bytes(new);
        memcpy(queue_id, new->queue_id, sizeof new->queue_id);
        *message = NULL;
    }
    pthread_mutex_unlock(&store->lock);
    return fits;
}

/* From 0, the newest, on. */
static struct sandbox_message **place_of(const struct sandbox_store *store, size_t n)
{
    return &store->ring[(store->oldest + store->count - 1 - n) % store->capacity];
}

void sandbox_store_each(struct sandbox_store *store,
                        bool (*see)(void *context, struct sandbox_message *message), void *context)
{
    pthread_mutex_lock(&store->lock);
    for (size_t i = 0; i < store->count && see(context, *place_of(store, i)); i++)
        continue;
    pthread_mutex_unlock(&store->lock);
}

size_t sandbox_store_count(struct sandbox_store *store)
{
    pthread_mutex_lock(&store->lock);
    size_t count = store->count;
    pthread_mutex_unlock(&store->lock);
    return count;
}

/* Which from the newest on; the count where there is none. The lock is held. */
static size_t find(const struct sandbox_store *store, struct str queue_id)
{
    size_t n = 0;
    while (n < store->count && !str_equal(str_of((*place_of(store, n))->queue_id), queue_id))
        n++;
    return n;
}

struct sandbox_message *sandbox_store_find(struct sandbox_store *store, struct str queue_id)
{
    pthread_mutex_lock(&store->lock);
    size_t n = find(store, queue_id);
    struct sandbox_message *found = n < store->count ? sandbox_message_hold(*place_of(store, n)) : NULL;
    pthread_mutex_unlock(&store->lock);
    return found;
}

/* Those that came later move up by one, so that the ring has no gap. */
bool sandbox_store_remove(struct sandbox_store *store, struct str queue_id)
{
    pthread_mutex_lock(&store->lock);
    size_t n = find(store, queue_id);
    bool found = n < store->count;
    if (found) {
        struct sandbox_message *gone = *place_of(store, n);
        for (; n > 0; n--)
            *place_of(store, n) = *place_of(store, n - 1);
        store->count--;
        store->kept_bytes -= message_bytes(gone);
        sandbox_message_release(&gone);
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
