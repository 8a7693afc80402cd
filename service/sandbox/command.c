#include "service/sandbox/command.h"

#include "base/dsn.h"
#include "base/utf8.h"
#include "service/sandbox/path.h"

/* RFC 3461 4.2 */
enum { MAX_ORCPT_BYTES = 500 };

static const struct {
    struct str name;
    enum sandbox_verb verb;
} verbs[] = {
    {STR("EHLO"), SANDBOX_VERB_EHLO},         {STR("HELO"), SANDBOX_VERB_HELO},
    {STR("STARTTLS"), SANDBOX_VERB_STARTTLS}, {STR("AUTH"), SANDBOX_VERB_AUTH},
    {STR("MAIL"), SANDBOX_VERB_MAIL},         {STR("RCPT"), SANDBOX_VERB_RCPT},
    {STR("DATA"), SANDBOX_VERB_DATA},         {STR("BDAT"), SANDBOX_VERB_BDAT},
    {STR("RSET"), SANDBOX_VERB_RSET},         {STR("NOOP"), SANDBOX_VERB_NOOP},
    {STR("VRFY"), SANDBOX_VERB_VRFY},         {STR("HELP"), SANDBOX_VERB_HELP},
    {STR("QUIT"), SANDBOX_VERB_QUIT},
};

/* No command has a use for control characters; RFC 6531 3.3 makes the rest UTF-8. */
static bool is_clean(struct str line)
{
    for (size_t i = 0; i < line.len; i++)
        if (char_is_control(line.data[i]) && line.data[i] != '\t')
            return false;
    return utf8_valid(line);
}

struct sandbox_command sandbox_command_parse(struct str line)
{
    size_t end = str_index(line, ' ');
    struct str name = str_trim(str_first(line, end));
    struct sandbox_command command = {SANDBOX_VERB_UNKNOWN, str_trim(str_from(line, end))};
    if (!is_clean(line))
        return command;
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
        if (str_equal_nocase(name, verbs[i].name))
            command.verb = verbs[i].verb;
    return command;
}

static const char *take_size(struct sandbox_mail *mail, struct str value)
{
    return str_to_uint(value, UINT64_MAX, &mail->size_octets) ? NULL : "501 5.5.4 Bad message size syntax";
}

static const char *take_body(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    bool known = str_equal_nocase(value, STR("7BIT")) || str_equal_nocase(value, STR("8BITMIME"));
    return known ? NULL : "501 5.5.4 Unknown parameter in MAIL command";
}

static const char *take_smtputf8(struct sandbox_mail *mail, struct str value)
{
    mail->smtputf8 = true;
    return value.data ? "501 5.5.4 SMTPUTF8 takes no value" : NULL;
}

/* RFC 4954 5: accepted, and of no consequence here. */
static const char *take_auth(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    return value.len ? NULL : "501 5.5.4 Syntax: AUTH=<address>";
}

static const char *take_ret(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    bool known = str_equal_nocase(value, STR("FULL")) || str_equal_nocase(value, STR("HDRS"));
    return known ? NULL : "501 5.5.4 Syntax: RET=FULL or RET=HDRS";
}

/* RFC 3461 4: "+" and two capital hexadecimal digits stand for what is not visible, "+" and "=" included. */
static bool is_xtext(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '=' || text.data[i] <= ' ' || text.data[i] > '~')
            return false;
        if (text.data[i] != '+')
            continue;
        if (text.len - i < 3 || char_hex_value(text.data[i + 1]) < 0 || char_hex_value(text.data[i + 2]) < 0)
            return false;
        i += 2;
    }
    return text.len > 0;
}

static const char *take_envid(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    return value.len <= DSN_MAX_ENVELOPE_ID_BYTES && is_xtext(value) ? NULL : "501 5.5.4 Bad ENVID syntax";
}

/* RFC 8689 4.1 */
static const char *take_requiretls(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    return value.data ? "501 5.5.4 REQUIRETLS takes no value" : NULL;
}

/* NEVER stands alone (RFC 3461 4.1). */
static const char *take_notify(struct sandbox_mail *mail, struct str value)
{
    static const struct str words[] = {STR("SUCCESS"), STR("FAILURE"), STR("DELAY")};
    (void)mail;
    bool valid = value.len > 0;
    for (struct str rest = value; valid && rest.data && !str_equal_nocase(value, STR("NEVER"));) {
        struct str word = str_cut(&rest, ',');
        valid = false;
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
            valid = valid || str_equal_nocase(word, words[i]);
    }
    return valid ? NULL : "501 5.5.4 Bad NOTIFY syntax";
}

/* addr-type ";" xtext (RFC 3461 4.2); UTF-8 may stand in a utf-8 address (RFC 6533 3). */
static const char *take_orcpt(struct sandbox_mail *mail, struct str value)
{
    (void)mail;
    struct str address = value;
    struct str type = str_cut(&address, ';');
    bool valid = value.len <= MAX_ORCPT_BYTES && str_is_token(type) &&
                 (str_equal_nocase(type, STR("utf-8")) ? address.len > 0 : is_xtext(address));
    return valid ? NULL : "501 5.5.4 Bad ORCPT syntax";
}

struct parameter {
    struct str keyword;
    const char *(*take)(struct sandbox_mail *mail, struct str value);
};

static const struct parameter mail_parameters[] = {
    {STR("SIZE"), take_size},         /* RFC 1870 */
    {STR("BODY"), take_body},         /* RFC 6152 */
    {STR("SMTPUTF8"), take_smtputf8}, /* RFC 6531 */
    {STR("AUTH"), take_auth},         /* RFC 4954 */
    {STR("RET"), take_ret},           /* RFC 3461 */
    {STR("ENVID"), take_envid},       {STR("REQUIRETLS"), take_requiretls},
};
static const struct parameter rcpt_parameters[] = {{STR("NOTIFY"), take_notify}, {STR("ORCPT"), take_orcpt}};
enum {
    MAIL_PARAMETERS = sizeof mail_parameters / sizeof mail_parameters[0],
    RCPT_PARAMETERS = sizeof rcpt_parameters / sizeof rcpt_parameters[0]
};

/* Each at most once (RFC 5321 4.1.1.11). `value` is absent where there is no "=". */
static const char *take_parameters(const struct parameter *known, size_t count, struct sandbox_mail *mail,
                                   struct str rest)
{
    unsigned seen = 0;
    while (rest.data) {
        struct str value = str_cut(&rest, ' ');
        struct str keyword = str_cut(&value, '=');
        size_t i = 0;
        while (i < count && !str_equal_nocase(keyword, known[i].keyword))
            i++;
        if (i == count)
            return "555 5.5.4 Unsupported option";
        const char *refusal = (seen & 1U << i) ? "501 5.5.4 Option given twice" : known[i].take(mail, value);
        if (refusal)
            return refusal;
        seen |= 1U << i;
    }
    return NULL;
}

/* "FROM:" or "TO:" and the path; `argument` is left with the parameters, absent where there are none. No
 * space stands beside the colon (RFC 5321 3.3). */
static bool cut_path(struct str *argument, struct str prefix, struct str *address)
{
    if (!str_starts_with_nocase(*argument, prefix))
        return false;
    *argument = str_from(*argument, prefix.len);
    if (!sandbox_path_cut(argument, address))
        return false;
    if (argument->len == 0)
        *argument = (struct str){0};
    else if (argument->data[0] != ' ')
        return false;
    *argument = str_trim(*argument);
    return true;
}

const char *sandbox_command_read_mail(struct str argument, struct sandbox_mail *mail)
{
    *mail = (struct sandbox_mail){0};
    if (!cut_path(&argument, STR("FROM:"), &mail->return_path))
        return "501 5.5.4 Syntax: MAIL FROM:<address>";
    if (mail->return_path.len && !sandbox_path_is_mailbox(mail->return_path))
        return "501 5.1.7 Bad sender address syntax";
    mail->parameters = argument.data ? argument : STR("");
    const char *refusal = take_parameters(mail_parameters, MAIL_PARAMETERS, mail, argument);
    if (refusal)
        return refusal;
    if (!mail->smtputf8 && !utf8_is_ascii(mail->return_path))
        return "553 5.6.7 Must declare SMTPUTF8 to send unicode address"; /* RFC 6531 3.5 */
    return NULL;
}

const char *sandbox_command_read_rcpt(struct str argument, bool smtputf8, struct str *recipient,
                                      struct str *parameters)
{
    if (!cut_path(&argument, STR("TO:"), recipient))
        return "501 5.5.4 Syntax: RCPT TO:<address>";
    /* RFC 5321 4.1.1.3: the one recipient that needs no domain. */
    if (!str_equal_nocase(*recipient, STR("postmaster")) && !sandbox_path_is_mailbox(*recipient))
        return "501 5.1.3 Bad recipient address syntax";
    struct sandbox_mail ignored;
    const char *refusal = take_parameters(rcpt_parameters, RCPT_PARAMETERS, &ignored, argument);
    *parameters = argument.data ? argument : STR("");
    if (!refusal && !smtputf8 && !utf8_is_ascii(*recipient))
        return "553 5.6.7 Must declare SMTPUTF8 to send unicode address";
    return refusal;
}

const char *sandbox_command_read_bdat(struct str argument, struct sandbox_chunk *chunk)
{
    struct str last = argument;
    struct str octets = str_cut(&last, ' ');
    chunk->is_last = last.data;
    bool valid = str_to_uint(octets, UINT64_MAX, &chunk->octets) &&
                 (!last.data || str_equal_nocase(last, STR("LAST")));
    return valid ? NULL : "501 5.5.4 Syntax: BDAT octets [LAST]";
}
