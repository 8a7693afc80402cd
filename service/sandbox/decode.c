/* Charsets are iconv's to know, but only those of a list are asked of it: mail of anybody names them, and iconv loads
 * code by name. */
#include "service/sandbox/decode.h"

#include "base/base64.h"
#include "base/utf8.h"

#include <iconv.h>
#include <stdio.h>

enum { CHARSET_NAME_BYTES = 32, CONVERTED_AT_A_TIME = 4096 };

enum sandbox_encoding sandbox_encoding_find(struct str name)
{
    static const struct {
        struct str name;
        enum sandbox_encoding encoding;
    } encodings[] = {
        {STR("7bit"), SANDBOX_ENCODING_IDENTITY},
        {STR("8bit"), SANDBOX_ENCODING_IDENTITY},
        {STR("binary"), SANDBOX_ENCODING_IDENTITY},
        {STR("quoted-printable"), SANDBOX_ENCODING_QUOTED_PRINTABLE},
        {STR("base64"), SANDBOX_ENCODING_BASE64},
    };
    for (size_t i = 0; i < sizeof encodings / sizeof encodings[0]; i++)
        if (str_equal_nocase(name, encodings[i].name))
            return encodings[i].encoding;
    return name.len ? SANDBOX_ENCODING_UNKNOWN : SANDBOX_ENCODING_IDENTITY;
}

struct sink {
    char *out;
    size_t len;
};

static void put(struct sink *sink, char c)
{
    if (sink->out)
        sink->out[sink->len] = c;
    sink->len++;
}

/* RFC 2045 6.8: what is not of the alphabet is passed over; "=" ends it. */
static void decode_base64(struct sink *sink, struct str body, bool *clean)
{
    uint32_t bits = 0;
    unsigned count = 0;
    size_t i = 0;
    for (; i < body.len && body.data[i] != '='; i++) {
        int value = base64_value(body.data[i]);
        if (value < 0) {
            *clean = *clean && (body.data[i] == '\r' || body.data[i] == '\n');
            continue;
        }
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            put(sink, (char)(bits >> count & 0xff));
        }
    }
    for (; i < body.len; i++)
        *clean = *clean && (body.data[i] == '=' || body.data[i] == '\r' || body.data[i] == '\n');
    *clean = *clean && count < 6;
}

/* The octets behind "=" that belong to a soft line break; 0 where it is none. White space before the end of the line
 * was added on the way (RFC 2045 6.7 (3)). */
static size_t soft_break_len(struct str rest)
{
    size_t at = 0;
    while (at < rest.len && (rest.data[at] == ' ' || rest.data[at] == '\t'))
        at++;
    if (at < rest.len && rest.data[at] == '\n')
        return at + 1;
    if (at + 1 < rest.len && rest.data[at] == '\r' && rest.data[at + 1] == '\n')
        return at + 2;
    return at == rest.len ? at : 0;
}

static void decode_quoted_printable(struct sink *sink, struct str body, bool *clean)
{
    for (size_t i = 0; i < body.len; i++) {
        struct str rest = str_from(body, i + 1);
        if (body.data[i] != '=') {
            put(sink, body.data[i]);
            continue;
        }
        size_t soft = soft_break_len(rest);
        int high = rest.len > 1 ? char_hex_value(rest.data[0]) : -1;
        int low = rest.len > 1 ? char_hex_value(rest.data[1]) : -1;
        if (soft || !rest.len) {
            i += soft;
        } else if (high >= 0 && low >= 0) {
            put(sink, (char)(high << 4 | low));
            i += 2;
        } else {
            put(sink, '=');
            *clean = false;
        }
    }
}

size_t sandbox_decode(enum sandbox_encoding encoding, struct str body, char *out, bool *clean)
{
    struct sink sink = {.out = out};
    *clean = encoding != SANDBOX_ENCODING_UNKNOWN;
    switch (encoding) {
    case SANDBOX_ENCODING_BASE64: decode_base64(&sink, body, clean); break;
    case SANDBOX_ENCODING_QUOTED_PRINTABLE: decode_quoted_printable(&sink, body, clean); break;
    case SANDBOX_ENCODING_UNKNOWN:
    case SANDBOX_ENCODING_IDENTITY:
        for (size_t i = 0; i < body.len; i++)
            put(&sink, body.data[i]);
    }
    return sink.len;
}

size_t sandbox_decode_q(struct str text, char *out)
{
    bool ignored = true;
    struct sink sink = {.out = out};
    while (text.len) {
        struct str part = str_first(text, str_index(text, '_'));
        decode_quoted_printable(&sink, part, &ignored);
        if (part.len < text.len)
            put(&sink, ' ');
        text = str_from(text, part.len + 1);
    }
    return sink.len;
}

static bool is_utf8(struct str charset)
{
    return !charset.len || str_equal_nocase(charset, STR("utf-8")) ||
           str_equal_nocase(charset, STR("utf8")) || str_equal_nocase(charset, STR("us-ascii")) ||
           str_equal_nocase(charset, STR("ascii"));
}

static const char *known_charset(struct str charset)
{
    static const char *const names[] = {
        "ISO-8859-1",   "ISO-8859-2",   "ISO-8859-3",   "ISO-8859-4",   "ISO-8859-5",   "ISO-8859-6",
        "ISO-8859-7",   "ISO-8859-8",   "ISO-8859-9",   "ISO-8859-10",  "ISO-8859-13",  "ISO-8859-14",
        "ISO-8859-15",  "ISO-8859-16",  "WINDOWS-1250", "WINDOWS-1251", "WINDOWS-1252", "WINDOWS-1253",
        "WINDOWS-1254", "WINDOWS-1255", "WINDOWS-1256", "WINDOWS-1257", "WINDOWS-1258", "KOI8-R",
        "KOI8-U",       "GB2312",       "GBK",          "GB18030",      "BIG5",         "SHIFT_JIS",
        "EUC-JP",       "EUC-KR",       "ISO-2022-JP",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (str_equal_nocase(charset, str_of(names[i])))
            return names[i];
    return NULL;
}

static void append_as_it_is(struct buf *out, struct str text)
{
    buf_append(out, str_first(text, out->max_bytes - out->len));
}

static bool convert(struct buf *out, iconv_t converter, struct str text)
{
    char *from = (char *)(uintptr_t)text.data;
    size_t left = text.len;
    while (left) {
        char room[CONVERTED_AT_A_TIME], *to = room;
        size_t space = sizeof room;
        size_t result = iconv(converter, &from, &left, &to, &space);
        struct str converted = {room, sizeof room - space};
        if (converted.len > out->max_bytes - out->len)
            return true;
        buf_append(out, converted);
        if (result == (size_t)-1 && !converted.len)
            return false;
    }
    return true;
}

bool sandbox_charset_append(struct buf *out, struct str charset, struct str text)
{
    const char *name = is_utf8(charset) ? NULL : known_charset(charset);
    iconv_t converter = name ? iconv_open("UTF-8", name) : (iconv_t)-1;
    size_t before = out->len;
    bool converted = converter != (iconv_t)-1 && convert(out, converter, text);
    if (converter != (iconv_t)-1)
        iconv_close(converter);
    if (converted)
        return true;
    out->len = before;
    append_as_it_is(out, text);
    return is_utf8(charset) && utf8_valid(text);
}
