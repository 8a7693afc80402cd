#include "base/base64.h"

static const char ALPHABET[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct buf *out, struct str bytes)
{
    for (size_t at = 0; at < bytes.len; at += 3) {
        size_t have = bytes.len - at < 3 ? bytes.len - at : 3;
        uint32_t group = 0;
        for (size_t i = 0; i < 3; i++)
            group = group << 8 | (i < have ? (unsigned char)bytes.data[at + i] : 0);
        for (size_t i = 0; i < 4; i++)
            buf_append_char(out, i <= have ? ALPHABET[group >> (18 - 6 * i) & 63] : '=');
    }
}

int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

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
