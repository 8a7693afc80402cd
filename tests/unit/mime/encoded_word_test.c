#include "base/base64.h"
#include "base/utf8.h"
#include "mime/encoded_word.h"
#include "test.h"

#include <string.h>

enum { OUT_BYTES = 64 * 1024 };

/* Three octets a mark: 22 of them are more than any word holds. */
#define CJK_9    "\u682A\u5F0F\u4F1A\u793E\u6771\u4EAC\u90FD\u898B\u7A4D"
#define MARKS_11 "\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0\u20D0"

static void the_shorter_encoding_is_chosen(void)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"a", "=?utf-8?Q?a?="},
        {"a b", "=?utf-8?Q?a_b?="},
        {"\u00E9", "=?utf-8?B?w6k=?="},
        {"Caf\u00E9 au lait", "=?utf-8?Q?Caf=C3=A9_au_lait?="},
        {"\u4E16\u754C", "=?utf-8?B?5LiW55WM?="},
        /* RFC 2047 5 (3): in a phrase these stand only encoded. */
        {"long text, plain but for these: \"()<>@.;\\[]=?_",
         "=?utf-8?B?bG9uZyB0ZXh0LCBwbGFpbiBidXQgZm9yIHRoZXNlOiAiKCk8PkAuO1xbXT0/Xw==?="},
        {"so long a text that it takes Q: =?_", "=?utf-8?Q?so_long_a_text_that_it_takes_Q=3A_=3D=3F=5F?="},
        {"!*+-/ these need no encoding", "=?utf-8?Q?!*+-/_these_need_no_encoding?="},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct str text = str_of(rows[i].text);
        struct buf out;
        buf_init(&out, OUT_BYTES);
        test_row("%s", rows[i].text);
        encoded_word_append(&out, encoded_word_choose(text), text);
        CHECK_TEXT(buf_view(&out), rows[i].want);
        buf_fini(&out);
    }
}

static void a_word_takes_what_fits_in_whole_clusters(void)
{
    static const struct {
        const char *name, *text;
        enum encoded_word_kind kind;
        size_t room;
        bool may_cut;
        size_t want;
        enum encoded_word_kind becomes;
    } rows[] = {
        {"all of it", "abc", ENCODED_WORD_Q, 75, false, 3, ENCODED_WORD_Q},
        {"to the last octet", "abc", ENCODED_WORD_Q, 14, false, 2, ENCODED_WORD_Q},
        {"no room for the frame", "abc", ENCODED_WORD_Q, 12, false, 0, ENCODED_WORD_Q},
        {"less than the frame", "abc", ENCODED_WORD_B, 3, true, 0, ENCODED_WORD_B},
        {"no room for an octet of no character", "\xff", ENCODED_WORD_Q, 13, true, 0, ENCODED_WORD_Q},
        {"a Q character is not split", "\u00E9\u00E9", ENCODED_WORD_Q, 23, false, 2, ENCODED_WORD_Q},
        {"B counts whole groups", "abcdef", ENCODED_WORD_B, 19, false, 3, ENCODED_WORD_B},
        {"a mark stays with its letter", "ae\u0301", ENCODED_WORD_Q, 19, false, 1, ENCODED_WORD_Q},
        {"a flag stays whole", "a\U0001F1E9\U0001F1EA", ENCODED_WORD_B, 20, false, 1, ENCODED_WORD_Q},
        {"no padding before the end", "aa\u682A\u5F0F", ENCODED_WORD_B, 75, false, 8, ENCODED_WORD_B},
        {"nor where the end is far", "aa" CJK_9 CJK_9, ENCODED_WORD_B, 75, false, 20, ENCODED_WORD_Q},
        {"whole groups are none", "aaa" CJK_9 CJK_9, ENCODED_WORD_B, 75, false, 45, ENCODED_WORD_B},
        {"a flag that would fit elsewhere", "\U0001F1E9\U0001F1EA", ENCODED_WORD_B, 20, false, 0,
         ENCODED_WORD_B},
        {"a flag cut where it must be", "\U0001F1E9\U0001F1EA\U0001F1E9\U0001F1EA", ENCODED_WORD_B, 24, true,
         4, ENCODED_WORD_Q},
        {"a pile of marks", "a" MARKS_11 MARKS_11, ENCODED_WORD_B, 75, false, 0, ENCODED_WORD_B},
        {"a pile of marks, cut", "a" MARKS_11 MARKS_11, ENCODED_WORD_B, 75, true, 19, ENCODED_WORD_Q},
        {"more room than a word may take",
         "abcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabcabc", ENCODED_WORD_Q, 998, false,
         63, ENCODED_WORD_Q},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        enum encoded_word_kind kind = rows[i].kind;
        CHECK_INT(encoded_word_fit(&kind, str_of(rows[i].text), rows[i].room, rows[i].may_cut), rows[i].want);
        CHECK_INT(kind, rows[i].becomes);
    }
}

static void decode_q(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '=' && i + 2 < text.len) {
            buf_append_char(out,
                            (char)(char_hex_value(text.data[i + 1]) * 16 + char_hex_value(text.data[i + 2])));
            i += 2;
        } else {
            buf_append_char(out, text.data[i] == '_' ? ' ' : text.data[i]);
        }
}

static void check_word(struct buf *decoded, struct str word)
{
    CHECK(word.len <= ENCODED_WORD_MAX_OCTETS);
    CHECK(str_starts_with(word, STR("=?utf-8?")));
    size_t before = decoded->len;
    struct str payload = str_first(str_from(word, 10), word.len - 12);
    if (word.data[8] == 'Q')
        decode_q(decoded, payload);
    else
        CHECK(base64_decode(decoded, payload));
    CHECK(utf8_valid(str_from(buf_view(decoded), before)));
    CHECK(decoded->len > before);
}

static void words_decode_to_what_went_in(void)
{
    static const char *const texts[] = {
        "plain", "\u00C4\u00D6\u00DC and some more text that makes it two words at the least, or three",
        "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466\U0001F1E9\U0001F1EA\U0001F44D\U0001F3FD"
        "\u2764\uFE0F",
        "a" MARKS_11 MARKS_11 MARKS_11 MARKS_11, "_ = ? =?utf-8?Q?x?= \" \\ ( ) \x7f"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0] * 2; i++) {
        struct str text = str_of(texts[i / 2]);
        enum encoded_word_kind chosen = i % 2 ? ENCODED_WORD_Q : ENCODED_WORD_B;
        struct buf decoded, word;
        buf_init(&decoded, OUT_BYTES);
        buf_init(&word, OUT_BYTES);
        test_row("%.40s %d", texts[i / 2], (int)chosen);
        for (struct str rest = text; rest.len;) {
            enum encoded_word_kind kind = chosen;
            size_t fits = encoded_word_fit(&kind, rest, ENCODED_WORD_MAX_OCTETS, true);
            if (!CHECK(fits > 0))
                break;
            buf_clear(&word);
            encoded_word_append(&word, kind, str_first(rest, fits));
            check_word(&decoded, buf_view(&word));
            rest = str_from(rest, fits);
        }
        CHECK_STR(buf_view(&decoded), text);
        buf_fini(&decoded);
        buf_fini(&word);
    }
}

int main(void)
{
    TEST(the_shorter_encoding_is_chosen);
    TEST(a_word_takes_what_fits_in_whole_clusters);
    TEST(words_decode_to_what_went_in);
    return test_result();
}
