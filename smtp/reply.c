/* Each line is checked while it grows, so that what is no SMTP at all (a web server, TLS, a line without end)
 * is known by its first bytes and not after a time-out. What is found does not depend on how the bytes were
 * split. */
#include "smtp/reply.h"

#include "base/utf8.h"

#include <assert.h>
#include <string.h>

enum { CODE_DIGITS = 3, TEXT_AT = 4 };

void smtp_reply_init(struct smtp_reply *reply)
{
    *reply = (struct smtp_reply){0};
    buf_init(&reply->lines, SMTP_REPLY_MAX_BYTES);
}

void smtp_reply_fini(struct smtp_reply *reply)
{
    buf_wipe(&reply->lines);
}

void smtp_reply_clear(struct smtp_reply *reply)
{
    buf_clear(&reply->lines);
    reply->line_at = 0;
    reply->line_count = 0;
    reply->code = 0;
}

static struct str current_line(const struct smtp_reply *reply)
{
    return str_from(buf_view(&reply->lines), reply->line_at);
}

/* RFC 5321 4.2: Reply-code = %x32-35 %x30-35 %x30-39; the second digit is not held against anyone. */
static bool is_line_start(struct str line)
{
    for (size_t i = 0; i < line.len && i < CODE_DIGITS; i++)
        if (!char_is_digit(line.data[i]) || (i == 0 && (line.data[i] < '2' || line.data[i] > '5')))
            return false;
    if (line.len <= CODE_DIGITS)
        return true;
    char separator = line.data[CODE_DIGITS];
    if (separator == '\r')
        return line.len == CODE_DIGITS + 1 || line.data[CODE_DIGITS + 1] == '\n';
    return separator == ' ' || separator == '-' || separator == '\n';
}

static int code_of(struct str line)
{
    return (line.data[0] - '0') * 100 + (line.data[1] - '0') * 10 + (line.data[2] - '0');
}

/* The current line ended, and is_line_start holds: drops its CR and checks it against the first. */
static enum smtp_reply_state end_line(struct smtp_reply *reply)
{
    struct buf *lines = &reply->lines;
    if (lines->data[lines->len - 2] == '\r') { /* at the least there is the digit that began the line */
        lines->len--;
        lines->data[lines->len - 1] = '\n';
    }
    struct str line = current_line(reply);
    assert(line.len > CODE_DIGITS);
    if (reply->line_count++ == 0)
        reply->code = code_of(line);
    else if (reply->code != code_of(line))
        return SMTP_REPLY_MALFORMED;
    if (line.data[CODE_DIGITS] != '-')
        return SMTP_REPLY_COMPLETE;
    reply->line_at = lines->len;
    return reply->line_count < SMTP_REPLY_MAX_LINES ? SMTP_REPLY_PARTIAL : SMTP_REPLY_MALFORMED;
}

static enum smtp_reply_state take_piece(struct smtp_reply *reply, struct str piece)
{
    if (piece.len > SMTP_REPLY_MAX_LINE_BYTES - current_line(reply).len ||
        piece.len > SMTP_REPLY_MAX_BYTES - reply->lines.len)
        return SMTP_REPLY_MALFORMED;
    buf_append(&reply->lines, piece);
    if (reply->lines.failed)
        return SMTP_REPLY_NO_MEMORY;
    if (!is_line_start(current_line(reply)) || memchr(piece.data, '\0', piece.len))
        return SMTP_REPLY_MALFORMED;
    return piece.data[piece.len - 1] == '\n' ? end_line(reply) : SMTP_REPLY_PARTIAL;
}

enum smtp_reply_state smtp_reply_feed(struct smtp_reply *reply, struct str bytes, size_t *used)
{
    enum smtp_reply_state state = SMTP_REPLY_PARTIAL;
    *used = 0;
    while (state == SMTP_REPLY_PARTIAL && *used < bytes.len) {
        struct str rest = str_from(bytes, *used);
        struct str piece = str_first(rest, str_index(rest, '\n') + 1);
        state = take_piece(reply, piece);
        *used += piece.len;
    }
    return state;
}

struct str smtp_reply_next_text(struct str *rest)
{
    struct str line = str_cut(rest, '\n');
    if (rest->len == 0)
        *rest = (struct str){0};
    return str_from(line, TEXT_AT);
}

/* The length of up to three digits at `at`, or 0. */
static size_t digits_at(struct str text, size_t at)
{
    size_t len = 0;
    while (len < CODE_DIGITS && at + len < text.len && char_is_digit(text.data[at + len]))
        len++;
    return len;
}

struct str smtp_reply_enhanced(const struct smtp_reply *reply)
{
    struct str rest = buf_view(&reply->lines);
    struct str text = smtp_reply_next_text(&rest);
    if (text.len < 2 || text.data[0] != '0' + reply->code / 100 || reply->code / 100 == 3 ||
        text.data[1] != '.')
        return (struct str){0};
    size_t subject_len = digits_at(text, 2);
    size_t detail_at = 2 + subject_len + 1;
    if (subject_len == 0 || detail_at > text.len || text.data[detail_at - 1] != '.')
        return (struct str){0};
    size_t end = detail_at + digits_at(text, detail_at);
    if (end == detail_at || (end < text.len && text.data[end] != ' '))
        return (struct str){0};
    return str_first(text, end);
}

struct outcome_reply smtp_reply_show(const struct smtp_reply *reply, struct arena *arena)
{
    struct buf joined;
    buf_init(&joined, SMTP_REPLY_MAX_BYTES);
    for (struct str rest = buf_view(&reply->lines); rest.data;) {
        struct str text = smtp_reply_next_text(&rest);
        if (joined.len && text.len)
            buf_append_char(&joined, ' ');
        buf_append(&joined, text);
    }
    struct outcome_reply shown = {.code = reply->code,
                                  .enhanced = arena_copy(arena, smtp_reply_enhanced(reply)),
                                  .text = utf8_make_safe(arena, buf_view(&joined), OUTCOME_TEXT_MAX_BYTES)};
    buf_wipe(&joined);
    return shown;
}
