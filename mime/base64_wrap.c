/* Attachments are most of what we carry, so that the usual case runs in blocks: sixteen characters are looked
 * at by arithmetic alone, which compilers turn into vector code, and a line without white space is one
 * memcpy. */
#include "mime/base64_wrap.h"

#include "base/base64.h"

#include <string.h>

enum { BLOCK_BYTES = 16 };

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The block at `data` holds digits of base64 only. */
static bool is_digit_block(const char *data)
{
    unsigned others = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        unsigned char c = (unsigned char)data[i];
        bool letter = (unsigned char)((c | 0x20) - 'a') < 26;
        bool digit = (unsigned char)(c - '0') < 10;
        others |= !(letter | digit | (c == '+') | (c == '/'));
    }
    return !others;
}

/* Digits first, then at most two "=", then no digit again; spaces anywhere. */
struct tally {
    uint64_t digits;
    unsigned padding;
    char last_digit;
};

static bool count_char(struct tally *tally, char c)
{
    if (is_space(c))
        return true;
    if (c == '=')
        return ++tally->padding <= 2;
    if (base64_value(c) < 0 || tally->padding)
        return false;
    tally->digits++;
    tally->last_digit = c;
    return true;
}

/* RFC 4648 3.2, 3.5: whole groups, and no bits set that the padding drops. */
static bool ends_well(const struct tally *tally)
{
    unsigned left = tally->digits % 4;
    if (left == 0)
        return tally->padding == 0;
    unsigned dropped_bits = left == 2 ? 0x0f : 0x03;
    return left + tally->padding == 4 && ((unsigned)base64_value(tally->last_digit) & dropped_bits) == 0;
}

bool base64_wrap_check(struct str base64, uint64_t *decoded_bytes, struct fault *fault)
{
    struct tally tally = {0};
    for (size_t at = 0; at < base64.len;) {
        if (!tally.padding && base64.len - at >= BLOCK_BYTES && is_digit_block(base64.data + at)) {
            tally.digits += BLOCK_BYTES;
            at += BLOCK_BYTES;
            tally.last_digit = base64.data[at - 1];
        } else if (!count_char(&tally, base64.data[at++])) {
            return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                             "the content is not base64 (RFC 4648 section 4) at octet %zu", at - 1);
        }
    }
    if (!ends_well(&tally))
        return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                         "the content is not whole base64: its end is cut off, or not padded with \"=\"");
    unsigned left = tally.digits % 4;
    *decoded_bytes = tally.digits / 4 * 3 + (left ? left - 1 : 0);
    return true;
}

/* In checked base64 nothing else sorts this low. The sum is not kept in a byte: gcc 12 at -O3 then adds up
 * comparisons as -1 each. */
static size_t count_block_spaces(const char *data)
{
    unsigned spaces = 0;
    for (size_t i = 0; i < BLOCK_BYTES; i++)
        spaces += (unsigned char)data[i] <= ' ';
    return spaces;
}

static size_t count_spaces(struct str text)
{
    size_t spaces = 0;
    for (; text.len >= BLOCK_BYTES; text = str_from(text, BLOCK_BYTES))
        spaces += count_block_spaces(text.data);
    for (size_t i = 0; i < text.len; i++)
        spaces += is_space(text.data[i]);
    return spaces;
}

uint64_t base64_wrap_octets_of_digits(uint64_t digits)
{
    return digits + 2 * ((digits + BASE64_LINE_COLUMNS - 1) / BASE64_LINE_COLUMNS);
}

uint64_t base64_wrap_octets(struct str base64)
{
    return base64_wrap_octets_of_digits(base64.len - count_spaces(base64));
}

/* Moves up to a line's worth of what is not white space to `line`; returns how much. */
static size_t take_line(struct str *rest, char *line)
{
    size_t len = 0;
    size_t at = 0;
    while (at < rest->len && is_space(rest->data[at]))
        at++;
    struct str front = str_first(str_from(*rest, at), BASE64_LINE_COLUMNS);
    if (count_spaces(front) == 0) {
        memcpy(line, front.data, front.len);
        len = front.len;
        at += front.len;
    }
    for (; at < rest->len && len < BASE64_LINE_COLUMNS; at++)
        if (!is_space(rest->data[at]))
            line[len++] = rest->data[at];
    *rest = str_from(*rest, at);
    return len;
}

size_t base64_wrap_pull(struct str *rest, char *window, size_t window_bytes)
{
    size_t used = 0;
    while (rest->len && window_bytes - used >= BASE64_LINE_COLUMNS + 2) {
        size_t len = take_line(rest, window + used);
        if (len == 0)
            break;
        memcpy(window + used + len, "\r\n", 2);
        used += len + 2;
    }
    return used;
}
