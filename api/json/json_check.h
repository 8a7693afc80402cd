/* api/json/json_check.h: is this text JSON to the letter (RFC 8259), and free of what parsers read differently
 * (RFC 7493)?
 *
 * Runs ahead of cJSON, which by itself takes invalid UTF-8, raw control characters, trailing bytes, duplicate
 * names and numbers that are none, and ends a string at an escaped NUL.
 *
 * It also lists the strings, so that a parser need not copy what they say (api/json/json_outline.h).
 *
 * Errors     INVALID_JSON, with the byte offset and what was expected there; INVALID_REQUEST for a NUL in a
 *            value, which is JSON but no text of a mail, with `pointer` telling where; OVERLOADED.
 * Limits     depth 32; `max_nodes` values; a number of 60 characters. Linear time but for the names of an
 *            object, which are sorted; no recursion.
 */
#ifndef POSTERN_API_JSON_JSON_CHECK_H
#define POSTERN_API_JSON_JSON_CHECK_H

#include "base/arena.h"
#include "base/fault.h"

enum { JSON_MAX_DEPTH = 32, JSON_MAX_NUMBER_BYTES = 60 };

/* The values of the text that are strings, in its order: what is written between their quotes. */
struct json_strings {
    struct str *items;
    size_t count, capacity;
};

bool json_check(struct arena *arena, struct str text, size_t max_nodes, struct str *pointer,
                struct fault *fault);

/* The same; the list is to be given back, whatever came of the check. */
bool json_check_strings(struct arena *arena, struct str text, size_t max_nodes, struct json_strings *strings,
                        struct str *pointer, struct fault *fault);
void json_strings_fini(struct json_strings *strings);

#endif
