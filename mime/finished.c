/* Two walks: over all lines, for what no line may hold, and over the fields of the header. */
#include "mime/finished.h"

#include "base/utf8.h"
#include "mime/field.h"
#include "mime/message_id.h"

#include <string.h>

enum { MAX_LINE_OCTETS = 998, MAX_HEADER_BYTES = 1 << 20 };

static bool fail_line(struct fault *fault, size_t number, const char *what)
{
    return fault_set(fault, FAULT_INVALID_REQUEST, "line %zu of the message %s", number, what);
}

/* RFC 5322 2.3: CR and LF stand only together, lines have an end; a last one without is given its own. */
static bool check_lines(struct str text, struct fault *fault)
{
    for (size_t number = 1; text.len; number++) {
        size_t len = str_index(text, '\n');
        struct str line = str_first(text, len);
        if (len < text.len && (!len || text.data[len - 1] != '\r'))
            return fail_line(fault, number, "ends with an LF alone: CRLF is needed");
        line.len -= len < text.len;
        if (memchr(line.data, '\r', line.len))
            return fail_line(fault, number, "has a CR alone");
        if (memchr(line.data, '\0', line.len))
            return fail_line(fault, number, "has a NUL");
        if (line.len > MAX_LINE_OCTETS)
            return fail_line(fault, number, "has more than 998 octets");
        text = str_from(text, len + 1);
    }
    return true;
}

struct header_reader {
    struct finished *finished;
    struct mailbox *from;
    struct str *message_id;
    struct arena *arena;
    struct buf passed_on;
    unsigned seen; /* a bit for each row of `once` */
};

/* In one line, without the CRLFs that folded it (RFC 5322 2.2.3); a tab is as good as a space. */
static struct str unfold(struct arena *arena, struct str value)
{
    struct buf line;
    buf_init(&line, value.len);
    for (size_t i = 0; i < value.len; i++)
        if (value.data[i] != '\r' && value.data[i] != '\n')
            buf_append_char(&line, value.data[i] == '\t' ? ' ' : value.data[i]);
    struct str kept = arena_keep(arena, &line);
    buf_wipe(&line);
    return str_trim(kept);
}

static bool read_from(struct header_reader *reader, struct str value, struct fault *fault)
{
    return mailbox_parse(reader->arena, unfold(reader->arena, value), reader->from, fault);
}

static bool read_date(struct header_reader *reader, struct str value, struct fault *fault)
{
    (void)value, (void)fault;
    return reader->finished->is_dated = true;
}

static bool read_message_id(struct header_reader *reader, struct str value, struct fault *fault)
{
    reader->finished->has_id = true;
    *reader->message_id = unfold(reader->arena, value);
    return message_id_check_list(*reader->message_id, fault);
}

/* RFC 5322 3.6 and RFC 2045: of two of these, one reader takes the first and another the last. */
static const struct once {
    const char *name;
    bool (*read)(struct header_reader *reader, struct str value,
                 struct fault *fault); /* NULL: it is passed on */
} once[] = {
    {"From", read_from},
    {"Date", read_date},
    {"Message-ID", read_message_id},
    {"Sender", NULL},
    {"Reply-To", NULL},
    {"To", NULL},
    {"Cc", NULL},
    {"Subject", NULL},
    {"In-Reply-To", NULL},
    {"References", NULL},
    {"MIME-Version", NULL},
    {"Content-Type", NULL},
    {"Content-Transfer-Encoding", NULL},
};

enum { FROM_SEEN = 1 };

static bool read_known(struct header_reader *reader, struct str name, struct str value, struct fault *fault)
{
    for (size_t i = 0; i < sizeof once / sizeof once[0]; i++) {
        unsigned bit = 1U << i;
        if (!str_equal_nocase(name, str_of(once[i].name)))
            continue;
        if (reader->seen & bit)
            return fault_set(fault, FAULT_INVALID_HEADER, "the message has two %s fields", once[i].name);
        reader->seen |= bit;
        return !once[i].read || once[i].read(reader, value, fault);
    }
    return true;
}

static bool read_field(struct header_reader *reader, struct str field, struct fault *fault)
{
    size_t colon = str_index(field, ':');
    struct str name = str_trim(str_first(field, colon));
    bool is_fold = field.data[0] == ' ' || field.data[0] == '\t'; /* of no field */
    if (colon == field.len || is_fold || !str_is_token(name))
        return fault_set(fault, FAULT_INVALID_HEADER,
                         "the header has a line that is no field; an empty line stands before the body");
    if (!utf8_valid(field))
        return fault_set(fault, FAULT_INVALID_HEADER, "the field %.*s is not UTF-8", STR_ARG(name));
    /* RFC 5321 7.2: who stands there is in the envelope, and in nobody's copy. */
    if (str_equal_nocase(name, STR("Bcc")) || str_equal_nocase(name, STR("Resent-Bcc")))
        return true;
    if (field.len > MAX_HEADER_BYTES - reader->passed_on.len)
        return fault_set(fault, FAULT_INVALID_HEADER, "the header has more than %d octets", MAX_HEADER_BYTES);
    buf_append(&reader->passed_on, field);
    reader->finished->has_utf8 |= !utf8_is_ascii(field);
    return read_known(reader, name, str_from(field, colon + 1), fault);
}

static bool read_header(struct header_reader *reader, struct str *rest, struct fault *fault)
{
    for (struct str field; (field = field_next(rest)).data;)
        if (!read_field(reader, field, fault))
            return false;
    if (!(reader->seen & FROM_SEEN))
        return fault_set(fault, FAULT_INVALID_HEADER, "the message has no From field");
    if (!str_equal(str_from(buf_view(&reader->passed_on), reader->passed_on.len - 2), STR("\r\n")))
        buf_append(&reader->passed_on, STR("\r\n"));
    return true;
}

bool finished_next_field(struct arena *arena, struct str *rest, struct str *name, struct str *value)
{
    struct str field = field_next(rest);
    if (!field.len)
        return false;
    size_t colon = str_index(field, ':');
    *name = str_trim(str_first(field, colon));
    *value = unfold(arena, str_from(field, colon + 1));
    return true;
}

bool finished_read(struct arena *arena, struct str text, struct finished *finished, struct mailbox *from,
                   struct str *message_id, struct fault *fault)
{
    struct header_reader reader = {
        .finished = finished, .from = from, .message_id = message_id, .arena = arena};
    *finished = (struct finished){0};
    if (!check_lines(text, fault))
        return false;
    buf_init(&reader.passed_on, MAX_HEADER_BYTES + 2);
    bool valid = read_header(&reader, &text, fault);
    if (valid)
        finished->header = arena_keep(arena, &reader.passed_on);
    finished->body = text;
    finished->is_8bit = !utf8_is_ascii(text);
    buf_wipe(&reader.passed_on);
    return valid;
}
