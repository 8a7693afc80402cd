/* One way for every relay: without PIPELINING a flight is one command long.
 *
 * DATA goes along only where no reply could make it a mistake: with one recipient, or where those who are
 * accepted get the message whatever became of the others. If the relay then says 354 although nobody was
 * accepted, the connection is closed without a word: a lone dot would be an empty mail (RFC 2920 3.1), and
 * QUIT a line of one.
 *
 * Every recipient is asked for, whatever became of the one before: who is refused learns of all of them at
 * once. */
#include "smtp/flight.h"

#include "smtp/command.h"
#include "smtp/dialogue.h"
#include "smtp/verdict.h"

#include <assert.h>

/* Of a message that goes along with its commands: beyond it the round trip that is saved counts for little.
 */
enum { MAX_CARRIED_OCTETS = 65536 };

/* How long ago the relay's last sign of life may be. */
enum { ALIVE_US = 1000000 };

/* An upper bound: the address stands in the path and in ORCPT, where an octet takes six at most (RFC 6533 3).
 */
static bool fits_one_flight(const struct smtp_flight *flight)
{
    enum { PARAMETERS_BYTES = 96, MAIL_BYTES = 1100 };
    size_t bytes = MAIL_BYTES;
    for (size_t i = 0; i < flight->count && bytes < SMTP_FLIGHT_BYTES; i++)
        bytes += PARAMETERS_BYTES + 7 * flight->mail->envelope->recipients[flight->first + i].len;
    return bytes < SMTP_FLIGHT_BYTES;
}

/* Whether BDAT and its chunk go along with MAIL and RCPT. With the last octets handed over nothing is tried a
 * second time, and a session that had died is an outcome that nobody knows; so it must be a new one, which no
 * limit of messages can have ended, and whose relay spoke a moment ago. LMTP does not say how many replies a
 * chunk gets for which nobody was accepted. */
static bool may_carry_message(const struct smtp_flight *flight, const struct smtp_session *session)
{
    bool is_sure = flight->count == 1 || flight->mail->envelope->partial == PARTIAL_DELIVER;
    return flight->is_chunk && is_sure && !session->is_used &&
           session->relay->protocol == SMTP_PROTOCOL_SMTP &&
           smtp_capabilities_offer(&session->capabilities, SMTP_PIPELINING) &&
           flight->mail->source->size_octets <= MAX_CARRIED_OCTETS &&
           clock_monotonic_us() - session->heard_at_us < ALIVE_US && fits_one_flight(flight);
}

void smtp_flight_start(struct smtp_flight *flight, struct smtp_session *session, const struct smtp_mail *mail,
                       size_t first, size_t count)
{
    const struct smtp_capabilities *offered = &session->capabilities;
    bool is_sure = count == 1 || mail->envelope->partial == PARTIAL_DELIVER;
    *flight = (struct smtp_flight){.mail = mail, .first = first, .count = count};
    flight->is_chunk = session->relay->chunking && smtp_capabilities_offer(offered, SMTP_CHUNKING);
    flight->has_data = !flight->is_chunk && is_sure && smtp_capabilities_offer(offered, SMTP_PIPELINING);
    flight->carries_message = may_carry_message(flight, session);
    smtp_limits_count(&session->tally, offered, mail->envelope);
}

static size_t command_count(const struct smtp_flight *flight)
{
    return 1 + flight->count + flight->has_data;
}

static enum smtp_step step_at(const struct smtp_flight *flight, size_t command)
{
    if (command == 0)
        return SMTP_STEP_MAIL;
    if (command <= flight->count)
        return SMTP_STEP_RCPT;
    return flight->carries_message ? SMTP_STEP_DOT : SMTP_STEP_DATA;
}

enum smtp_step smtp_flight_step(const struct smtp_flight *flight)
{
    return step_at(flight, flight->heard);
}

bool smtp_flight_is_owed(const struct smtp_flight *flight)
{
    return flight->heard < flight->said + flight->carries_message;
}

static void append_command(const struct smtp_flight *flight, struct smtp_session *session)
{
    const struct smtp_mail *mail = flight->mail;
    struct buf *lines = &session->command;
    if (flight->said == 0)
        smtp_command_mail(lines, mail->envelope, mail->source->size_octets, &session->capabilities);
    else if (flight->said <= flight->count)
        smtp_command_rcpt(lines, mail->envelope, flight->first + flight->said - 1);
    else
        buf_append(lines, STR("DATA"));
}

void smtp_flight_queue(struct smtp_flight *flight, struct smtp_session *session)
{
    size_t window = smtp_capabilities_offer(&session->capabilities, SMTP_PIPELINING) ? SMTP_FLIGHT_BYTES : 0;
    const char *separator = "";
    do {
        buf_append(&session->command, str_of(separator));
        append_command(flight, session);
        flight->said++;
        separator = "\r\n";
    } while (flight->said < command_count(flight) && session->command.len < window);
    assert(!flight->carries_message || flight->said == command_count(flight));
}

static int64_t timeout_ms(const struct smtp_timeouts *timeouts, enum smtp_step step)
{
    if (step == SMTP_STEP_MAIL)
        return timeouts->mail_ms;
    if (step == SMTP_STEP_RCPT)
        return timeouts->rcpt_ms;
    return step == SMTP_STEP_DATA ? timeouts->data_initiation_ms : timeouts->data_termination_ms;
}

enum smtp_status smtp_flight_hear(struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    int64_t ms = timeout_ms(&session->relay->timeouts, smtp_flight_step(flight));
    struct deadline deadline = smtp_dialogue_deadline(dialogue, ms);
    enum smtp_status status;
    if (smtp_flight_is_owed(flight)) {
        status = smtp_dialogue_read_reply(dialogue, deadline);
    } else {
        struct buf *commands = smtp_dialogue_begin(dialogue);
        smtp_flight_queue(flight, session);
        status = smtp_dialogue_exchange(dialogue, buf_view(commands), deadline);
    }
    flight->heard++;
    flight->heard_status = status;
    return status;
}

static bool hear_mail(struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    enum smtp_status status = smtp_flight_hear(flight, dialogue);
    int code = status == SMTP_STATUS_OK ? dialogue->session->reply.code : 0;
    flight->is_stale = smtp_trouble_is_stale(code, status);
    return smtp_dialogue_judge(dialogue, SMTP_STEP_MAIL, status);
}

/* False where the session has ended; a recipient that is refused is a verdict, not a failure. */
static bool hear_recipient(struct smtp_flight *flight, struct smtp_dialogue *dialogue,
                           struct outcome_recipient *recipient)
{
    const struct smtp_reply *reply = &dialogue->session->reply;
    enum smtp_status status = smtp_flight_hear(flight, dialogue);
    if (status == SMTP_STATUS_OK) {
        enum fault_code code = smtp_trouble_of_reply(SMTP_STEP_RCPT, reply->code, smtp_reply_enhanced(reply));
        recipient->status = smtp_trouble_of_recipient(code);
        recipient->reply = smtp_dialogue_show_reply(dialogue);
    }
    return recipient->status != RECIPIENT_NOT_TRIED || smtp_dialogue_judge(dialogue, SMTP_STEP_RCPT, status);
}

/* Reads the verdicts of this flight's recipients. False where nobody gets the message. */
static bool judge_recipients(const struct smtp_flight *flight, struct outcome *outcome)
{
    struct outcome_recipient *recipients = outcome->recipients + flight->first;
    enum fault_code code =
        smtp_trouble_of_recipients(recipients, flight->count, flight->mail->envelope->partial);
    return code == FAULT_NONE || smtp_verdict_refuse(outcome, code);
}

bool smtp_flight_ask(struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    struct outcome *outcome = dialogue->outcome;
    if (!hear_mail(flight, dialogue))
        return false;
    for (size_t i = 0; i < flight->count; i++)
        if (!hear_recipient(flight, dialogue, &outcome->recipients[flight->first + i]))
            return false;
    return judge_recipients(flight, outcome);
}

bool smtp_flight_begin_data(struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    if (flight->has_data)
        return smtp_dialogue_judge(dialogue, SMTP_STEP_DATA, smtp_flight_hear(flight, dialogue));
    buf_append(smtp_dialogue_begin(dialogue), STR("DATA"));
    return smtp_dialogue_command(dialogue, SMTP_STEP_DATA,
                                 dialogue->session->relay->timeouts.data_initiation_ms);
}

void smtp_flight_drain(struct smtp_flight *flight, struct smtp_dialogue *dialogue)
{
    struct smtp_session *session = dialogue->session;
    while (smtp_flight_is_owed(flight) && !session->is_broken) {
        bool is_data = smtp_flight_step(flight) == SMTP_STEP_DATA;
        bool heard = smtp_flight_hear(flight, dialogue) == SMTP_STATUS_OK;
        int code = session->reply.code;
        session->is_broken = !heard || code == 421 || (is_data && code < 400);
    }
}
