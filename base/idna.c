#include "base/idna.h"

#include "base/utf8.h"

#include <idn2.h>

/* RFC 1035 2.3.4: 255 octets on the wire are 253 in text. */
enum { MAX_DOMAIN_BYTES = 253, MAX_LABEL_BYTES = 63 };

static bool is_label_char(char c)
{
    return char_is_alpha(c) || char_is_digit(c) || c == '-';
}

/* RFC 5321 4.1.2: sub-domain = Let-dig [Ldh-str]. */
static bool check_label(struct str label, struct fault *fault)
{
    if (label.len == 0)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain has an empty label");
    if (label.len > MAX_LABEL_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "a label of the domain is longer than 63 octets");
    for (size_t i = 0; i < label.len; i++)
        if (!is_label_char(label.data[i]))
            return fault_set(fault, FAULT_INVALID_ADDRESS,
                             "the domain has a character that no host name has");
    if (label.data[0] == '-' || label.data[label.len - 1] == '-')
        return fault_set(fault, FAULT_INVALID_ADDRESS, "a label of the domain begins or ends with a hyphen");
    return true;
}

static bool check_domain(struct str ascii, struct fault *fault)
{
    if (ascii.len > MAX_DOMAIN_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain is longer than 253 octets");
    for (struct str rest = ascii; rest.data;)
        if (!check_label(str_cut(&rest, '.'), fault))
            return false;
    return true;
}

/* Plain ASCII needs no library, unless a label claims to be an A-label, which must then decode. */
static bool is_plain(struct str domain)
{
    for (struct str rest = domain; rest.data;)
        if (str_starts_with_nocase(str_cut(&rest, '.'), STR("xn--")))
            return false;
    return utf8_is_ascii(domain);
}

bool idna_to_ascii(struct arena *arena, struct str domain, struct str *ascii, struct fault *fault)
{
    if (domain.len == 0)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain is empty");
    /* Far above any valid name, and keeps the library's work small. */
    if (domain.len > 4 * MAX_DOMAIN_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "the domain is longer than 253 octets");
    if (is_plain(domain)) {
        *ascii = arena_copy(arena, domain);
    } else {
        struct str terminated = arena_copy(arena, domain);
        char *looked_up = NULL;
        /* Not IDN2_USE_STD3_ASCII_RULES: with it libidn2 2.3.3 drops what those rules disallow, U+FF20 ("@")
         * for one, and so finds another domain. Mapped and left in, check_label refuses it. */
        int flags = IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL;
        int status = terminated.data ? idn2_to_ascii_8z(terminated.data, &looked_up, flags) : IDN2_MALLOC;
        if (status != IDN2_OK)
            return fault_set(fault, status == IDN2_MALLOC ? FAULT_OVERLOADED : FAULT_INVALID_ADDRESS,
                             "the domain is not a valid internationalised name: %s", idn2_strerror(status));
        *ascii = arena_copy(arena, str_of(looked_up));
        idn2_free(looked_up);
    }
    if (!ascii->data)
        return fault_set(fault, FAULT_OVERLOADED, "out of memory");
    return check_domain(*ascii, fault);
}
