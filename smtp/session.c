/* Opening is greet.c and login.c, sending is transaction.c and data.c; here stands what lasts from one to
 * the next. A fault decides the delivery in one place, at the end of a send. */
#include "smtp/session.h"

#include "smtp/dial.h"
#include "smtp/greet.h"
#include "smtp/login.h"
#include "smtp/tls.h"
#include "smtp/transaction.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* The answer has been given when QUIT is said: nobody waits for its 221 but the thread. */
enum { QUIT_WAIT_MS = 1000, MAX_GREETING_BYTES = SMTP_REPLY_MAX_LINE_BYTES };

static struct smtp_session *session_new(struct smtp_transport *transport, const struct smtp_relay *relay)
{
    struct smtp_session *session = calloc(1, sizeof *session);
    if (!session)
        return NULL;
    session->relay = relay;
    session->transport = transport;
    smtp_capabilities_init(&session->capabilities);
    smtp_reply_init(&session->reply);
    buf_init(&session->greeting, MAX_GREETING_BYTES);
    buf_init(&session->command, SMTP_MAX_COMMAND_BYTES);
    smtp_tally_init(&session->tally);
    return session;
}

static void session_free(struct smtp_session *session)
{
    session->transport->ops->free(session->transport);
    smtp_capabilities_fini(&session->capabilities);
    smtp_reply_fini(&session->reply);
    buf_wipe(&session->greeting);
    buf_wipe(&session->command);
    smtp_tally_fini(&session->tally);
    smtp_redactor_fini(&session->redactor);
    explicit_bzero(session, sizeof *session); /* the body's last block, and what a relay may have echoed */
    free(session);
}

static void say_quit(struct smtp_session *session, struct smtp_transcript *transcript, int64_t wait_ms)
{
    /* With replies owed, one of them may be a 354, behind which QUIT would be a line of a message. */
    if (session->is_broken || session->begun.mail)
        return;
    struct smtp_dialogue dialogue = {
        .session = session, .total = deadline_after_ms(wait_ms), .transcript = transcript};
    struct buf *command = smtp_dialogue_begin(&dialogue);
    buf_append(command, STR("QUIT"));
    smtp_dialogue_exchange(&dialogue, buf_view(command), dialogue.total);
}

static void name_relay(const struct smtp_relay *relay, struct arena *arena, struct outcome *outcome)
{
    outcome->delivery = DELIVERY_NOT_SENT;
    outcome->fault = (struct fault){.code = FAULT_NONE};
    outcome->host = arena_copy(arena, relay->host);
    outcome->port = relay->port;
    outcome->tls = (struct str){0};
    outcome->reply = (struct outcome_reply){0};
    outcome->queue_id = (struct str){0};
}

/* TLS is a phase of its own. */
static bool greet(struct smtp_dialogue *dialogue)
{
    struct outcome_timing *timing = &dialogue->outcome->timing;
    int64_t began_us = clock_monotonic_us();
    bool goes_on = smtp_greet(dialogue);
    outcome_end_phase(timing, PHASE_GREETING, began_us);
    timing->phases[PHASE_GREETING].took_us -= timing->phases[PHASE_TLS].took_us;
    return goes_on;
}

struct smtp_session *smtp_session_open_over(struct smtp_transport *transport, const struct smtp_relay *relay,
                                            struct deadline total, struct arena *arena,
                                            struct smtp_transcript *transcript, struct outcome *outcome)
{
    name_relay(relay, arena, outcome);
    struct smtp_session *session = session_new(transport, relay);
    if (!session) {
        transport->ops->free(transport);
        fault_set(&outcome->fault, FAULT_OVERLOADED, "out of memory");
        return NULL;
    }
    struct smtp_dialogue dialogue = {session, total, arena, transcript, outcome};
    bool knows_secrets = smtp_login_learn_secrets(session, total) ||
                         smtp_dialogue_judge(&dialogue, SMTP_STEP_GREETING, SMTP_STATUS_NO_MEMORY);
    if (knows_secrets && greet(&dialogue) && smtp_login(&dialogue))
        return session;
    say_quit(session, transcript, 0);
    session_free(session);
    return NULL;
}

struct smtp_session *smtp_session_open(const struct smtp_relay *relay, struct deadline total,
                                       struct arena *arena, struct smtp_transcript *transcript,
                                       struct outcome *outcome)
{
    int64_t began_us = clock_monotonic_us();
    name_relay(relay, arena, outcome);
    struct smtp_transport *transport = smtp_dial(relay, total, &outcome->fault);
    outcome_end_phase(&outcome->timing, PHASE_CONNECT, began_us);
    if (!transport)
        return NULL;
    smtp_dial_note(transport, relay, transcript);
    struct smtp_session *session =
        smtp_session_open_over(transport, relay, total, arena, transcript, outcome);
    outcome->timing.connected_us = clock_monotonic_us() - began_us;
    return session;
}

enum smtp_after smtp_session_send(struct smtp_session *session, const struct smtp_mail *mail,
                                  const struct smtp_waiting *waiting)
{
    assert(!session->is_broken);
    int64_t began_us = clock_monotonic_us();
    struct outcome *outcome = mail->outcome;
    name_relay(session->relay, mail->arena, outcome);
    outcome->tls = arena_copy(mail->arena, str_of(session->transport->tls.version));
    outcome->recipient_count = mail->envelope->recipient_count;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        outcome->recipients[i] = (struct outcome_recipient){.status = RECIPIENT_NOT_TRIED};
    struct smtp_dialogue dialogue = {session, mail->total, mail->arena, mail->transcript, outcome};
    enum smtp_after after = smtp_transaction_run(&dialogue, mail, waiting);
    if (outcome->fault.code != FAULT_NONE)
        outcome->delivery = smtp_trouble_delivery(outcome->fault.code);
    outcome->timing.sent_us = clock_monotonic_us() - began_us;
    return after;
}

bool smtp_session_is_idle(struct smtp_session *session)
{
    return !session->is_broken && (session->begun.mail || smtp_dialogue_peek(session) == SMTP_STATUS_TIMEOUT);
}

bool smtp_session_probe(struct smtp_session *session, int64_t wait_ms)
{
    if (session->is_broken || session->begun.mail)
        return !session->is_broken;
    struct smtp_dialogue dialogue = {.session = session, .total = deadline_after_ms(wait_ms)};
    struct buf *command = smtp_dialogue_begin(&dialogue);
    buf_append(command, STR("NOOP"));
    enum smtp_status status = smtp_dialogue_exchange(&dialogue, buf_view(command), dialogue.total);
    bool is_alive = status == SMTP_STATUS_OK && session->reply.code == 250 && smtp_session_is_idle(session);
    session->is_broken = !is_alive;
    return is_alive;
}

void smtp_session_describe(const struct smtp_session *session, struct smtp_session_facts *facts)
{
    *facts = (struct smtp_session_facts){.address = str_of(session->transport->peer),
                                         .ehlo_name = smtp_greet_name(session),
                                         .greeting = buf_view(&session->greeting),
                                         .keywords = buf_view(&session->capabilities.keywords),
                                         .mechanism = str_of(session->mechanism),
                                         .tls = &session->transport->tls};
}

void smtp_session_close(struct smtp_session **session)
{
    if (!*session)
        return;
    say_quit(*session, NULL, QUIT_WAIT_MS);
    session_free(*session);
    *session = NULL;
}
