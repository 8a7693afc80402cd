/* A step writes one of: a line ending, a run of plain characters, one encoded character, a soft break. */
#include "mime/quoted_printable.h"

#include "base/utf8.h"
#include "mime/canonical.h"

#include <string.h>

enum { LINE_COLUMNS = 76 };

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_line(struct str text)
{
    return text.len == 0 || text.data[0] == '\r' || text.data[0] == '\n';
}

/* Octets at the front that stand for themselves, `max` at most. White space does unless a line ends behind
 * it, where relays strip it (RFC 2045 6.7 rule 3). */
static size_t plain_run(struct str text, size_t max)
{
    size_t len = 0;
    for (; len < text.len && len < max; len++) {
        char c = text.data[len];
        bool visible = c > ' ' && c < 0x7f && c != '=';
        if (!visible && !(is_blank(c) && !ends_line(str_from(text, len + 1))))
            break;
    }
    return len;
}

static size_t write_hex(char *out, struct str octets)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < octets.len; i++) {
        unsigned char c = (unsigned char)octets.data[i];
        out[3 * i] = '=';
        out[3 * i + 1] = digits[c >> 4];
        out[3 * i + 2] = digits[c & 15];
    }
    return 3 * octets.len;
}

static size_t write_break(struct quoted_printable *encoder, char *out, struct str octets, size_t consumed)
{
    memcpy(out, octets.data, octets.len);
    encoder->column = 0;
    encoder->rest = str_from(encoder->rest, consumed);
    return octets.len;
}

/* The character at the front, which no plain run took: encoded, or plain in the last column. */
static size_t write_character(struct quoted_printable *encoder, char *out, bool guarded)
{
    uint32_t code_point;
    size_t len = utf8_decode(encoder->rest, &code_point);
    struct str character = str_first(encoder->rest, len ? len : 1);
    struct str behind = str_from(encoder->rest, character.len);
    bool plain = !guarded && plain_run(encoder->rest, 1) == 1;
    size_t width = plain ? 1 : 3 * character.len;
    /* The last column is for the "=" of a soft break, unless the line ends here anyway. */
    if (encoder->column + width > (ends_line(behind) ? LINE_COLUMNS : LINE_COLUMNS - 1))
        return write_break(encoder, out, STR("=\r\n"), 0);
    encoder->rest = behind;
    encoder->column += width;
    if (!plain)
        return write_hex(out, character);
    out[0] = character.data[0];
    return 1;
}

static size_t write_step(struct quoted_printable *encoder, char *out)
{
    size_t ending = canonical_break(encoder->rest);
    if (ending || !encoder->rest.len)
        return write_break(encoder, out, STR("\r\n"), ending);
    bool guarded = encoder->column == 0 &&
                   (encoder->rest.data[0] == '.' || str_starts_with(encoder->rest, STR("From ")));
    size_t run = guarded ? 0 : plain_run(encoder->rest, LINE_COLUMNS - 1 - encoder->column);
    if (!run)
        return write_character(encoder, out, guarded);
    memcpy(out, encoder->rest.data, run);
    encoder->rest = str_from(encoder->rest, run);
    encoder->column += run;
    return run;
}

size_t quoted_printable_pull(struct quoted_printable *encoder, char *window, size_t window_bytes)
{
    size_t used = 0;
    while ((encoder->rest.len || encoder->column) && window_bytes - used >= QUOTED_PRINTABLE_MIN_WINDOW_BYTES)
        used += write_step(encoder, window + used);
    return used;
}
