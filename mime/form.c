/* A delimiter is looked for as CRLF, two hyphens and the boundary, wherever it stands: what a body may hold is the
 * caller's care (RFC 2046 5.1.1). Names come as browsers and curl write them: raw UTF-8 in quotes, with `"`, CR and LF
 * as %22, %0D and %0A, or `"` behind a backslash; any other "%" is one (WHATWG HTML 4.10.21.8). */
#include "mime/form.h"

#include "base/percent.h"
#include "mime/media_type.h"

#include <string.h>

enum { MAX_BOUNDARY_BYTES = 70, MAX_FIELD_BYTES = 4096 };

static bool fail(const struct form *form, struct fault *fault, const char *what)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "part %zu of the form %s", form->parts + 1, what);
}

/* The octet at the front of a quoted name, and how many stand for it. */
static char read_octet(struct str text, size_t *octets)
{
    static const struct {
        struct str written;
        char octet;
    } escapes[] = {
        {STR("\\\""), '"'}, {STR("\\\\"), '\\'}, {STR("%22"), '"'}, {STR("%0D"), '\r'}, {STR("%0A"), '\n'}};
    for (size_t i = 0; i < sizeof escapes / sizeof escapes[0]; i++)
        if (str_starts_with_nocase(text, escapes[i].written)) {
            *octets = escapes[i].written.len;
            return escapes[i].octet;
        }
    *octets = 1;
    return text.data[0];
}

/* Of a parameter, which is never empty. */
static struct str unquote(struct arena *arena, struct str value)
{
    if (value.data[0] != '"')
        return value;
    struct buf text;
    struct str rest = str_first(str_from(value, 1), value.len - 2);
    buf_init(&text, value.len);
    for (size_t octets; rest.len; rest = str_from(rest, octets))
        buf_append_char(&text, read_octet(rest, &octets));
    struct str kept = arena_keep(arena, &text);
    buf_wipe(&text);
    return kept;
}

bool form_begin(struct form *form, struct arena *arena, struct str content_type, struct str body,
                struct fault *fault)
{
    struct str rest, name, value;
    *form = (struct form){.arena = arena};
    media_type_essence(content_type, &rest);
    while (!form->boundary.data && media_type_next_parameter(&rest, &name, &value))
        if (str_equal_nocase(name, STR("boundary")))
            form->boundary = unquote(arena, value);
    if (!form->boundary.data || !form->boundary.len || form->boundary.len > MAX_BOUNDARY_BYTES)
        return fault_set(fault, FAULT_INVALID_REQUEST,
                         "the Content-Type has no boundary, or one of more than %d octets",
                         MAX_BOUNDARY_BYTES);
    /* The first delimiter need not have a line before it. */
    size_t at = str_find(body, form->boundary);
    bool begins = at >= 2 && at < body.len && memcmp(body.data + at - 2, "--", 2) == 0 &&
                  (at == 2 || body.data[at - 3] == '\n');
    if (!begins)
        return fault_set(fault, FAULT_INVALID_REQUEST, "the form does not begin with its boundary");
    form->rest = str_from(body, at + form->boundary.len);
    return true;
}

/* Index of CRLF "--" boundary, or the length. */
static size_t find_delimiter(const struct form *form, struct str text)
{
    char delimiter[4 + MAX_BOUNDARY_BYTES] = "\r\n--";
    memcpy(delimiter + 4, form->boundary.data, form->boundary.len);
    return str_find(text, (struct str){delimiter, 4 + form->boundary.len});
}

/* `form-data; name="attachment"; filename="a b.pdf"`. An extended file name goes before the plain one. */
static void read_disposition(struct form *form, struct str value, struct form_part *part)
{
    struct str name, parameter, rest = str_from(value, str_index(value, ';'));
    bool is_extended = false;
    while (media_type_next_parameter(&rest, &name, &parameter)) {
        struct str text = unquote(form->arena, parameter);
        if (str_equal_nocase(name, STR("name"))) {
            part->name = text;
        } else if (str_equal_nocase(name, STR("filename*")) && str_starts_with_nocase(text, STR("utf-8''"))) {
            part->filename = percent_decode(form->arena, str_from(text, 7));
            is_extended = true;
        } else if (str_equal_nocase(name, STR("filename")) && !is_extended) {
            part->filename = text;
        }
    }
}

static struct str strip_brackets(struct str id)
{
    bool has_both = id.len > 2 && id.data[0] == '<' && id.data[id.len - 1] == '>';
    return has_both ? str_first(str_from(id, 1), id.len - 2) : id;
}

static void read_field(struct form *form, struct str line, struct form_part *part)
{
    size_t colon = str_index(line, ':');
    struct str name = str_first(line, colon), value = str_trim(str_from(line, colon + 1));
    if (str_equal_nocase(name, STR("Content-Disposition")))
        read_disposition(form, value, part);
    else if (str_equal_nocase(name, STR("Content-Type")))
        part->content_type = value;
    else if (str_equal_nocase(name, STR("Content-ID")))
        part->content_id = strip_brackets(value);
}

/* Up to the empty line; false where there is none, or a line is too long. */
static bool read_header(struct form *form, struct str *rest, struct form_part *part)
{
    for (;;) {
        size_t len = str_find(*rest, STR("\r\n"));
        if (len == rest->len || len > MAX_FIELD_BYTES)
            return false;
        struct str line = str_first(*rest, len);
        *rest = str_from(*rest, len + 2);
        if (!len)
            return true;
        read_field(form, line, part);
    }
}

bool form_next(struct form *form, struct form_part *part, struct fault *fault)
{
    *part = (struct form_part){0};
    if (str_starts_with(form->rest, STR("--")))
        return !(form->ended = true);
    struct str rest = form->rest;
    while (rest.len && (rest.data[0] == ' ' || rest.data[0] == '\t'))
        rest = str_from(rest, 1);
    if (!str_starts_with(rest, STR("\r\n")))
        return fail(form, fault, "has something behind its boundary");
    rest = str_from(rest, 2);
    /* RFC 7578 4.8: other fields than these are let pass. */
    if (!read_header(form, &rest, part))
        return fail(form, fault, "has a header without an end");
    if (!part->name.data)
        return fail(form, fault, "has no name");
    size_t len = find_delimiter(form, rest);
    if (len == rest.len)
        return fail(form, fault, "has no end: the boundary does not follow");
    part->content = str_first(rest, len);
    form->rest = str_from(rest, len + 4 + form->boundary.len);
    form->parts++;
    return true;
}
