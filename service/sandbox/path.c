/* The grammar is followed to the letter: this server's other use is to show a client's mistakes. */
#include "service/sandbox/path.h"

#include "base/utf8.h"

#include <string.h>

/* RFC 5321 4.5.3.1.1 to 4.5.3.1.3; a path of 256 octets counts its brackets. */
enum { MAX_LOCAL_PART_BYTES = 64, MAX_DOMAIN_BYTES = 255, MAX_ADDRESS_BYTES = 254, MAX_LABEL_BYTES = 63 };

static bool is_utf8_octet(char c)
{
    return (unsigned char)c >= 0x80;
}

static bool is_printable(char c)
{
    return (c >= ' ' && c <= '~') || is_utf8_octet(c);
}

static bool is_let_dig(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || is_utf8_octet(c);
}

/* atext, RFC 5322 3.2.3. */
static bool is_atext(char c)
{
    return is_let_dig(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The length of the quoted string at the front, quotes included; 0 where it is none or does not end. */
static size_t quoted_len(struct str s)
{
    if (s.len == 0 || s.data[0] != '"')
        return 0;
    for (size_t i = 1; i < s.len && is_printable(s.data[i]); i++) {
        if (s.data[i] == '"')
            return i + 1;
        if (s.data[i] == '\\' && (++i == s.len || !is_printable(s.data[i])))
            return 0;
    }
    return 0;
}

static size_t atom_len(struct str s)
{
    size_t len = 0;
    while (len < s.len && is_atext(s.data[len]))
        len++;
    return len;
}

static size_t dot_string_len(struct str s)
{
    size_t len = 0;
    for (;;) {
        size_t atom = atom_len(str_from(s, len));
        if (atom == 0)
            return 0;
        len += atom;
        if (len == s.len || s.data[len] != '.')
            return len;
        len++;
    }
}

static bool is_label(struct str label)
{
    if (label.len == 0 || label.len > MAX_LABEL_BYTES)
        return false;
    for (size_t i = 0; i < label.len; i++)
        if (!is_let_dig(label.data[i]) && label.data[i] != '-')
            return false;
    return label.data[0] != '-' && label.data[label.len - 1] != '-';
}

static bool is_address_literal(struct str domain)
{
    if (domain.len < 3 || domain.data[0] != '[' || domain.data[domain.len - 1] != ']')
        return false;
    for (size_t i = 1; i < domain.len - 1; i++)
        if (!char_is_alpha(domain.data[i]) && !char_is_digit(domain.data[i]) &&
            !strchr(".:-", domain.data[i]))
            return false;
    return true;
}

static bool is_domain(struct str domain)
{
    if (domain.len > MAX_DOMAIN_BYTES)
        return false;
    if (is_address_literal(domain))
        return true;
    struct str rest = domain;
    do {
        if (!is_label(str_cut(&rest, '.')))
            return false;
    } while (rest.data);
    return true;
}

bool sandbox_path_is_mailbox(struct str address)
{
    size_t at = quoted_len(address);
    if (!at)
        at = dot_string_len(address);
    return at > 0 && at <= MAX_LOCAL_PART_BYTES && address.len <= MAX_ADDRESS_BYTES && at < address.len &&
           address.data[at] == '@' && is_domain(str_from(address, at + 1)) && utf8_valid(address);
}

/* The "@one,@two:" that a path may begin with: accepted and ignored (RFC 5321 4.1.1.3 and appendix C). */
static bool skip_source_route(struct str *address)
{
    if (address->len == 0 || address->data[0] != '@')
        return true;
    struct str route = str_first(*address, str_index(*address, ':'));
    if (route.len == address->len)
        return false;
    *address = str_from(*address, route.len + 1);
    while (route.data) {
        struct str hop = str_cut(&route, ',');
        if (hop.len == 0 || hop.data[0] != '@' || !is_domain(str_from(hop, 1)))
            return false;
    }
    return true;
}

bool sandbox_path_cut(struct str *argument, struct str *address)
{
    if (argument->len == 0 || argument->data[0] != '<')
        return false;
    /* A ">" in a quoted local part closes nothing. */
    size_t end = 1;
    while (end < argument->len && argument->data[end] != '>') {
        size_t quoted = quoted_len(str_from(*argument, end));
        if (argument->data[end] == '"' && !quoted)
            return false;
        end += quoted ? quoted : 1;
    }
    if (end == argument->len)
        return false;
    *address = str_from(str_first(*argument, end), 1);
    *argument = str_from(*argument, end + 1);
    return skip_source_route(address);
}
