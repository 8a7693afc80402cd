/* mime/mailbox.c says what an address is. Here stands only what an SMTP line needs of it (RFC 5321 4.1.2), so
 * that a fault elsewhere cannot become a second command: "a@b> ORCPT=x", CRLF, a quote without an end. */
#include "smtp/envelope.h"

/* RFC 5321 4.5.3.1.3 has 256 octets for a path; addresses in UTF-8 need more. */
enum { MAX_ADDRESS_BYTES = 512, MAX_EHLO_NAME_BYTES = 255 };

static bool is_path(struct str address)
{
    size_t local_len = 0;
    if (address.len && address.data[0] == '"') {
        local_len = str_skip_quoted(address, 0);
        if (local_len == 0 || local_len >= address.len || address.data[local_len] != '@')
            return false;
    } else {
        local_len = str_index(address, '@');
    }
    if (local_len == 0 || local_len + 1 >= address.len)
        return false;
    for (size_t i = address.data[0] == '"' ? local_len : 0; i < address.len; i++) {
        char c = address.data[i];
        if (c == ' ' || c == '<' || c == '>' || c == '"' || c == '\\' || (c == '@' && i != local_len))
            return false;
    }
    return true;
}

static bool check_address(struct str address, bool smtputf8, struct fault *fault)
{
    if (address.len > MAX_ADDRESS_BYTES)
        return fault_set(fault, FAULT_INVALID_ADDRESS, "an envelope address is longer than %d octets",
                         MAX_ADDRESS_BYTES);
    for (size_t i = 0; i < address.len; i++) {
        if (char_is_control(address.data[i]))
            return fault_set(fault, FAULT_INVALID_ADDRESS, "an envelope address holds a control character");
        if ((unsigned char)address.data[i] >= 0x80 && !smtputf8)
            return fault_set(fault, FAULT_INVALID_ADDRESS,
                             "an envelope address needs SMTPUTF8 and does not say so");
    }
    if (!is_path(address))
        return fault_set(fault, FAULT_INVALID_ADDRESS, "an envelope address is not local-part@domain");
    return true;
}

bool smtp_envelope_check(const struct smtp_envelope *envelope, struct fault *fault)
{
    if (envelope->recipient_count == 0)
        return fault_set(fault, FAULT_INVALID_REQUEST, "the envelope has no recipient");
    if (envelope->return_path.len && !check_address(envelope->return_path, envelope->smtputf8, fault))
        return false;
    for (size_t i = 0; i < envelope->recipient_count; i++)
        if (!check_address(envelope->recipients[i], envelope->smtputf8, fault))
            return false;
    return dsn_check(&envelope->dsn, fault);
}

/* A domain or an address literal: printable ASCII without anything that ends an argument. */
bool smtp_envelope_check_ehlo_name(struct str name, struct fault *fault)
{
    bool valid = name.len > 0 && name.len <= MAX_EHLO_NAME_BYTES;
    for (size_t i = 0; valid && i < name.len; i++) {
        char c = name.data[i];
        valid =
            char_is_alpha(c) || char_is_digit(c) || c == '-' || c == '.' || c == '[' || c == ']' || c == ':';
    }
    if (!valid)
        return fault_set(fault, FAULT_INTERNAL,
                         "the EHLO name is neither a host name nor an address literal such as [192.0.2.1]");
    return true;
}
