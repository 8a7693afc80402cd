#include "api/json/json_outline.h"

#include "api/json/json_string.h"

#include <assert.h>

enum { NUMBER_BYTES = 20 };

/* The text with the number of each string in its place. */
static void write_outline(struct buf *outline, struct str text, const struct json_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++) {
        const char *begin = strings->items[i].data;
        size_t before = (size_t)(begin - text.data);
        buf_append(outline, str_first(text, before));
        buf_append_uint(outline, i);
        text = str_from(text, before + strings->items[i].len);
    }
    buf_append(outline, text);
}

cJSON *json_outline_parse(struct str text, const struct json_strings *strings)
{
    struct buf outline;
    buf_init(&outline, text.len + NUMBER_BYTES * strings->count);
    write_outline(&outline, text, strings);
    cJSON *tree = outline.failed ? NULL : cJSON_ParseWithLength(outline.data, outline.len);
    buf_wipe(&outline);
    return tree;
}

struct str json_outline_read(struct arena *arena, const struct json_strings *strings, const cJSON *value)
{
    uint64_t number = 0;
    bool is_number = str_to_uint(str_of(value->valuestring), SIZE_MAX, &number);
    assert(is_number && number < strings->count);
    return is_number ? json_unescape(arena, strings->items[number]) : (struct str){0};
}
