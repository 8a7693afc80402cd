/* tests/unit/smtp/replay.h: runs a script over the memory transport, and checks what came of it.
 *
 * Where the run was cut short, the checks know nothing of the code: what the delivery must be follows from
 * which octets had passed when the connection was gone.
 */
#ifndef POSTERN_TESTS_SMTP_REPLAY_H
#define POSTERN_TESTS_SMTP_REPLAY_H

#include "memory_transport.h"
#include "test.h"

struct piece_source {
    struct str message;
    size_t at, piece_bytes;
};

struct replay {
    const struct script *script;
    struct memory_transport memory;
    struct smtp_relay relay;
    struct arena arena;
    struct smtp_transcript transcript;
    struct smtp_session *session;
    struct outcome outcome;
    struct outcome_recipient recipients[SCRIPT_MAX_RECIPIENTS];
    struct str addresses[SCRIPT_MAX_RECIPIENTS];
    enum smtp_after after;
    size_t sent_from; /* of Postern's octets, where the last send began */
};

static const struct memory_plan replay_whole = {MEMORY_WHOLE, SIZE_MAX, SIZE_MAX, SMTP_STATUS_TIMEOUT};

static inline enum smtp_pull replay_pull(void *context, struct str *piece)
{
    struct piece_source *source = context;
    *piece = str_first(str_from(source->message, source->at), source->piece_bytes);
    source->at += piece->len;
    return piece->len ? SMTP_PULL_PIECE : SMTP_PULL_END;
}

static inline void replay_rewind(void *context)
{
    ((struct piece_source *)context)->at = 0;
}

static inline void replay_read_relay(struct smtp_relay *relay, struct str words)
{
    struct str tls = script_value(words, STR("tls"));
    *relay = (struct smtp_relay){
        .host = STR("relay.example"),
        .port = 587,
        .tls = str_equal(tls, STR("starttls"))   ? SMTP_TLS_STARTTLS
               : str_equal(tls, STR("implicit")) ? SMTP_TLS_IMPLICIT
                                                 : SMTP_TLS_NONE,
        .username = script_value(words, STR("username")),
        .password = script_value(words, STR("password")),
        .oauth_token = script_value(words, STR("token")),
        .auth = script_value(words, STR("auth")),
        .ehlo_name = STR("client.example"),
        .timeouts = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
        .stop_fd = -1,
    };
}

static inline size_t replay_read_recipients(struct replay *replay, struct str to)
{
    size_t count = 0;
    while (to.data && count < SCRIPT_MAX_RECIPIENTS)
        replay->addresses[count++] = str_cut(&to, ',');
    return count;
}

static inline void replay_send(struct replay *replay, const struct script_send *send)
{
    struct buf message;
    buf_init(&message, SCRIPT_MAX_BYTES);
    script_append_unescaped(&message, send->message);
    /* Pulled to its end, as after a try with another relay. */
    struct piece_source pieces = {buf_view(&message), message.len,
                                  replay->memory.plan.pace == MEMORY_BY_BYTE ? 1 : 1000};
    struct smtp_source source = {&pieces, message.len, replay_pull, replay_rewind};
    bool delivers = str_equal(script_value(send->line, STR("partial")), STR("deliver"));
    struct smtp_envelope envelope = {
        .return_path = script_value(send->line, STR("from")),
        .recipients = replay->addresses,
        .recipient_count = replay_read_recipients(replay, script_value(send->line, STR("to"))),
        .partial = delivers ? PARTIAL_DELIVER : PARTIAL_ABORT,
        .smtputf8 = script_value(send->line, STR("smtputf8")).data,
    };
    struct str announced = script_value(send->line, STR("announce"));
    if (announced.data)
        str_to_uint(announced, UINT64_MAX, &source.size_octets);
    replay->outcome = (struct outcome){.recipients = replay->recipients};
    replay->sent_from = replay->memory.received.len;
    replay->after = smtp_session_send(replay->session, &envelope, &source, deadline_after_ms(60000),
                                      &replay->arena, &replay->transcript, &replay->outcome);
    buf_fini(&message);
}

static inline void replay_check_recipients(const struct replay *replay, struct str want)
{
    char got[512] = "";
    for (size_t i = 0; i < replay->outcome.recipient_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "," : "",
                 recipient_status_name(replay->outcome.recipients[i].status));
    CHECK_STR(str_of(got), want);
}

static inline void replay_check_number(int got, struct str want)
{
    uint64_t number = 0;
    CHECK(str_to_uint(want, 999, &number));
    CHECK_INT(got, number);
}

static inline void replay_check_word(const struct replay *replay, struct str word)
{
    static const char *const after_names[] = {"reuse", "close", "retry"};
    const struct outcome *outcome = &replay->outcome;
    const struct fault_kind *kind = fault_kind(outcome->fault.code);
    struct str value = word;
    struct str name = str_cut(&value, '=');
    struct str present = value.len ? value : (struct str){0};
    if (str_equal(name, STR("delivery")))
        CHECK_STR(str_of(delivery_name(outcome->delivery)), value);
    else if (str_equal(name, STR("fault")))
        CHECK_STR(str_of(kind->name), value);
    else if (str_equal(name, STR("status")))
        replay_check_number(kind->http_status, value);
    else if (str_equal(name, STR("retryable")))
        CHECK_STR(kind->retry_after_s ? STR("y") : STR("n"), value);
    else if (str_equal(name, STR("code")))
        replay_check_number(outcome->reply.code, value);
    else if (str_equal(name, STR("enhanced")))
        CHECK_STR(outcome->reply.enhanced, present);
    else if (str_equal(name, STR("queue_id")))
        CHECK_STR(outcome->queue_id, present);
    else if (str_equal(name, STR("after")))
        CHECK_STR(str_of(after_names[replay->after]), value);
    else if (str_equal(name, STR("recipients")))
        replay_check_recipients(replay, value);
    else
        CHECK(!"expect: knows this word");
}

static inline void replay_check_expected(const struct replay *replay, struct str expect)
{
    while (expect.data) {
        struct str word = str_cut(&expect, ' ');
        if (word.len)
            replay_check_word(replay, word);
    }
}

/* How many octets of the end of data the relay has. */
static inline size_t replay_dot_octets(const struct replay *replay, const struct script_send *send)
{
    struct str received = buf_view(&replay->memory.received);
    struct str before = str_first(buf_view(&replay->script->client), send->dot_at);
    if (send->dot_at == SIZE_MAX || !str_starts_with(received, before)) {
        struct str said = str_from(received, replay->sent_from);
        CHECK(!said.len || !memmem(said.data, said.len, "\r\n.\r\n", 5));
        return 0;
    }
    return received.len - before.len < 3 ? received.len - before.len : 3;
}

/* What the octets that passed allow to be said of the mail. */
static inline void replay_check_delivery(const struct replay *replay, const struct script_send *send)
{
    const struct outcome *outcome = &replay->outcome;
    struct str got = str_of(delivery_name(outcome->delivery));
    size_t dot_octets = replay_dot_octets(replay, send);
    bool claims_early = script_value(send->line, STR("early")).data && outcome->delivery == DELIVERY_UNKNOWN;
    if (dot_octets == 0)
        CHECK(outcome->delivery == DELIVERY_NOT_SENT || claims_early);
    else if (dot_octets == 3 && replay->memory.delivered >= send->final_upto)
        CHECK_STR(got, script_value(send->expect, STR("delivery")));
    else
        CHECK_STR(got, STR("unknown"));
    bool sent = outcome->delivery == DELIVERY_SENT || outcome->delivery == DELIVERY_PARTIAL;
    CHECK(sent == (outcome->fault.code == FAULT_NONE));
    CHECK(sent || outcome->fault.detail[0]);
    if (outcome->delivery == DELIVERY_UNKNOWN)
        CHECK(fault_kind(outcome->fault.code)->retry_after_s == RETRY_NEVER);
    if (replay->after == SMTP_AFTER_RETRY)
        CHECK(dot_octets == 0);
}

static inline bool replay_holds(struct str text, struct str part)
{
    return part.len && text.len && memmem(text.data, text.len, part.data, part.len);
}

static inline void replay_check_secrets(struct replay *replay)
{
    struct str secrets[] = {replay->relay.password, replay->relay.oauth_token};
    for (size_t i = 0; i < 2; i++) {
        CHECK(!replay_holds(smtp_transcript_text(&replay->transcript), secrets[i]));
        CHECK(!replay_holds(replay->outcome.reply.text, secrets[i]));
        CHECK(!replay_holds(str_of(replay->outcome.fault.detail), secrets[i]));
    }
}

/* Opens; sends until the session may not be used any more. */
static inline void replay_run(struct replay *replay, const struct script *script, struct memory_plan plan)
{
    *replay = (struct replay){.script = script, .outcome.recipients = replay->recipients};
    replay_read_relay(&replay->relay, script->relay);
    memory_init(&replay->memory, script, plan);
    arena_init(&replay->arena, 1 << 20);
    smtp_transcript_init(&replay->transcript);
    replay->session =
        smtp_session_open_over(&replay->memory.transport, &replay->relay, deadline_after_ms(60000),
                               &replay->arena, &replay->transcript, &replay->outcome);
    CHECK(!replay->session == (replay->outcome.fault.code != FAULT_NONE));
    CHECK(replay->outcome.delivery == DELIVERY_NOT_SENT);
}

static inline void replay_end(struct replay *replay)
{
    smtp_session_close(&replay->session);
    replay_check_secrets(replay);
    CHECK(!replay->arena.failed);
    smtp_transcript_fini(&replay->transcript);
    arena_fini(&replay->arena);
    buf_fini(&replay->memory.received);
}

/* The whole script, with all that it expects. */
static inline void replay_expect(const struct script *script, enum memory_pace pace)
{
    struct replay replay;
    struct memory_plan plan = replay_whole;
    plan.pace = pace;
    replay_run(&replay, script, plan);
    if (!CHECK(replay.session || script->send_count == 0))
        printf("    %s\n", replay.outcome.fault.detail);
    replay_check_expected(&replay, script->open_expect);
    for (size_t i = 0; replay.session && i < script->send_count; i++) {
        replay_send(&replay, &script->sends[i]);
        replay_check_delivery(&replay, &script->sends[i]);
        replay_check_expected(&replay, script->sends[i].expect);
        if (script->sends[i].text.data)
            CHECK_STR(replay.outcome.reply.text, script->sends[i].text);
    }
    if (script->closes)
        smtp_session_close(&replay.session);
    CHECK_STR(buf_view(&replay.memory.received), buf_view(&script->client));
    replay_end(&replay);
}

/* A run that is cut short: only the delivery is checked, and that a session with replies owed is not used
 * again. */
static inline void replay_cut(const struct script *script, struct memory_plan plan)
{
    struct replay replay;
    replay_run(&replay, script, plan);
    for (size_t i = 0; replay.session && i < script->send_count; i++) {
        replay_send(&replay, &script->sends[i]);
        replay_check_delivery(&replay, &script->sends[i]);
        if (replay.after != SMTP_AFTER_REUSE)
            break;
        bool ended = replay_dot_octets(&replay, &script->sends[i]);
        CHECK(replay.memory.delivered >= (ended ? script->sends[i].final_upto : script->sends[i].server_end));
        CHECK(!replay.memory.refused);
    }
    replay_end(&replay);
}

/* Every octet of either side, every way to end. */
static inline void replay_cut_everywhere(const struct script *script, const char *name)
{
    static const enum smtp_status endings[] = {SMTP_STATUS_EOF, SMTP_STATUS_RESET, SMTP_STATUS_TIMEOUT,
                                               SMTP_STATUS_TLS_BROKEN};
    for (size_t ending = 0; ending < sizeof endings / sizeof endings[0]; ending++) {
        for (size_t at = 0; at <= script->server.len; at++) {
            test_row("%.60s, relay cut at %zu, ending %d", name, at, (int)endings[ending]);
            replay_cut(script, (struct memory_plan){MEMORY_WHOLE, at, SIZE_MAX, endings[ending]});
        }
        for (size_t at = 0; at <= script->client.len; at++) {
            test_row("%.60s, write cut at %zu, ending %d", name, at, (int)endings[ending]);
            replay_cut(script, (struct memory_plan){MEMORY_WHOLE, SIZE_MAX, at, endings[ending]});
        }
    }
}

#endif
