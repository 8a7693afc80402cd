/* A whole session, with a relay that says what the input says (hostile_relay.h). The first line of the input has the
 * words that set it up; what became of each mail follows from which octets the relay was given and which turn was its
 * answer, and nothing else may be said of it. */
#include "hostile_relay.h"
#include "smtp/session.h"
#include "smtp/trouble.h"

enum { ARENA_BYTES = 1 << 20, MAX_RECIPIENTS = 3, TOTAL_MS = 60000, MAX_ALLOCATIONS = 128 };

static const struct hostile_message messages[HOSTILE_MESSAGES] = {
    {STR("Subject: one\r\n\r\n.\r\n..a\r\n.b\r\n"), STR("Subject: one\r\n\r\n..\r\n...a\r\n..b\r\n")},
    {STR("Subject: two\r\n\r\n\r\n..\r\nbye\r\n"), STR("Subject: two\r\n\r\n\r\n...\r\nbye\r\n")},
};

static const struct str recipients[HOSTILE_MESSAGES][MAX_RECIPIENTS] = {
    {STR("b@example.net"), STR("c@example.net"), STR("d@example.org")}, {STR("e@example.net")}};

struct piece {
    struct str message;
    size_t at;
};

struct mail {
    struct piece piece;
    struct smtp_source source;
    struct smtp_envelope envelope;
    struct outcome outcome;
    struct outcome_recipient verdicts[MAX_RECIPIENTS];
    struct smtp_mail mail;
};

struct run {
    struct hostile_relay relay;
    struct smtp_relay settings;
    struct arena arena;
    struct smtp_transcript transcript;
    struct mail mails[HOSTILE_MESSAGES];
    bool second_was_asked_for;
};

static bool says(struct str words, struct str word)
{
    while (words.data)
        if (str_equal(str_cut(&words, ' '), word))
            return true;
    return false;
}

static enum smtp_pull pull(void *context, struct str *piece)
{
    struct piece *source = context;
    *piece = str_first(str_from(source->message, source->at), 5);
    source->at += piece->len;
    return piece->len ? SMTP_PULL_PIECE : SMTP_PULL_END;
}

static void rewind_piece(void *context)
{
    ((struct piece *)context)->at = 0;
}

static const struct smtp_mail *next_mail(void *context)
{
    struct run *run = context;
    FUZZ_CHECK(!run->second_was_asked_for);
    run->second_was_asked_for = true;
    return &run->mails[1].mail;
}

static void set_up(struct run *run, struct str words)
{
    run->settings = (struct smtp_relay){
        .host = STR("relay.example"),
        .port = 587,
        .tls = says(words, STR("starttls"))   ? SMTP_TLS_STARTTLS
               : says(words, STR("implicit")) ? SMTP_TLS_IMPLICIT
                                              : SMTP_TLS_NONE,
        .protocol = says(words, STR("lmtp")) ? SMTP_PROTOCOL_LMTP : SMTP_PROTOCOL_SMTP,
        .username = says(words, STR("login")) ? STR("ann@example.com") : (struct str){0},
        .password = says(words, STR("login")) ? STR("hunter2-hunter2") : (struct str){0},
        .auth = STR("PLAIN LOGIN"), /* those that leave nothing to chance */
        .ehlo_name = STR("client.example"),
        .chunking = !says(words, STR("nochunking")),
        .timeouts = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
        .stop_fd = -1,
    };
    run->relay.by_byte = says(words, STR("bytes"));
    run->relay.must_encrypt = run->settings.tls != SMTP_TLS_NONE;
    while (words.data) {
        struct str word = str_cut(&words, ' ');
        uint64_t limit;
        if (str_starts_with(word, STR("cut=")) && str_to_uint(str_from(word, 4), HOSTILE_MAX_BYTES, &limit))
            run->relay.write_limit = limit;
    }
}

static void set_up_mail(struct run *run, size_t i, bool delivers)
{
    struct mail *mail = &run->mails[i];
    mail->piece = (struct piece){messages[i].raw, messages[i].raw.len}; /* pulled before */
    mail->source = (struct smtp_source){
        .context = &mail->piece, .size_octets = messages[i].raw.len, .pull = pull, .rewind = rewind_piece};
    mail->envelope = (struct smtp_envelope){.return_path = i ? STR("") : STR("a@example.com"),
                                            .recipients = recipients[i],
                                            .recipient_count = i ? 1 : MAX_RECIPIENTS,
                                            .partial = delivers ? PARTIAL_DELIVER : PARTIAL_ABORT};
    mail->outcome = (struct outcome){.recipients = mail->verdicts};
    mail->mail = (struct smtp_mail){.envelope = &mail->envelope,
                                    .source = &mail->source,
                                    .total = deadline_after_ms(TOTAL_MS),
                                    .arena = &run->arena,
                                    .transcript = &run->transcript,
                                    .outcome = &mail->outcome};
}

static bool tells_password(const struct run *run, struct str text)
{
    return run->settings.password.data && fuzz_holds(text, run->settings.password);
}

static void check_words(const struct run *run, const struct outcome *outcome)
{
    bool was_taken = outcome->delivery == DELIVERY_SENT || outcome->delivery == DELIVERY_PARTIAL;
    enum fault_code code = outcome->fault.code;
    FUZZ_CHECK(code == FAULT_NONE ? was_taken : smtp_trouble_delivery(code) == outcome->delivery);
    FUZZ_CHECK(code == FAULT_NONE || outcome->fault.detail[0]);
    FUZZ_CHECK(outcome->delivery != DELIVERY_UNKNOWN || fault_kind(code)->retry_after_s == RETRY_NEVER);
    FUZZ_CHECK(!tells_password(run, str_of(outcome->fault.detail)));
    FUZZ_CHECK(!tells_password(run, outcome->reply.text));
    for (size_t i = 0; i < outcome->recipient_count; i++)
        FUZZ_CHECK(!tells_password(run, outcome->recipients[i].reply.text));
}

/* LMTP has a reply for each recipient that was accepted (RFC 2033 4.2). */
static int count_taken(const struct run *run, size_t turn, size_t replies)
{
    int taken = 0;
    struct str rest = hostile_words_from(&run->relay, turn);
    while (replies-- && rest.len)
        taken += hostile_next_code(&rest) / 100 == 2;
    return taken;
}

static size_t count_accepted(const struct outcome *outcome)
{
    size_t accepted = 0;
    for (size_t i = 0; i < outcome->recipient_count; i++)
        accepted += outcome->recipients[i].status == RECIPIENT_ACCEPTED;
    return accepted;
}

/* The invariant of the house. */
static void check_delivery(const struct run *run, size_t i)
{
    const struct outcome *outcome = &run->mails[i].outcome;
    size_t turn = run->relay.ended_in[i];
    bool was_taken = outcome->delivery == DELIVERY_SENT || outcome->delivery == DELIVERY_PARTIAL;
    FUZZ_CHECK(!was_taken || turn);
    if (!turn)
        return;
    size_t replies = run->settings.protocol == SMTP_PROTOCOL_LMTP ? MAX_RECIPIENTS : 1;
    size_t begin = hostile_turn(&run->relay, turn).begin;
    bool is_line = run->relay.speech.data[begin - 1] == '\n'; /* not the rest of one that began before */
    int taken = is_line ? count_taken(run, turn, replies) : 0;
    if (taken && run->relay.delivered > begin)
        FUZZ_CHECK(outcome->delivery != DELIVERY_NOT_SENT);
    if (!hostile_is_in_step(&run->relay, turn))
        return;
    struct str answer = hostile_words_from(&run->relay, turn);
    int code = hostile_next_code(&answer);
    FUZZ_CHECK(was_taken <= (taken > 0));
    if (outcome->delivery == DELIVERY_NOT_SENT)
        FUZZ_CHECK(code / 100 == 4 || code / 100 == 5);
    if (was_taken)
        FUZZ_CHECK(count_accepted(outcome) > 0);
}

/* With the first octet of the end of data handed over, no word but the relay's can say that it was not sent. */
static void check_broken_end(const struct run *run, size_t i)
{
    struct str rest = str_from(buf_view(&run->relay.received), run->relay.read_at);
    struct str body = messages[i].stuffed;
    bool has_begun_to_end = run->relay.in_body && str_starts_with(rest, body) && rest.len > body.len &&
                            rest.data[body.len] == '.';
    if (has_begun_to_end)
        FUZZ_CHECK(run->mails[i].outcome.delivery == DELIVERY_UNKNOWN);
}

static void check_reuse(const struct run *run)
{
    FUZZ_CHECK(run->relay.delivered == hostile_available(&run->relay));
    FUZZ_CHECK(!run->relay.in_body && !run->relay.refuses);
    FUZZ_CHECK(run->relay.received.len == run->relay.read_at);
}

static void check_mail(const struct run *run, size_t i, enum smtp_after after)
{
    fuzz_pause_memory(true);
    check_words(run, &run->mails[i].outcome);
    check_delivery(run, i);
    check_broken_end(run, i);
    FUZZ_CHECK(after != SMTP_AFTER_RETRY || (i && !run->relay.ended_in[i]));
    if (after == SMTP_AFTER_REUSE && (i || !run->second_was_asked_for))
        check_reuse(run);
    fuzz_pause_memory(false);
}

static void send_mails(struct run *run, struct smtp_session *session, bool overlaps)
{
    struct smtp_waiting waiting = {run, next_mail};
    enum smtp_after after = SMTP_AFTER_REUSE;
    for (size_t i = 0; i < HOSTILE_MESSAGES && after == SMTP_AFTER_REUSE; i++) {
        after = smtp_session_send(session, &run->mails[i].mail, overlaps && !i ? &waiting : NULL);
        check_mail(run, i, after);
    }
}

static void run_session(struct str line, struct str words)
{
    struct run run = {0};
    struct outcome opened = {0};
    hostile_init(&run.relay, words, messages);
    set_up(&run, line);
    arena_init(&run.arena, ARENA_BYTES);
    smtp_transcript_init(&run.transcript);
    for (size_t i = 0; i < HOSTILE_MESSAGES; i++)
        set_up_mail(&run, i, says(line, STR("deliver")));
    struct smtp_session *session =
        smtp_session_open_over(&run.relay.transport, &run.settings, deadline_after_ms(TOTAL_MS), &run.arena,
                               &run.transcript, &opened);
    FUZZ_CHECK(!session == (opened.fault.code != FAULT_NONE));
    FUZZ_CHECK(opened.delivery == DELIVERY_NOT_SENT);
    FUZZ_CHECK(!tells_password(&run, str_of(opened.fault.detail)));
    FUZZ_CHECK(!tells_password(&run, opened.reply.text));
    if (session)
        send_mails(&run, session, says(line, STR("overlap")));
    smtp_session_close(&session);
    FUZZ_CHECK(!tells_password(&run, smtp_transcript_text(&run.transcript)));
    smtp_transcript_fini(&run.transcript);
    arena_fini(&run.arena);
    hostile_fini(&run.relay);
}

/* With the word "oom" once more with an allocation that fails: each that there is, or one where time counts. */
void fuzz_input(struct str input)
{
    struct str words = input;
    struct str line = str_cut(&words, '\n');
    words = words.data ? words : STR("");
    run_session(line, words);
    bool has_failed = says(line, STR("oom"));
    size_t first = fuzz_has_time ? 0 : fuzz_seed(input) % MAX_ALLOCATIONS;
    for (size_t number = first; has_failed && (fuzz_has_time || number == first); number++) {
        fuzz_fail_allocation(number);
        run_session(line, words);
        has_failed = fuzz_end_of_memory();
    }
}
