#include "base/buf.h"
#include "mime/quoted_printable.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { OUT_BYTES = 1024 * 1024 };

static void encode(struct str text, size_t window_bytes, struct buf *out)
{
    struct quoted_printable encoder = {.rest = text};
    char *window = malloc(window_bytes); /* of its size, so that the sanitizer sees one octet too many */
    if (!CHECK(window))
        return;
    for (size_t len; (len = quoted_printable_pull(&encoder, window, window_bytes)) > 0;)
        buf_append(out, (struct str){window, len});
    free(window);
    CHECK(!out->failed);
}

#define A74 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void texts_are_encoded_as_the_standard_has_it(void)
{
    static const struct {
        const char *name;
        struct str text;
        const char *want;
    } rows[] = {
        {"nothing", STR(""), ""},
        {"plain", STR("a b"), "a b\r\n"},
        {"line endings", STR("a\nb\rc\r\nd"), "a\r\nb\r\nc\r\nd\r\n"},
        {"an empty line", STR("\n\n"), "\r\n\r\n"},
        {"the equals sign", STR("a=b"), "a=3Db\r\n"},
        {"UTF-8", STR("\u00E4\u20AC"), "=C3=A4=E2=82=AC\r\n"},
        {"NUL and controls", STR("a\0\x1b\x7f"), "a=00=1B=7F\r\n"},
        {"not UTF-8", STR("\xff\xc3"), "=FF=C3\r\n"},
        {"a space at the end", STR("a \nb \t\r\nc  "), "a=20\r\nb =09\r\nc =20\r\n"},
        {"a space alone", STR(" "), "=20\r\n"},
        {"a tab within", STR("a\tb"), "a\tb\r\n"},
        {"a leading dot", STR(".\n..a\nb."), "=2E\r\n=2E.a\r\nb.\r\n"},
        {"From", STR("From a\nFromage\n From b"), "=46rom a\r\nFromage\r\n From b\r\n"},
        {"76 fit where the line ends", STR(A74 "aa\nb"), A74 "aa\r\nb\r\n"},
        {"76 fit at the end", STR(A74 "aa"), A74 "aa\r\n"},
        {"77 do not", STR(A74 "aaa"), A74 "a=\r\naa\r\n"},
        {"a character is not cut", STR(A74 "\u00E4"), A74 "=\r\n=C3=A4\r\n"},
        {"a space before a soft break", STR(A74 " bb"), A74 " =\r\nbb\r\n"},
        {"a space in column 76", STR(A74 "a "), A74 "a=\r\n=20\r\n"},
        {"a dot behind a soft break", STR(A74 "a.b"), A74 "a=\r\n=2Eb\r\n"},
        {"From behind a soft break", STR(A74 "aFrom b"), A74 "a=\r\n=46rom b\r\n"},
        {"a dot in column 76", STR(A74 "a."), A74 "a.\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, OUT_BYTES);
        test_row("%s", rows[i].name);
        encode(rows[i].text, QUOTED_PRINTABLE_MIN_WINDOW_BYTES, &out);
        CHECK_TEXT(buf_view(&out), rows[i].want);
        buf_fini(&out);
    }
}

/* A decoder that shares nothing with the encoder; checks each line on the way. */
static void decode(struct str encoded, struct buf *out)
{
    while (encoded.len) {
        struct str line = str_first(encoded, str_index(encoded, '\r'));
        encoded = str_from(encoded, line.len);
        CHECK(str_starts_with(encoded, STR("\r\n")));
        encoded = str_from(encoded, 2);
        CHECK(line.len <= 76);
        CHECK(!line.len || (line.data[line.len - 1] != ' ' && line.data[line.len - 1] != '\t'));
        CHECK(!str_starts_with(line, STR(".")) && !str_starts_with(line, STR("From ")));
        bool soft = line.len && line.data[line.len - 1] == '=';
        if (soft)
            line.len--;
        bool continues = encoded.len > 1 && encoded.data[0] == '=' && strchr("89AB", encoded.data[1]);
        CHECK(!soft || !continues);
        for (size_t i = 0; i < line.len; i++)
            if (line.data[i] == '=') {
                CHECK(i + 2 < line.len);
                buf_append_char(
                    out, (char)(char_hex_value(line.data[i + 1]) * 16 + char_hex_value(line.data[i + 2])));
                i += 2;
            } else {
                buf_append_char(out, line.data[i]);
            }
        if (!soft)
            buf_append(out, STR("\r\n"));
    }
}

static void any_text_decodes_to_itself(void)
{
    static const char *const units[] = {"a",     " ",     "\u20AC",        "=",         ".",
                                        "From ", "\t",    "\U0001F600",    "a\u20AC .", "\r\n",
                                        "a\r\n", " \r\n", "From \r\n.\r\n"};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        for (size_t len = 1; len < 400; len += 7) {
            char text[512];
            size_t used = 0;
            for (; used < len; used += strlen(units[i]))
                memcpy(text + used, units[i], strlen(units[i]));
            memcpy(text + used, "\r\n", 2);
            struct buf encoded, decoded;
            buf_init(&encoded, OUT_BYTES);
            buf_init(&decoded, OUT_BYTES);
            test_row("%zu of \"%s\"", used, units[i]);
            encode((struct str){text, used + 2}, QUOTED_PRINTABLE_MIN_WINDOW_BYTES + len, &encoded);
            decode(buf_view(&encoded), &decoded);
            CHECK_STR(buf_view(&decoded), ((struct str){text, used + 2}));
            buf_fini(&encoded);
            buf_fini(&decoded);
        }
}

int main(void)
{
    TEST(texts_are_encoded_as_the_standard_has_it);
    TEST(any_text_decodes_to_itself);
    return test_result();
}
