#include "base/base64.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

size_t base64_write(char *out, struct str bytes)
{
    const unsigned char *in = (const unsigned char *)bytes.data;
    size_t len = 0;
    size_t left = bytes.len;
    for (; left >= 3; left -= 3, in += 3) {
        out[len++] = ALPHABET[in[0] >> 2];
        out[len++] = ALPHABET[(in[0] & 3) << 4 | in[1] >> 4];
        out[len++] = ALPHABET[(in[1] & 15) << 2 | in[2] >> 6];
        out[len++] = ALPHABET[in[2] & 63];
    }
    if (left) {
        unsigned char second = left == 2 ? in[1] : 0;
        out[len++] = ALPHABET[in[0] >> 2];
        out[len++] = ALPHABET[(in[0] & 3) << 4 | second >> 4];
        out[len++] = left == 2 ? ALPHABET[(second & 15) << 2] : '=';
        out[len++] = '=';
    }
    return len;
}

void base64_encode(struct buf *out, struct str bytes)
{
    if (buf_reserve(out, (bytes.len + 2) / 3 * 4) && bytes.len)
        out->len += base64_write(out->data + out->len, bytes);
}

const signed char base64_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64};

bool base64_decode(struct buf *out, struct str text)
{
    size_t before = out->len;
    size_t padding = 0;
    while (padding < 2 && padding < text.len && text.data[text.len - 1 - padding] == '=')
        padding++;
    bool valid = text.len % 4 == 0;
    struct str digits = str_first(text, text.len - padding);
    uint32_t group = 0;
    unsigned bits = 0;
    for (size_t i = 0; valid && i < digits.len; i++) {
        int value = base64_value(digits.data[i]);
        valid = value >= 0;
        group = (group << 6 | (uint32_t)value) & 0xffff;
        bits += 6;
        if (valid && bits >= 8) {
            bits -= 8;
            buf_append_char(out, (char)(group >> bits));
        }
    }
    /* The bits that the padding leaves over must be zero: one value, one text. */
    if (!valid || (group & ((1U << bits) - 1)) != 0) {
        out->len = before;
        return false;
    }
    return true;
}
