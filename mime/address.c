/* A quoted local part is taken apart and quoted again only where it must be, so that "ann"@example.com and
 * ann@example.com are one mailbox. Its content is never interpreted: a "%" or "!" in it is the receiver's. */
#include "mime/address.h"

#include "base/idna.h"
#include "base/utf8.h"
#include "mime/line.h"

#include <string.h>

enum { MAX_LOCAL_BYTES = 64, MAX_ADDRESS_BYTES = 254 };

bool address_is_atext(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

void address_unquote(struct buf *out, struct str quoted)
{
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        if (quoted.data[i] == '\\')
            i++;
        buf_append_char(out, quoted.data[i]);
    }
}

void address_quote(struct buf *out, struct str content)
{
    buf_append_char(out, '"');
    for (size_t i = 0; i < content.len; i++) {
        if (content.data[i] == '"' || content.data[i] == '\\')
            buf_append_char(out, '\\');
        buf_append_char(out, content.data[i]);
    }
    buf_append_char(out, '"');
}

size_t address_quoted_octets(struct str content)
{
    size_t octets = 2;
    for (size_t i = 0; i < content.len; i++)
        octets += content.data[i] == '"' || content.data[i] == '\\' ? 2 : 1;
    return octets;
}

/* Beyond ASCII RFC 6531 allows everything. What shows as a space, as nothing or as another "@" is there to
 * mislead. */
static bool is_deceptive(uint32_t code_point)
{
    static const struct {
        uint32_t first, last;
    } ranges[] = {{0xa0, 0xa0},     {0xad, 0xad},     {0x1680, 0x1680}, {0x2000, 0x200b},
                  {0x200e, 0x200f}, {0x202a, 0x202f}, {0x205f, 0x206f}, {0x3000, 0x3000},
                  {0xfe6b, 0xfe6b}, {0xfeff, 0xfeff}, {0xff20, 0xff20}, {0xfff9, 0xffff}};
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++)
        if (code_point >= ranges[i].first && code_point <= ranges[i].last)
            return true;
    return line_is_control(code_point);
}

static bool is_dot_atom(struct str content)
{
    char previous = '.';
    for (size_t i = 0; i < content.len; previous = content.data[i++]) {
        char c = content.data[i];
        bool dot = c == '.' && previous != '.';
        if (!dot && !address_is_atext(c) && !(c & 0x80))
            return false;
    }
    return previous != '.';
}

static bool check_local_content(struct str content, struct fault *fault)
{
    if (content.len == 0)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "there is nothing before the \"@\"");
    if (content.data[0] == '-')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the part before the \"@\" begins with a hyphen");
    for (struct str rest = content; rest.len;) {
        uint32_t code_point;
        size_t len = utf8_decode(rest, &code_point);
        if (!len || is_deceptive(code_point))
            return fault_set(fault, FAULT_INVALID_ADDRESS,
                             "the part before the \"@\" has a character that no address may have");
        rest = str_from(rest, len);
    }
    return true;
}

/* `local` is what stands before the "@", quotes included; appends it as it goes on the wire. */
static bool append_local(struct buf *out, struct str local, struct fault *fault)
{
    bool quoted = local.len && local.data[0] == '"';
    struct buf content;
    buf_init(&content, local.len);
    if (quoted)
        address_unquote(&content, local);
    else
        buf_append(&content, local);
    struct str view = buf_view(&content);
    bool valid = check_local_content(view, fault);
    if (valid && is_dot_atom(view))
        buf_append(out, view);
    else if (valid && quoted)
        address_quote(out, view);
    else if (valid)
        valid = fault_set(fault, FAULT_INVALID_ADDRESS,
                          "the part before the \"@\" has a dot or another character that must be quoted");
    if (content.failed || out->failed)
        valid = fault_set(fault, FAULT_OVERLOADED, "out of memory");
    buf_wipe(&content);
    return valid;
}

/* RFC 3696 2: a top-level domain is never all digits, so that 127.0.0.1 is no domain. */
static bool check_top_level(struct str domain, struct fault *fault)
{
    struct str last = domain;
    for (struct str rest = domain; rest.data;)
        last = str_cut(&rest, '.');
    if (last.len == domain.len)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain has only one label");
    for (size_t i = 0; i < last.len; i++)
        if (!char_is_digit(last.data[i]))
            return true;
    return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain is an IP address");
}

static bool read_domain(struct arena *arena, struct str text, struct str *domain, struct fault *fault)
{
    if (str_index(text, '@') < text.len)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "there is more than one \"@\"");
    if (text.len && text.data[0] == '[')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "address literals are not taken");
    if (text.len && text.data[text.len - 1] == '.')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain ends with a dot");
    return idna_to_ascii(arena, text, domain, fault) && check_top_level(*domain, fault);
}

static bool set_address(struct arena *arena, struct str local, struct str domain, struct mailbox *mailbox,
                        struct fault *fault)
{
    if (local.len > MAX_LOCAL_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the part before the \"@\" is longer than %d octets",
                         MAX_LOCAL_BYTES);
    if (local.len + 1 + domain.len > MAX_ADDRESS_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the address is longer than %d octets",
                         MAX_ADDRESS_BYTES);
    mailbox->at = local.len;
    mailbox->address = arena_join(arena, local, '@', domain);
    return mailbox->address.data || fault_set(fault, FAULT_OVERLOADED, "out of memory");
}

bool address_parse(struct arena *arena, struct str text, struct mailbox *mailbox, struct fault *fault)
{
    if (text.len == 0)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the address is empty");
    if (!line_check(text, FAULT_INVALID_ADDRESS, "the address", fault))
        return false;
    size_t at = text.data[0] == '"' ? str_skip_quoted(text, 0) : str_index(text, '@');
    if (at == 0 && text.data[0] == '"')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "a quote has no end");
    if (at == text.len || text.data[at] != '@')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "there is no \"@\" behind the local part");
    struct str domain = {0};
    if (!read_domain(arena, str_from(text, at + 1), &domain, fault))
        return false;
    struct buf local;
    buf_init(&local, 2 * text.len + 2);
    bool valid = append_local(&local, str_first(text, at), fault) &&
                 set_address(arena, buf_view(&local), domain, mailbox, fault);
    buf_wipe(&local);
    return valid;
}
