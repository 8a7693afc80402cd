/* Until TLS stands, whoever sits on the way may speak for the relay: nothing that was said before it is
 * believed behind it, and where it is required nothing but EHLO, STARTTLS and QUIT is said without it. */
#include "smtp/greet.h"

#include "smtp/sasl.h"

#include <stdio.h>

static const struct smtp_timeouts *timeouts(const struct smtp_dialogue *dialogue)
{
    return &dialogue->session->relay->timeouts;
}

static bool is_encrypted(const struct smtp_dialogue *dialogue)
{
    return dialogue->session->transport->tls.version;
}

static bool encrypt(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    struct smtp_transport *transport = session->transport;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeouts(dialogue)->greeting_ms);
    int64_t began_us = clock_monotonic_us();
    enum smtp_status status = transport->ops->start_tls(transport, session->relay, deadline);
    outcome_end_phase(&dialogue->outcome->timing, PHASE_TLS, began_us);
    if (status != SMTP_STATUS_OK)
        return smtp_dialogue_judge(dialogue, SMTP_STEP_TLS, status);
    const struct smtp_tls_facts *facts = &transport->tls;
    dialogue->outcome->tls = arena_copy(dialogue->arena, str_of(facts->version));
    smtp_transcript_note(dialogue->transcript, "%s, %s, certificate of %s", facts->version, facts->cipher,
                         facts->certificate.subject);
    return true;
}

/* An alert or a handshake record (RFC 8446 5.1): somebody speaks TLS where a greeting was due. */
static bool is_tls_record(struct str bytes)
{
    return str_starts_with(bytes, STR("\x15\x03")) || str_starts_with(bytes, STR("\x16\x03"));
}

static bool read_greeting(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeouts(dialogue)->greeting_ms);
    enum smtp_status status = smtp_dialogue_read_reply(dialogue, deadline);
    if (status == SMTP_STATUS_MALFORMED && is_tls_record(buf_view(&session->reply.lines))) {
        status = SMTP_STATUS_TLS_REFUSED;
        snprintf(session->transport->tls.problem, sizeof session->transport->tls.problem,
                 "the relay speaks TLS from the first octet: is this a port for implicit TLS (smtps://)?");
    }
    if (!smtp_dialogue_judge(dialogue, SMTP_STEP_GREETING, status))
        return false;
    struct str lines = buf_view(&session->reply.lines);
    buf_append(&session->greeting, smtp_reply_next_text(&lines));
    smtp_redactor_apply(&session->redactor, &session->greeting);
    return true;
}

/* RFC 5321 3.2. HELO offers nothing: it will do only where nothing more is needed. */
static bool may_say_helo(const struct smtp_dialogue *dialogue)
{
    const struct smtp_relay *relay = dialogue->session->relay;
    bool needs_starttls = relay->tls == SMTP_TLS_STARTTLS && !is_encrypted(dialogue);
    bool needs_auth = smtp_sasl_is_wanted(relay);
    if (relay->protocol == SMTP_PROTOCOL_LMTP) /* RFC 2033 4.1: there LHLO is the only greeting */
        return false;
    return !needs_starttls && !needs_auth && smtp_trouble_allows_helo(dialogue->session->reply.code);
}

/* RFC 5321 4.1.4: who has no name gives its address. */
struct str smtp_greet_name(const struct smtp_session *session)
{
    struct str name = session->relay->ehlo_name;
    return name.data ? name : str_of(session->transport->local_literal);
}

static bool say_ehlo(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    struct str name = smtp_greet_name(session);
    smtp_capabilities_forget(&session->capabilities);
    const char *verb = session->relay->protocol == SMTP_PROTOCOL_LMTP ? "LHLO" : "EHLO";
    buf_append_format(smtp_dialogue_begin(dialogue), "%s %.*s", verb, STR_ARG(name));
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeouts(dialogue)->greeting_ms);
    enum smtp_status status = smtp_dialogue_exchange(dialogue, buf_view(&session->command), deadline);
    if (status == SMTP_STATUS_OK && may_say_helo(dialogue)) {
        buf_append_format(smtp_dialogue_begin(dialogue), "HELO %.*s", STR_ARG(name));
        return smtp_dialogue_command(dialogue, SMTP_STEP_HELO, timeouts(dialogue)->greeting_ms);
    }
    if (!smtp_dialogue_judge(dialogue, SMTP_STEP_EHLO, status))
        return false;
    if (!smtp_capabilities_read(&session->capabilities, &session->reply))
        return smtp_dialogue_judge(dialogue, SMTP_STEP_EHLO, SMTP_STATUS_NO_MEMORY);
    smtp_redactor_apply(&session->redactor, &session->capabilities.keywords);
    return true;
}

static bool say_starttls(struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    if (!smtp_capabilities_offer(&session->capabilities, SMTP_STARTTLS))
        return fault_set(&dialogue->outcome->fault, FAULT_UPSTREAM_TLS_REQUIRED,
                         "relay %s does not offer STARTTLS, and nothing is sent in the clear",
                         smtp_relay_name(session->relay).text);
    buf_append(smtp_dialogue_begin(dialogue), STR("STARTTLS"));
    if (!smtp_dialogue_command(dialogue, SMTP_STEP_STARTTLS, timeouts(dialogue)->greeting_ms))
        return false;
    /* Whatever stands behind the 220 came in the clear, and would be taken for an answer given under TLS
     * (CVE-2011-0411). */
    if (session->input_at < session->input_end)
        return smtp_dialogue_judge(dialogue, SMTP_STEP_STARTTLS, SMTP_STATUS_UNSOLICITED);
    return encrypt(dialogue);
}

bool smtp_greet(struct smtp_dialogue *dialogue)
{
    enum smtp_tls tls = dialogue->session->relay->tls;
    if (tls == SMTP_TLS_IMPLICIT && !encrypt(dialogue))
        return false;
    if (!read_greeting(dialogue) || !say_ehlo(dialogue))
        return false;
    if (tls != SMTP_TLS_STARTTLS)
        return true;
    return say_starttls(dialogue) && say_ehlo(dialogue);
}
