/* Attachments are most of what we carry, so they are looked at in blocks: once for what does not belong there, once to
 * count, which costs a quarter of that. Debian 12 has no library that helps: libb64 and libmodpbase64
 * decode and encode only. */
#include "mime/base64_wrap.h"

#include "base/base64.h"
#include "base/block.h"

#include <string.h>

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static block find_spaces(block octets)
{
    return (block)((octets == ' ') | (octets == '\t') | (octets == '\r') | (octets == '\n'));
}

/* "/" stands right before the numerals. */
static block find_others_than_digits(block octets)
{
    return ~(block_range(octets | 0x20, 'a', 'z') | block_range(octets, '/', '9') | (block)(octets == '+'));
}

static block find_foreign(block octets)
{
    return find_others_than_digits(octets) & ~find_spaces(octets);
}

/* In base64 nothing but white space sorts as low. */
static bool is_low(char c)
{
    return (unsigned char)c <= ' ';
}

static block find_low(block octets)
{
    return (block)(octets <= ' ');
}

/* Up to the end, or to the first that is neither digit nor white space. Runs of digits are passed over in strides: white
 * space is looked for only where they end. */
static size_t span_base64(struct str text)
{
    size_t at = 0;
    while (at < text.len) {
        struct str rest = {text.data + at, text.len - at};
        if (rest.len >= BLOCK_STRIDE_OCTETS &&
            !block_has(block_find_in_stride(rest.data, find_others_than_digits))) {
            at += BLOCK_STRIDE_OCTETS;
            continue;
        }
        size_t run = block_run(rest, BLOCK_STRIDE_OCTETS, find_foreign);
        at += run;
        if (run < BLOCK_STRIDE_OCTETS)
            break;
    }
    return at;
}

/* Cuts the padding off the end, two "=" at most, and the white space around it. */
static size_t cut_padding(struct str *base64)
{
    size_t padding = 0;
    for (; base64->len; base64->len--) {
        char last = base64->data[base64->len - 1];
        if (last == '=' && padding < 2)
            padding++;
        else if (!is_space(last))
            break;
    }
    return padding;
}

/* RFC 4648 3.2, 3.5: whole groups, and no bits set that the padding drops. */
static bool ends_well(size_t digits, size_t padding, struct str text)
{
    size_t left = digits % 4;
    if (left == 0)
        return padding == 0;
    unsigned dropped_bits = left == 2 ? 0x0f : 0x03;
    return left + padding == 4 && ((unsigned)base64_value(text.data[text.len - 1]) & dropped_bits) == 0;
}

bool base64_wrap_check(struct str base64, uint64_t *decoded_bytes, struct fault *fault)
{
    struct str text = base64;
    size_t padding = cut_padding(&text);
    size_t whole = span_base64(text);
    if (whole < text.len)
        return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                         "the content is not base64 (RFC 4648 section 4) at octet %zu", whole);
    size_t digits = text.len - block_count_in(text, find_low);
    if (!ends_well(digits, padding, text))
        return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                         "the content is not whole base64: its end is cut off, or not padded with \"=\"");
    *decoded_bytes = (digits + padding) / 4 * 3 - padding;
    return true;
}

uint64_t base64_wrap_octets_of_digits(uint64_t digits)
{
    return digits + 2 * ((digits + BASE64_LINE_COLUMNS - 1) / BASE64_LINE_COLUMNS);
}

uint64_t base64_wrap_octets(struct str base64)
{
    return base64_wrap_octets_of_digits(base64.len - block_count_in(base64, find_low));
}

/* A line's worth without white space; the last block overlaps the one before it. */
static bool is_solid(const char line[static BASE64_LINE_COLUMNS])
{
    block found = find_low(block_load(line + BASE64_LINE_COLUMNS - BLOCK_OCTETS));
    for (size_t at = 0; at + BLOCK_OCTETS <= BASE64_LINE_COLUMNS; at += BLOCK_OCTETS)
        found |= find_low(block_load(line + at));
    return !block_has(found);
}

static void advance(struct str *rest, size_t octets)
{
    *rest = (struct str){rest->data + octets, rest->len - octets};
}

static void skip_low(struct str *rest)
{
    while (rest->len && is_low(rest->data[0]))
        advance(rest, 1);
}

/* Moves up to a line's worth of what is not white space to `line`; returns how much. */
static size_t take_line(struct str *rest, char line[static BASE64_LINE_COLUMNS])
{
    size_t len = 0;
    skip_low(rest);
    if (rest->len >= BASE64_LINE_COLUMNS && is_solid(rest->data)) {
        memcpy(line, rest->data, len = BASE64_LINE_COLUMNS);
        advance(rest, len);
    }
    while (rest->len && len < BASE64_LINE_COLUMNS) {
        size_t run = block_run(*rest, BASE64_LINE_COLUMNS - len, find_low);
        memcpy(line + len, rest->data, run);
        len += run;
        advance(rest, run);
        skip_low(rest);
    }
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
