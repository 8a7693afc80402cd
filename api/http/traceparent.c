#include "api/http/traceparent.h"

#include <string.h>

enum {
    VERSION_LEN = 2,
    TRACE_ID_AT = 3,
    PARENT_ID_AT = 36,
    FLAGS_AT = 53,
    PARENT_LEN = 55,
    MAX_MEMBERS = 32,
    MAX_KEY_LEN = 256,
    MAX_TENANT_LEN = 241,
    MAX_SYSTEM_LEN = 14,
    MAX_VALUE_LEN = 256,
    FLAG_SAMPLED = 1
};

/* HEXDIGLC: capitals are none (3.2.2). */
static bool is_lower_hex(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (char_hex_value(text.data[i]) < 0 || (text.data[i] >= 'A' && text.data[i] <= 'F'))
            return false;
    return true;
}

static bool is_zero(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] != '0')
            return false;
    return true;
}

static struct str part(struct str text, size_t from, size_t len)
{
    return str_first(str_from(text, from), len);
}

static bool has_shape(struct str value)
{
    return value.len >= PARENT_LEN && value.data[TRACE_ID_AT - 1] == '-' &&
           value.data[PARENT_ID_AT - 1] == '-' && value.data[FLAGS_AT - 1] == '-' &&
           is_lower_hex(part(value, 0, VERSION_LEN)) &&
           is_lower_hex(part(value, TRACE_ID_AT, TRACE_ID_BYTES - 1)) &&
           is_lower_hex(part(value, PARENT_ID_AT, SPAN_ID_BYTES - 1)) &&
           is_lower_hex(part(value, FLAGS_AT, 2));
}

/* 3.2.2 and 3.2.4: version 00 has nothing behind it; a later one may, behind a hyphen, and is read as far as it is
 * known. */
static bool has_known_end(struct str value)
{
    struct str version = part(value, 0, VERSION_LEN);
    if (str_equal(version, STR("ff")))
        return false;
    return value.len == PARENT_LEN || (!str_equal(version, STR("00")) && value.data[PARENT_LEN] == '-');
}

bool traceparent_parse(struct str value, struct trace_context *context)
{
    if (!has_shape(value) || !has_known_end(value))
        return false;
    struct str trace_id = part(value, TRACE_ID_AT, TRACE_ID_BYTES - 1);
    struct str parent_id = part(value, PARENT_ID_AT, SPAN_ID_BYTES - 1);
    if (is_zero(trace_id) || is_zero(parent_id))
        return false;
    memcpy(context->trace_id, trace_id.data, trace_id.len);
    context->trace_id[trace_id.len] = '\0';
    memcpy(context->parent_id, parent_id.data, parent_id.len);
    context->parent_id[parent_id.len] = '\0';
    context->is_sampled = char_hex_value(value.data[FLAGS_AT + 1]) & FLAG_SAMPLED;
    return true;
}

/* --- tracestate (3.3.1) */

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_key_part(struct str text, size_t max_len, bool may_begin_with_digit)
{
    const struct str others = STR("_-*/");
    if (!text.len || text.len > max_len ||
        !(is_lower(text.data[0]) || (may_begin_with_digit && char_is_digit(text.data[0]))))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (!is_lower(text.data[i]) && !char_is_digit(text.data[i]) &&
            str_index(others, text.data[i]) == others.len)
            return false;
    return true;
}

static bool is_key(struct str key)
{
    size_t at = str_index(key, '@');
    return at == key.len ? is_key_part(key, MAX_KEY_LEN, false)
                         : is_key_part(str_first(key, at), MAX_TENANT_LEN, true) &&
                               is_key_part(str_from(key, at + 1), MAX_SYSTEM_LEN, false);
}

static bool is_value(struct str value)
{
    if (!value.len || value.len > MAX_VALUE_LEN || value.data[value.len - 1] == ' ')
        return false;
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] < ' ' || value.data[i] > '~' || value.data[i] == ',' || value.data[i] == '=')
            return false;
    return true;
}

static bool has_key(const struct str *keys, size_t count, struct str key)
{
    for (size_t i = 0; i < count; i++)
        if (str_equal(keys[i], key))
            return true;
    return false;
}

/* Empty members may stand anywhere, white space around any; a key stands once. */
bool tracestate_is_valid(struct str value)
{
    struct str keys[MAX_MEMBERS];
    size_t count = 0;
    while (value.data) {
        struct str member = str_trim(str_cut(&value, ','));
        if (!member.len)
            continue;
        struct str key = str_cut(&member, '=');
        if (count == MAX_MEMBERS || !is_key(key) || !is_value(member) || has_key(keys, count, key))
            return false;
        keys[count++] = key;
    }
    return count > 0;
}

/* --- The header */

/* Several fields are one list (3.3.1.1, RFC 9110 5.3). Absent where there is none, or none that is kept. */
static struct str join_state(struct arena *arena, const struct guard_request *request)
{
    struct buf joined;
    buf_init(&joined, TRACE_STATE_MAX_BYTES);
    for (size_t i = 0; i < request->field_count && i < GUARD_MAX_FIELDS; i++) {
        if (!str_equal_nocase(request->fields[i].name, STR("tracestate")))
            continue;
        if (joined.len)
            buf_append_char(&joined, ',');
        buf_append(&joined, str_trim(request->fields[i].value));
    }
    bool is_kept = !joined.failed && tracestate_is_valid(buf_view(&joined));
    struct str state = is_kept ? arena_copy(arena, buf_view(&joined)) : (struct str){0};
    buf_fini(&joined);
    return state;
}

/* 3.2: of two parents neither is believed. */
static bool find_parent(const struct guard_request *request, struct str *parent)
{
    size_t found = 0;
    for (size_t i = 0; i < request->field_count && i < GUARD_MAX_FIELDS; i++)
        if (str_equal_nocase(request->fields[i].name, STR("traceparent")) && !found++)
            *parent = str_trim(request->fields[i].value);
    return found == 1;
}

void traceparent_read(struct arena *arena, const struct guard_request *request,
                      const char id[static UUID_BYTES], struct trace_context *context)
{
    struct str parent;
    trace_context_begin(context, id);
    if (find_parent(request, &parent) && traceparent_parse(parent, context))
        context->state = join_state(arena, request);
}
