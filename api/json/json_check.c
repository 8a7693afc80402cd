/* The strict check, in one pass over the bytes.
 *
 * A document is walked by two alternating steps: begin_value reads a scalar, or the opening of an object or
 * array up to its first value; end_value closes whatever ends after a value and stops before the next one.
 * What is open stands on a stack of fixed depth, so nothing recurses.
 *
 * Duplicate names (RFC 7493 section 2.3) are found when an object closes: its names, which were gathered
 * without their escapes, are sorted, and equal ones are then neighbours. Sorting needs no hash that a caller
 * could aim at.
 *
 * Almost all bytes of a large request are base64 inside one string; skip_plain_run passes over them by blocks.
 */
#include "api/json/json_check.h"

#include "api/json/json_string.h"
#include "api/message/place.h"
#include "base/block.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum { FIRST_NAMES = 64, FIRST_STRINGS = 32 };

struct level {
    bool is_object;
    size_t first_name; /* of this object, in the gathered names */
    size_t index;      /* of the current element */
};

struct name {
    struct str text; /* without escapes */
    size_t at;       /* of its opening quote */
};

struct checker {
    struct str text;
    size_t at;
    size_t nodes, max_nodes;
    struct level levels[JSON_MAX_DEPTH];
    size_t depth;
    struct name *names; /* of all open objects, the innermost last */
    size_t name_count, name_capacity;
    struct arena *arena;
    bool found_nul; /* in a value, the first of which stands at */
    struct str nul_pointer;
    struct json_strings *strings; /* NULL where nobody asks for them */
    struct fault *fault;
};

static bool refuse(struct checker *c, size_t at, const char *what)
{
    return fault_set(c->fault, FAULT_INVALID_JSON, "at byte %zu: %s", at, what);
}

static bool expect(struct checker *c, const char *what)
{
    return fault_set(c->fault, FAULT_INVALID_JSON, "at byte %zu: expected %s%s", c->at, what,
                     c->at == c->text.len ? ", but the text ends" : "");
}

static int peek(const struct checker *c)
{
    return c->at < c->text.len ? (unsigned char)c->text.data[c->at] : -1;
}

static bool take(struct checker *c, char wanted)
{
    if (peek(c) != wanted)
        return false;
    c->at++;
    return true;
}

static void skip_space(struct checker *c)
{
    while (peek(c) == ' ' || peek(c) == '\n' || peek(c) == '\r' || peek(c) == '\t')
        c->at++;
}

static void skip_plain_run(struct checker *c)
{
    struct str rest = {c->text.data + c->at, c->text.len - c->at};
    c->at += block_run(rest, SIZE_MAX, json_find_special);
}

/* \uXXXX; `at` is behind the "u". RFC 7493 section 2.1: surrogates come in pairs. */
static bool check_unicode_escape(struct checker *c, bool *has_nul)
{
    int unit = json_hex4(str_from(c->text, c->at));
    if (unit < 0)
        return expect(c, "four hexadecimal digits after \\u");
    c->at += 4;
    *has_nul |= unit == 0;
    if (unit < 0xd800 || unit > 0xdfff)
        return true;
    struct str next = str_from(c->text, c->at);
    int low = str_starts_with(next, STR("\\u")) ? json_hex4(str_from(next, 2)) : -1;
    if (unit > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return refuse(c, c->at - 6, "a surrogate stands without its other half");
    c->at += 6;
    return true;
}

static bool check_escape(struct checker *c, bool *has_nul)
{
    int form = peek(c);
    if (form < 0 || !strchr("\"\\/bfnrtu", form) || form == '\0')
        return expect(c, "one of \" \\ / b f n r t u after a backslash");
    c->at++;
    return form != 'u' || check_unicode_escape(c, has_nul);
}

static bool check_utf8(struct checker *c)
{
    uint32_t code_point;
    size_t len = utf8_decode(str_from(c->text, c->at), &code_point);
    if (len == 0)
        return refuse(c, c->at, "this is not UTF-8");
    c->at += len;
    return true;
}

/* `at` is behind the opening quote; behind the closing one afterwards. */
static bool check_string(struct checker *c, struct str *content, bool *has_nul)
{
    size_t from = c->at;
    for (;;) {
        skip_plain_run(c);
        int byte = peek(c);
        if (byte < 0)
            return expect(c, "a quote that ends the string");
        if (byte < 0x20)
            return refuse(c, c->at, "a control character in a string must be escaped");
        if (byte >= 0x80) {
            if (!check_utf8(c))
                return false;
            continue;
        }
        c->at++;
        if (byte == '"')
            break;
        if (!check_escape(c, has_nul))
            return false;
    }
    *content = str_first(str_from(c->text, from), c->at - 1 - from);
    return true;
}

static bool take_digits(struct checker *c)
{
    size_t from = c->at;
    while (peek(c) >= '0' && peek(c) <= '9')
        c->at++;
    return c->at > from;
}

/* RFC 8259 section 6. */
static bool check_number(struct checker *c)
{
    size_t from = c->at;
    take(c, '-');
    if (!take(c, '0') && !take_digits(c))
        return expect(c, "a digit");
    if (take(c, '.') && !take_digits(c))
        return expect(c, "a digit after the decimal point");
    if (take(c, 'e') || take(c, 'E')) {
        if (!take(c, '+'))
            take(c, '-');
        if (!take_digits(c))
            return expect(c, "a digit in the exponent");
    }
    if (c->at - from > JSON_MAX_NUMBER_BYTES)
        return fault_set(c->fault, FAULT_INVALID_JSON, "at byte %zu: a number has at most %d characters",
                         from, JSON_MAX_NUMBER_BYTES);
    return true;
}

/* Where the value stands that is being read. */
static struct str current_pointer(const struct checker *c)
{
    struct place places[JSON_MAX_DEPTH + 1] = {{0}};
    size_t last_name = c->name_count;
    for (size_t i = c->depth; i > 0; i--) {
        const struct level *level = &c->levels[i - 1];
        places[i] = level->is_object ? place_member(&places[i - 1], c->names[last_name - 1].text)
                                     : place_element(&places[i - 1], level->index);
        if (level->is_object)
            last_name = level->first_name;
    }
    return place_pointer(c->arena, &places[c->depth]);
}

static bool keep_string(struct checker *c, struct str content)
{
    struct json_strings *strings = c->strings;
    if (strings->count == strings->capacity) {
        size_t capacity = strings->capacity ? 2 * strings->capacity : FIRST_STRINGS;
        struct str *items = realloc(strings->items, capacity * sizeof *items);
        if (!items)
            return fault_set(c->fault, FAULT_OVERLOADED, "out of memory");
        strings->items = items;
        strings->capacity = capacity;
    }
    strings->items[strings->count++] = content;
    return true;
}

static bool check_text_value(struct checker *c)
{
    struct str content = {0};
    bool has_nul = false;
    if (!check_string(c, &content, &has_nul))
        return false;
    if (has_nul && !c->found_nul)
        c->nul_pointer = current_pointer(c);
    c->found_nul |= has_nul;
    return !c->strings || keep_string(c, content);
}

static bool keep_name(struct checker *c, struct str content, size_t at)
{
    if (c->name_count == c->name_capacity) {
        size_t capacity = c->name_capacity ? 2 * c->name_capacity : FIRST_NAMES;
        struct name *names = realloc(c->names, capacity * sizeof *names);
        if (!names)
            return fault_set(c->fault, FAULT_OVERLOADED, "out of memory");
        c->names = names;
        c->name_capacity = capacity;
    }
    struct name name = {json_unescape(c->arena, content), at};
    if (!name.text.data)
        return fault_set(c->fault, FAULT_OVERLOADED, "out of memory");
    c->names[c->name_count++] = name;
    return true;
}

/* A name and its colon, up to the value. */
static bool check_name(struct checker *c)
{
    size_t from = c->at;
    struct str content = {0};
    bool has_nul = false;
    if (!take(c, '"'))
        return expect(c, "a name in double quotes");
    if (!check_string(c, &content, &has_nul))
        return false;
    if (has_nul)
        return refuse(c, from, "a name cannot have a NUL");
    if (!keep_name(c, content, from))
        return false;
    skip_space(c);
    if (!take(c, ':'))
        return expect(c, "a colon after the name");
    skip_space(c);
    return true;
}

static int compare_names(const void *a, const void *b)
{
    return str_compare(((const struct name *)a)->text, ((const struct name *)b)->text);
}

static bool check_names_differ(struct checker *c, size_t first)
{
    struct name *names = c->names + first;
    size_t count = c->name_count - first;
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++)
        if (str_equal(names[i - 1].text, names[i].text))
            return refuse(c, names[i].at > names[i - 1].at ? names[i].at : names[i - 1].at,
                          "the object has this name already");
    return true;
}

/* An object or array was opened; true with `*ended` where it is empty and so over already. */
static bool open_level(struct checker *c, bool is_object, bool *ended)
{
    if (c->depth == JSON_MAX_DEPTH)
        return fault_set(c->fault, FAULT_INVALID_JSON, "at byte %zu: this is nested more than %d deep",
                         c->at - 1, JSON_MAX_DEPTH);
    c->levels[c->depth++] = (struct level){.is_object = is_object, .first_name = c->name_count};
    skip_space(c);
    if (take(c, is_object ? '}' : ']')) {
        c->depth--;
        *ended = true;
        return true;
    }
    return !is_object || check_name(c);
}

static bool check_literal(struct checker *c)
{
    static const struct str literals[] = {STR("true"), STR("false"), STR("null")};
    for (size_t i = 0; i < sizeof literals / sizeof *literals; i++) {
        if (str_starts_with(str_from(c->text, c->at), literals[i])) {
            c->at += literals[i].len;
            return true;
        }
    }
    return expect(c, "a value");
}

/* A value begins at `at`. False with `*ended` unset on a fault; where a container was opened, `at` is at the
 * first value in it. */
static bool begin_value(struct checker *c, bool *ended)
{
    if (c->nodes++ == c->max_nodes)
        return fault_set(c->fault, FAULT_INVALID_JSON, "at byte %zu: the text has more than %zu values",
                         c->at, c->max_nodes);
    *ended = false;
    if (take(c, '{'))
        return open_level(c, true, ended);
    if (take(c, '['))
        return open_level(c, false, ended);
    *ended = true;
    if (take(c, '"'))
        return check_text_value(c);
    int byte = peek(c);
    return byte == '-' || (byte >= '0' && byte <= '9') ? check_number(c) : check_literal(c);
}

/* A value has ended at `at`: goes on to the next, with `*over` where there is none. */
static bool end_value(struct checker *c, bool *over)
{
    for (; c->depth; c->depth--) {
        struct level *level = &c->levels[c->depth - 1];
        skip_space(c);
        if (take(c, ',')) {
            skip_space(c);
            level->index++;
            return !level->is_object || check_name(c);
        }
        if (!take(c, level->is_object ? '}' : ']'))
            return expect(c, level->is_object ? "a comma or }" : "a comma or ]");
        if (level->is_object && !check_names_differ(c, level->first_name))
            return false;
        c->name_count = level->first_name;
    }
    *over = true;
    return true;
}

static bool check_document(struct checker *c)
{
    if (str_starts_with(c->text, STR("\xef\xbb\xbf")))
        return refuse(c, 0, "the text begins with a byte order mark");
    skip_space(c);
    if (c->at == c->text.len)
        return refuse(c, c->at, "the text is empty");
    for (bool ended = false, over = false; !over;) {
        if (!begin_value(c, &ended) || (ended && !end_value(c, &over)))
            return false;
    }
    skip_space(c);
    return c->at == c->text.len || expect(c, "nothing after the document");
}

bool json_check_strings(struct arena *arena, struct str text, size_t max_nodes, struct json_strings *strings,
                        struct str *pointer, struct fault *fault)
{
    struct checker checker = {
        .text = text, .max_nodes = max_nodes, .arena = arena, .strings = strings, .fault = fault};
    bool valid = check_document(&checker);
    free(checker.names);
    if (!valid || !checker.found_nul)
        return valid;
    *pointer = checker.nul_pointer;
    return fault_set(fault, FAULT_INVALID_REQUEST, "a text cannot have a NUL character");
}

bool json_check(struct arena *arena, struct str text, size_t max_nodes, struct str *pointer,
                struct fault *fault)
{
    return json_check_strings(arena, text, max_nodes, NULL, pointer, fault);
}

void json_strings_fini(struct json_strings *strings)
{
    free(strings->items);
    *strings = (struct json_strings){0};
}
