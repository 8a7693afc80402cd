#include "service/sandbox/words.h"

#include "base/percent.h"
#include "service/sandbox/decode.h"
#include "service/sandbox/header.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX_SECTIONS = 32, MAX_VALUE_BYTES = 16384 };

static bool is_white(char c)
{
    return c == ' ' || c == '\t';
}

struct word {
    struct str charset, encoding, text;
    size_t len; /* of the whole word */
};

/* "=?" charset "?" encoding "?" text "?=" at the front of `s`; the language of RFC 2231 5 is left out. */
static bool read_word(struct str s, struct word *word)
{
    if (!str_starts_with(s, STR("=?")))
        return false;
    struct str rest = str_from(s, 2);
    word->charset = str_cut(&rest, '?');
    word->encoding = rest.data ? str_cut(&rest, '?') : (struct str){0};
    if (!rest.data || word->encoding.len != 1 || !str_is_token(word->charset))
        return false;
    size_t end = str_index(rest, '?');
    if (end + 1 >= rest.len || rest.data[end + 1] != '=')
        return false;
    word->text = str_first(rest, end);
    word->len = s.len - rest.len + end + 2;
    word->charset = str_first(word->charset, str_index(word->charset, '*'));
    return str_index(word->text, ' ') == word->text.len;
}

static bool append_word(struct buf *out, const struct word *word)
{
    bool clean, is_b = str_equal_nocase(word->encoding, STR("B"));
    if (!is_b && !str_equal_nocase(word->encoding, STR("Q")))
        return false;
    char *octets = malloc(word->text.len + 1);
    if (!octets)
        return false;
    size_t len = is_b ? sandbox_decode(SANDBOX_ENCODING_BASE64, word->text, octets, &clean)
                      : sandbox_decode_q(word->text, octets);
    sandbox_charset_append(out, word->charset, (struct str){octets, len});
    free(octets);
    return true;
}

/* RFC 2047 6.2: white space between two encoded words is not shown. */
static void append_decoded(struct buf *out, struct str line)
{
    bool behind_word = false;
    while (line.len) {
        size_t space = 0;
        while (space < line.len && is_white(line.data[space]))
            space++;
        struct word word;
        struct str ahead = str_from(line, space);
        bool is_word = read_word(ahead, &word);
        if (!(behind_word && is_word))
            buf_append(out, str_first(line, space));
        size_t len = is_word && append_word(out, &word) ? word.len : 0;
        behind_word = len > 0;
        if (!len) {
            len = str_starts_with(ahead, STR("=?")) ? 2 : 0;
            while (len < ahead.len && !is_white(ahead.data[len]) && ahead.data[len] != '=')
                len++;
            len += len == 0 && ahead.len > 0;
            buf_append(out, str_first(ahead, len));
        }
        line = str_from(ahead, len);
    }
}

void sandbox_words_append(struct buf *out, struct str value)
{
    struct buf line, decoded;
    buf_init(&line, MAX_VALUE_BYTES);
    buf_init(&decoded, 4 * MAX_VALUE_BYTES);
    sandbox_header_unfold(&line, value);
    append_decoded(&decoded, buf_view(&line));
    buf_append(out, str_first(buf_view(&decoded), out->max_bytes - out->len));
    buf_fini(&line);
    buf_fini(&decoded);
}

struct str sandbox_value_main(struct str value)
{
    return str_trim(str_first(value, str_index(value, ';')));
}

/* Cuts `name=value` off the front of `rest`, which stands behind a ";". */
static bool next_parameter(struct str *rest, struct str *name, struct str *value)
{
    *rest = str_trim(*rest);
    if (!rest->len)
        return false;
    size_t end = 0;
    while (end < rest->len && rest->data[end] != ';') {
        /* A quoted string without an end takes all that follows. */
        size_t quoted = rest->data[end] == '"' ? str_skip_quoted(*rest, end) : end + 1;
        end = quoted ? quoted : rest->len;
    }
    *value = str_first(*rest, end);
    *rest = str_from(*rest, end + 1);
    *name = str_trim(str_cut(value, '='));
    *value = str_trim(*value);
    return true;
}

/* RFC 5322 3.2.4 */
static struct str unquote(struct arena *arena, struct str value)
{
    if (value.len < 2 || value.data[0] != '"')
        return arena_copy(arena, value);
    char *plain = arena_take(arena, value.len);
    size_t len = 0;
    for (size_t i = 1; plain && i + 1 < value.len; i++) {
        if (value.data[i] == '\\' && i + 2 < value.len)
            i++;
        plain[len++] = value.data[i];
    }
    return plain ? (struct str){plain, len} : (struct str){0};
}

/* charset "'" language "'" text */
static struct str cut_charset(struct str *value)
{
    struct str rest = *value;
    struct str charset = str_cut(&rest, '\'');
    if (!rest.data)
        return (struct str){0};
    str_cut(&rest, '\'');
    *value = rest.data ? rest : STR("");
    return charset;
}

struct sections {
    struct str items[MAX_SECTIONS];
    bool present[MAX_SECTIONS];
    struct str charset;
};

/* "name", "name*", "name*0", "name*0*": which section it is, and whether it is percent-encoded. */
static bool find_section(struct str name, struct str wanted, size_t *section, bool *is_encoded)
{
    if (!str_equal_nocase(str_first(name, wanted.len), wanted))
        return false;
    struct str tail = str_from(name, wanted.len);
    *is_encoded = tail.len && tail.data[tail.len - 1] == '*';
    if (*is_encoded)
        tail.len--;
    uint64_t number = 0;
    if (tail.len && (tail.data[0] != '*' || !str_to_uint(str_from(tail, 1), MAX_SECTIONS - 1, &number)))
        return false;
    *section = (size_t)number;
    return true;
}

static void read_sections(struct arena *arena, struct str value, struct str wanted, struct sections *sections)
{
    struct str rest = str_from(value, str_index(value, ';') + 1), name, text;
    while (next_parameter(&rest, &name, &text)) {
        size_t section;
        bool is_encoded;
        if (!find_section(name, wanted, &section, &is_encoded))
            continue;
        if (sections->present[section] && !is_encoded)
            continue;
        text = unquote(arena, text);
        if (is_encoded && section == 0)
            sections->charset = cut_charset(&text);
        sections->items[section] = is_encoded ? percent_decode(arena, text) : text;
        sections->present[section] = true;
    }
}

struct str sandbox_value_parameter(struct arena *arena, struct str value, struct str name)
{
    struct sections sections = {0};
    struct buf joined, text;
    read_sections(arena, value, name, &sections);
    if (!sections.present[0])
        return (struct str){0};
    buf_init(&joined, MAX_VALUE_BYTES);
    buf_init(&text, 4 * MAX_VALUE_BYTES);
    for (size_t i = 0; i < MAX_SECTIONS && sections.present[i]; i++)
        buf_append(&joined, str_first(sections.items[i], joined.max_bytes - joined.len));
    /* RFC 2047 5 forbids encoded words here, and many a mailer writes them. */
    if (sections.charset.len)
        sandbox_charset_append(&text, sections.charset, buf_view(&joined));
    else
        append_decoded(&text, buf_view(&joined));
    struct str kept = arena_copy(arena, text.len ? buf_view(&text) : STR(""));
    buf_fini(&joined);
    buf_fini(&text);
    return kept;
}
