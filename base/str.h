/* base/str.h: a view of bytes that somebody else owns.
 *
 * Ownership  none: a view lives no longer than the bytes that it points at.
 * Limits     may hold NUL; not terminated. `data` is NULL for "absent"; an empty view has a non-NULL `data`.
 */
#ifndef POSTERN_BASE_STR_H
#define POSTERN_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct str {
    const char *data;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

/* For printf's "%.*s". */
#define STR_ARG(view) (int)(view).len, str_chars(view)

/* The view of a C string; of NULL, the absent view. */
struct str str_of(const char *text);

/* Where the bytes are; never NULL. */
const char *str_chars(struct str s);

bool str_equal(struct str a, struct str b);

/* As memcmp, the shorter of two equal fronts first. */
int str_compare(struct str a, struct str b);

/* Case-insensitive for ASCII letters only, whatever the locale, as the mail and HTTP grammars are. */
bool str_equal_nocase(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool str_starts_with_nocase(struct str s, struct str prefix);

/* Views from `from` on, and of the first `len` bytes; both clamp to what is there. */
struct str str_from(struct str s, size_t from);
struct str str_first(struct str s, size_t len);

/* Index of the first or last `c`, or s.len. */
size_t str_index(struct str s, char c);
size_t str_last_index(struct str s, char c);

/* Index of the first `part`, or s.len; an empty one is found nowhere but at the end. */
size_t str_find(struct str s, struct str part);
bool str_contains(struct str s, struct str part);

/* Without leading and trailing spaces and tabs. */
struct str str_trim(struct str s);

/* Cuts the part before `separator` off the front of `rest` and returns it; the whole rest where there is
 * none. `rest` becomes absent once its last part was taken, so that `while (rest.data)` walks all parts. */
struct str str_cut(struct str *rest, char separator);

/* Index behind the quoted string (RFC 5322 3.2.4) that begins at `at`, or 0 where it has no end. */
size_t str_skip_quoted(struct str s, size_t at);

/* One or more tchar (RFC 9110 5.6.2). */
bool str_is_token(struct str s);

/* Decimal digits only, nothing around them. False where there is anything else, or more than `max`. */
bool str_to_uint(struct str s, uint64_t max, uint64_t *value);

/* VCHAR (RFC 5234 B.1) and nothing else: no space, no control, ASCII. */
bool str_is_visible(struct str s);

bool char_is_digit(char c);
bool char_is_alpha(char c);

/* C0 and DEL. */
bool char_is_control(char c);
char char_to_lower(char c);

/* 0 to 15, or -1. */
int char_hex_value(char c);

#endif
