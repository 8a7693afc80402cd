/* By blocks, past whatever goes as it is: nearly all of a message. Where there is something to do, line by line. */
#include "smtp/dot.h"

#include "base/block.h"

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

/* Octets that stand alone, and dots that begin a line, looked for in pairs of neighbours. */
static block find_work(const char data[static BLOCK_OCTETS + 1])
{
    block octets = block_load(data), next = block_load(data + 1);
    return ((block)(octets == '\r') ^ (block)(next == '\n')) | (block)((octets == '\n') & (next == '.'));
}

/* To the block in which there may be something to do, within or at the beginning of a line. */
static size_t pass_over(struct smtp_dot *dot, struct str text)
{
    size_t at = 0;
    if (dot->at == SMTP_DOT_AFTER_CR || (text.len && text.data[0] == '\n'))
        return 0;
    while (text.len - at > BLOCK_STRIDE_OCTETS) {
        const char *data = text.data + at;
        block found = (find_work(data) | find_work(data + BLOCK_OCTETS)) |
                      (find_work(data + 2 * BLOCK_OCTETS) | find_work(data + 3 * BLOCK_OCTETS));
        if (block_has(found))
            break;
        at += BLOCK_STRIDE_OCTETS;
    }
    if (at)
        dot->at = text.data[at - 1] == '\n' ? SMTP_DOT_AT_LINE_START : SMTP_DOT_IN_LINE;
    if (at && text.data[at - 1] == '\r')
        dot->at = SMTP_DOT_AFTER_CR;
    return at;
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
        taken += pass_over(dot, rest);
        rest = (struct str){text.data + taken, text.len - taken};
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
