#include "api/json/json_string.h"

#include "base/utf8.h"

#include <string.h>

int json_hex4(struct str digits)
{
    if (digits.len < 4)
        return -1;
    int value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = char_hex_value(digits.data[i]);
        if (digit < 0)
            return -1;
        value = value << 4 | digit;
    }
    return value;
}

/* What follows a backslash, but for "u". */
static uint32_t short_escape(char c)
{
    static const char forms[] = "b\bf\fn\nr\rt\t";
    for (const char *form = forms; *form; form += 2)
        if (*form == c)
            return (uint32_t)form[1];
    return (uint32_t)c;
}

/* `rest` begins with a backslash. */
static uint32_t take_escape(struct str *rest)
{
    char form = rest->data[1];
    *rest = str_from(*rest, 2);
    if (form != 'u')
        return short_escape(form);
    uint32_t unit = (uint32_t)json_hex4(*rest);
    *rest = str_from(*rest, 4);
    if (unit < 0xd800 || unit > 0xdfff)
        return unit;
    uint32_t low = (uint32_t)json_hex4(str_from(*rest, 2));
    *rest = str_from(*rest, 6);
    return 0x10000 + ((unit - 0xd800) << 10 | (low - 0xdc00));
}

struct str json_unescape(struct arena *arena, struct str content)
{
    size_t plain = str_index(content, '\\');
    if (plain == content.len)
        return content;
    char *text = arena_take(arena, content.len + UTF8_MAX_BYTES); /* an escape is the longer form */
    if (!text)
        return (struct str){0};
    size_t len = 0;
    for (;; plain = str_index(content, '\\')) {
        memcpy(text + len, content.data, plain);
        len += plain;
        content = str_from(content, plain);
        if (!content.len)
            return (struct str){text, len};
        len += utf8_encode(take_escape(&content), text + len);
    }
}
