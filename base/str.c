#include "base/str.h"

#include <string.h>

struct str str_of(const char *text)
{
    return (struct str){text, text ? strlen(text) : 0};
}

const char *str_chars(struct str s)
{
    return s.data ? s.data : "";
}

bool str_equal(struct str a, struct str b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int str_compare(struct str a, struct str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len ? memcmp(a.data, b.data, len) : 0;
    return order ? order : (a.len > b.len) - (a.len < b.len);
}

bool str_equal_nocase(struct str a, struct str b)
{
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (char_to_lower(a.data[i]) != char_to_lower(b.data[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal(str_first(s, prefix.len), prefix);
}

bool str_starts_with_nocase(struct str s, struct str prefix)
{
    return s.len >= prefix.len && str_equal_nocase(str_first(s, prefix.len), prefix);
}

struct str str_from(struct str s, size_t from)
{
    if (from > s.len)
        from = s.len;
    return (struct str){s.data ? s.data + from : NULL, s.len - from};
}

struct str str_first(struct str s, size_t len)
{
    return (struct str){s.data, len < s.len ? len : s.len};
}

size_t str_index(struct str s, char c)
{
    const char *found = s.len ? memchr(s.data, c, s.len) : NULL;
    return found ? (size_t)(found - s.data) : s.len;
}

size_t str_last_index(struct str s, char c)
{
    const char *found = s.len ? memrchr(s.data, c, s.len) : NULL;
    return found ? (size_t)(found - s.data) : s.len;
}

size_t str_find(struct str s, struct str part)
{
    const char *found = s.len && part.len ? memmem(s.data, s.len, part.data, part.len) : NULL;
    return found ? (size_t)(found - s.data) : s.len;
}

bool str_contains(struct str s, struct str part)
{
    return str_find(s, part) < s.len;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct str str_trim(struct str s)
{
    while (s.len && is_blank(s.data[0]))
        s = str_from(s, 1);
    while (s.len && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

struct str str_cut(struct str *rest, char separator)
{
    size_t at = str_index(*rest, separator);
    struct str part = str_first(*rest, at);
    *rest = at < rest->len ? str_from(*rest, at + 1) : (struct str){0};
    return part;
}

size_t str_skip_quoted(struct str s, size_t at)
{
    for (at++; at < s.len; at++) {
        if (s.data[at] == '"')
            return at + 1;
        if (s.data[at] == '\\')
            at++;
    }
    return 0;
}

bool str_is_token(struct str s)
{
    for (size_t i = 0; i < s.len; i++) {
        char c = s.data[i];
        if (!char_is_alpha(c) && !char_is_digit(c) && !(c && strchr("!#$%&'*+-.^_`|~", c)))
            return false;
    }
    return s.len > 0;
}

bool str_to_uint(struct str s, uint64_t max, uint64_t *value)
{
    uint64_t sum = 0;
    if (s.len == 0)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!char_is_digit(s.data[i]))
            return false;
        unsigned digit = (unsigned)(s.data[i] - '0');
        if (digit > max || sum > (max - digit) / 10)
            return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

bool str_is_visible(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.data[i] <= ' ' || s.data[i] > '~')
            return false;
    return true;
}

bool char_is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool char_is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool char_is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7f;
}

char char_to_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int char_hex_value(char c)
{
    static const signed char one_more[256] = {
        ['0'] = 1,  ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9,  ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16,
        ['A'] = 11, ['B'] = 12, ['C'] = 13, ['D'] = 14, ['E'] = 15, ['F'] = 16};
    return one_more[(unsigned char)c] - 1;
}
