/* A reply belongs to a command only if nothing had arrived before the command went out: whatever stands in
 * the way then, an injected reply or one too many, would shift every verdict that follows by one (RFC
 * 2920 3.2 calls this loss of synchronisation). So each exchange begins by making sure of silence. */
#include "smtp/dialogue.h"

#include "base/utf8.h"

enum { DETAIL_TEXT_BYTES = 200 };

static const struct deadline NOW = {0};

struct deadline smtp_dialogue_deadline(const struct smtp_dialogue *dialogue, int64_t timeout_ms)
{
    return deadline_earlier(dialogue->total, deadline_after_ms(timeout_ms));
}

/* Called when all that was read before is used up. */
static enum smtp_status fill_input(struct smtp_session *session, struct deadline deadline)
{
    size_t got = 0;
    struct smtp_transport *transport = session->transport;
    enum smtp_status status =
        transport->ops->read(transport, session->input, sizeof session->input, deadline, &got);
    session->input_at = 0;
    session->input_end = status == SMTP_STATUS_OK ? got : 0;
    return status;
}

enum smtp_status smtp_dialogue_peek(struct smtp_session *session)
{
    return session->input_at < session->input_end ? SMTP_STATUS_OK : fill_input(session, NOW);
}

static enum smtp_reply_state feed_reply(struct smtp_session *session)
{
    size_t used;
    struct str bytes = {session->input + session->input_at, session->input_end - session->input_at};
    enum smtp_reply_state state = smtp_reply_feed(&session->reply, bytes, &used);
    session->input_at += used;
    return state;
}

/* A copy of the reply without our own secrets, to be finished. What is acted upon is the reply as it came: a
 * password may look like a keyword. */
static struct smtp_reply redact_reply(const struct smtp_session *session)
{
    struct smtp_reply shown = session->reply;
    buf_init(&shown.lines, SMTP_REPLY_MAX_BYTES);
    buf_append(&shown.lines, buf_view(&session->reply.lines));
    smtp_redactor_apply(&session->redactor, &shown.lines);
    return shown;
}

struct outcome_reply smtp_dialogue_show_reply(const struct smtp_dialogue *dialogue)
{
    struct smtp_reply shown = redact_reply(dialogue->session);
    struct outcome_reply reply = smtp_reply_show(&shown, dialogue->arena);
    smtp_reply_fini(&shown);
    return reply;
}

static void note_reply(const struct smtp_dialogue *dialogue)
{
    if (!dialogue->transcript)
        return;
    /* A challenge is one half of a login (RFC 4954 4), as masked as the other. */
    if (dialogue->session->reply.code == 334) {
        smtp_transcript_server(dialogue->transcript, STR("334 ***"));
        return;
    }
    struct smtp_reply shown = redact_reply(dialogue->session);
    smtp_transcript_server(dialogue->transcript, buf_view(&shown.lines));
    smtp_reply_fini(&shown);
}

enum smtp_status smtp_dialogue_read_reply(struct smtp_dialogue *dialogue, struct deadline deadline)
{
    struct smtp_session *session = dialogue->session;
    enum smtp_status status = SMTP_STATUS_OK;
    smtp_reply_clear(&session->reply);
    enum smtp_reply_state state = feed_reply(session);
    while (state == SMTP_REPLY_PARTIAL && status == SMTP_STATUS_OK) {
        status = fill_input(session, deadline);
        if (status == SMTP_STATUS_OK)
            state = feed_reply(session);
    }
    if (state == SMTP_REPLY_MALFORMED)
        status = SMTP_STATUS_MALFORMED;
    if (state == SMTP_REPLY_NO_MEMORY)
        status = SMTP_STATUS_NO_MEMORY;
    note_reply(dialogue);
    if (status == SMTP_STATUS_OK)
        session->heard_at_us = clock_monotonic_us();
    return status;
}

struct buf *smtp_dialogue_begin(struct smtp_dialogue *dialogue)
{
    buf_clear(&dialogue->session->command);
    return &dialogue->session->command;
}

/* A relay may take its leave at any time (RFC 5321 3.8). */
enum smtp_status smtp_dialogue_listen(struct smtp_dialogue *dialogue)
{
    enum smtp_status status = smtp_dialogue_peek(dialogue->session);
    if (status != SMTP_STATUS_OK)
        return status;
    bool is_leave =
        smtp_dialogue_read_reply(dialogue, NOW) == SMTP_STATUS_OK && dialogue->session->reply.code == 421;
    return is_leave ? SMTP_STATUS_OK : SMTP_STATUS_UNSOLICITED;
}

void smtp_dialogue_show(struct smtp_dialogue *dialogue, struct str lines)
{
    while (lines.data) {
        struct str line = str_cut(&lines, '\n');
        smtp_transcript_client(dialogue->transcript, str_first(line, str_index(line, '\r')));
    }
}

enum smtp_status smtp_dialogue_exchange(struct smtp_dialogue *dialogue, struct str shown,
                                        struct deadline deadline)
{
    struct smtp_session *session = dialogue->session;
    enum smtp_status status = smtp_dialogue_listen(dialogue);
    if (status != SMTP_STATUS_TIMEOUT)
        return status;
    smtp_dialogue_show(dialogue, shown);
    buf_append(&session->command, STR("\r\n"));
    if (session->command.failed)
        return SMTP_STATUS_NO_MEMORY;
    size_t taken;
    status =
        session->transport->ops->write(session->transport, buf_view(&session->command), deadline, &taken);
    if (status == SMTP_STATUS_OK)
        return smtp_dialogue_read_reply(dialogue, deadline);
    /* A relay that hangs up has often said why. */
    if (status == SMTP_STATUS_RESET && smtp_dialogue_read_reply(dialogue, NOW) == SMTP_STATUS_OK)
        return SMTP_STATUS_OK;
    return status;
}

static bool fail_by_status(struct smtp_dialogue *dialogue, enum smtp_step step, enum smtp_status status)
{
    const char *problem = dialogue->session->transport->tls.problem;
    dialogue->session->is_broken = true;
    return fault_set(&dialogue->outcome->fault, smtp_trouble_of_status(step, status),
                     "%s at %s (relay %s)%s%s", smtp_trouble_status_name(status),
                     smtp_trouble_step_name(step), smtp_relay_name(dialogue->session->relay).text,
                     problem[0] ? ": " : "", problem);
}

static bool fail_by_reply(struct smtp_dialogue *dialogue, enum smtp_step step, enum fault_code code)
{
    const struct outcome_reply *reply = &dialogue->outcome->reply;
    struct str text = utf8_first(reply->text, DETAIL_TEXT_BYTES);
    if (reply->code == 421 || code == FAULT_UPSTREAM_PROTOCOL_ERROR || code == FAULT_OUTCOME_UNKNOWN)
        dialogue->session->is_broken = true;
    return fault_set(&dialogue->outcome->fault, code, "relay %s answered %s with %d%s%.*s",
                     smtp_relay_name(dialogue->session->relay).text, smtp_trouble_step_name(step),
                     reply->code, text.len ? ": " : "", STR_ARG(text));
}

bool smtp_dialogue_judge(struct smtp_dialogue *dialogue, enum smtp_step step, enum smtp_status status)
{
    const struct smtp_reply *reply = &dialogue->session->reply;
    if (status != SMTP_STATUS_OK)
        return fail_by_status(dialogue, step, status);
    enum fault_code code = smtp_trouble_of_reply(step, reply->code, smtp_reply_enhanced(reply));
    if (code == FAULT_NONE)
        return true;
    dialogue->outcome->reply = smtp_dialogue_show_reply(dialogue);
    return fail_by_reply(dialogue, step, code);
}

bool smtp_dialogue_command(struct smtp_dialogue *dialogue, enum smtp_step step, int64_t timeout_ms)
{
    struct buf *command = &dialogue->session->command;
    struct deadline deadline = smtp_dialogue_deadline(dialogue, timeout_ms);
    return smtp_dialogue_judge(dialogue, step, smtp_dialogue_exchange(dialogue, buf_view(command), deadline));
}
