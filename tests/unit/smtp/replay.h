/* tests/unit/smtp/replay.h: runs a script over the memory transport, and checks what came of it.
 *
 * Where the run was cut short, the checks know nothing of the code: what the delivery must be follows from
 * which octets had passed when the connection was gone. A script says where that is not all: "early", the relay
 * claims to have taken a mail before its end; "doubt", a refusal counts only with what follows it; "parts", the first
 * of several transactions decides that the mail is not "not sent"; "partly", a fault tells of a mail that some have.
 */
#ifndef POSTERN_TESTS_SMTP_REPLAY_H
#define POSTERN_TESTS_SMTP_REPLAY_H

#include "memory_transport.h"
#include "test.h"

struct piece_source {
    struct str message;
    size_t at, piece_bytes;
};

struct replay_mail {
    const struct script_send *send; /* NULL: not in use */
    struct buf message;
    struct piece_source pieces;
    struct smtp_source source;
    struct smtp_envelope envelope;
    struct outcome outcome;
    struct outcome_recipient recipients[SCRIPT_MAX_RECIPIENTS];
    struct str addresses[SCRIPT_MAX_RECIPIENTS];
    struct smtp_mail mail;
};

struct replay {
    const struct script *script;
    struct memory_transport memory;
    struct smtp_relay relay;
    struct arena arena;
    struct smtp_transcript transcript;
    struct smtp_session *session;
    struct outcome outcome;
    struct replay_mail mails[2]; /* the one that is sent, and the one that was begun behind it */
    enum smtp_after after;
    size_t at; /* which send */
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

/* The token of the relay: line. */
static inline bool replay_fetch_token(void *context, struct deadline total, struct buf *token,
                                      struct fault *fault)
{
    const struct replay *replay = context;
    (void)total, (void)fault;
    script_append_unescaped(token, script_value(replay->script->relay, STR("token")));
    return true;
}

/* Always the same, so that a script can say what is made of it. */
static inline void replay_make_nonce(char *text, size_t len)
{
    memset(text, 'n', len);
    text[len] = '\0';
}

static inline void replay_read_relay(struct smtp_relay *relay, struct str words)
{
    struct str tls = script_value(words, STR("tls"));
    *relay = (struct smtp_relay){
        .protocol = str_equal(script_value(words, STR("protocol")), STR("lmtp")) ? SMTP_PROTOCOL_LMTP
                                                                                 : SMTP_PROTOCOL_SMTP,
        .chunking = !script_value(words, STR("nochunking")).data,
        .insecure = script_value(words, STR("insecure")).data,
        .host = STR("relay.example"),
        .port = 587,
        .tls = str_equal(tls, STR("starttls"))   ? SMTP_TLS_STARTTLS
               : str_equal(tls, STR("implicit")) ? SMTP_TLS_IMPLICIT
                                                 : SMTP_TLS_NONE,
        .username = script_value(words, STR("username")),
        .password = script_value(words, STR("password")),
        .make_nonce = replay_make_nonce,
        .auth = script_value(words, STR("auth")),
        .ehlo_name = STR("client.example"),
        .timeouts = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
        .stop_fd = -1,
    };
}

static inline size_t replay_read_recipients(struct replay_mail *mail, struct str to)
{
    size_t count = 0;
    while (to.data && count < SCRIPT_MAX_RECIPIENTS)
        mail->addresses[count++] = str_cut(&to, ',');
    return count;
}

static inline struct dsn replay_read_dsn(struct str words)
{
    static const char *const names[] = {"success", "failure", "delay", "never"};
    struct str returned = script_value(words, STR("ret"));
    struct dsn dsn = {.envelope_id = script_value(words, STR("envid"))};
    if (returned.data)
        dsn.returned = str_equal(returned, STR("full")) ? DSN_RETURN_FULL : DSN_RETURN_HEADERS;
    for (struct str notify = script_value(words, STR("notify")); notify.data;) {
        struct str word = str_cut(&notify, ',');
        for (unsigned i = 0; i < 4; i++)
            dsn.notify |= str_equal(word, str_of(names[i])) ? 1u << i : 0;
    }
    return dsn;
}

static inline void replay_read_envelope(struct replay_mail *mail, struct str words)
{
    bool delivers = str_equal(script_value(words, STR("partial")), STR("deliver"));
    mail->envelope = (struct smtp_envelope){
        .return_path = script_value(words, STR("from")),
        .recipients = mail->addresses,
        .recipient_count = replay_read_recipients(mail, script_value(words, STR("to"))),
        .partial = delivers ? PARTIAL_DELIVER : PARTIAL_ABORT,
        .smtputf8 = script_value(words, STR("smtputf8")).data,
        .eight_bit = script_value(words, STR("eightbit")).data,
        .require_tls = script_value(words, STR("requiretls")).data,
        .dsn = replay_read_dsn(words),
    };
}

/* The mail of a send; as it is where it was begun already. */
static inline struct replay_mail *replay_prepare(struct replay *replay, const struct script_send *send)
{
    struct replay_mail *mail = &replay->mails[(send - replay->script->sends) % 2];
    if (mail->send == send)
        return mail;
    *mail = (struct replay_mail){.send = send, .outcome.recipients = mail->recipients};
    buf_init(&mail->message, SCRIPT_MAX_BYTES);
    script_append_unescaped(&mail->message, send->message);
    /* Pulled to its end, as after a try with another relay. */
    mail->pieces = (struct piece_source){buf_view(&mail->message), mail->message.len,
                                         replay->memory.plan.pace == MEMORY_BY_BYTE ? 1 : 1000};
    mail->source = (struct smtp_source){&mail->pieces, mail->message.len, replay_pull, replay_rewind};
    replay_read_envelope(mail, send->line);
    struct str announced = script_value(send->line, STR("announce"));
    if (announced.data)
        str_to_uint(announced, UINT64_MAX, &mail->source.size_octets);
    bool hurried = script_value(send->line, STR("hurried")).data;
    mail->mail =
        (struct smtp_mail){&mail->envelope, &mail->source,       deadline_after_ms(hurried ? 30000 : 60000),
                           &replay->arena,  &replay->transcript, &mail->outcome};
    return mail;
}

static inline const struct smtp_mail *replay_next(void *context)
{
    struct replay *replay = context;
    const struct script *script = replay->script;
    return replay->at + 1 < script->send_count ? &replay_prepare(replay, &script->sends[replay->at + 1])->mail
                                               : NULL;
}

static inline void replay_send(struct replay *replay, const struct script_send *send)
{
    struct replay_mail *mail = replay_prepare(replay, send);
    struct smtp_waiting waiting = {replay, replay_next};
    bool overlaps = script_value(send->line, STR("overlap")).data;
    replay->at = (size_t)(send - replay->script->sends);
    replay->after = smtp_session_send(replay->session, &mail->mail, overlaps ? &waiting : NULL);
    replay->outcome = mail->outcome;
    buf_fini(&mail->message);
    mail->send = NULL;
}

static inline void replay_check_recipients(const struct replay *replay, struct str want)
{
    char got[512] = "";
    for (size_t i = 0; i < replay->outcome.recipient_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "," : "",
                 recipient_status_name(replay->outcome.recipients[i].status));
    CHECK_STR(str_of(got), want);
}

static inline void replay_check_queue_ids(const struct replay *replay, struct str want)
{
    char got[512] = "";
    for (size_t i = 0; i < replay->outcome.recipient_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%.*s", i ? "," : "",
                 STR_ARG(replay->outcome.recipients[i].queue_id));
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
    else if (str_equal(name, STR("queue_ids")))
        replay_check_queue_ids(replay, value);
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
        struct str said = str_from(received, send->client_start);
        CHECK(send->dot_len == 2 || !said.len || !memmem(said.data, said.len, "\r\n.\r\n", 5));
        return 0;
    }
    return received.len - before.len < send->dot_len ? received.len - before.len : send->dot_len;
}

/* What the octets that passed allow to be said of the mail. */
static inline void replay_check_delivery(const struct replay *replay, const struct script_send *send)
{
    const struct outcome *outcome = &replay->outcome;
    struct str got = str_of(delivery_name(outcome->delivery));
    size_t dot_octets = replay_dot_octets(replay, send);
    bool claims_early = script_value(send->line, STR("early")).data && outcome->delivery == DELIVERY_UNKNOWN;
    bool is_cut =
        replay->memory.plan.server_limit != SIZE_MAX || replay->memory.plan.client_limit != SIZE_MAX;
    bool in_doubt = is_cut && script_value(send->line, STR("doubt")).data &&
                    (outcome->delivery == DELIVERY_UNKNOWN || outcome->delivery == DELIVERY_NOT_SENT);
    bool in_parts =
        is_cut && script_value(send->line, STR("parts")).data && outcome->delivery != DELIVERY_NOT_SENT;
    if (dot_octets == 0)
        CHECK(outcome->delivery == DELIVERY_NOT_SENT || claims_early);
    else if (dot_octets == send->dot_len && replay->memory.delivered >= send->final_upto)
        CHECK(in_doubt || in_parts || str_equal(got, script_value(send->expect, STR("delivery"))));
    else
        CHECK_STR(got, STR("unknown"));
    bool sent = outcome->delivery == DELIVERY_SENT || outcome->delivery == DELIVERY_PARTIAL;
    bool partly = outcome->delivery == DELIVERY_PARTIAL && script_value(send->line, STR("partly")).data;
    CHECK(partly || sent == (outcome->fault.code == FAULT_NONE));
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
    struct str secrets[] = {replay->relay.password, script_value(replay->script->relay, STR("token"))};
    for (size_t i = 0; i < 2; i++) {
        CHECK(!replay_holds(smtp_transcript_text(&replay->transcript), secrets[i]));
        CHECK(!replay_holds(replay->outcome.reply.text, secrets[i]));
        CHECK(!replay_holds(str_of(replay->outcome.fault.detail), secrets[i]));
    }
}

static inline void replay_set_up(struct replay *replay, const struct script *script, struct memory_plan plan)
{
    *replay = (struct replay){.script = script};
    replay_read_relay(&replay->relay, script->relay);
    if (script_value(script->relay, STR("token")).data)
        replay->relay.token = (struct smtp_token_source){replay, replay_fetch_token};
    memory_init(&replay->memory, script, plan);
    arena_init(&replay->arena, 1 << 20);
    smtp_transcript_init(&replay->transcript);
}

static inline void replay_open(struct replay *replay)
{
    replay->session =
        smtp_session_open_over(&replay->memory.transport, &replay->relay, deadline_after_ms(60000),
                               &replay->arena, &replay->transcript, &replay->outcome);
    CHECK(!replay->session == (replay->outcome.fault.code != FAULT_NONE));
    CHECK(replay->outcome.delivery == DELIVERY_NOT_SENT);
}

static inline void replay_run(struct replay *replay, const struct script *script, struct memory_plan plan)
{
    replay_set_up(replay, script, plan);
    replay_open(replay);
}

static inline void replay_end(struct replay *replay)
{
    smtp_session_close(&replay->session);
    replay_check_secrets(replay);
    CHECK(!replay->arena.failed);
    for (size_t i = 0; i < 2; i++)
        if (replay->mails[i].send)
            buf_fini(&replay->mails[i].message);
    smtp_transcript_fini(&replay->transcript);
    arena_fini(&replay->arena);
    buf_fini(&replay->memory.received);
}

/* The whole script, with all that it expects: up to where the session may not be used again, or to a "last" send. */
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
        if (replay.after != SMTP_AFTER_REUSE || script_value(script->sends[i].line, STR("last")).data)
            break;
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
        if (replay.after != SMTP_AFTER_REUSE || script_value(script->sends[i].line, STR("last")).data)
            break;
        bool ended = replay_dot_octets(&replay, &script->sends[i]);
        CHECK(replay.memory.delivered >= (ended ? script->sends[i].final_upto : script->sends[i].server_end));
        CHECK(!replay.memory.refused);
    }
    replay_end(&replay);
}

/* Every octet of either side, every way to end; an opening without TLS and login is the same in many scripts, and is
 * cut in those that have no send. */
static inline void replay_cut_everywhere(const struct script *script, const char *name)
{
    static const struct {
        enum smtp_status ending;
        bool is_for_writes; /* the end of the stream is no way for a write to end */
    } endings[] = {{SMTP_STATUS_EOF, false}, {SMTP_STATUS_RESET, true}, {SMTP_STATUS_TIMEOUT, true}};
    size_t stride = test_stride();
    bool is_usual =
        script->send_count && !script->tls_count && !script_value(script->relay, STR("username")).data;
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        enum smtp_status ending = endings[i].ending;
        if (ending == SMTP_STATUS_RESET && script->tls_count)
            ending = SMTP_STATUS_TLS_BROKEN;
        for (size_t at = is_usual ? script->sends[0].server_start : 0; at <= script->server.len;
             at += stride) {
            test_row("%.60s, relay cut at %zu, ending %d", name, at, (int)ending);
            replay_cut(script, (struct memory_plan){MEMORY_WHOLE, at, SIZE_MAX, ending});
        }
        for (size_t at = is_usual ? script->sends[0].client_start : 0;
             endings[i].is_for_writes && at <= script->client.len; at += stride) {
            test_row("%.60s, write cut at %zu, ending %d", name, at, (int)ending);
            replay_cut(script, (struct memory_plan){MEMORY_WHOLE, SIZE_MAX, at, ending});
        }
    }
}

#endif
