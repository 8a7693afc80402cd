/* Both forms hold white space back until something follows it, so that it vanishes at the end of a line; the
 * body's form holds line ends back in the same way, so that they vanish at its end. */
#include "mime/dkim_canonical.h"

static bool is_white(char c)
{
    return c == ' ' || c == '\t';
}

/* Many at a time: a body may be nothing else. */
static void put_line_ends(struct dkim_body *body)
{
    const struct str some = STR("\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n\r\n");
    while (body->line_ends) {
        struct str piece = str_first(some, 2 * body->line_ends);
        body->sink.take(body->sink.context, piece);
        body->line_ends -= piece.len / 2;
    }
}

static void put(struct dkim_body *body, struct str run)
{
    put_line_ends(body);
    if (body->space)
        body->sink.take(body->sink.context, STR(" "));
    body->space = false;
    body->begun = true;
    body->sink.take(body->sink.context, run);
}

static bool is_plain(char c)
{
    return !is_white(c) && c != '\r';
}

/* What can be put as it is: also a single space between two others, so that a line of text is one run. */
static struct str take_run(struct str *rest)
{
    size_t len = 1;
    while (len < rest->len && (is_plain(rest->data[len]) || (rest->data[len] == ' ' && len + 1 < rest->len &&
                                                             is_plain(rest->data[len + 1]))))
        len++;
    struct str run = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return run;
}

/* Only CR LF ends a line. */
static void end_line_or_put_cr(struct dkim_body *body, struct str *piece)
{
    body->cr = false;
    if (piece->data[0] == '\n') {
        *piece = str_from(*piece, 1);
        body->space = false;
        body->line_ends++;
    } else {
        put(body, STR("\r"));
    }
}

void dkim_body_feed(struct dkim_body *body, struct str piece)
{
    while (piece.len) {
        char c = piece.data[0];
        if (body->cr) {
            end_line_or_put_cr(body, &piece);
        } else if (is_white(c) || c == '\r') {
            body->space = body->space || c != '\r';
            body->cr = c == '\r';
            piece = str_from(piece, 1);
        } else {
            put(body, take_run(&piece));
        }
    }
}

/* RFC 6376 3.4.4: a body that is not empty ends with a CRLF; one of empty lines alone is empty. */
void dkim_body_end(struct dkim_body *body)
{
    if (body->cr)
        put(body, STR("\r"));
    if (body->begun)
        body->sink.take(body->sink.context, STR("\r\n"));
}

void dkim_canonical_field(struct buf *out, struct str field)
{
    size_t colon = str_index(field, ':');
    struct str name = str_trim(str_first(field, colon));
    for (size_t i = 0; i < name.len; i++)
        buf_append_char(out, char_to_lower(name.data[i]));
    buf_append_char(out, ':');
    bool begun = false, space = false;
    for (size_t i = colon + 1; i < field.len; i++) {
        char c = field.data[i];
        if (is_white(c) || c == '\r' || c == '\n') {
            space = true;
            continue;
        }
        if (space && begun)
            buf_append_char(out, ' ');
        buf_append_char(out, c);
        begun = true;
        space = false;
    }
}
