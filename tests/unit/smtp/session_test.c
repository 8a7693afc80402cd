/* What lasts from one mail to the next: whether a session may still be used. */
#include "replay.h"

static const char OPENED[] =
    "relay: tls=none\nS: 220 relay.example ESMTP\nC: EHLO client.example\nS: 250 relay.example\n";

static void open_session(struct replay *replay, struct script *script, const char *rest)
{
    script_init(script);
    buf_append(&script->source, str_of(OPENED));
    buf_append(&script->source, str_of(rest));
    CHECK(script_read(script));
    replay_run(replay, script, replay_whole);
    CHECK(replay->session);
}

static void end_session(struct replay *replay, struct script *script)
{
    CHECK_STR(buf_view(&replay->memory.received), buf_view(&script->client));
    replay_end(replay);
    script_fini(script);
}

/* And what is none is not asked again, nor said QUIT to. */
static void a_sign_of_life_is_a_250_and_nothing_else(void)
{
    static const struct {
        const char *name, *rest;
        bool is_alive;
    } rows[] = {
        {"250", "C: NOOP\nS: 250 Ok\n", true},
        {"another code", "C: NOOP\nS: 500 what\n", false},
        {"421", "C: NOOP\nS: 421 bye\n", false},
        {"more than was asked for", "C: NOOP\nS: 250 Ok\nS: 250 Ok\n", false},
        {"silence", "C: NOOP\n", false},
        {"an end", "C: NOOP\nend: eof\n", false},
        {"no reply", "C: NOOP\nS: hello\n", false},
        {"something that was not asked for", "S: 250 Ok\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct script script;
        struct replay replay;
        test_row("%s", rows[i].name);
        open_session(&replay, &script, rows[i].rest);
        CHECK_INT(smtp_session_probe(replay.session, 1000), rows[i].is_alive);
        if (rows[i].is_alive) {
            CHECK(smtp_session_is_idle(replay.session));
            buf_append(&script.client, STR("QUIT\r\n"));
        } else {
            CHECK(!smtp_session_is_idle(replay.session));
            CHECK(!smtp_session_probe(replay.session, 1000));
        }
        smtp_session_close(&replay.session);
        end_session(&replay, &script);
    }
}

/* Its replies stand between: NOOP would be answered behind them. */
static void a_session_with_a_mail_begun_is_not_asked(void)
{
    static const char rest[] =
        "send: from=a@example.com to=b@example.net overlap\n"
        "C: MAIL FROM:<a@example.com>\nC: RCPT TO:<b@example.net>\nC: DATA\n"
        "S: 250 a\nS: 250 b\nS: 354 go\n"
        "C: Subject: hi\nC: \nC: Hello\nC: .\n"
        "C: MAIL FROM:<a@example.com>\nC: RCPT TO:<c@example.net>\nC: DATA\nS: 250 ok\n"
        "send: from=a@example.com to=c@example.net\n";
    struct script script;
    struct replay replay;
    script_init(&script);
    buf_append(&script.source,
               STR("relay: tls=none\nS: 220 hi\nC: EHLO client.example\nS: 250-r\nS: 250 PIPELINING\n"));
    buf_append(&script.source, STR(rest));
    CHECK(script_read(&script));
    replay_run(&replay, &script, replay_whole);
    replay_send(&replay, &script.sends[0]);
    CHECK_INT(replay.after, SMTP_AFTER_REUSE);
    CHECK(smtp_session_is_idle(replay.session));
    CHECK(smtp_session_probe(replay.session, 1000));
    smtp_session_close(&replay.session);
    end_session(&replay, &script);
}

int main(void)
{
    TEST(a_sign_of_life_is_a_250_and_nothing_else);
    TEST(a_session_with_a_mail_begun_is_not_asked);
    return test_result();
}
