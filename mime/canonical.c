#include "mime/canonical.h"

#include "base/block.h"

#include <string.h>

enum { MAX_LINE_OCTETS = 998 };

size_t canonical_break(struct str text)
{
    if (text.len && text.data[0] == '\r')
        return text.len > 1 && text.data[1] == '\n' ? 2 : 1;
    return text.len && text.data[0] == '\n' ? 1 : 0;
}

static block find_breaks(block octets)
{
    return (block)((octets == '\r') | (octets == '\n'));
}

static size_t line_octets(struct str text)
{
    return block_run(text, SIZE_MAX, find_breaks);
}

size_t canonical_pull(struct canonical *canonical, char *window, size_t window_bytes)
{
    size_t used = 0;
    while (used < window_bytes) {
        size_t ending = canonical_break(canonical->rest);
        if (canonical->owes_lf) {
            window[used++] = '\n';
            canonical->owes_lf = canonical->in_line = false;
        } else if (ending || (!canonical->rest.len && canonical->in_line)) {
            window[used++] = '\r';
            canonical->owes_lf = true;
            canonical->rest = str_from(canonical->rest, ending);
        } else {
            size_t len = line_octets(str_first(canonical->rest, window_bytes - used));
            if (!len)
                break;
            memcpy(window + used, canonical->rest.data, len);
            used += len;
            canonical->rest = str_from(canonical->rest, len);
            canonical->in_line = true;
        }
    }
    return used;
}

/* Controls are legal in 7bit text but for NUL, CR and LF, and seldom survive the journey. */
static block find_controls(block octets)
{
    return (block)((octets < ' ') & (octets != '\t') & (octets != '\r') & (octets != '\n')) |
           (block)(octets == 0x7f);
}

static block find_beyond_ascii(block octets)
{
    return (block)(octets >= 0x80);
}

static uint64_t count_pairs(struct str text)
{
    uint64_t count = 0;
    for (size_t cr; (cr = str_index(text, '\r')) < text.len; text = str_from(text, cr + 1))
        count += canonical_break(str_from(text, cr)) == 2;
    return count;
}

/* "From " at the beginning of a line gets a ">" before it wherever mail is kept in mbox files. */
static bool may_travel(struct str line)
{
    return line.len <= MAX_LINE_OCTETS && !str_starts_with(line, STR("From "));
}

static bool all_may_travel(struct str text)
{
    while (text.len) {
        struct str line = {text.data, line_octets(text)};
        if (!may_travel(line))
            return false;
        text = str_from(text, line.len + canonical_break(str_from(text, line.len)));
    }
    return true;
}

/* Each break becomes a pair; those that are one already were counted as two. */
static uint64_t canonical_octets(struct str text)
{
    uint64_t breaks = block_count_in(text, find_breaks);
    uint64_t pairs = breaks ? count_pairs(text) : 0;
    bool ends_well = !text.len || text.data[text.len - 1] == '\r' || text.data[text.len - 1] == '\n';
    return text.len + breaks - 2 * pairs + (ends_well ? 0 : 2);
}

struct canonical_survey canonical_survey(struct str text)
{
    struct canonical_survey survey = {.octets = canonical_octets(text),
                                      .beyond_ascii = block_count_in(text, find_beyond_ascii)};
    survey.seven_bit =
        !survey.beyond_ascii && block_run(text, SIZE_MAX, find_controls) == text.len && all_may_travel(text);
    return survey;
}
