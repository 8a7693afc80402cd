#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_CAPACITY = 256 };

void buf_init(struct buf *buf, size_t max_bytes)
{
    *buf = (struct buf){.max_bytes = max_bytes};
}

void buf_fini(struct buf *buf)
{
    free(buf->data);
    *buf = (struct buf){0};
}

void buf_wipe(struct buf *buf)
{
    if (buf->data)
        explicit_bzero(buf->data, buf->capacity);
    buf_fini(buf);
}

/* Grown by doubling and by copy, not by realloc, so that an old copy can be wiped: buffers hold credentials
 * too. */
static bool grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity ? buf->capacity : FIRST_CAPACITY;
    while (capacity < needed)
        capacity *= 2;
    if (capacity > buf->max_bytes)
        capacity = buf->max_bytes;
    char *data = malloc(capacity);
    if (!data)
        return false;
    if (buf->data) {
        memcpy(data, buf->data, buf->len);
        explicit_bzero(buf->data, buf->len);
        free(buf->data);
    }
    buf->data = data;
    buf->capacity = capacity;
    return true;
}

bool buf_reserve(struct buf *buf, size_t bytes)
{
    if (buf->failed)
        return false;
    if (bytes > buf->max_bytes - buf->len ||
        (buf->len + bytes > buf->capacity && !grow(buf, buf->len + bytes)))
        buf->failed = true;
    return !buf->failed;
}

void buf_append(struct buf *buf, struct str bytes)
{
    if (bytes.len == 0 || !buf_reserve(buf, bytes.len))
        return;
    memcpy(buf->data + buf->len, bytes.data, bytes.len);
    buf->len += bytes.len;
}

void buf_append_char(struct buf *buf, char c)
{
    buf_append(buf, (struct str){&c, 1});
}

void buf_append_uint(struct buf *buf, uint64_t number)
{
    char digits[20]; /* of UINT64_MAX */
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while (number /= 10);
    buf_append(buf, (struct str){digits + at, sizeof digits - at});
}

/* The length that it has or would have, below 0 on an error; written where it fits, with the NUL that vsnprintf ends
 * with, which needs room but does not count. */
__attribute__((format(printf, 2, 0))) static int format_into(const struct buf *buf, const char *format,
                                                             va_list args)
{
    return vsnprintf(buf->data ? buf->data + buf->len : NULL, buf->capacity - buf->len, format, args);
}

void buf_append_format(struct buf *buf, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = buf->failed ? -1 : format_into(buf, format, args);
    va_end(args);
    bool fits = len >= 0 && (size_t)len < buf->capacity - buf->len;
    if (len < 0 || !buf_reserve(buf, (size_t)len + 1)) {
        buf->failed = true;
        return;
    }
    if (!fits) {
        va_start(args, format);
        format_into(buf, format, args);
        va_end(args);
    }
    buf->len += (size_t)len;
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->failed = false;
}

struct str buf_view(const struct buf *buf)
{
    return (struct str){buf->data ? buf->data : "", buf->len};
}
