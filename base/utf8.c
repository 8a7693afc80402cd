#include "base/utf8.h"

#include "base/block.h"

#include <string.h>

static const uint32_t REPLACEMENT = 0xFFFD;

size_t utf8_decode(struct str s, uint32_t *code_point)
{
    static const uint32_t smallest[] = {0, 0, 0x80, 0x800, 0x10000};
    if (s.len == 0)
        return 0;
    unsigned char first = (unsigned char)s.data[0];
    if (first < 0x80) {
        *code_point = first;
        return 1;
    }
    size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || s.len < len)
        return 0;
    uint32_t value = first & (0xffU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        unsigned char next = (unsigned char)s.data[i];
        if ((next & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (next & 0x3f);
    }
    if (value < smallest[len] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code_point = value;
    return len;
}

size_t utf8_encode(uint32_t code_point, char bytes[static UTF8_MAX_BYTES])
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (code_point < 0x80) {
        bytes[0] = (char)code_point;
        return 1;
    }
    size_t len = code_point < 0x800 ? 2 : code_point < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code_point & 0x3f));
        code_point >>= 6;
    }
    bytes[0] = (char)(lead[len] | code_point);
    return len;
}

/* Most of what we are given is ASCII: eight bytes at a time. */
static size_t ascii_run(struct str s)
{
    size_t at = 0;
    for (uint64_t word; at + sizeof word <= s.len; at += sizeof word) {
        memcpy(&word, s.data + at, sizeof word);
        if (word & 0x8080808080808080U)
            break;
    }
    while (at < s.len && !(s.data[at] & 0x80))
        at++;
    return at;
}

bool utf8_valid(struct str s)
{
    for (s = str_from(s, ascii_run(s)); s.len; s = str_from(s, ascii_run(s))) {
        uint32_t code_point;
        size_t len = utf8_decode(s, &code_point);
        if (!len)
            return false;
        s = str_from(s, len);
    }
    return true;
}

bool utf8_is_ascii(struct str s)
{
    return ascii_run(s) == s.len;
}

struct str utf8_first(struct str s, size_t max_bytes)
{
    if (s.len <= max_bytes)
        return s;
    while (max_bytes && ((unsigned char)s.data[max_bytes] & 0xc0) == 0x80)
        max_bytes--;
    return str_first(s, max_bytes);
}

bool utf8_is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/* All but printable ASCII. */
static block find_unsafe(block octets)
{
    return (block)((octets < ' ') | (octets >= 0x7f));
}

/* What may be shown of the front of `s`, which is taken off: a run of plain octets, or one code point. False where there
 * is no room for it. */
static bool move_safe(struct buf *safe, struct str *s, size_t room)
{
    size_t plain = block_run(*s, room, find_unsafe);
    uint32_t code_point;
    size_t len = plain ? plain : utf8_decode(*s, &code_point);
    if (!len)
        code_point = REPLACEMENT;
    else if (!plain && utf8_is_control(code_point))
        code_point = ' ';
    char bytes[UTF8_MAX_BYTES];
    struct str shown = plain ? str_first(*s, plain) : (struct str){bytes, utf8_encode(code_point, bytes)};
    *s = str_from(*s, len ? len : 1);
    if (shown.len <= room)
        buf_append(safe, shown);
    return shown.len <= room;
}

struct str utf8_make_safe(struct arena *arena, struct str s, size_t max_bytes)
{
    struct buf safe;
    buf_init(&safe, max_bytes + 1);
    while (s.len && safe.len < max_bytes)
        if (!move_safe(&safe, &s, max_bytes - safe.len))
            break;
    struct str copy = arena_keep(arena, &safe);
    buf_wipe(&safe); /* a relay's words may quote the mail */
    return copy;
}
