/* base/buf.h: bytes that grow, up to a bound that must be named.
 *
 * Append freely and test `failed` once at the end: past the bound, or out of memory, every further append
 * does nothing.
 *
 * Ownership  the buffer owns its bytes; views of them live until the next call that changes it.
 * Errors     `failed` is sticky until buf_clear.
 */
#ifndef POSTERN_BASE_BUF_H
#define POSTERN_BASE_BUF_H

#include "base/str.h"

struct buf {
    char *data;
    size_t len;
    size_t capacity;
    size_t max_bytes;
    bool failed;
};

void buf_init(struct buf *buf, size_t max_bytes);
void buf_fini(struct buf *buf);

/* Overwrites the bytes before they are freed: for what held a secret. */
void buf_wipe(struct buf *buf);

/* Makes room for `bytes` more, so that the appends that follow cannot fail. */
bool buf_reserve(struct buf *buf, size_t bytes);
void buf_append(struct buf *buf, struct str bytes);
void buf_append_char(struct buf *buf, char c);
void buf_append_uint(struct buf *buf, uint64_t number); /* in decimal */
void buf_append_format(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));

void buf_clear(struct buf *buf);
struct str buf_view(const struct buf *buf);

#endif
