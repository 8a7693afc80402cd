/* One walk finds where the "<" stands, outside quotes and comments; what is before it is the name, what is
 * inside is the address, and nothing but comments may follow. Comments nest by a counter, not by recursion,
 * and every character is looked at a fixed number of times: RFC 5322 lets them nest without end, which has
 * brought down parsers.
 *
 * A name may hold unquoted what people write unquoted (dots, UTF-8, brackets, an "@"), but not what would
 * make the text a list, a group or a route. */
#include "mime/mailbox.h"

#include "base/utf8.h"
#include "mime/address.h"
#include "mime/line.h"

#include <string.h>

enum { MAX_COMMENT_DEPTH = 16 };

/* Index behind the comment that begins at `at`, or 0 where it has no end or nests too deep. */
static size_t skip_comment(struct str text, size_t at)
{
    int depth = 0;
    for (; at < text.len; at++) {
        char c = text.data[at];
        if (c == '\\')
            at++;
        else if (c == '(' && ++depth > MAX_COMMENT_DEPTH)
            return 0;
        else if (c == ')' && --depth == 0)
            return at + 1;
    }
    return 0;
}

/* Index behind the quoted string, comment or single character at `at`, or 0. */
static size_t skip_one(struct str text, size_t at)
{
    if (text.data[at] == '"')
        return str_skip_quoted(text, at);
    return text.data[at] == '(' ? skip_comment(text, at) : at + 1;
}

/* Index of the first `c` outside quotes and comments, or text.len. False where one of these has no end. */
static bool find(struct str text, char c, size_t *found, struct fault *fault)
{
    size_t at = 0;
    while (at < text.len && text.data[at] != c) {
        at = skip_one(text, at);
        if (!at)
            return fault_set(fault, FAULT_INVALID_ADDRESS,
                             "a quote or comment has no end, or comments nest deeper than %d",
                             MAX_COMMENT_DEPTH);
    }
    *found = at;
    return true;
}

/* Cuts spaces and comments off both ends. */
static struct str trim_comments(struct str text)
{
    size_t at = 0;
    while (at < text.len && (text.data[at] == ' ' || text.data[at] == '('))
        at = text.data[at] == ' ' ? at + 1 : skip_comment(text, at);
    text = str_from(text, at);
    size_t end = 0;
    for (at = 0; at < text.len;) {
        bool outside = text.data[at] != ' ' && text.data[at] != '(';
        at = skip_one(text, at);
        if (outside)
            end = at;
    }
    return str_first(text, end);
}

/* Appends one element of a phrase; a comment counts as the space that it may stand for. */
static bool append_name_part(struct buf *name, struct str part, struct fault *fault)
{
    char c = part.data[0];
    if (c == '"') {
        address_unquote(name, part);
        return true;
    }
    if (strchr("<>,;:\\)", c))
        return fault_set(fault, FAULT_INVALID_ADDRESS,
                         "one mailbox is wanted: in a name \"%c\" must stand in quotes", c);
    bool space = c == ' ' || c == '(';
    if (!space)
        buf_append(name, part);
    else if (name->len && name->data[name->len - 1] != ' ')
        buf_append_char(name, ' ');
    return true;
}

/* find() has walked over `text` before: its quotes and comments have ends. */
static bool read_name(struct arena *arena, struct str text, struct str *display_name, struct fault *fault)
{
    struct buf name;
    buf_init(&name, text.len);
    bool valid = true;
    for (size_t at = 0, next; valid && at < text.len; at = next) {
        next = skip_one(text, at);
        valid = append_name_part(&name, str_first(str_from(text, at), next - at), fault);
    }
    struct str trimmed = str_trim(buf_view(&name));
    if (valid && trimmed.len)
        *display_name = arena_copy(arena, trimmed);
    if (valid && (name.failed || arena->failed))
        valid = fault_set(fault, FAULT_OVERLOADED, "out of memory");
    buf_wipe(&name);
    return valid;
}

static bool read_angle(struct arena *arena, struct str text, size_t open, struct mailbox *mailbox,
                       struct fault *fault)
{
    struct str inside = str_from(text, open + 1);
    size_t close = 0;
    if (!find(inside, '>', &close, fault))
        return false;
    if (close == inside.len)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the \"<\" has no \">\"");
    struct str behind = str_from(inside, close + 1);
    size_t end;
    if (!find(behind, '\0', &end, fault))
        return false;
    if (trim_comments(behind).len)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "something follows the \">\"");
    return read_name(arena, str_first(text, open), &mailbox->display_name, fault) &&
           address_parse(arena, trim_comments(str_first(inside, close)), mailbox, fault);
}

bool mailbox_parse(struct arena *arena, struct str text, struct mailbox *mailbox, struct fault *fault)
{
    *mailbox = (struct mailbox){0};
    if (!line_check(text, FAULT_INVALID_ADDRESS, "the mailbox", fault))
        return false;
    size_t open = 0;
    if (!find(text, '<', &open, fault))
        return false;
    if (open == text.len)
        return address_parse(arena, trim_comments(text), mailbox, fault);
    return read_angle(arena, text, open, mailbox, fault);
}

bool mailbox_parse_address(struct arena *arena, struct str text, struct mailbox *mailbox, struct fault *fault)
{
    *mailbox = (struct mailbox){0};
    return address_parse(arena, text, mailbox, fault);
}

bool mailbox_set_display_name(struct arena *arena, struct str name, struct mailbox *mailbox,
                              struct fault *fault)
{
    if (!line_check(name, FAULT_INVALID_ADDRESS, "the name", fault))
        return false;
    name = str_trim(name);
    mailbox->display_name = name.len ? arena_copy(arena, name) : (struct str){0};
    return !arena->failed || fault_set(fault, FAULT_OVERLOADED, "out of memory");
}

bool mailbox_needs_smtputf8(const struct mailbox *mailbox)
{
    return !utf8_is_ascii(mailbox->address);
}

bool mailbox_equal(const struct mailbox *a, const struct mailbox *b)
{
    return str_equal(str_first(a->address, a->at), str_first(b->address, b->at)) &&
           str_equal_nocase(str_from(a->address, a->at), str_from(b->address, b->at));
}
