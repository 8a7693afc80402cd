/* base/base64.h: base64 (RFC 4648 4) of short values: credentials, header words. Bodies have
 * mime/transfer.h. */
#ifndef POSTERN_BASE_BASE64_H
#define POSTERN_BASE_BASE64_H

#include "base/buf.h"
#include "base/str.h"

void base64_encode(struct buf *out, struct str bytes);

/* To where there is room for the (len + 2) / 3 * 4 characters; returns how many they are. */
size_t base64_write(char *out, struct str bytes);

/* Strict: the alphabet, the padding and nothing else. False, and `out` as it was, on anything else. */
bool base64_decode(struct buf *out, struct str text);

/* One more than what the digit stands for, or 0. */
extern const signed char base64_values[256];

/* 0 to 63, or -1. */
static inline int base64_value(char c)
{
    return base64_values[(unsigned char)c] - 1;
}

#endif
