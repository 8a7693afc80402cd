#include "base/digits.h"

#include <string.h>

char *digits_hex(char *at, const unsigned char *octets, size_t count)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < count; i++) {
        *at++ = digits[octets[i] >> 4];
        *at++ = digits[octets[i] & 15];
    }
    return at;
}

char *digits_text(char *at, struct str text)
{
    memcpy(at, text.data, text.len);
    return at + text.len;
}

char *digits_decimal(char *at, struct str mark, int number, size_t width)
{
    unsigned rest = (unsigned)number;
    at = digits_text(at, mark);
    for (size_t i = width; i > 0; i--, rest /= 10)
        at[i - 1] = (char)('0' + rest % 10);
    return at + width;
}
