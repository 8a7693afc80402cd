/* Line by line, not byte by byte: most of a message is base64 in lines of 76, whose ends memchr finds, and which are
 * copied many at once. */
#include "smtp/dot.h"

#include <string.h>

/* The octets up to and with the end of this line, or to that of the text. A CR stands before an LF, and an LF behind a
 * CR. */
static size_t scan_line(struct smtp_dot *dot, struct str text)
{
    size_t lf = str_index(text, '\n');
    bool is_ended = lf < text.len;
    size_t cr = str_index(str_first(text, lf), '\r');
    bool ends_in_cr = cr + 1 == lf, was_cr = dot->at == SMTP_DOT_AFTER_CR;
    bool has_ending = was_cr ? is_ended && lf == 0 : ends_in_cr;
    dot->bare = is_ended || was_cr ? !has_ending : cr < lf && !ends_in_cr;
    if (is_ended)
        dot->at = SMTP_DOT_AT_LINE_START;
    else
        dot->at = ends_in_cr ? SMTP_DOT_AFTER_CR : SMTP_DOT_IN_LINE;
    return is_ended ? lf + 1 : lf;
}

static bool needs_dot(const struct smtp_dot *dot, struct str text)
{
    return dot->at == SMTP_DOT_AT_LINE_START && text.data[0] == '.' && !dot->is_chunk;
}

/* Up to the next line that begins with a dot; at least one octet. */
static size_t scan_lines(struct smtp_dot *dot, struct str text)
{
    size_t taken = 0;
    struct str rest = text;
    do {
        taken += scan_line(dot, rest);
        rest = (struct str){text.data + taken, text.len - taken};
    } while (rest.len && !dot->bare && !needs_dot(dot, rest));
    return taken;
}

size_t smtp_dot_stuff(struct smtp_dot *dot, struct str *piece, char *out, size_t room)
{
    size_t written = 0;
    while (piece->len && room - written >= 2 && !dot->bare) {
        if (needs_dot(dot, *piece))
            out[written++] = '.';
        size_t taken = scan_lines(dot, str_first(*piece, room - written));
        memcpy(out + written, piece->data, taken);
        written += taken;
        *piece = str_from(*piece, taken);
    }
    return written;
}

struct str smtp_dot_end(struct smtp_dot *dot)
{
    if (dot->at == SMTP_DOT_AFTER_CR)
        dot->bare = true;
    bool mid_line = dot->at == SMTP_DOT_IN_LINE;
    dot->at = SMTP_DOT_AT_LINE_START;
    return mid_line ? STR("\r\n") : STR("");
}
