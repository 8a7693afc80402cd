#include "api/http/layout.h"

enum { SP_BYTES = 1, COLON_BYTES = 1, CRLF_BYTES = 2 };

bool layout_can_be_seen(void)
{
    return str_starts_with(str_of(MHD_get_version()), STR("0.9."));
}

void layout_begin(struct layout *layout, const char *target)
{
    *layout = (struct layout){.target = str_of(target)};
}

void layout_find(struct layout *layout, struct MHD_Connection *connection, struct guard_request *request)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    if (!info || !layout_can_be_seen())
        return;
    request->seen_target = layout->target;
    request->seen_bytes = info->header_size;
    layout->buffer = request->method.data + info->header_size;
}

static uintptr_t place_of(struct str part)
{
    return (uintptr_t)part.data;
}

/* Between the two stands nothing but a delimiter of that length. */
static bool follows(struct str part, struct str before, size_t delimiter_bytes)
{
    if (place_of(part) != place_of(before) + before.len + delimiter_bytes)
        return false;
    for (size_t i = 0; i < delimiter_bytes; i++)
        if (before.data[before.len + i])
            return false;
    return true;
}

/* Optional white space may stand before the value (RFC 9112 5); it is all that libmicrohttpd skips. */
static bool is_one_line(const struct guard_field *field)
{
    return place_of(field->value) >= place_of(field->name) + field->name.len + COLON_BYTES;
}

bool layout_of_header_is_exact(const struct guard_request *request)
{
    struct str line = request->version;
    if (!follows(request->seen_target, request->method, SP_BYTES) ||
        !follows(request->version, request->seen_target, SP_BYTES))
        return false;
    for (size_t i = 0; i < request->field_count; i++) {
        const struct guard_field *field = &request->fields[i];
        if (!follows(field->name, line, CRLF_BYTES) || !is_one_line(field))
            return false;
        line = field->value;
    }
    const struct str end = {request->method.data + request->seen_bytes, 0};
    return follows(end, line, 2 * CRLF_BYTES);
}

static bool ends_with_crlf(struct str text)
{
    return text.len >= CRLF_BYTES && str_equal(str_from(text, text.len - CRLF_BYTES), STR("\r\n"));
}

bool layout_of_chunk_is_exact(struct str before_data)
{
    if (!ends_with_crlf(before_data))
        return false;
    struct str line = str_first(before_data, before_data.len - CRLF_BYTES);
    size_t last_lf = str_last_index(line, '\n');
    struct str earlier = str_first(line, last_lf == line.len ? 0 : last_lf + 1);
    for (size_t i = earlier.len; i < line.len; i++)
        if (char_is_control(line.data[i]) && line.data[i] != '\t')
            return false;
    return earlier.len == 0 || ends_with_crlf(earlier);
}

bool layout_check_chunk(const struct layout *layout, const char *data, struct fault *fault)
{
    if (!layout->buffer || data <= layout->buffer)
        return true; /* within a chunk, or its size was read before */
    return layout_of_chunk_is_exact((struct str){layout->buffer, (size_t)(data - layout->buffer)}) ||
           fault_set(fault, FAULT_MALFORMED_HTTP, "a chunk, or the size of one, does not end with CRLF");
}
