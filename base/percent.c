#include "base/percent.h"

/* The octet that the "%XX" at `at` stands for; -1 where none stands there. */
static int octet_at(struct str text, size_t at)
{
    struct str escape = str_from(text, at);
    if (escape.len < 3 || escape.data[0] != '%')
        return -1;
    int high = char_hex_value(escape.data[1]), low = char_hex_value(escape.data[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool percent_is_valid(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '%' && octet_at(text, i) < 0)
            return false;
    return true;
}

struct str percent_decode(struct arena *arena, struct str text)
{
    struct buf decoded;
    buf_init(&decoded, text.len);
    for (size_t i = 0; i < text.len; i++) {
        int octet = octet_at(text, i);
        buf_append_char(&decoded, octet < 0 ? text.data[i] : (char)octet);
        i += octet < 0 ? 0 : 2;
    }
    struct str kept = arena_keep(arena, &decoded);
    buf_wipe(&decoded); /* it may have been a password */
    return kept;
}
