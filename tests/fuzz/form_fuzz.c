/* The input is a Content-Type on its first line, and a body. The parts that are found lie in the body, in their order, and
 * hold no delimiter; written as a form by somebody else, they are found again. */
#include "mime/form.h"
#include "reader.h"

enum { ARENA_BYTES = 1 << 22, MAX_PARTS = 64, MAX_BOUNDARY_BYTES = 70 };

struct parts {
    struct form_part items[MAX_PARTS];
    size_t count;
    bool ended;
};

static bool read_form(struct arena *arena, struct str content_type, struct str body, struct form *form,
                      struct parts *parts)
{
    struct fault fault = {0};
    parts->count = 0;
    if (!form_begin(form, arena, content_type, body, &fault)) {
        FUZZ_CHECK(fault.code == FAULT_INVALID_REQUEST && fault.detail[0]);
        return false;
    }
    FUZZ_CHECK(form->boundary.len > 0 && form->boundary.len <= MAX_BOUNDARY_BYTES);
    while (parts->count < MAX_PARTS && form_next(form, &parts->items[parts->count], &fault))
        parts->count++;
    FUZZ_CHECK(parts->count == MAX_PARTS || form->ended ||
               (fault.code == FAULT_INVALID_REQUEST && fault.detail[0]));
    parts->ended = form->ended;
    return true;
}

static void check_parts(const struct form *form, const struct parts *parts, struct str body)
{
    const char *behind = body.data;
    char delimiter[4 + MAX_BOUNDARY_BYTES] = "\r\n--";
    memcpy(delimiter + 4, form->boundary.data, form->boundary.len);
    for (size_t i = 0; i < parts->count; i++) {
        const struct form_part *part = &parts->items[i];
        FUZZ_CHECK(part->name.data && part->content.data && fuzz_lies_within(part->content, body));
        FUZZ_CHECK(part->content.data >= behind);
        FUZZ_CHECK(!fuzz_holds(part->content, (struct str){delimiter, 4 + form->boundary.len}));
        behind = part->content.data + part->content.len;
    }
}

/* As browsers do (WHATWG HTML 4.10.21.8); what they never send in a name has no way to be written. */
static bool write_quoted(struct buf *out, struct str text)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '\\' || c == '%')
            return false;
        if (c == '"' || c == '\r' || c == '\n')
            buf_append_format(out, "%%%02X", c);
        else
            buf_append_char(out, c);
    }
    buf_append_char(out, '"');
    return true;
}

static bool write_part(struct buf *out, const struct form_part *part, const char *boundary)
{
    buf_append_format(out, "--%s\r\nContent-Disposition: form-data; name=", boundary);
    if (!write_quoted(out, part->name))
        return false;
    if (part->filename.data) {
        buf_append(out, STR("; filename="));
        if (!write_quoted(out, part->filename))
            return false;
    }
    buf_append(out, STR("\r\n\r\n"));
    buf_append(out, part->content);
    buf_append(out, STR("\r\n"));
    return true;
}

static bool write_form(struct buf *out, const struct parts *parts, const char *boundary)
{
    for (size_t i = 0; i < parts->count; i++)
        if (!write_part(out, &parts->items[i], boundary))
            return false;
    buf_append_format(out, "--%s--\r\n", boundary);
    return true;
}

static void check_again(struct arena *arena, const struct parts *parts, struct str input)
{
    struct form form;
    struct parts again;
    struct buf body;
    char boundary[24];
    snprintf(boundary, sizeof boundary, "again%08x", fuzz_seed(input));
    buf_init(&body, READER_MAX_BYTES);
    if (!fuzz_holds(input, str_of(boundary)) && write_form(&body, parts, boundary)) {
        struct str content_type = arena_format(arena, "multipart/form-data; boundary=\"%s\"", boundary);
        FUZZ_CHECK(read_form(arena, content_type, buf_view(&body), &form, &again));
        FUZZ_CHECK(again.ended && again.count == parts->count);
        for (size_t i = 0; i < parts->count; i++) {
            FUZZ_CHECK(str_equal(again.items[i].name, parts->items[i].name));
            FUZZ_CHECK(!again.items[i].filename.data == !parts->items[i].filename.data);
            FUZZ_CHECK(str_equal(again.items[i].filename, parts->items[i].filename));
            FUZZ_CHECK(str_equal(again.items[i].content, parts->items[i].content));
        }
    }
    buf_fini(&body);
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct form form;
    struct parts parts;
    struct str body = input, content_type = str_cut(&body, '\n');
    if (!body.data)
        return;
    arena_init(&arena, ARENA_BYTES);
    if (read_form(&arena, content_type, body, &form, &parts)) {
        check_parts(&form, &parts, body);
        if (parts.ended)
            check_again(&arena, &parts, input);
    }
    FUZZ_CHECK(!arena.failed);
    arena_fini(&arena);
}
