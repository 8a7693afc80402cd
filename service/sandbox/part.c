/* Depth first, so that the list is in reading order; the depth has a bound, and with it the recursion.
 *
 * A delimiter is looked for in its own container's body alone, so that what an inner part says cannot end an outer
 * one's other than where RFC 2046 5.1.2 has it: the outer one was cut first. */
#include "service/sandbox/part.h"

#include "service/sandbox/header.h"
#include "service/sandbox/words.h"

enum { MAX_PARTS = 500, MAX_DEPTH = 12, MAX_FIELDS = 1000, MAX_BOUNDARY_BYTES = 200, MAX_TEXT_BYTES = 4096 };

static struct str lower(struct arena *arena, struct str text)
{
    struct str copy = arena_copy(arena, text);
    for (size_t i = 0; i < copy.len; i++)
        ((char *)(uintptr_t)copy.data)[i] = char_to_lower(copy.data[i]);
    return copy;
}

static struct str unfold(struct arena *arena, struct str value)
{
    struct buf line;
    buf_init(&line, MAX_TEXT_BYTES);
    sandbox_header_unfold(&line, value);
    struct str kept = arena_keep(arena, &line);
    buf_fini(&line);
    return kept;
}

static bool is_type(struct str type)
{
    size_t slash = str_index(type, '/');
    return str_is_token(str_first(type, slash)) && str_is_token(str_from(type, slash + 1));
}

static struct str trim_brackets(struct str id)
{
    id = str_trim(id);
    if (id.len > 1 && id.data[0] == '<' && id.data[id.len - 1] == '>')
        return (struct str){id.data + 1, id.len - 2};
    return id;
}

struct fields {
    struct str type, disposition, encoding, content_id; /* unfolded; absent where they are not */
};

static void read_fields(struct arena *arena, struct str header, struct fields *fields)
{
    const struct {
        struct str name;
        struct str *value;
    } wanted[] = {
        {STR("Content-Type"), &fields->type},
        {STR("Content-Disposition"), &fields->disposition},
        {STR("Content-Transfer-Encoding"), &fields->encoding},
        {STR("Content-ID"), &fields->content_id},
    };
    struct sandbox_header field;
    for (size_t i = 0; i < MAX_FIELDS && sandbox_header_next(&header, &field); i++)
        for (size_t k = 0; k < sizeof wanted / sizeof wanted[0]; k++)
            if (!wanted[k].value->data && str_equal_nocase(field.name, wanted[k].name))
                *wanted[k].value = unfold(arena, field.value);
}

/* Fields, an empty line, and the rest; without the line there is no body. */
static void split(struct str entity, struct sandbox_part *part)
{
    struct str rest = entity;
    struct sandbox_header field;
    while (sandbox_header_next(&rest, &field))
        continue;
    part->header = str_first(entity, entity.len - rest.len);
    if (str_starts_with(rest, STR("\r\n")))
        rest = str_from(rest, 2);
    else if (rest.len)
        part->trouble = "a line of the header is no field";
    part->body = rest;
}

static void describe(struct arena *arena, struct sandbox_part *part, struct str default_type,
                     struct str *boundary)
{
    struct fields fields = {0};
    read_fields(arena, part->header, &fields);
    struct str type = sandbox_value_main(fields.type);
    if (fields.type.data && !is_type(type))
        part->trouble = "the Content-Type is malformed";
    part->type = is_type(type) ? lower(arena, type) : fields.type.data ? STR("text/plain") : default_type;
    part->charset = sandbox_value_parameter(arena, fields.type, STR("charset"));
    *boundary = sandbox_value_parameter(arena, fields.type, STR("boundary"));
    part->encoding_name = fields.encoding.data ? str_trim(fields.encoding) : (struct str){0};
    part->encoding = sandbox_encoding_find(part->encoding_name);
    if (part->encoding == SANDBOX_ENCODING_UNKNOWN)
        part->trouble = "the Content-Transfer-Encoding is none that is known";
    part->content_id = fields.content_id.data ? trim_brackets(fields.content_id) : (struct str){0};
    part->disposition =
        fields.disposition.data ? lower(arena, sandbox_value_main(fields.disposition)) : (struct str){0};
    part->filename = sandbox_value_parameter(arena, fields.disposition, STR("filename"));
    if (!part->filename.data)
        part->filename = sandbox_value_parameter(arena, fields.type, STR("name"));
}

/* How much of `rest`, which stands behind "--boundary", belongs to the delimiter's line; 0 where it is none.
 * RFC 2046 5.1.1: white space, then CRLF; the end of the text will do. */
static size_t delimiter_end(struct str rest, bool *is_last)
{
    size_t at = 0;
    *is_last = str_starts_with(rest, STR("--"));
    if (*is_last)
        at = 2;
    while (at < rest.len && (rest.data[at] == ' ' || rest.data[at] == '\t'))
        at++;
    if (at == rest.len)
        return *is_last ? at + 1 : 0;
    return at + 1 < rest.len && rest.data[at] == '\r' && rest.data[at + 1] == '\n' ? at + 2 : 0;
}

struct delimiter {
    size_t begin, end; /* the CRLF before it is its own */
    bool is_last, found;
};

static struct delimiter find_delimiter(struct str body, size_t from, struct str boundary)
{
    while (from < body.len) {
        size_t at = from + str_find(str_from(body, from), boundary);
        if (at == body.len)
            break;
        struct delimiter found = {.begin = at < 2 ? at : at - 2};
        bool begins_line = at == 0 || (at >= 2 && body.data[at - 2] == '\r' && body.data[at - 1] == '\n');
        size_t end = begins_line ? delimiter_end(str_from(body, at + boundary.len), &found.is_last) : 0;
        if (end) {
            size_t behind = at + boundary.len + end;
            found.end = behind < body.len ? behind : body.len;
            found.found = true;
            return found;
        }
        from = at + 1;
    }
    return (struct delimiter){0};
}

struct opening {
    struct arena *arena;
    struct sandbox_part *items;
    size_t count;
};

/* The next part, and all that is within it. */
static void add(struct opening *opening, size_t parent, struct str entity, struct str default_type);

static void open_multipart(struct opening *opening, size_t place, struct str boundary)
{
    struct sandbox_part *part = &opening->items[place];
    if (!boundary.len || boundary.len > MAX_BOUNDARY_BYTES) {
        part->trouble = "the multipart has no boundary that could be used";
        return;
    }
    struct str line = arena_format(opening->arena, "--%.*s", STR_ARG(boundary));
    struct str body = part->body;
    /* RFC 2046 5.1.5 */
    struct str default_type =
        str_equal(part->type, STR("multipart/digest")) ? STR("message/rfc822") : STR("text/plain");
    if (!line.data)
        return;
    struct delimiter here = find_delimiter(body, 0, line);
    part->is_container = here.found;
    if (!here.found)
        part->trouble = "the multipart's boundary does not occur";
    while (here.found && !here.is_last && opening->count < MAX_PARTS) {
        /* The line break may be the next delimiter's as well as this one's. */
        size_t from = here.end >= 2 ? here.end - 2 : here.end;
        struct delimiter next = find_delimiter(body, from, line);
        size_t end = next.found ? (next.begin < here.end ? here.end : next.begin) : body.len;
        add(opening, place, str_first(str_from(body, here.end), end - here.end), default_type);
        if (!next.found)
            opening->items[place].trouble = "the multipart has no last delimiter";
        here = next;
    }
}

static void add(struct opening *opening, size_t parent, struct str entity, struct str default_type)
{
    struct str boundary;
    size_t place = opening->count;
    struct sandbox_part *part = &opening->items[place];
    *part = (struct sandbox_part){.parent = parent};
    part->depth = place ? opening->items[parent].depth + 1 : 0;
    opening->count++;
    split(entity, part);
    describe(opening->arena, part, default_type, &boundary);
    bool is_multipart = str_starts_with(part->type, STR("multipart/"));
    bool is_message =
        str_equal(part->type, STR("message/rfc822")) || str_equal(part->type, STR("message/global"));
    if (!is_multipart && !is_message)
        return;
    if (part->depth + 1 == MAX_DEPTH || opening->count == MAX_PARTS) {
        part->trouble = "nested too deep, or too many parts: not opened";
    } else if (part->encoding != SANDBOX_ENCODING_IDENTITY) {
        part->trouble = "encoded as a whole, which RFC 2045 6.4 forbids: not opened";
    } else if (is_message) {
        part->is_container = true;
        add(opening, place, part->body, STR("text/plain"));
    } else {
        open_multipart(opening, place, boundary);
    }
}

bool sandbox_parts_read(struct arena *arena, struct str message, struct sandbox_parts *parts)
{
    struct opening opening = {.arena = arena,
                              .items = arena_take_array(arena, MAX_PARTS, sizeof(struct sandbox_part))};
    *parts = (struct sandbox_parts){0};
    if (!opening.items)
        return false;
    add(&opening, 0, message, STR("text/plain"));
    *parts = (struct sandbox_parts){opening.items, opening.count};
    return !arena->failed;
}

bool sandbox_part_is_attachment(const struct sandbox_part *part)
{
    if (part->is_container)
        return false;
    bool is_text = str_equal(part->type, STR("text/plain")) || str_equal(part->type, STR("text/html"));
    return str_equal(part->disposition, STR("attachment")) || part->filename.len ||
           (!is_text && !str_starts_with(part->type, STR("multipart/")));
}

/* Of a message that is attached nothing is this message's text. */
static bool is_within_attached(const struct sandbox_parts *parts, const struct sandbox_part *part)
{
    while (part->depth > 0) {
        part = &parts->items[part->parent];
        if (!str_starts_with(part->type, STR("multipart/")))
            return true;
    }
    return false;
}

const struct sandbox_part *sandbox_parts_find_text(const struct sandbox_parts *parts, struct str type)
{
    for (size_t i = 0; i < parts->count; i++) {
        const struct sandbox_part *part = &parts->items[i];
        if (str_equal(part->type, type) && !part->is_container && !sandbox_part_is_attachment(part) &&
            !is_within_attached(parts, part))
            return part;
    }
    return NULL;
}

const struct sandbox_part *sandbox_parts_find_id(const struct sandbox_parts *parts, struct str id)
{
    for (size_t i = 0; i < parts->count; i++)
        if (parts->items[i].content_id.len && str_equal(parts->items[i].content_id, id))
            return &parts->items[i];
    return NULL;
}
