#include "mime/message.h"

#include "base/clock.h"
#include "base/random.h"
#include "mime/address.h"
#include "mime/base64_wrap.h"
#include "mime/filename.h"
#include "mime/line.h"
#include "mime/media_type.h"

enum { MAX_HEADER_NAME_BYTES = 76, MAX_CONTENT_ID_BYTES = 255, MS_PER_S = 1000 };

static struct str make_message_id(struct arena *arena, const struct mailbox *from, const char *id)
{
    /* The sender's domain and no host name: it is unique enough, and says nothing about where we run. */
    struct str parts[] = {STR("<"), str_of(id), STR("@"), str_from(from->address, from->at + 1), STR(">")};
    char *text = arena_take(arena, parts[1].len + parts[3].len + sizeof "<@>");
    size_t len = 0;
    for (size_t part = 0; text && part < sizeof parts / sizeof *parts; part++)
        for (size_t i = 0; i < parts[part].len; i++)
            text[len++] = char_to_lower(parts[part].data[i]);
    return (struct str){text, len};
}

bool message_stamp(struct arena *arena, struct message *message, const char *id)
{
    if (!message->message_id.data)
        message->message_id = make_message_id(arena, &message->from, id);
    message->created_s = clock_wall_ms() / MS_PER_S;
    if (!message->is_dated)
        message->date = (struct date){.utc_s = message->created_s};
    message->is_dated = true;
    if (!message->boundary_token[0])
        random_text(message->boundary_token, sizeof message->boundary_token - 1);
    return !arena->failed;
}

/* By a list that ends with NULL; a "*" at the end of a row stands for any. */
static bool is_among(struct str name, const char *const *rows)
{
    for (; *rows; rows++) {
        struct str row = str_of(*rows);
        bool prefix = row.data[row.len - 1] == '*';
        if (prefix ? str_starts_with_nocase(name, str_first(row, row.len - 1)) : str_equal_nocase(name, row))
            return true;
    }
    return false;
}

/* The fields that are Postern's to write, or a relay's. */
static bool is_reserved(struct str name)
{
    static const char *const reserved[] = {
        "ARC-*",        "Authentication-Results",
        "Bcc",          "Cc",
        "Content-*",    "DKIM-Signature",
        "Date",         "DomainKey-Signature",
        "From",         "MIME-*",
        "Message-ID",   "Received",
        "Received-SPF", "Reply-To",
        "Resent-*",     "Return-Path",
        "Sender",       "Subject",
        "To",           NULL,
    };
    return is_among(name, reserved);
}

/* RFC 5322 3.6, RFC 2369 2, RFC 3834 5, RFC 2156 5.3. */
static bool is_single(struct str name)
{
    static const char *const single[] = {"Auto-Submitted", "Importance", "In-Reply-To",
                                         "List-*",         "Precedence", "Priority",
                                         "References",     "X-Priority", NULL};
    return is_among(name, single);
}

static bool is_written_by_field(const struct message *message, struct str name)
{
    const struct {
        const char *name;
        bool written;
    } fields[] = {
        {"In-Reply-To", message->in_reply_to.data},
        {"References", message->references.data},
        {"List-Unsubscribe", message->list_unsubscribe.url.data || message->list_unsubscribe.mailto.data},
        {"List-Unsubscribe-Post", message->list_unsubscribe.one_click},
    };
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++)
        if (fields[i].written && str_equal_nocase(name, str_of(fields[i].name)))
            return true;
    return false;
}

bool message_repeats_header(const struct message *message, size_t index)
{
    struct str name = message->headers[index].name;
    if (!is_single(name))
        return false;
    for (size_t i = 0; i < index; i++)
        if (str_equal_nocase(name, message->headers[i].name))
            return true;
    return is_written_by_field(message, name);
}

bool message_check_header(struct str name, struct str value, struct fault *fault)
{
    /* RFC 5322 3.6.8 allows any printable but ":"; what is not a token is a mistake, or meant as one. */
    if (!str_is_token(name))
        return fault_set(fault, FAULT_INVALID_HEADER,
                         "the name of the header field has a character that is not allowed, or is empty");
    if (name.len > MAX_HEADER_NAME_BYTES)
        return fault_set(fault, FAULT_INVALID_HEADER, "the name of the header field is longer than %d octets",
                         MAX_HEADER_NAME_BYTES);
    if (is_reserved(name))
        return fault_set(fault, FAULT_INVALID_HEADER,
                         "%.*s is not for the caller to set: Postern or a relay writes it", STR_ARG(name));
    return line_check(value, FAULT_INVALID_HEADER, "the value", fault);
}

bool message_check_line(struct str value, struct fault *fault)
{
    return line_check(value, FAULT_INVALID_HEADER, "the value", fault);
}

bool message_check_content_type(struct str content_type, struct fault *fault)
{
    return media_type_check(content_type, fault);
}

bool message_check_content_id(struct str content_id, struct fault *fault)
{
    if (content_id.len == 0 || content_id.len > MAX_CONTENT_ID_BYTES)
        return fault_set(fault, FAULT_INVALID_ATTACHMENT, "the content ID is empty, or longer than %d octets",
                         MAX_CONTENT_ID_BYTES);
    for (size_t i = 0; i < content_id.len; i++) {
        char c = content_id.data[i];
        if (!address_is_atext(c) && c != '.' && c != '@')
            return fault_set(
                fault, FAULT_INVALID_ATTACHMENT,
                "the content ID has a character that is not allowed at octet %zu; angle brackets "
                "are added by Postern",
                i);
    }
    return true;
}

/* The value of the content's METHOD; absent where it has none. */
static struct str find_method(struct str content)
{
    struct str name = STR("METHOD:");
    while (content.data) {
        struct str line = str_cut(&content, '\n');
        if (str_starts_with_nocase(line, name))
            return str_first(str_from(line, name.len), str_index(line, '\r') - name.len);
    }
    return (struct str){0};
}

bool message_check_calendar(struct calendar *calendar, struct fault *fault)
{
    struct str found = find_method(calendar->content);
    if (!str_starts_with_nocase(calendar->content, STR("BEGIN:VCALENDAR")))
        return fault_set(fault, FAULT_INVALID_ATTACHMENT,
                         "the calendar is no iCalendar text: it does not begin with BEGIN:VCALENDAR");
    if (!calendar->method.data)
        calendar->method = found;
    if (!str_is_token(calendar->method))
        return fault_set(fault, FAULT_INVALID_ATTACHMENT, "the calendar has no METHOD such as REQUEST");
    if (found.data && !str_equal_nocase(found, calendar->method))
        return fault_set(fault, FAULT_INVALID_ATTACHMENT, "the method is not the METHOD of the content");
    return true;
}

bool message_check_base64(struct str base64, uint64_t *decoded_bytes, struct fault *fault)
{
    return base64_wrap_check(base64, decoded_bytes, fault);
}

struct str message_clean_filename(struct arena *arena, struct str filename)
{
    return filename_clean(arena, filename);
}

struct str message_guess_content_type(struct str filename)
{
    return media_type_guess(filename);
}
