/* tests/fuzz/reader.h: reads back what mime/ has written, and shares nothing with it: a field without its folds, encoded
 * words, quoted-printable, base64. Where the grammar is broken, that is a finding. */
#ifndef POSTERN_TESTS_FUZZ_READER_H
#define POSTERN_TESTS_FUZZ_READER_H

#include "base/buf.h"
#include "base/utf8.h"
#include "fuzz.h"

enum {
    READER_MAX_BYTES = 1 << 24,
    READER_MAX_COLUMNS = 78,
    READER_MAX_LINE_OCTETS = 998,
    READER_MAX_WORD_OCTETS = 75
};

static inline bool reader_is_white(char c)
{
    return c == ' ' || c == '\t';
}

/* The field on one line (RFC 5322 2.2.3), its last CRLF taken off; returns the longest line that it had. */
static inline size_t reader_unfold(struct buf *out, struct str field)
{
    size_t longest = 0;
    for (bool first = true; field.len; first = false) {
        size_t len = str_index(field, '\n');
        FUZZ_CHECK(len < field.len && len > 0 && field.data[len - 1] == '\r');
        struct str line = str_first(field, len - 1);
        FUZZ_CHECK(str_index(line, '\r') == line.len && line.len <= READER_MAX_LINE_OCTETS);
        FUZZ_CHECK(first || (line.len && reader_is_white(line.data[0]) && str_trim(line).len));
        buf_append(out, line);
        longest = line.len > longest ? line.len : longest;
        field = str_from(field, len + 1);
    }
    FUZZ_CHECK(!out->failed);
    return longest;
}

/* Without white space between; padded (RFC 4648 section 4). */
static inline void reader_decode_base64(struct buf *out, struct str text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    FUZZ_CHECK(text.len % 4 == 0);
    for (size_t at = 0; at < text.len; at += 4) {
        uint32_t group = 0;
        size_t octets = 3;
        for (size_t i = 0; i < 4; i++) {
            char c = text.data[at + i];
            const char *digit = c ? strchr(digits, c) : NULL;
            bool padding = c == '=' && i >= 2 && at + 4 == text.len;
            FUZZ_CHECK(padding || (digit && octets == 3));
            octets -= padding;
            group = group << 6 | (uint32_t)(padding ? 0 : digit - digits);
        }
        FUZZ_CHECK(octets == 3 || (group & (octets == 2 ? 0xffU : 0xffffU)) == 0);
        char bytes[3] = {(char)(group >> 16), (char)(group >> 8), (char)group};
        buf_append(out, (struct str){bytes, octets});
    }
}

/* The octet behind `mark`: two digits in upper case. */
static inline char reader_hex(struct str text)
{
    static const char digits[] = "0123456789ABCDEF";
    FUZZ_CHECK(text.len >= 3 && text.data[1] && text.data[2]);
    const char *high = strchr(digits, text.data[1]), *low = strchr(digits, text.data[2]);
    FUZZ_CHECK(high && low);
    return (char)((high - digits) * 16 + (low - digits));
}

/* With `mark` before two digits (RFC 2045 6.7, 2047 4.2, 2231 4); "_" is a space where `underscores`. */
static inline void reader_decode_hex(struct buf *out, struct str text, char mark, bool underscores)
{
    while (text.len) {
        bool is_mark = text.data[0] == mark;
        char c = is_mark ? reader_hex(text) : text.data[0];
        buf_append_char(out, underscores && !is_mark && c == '_' ? ' ' : c);
        text = str_from(text, is_mark ? 3 : 1);
    }
}

/* Octets of the encoded word at the front, or 0 (RFC 2047 section 2). */
static inline size_t reader_match_word(struct str text, struct str *charset, char *encoding,
                                       struct str *payload)
{
    if (!str_starts_with(text, STR("=?")))
        return 0;
    struct str rest = str_from(text, 2);
    *charset = str_cut(&rest, '?');
    struct str kind = str_cut(&rest, '?');
    *payload = str_cut(&rest, '?');
    if (!rest.data || !charset->len || kind.len != 1 || !strchr("BbQq", kind.data[0]) ||
        !str_starts_with(rest, STR("=")))
        return 0;
    size_t len = (size_t)(rest.data - text.data) + 1;
    *encoding = char_to_lower(kind.data[0]);
    return str_index(str_first(text, len), ' ') == len ? len : 0;
}

/* Text with encoded words in it, wherever they stand: white space between two of them does not count (RFC 2047 6.2). */
static inline void reader_decode_words(struct buf *out, struct str text)
{
    size_t behind_word = SIZE_MAX; /* length of `out` there, as long as only white space has followed */
    while (text.len) {
        struct str charset, payload;
        char encoding;
        size_t len = reader_match_word(text, &charset, &encoding, &payload);
        if (len) {
            FUZZ_CHECK(len <= READER_MAX_WORD_OCTETS && str_equal_nocase(charset, STR("utf-8")));
            if (behind_word != SIZE_MAX)
                out->len = behind_word;
            size_t before = out->len;
            if (encoding == 'b')
                reader_decode_base64(out, payload);
            else
                reader_decode_hex(out, payload, '=', true);
            FUZZ_CHECK(utf8_valid(str_from(buf_view(out), before)));
            behind_word = out->len;
        } else {
            if (!reader_is_white(text.data[0]))
                behind_word = SIZE_MAX;
            buf_append_char(out, text.data[0]);
        }
        text = str_from(text, len ? len : 1);
    }
    FUZZ_CHECK(!out->failed);
}

#endif
