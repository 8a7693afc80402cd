/* Secrets are learnt before the first word is said, for the relay may know them from an earlier session, and
 * each response before it goes out, so that a relay that echoes one cannot carry it into a log or an answer;
 * each buffer that held one is wiped. */
#include "smtp/login.h"

#include "base/base64.h"
#include "base/utf8.h"
#include "smtp/sasl.h"

#include <stdio.h>

/* RFC 5321 4.5.3.1.4: with its CRLF. A longer initial response waits for its 334 (RFC 4954 4). */
enum { MAX_COMMAND_LINE_BYTES = 512, CRLF_BYTES = 2 };

enum { SHOWN_MECHANISM_BYTES = 150, SHOWN_COMMAND_BYTES = 64 };

struct login {
    struct smtp_dialogue *dialogue;
    struct smtp_sasl sasl;
    struct buf unsaid; /* the initial response, as base64, until it was said */
    bool has_unsaid;
};

static bool learn_secret(struct smtp_redactor *redactor, struct str secret)
{
    return smtp_redactor_add(redactor, secret) && smtp_redactor_add_base64(redactor, secret);
}

/* As the mechanism gives it, but for what is public in front, and as it goes over the wire. */
static bool learn_response(struct smtp_redactor *redactor, const struct smtp_sasl *sasl, struct str response)
{
    return sasl->public_bytes >= response.len ||
           (smtp_redactor_add(redactor, str_from(response, sasl->public_bytes)) &&
            smtp_redactor_add_base64(redactor, response));
}

/* The mechanism's first words, where they tell the credentials. */
static bool learn_initial_response(struct smtp_session *session, const struct smtp_sasl_mechanism *mechanism,
                                   const struct smtp_sasl_terms *terms)
{
    struct smtp_sasl sasl;
    struct buf response;
    if (!mechanism->is_cleartext || !mechanism->has_initial_response || !mechanism->suits(session->relay) ||
        (mechanism->needs_token && !terms->token.len))
        return true;
    smtp_sasl_start(&sasl, mechanism, session->relay, terms);
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    enum smtp_status status = smtp_sasl_respond(&sasl, STR(""), &response);
    bool learnt =
        status == SMTP_STATUS_MALFORMED ||
        (status == SMTP_STATUS_OK && learn_response(&session->redactor, &sasl, buf_view(&response)));
    buf_wipe(&response);
    smtp_sasl_fini(&sasl);
    return learnt;
}

/* The token, and all that would be said with it. */
static bool learn_credentials(struct smtp_session *session, struct str token)
{
    struct smtp_sasl_terms terms = {.token = token, .binding = &session->transport->tls.binding};
    const struct smtp_sasl_mechanism *mechanism;
    for (size_t row = 0; (mechanism = smtp_sasl_mechanism_at(row)); row++)
        if (!learn_initial_response(session, mechanism, &terms))
            return false;
    return learn_secret(&session->redactor, session->relay->password) &&
           learn_secret(&session->redactor, token);
}

bool smtp_login_learn_secrets(struct smtp_session *session, struct deadline total)
{
    const struct smtp_token_source *source = &session->relay->token;
    struct buf token;
    struct fault told_at_login;
    if (!smtp_sasl_is_wanted(session->relay))
        return true;
    buf_init(&token, SMTP_TOKEN_MAX_BYTES);
    bool has_token = source->fetch && source->fetch(source->context, total, &token, &told_at_login);
    bool learnt = learn_credentials(session, has_token ? buf_view(&token) : (struct str){0});
    buf_wipe(&token);
    return learnt;
}

/* The answer to a challenge, as base64. */
static enum smtp_status make_response(struct login *login, struct str challenge, struct buf *base64)
{
    struct buf response;
    buf_init(&response, SMTP_SASL_MAX_RESPONSE_BYTES);
    enum smtp_status status = smtp_sasl_respond(&login->sasl, challenge, &response);
    if (status == SMTP_STATUS_OK &&
        !learn_response(&login->dialogue->session->redactor, &login->sasl, buf_view(&response)))
        status = SMTP_STATUS_NO_MEMORY;
    if (status == SMTP_STATUS_OK)
        base64_encode(base64, buf_view(&response));
    buf_wipe(&response);
    return base64->failed ? SMTP_STATUS_NO_MEMORY : status;
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

static bool fail(struct smtp_dialogue *dialogue, const char *why)
{
    return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                     "the login at relay %s was given up: %s", smtp_relay_name(dialogue->session->relay).text,
                     why);
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
    return fail(dialogue, why);
}

/* What is to be said to the challenge of this 334, into `base64`. False where the login is over. */
static bool take_challenge(struct login *login, struct buf *base64)
{
    struct buf challenge;
    buf_init(&challenge, SMTP_REPLY_MAX_LINE_BYTES);
    struct str lines = buf_view(&login->dialogue->session->reply.lines);
    enum smtp_status status = SMTP_STATUS_OK;
    login->sasl.problem = NULL;
    if (!base64_decode(&challenge, str_trim(smtp_reply_next_text(&lines))))
        status = smtp_sasl_refuse(&login->sasl, "its challenge is not base64");
    else if (challenge.failed)
        status = SMTP_STATUS_NO_MEMORY;
    else if (login->has_unsaid)
        buf_append(base64, buf_view(&login->unsaid));
    else
        status = make_response(login, buf_view(&challenge), base64);
    login->has_unsaid = false;
    buf_wipe(&challenge);
    if (status == SMTP_STATUS_MALFORMED)
        return cancel(login->dialogue, login->sasl.problem);
    return status == SMTP_STATUS_OK || smtp_dialogue_judge(login->dialogue, SMTP_STEP_AUTH, status);
}

static bool answer_challenge(struct login *login)
{
    struct smtp_dialogue *dialogue = login->dialogue;
    struct buf base64;
    buf_init(&base64, SMTP_MAX_COMMAND_BYTES);
    bool has_answer = take_challenge(login, &base64);
    if (has_answer)
        buf_append(smtp_dialogue_begin(dialogue), buf_view(&base64));
    buf_wipe(&base64);
    return has_answer && smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, exchange(dialogue, STR("***")));
}

/* The AUTH command, with the initial response where there is one and it fits. */
static bool say_auth(struct login *login)
{
    struct smtp_dialogue *dialogue = login->dialogue;
    char shown[SHOWN_COMMAND_BYTES];
    struct buf *command = smtp_dialogue_begin(dialogue);
    buf_append(command, STR("AUTH "));
    buf_append(command, str_of(login->sasl.mechanism->name));
    bool says_more =
        login->has_unsaid && command->len + 1 + login->unsaid.len + CRLF_BYTES <= MAX_COMMAND_LINE_BYTES;
    if (says_more) {
        buf_append_char(command, ' ');
        buf_append(command, login->unsaid.len ? buf_view(&login->unsaid) : STR("="));
        login->has_unsaid = false;
    }
    snprintf(shown, sizeof shown, "AUTH %s%s", login->sasl.mechanism->name, says_more ? " ***" : "");
    return smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, exchange(dialogue, str_of(shown)));
}

static bool prepare_initial_response(struct login *login)
{
    if (!login->sasl.mechanism->has_initial_response)
        return true;
    enum smtp_status status = make_response(login, STR(""), &login->unsaid);
    if (status == SMTP_STATUS_MALFORMED)
        return fail(login->dialogue, login->sasl.problem);
    login->has_unsaid = true;
    return status == SMTP_STATUS_OK || smtp_dialogue_judge(login->dialogue, SMTP_STEP_AUTH, status);
}

/* RFC 5802 3: whoever does not know the password may still say 235, to be sent another's mail. */
static bool check_proof(struct login *login)
{
    struct smtp_dialogue *dialogue = login->dialogue;
    if (smtp_sasl_is_complete(&login->sasl))
        return true;
    dialogue->outcome->reply = smtp_dialogue_show_reply(dialogue);
    return fail(dialogue, "it accepts, but has not proved that it knows the password");
}

static bool log_in(struct smtp_dialogue *dialogue, const struct smtp_sasl_mechanism *mechanism,
                   struct str token)
{
    struct smtp_session *session = dialogue->session;
    struct smtp_sasl_terms terms = {
        .token = token,
        .binding = &session->transport->tls.binding,
        .offers_binding = smtp_sasl_offers_binding(&session->capabilities),
        .deadline = smtp_dialogue_deadline(dialogue, session->relay->timeouts.greeting_ms)};
    struct login login = {.dialogue = dialogue};
    buf_init(&login.unsaid, SMTP_MAX_COMMAND_BYTES);
    smtp_sasl_start(&login.sasl, mechanism, session->relay, &terms);
    bool goes_on = prepare_initial_response(&login) && say_auth(&login);
    while (goes_on && session->reply.code == 334)
        goes_on = answer_challenge(&login);
    goes_on = goes_on && check_proof(&login);
    if (goes_on)
        session->mechanism = mechanism->name;
    smtp_sasl_fini(&login.sasl);
    buf_wipe(&login.unsaid);
    return goes_on;
}

static bool log_in_with_token(struct smtp_dialogue *dialogue, const struct smtp_sasl_mechanism *mechanism)
{
    const struct smtp_token_source *source = &dialogue->session->relay->token;
    struct buf token;
    buf_init(&token, SMTP_TOKEN_MAX_BYTES);
    bool goes_on = source->fetch(source->context, dialogue->total, &token, &dialogue->outcome->fault);
    if (goes_on && !learn_credentials(dialogue->session, buf_view(&token)))
        goes_on = smtp_dialogue_judge(dialogue, SMTP_STEP_AUTH, SMTP_STATUS_NO_MEMORY);
    if (goes_on)
        smtp_transcript_note(dialogue->transcript, "a token of %zu octets", token.len);
    goes_on = goes_on && log_in(dialogue, mechanism, buf_view(&token));
    buf_wipe(&token);
    return goes_on;
}

static bool fail_choice(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    smtp_redactor_apply(&session->redactor, &session->capabilities.mechanisms);
    struct str offered = utf8_make_safe(
        dialogue->arena, str_trim(buf_view(&session->capabilities.mechanisms)), SHOWN_MECHANISM_BYTES);
    if (!smtp_capabilities_offer(&session->capabilities, SMTP_AUTH))
        return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                         "relay %s offers no AUTH, but credentials are configured",
                         smtp_relay_name(session->relay).text);
    return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_AUTH_FAILED,
                     "relay %s offers no AUTH mechanism that is allowed and suits the credentials; "
                     "it offers: %.*s",
                     smtp_relay_name(session->relay).text, STR_ARG(offered));
}

static bool log_in_as_offered(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    const struct smtp_sasl_mechanism *mechanism =
        smtp_sasl_choose(session->relay, &session->capabilities, &session->transport->tls);
    if (!mechanism)
        return fail_choice(dialogue);
    if (mechanism->needs_token)
        return log_in_with_token(dialogue, mechanism);
    return log_in(dialogue, mechanism, (struct str){0});
}

bool smtp_login(struct smtp_dialogue *dialogue)
{
    if (!smtp_sasl_is_wanted(dialogue->session->relay))
        return true;
    int64_t began_us = clock_monotonic_us();
    bool goes_on = log_in_as_offered(dialogue);
    outcome_end_phase(&dialogue->outcome->timing, PHASE_AUTH, began_us);
    return goes_on;
}
