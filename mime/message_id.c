#include "mime/message_id.h"

#include "mime/address.h"

enum { MAX_OWN_BYTES = 250, MAX_REFERRED_BYTES = 900 };

static bool is_separator(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

/* dot-atom-text (RFC 5322 3.2.3), which may hold a domain too. */
static bool is_dot_atom(struct str text)
{
    bool after_atom = false;
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '.' ? !after_atom : !address_is_atext(text.data[i]))
            return false;
        after_atom = text.data[i] != '.';
    }
    return after_atom;
}

bool message_id_check(struct str text, struct fault *fault)
{
    struct str inside = str_from(str_first(text, text.len ? text.len - 1 : 0), 1);
    size_t at = str_index(inside, '@');
    bool valid = text.len > 2 && text.len <= MAX_OWN_BYTES && text.data[0] == '<' &&
                 text.data[text.len - 1] == '>' && is_dot_atom(str_first(inside, at)) &&
                 is_dot_atom(str_from(inside, at + 1));
    return valid ||
           fault_set(fault, FAULT_INVALID_HEADER,
                     "a message ID is \"<left@right>\", of letters, digits and some marks, and of %d "
                     "octets at most",
                     MAX_OWN_BYTES);
}

/* Printable ASCII without angle brackets and spaces, in angle brackets; it was cut behind its first ">". */
static bool is_referred(struct str id)
{
    if (id.len < 3 || id.len > MAX_REFERRED_BYTES || id.data[0] != '<' || id.data[id.len - 1] != '>')
        return false;
    for (size_t i = 1; i + 1 < id.len; i++)
        if (id.data[i] <= ' ' || id.data[i] > '~' || id.data[i] == '<')
            return false;
    return true;
}

struct str message_id_next(struct str *rest)
{
    size_t begin = 0;
    while (begin < rest->len && is_separator(rest->data[begin]))
        begin++;
    *rest = str_from(*rest, begin);
    if (!rest->len)
        return (struct str){0};
    size_t len = str_index(*rest, '>');
    len += len < rest->len;
    struct str id = str_first(*rest, len);
    *rest = str_from(*rest, len);
    return id;
}

bool message_id_check_list(struct str text, struct fault *fault)
{
    size_t count = 0;
    for (struct str id; (id = message_id_next(&text)).data; count++)
        if (!is_referred(id))
            return fault_set(
                fault, FAULT_INVALID_HEADER,
                "a message ID that is referred to is a printable word in angle brackets, such as "
                "\"<left@right>\", of %d octets at most",
                MAX_REFERRED_BYTES);
    return count > 0 || fault_set(fault, FAULT_INVALID_HEADER, "there is no message ID in it");
}
