/* The input is an address that somebody put into an envelope, or an EHLO name. What passes is read back from the
 * command that it makes by a reader that knows only the grammar of a path (RFC 5321 4.1.2). */
#include "base/buf.h"
#include "fuzz.h"
#include "smtp/envelope.h"

enum { MAX_COMMAND_BYTES = 1024, MAX_EHLO_NAME_BYTES = 255 };

/* Index behind the path that begins with the "<" at `at`, or 0: quotes hide everything but their own end. */
static size_t skip_path(struct str command, size_t at)
{
    bool quoted = false;
    for (at++; at < command.len; at++) {
        char c = command.data[at];
        if (quoted && c == '\\')
            at++;
        else if (c == '"')
            quoted = !quoted;
        else if (!quoted && c == '>')
            return at + 1;
        else if (!quoted && (c == '<' || c == ' '))
            return 0;
    }
    return 0;
}

static void check_command(struct str address)
{
    struct buf command;
    buf_init(&command, MAX_COMMAND_BYTES);
    buf_append(&command, STR("RCPT TO:<"));
    buf_append(&command, address);
    buf_append(&command, STR("> NOTIFY=NEVER"));
    struct str line = buf_view(&command);
    FUZZ_CHECK(!command.failed);
    for (size_t i = 0; i < line.len; i++)
        FUZZ_CHECK((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
    size_t end = skip_path(line, sizeof "RCPT TO:" - 1);
    FUZZ_CHECK(end > 0 && str_equal(str_from(line, end), STR(" NOTIFY=NEVER")));
    buf_fini(&command);
}

static bool passes(struct str address, bool smtputf8)
{
    struct fault as_sender = {0}, as_recipient = {0};
    struct str other = STR("bob@example.net");
    struct str recipients[] = {other, address};
    struct smtp_envelope to = {
        .return_path = other, .recipients = recipients, .recipient_count = 2, .smtputf8 = smtputf8};
    struct smtp_envelope from = {
        .return_path = address, .recipients = &other, .recipient_count = 1, .smtputf8 = smtputf8};
    bool is_recipient = smtp_envelope_check(&to, &as_recipient);
    bool is_sender = smtp_envelope_check(&from, &as_sender);
    FUZZ_CHECK(is_recipient == is_sender || address.len == 0);
    FUZZ_CHECK(is_recipient || as_recipient.detail[0]);
    return is_recipient;
}

/* RFC 5321 4.1.1.1: a domain or an address literal, which stands alone on its line. */
static void check_ehlo_name(struct str name)
{
    struct fault fault = {0};
    if (!smtp_envelope_check_ehlo_name(name, &fault)) {
        FUZZ_CHECK(fault.detail[0]);
        return;
    }
    FUZZ_CHECK(name.len > 0 && name.len <= MAX_EHLO_NAME_BYTES);
    for (size_t i = 0; i < name.len; i++)
        FUZZ_CHECK(name.data[i] > ' ' && name.data[i] < 0x7f && !memchr("<>\"\\@_,;", name.data[i], 8));
}

void fuzz_input(struct str input)
{
    bool passes_ascii = passes(input, false);
    bool passes_utf8 = passes(input, true);
    FUZZ_CHECK(!passes_ascii || passes_utf8);
    if (passes_utf8)
        check_command(input);
    for (size_t i = 0; passes_ascii && i < input.len; i++)
        FUZZ_CHECK(!(input.data[i] & 0x80));
    check_ehlo_name(input);
}
