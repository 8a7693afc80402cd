/* A mail transaction: MAIL, RCPT, and the message by DATA or in chunks (RFC 3030).
 *
 * A message is taken when the reply to its end of data can say so, and never else: a connection that ends
 * before leaves nothing behind. But for one that is rehearsed: the connection that is lost behind the end of data
 * loses only the reply, as it does where a caller may not send again (RFC 1047). */
#include "base/log.h"
#include "service/sandbox/connection_inside.h"
#include "service/sandbox/data.h"
#include "service/sandbox/digest.h"

#include <assert.h>
#include <stdio.h>

static const char no_room[] = "452 4.3.1 Insufficient system storage";
static const char too_big[] = "552 5.3.4 Error: message file too big";

/* Room for what is declared, so that it is received without copies; pages that nothing comes for cost
 * nothing. */
static bool begin_message(struct connection *connection, const struct sandbox_mail *mail)
{
    connection->message = sandbox_message_new(connection->terms->max_message_bytes);
    struct sandbox_message *message = connection->message;
    if (!message)
        return false;
    buf_append(&message->return_path, mail->return_path);
    buf_append(&message->mail_parameters, mail->parameters);
    buf_reserve(&message->content, (size_t)mail->size_octets);
    if (message->return_path.failed || message->mail_parameters.failed || message->content.failed)
        sandbox_store_discard(connection->terms->store, &connection->message);
    return connection->message;
}

void transaction_mail(struct connection *connection, struct str argument)
{
    struct sandbox_mail mail;
    const char *refusal = sandbox_command_read_mail(argument, &mail);
    if (!refusal && mail.size_octets > connection->terms->max_message_bytes)
        refusal = "552 5.3.4 Message size exceeds fixed limit"; /* RFC 1870 6.1 */
    if (!refusal && !begin_message(connection, &mail))
        refusal = no_room;
    if (refusal) {
        connection_refuse(connection, refusal);
        return;
    }
    connection->smtputf8 = mail.smtputf8;
    connection->message_refusal = NULL;
    if (!stage_reply(connection, SANDBOX_STEP_MAIL, (struct str){0}, "250 2.1.0 Ok"))
        connection_end_transaction(connection);
}

static const char *claim(struct connection *connection, size_t octets)
{
    return sandbox_store_claim(connection->terms->store, connection->message, octets) ? NULL : no_room;
}

/* Recipients count before their message does, lest a thousand connections hold a thousand of them each. */
static const char *find_room(struct connection *connection, struct str recipient, struct str parameters)
{
    if (connection->message->recipient_count == SANDBOX_MAX_RECIPIENTS)
        return "452 4.5.3 Error: too many recipients"; /* RFC 5321 4.5.3.1.10 */
    return claim(connection, recipient.len + parameters.len + 2);
}

void transaction_rcpt(struct connection *connection, struct str argument)
{
    struct str recipient, parameters;
    const char *refusal = sandbox_command_read_rcpt(argument, connection->smtputf8, &recipient, &parameters);
    if (!refusal)
        refusal = find_room(connection, recipient, parameters);
    if (refusal) {
        connection_refuse(connection, refusal);
        return;
    }
    if (!stage_reply(connection, SANDBOX_STEP_RCPT, recipient, "250 2.1.5 Ok"))
        return;
    const struct sandbox_address *agreed = sandbox_address_find(recipient);
    if (agreed && !connection->agreed)
        connection->agreed = agreed;
    if (!sandbox_message_add_recipient(connection->message, recipient, parameters))
        connection->message_refusal = no_room;
}

/* In place of what would fill the dialogue. */
static void note_content(struct connection *connection, const char *what, size_t octets)
{
    char line[64];
    snprintf(line, sizeof line, "(%s of %zu octets)", what, octets);
    connection_hear(connection, str_of(line));
}

static bool put(struct connection *connection, char queue_id[static SANDBOX_QUEUE_ID_BYTES])
{
    const struct sandbox_terms *terms = connection->terms;
    struct sandbox_message *message = connection->message;
    message->session = connection->session;
    sandbox_digest_message(message);
    int64_t bytes = (int64_t)message->content.len, recipients = (int64_t)message->recipient_count;
    if (!sandbox_store_put(terms->store, &connection->message, queue_id))
        return false;
    struct sandbox_record *record = connection->record;
    if (record && record->message_count < SANDBOX_SHOWN_MESSAGES)
        snprintf(record->queue_ids[record->message_count], SANDBOX_QUEUE_ID_BYTES, "%s", queue_id);
    if (record)
        record->message_count++;
    log_event(LOG_LEVEL_INFO, "captured", LOG_TEXT("queue_id", queue_id), LOG_INT("bytes", bytes),
              LOG_INT("recipients", recipients));
    return true;
}

/* The message keeps the dialogue with the reply that takes it, which is said only once it was. */
static void take(struct connection *connection)
{
    char queue_id[SANDBOX_QUEUE_ID_BYTES], usual[SANDBOX_REPLY_BYTES];
    struct buf *dialogue = &connection->message->dialogue;
    snprintf(usual, sizeof usual, "250 2.0.0 Ok: queued as %s", connection->message->queue_id);
    const char *reply = stage_prepare(connection, SANDBOX_STEP_END_OF_DATA, (struct str){0}, usual);
    if (connection->status == SANDBOX_WIRE_STOPPED)
        return; /* which is said by a 421, and must be true */
    if (reply && reply[0] >= '4') {
        stage_say(connection, reply);
        return;
    }
    connection_take_dialogue(connection, dialogue);
    if (reply)
        sandbox_dialogue_add(dialogue, SANDBOX_SERVER, str_of(reply));
    if (!put(connection, queue_id)) {
        connection_refuse(connection, no_room);
        return;
    }
    connection->errors = 0; /* they end sessions that get nowhere, not those that live long */
    if (reply)
        sandbox_wire_say(&connection->wire, "%s", reply);
    sandbox_events_add(connection->terms->events, SANDBOX_EVENT_MESSAGE, queue_id);
}

static void conclude(struct connection *connection, const char *refusal)
{
    if (refusal)
        connection_refuse(connection, refusal);
    else
        take(connection);
    connection_end_transaction(connection);
}

/* In the middle of the message, as soon as a part of it has come. */
static bool play_content(struct connection *connection)
{
    return stage_prepare(connection, SANDBOX_STEP_CONTENT, (struct str){0}, "") != NULL;
}

/* Reads to the end of data, whatever becomes of the content: the dialogue can only go on behind it. Returns
 * the reply that refuses the message; NULL where it was kept whole, or the wire failed. */
static const char *receive_content(struct connection *connection)
{
    struct deadline deadline = deadline_after_ms(MESSAGE_TIMEOUT_MS);
    struct sandbox_message *message = connection->message;
    struct sandbox_data data = {0};
    const char *refusal = connection->message_refusal;
    for (bool is_first = true; data.state != SANDBOX_DATA_END; is_first = false) {
        connection->status = sandbox_wire_fill(&connection->wire, deadline);
        if (connection_is_over(connection) || (is_first && !play_content(connection)))
            return NULL;
        struct str ahead = sandbox_wire_ahead(&connection->wire);
        if (!refusal)
            refusal = claim(connection, ahead.len);
        size_t used = sandbox_data_feed(&data, ahead, refusal ? NULL : &message->content);
        sandbox_wire_consume(&connection->wire, used);
        if (message->content.failed)
            refusal = too_big;
    }
    return refusal;
}

void transaction_data(struct connection *connection, struct str argument)
{
    (void)argument;
    if (!stage_reply(connection, SANDBOX_STEP_DATA, (struct str){0}, "354 End data with <CR><LF>.<CR><LF>"))
        return;
    const char *refusal = receive_content(connection);
    if (connection_is_over(connection))
        return;
    note_content(connection, "a message", connection->message->content.len);
    conclude(connection, refusal);
}

/* RFC 3030 2: octets as they are, counted; also those of a chunk that is refused go by. */
static const char *receive_chunk(struct connection *connection, uint64_t octets)
{
    struct deadline deadline = deadline_after_ms(MESSAGE_TIMEOUT_MS);
    const char *refusal = connection->message_refusal;
    bool is_first = !connection->has_chunks;
    struct sandbox_message *message = connection->message;
    assert(refusal || message);
    for (uint64_t left = octets; left; is_first = false) {
        connection->status = sandbox_wire_fill(&connection->wire, deadline);
        if (connection_is_over(connection) || (is_first && message && !play_content(connection)))
            return NULL;
        struct str ahead = sandbox_wire_ahead(&connection->wire);
        if (ahead.len > left)
            ahead = str_first(ahead, (size_t)left);
        if (!refusal)
            refusal = claim(connection, ahead.len);
        if (!refusal)
            buf_append(&message->content, ahead);
        if (!refusal && message->content.failed)
            refusal = too_big;
        sandbox_wire_consume(&connection->wire, ahead.len);
        left -= ahead.len;
    }
    return refusal;
}

static const char *find_message_refusal(const struct connection *connection)
{
    if (!connection->message)
        return "503 5.5.1 Error: need MAIL command";
    if (!connection->message->recipient_count)
        return "554 5.5.1 Error: no valid recipients"; /* RFC 5321 4.1.1.4 */
    return connection->message_refusal;
}

/* The chunk that is none of this transaction's is read, and dropped, as it must be (RFC 3030 2). */
static void begin_chunks(struct connection *connection)
{
    connection->message_refusal = find_message_refusal(connection);
    if (connection->has_chunks || connection->message_refusal)
        return;
    const char *reply = stage_prepare(connection, SANDBOX_STEP_DATA, (struct str){0}, "");
    if (reply && reply[0] >= '4') {
        snprintf(connection->kept_reply, sizeof connection->kept_reply, "%s", reply);
        connection->message_refusal = connection->kept_reply;
    }
}

void transaction_bdat(struct connection *connection, struct str argument)
{
    struct sandbox_chunk chunk;
    const char *refusal = sandbox_command_read_bdat(argument, &chunk);
    if (refusal || chunk.octets > connection->terms->max_message_bytes) {
        /* Where the chunk ends is not known, or too far away to get there. */
        connection_refuse(connection, refusal ? refusal : too_big);
        connection->quit = true;
        return;
    }
    begin_chunks(connection);
    if (connection_is_over(connection))
        return;
    refusal = receive_chunk(connection, chunk.octets);
    if (connection_is_over(connection))
        return;
    connection->has_chunks = connection->message != NULL;
    connection->message_refusal = refusal;
    note_content(connection, "a chunk", (size_t)chunk.octets);
    if (refusal) {
        connection_refuse(connection, refusal);
        if (chunk.is_last)
            connection_end_transaction(connection);
        return;
    }
    if (chunk.is_last)
        conclude(connection, NULL);
    else
        connection_say(connection, "250 2.0.0 Ok: %zu octets so far", connection->message->content.len);
}
