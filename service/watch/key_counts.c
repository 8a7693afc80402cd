#include "service/watch/key_counts.h"

#include "service/watch/exposition.h"

#include <inttypes.h>
#include <string.h>

void key_counts_init(struct key_counts *counts)
{
    pthread_mutex_init(&counts->adding, NULL);
}

void key_counts_fini(struct key_counts *counts)
{
    pthread_mutex_destroy(&counts->adding);
}

/* NULL where it has none among the first `known`. */
static struct key_count *find(struct key_counts *counts, struct str name, size_t known)
{
    for (size_t i = 0; i < known; i++)
        if (str_equal((struct str){counts->keys[i].name, counts->keys[i].name_len}, name))
            return &counts->keys[i];
    return NULL;
}

/* Once for each name. */
static struct key_count *add(struct key_counts *counts, struct str name)
{
    pthread_mutex_lock(&counts->adding);
    size_t known = atomic_load(&counts->count);
    struct key_count *key = find(counts, name, known);
    if (!key && known < KEY_COUNTS_NAMES && name.len <= KEY_COUNTS_NAME_BYTES) {
        key = &counts->keys[known];
        memcpy(key->name, name.data, name.len);
        key->name_len = name.len;
        atomic_store(&counts->count, known + 1);
    }
    pthread_mutex_unlock(&counts->adding);
    return key ? key : &counts->keys[KEY_COUNTS_NAMES];
}

void key_counts_add(struct key_counts *counts, struct str name, enum delivery delivery)
{
    if (!name.data)
        return;
    size_t known = atomic_load(&counts->count);
    struct key_count *key = find(counts, name, known);
    if (!key)
        key = known < KEY_COUNTS_NAMES ? add(counts, name) : &counts->keys[KEY_COUNTS_NAMES];
    atomic_fetch_add_explicit(&key->messages[delivery], 1, memory_order_relaxed);
}

static void append_key(struct buf *out, const char *family, const struct key_count *key, struct str name)
{
    for (int i = 0; i < DELIVERIES; i++) {
        buf_append_format(out, "%s{key=\"", family);
        exposition_append_label(out, name);
        buf_append_format(out, "\",delivery=\"%s\"} %" PRIu64 "\n", delivery_name((enum delivery)i),
                          atomic_load_explicit(&key->messages[i], memory_order_relaxed));
    }
}

void key_counts_append(struct buf *out, const struct key_counts *counts)
{
    static const char family[] = "postern_key_messages_total";
    size_t known = atomic_load(&counts->count);
    if (!known)
        return;
    exposition_append_head(out, family, "counter", "Messages, by the API key that they came with.");
    for (size_t i = 0; i < known; i++)
        append_key(out, family, &counts->keys[i],
                   (struct str){counts->keys[i].name, counts->keys[i].name_len});
    append_key(out, family, &counts->keys[KEY_COUNTS_NAMES], STR("(other)")); /* no name of a key */
}
