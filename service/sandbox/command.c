#include "service/sandbox/command.h"

#include "base/utf8.h"
#include "service/sandbox/path.h"

static const struct {
    struct str name;
    enum sandbox_verb verb;
} verbs[] = {
    {STR("EHLO"), SANDBOX_VERB_EHLO},         {STR("HELO"), SANDBOX_VERB_HELO},
    {STR("STARTTLS"), SANDBOX_VERB_STARTTLS}, {STR("AUTH"), SANDBOX_VERB_AUTH},
    {STR("MAIL"), SANDBOX_VERB_MAIL},         {STR("RCPT"), SANDBOX_VERB_RCPT},
    {STR("DATA"), SANDBOX_VERB_DATA},         {STR("RSET"), SANDBOX_VERB_RSET},
    {STR("NOOP"), SANDBOX_VERB_NOOP},         {STR("VRFY"), SANDBOX_VERB_VRFY},
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

static const struct {
    struct str keyword;
    const char *(*take)(struct sandbox_mail *mail, struct str value);
} mail_parameters[] = {
    {STR("SIZE"), take_size},         /* RFC 1870 */
    {STR("BODY"), take_body},         /* RFC 6152 */
    {STR("SMTPUTF8"), take_smtputf8}, /* RFC 6531 */
    {STR("AUTH"), take_auth},
};

/* `value` is absent where there is no "=". */
static const char *take_parameter(struct sandbox_mail *mail, struct str parameter)
{
    struct str value = parameter;
    struct str keyword = str_cut(&value, '=');
    for (size_t i = 0; i < sizeof mail_parameters / sizeof mail_parameters[0]; i++)
        if (str_equal_nocase(keyword, mail_parameters[i].keyword))
            return mail_parameters[i].take(mail, value);
    return "555 5.5.4 Unsupported option";
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
    while (argument.data) {
        const char *refusal = take_parameter(mail, str_cut(&argument, ' '));
        if (refusal)
            return refusal;
    }
    if (!mail->smtputf8 && !utf8_is_ascii(mail->return_path))
        return "553 5.6.7 Must declare SMTPUTF8 to send unicode address"; /* RFC 6531 3.5 */
    return NULL;
}

const char *sandbox_command_read_rcpt(struct str argument, bool smtputf8, struct str *recipient)
{
    if (!cut_path(&argument, STR("TO:"), recipient))
        return "501 5.5.4 Syntax: RCPT TO:<address>";
    /* RFC 5321 4.1.1.3: the one recipient that needs no domain. */
    if (!str_equal_nocase(*recipient, STR("postmaster")) && !sandbox_path_is_mailbox(*recipient))
        return "501 5.1.3 Bad recipient address syntax";
    if (argument.data)
        return "555 5.5.4 Unsupported option";
    if (!smtputf8 && !utf8_is_ascii(*recipient))
        return "553 5.6.7 Must declare SMTPUTF8 to send unicode address";
    return NULL;
}
