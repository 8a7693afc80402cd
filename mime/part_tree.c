/* Every boundary holds "=_", which stands in no quoted-printable and no base64 (RFC 2045 6.7), and the
 * message's token, which no 7bit body holds (mime/transfer.h): none can be found in a body, whoever wrote it.
 * A letter that differs comes first, so that none is the prefix of another. */
#include "mime/part_tree.h"

#include "mime/header.h"
#include "mime/media_type.h"
#include "mime/parameter.h"

#include <stdio.h>

enum { BOUNDARY_BYTES = 4 + BOUNDARY_TOKEN_BYTES };

struct writer {
    struct part_tree *tree;
    const struct message *message;
    bool owes_line_end; /* a delimiter would not stand at the beginning of a line */
};

enum multipart { MULTIPART_MIXED, MULTIPART_ALTERNATIVE, MULTIPART_RELATED };

static void make_boundary(const struct writer *writer, enum multipart kind,
                          char boundary[static BOUNDARY_BYTES])
{
    snprintf(boundary, BOUNDARY_BYTES, "=_%c_%s", "mar"[kind], writer -> message -> boundary_token);
}

static void begin_multipart(struct writer *writer, enum multipart kind)
{
    static const char *const types[] = {"multipart/mixed", "multipart/alternative", "multipart/related"};
    char boundary[BOUNDARY_BYTES];
    make_boundary(writer, kind, boundary);
    struct header header;
    header_begin(&header, writer->tree->made, STR("Content-Type"));
    header_append_token(&header, str_of(types[kind]));
    /* RFC 2387 3.1: the type of the root, which is the first part. */
    if (kind == MULTIPART_RELATED)
        parameter_append(&header, "type", STR("text/html"));
    parameter_append(&header, "boundary", str_of(boundary));
    header_end(&header);
    buf_append(writer->tree->made, STR("\r\n"));
}

/* RFC 2046 5.1.1: the line end before a delimiter belongs to it. Encoded bodies and delimiters end with one
 * to give away; that of a text is its own. */
static void write_delimiter(struct writer *writer, enum multipart kind, const char *closing)
{
    char boundary[BOUNDARY_BYTES];
    make_boundary(writer, kind, boundary);
    buf_append_format(writer->tree->made, "%s--%s%s\r\n", writer->owes_line_end ? "\r\n" : "", boundary,
                      closing);
    writer->owes_line_end = false;
}

static void begin_part(struct writer *writer, enum multipart kind)
{
    write_delimiter(writer, kind, "");
}

static void end_multipart(struct writer *writer, enum multipart kind)
{
    write_delimiter(writer, kind, "--");
}

static void write_field(struct writer *writer, struct str name, struct str token)
{
    struct header header;
    header_begin(&header, writer->tree->made, name);
    header_append_token(&header, token);
    header_end(&header);
}

/* The blank line, and the end of the made text for now. */
static void add_body(struct writer *writer, const struct transfer *body)
{
    struct part_tree *tree = writer->tree;
    buf_append(tree->made, STR("\r\n"));
    tree->sections[tree->section_count++] = (struct section){tree->made->len, *body};
    bool is_base64 = body->encoding >= TRANSFER_BASE64;
    writer->owes_line_end = !is_base64 || body->size_octets == 0;
}

static struct transfer encode_text(struct writer *writer, struct str text)
{
    struct transfer body;
    transfer_set_text(&body, writer->tree->arena, text, str_of(writer->message->boundary_token));
    return body;
}

static void write_text(struct writer *writer, const char *type, struct str method, struct str text)
{
    struct transfer body = encode_text(writer, text);
    struct header header;
    header_begin(&header, writer->tree->made, STR("Content-Type"));
    header_append_token(&header, str_of(type));
    if (method.data)
        parameter_append_given(&header, STR("method"), method);
    parameter_append_given(&header, STR("charset"), STR("utf-8"));
    header_end(&header);
    write_field(writer, STR("Content-Transfer-Encoding"), transfer_name(&body));
    add_body(writer, &body);
}

/* A `name` of the caller's yields to the file name, in all spellings of RFC 2231. */
static bool names_file(struct str parameter)
{
    return str_equal_nocase(parameter, STR("name")) || str_starts_with_nocase(parameter, STR("name*"));
}

static void write_content_type(struct writer *writer, const struct attachment *attachment)
{
    struct str rest, name, value;
    struct header header;
    header_begin(&header, writer->tree->made, STR("Content-Type"));
    header_append_token(&header, media_type_essence(attachment->content_type, &rest));
    while (media_type_next_parameter(&rest, &name, &value))
        if (!attachment->filename.len || !names_file(name))
            parameter_append_given(&header, name, value);
    if (attachment->filename.len)
        parameter_append_name(&header, attachment->filename);
    header_end(&header);
}

static void write_disposition(struct writer *writer, const struct attachment *attachment)
{
    bool in_line = attachment->disposition == DISPOSITION_INLINE;
    struct header header;
    header_begin(&header, writer->tree->made, STR("Content-Disposition"));
    header_append_token(&header, in_line ? STR("inline") : STR("attachment"));
    if (attachment->filename.len)
        parameter_append_filename(&header, attachment->filename);
    header_end(&header);
}

static void write_attachment(struct writer *writer, const struct attachment *attachment)
{
    struct transfer body;
    if (attachment->content.data)
        transfer_set_file(&body, attachment->content);
    else
        transfer_set_base64(&body, attachment->content_base64);
    write_content_type(writer, attachment);
    write_field(writer, STR("Content-Transfer-Encoding"), transfer_name(&body));
    if (attachment->content_id.len) {
        buf_append(writer->tree->made, STR("Content-ID: <"));
        buf_append(writer->tree->made, attachment->content_id);
        buf_append(writer->tree->made, STR(">\r\n"));
    }
    write_disposition(writer, attachment);
    add_body(writer, &body);
}

/* Shown within the html, where that names it by its Content-ID. Others stay out of related, in which some
 * mail programs hide what they do not show. */
static bool is_related(const struct message *message, const struct attachment *attachment)
{
    return message->html.data && attachment->content_id.len && attachment->disposition == DISPOSITION_INLINE;
}

static size_t count_related(const struct message *message)
{
    size_t count = 0;
    for (size_t i = 0; i < message->attachment_count; i++)
        count += is_related(message, &message->attachments[i]);
    return count;
}

static void write_plain(struct writer *writer)
{
    write_text(writer, "text/plain", (struct str){0}, writer->message->text);
}

static void write_html(struct writer *writer)
{
    const struct message *message = writer->message;
    bool related = count_related(message) > 0;
    if (related) {
        begin_multipart(writer, MULTIPART_RELATED);
        begin_part(writer, MULTIPART_RELATED);
    }
    write_text(writer, "text/html", (struct str){0}, message->html);
    for (size_t i = 0; i < message->attachment_count; i++)
        if (is_related(message, &message->attachments[i])) {
            begin_part(writer, MULTIPART_RELATED);
            write_attachment(writer, &message->attachments[i]);
        }
    if (related)
        end_multipart(writer, MULTIPART_RELATED);
}

/* Mail programs that know invitations show their buttons for this part (RFC 6047 2.4). */
static void write_calendar(struct writer *writer)
{
    const struct calendar *calendar = &writer->message->calendar;
    write_text(writer, "text/calendar", calendar->method, calendar->content);
}

/* Others give the reader a file to open. */
static void write_calendar_file(struct writer *writer)
{
    const struct attachment file = {.content_type = STR("application/ics"), .filename = STR("invite.ics")};
    struct transfer body = encode_text(writer, writer->message->calendar.content);
    write_content_type(writer, &file);
    write_field(writer, STR("Content-Transfer-Encoding"), transfer_name(&body));
    write_disposition(writer, &file);
    add_body(writer, &body);
}

static size_t count_alternatives(const struct message *message)
{
    return (message->text.data ? 1 : 0) + (message->html.data ? 1 : 0) +
           (message->calendar.content.data ? 1 : 0);
}

/* RFC 2046 5.1.4: the plainest alternative first. */
static void write_alternatives(struct writer *writer)
{
    const struct message *message = writer->message;
    const struct {
        struct str content;
        void (*write)(struct writer *writer);
    } kinds[] = {{message->text, write_plain},
                 {message->html, write_html},
                 {message->calendar.content, write_calendar}};
    bool several = count_alternatives(message) > 1;
    if (count_alternatives(message) == 0)
        write_plain(writer); /* a message of nothing still has a body */
    if (several)
        begin_multipart(writer, MULTIPART_ALTERNATIVE);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (several && kinds[i].content.data)
            begin_part(writer, MULTIPART_ALTERNATIVE);
        if (kinds[i].content.data)
            kinds[i].write(writer);
    }
    if (several)
        end_multipart(writer, MULTIPART_ALTERNATIVE);
}

static void write_mixed(struct writer *writer, bool has_text)
{
    const struct message *message = writer->message;
    begin_multipart(writer, MULTIPART_MIXED);
    if (has_text) {
        begin_part(writer, MULTIPART_MIXED);
        write_alternatives(writer);
    }
    for (size_t i = 0; i < message->attachment_count; i++)
        if (!is_related(message, &message->attachments[i])) {
            begin_part(writer, MULTIPART_MIXED);
            write_attachment(writer, &message->attachments[i]);
        }
    if (message->calendar.content.data) {
        begin_part(writer, MULTIPART_MIXED);
        write_calendar_file(writer);
    }
    end_multipart(writer, MULTIPART_MIXED);
}

size_t part_tree_max_sections(const struct message *message)
{
    return message->attachment_count + 5; /* text, html, calendar twice, and what closes them */
}

void part_tree_write(struct part_tree *tree, const struct message *message)
{
    struct writer writer = {.tree = tree, .message = message};
    size_t attachments = message->attachment_count - count_related(message);
    size_t alternatives = count_alternatives(message);
    if (attachments == 1 && !alternatives)
        write_attachment(&writer, &message->attachments[0]);
    else if (attachments > 0 || message->calendar.content.data)
        write_mixed(&writer, alternatives > 0);
    else
        write_alternatives(&writer);
    /* The last delimiters, with no body behind them. */
    tree->sections[tree->section_count++] = (struct section){.made_end = tree->made->len};
}
