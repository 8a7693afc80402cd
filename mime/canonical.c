#include "mime/canonical.h"

#include <string.h>

enum { MAX_LINE_OCTETS = 998 };

size_t canonical_break(struct str text)
{
    if (text.len && text.data[0] == '\r')
        return text.len > 1 && text.data[1] == '\n' ? 2 : 1;
    return text.len && text.data[0] == '\n' ? 1 : 0;
}

/* Some octet of `word` is zero (the classic: borrow out of a byte that had no high bit). */
static bool has_zero(uint64_t word)
{
    return ((word - 0x0101010101010101U) & ~word & 0x8080808080808080U) != 0;
}

/* Eight octets at a time, and each once: a memchr for each of CR and LF would be quadratic where only one of
 * them is used. */
static size_t line_octets(struct str text)
{
    size_t len = 0;
    for (uint64_t word; len + sizeof word <= text.len; len += sizeof word) {
        memcpy(&word, text.data + len, sizeof word);
        if (has_zero(word ^ 0x0a0a0a0a0a0a0a0aU) || has_zero(word ^ 0x0d0d0d0d0d0d0d0dU))
            break;
    }
    while (len < text.len && text.data[len] != '\r' && text.data[len] != '\n')
        len++;
    return len;
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

/* Controls are legal in 7bit text but for NUL, CR and LF, and seldom survive the journey. "From " at the
 * beginning of a line gets a ">" before it wherever mail is kept in mbox files. */
static bool is_seven_bit(struct str line)
{
    unsigned others = 0;
    for (size_t i = 0; i < line.len; i++) {
        unsigned char c = (unsigned char)line.data[i];
        others |= (c < ' ' && c != '\t') | (c >= 0x7f);
    }
    return !others && line.len <= MAX_LINE_OCTETS && !str_starts_with(line, STR("From "));
}

struct canonical_survey canonical_survey(struct str text)
{
    struct canonical_survey survey = {.seven_bit = true};
    while (text.len) {
        struct str line = str_first(text, line_octets(text));
        survey.seven_bit = survey.seven_bit && is_seven_bit(line);
        survey.octets += line.len + 2;
        text = str_from(text, line.len);
        text = str_from(text, canonical_break(text));
    }
    return survey;
}
