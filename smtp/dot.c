/* Line by line, not byte by byte: most of a message is base64 in lines of 76, found by memchr and copied
 * whole. */
#include "smtp/dot.h"

#include <string.h>

/* The bytes up to and with the next CR or LF, whichever is first, `room` at most. */
static size_t run_length(struct str piece, size_t room)
{
    struct str window = str_first(piece, room);
    size_t cr = str_index(window, '\r');
    struct str before = str_first(window, cr);
    size_t lf = str_index(before, '\n');
    size_t end = lf < before.len ? lf : cr;
    return end < window.len ? end + 1 : window.len;
}

static void move_on(struct smtp_dot *dot, char last)
{
    if (last == '\n')
        dot->at = SMTP_DOT_AT_LINE_START;
    else
        dot->at = last == '\r' ? SMTP_DOT_AFTER_CR : SMTP_DOT_IN_LINE;
}

/* The byte behind a CR must be LF, and an LF must stand behind a CR. */
static bool is_bare(const struct smtp_dot *dot, struct str run)
{
    bool lf_alone = run.data[run.len - 1] == '\n' && !(run.len == 1 && dot->at == SMTP_DOT_AFTER_CR);
    return lf_alone || (dot->at == SMTP_DOT_AFTER_CR && run.data[0] != '\n');
}

size_t smtp_dot_stuff(struct smtp_dot *dot, struct str *piece, char *out, size_t room)
{
    size_t written = 0;
    while (piece->len && room - written >= 2 && !dot->bare) {
        if (dot->at == SMTP_DOT_AT_LINE_START && piece->data[0] == '.' && !dot->is_chunk)
            out[written++] = '.';
        struct str run = str_first(*piece, run_length(*piece, room - written));
        if (is_bare(dot, run)) {
            dot->bare = true;
            break;
        }
        memcpy(out + written, run.data, run.len);
        written += run.len;
        move_on(dot, run.data[run.len - 1]);
        *piece = str_from(*piece, run.len);
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
