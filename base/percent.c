#include "base/percent.h"

struct str percent_decode(struct arena *arena, struct str text)
{
    struct buf decoded;
    buf_init(&decoded, text.len);
    for (size_t i = 0; i < text.len; i++) {
        int high = text.data[i] == '%' && i + 2 < text.len ? char_hex_value(text.data[i + 1]) : -1;
        int low = high >= 0 ? char_hex_value(text.data[i + 2]) : -1;
        buf_append_char(&decoded, low >= 0 ? (char)(high * 16 + low) : text.data[i]);
        i += low >= 0 ? 2 : 0;
    }
    struct str kept = decoded.len ? arena_keep(arena, &decoded) : STR("");
    buf_fini(&decoded);
    return kept;
}
