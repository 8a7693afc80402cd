/* base/digits.h: numbers of a fixed width, as stamps and identifiers are made of: without printf, for every message
 * has several.
 *
 * Each writes at `at`, no NUL, and returns where it ends.
 *
 * Threads    pure.
 */
#ifndef POSTERN_BASE_DIGITS_H
#define POSTERN_BASE_DIGITS_H

#include "base/str.h"

/* The mark, and behind it the last `width` digits of a number that is not below 0, zeros in front. */
char *digits_decimal(char *at, struct str mark, int number, size_t width);

/* Two for each octet, in lower case. */
char *digits_hex(char *at, const unsigned char *octets, size_t count);

char *digits_text(char *at, struct str text);

#endif
