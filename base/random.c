#include "base/random.h"

#include "base/clock.h"
#include "base/digits.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { STORE_BYTES = 512 };

static _Thread_local struct {
    unsigned char bytes[STORE_BYTES];
    size_t left; /* at the front */
} store;

static void ask_kernel(void *bytes, size_t len)
{
    char *at = bytes;
    while (len) {
        ssize_t got = getrandom(at, len, 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        at += got;
        len -= (size_t)got;
    }
}

/* More than a store holds is asked for by itself. */
void random_fill(void *bytes, size_t len)
{
    if (len > STORE_BYTES) {
        ask_kernel(bytes, len);
        return;
    }
    if (len > store.left) {
        ask_kernel(store.bytes, STORE_BYTES);
        store.left = STORE_BYTES;
    }
    store.left -= len;
    memcpy(bytes, store.bytes + store.left, len);
    explicit_bzero(store.bytes + store.left, len);
}

void random_text(char *text, size_t len)
{
    random_fill(text, len);
    for (size_t i = 0; i < len; i++)
        text[i] = "abcdefghijklmnopqrstuvwxyz234567"[text[i] & 31];
    text[len] = '\0';
}

void random_uuid7(char text[static UUID_BYTES])
{
    unsigned char b[16];
    random_fill(b, sizeof b);
    uint64_t ms = (uint64_t)clock_wall_ms();
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)(0x70 | (b[6] & 0x0f)); /* version 7 */
    b[8] = (unsigned char)(0x80 | (b[8] & 0x3f)); /* variant 10 */
    static const size_t widths[] = {4, 2, 2, 2, 6};
    const unsigned char *octets = b;
    for (size_t i = 0; i < sizeof widths / sizeof *widths; octets += widths[i++]) {
        text = digits_text(text, i ? STR("-") : STR(""));
        text = digits_hex(text, octets, widths[i]);
    }
    *text = '\0';
}
