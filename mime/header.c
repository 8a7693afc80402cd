/* Free text is taken as words, each with the spaces before it. Neighbouring words that need encoding become
 * one run, spaces included, for the spaces between two encoded words do not count when they are read (RFC
 * 2047 6.2). One space on either side of a run stays outside and separates it from its plain neighbours. */
#include "mime/header.h"

#include "base/utf8.h"
#include "mime/encoded_word.h"

void header_begin(struct header *header, struct buf *out, struct str name)
{
    *header = (struct header){.out = out, .column = name.len + 1, .at_colon = true};
    buf_append(out, name);
    buf_append_char(out, ':');
}

void header_end(struct header *header)
{
    buf_append(header->out, STR("\r\n"));
}

static void fold(struct header *header)
{
    buf_append(header->out, STR("\r\n"));
    header->column = 0;
    header->folds++;
    header->must_fold = false;
}

/* `spaces` and what follows stay on one line; the fold stands before them, so that unfolding keeps them. */
static void separate(struct header *header, struct str spaces, size_t octets)
{
    size_t end = header->column + spaces.len + octets;
    bool over = end > (header->at_colon ? HEADER_LINE_MAX_OCTETS : HEADER_LINE_COLUMNS);
    if (over || header->must_fold)
        fold(header);
    buf_append(header->out, spaces);
    header->column += spaces.len + octets;
    header->at_colon = false;
}

void header_begin_token(struct header *header, size_t octets)
{
    separate(header, STR(" "), octets);
}

void header_append_token(struct header *header, struct str token)
{
    header_begin_token(header, token.len);
    buf_append(header->out, token);
}

void header_append_close(struct header *header, char c)
{
    buf_append_char(header->out, c);
    header->column++;
}

void header_append_encoded(struct header *header, struct str text)
{
    enum encoded_word_kind chosen = encoded_word_choose(text);
    while (text.len) {
        enum encoded_word_kind kind = chosen;
        bool full = header->must_fold || header->column + 1 >= HEADER_LINE_COLUMNS;
        /* A fold right behind the colon is read as a space by some: rather a cluster is cut. */
        size_t room = full ? 0 : HEADER_LINE_COLUMNS - header->column - 1;
        size_t fits = encoded_word_fit(&kind, text, room, header->at_colon);
        if (!fits) {
            fold(header);
            fits = encoded_word_fit(&kind, text, ENCODED_WORD_MAX_OCTETS, true);
        }
        size_t before = header->out->len;
        buf_append_char(header->out, ' ');
        encoded_word_append(header->out, kind, str_first(text, fits));
        header->column += header->out->len - before;
        header->at_colon = false;
        text = str_from(text, fits);
    }
}

struct word {
    size_t begin; /* of the spaces before it */
    size_t token;
    size_t end;
};

/* The word at `at`; spaces behind the last word belong to it. */
static struct word next_word(struct str text, size_t at)
{
    struct word word = {.begin = at, .token = at};
    while (word.token < text.len && text.data[word.token] == ' ')
        word.token++;
    word.end = word.token + str_index(str_from(text, word.token), ' ');
    size_t behind = word.end;
    while (behind < text.len && text.data[behind] == ' ')
        behind++;
    if (behind == text.len)
        word.end = behind;
    return word;
}

/* Where the last "?=" of the text stands. */
static size_t last_close(struct str text)
{
    for (size_t at = text.len; at >= 2; at--)
        if (text.data[at - 2] == '?' && text.data[at - 1] == '=')
            return at - 2;
    return 0;
}

/* What words are measured by. */
struct measure {
    struct str text;
    size_t close;   /* nothing behind it can be taken for the end of an encoded word; 0 where none begins */
    size_t longest; /* octets of a plain word with its spaces, on a line of its own */
    size_t first;   /* of the first, which stands behind the field's name */
};

static bool needs_encoding(const struct measure *measure, struct word word)
{
    struct str text = measure->text;
    struct str token = str_first(str_from(text, word.token), word.end - word.token);
    bool at_edge = (word.begin == 0 && word.token > 0) || token.len == 0 || token.data[token.len - 1] == ' ';
    bool looks_encoded = false;
    if (measure->close) {
        size_t open = word.token + str_find(token, STR("=?"));
        looks_encoded = open < word.end && open + 2 <= measure->close;
    }
    size_t limit = word.begin == 0 ? measure->first : measure->longest;
    return at_edge || looks_encoded || word.end - word.begin > limit || !utf8_is_ascii(token);
}

/* Encoded words end with "?=", too. */
static size_t find_close(const struct measure *measure)
{
    struct word word;
    if (!str_contains(measure->text, STR("=?")))
        return 0;
    for (size_t at = 0; at < measure->text.len; at = word.end) {
        word = next_word(measure->text, at);
        if (needs_encoding(measure, word))
            return measure->text.len;
    }
    return last_close(measure->text);
}

/* Encodes the run that begins with `word`; returns its end. */
static size_t append_run(struct header *header, const struct measure *measure, struct word word)
{
    struct str text = measure->text;
    size_t begin = word.begin == 0 ? 0 : word.begin + 1;
    size_t end = word.end;
    while (end < text.len) {
        word = next_word(text, end);
        if (!needs_encoding(measure, word)) {
            end = word.token - 1;
            break;
        }
        end = word.end;
    }
    header_append_encoded(header, str_first(str_from(text, begin), end - begin));
    return end;
}

void header_append_text(struct header *header, struct str text, enum header_value kind)
{
    /* A word that could not be written behind the longest name within the limit is encoded in any case. */
    size_t longest = kind == HEADER_FREE_TEXT ? HEADER_LINE_COLUMNS : HEADER_LINE_MAX_OCTETS;
    struct measure measure = {text, 0, longest, longest - header->column - 1};
    measure.close = find_close(&measure);
    for (size_t at = 0; at < text.len;) {
        struct word word = next_word(text, at);
        if (needs_encoding(&measure, word)) {
            at = append_run(header, &measure, word);
            continue;
        }
        struct str spaces =
            word.begin == 0 ? STR(" ") : str_first(str_from(text, word.begin), word.token - word.begin);
        separate(header, spaces, word.end - word.token);
        buf_append(header->out, str_first(str_from(text, word.token), word.end - word.token));
        at = word.end;
    }
}
