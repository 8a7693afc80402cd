/* Secrets are learnt before the first word is said, for the relay may know them from an earlier session, and each
 * response before it goes out, so that a relay that echoes one cannot carry it into a log or an answer; each buffer
 * that held one is wiped. */
#include "smtp/login.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "smtp/sasl.h"

#include <stdio.h>

/* RFC 5321 4.5.3.1.4: with its CRLF. A longer initial response waits for its 334 (RFC 4954 4). */
enum { MAX_COMMAND_LINE_BYTES = 512, CRLF_BYTES = 2 };

enum { SHOWN_MECHANISM_BYTES = 150, SHOWN_COMMAND_BYTES = 64 };

/* The mechanism's first words, where it is the client that speaks first. */
static bool learn_initial_response(struct smtp_session *session, const struct smtp_sasl_mechanism *mechanism)
{
    if (!mechanism->has_initial_response || !mechanism->suits(session->relay))
        return true;
    struct smtp_sasl sasl;
    struct buf response;
    smtp_sasl_start(&sasl, mechanism, session->relay);
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    bool learnt = smtp_sasl_respond(&sasl, STR(""), &response) &&
                  smtp_redactor_add_base64(&session->redactor, buf_view(&response));
    buf_wipe(&response);
    return learnt;
}

bool smtp_login_learn_secrets(struct smtp_session *session)
{
    const struct smtp_relay *relay = session->relay;
    struct smtp_redactor *redactor = &session->redactor;
    if (!relay->username.data)
        return true;
    const struct smtp_sasl_mechanism *mechanism;
    for (size_t row = 0; (mechanism = smtp_sasl_mechanism_at(row)); row++)
        if (!learn_initial_response(session, mechanism))
            return false;
    return smtp_redactor_add(redactor, relay->password) &&
           smtp_redactor_add_base64(redactor, relay->password) &&
           smtp_redactor_add(redactor, relay->oauth_token) &&
           smtp_redactor_add_base64(redactor, relay->oauth_token);
}

/* The answer to a challenge, as base64. False where there is none to give. */
static bool make_response(struct smtp_dialogue *dialogue, struct smtp_sasl *sasl, struct str challenge,
                          struct buf *base64)
{
    struct buf response;
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    bool made = smtp_sasl_respond(sasl, challenge, &response) &&
                smtp_redactor_add_base64(&dialogue->session->redactor, buf_view(&response));
    if (made)
        base64_encode(base64, buf_view(&response));
    buf_wipe(&response);
    return made && !base64->failed;
}

static enum smtp_status exchange(struct smtp_dialogue *dialogue, struct str shown)
{
    int64_t timeout_ms = dialogue->session->relay->timeouts.greeting_ms;
    enum smtp_status status =
        smtp_dialogue_exchange(dialogue, shown, smtp_dialogue_deadline(dialogue, timeout_ms));
    buf_wipe(&dialogue->session->command);
    buf_init(&dialogue->session->command, SMTP_MAX_COMMAND_BYTES);
    return status;
}

/* Ends the exchange from our side (RFC 4954 4). Its 501 says nothing new. */
static bool cancel(struct smtp_dialogue *dialogue, const char *why)
{
    struct smtp_session *session = dialogue->session;
    dialogue->outcome->reply = smtp_dialogue_show_reply(dialogue);
    buf_append(smtp_dialogue_begin(dialogue), STR("*"));
    enum smtp_status status = exchange(dialogue, STR("*"));
    if (status != SMTP_STATUS_OK || session->reply.code < 400)
        session->is_broken = true;
    return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                     "the login at relay %.*s:%u was given up: %s", STR_ARG(session->relay->host),
                     session->relay->port, why);
}

static bool answer_challenge(struct smtp_dialogue *dialogue, struct smtp_sasl *sasl)
{
    struct buf challenge, base64;
    buf_init(&challenge, SMTP_REPLY_MAX_LINE_BYTES);
    buf_init(&base64, SMTP_MAX_COMMAND_BYTES);
    struct str lines = buf_view(&dialogue->session->reply.lines);
    const char *why = NULL;
    if (!base64_decode(&challenge, str_trim(smtp_reply_next_text(&lines))))
        why = "its challenge is not base64";
    else if (!make_response(dialogue, sasl, buf_view(&challenge), &base64))
        why = "it asks for more than the mechanism has to give";
    else
        buf_append(smtp_dialogue_begin(dialogue), buf_view(&base64));
    bool out_of_memory = challenge.failed || base64.failed;
    buf_wipe(&challenge);
    buf_wipe(&base64);
    if (out_of_memory)
        return smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, SMTP_STATUS_NO_MEMORY);
    if (why)
        return cancel(dialogue, why);
    return smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, exchange(dialogue, STR("***")));
}

/* The AUTH command, with the initial response where there is one and it fits. */
static bool say_auth(struct smtp_dialogue *dialogue, struct smtp_sasl *sasl)
{
    struct str name = str_of(sasl->mechanism->name);
    char shown[SHOWN_COMMAND_BYTES];
    struct smtp_sasl unasked = *sasl;
    struct buf base64;
    buf_init(&base64, SMTP_MAX_COMMAND_BYTES);
    struct buf *command = smtp_dialogue_begin(dialogue);
    buf_append(command, STR("AUTH "));
    buf_append(command, name);
    if (sasl->mechanism->has_initial_response && make_response(dialogue, &unasked, STR(""), &base64) &&
        command->len + 1 + base64.len + CRLF_BYTES <= MAX_COMMAND_LINE_BYTES) {
        *sasl = unasked;
        buf_append_char(command, ' ');
        buf_append(command, base64.len ? buf_view(&base64) : STR("="));
    }
    buf_wipe(&base64);
    snprintf(shown, sizeof shown, "AUTH %s%s", sasl->mechanism->name, sasl->rounds ? " ***" : "");
    return smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, exchange(dialogue, str_of(shown)));
}

static bool fail_choice(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    smtp_redactor_apply(&session->redactor, &session->capabilities.mechanisms);
    struct str offered = utf8_make_safe(
        dialogue->arena, str_trim(buf_view(&session->capabilities.mechanisms)), SHOWN_MECHANISM_BYTES);
    const struct smtp_relay *relay = session->relay;
    if (!smtp_capabilities_offer(&session->capabilities, SMTP_AUTH))
        return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                         "relay %.*s:%u offers no AUTH, but credentials are configured", STR_ARG(relay->host),
                         relay->port);
    return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                     "relay %.*s:%u offers no AUTH mechanism that is allowed and suits the credentials; "
                     "it offers: %.*s",
                     STR_ARG(relay->host), relay->port, STR_ARG(offered));
}

bool smtp_login(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    if (!session->relay->username.data)
        return true;
    const struct smtp_sasl_mechanism *mechanism =
        smtp_sasl_choose(session->relay, &session->capabilities, session->transport->tls.version != NULL);
    if (!mechanism)
        return fail_choice(dialogue);
    struct smtp_sasl sasl;
    smtp_sasl_start(&sasl, mechanism, session->relay);
    if (!say_auth(dialogue, &sasl))
        return false;
    while (session->reply.code == 334)
        if (!answer_challenge(dialogue, &sasl))
            return false;
    session->mechanism = mechanism->name;
    return true;
}
