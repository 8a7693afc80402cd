/* A step writes one of: a line ending, a run of plain octets, a character, a soft break. Runs are copied by a table, an
 * octet at a time: most are too short for more to pay. */
#include "mime/quoted_printable.h"

#include "base/utf8.h"
#include "mime/canonical.h"

#include <string.h>

enum { LINE_COLUMNS = 76 };

/* What stands for itself; white space, unless a line ends behind it. */
static const bool is_plain[256] = {['\t'] = true, [' ' ... '<'] = true, ['>' ... '~'] = true};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool ends_line(struct str text)
{
    return text.len == 0 || text.data[0] == '\r' || text.data[0] == '\n';
}

/* Mangled on the way where it begins a line (RFC 2049 section 3, RFC 5321 4.5.2). */
static bool is_guarded(struct str text)
{
    return str_starts_with(text, STR(".")) || str_starts_with(text, STR("From "));
}

static size_t write_break(struct quoted_printable *encoder, char *out, struct str octets, size_t consumed)
{
    memcpy(out, octets.data, octets.len);
    encoder->column = 0;
    encoder->rest = str_from(encoder->rest, consumed);
    return octets.len;
}

static void write_hex(char *out, struct str octets)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < octets.len; i++) {
        unsigned char c = (unsigned char)octets.data[i];
        out[3 * i] = '=';
        out[3 * i + 1] = digits[c >> 4];
        out[3 * i + 2] = digits[c & 15];
    }
}

static void advance(struct quoted_printable *encoder, size_t octets, size_t columns)
{
    encoder->rest = (struct str){encoder->rest.data + octets, encoder->rest.len - octets};
    encoder->column += columns;
}

/* Octets that stand for themselves, up to the last column but one: the last is for the "=" of a soft break. White space
 * at the end of a line is not among them, for relays strip it (RFC 2045 6.7 rule 3). */
static size_t write_plain(struct quoted_printable *encoder, char *out)
{
    struct str text = encoder->rest;
    size_t room = LINE_COLUMNS - 1 - encoder->column, len = 0;
    size_t max = text.len < room ? text.len : room;
    for (; len < max && is_plain[(unsigned char)text.data[len]]; len++)
        out[len] = text.data[len];
    if (len && is_blank(text.data[len - 1]) && ends_line((struct str){text.data + len, text.len - len}))
        len--;
    advance(encoder, len, len);
    return len;
}

/* Octets of the character at the front. Where any would fit in the line, they need not be told apart. */
static size_t character_octets(const struct quoted_printable *encoder)
{
    uint32_t code_point;
    bool any_fits = encoder->column + 3 * UTF8_MAX_BYTES < LINE_COLUMNS;
    size_t len = any_fits ? 1 : utf8_decode(encoder->rest, &code_point);
    return len ? len : 1;
}

/* The character at the front, which no run of plain ones took: encoded, or plain in the last column, which is there for
 * the "=" of a soft break unless the line ends anyway. */
static size_t write_character(struct quoted_printable *encoder, char *out, bool guarded)
{
    struct str character = {encoder->rest.data, character_octets(encoder)};
    bool at_end = ends_line(str_from(encoder->rest, character.len));
    char first = character.data[0];
    bool plain = !guarded && is_plain[(unsigned char)first] && !(is_blank(first) && at_end);
    size_t width = plain ? 1 : 3 * character.len;
    if (encoder->column + width > (at_end ? LINE_COLUMNS : LINE_COLUMNS - 1))
        return write_break(encoder, out, STR("=\r\n"), 0);
    if (plain)
        out[0] = first;
    else
        write_hex(out, character);
    advance(encoder, character.len, width);
    return width;
}

static size_t write_step(struct quoted_printable *encoder, char *out)
{
    if (ends_line(encoder->rest))
        return write_break(encoder, out, STR("\r\n"), canonical_break(encoder->rest));
    bool guarded = encoder->column == 0 && is_guarded(encoder->rest);
    size_t used = guarded ? 0 : write_plain(encoder, out);
    return used ? used : write_character(encoder, out, guarded);
}

size_t quoted_printable_pull(struct quoted_printable *encoder, char *window, size_t window_bytes)
{
    size_t used = 0;
    while ((encoder->rest.len || encoder->column) && window_bytes - used >= QUOTED_PRINTABLE_MIN_WINDOW_BYTES)
        used += write_step(encoder, window + used);
    return used;
}
