/* The rows of the fault matrix that need no real network, each by its number; and the generated matrix:
 * every fault at every step, cut at every octet. Both hold a usual dialogue up to a step, and have the
 * relay fail there. */
#include "replay.h"

enum step { GREETING, EHLO, STARTTLS, EHLO2, AUTH, MAIL, RCPT1, RCPT2, DATA, BODY, DOT, STEP_COUNT };

static const struct usual {
    const char *name;
    const char *client; /* as in a script */
    const char *server;
} usual[STEP_COUNT] = {
    [GREETING] = {"greeting", "", "S: 220 relay.example ESMTP\n"},
    [EHLO] = {"EHLO", "C: EHLO client.example\n", "S: 250-relay.example\nS: 250 STARTTLS\n"},
    [STARTTLS] = {"STARTTLS", "C: STARTTLS\n", "S: 220 2.0.0 Go\ntls:\n"},
    [EHLO2] = {"EHLO behind TLS", "C: EHLO client.example\n",
               "S: 250-relay.example\nS: 250 AUTH PLAIN LOGIN\n"},
    [AUTH] = {"AUTH", "C: AUTH PLAIN AGFubgBzM2NyZXQ=\n", "S: 235 2.7.0 Ok\n"},
    [MAIL] = {"MAIL", "C: MAIL FROM:<a@example.com>\n", "S: 250 2.1.0 Ok\n"},
    [RCPT1] = {"RCPT", "C: RCPT TO:<b@example.net>\n", "S: 250 2.1.5 Ok\n"},
    [RCPT2] = {"second RCPT", "C: RCPT TO:<c@example.net>\n", "S: 250 2.1.5 Ok\n"},
    [DATA] = {"DATA", "C: DATA\n", "S: 354 Go\n"},
    [BODY] = {"body", "", "C: Subject: hi\nC: \nC: Hello\n"},
    [DOT] = {"end of data", "C: .\n", "S: 250 2.0.0 Ok: queued as X1\n"},
};

/* How the commands of a transaction go: each for itself; as many together as may (RFC 2920); and with those of the next
 * mail behind the end of data. */
enum way { ONE_BY_ONE, PIPELINED, OVERLAPPED };

static const char OFFER_PIPELINING[] = "S: 250-relay.example\nS: 250-PIPELINING\nS: 250 AUTH PLAIN LOGIN\n";
static const char NEXT_MAIL[] = "C: MAIL FROM:<a@example.com>\nC: RCPT TO:<d@example.net>\nC: DATA\n";
static const char NEXT_REPLIES[] =
    "send: from=a@example.com to=d@example.net early\nexpect: delivery=sent\n"
    "S: 250 2.1.0 Ok\nS: 250 2.1.5 Ok\nS: 354 Go\nC: Subject: hi\nC: \nC: Hello\nC: .\n"
    "S: 250 2.0.0 Ok: queued as X2\n";

static const char LOGIN_RELAY[] = "relay: tls=starttls username=ann password=s3cret\n";

/* The usual dialogue, `reply` in place of the relay's part of `step`, and the rest of it where `goes_on`. */
static void write_script(struct script *script, enum step step, const char *reply, bool goes_on,
                         const char *send)
{
    script_init(script);
    struct buf *source = &script->source;
    buf_append(source, str_of(LOGIN_RELAY));
    for (int at = GREETING; at < STEP_COUNT && (at <= (int)step || goes_on); at++) {
        if (at == MAIL)
            buf_append(source, str_of(send));
        buf_append(source, str_of(usual[at].client));
        buf_append(source, str_of(at == (int)step ? reply : usual[at].server));
        if (at == (int)step && step == BODY && goes_on)
            buf_append(source, str_of(usual[at].server));
    }
    if (step < MAIL && !goes_on)
        buf_append(source, str_of(send));
    CHECK(script_read(script));
}

static void write_server(struct buf *source, int at, enum step step, const char *reply, enum way way)
{
    const char *usual_reply = at == EHLO2 && way != ONE_BY_ONE ? OFFER_PIPELINING : usual[at].server;
    if (at == (int)step && step == BODY)
        buf_append(source, str_of(reply));
    buf_append(source, str_of(at == (int)step && step != BODY ? reply : usual_reply));
}

/* The same with its commands together; the relay goes on whatever it said. */
static void write_flight(struct script *script, enum step step, const char *reply, enum way way,
                         bool delivers, const char *send)
{
    script_init(script);
    struct buf *source = &script->source;
    int last = way == ONE_BY_ONE ? MAIL : delivers ? DATA : RCPT2;
    buf_append(source, str_of(LOGIN_RELAY));
    for (int at = GREETING; at < STEP_COUNT; at++) {
        if (at == MAIL)
            buf_append(source, str_of(send));
        for (int ahead = at; at == MAIL && ahead <= last; ahead++)
            buf_append(source, str_of(usual[ahead].client));
        if (at < MAIL || at > last)
            buf_append(source, str_of(usual[at].client));
        if (at == DOT && way == OVERLAPPED)
            buf_append(source, str_of(NEXT_MAIL));
        write_server(source, at, step, reply, way);
    }
    /* A relay that has gone, or says nothing, says nothing to the next mail either. */
    bool is_silent = step == DOT && (!reply[0] || str_starts_with(str_of(reply), STR("end:")));
    struct str next = str_of(NEXT_REPLIES);
    if (way == OVERLAPPED)
        buf_append(source, is_silent ? str_first(next, str_index(next, '\n') + 1) : next);
    CHECK(script_read(script));
}

static const struct fault_row {
    const char *number;
    enum step step;
    const char *reply; /* as in a script */
    const char *expect;
} fault_rows[] = {
#define TIMEOUT     "fault=upstream-timeout status=504 retryable=y delivery=not_sent"
#define UNREACHABLE "fault=upstream-unreachable status=502 retryable=y delivery=not_sent"
#define TEMPORARY   "fault=upstream-temporary status=503 retryable=y delivery=not_sent"
#define PROTOCOL    "fault=upstream-protocol-error status=502 retryable=n delivery=not_sent"
#define SESSION     "fault=upstream-rejected-session status=502 retryable=n delivery=not_sent"
#define TLS         "fault=upstream-tls status=502 retryable=n delivery=not_sent"
#define TLS_BROKEN  "fault=upstream-tls status=502 retryable=y delivery=not_sent"
#define NEEDS_TLS   "fault=upstream-tls-required status=502 retryable=n delivery=not_sent"
#define AUTH_FAILED "fault=upstream-auth-failed status=502 retryable=n delivery=not_sent"
#define AUTH_LATER  "fault=upstream-auth-temporary status=503 retryable=y delivery=not_sent"
#define SENDER      "fault=sender-rejected status=422 retryable=n delivery=not_sent"
#define REJECTED    "fault=recipients-rejected status=422 retryable=n delivery=not_sent"
#define DEFERRED    "fault=recipients-deferred status=503 retryable=y delivery=not_sent"
#define MESSAGE     "fault=message-rejected status=422 retryable=n delivery=not_sent"
#define LATER       "fault=message-deferred status=503 retryable=y delivery=not_sent"
#define UNKNOWN     "fault=outcome-unknown status=502 retryable=n delivery=unknown"
#define UNKNOWN_504 "fault=outcome-unknown status=504 retryable=n delivery=unknown"
#define SENT        "fault=none delivery=sent"
    {"F10", GREETING, "", TIMEOUT},
    {"F11", GREETING, "S: 421 busy\n", TEMPORARY},
    {"F12", GREETING, "S: 554 no\n", SESSION},
    {"F13", GREETING, "S: 450 later\n", TEMPORARY},
    {"F14", GREETING, "end: eof\n", UNREACHABLE},
    {"F15", GREETING, "end: reset\n", UNREACHABLE},
    {"F16", GREETING, "S: HTTP/1.1 400 Bad Request\n", PROTOCOL},
    {"F16 binary", GREETING, "S- \\xff\\xfe\\x00\n", PROTOCOL},
    {"F17 221", GREETING, "S: 221 bye\n", PROTOCOL},
    {"F17 250", GREETING, "S: 250 ok\n", PROTOCOL},
    {"F17 354", GREETING, "S: 354 go\n", PROTOCOL},
    {"F17 500", GREETING, "S: 500 what\n", PROTOCOL},
    {"F17 530", GREETING, "S: 530 no\n", PROTOCOL},
    {"F17 454", GREETING, "S: 454 later\n", TEMPORARY},
    {"F20 NUL", GREETING, "S: 22\\x000 hi\n", PROTOCOL},
    {"F20 8-bit", GREETING, "S: 2\\xb20 hi\n", PROTOCOL},
    {"F22", GREETING, "S- \\x15\\x03\\x01\\x00\\x02\\x02\\x46\n", TLS},
    {"F22 handshake", GREETING, "S- \\x16\\x03\\x01\\x00\\x02\\x01\\x00\n", TLS},
    {"F24", GREETING, "S: 220 hi\nS: 250 extra\n", PROTOCOL},
    {"F26 500", EHLO, "S: 500 what\n", NEEDS_TLS},
    {"F26 501", EHLO, "S: 501 what\n", NEEDS_TLS},
    {"F26 502", EHLO, "S: 502 what\n", NEEDS_TLS},
    {"F26 504", EHLO, "S: 504 what\n", NEEDS_TLS},
    {"F26 550", EHLO, "S: 550 what\n", NEEDS_TLS},
    {"F27 530", EHLO, "S: 530 no\n", SESSION},
    {"F27 554", EHLO, "S: 554 no\n", SESSION},
    {"F28 421", EHLO, "S: 421 busy\n", TEMPORARY},
    {"F28 451", EHLO, "S: 451 later\n", TEMPORARY},
    {"F29 220", EHLO, "S: 220 hi\n", PROTOCOL},
    {"F29 221", EHLO, "S: 221 hi\n", PROTOCOL},
    {"F29 354", EHLO, "S: 354 hi\n", PROTOCOL},
    {"F30", EHLO, "S: 250-relay\nS: 251 STARTTLS\n", PROTOCOL},
    {"F36", EHLO, "S: 250-relay\nS: 250 STARTTLS\nS: 250 extra\n", PROTOCOL},
    {"F37", EHLO, "S: 250-relay\nS: 250 AUTH PLAIN\n", NEEDS_TLS},
    {"F38", STARTTLS, "S: 502 what\n", NEEDS_TLS},
    {"F39", STARTTLS, "S: 454 later\n", TEMPORARY},
    {"F40 354", STARTTLS, "S: 354 go\n", NEEDS_TLS},
    {"F40 221", STARTTLS, "S: 221 bye\n", NEEDS_TLS},
    {"F40 500", STARTTLS, "S: 500 what\n", NEEDS_TLS},
    {"F40 501", STARTTLS, "S: 501 what\n", NEEDS_TLS},
    {"F40 530", STARTTLS, "S: 530 no\n", NEEDS_TLS},
    {"F40 421", STARTTLS, "S: 421 busy\n", TEMPORARY},
    {"F41", STARTTLS, "S: 220 go\nS: 250-relay\nS: 250 AUTH PLAIN\n", PROTOCOL},
    {"F47", STARTTLS, "S: 220 go\ntls:\nS: 250 AUTH PLAIN\n", PROTOCOL},
    {"F71", EHLO2, "S: 250 relay\n", AUTH_FAILED},
    {"F72", EHLO2, "S: 250-relay\nS: 250 AUTH NTLM GSSAPI\n", AUTH_FAILED},
    {"F73", AUTH, "S: 535 5.7.8 no\n", AUTH_FAILED},
    {"F74", AUTH, "S: 454 4.7.0 later\n", AUTH_LATER},
    {"F75 432", AUTH, "S: 432 4.7.12 change it\n", AUTH_FAILED},
    {"F75 534", AUTH, "S: 534 5.7.9 too weak\n", AUTH_FAILED},
    {"F75 538", AUTH, "S: 538 5.7.11 no\n", AUTH_FAILED},
    {"F76", AUTH, "S: 421 busy\n", TEMPORARY},
    {"F77 500", AUTH, "S: 500 what\n", AUTH_FAILED},
    {"F77 501", AUTH, "S: 501 what\n", AUTH_FAILED},
    {"F77 503", AUTH, "S: 503 what\n", AUTH_FAILED},
    {"F77 504", AUTH, "S: 504 what\n", AUTH_FAILED},
    {"F78", AUTH, "S: 334 not base64!\nC: *\nS: 501 cancelled\n", AUTH_FAILED},
    {"F79", AUTH, "S: 334 \nC: *\nS: 334 \n", AUTH_FAILED},
    {"F82", AUTH, "S: 235 ok\nS: 250 extra\n", PROTOCOL},
    {"F83", AUTH, "end: eof\n", UNREACHABLE},
    {"F84", AUTH, "", TIMEOUT},
    {"F85", AUTH, "S: 535 5.7.8 s3cret AGFubgBzM2NyZXQ= no\n", AUTH_FAILED},
    {"F86 550", MAIL, "S: 550 5.7.1 no\n", SENDER},
    {"F86 553", MAIL, "S: 553 no\n", SENDER},
    {"F87 450", MAIL, "S: 450 later\n", TEMPORARY},
    {"F87 451", MAIL, "S: 451 later\n", TEMPORARY},
    {"F87 452", MAIL, "S: 452 later\n", TEMPORARY},
    {"F89", MAIL, "S: 421 busy\n", TEMPORARY " after=close"},
    {"F92 503", MAIL, "S: 503 what\n", PROTOCOL},
    {"F92 555", MAIL, "S: 555 what\n", PROTOCOL},
    {"F92 354", MAIL, "S: 354 go\n", PROTOCOL},
    {"F92 220", MAIL, "S: 220 hi\n", PROTOCOL},
    {"F94", MAIL, "", TIMEOUT},
    {"F102", RCPT1, "S: 551 no\nC: RCPT TO:<c@example.net>\nS: 250 ok\n",
     REJECTED " recipients=rejected,accepted"},
    {"F105 421", RCPT1, "S: 421 busy\n", TEMPORARY " recipients=not_tried,not_tried"},
    {"F105 FIN", RCPT2, "end: eof\n", UNREACHABLE " recipients=accepted,not_tried"},
    {"F105 RST", RCPT2, "end: reset\n", UNREACHABLE},
    {"F107", RCPT2, "S: 250 ok\nS: 250 extra\n", PROTOCOL},
    {"F110", RCPT1, "", TIMEOUT},
    {"F111", DATA, "S: 250 ok\n", PROTOCOL},
    {"F112", DATA, "S: 451 later\n", TEMPORARY},
    {"F113", DATA, "S: 554 no\n", MESSAGE " after=close"},
    {"F114 421", DATA, "S: 421 busy\n", TEMPORARY},
    {"F114 FIN", DATA, "end: eof\n", UNREACHABLE},
    {"F114 stall", DATA, "", TIMEOUT},
    {"F116", BODY, "end: reset\n", UNREACHABLE " after=close"},
    {"F118 552", BODY, "S: 552 too big\n", MESSAGE " after=close"},
    {"F118 421", BODY, "S: 421 busy\n", TEMPORARY " after=close"},
    {"F119", BODY, "S: 250 ok\n", UNKNOWN " after=close"},
    {"F120", BODY, "end: tls-broken\n", TLS_BROKEN},
    {"F124", DOT, "S: 250 2.0.0 Ok: queued as X\n", SENT " queue_id=X after=reuse"},
    {"F125 lines", DOT, "S: 250-2.0.0 Ok\nS: 250 2.0.0 queued as X\n", SENT " queue_id=X after=reuse"},
    {"F125 bare", DOT, "S: 250\n", SENT " queue_id= after=reuse"},
    {"F125 2yz", DOT, "S: 299 fine\n", SENT " code=299"},
    {"F126 451", DOT, "S: 451 later\n", LATER " after=close"},
    {"F126 421", DOT, "S: 421 busy\n", LATER " after=close"},
    {"F127", DOT, "S: 554 5.6.0 no\n", MESSAGE " after=close"},
    {"F118 too early: the acceptance follows", DOT, "S: 552 5.3.4 no\nS: 250 2.0.0 taken\n", UNKNOWN},
    {"F126 and a farewell", DOT, "S: 451 later\nS: 421 bye\n", LATER " after=close"},
    {"F127 and 221", DOT, "S: 554 5.6.0 no\nS: 221 bye\nS: 250 strange\n", MESSAGE " after=close"},
    {"F128", DOT, "S: 354 go\n", UNKNOWN},
    {"F129", DOT, "S: garbage\n", UNKNOWN},
    {"F129 NUL", DOT, "S: 250 o\\x00k\n", UNKNOWN},
    {"F130", DOT, "S: 250-ok\nS: 550 no\n", UNKNOWN},
    {"F131", DOT, "end: eof\n", UNKNOWN},
    {"F132", DOT, "end: reset\n", UNKNOWN},
    {"F133", DOT, "S- 25\nend: eof\n", UNKNOWN},
    {"F133 no CRLF", DOT, "S- 250\nend: eof\n", UNKNOWN},
    {"F134", DOT, "S: 250-x\nend: eof\n", UNKNOWN},
    {"F135", DOT, "", UNKNOWN_504},
    {"F138", DOT, "end: tls-broken\n", UNKNOWN},
    {"F141", DOT, "S: 250 ok\nend: reset\n", SENT " after=close"},
    {"F142", DOT, "S: 250 ok\nS: 550 no\n", SENT " after=close"},
    {"F143", DOT, "S: 250 ok\nS: 421 bye\n", SENT " after=close"},
    {"F149", DOT, "S: 250 \\x1b[31m<b>\\r\\xff\n", SENT " code=250"},
};

static void each_fault_gets_its_answer(void)
{
    for (size_t i = 0; i < sizeof fault_rows / sizeof fault_rows[0]; i++) {
        const struct fault_row *row = &fault_rows[i];
        test_row("%s", row->number);
        struct script script;
        struct replay replay;
        write_script(&script, row->step, row->reply, false,
                     "send: from=a@example.com to=b@example.net,c@example.net\n");
        replay_run(&replay, &script, replay_whole);
        if (replay.session)
            replay_send(&replay, &script.sends[0]);
        replay_check_expected(&replay, str_of(row->expect));
        CHECK(row->step < MAIL || replay.after != SMTP_AFTER_RETRY);
        replay_end(&replay);
        script_fini(&script);
    }
}

/* F16, F24, F41, F85: what must not be on the wire, or in what is shown. */
static void nothing_is_said_to_a_relay_that_broke_the_protocol(void)
{
    static const struct {
        const char *name;
        enum step step;
        const char *reply, *received;
    } rows[] = {
        {"F16", GREETING, "S: HTTP/1.1 400 Bad Request\n", ""},
        {"F24", GREETING, "S: 220 hi\nS: 250 extra\n", ""},
        {"F37", EHLO, "S: 250 relay\n", "EHLO client.example\r\nQUIT\r\n"},
        {"F38", STARTTLS, "S: 502 what\n", "EHLO client.example\r\nSTARTTLS\r\nQUIT\r\n"},
        {"F41", STARTTLS, "S: 220 go\nS: 250 AUTH PLAIN\n", "EHLO client.example\r\nSTARTTLS\r\n"},
        {"F12", GREETING, "S: 554 no\n", "QUIT\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct script script;
        struct replay replay;
        write_script(&script, rows[i].step, rows[i].reply, false, "");
        replay_run(&replay, &script, replay_whole);
        CHECK(!replay.session);
        CHECK_STR(buf_view(&replay.memory.received), str_of(rows[i].received));
        CHECK_INT(replay.memory.tls_count, 0);
        replay_end(&replay);
        script_fini(&script);
    }
}

/* F116, F118, F119: a QUIT would be taken for a line of the message. */
static void nothing_is_said_behind_a_body_that_was_broken_off(void)
{
    static const char *const replies[] = {"S: 552 too big\n", "S: 421 bye\n", "S: 250 ok\n", "S: what\n",
                                          "end: eof\n"};
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        test_row("%zu", i);
        struct script script;
        struct replay replay;
        write_script(&script, BODY, replies[i], false,
                     "send: from=a@example.com to=b@example.net,c@example.net\n");
        replay_run(&replay, &script, replay_whole);
        if (CHECK(replay.session))
            replay_send(&replay, &script.sends[0]);
        smtp_session_close(&replay.session);
        CHECK_STR(buf_view(&replay.memory.received), buf_view(&script.client));
        replay_end(&replay);
        script_fini(&script);
    }
}

/* F18, F19, F32: what has no end is ended. */
static void an_endless_reply_is_a_protocol_error(void)
{
    static const struct {
        const char *name, *piece;
        size_t count;
    } rows[] = {{"F18", "S- xxxxxxxxxxxxxxxxxxxx\n", 1},
                {"F18 behind a code", "S- 220 xxxxxxxxxxxxxxxxx\n", 1},
                {"F18 long", "S- xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n", 80},
                {"F19", "S: 220-\n", 129},
                {"F19 one line less", "S: 220-\n", 127}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct script script;
        script_init(&script);
        buf_append(&script.source, str_of(LOGIN_RELAY));
        bool is_endless = i == 3;
        if (i == 2)
            buf_append(&script.source, STR("S- 220 \n"));
        for (size_t n = 0; n < rows[i].count; n++)
            buf_append(&script.source, str_of(rows[i].piece));
        CHECK(script_read(&script));
        struct replay replay;
        replay_run(&replay, &script, replay_whole);
        replay_check_expected(&replay, i == 0 || i == 2 || is_endless ? STR(PROTOCOL) : STR(TIMEOUT));
        replay_end(&replay);
        script_fini(&script);
    }
}

static const struct generated {
    const char *name, *reply;
    const char *at_dot; /* the delivery that it means there */
    const char
        *early;    /* before the end of data it claims that the mail was taken, or it follows such a reply */
    bool is_right; /* an odd reply, but one */
} generated[] = {
    {"4yz", "S: 451 4.3.0 later\n", "not_sent", "", false},
    {"5yz", "S: 550 5.0.0 no\n", "not_sent", "", false},
    {"421", "S: 421 4.3.2 bye\n", "not_sent", "", false},
    {"wrong 2yz", "S: 299 odd\n", "sent", "early", false},
    {"3yz", "S: 399 odd\n", "unknown", "", false},
    {"FIN", "end: eof\n", "unknown", "", false},
    {"RST", "end: reset\n", "unknown", "", false},
    {"TLS truncation", "end: tls-broken\n", "unknown", "", false},
    {"stall", "", "unknown", "", false},
    {"garbage", "S: #!/bin/sh\n", "unknown", "", false},
    {"NUL", "S: 250 \\x00\n", "unknown", "", false},
    {"code mismatch", "S: 250-a\nS: 550 b\n", "unknown", "", false},
    {"bare LF", "S- 250 fine\\n\n", "sent", "early", true},
    {"coalesced 250", "S: 250 fine\nS: 250 extra\n", "sent", "early", false},
    {"coalesced 550", "S: 250 fine\nS: 550 extra\n", "sent", "early", false},
    {"354 and 250", "S: 354 go\nS: 250 extra\n", "unknown", "early", false},
};

static void cut_generated(enum step step, const struct generated *fault, enum way way, bool delivers)
{
    char send[256], name[96];
    snprintf(name, sizeof name, "%s at %s, way %d", fault->name, usual[step].name, (int)way);
    snprintf(send, sizeof send,
             "send: from=a@example.com to=b@example.net,c@example.net %s %s %s\nexpect: delivery=%s\n",
             fault->early, delivers ? "partial=deliver" : "", way == OVERLAPPED ? "overlap doubt" : "",
             step == DOT                                                        ? fault->at_dot
             : delivers && (step == RCPT1 || step == RCPT2) && !fault->is_right ? "partial"
                                                                                : "sent");
    struct script script;
    test_row("%s", name);
    write_flight(&script, step, fault->reply, way, delivers, send);
    for (size_t at = 0; at <= script.server.len; at += 7) {
        test_row("%s, cut at %zu", name, at);
        replay_cut(&script, (struct memory_plan){MEMORY_WHOLE, at, SIZE_MAX, SMTP_STATUS_EOF});
        replay_cut(&script, (struct memory_plan){MEMORY_BY_BYTE, at, SIZE_MAX, SMTP_STATUS_RESET});
        replay_cut(&script, (struct memory_plan){MEMORY_BY_LINE, at, SIZE_MAX, SMTP_STATUS_TIMEOUT});
    }
    script_fini(&script);
}

static void each_fault_at_each_step_cut_anywhere_leaves_the_right_delivery(void)
{
    for (int step = GREETING; step < STEP_COUNT; step++)
        for (size_t i = 0; i < sizeof generated / sizeof generated[0]; i++)
            for (int partial = 0; partial < 2; partial++) {
                cut_generated((enum step)step, &generated[i], ONE_BY_ONE, partial);
                for (int way = PIPELINED; step >= MAIL && way <= OVERLAPPED; way++)
                    cut_generated((enum step)step, &generated[i], (enum way)way, partial);
            }
}

/* F121: a message that is not whole is never ended. */
static void a_message_that_is_not_as_announced_is_never_ended(void)
{
    static const char *const rows[] = {
        "message: 12345\\r\\n\nsend: from= to=b@example.net announce=8\n",
        "message: 12345\\r\\n\nsend: from= to=b@example.net announce=6\n",
        "message: a\\nb\\r\\n\nsend: from= to=b@example.net\n",
        "message: a\\rb\\r\\n\nsend: from= to=b@example.net\n",
        "message: a\\r\\n.\\nb\\r\\n\nsend: from= to=b@example.net\n",
        "message: a\\r\nsend: from= to=b@example.net\n",
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("F121 %zu", i);
        struct script script;
        script_init(&script);
        buf_append(&script.source, STR("relay: tls=none\nS: 220 hi\nC: EHLO client.example\nS: 250 hi\n"));
        buf_append(&script.source, str_of(rows[i]));
        buf_append(&script.source, STR("C: MAIL FROM:<>\nS: 250 ok\nC: RCPT TO:<b@example.net>\nS: 250 ok\n"
                                       "C: DATA\nS: 354 go\n"));
        CHECK(script_read(&script));
        struct replay replay;
        replay_run(&replay, &script, replay_whole);
        if (CHECK(replay.session))
            replay_send(&replay, &script.sends[0]);
        replay_check_expected(&replay,
                              STR("fault=internal status=500 retryable=y delivery=not_sent after=close"));
        replay_dot_octets(&replay, &script.sends[0]);
        replay_end(&replay);
        script_fini(&script);
    }
}

int main(void)
{
    TEST(each_fault_gets_its_answer);
    TEST(nothing_is_said_to_a_relay_that_broke_the_protocol);
    TEST(nothing_is_said_behind_a_body_that_was_broken_off);
    TEST(an_endless_reply_is_a_protocol_error);
    TEST(a_message_that_is_not_as_announced_is_never_ended);
    TEST(each_fault_at_each_step_cut_anywhere_leaves_the_right_delivery);
    return test_result();
}
