/* A parameter is said only where the message needs it and the relay offers it: to a relay that does not know
 * it the whole command is a syntax error. */
#include "smtp/command.h"

#include "base/utf8.h"

enum { COMMAND_LIMIT = 512 };

/* RFC 3461 4: "+" and two digits for what is no graphic character, "+" or "=". */
static void append_xtext(struct buf *line, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c <= ' ' || c > '~' || c == '+' || c == '=')
            buf_append_format(line, "+%02X", (unsigned)(unsigned char)c);
        else
            buf_append_char(line, c);
    }
}

/* RFC 6533 3: utf-8-addr-unitext, which a relay that was told SMTPUTF8 takes as it is. */
static void append_unitext(struct buf *line, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == ' ' || c == '+' || c == '=' || c == '\\')
            buf_append_format(line, "\\x{%02X}", (unsigned)c);
        else
            buf_append_char(line, c);
    }
}

/* RFC 3461 4.3 and 4.4 */
static void append_mail_dsn(struct buf *line, const struct dsn *dsn)
{
    if (dsn->returned != DSN_RETURN_UNSAID)
        buf_append(line, dsn->returned == DSN_RETURN_FULL ? STR(" RET=FULL") : STR(" RET=HDRS"));
    if (dsn->envelope_id.data) {
        buf_append(line, STR(" ENVID="));
        append_xtext(line, dsn->envelope_id);
    }
}

static void append_path(struct buf *line, struct str verb, struct str address)
{
    buf_append(line, verb);
    buf_append_char(line, '<');
    buf_append(line, address);
    buf_append_char(line, '>');
}

void smtp_command_mail(struct buf *line, const struct smtp_envelope *envelope, uint64_t size_octets,
                       const struct smtp_capabilities *offered)
{
    append_path(line, STR("MAIL FROM:"), envelope->return_path);
    if (smtp_capabilities_offer(offered, SMTP_SIZE)) {
        buf_append(line, STR(" SIZE=")); /* RFC 1870 5 */
        buf_append_uint(line, size_octets);
    }
    if (envelope->eight_bit)
        buf_append(line, STR(" BODY=8BITMIME")); /* RFC 6152 2 */
    if (envelope->smtputf8)
        buf_append(line, STR(" SMTPUTF8")); /* RFC 6531 3.4 */
    if (envelope->require_tls)
        buf_append(line, STR(" REQUIRETLS")); /* RFC 8689 2 */
    append_mail_dsn(line, &envelope->dsn);
}

/* RFC 3461 4.1: what is left out means FAILURE, and perhaps DELAY, as the relay thinks best. */
static void append_notify(struct buf *line, unsigned notify)
{
    static const struct {
        enum dsn_notify bit;
        const char *name;
    } names[] = {
        {DSN_NEVER, "NEVER"}, {DSN_SUCCESS, "SUCCESS"}, {DSN_FAILURE, "FAILURE"}, {DSN_DELAY, "DELAY"}};
    const char *separator = " NOTIFY=";
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (!(notify & names[i].bit))
            continue;
        buf_append_format(line, "%s%s", separator, names[i].name);
        separator = ",";
    }
}

/* ORCPT tells whoever reads the notification which of his recipients it is about, whatever the address became
 * on the way (RFC 3461 4.2). */
static void append_original_recipient(struct buf *line, struct str address)
{
    bool ascii = utf8_is_ascii(address);
    buf_append(line, ascii ? STR(" ORCPT=rfc822;") : STR(" ORCPT=utf-8;"));
    if (ascii)
        append_xtext(line, address);
    else
        append_unitext(line, address);
}

void smtp_command_rcpt(struct buf *line, const struct smtp_envelope *envelope, size_t recipient)
{
    struct str address = envelope->recipients[recipient];
    append_path(line, STR("RCPT TO:"), address);
    if (!envelope->dsn.notify)
        return;
    append_notify(line, envelope->dsn.notify);
    append_original_recipient(line, address);
}

size_t smtp_command_mail_limit(const struct smtp_envelope *envelope, const struct smtp_capabilities *offered)
{
    size_t limit = COMMAND_LIMIT;
    limit += smtp_capabilities_offer(offered, SMTP_SIZE) ? 26 : 0; /* RFC 1870 3 */
    limit += envelope->eight_bit ? 17 : 0;                         /* RFC 6152 2 */
    limit += envelope->smtputf8 ? 10 : 0;                          /* RFC 6531 3.1 */
    limit += envelope->require_tls ? 11 : 0;                       /* RFC 8689 2 */
    return limit + (dsn_is_asked(&envelope->dsn) ? 500 : 0);       /* RFC 3461 5 */
}

size_t smtp_command_rcpt_limit(const struct smtp_envelope *envelope)
{
    return COMMAND_LIMIT + (envelope->smtputf8 ? 10 : 0) + (envelope->dsn.notify ? 500 : 0);
}
