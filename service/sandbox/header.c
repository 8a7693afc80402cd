#include "service/sandbox/header.h"

/* RFC 5322 2.2: printable US-ASCII but for the colon, which RFC 6532 leaves as it was. */
static bool is_field_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] <= ' ' || name.data[i] > '~')
            return false;
    return name.len > 0;
}

/* Where the next CRLF begins; s.len where there is none. */
static size_t crlf_index(struct str s)
{
    size_t at = 0;
    while ((at += str_index(str_from(s, at), '\r')) < s.len) {
        if (at + 1 < s.len && s.data[at + 1] == '\n')
            return at;
        at++;
    }
    return s.len;
}

/* Up to the first CRLF that no white space follows (RFC 5322 2.2.3), or to the end; the CRLF counts. */
static size_t field_len(struct str rest)
{
    size_t at = 0;
    do {
        at += crlf_index(str_from(rest, at)) + 2;
    } while (at < rest.len && (rest.data[at] == ' ' || rest.data[at] == '\t'));
    return at < rest.len ? at : rest.len;
}

bool sandbox_header_next(struct str *rest, struct sandbox_header *header)
{
    size_t colon = str_index(str_first(*rest, crlf_index(*rest)), ':');
    header->name = str_first(*rest, colon);
    if (colon == rest->len || rest->data[colon] != ':' || !is_field_name(header->name))
        return false;
    size_t len = field_len(*rest);
    struct str field = str_first(*rest, len);
    *rest = str_from(*rest, len);
    if (field.data[len - 1] == '\n' && field.data[len - 2] == '\r')
        field.len -= 2;
    header->value = str_trim(str_from(field, colon + 1));
    return true;
}

void sandbox_header_unfold(struct buf *line, struct str value)
{
    while (value.len) {
        struct str part = str_first(value, crlf_index(value));
        buf_append(line, str_first(part, line->max_bytes - line->len));
        value = str_from(value, part.len + 2);
    }
}

struct str sandbox_header_find(struct str message, struct str name)
{
    struct sandbox_header header;
    while (sandbox_header_next(&message, &header))
        if (str_equal_nocase(header.name, name))
            return header.value;
    return (struct str){0};
}
