/* Of the two spellings of a file name the extended one comes first: a reader that takes the first of two
 * parameters of a name, as Python's does, then has the whole one. */
#include "mime/parameter.h"

#include "base/utf8.h"
#include "mime/address.h"
#include "mime/encoded_word.h"
#include "mime/filename.h"
#include "mime/line.h"

#include <stdio.h>
#include <string.h>

enum { MAX_PLAIN_OCTETS = 60, MAX_NAME_BYTES = 32 };

static void begin_parameter(struct header *header, size_t octets)
{
    header_append_close(header, ';');
    /* One more, for the ";" that may follow. */
    header_begin_token(header, octets + 1);
    header->column--;
}

void parameter_append(struct header *header, const char *name, struct str value)
{
    begin_parameter(header, strlen(name) + 1 + address_quoted_octets(value));
    buf_append(header->out, str_of(name));
    buf_append_char(header->out, '=');
    address_quote(header->out, value);
}

void parameter_append_given(struct header *header, struct str name, struct str value)
{
    begin_parameter(header, name.len + 1 + value.len);
    buf_append(header->out, name);
    buf_append_char(header->out, '=');
    buf_append(header->out, value);
}

/* RFC 2231 section 7 attribute-char: token characters but for "*", "'" and "%". */
static bool is_attribute_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("!#$&+-.^_`{|}~", c));
}

static size_t percent_octets(struct str text)
{
    size_t octets = 0;
    for (size_t i = 0; i < text.len; i++)
        octets += is_attribute_char(text.data[i]) ? 1 : 3;
    return octets;
}

static void append_percent(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (is_attribute_char(text.data[i]))
            buf_append_char(out, text.data[i]);
        else
            line_append_hex(out, '%', text.data[i]);
}

/* The longest front of whole code points that takes at most `room` octets; one at least. */
static struct str fit_percent(struct str text, size_t room)
{
    size_t len = 0;
    size_t used = 0;
    while (len < text.len) {
        uint32_t code_point;
        size_t step = utf8_decode(str_from(text, len), &code_point);
        step = step ? step : 1;
        used += percent_octets(str_first(str_from(text, len), step));
        if (used > room && len > 0)
            break;
        len += step;
    }
    return str_first(text, len);
}

void parameter_append_extended(struct header *header, const char *name, struct str value)
{
    const struct str charset = STR("utf-8''");
    /* " name*NN*=" before a piece and ";" behind it. */
    size_t room = HEADER_LINE_COLUMNS - strlen(name) - sizeof(" *99*=;") + 1;
    bool single = percent_octets(value) + charset.len <= room;
    for (unsigned section = 0; section == 0 || value.len; section++) {
        struct str piece = fit_percent(value, section == 0 ? room - charset.len : room);
        char attribute[MAX_NAME_BYTES];
        if (single)
            snprintf(attribute, sizeof attribute, "%s*=", name);
        else
            snprintf(attribute, sizeof attribute, "%s*%u*=", name, section);
        struct str first = section == 0 ? charset : STR("");
        begin_parameter(header, strlen(attribute) + first.len + percent_octets(piece));
        buf_append(header->out, str_of(attribute));
        buf_append(header->out, first);
        append_percent(header->out, piece);
        value = str_from(value, piece.len);
    }
}

/* RFC 2047 5: an encoded word is none in a quoted string, and yet there are readers that decode it. */
static bool looks_encoded(struct str filename)
{
    return str_contains(filename, STR("=?"));
}

static bool is_plain(struct str filename)
{
    return utf8_is_ascii(filename) && !looks_encoded(filename) &&
           address_quoted_octets(filename) <= MAX_PLAIN_OCTETS;
}

static void append_fallback(struct header *header, const char *name, struct str filename)
{
    char fallback[FILENAME_FALLBACK_BYTES];
    filename_make_fallback(filename, fallback);
    parameter_append(header, name, str_of(fallback));
}

void parameter_append_filename(struct header *header, struct str filename)
{
    if (is_plain(filename)) {
        parameter_append(header, "filename", filename);
        return;
    }
    parameter_append_extended(header, "filename", filename);
    append_fallback(header, "filename", filename);
}

static void append_encoded_name(struct header *header, struct str filename)
{
    enum encoded_word_kind chosen = encoded_word_choose(filename);
    /* `name="` and `";` share the first and the last line with a word. */
    size_t room = ENCODED_WORD_MAX_OCTETS - sizeof("name=\"\";");
    header_append_close(header, ';');
    header->must_fold = true;
    for (struct str rest = filename; rest.len;) {
        enum encoded_word_kind kind = chosen;
        size_t fits = encoded_word_fit(&kind, rest, room, true);
        header_begin_token(header, ENCODED_WORD_MAX_OCTETS);
        buf_append(header->out, rest.len == filename.len ? STR("name=\"") : STR(""));
        encoded_word_append(header->out, kind, str_first(rest, fits));
        rest = str_from(rest, fits);
    }
    header_append_close(header, '"');
}

void parameter_append_name(struct header *header, struct str filename)
{
    if (is_plain(filename))
        parameter_append(header, "name", filename);
    else if (utf8_is_ascii(filename) && !looks_encoded(filename))
        append_fallback(header, "name", filename);
    else
        append_encoded_name(header, filename);
}
