/* api/json/json_outline.h: a checked text without what its strings say, for cJSON to parse.
 *
 * Where a value was a string, the outline's is the string's number in the list, in decimal: so that what is long is
 * neither copied nor looked at once more, and no value of a caller can be taken for a number.
 *
 * Ownership  strings are views of the text, and without escapes what is read of them is, too; else it is the arena's.
 */
#ifndef POSTERN_API_JSON_JSON_OUTLINE_H
#define POSTERN_API_JSON_JSON_OUTLINE_H

#include "api/json/json_check.h"

#include <cjson/cJSON.h>

/* NULL when out of memory. */
cJSON *json_outline_parse(struct str text, const struct json_strings *strings);

/* What the value, which is a string of an outline, stood for. Absent when out of memory. */
struct str json_outline_read(struct arena *arena, const struct json_strings *strings, const cJSON *value);

#endif
