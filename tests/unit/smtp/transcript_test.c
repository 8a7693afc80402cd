/* Every dialogue of tests/transcripts, replayed whole, by line and byte by byte; and then cut at every octet, the
 * relay's and Postern's, in every way in which a connection can end. The cut runs know nothing of the code: what the
 * delivery must be follows from which octets had passed. */
#include "test.h"

#include "memory_transport.h"

#include <dirent.h>

static struct script script;
static char paths[128][256];
static size_t path_count;

struct piece_source {
    struct str message;
    size_t at, piece_bytes;
};

static enum smtp_pull pull(void *context, struct str *piece)
{
    struct piece_source *source = context;
    *piece = str_first(str_from(source->message, source->at), source->piece_bytes);
    source->at += piece->len;
    return piece->len ? SMTP_PULL_PIECE : SMTP_PULL_END;
}

static void rewind_source(void *context)
{
    ((struct piece_source *)context)->at = 0;
}

struct run {
    struct memory_transport memory;
    struct smtp_relay relay;
    struct arena arena;
    struct smtp_transcript transcript;
    struct smtp_session *session;
    struct outcome outcome;
    struct outcome_recipient recipients[SCRIPT_MAX_RECIPIENTS];
    struct str addresses[SCRIPT_MAX_RECIPIENTS];
    enum smtp_after after;
    bool is_cut;
};

static void read_relay(struct smtp_relay *relay)
{
    struct str tls = script_value(script.relay, STR("tls"));
    struct str ehlo = script_value(script.relay, STR("ehlo"));
    *relay = (struct smtp_relay){
        .host = STR("relay.example"),
        .port = 587,
        .tls = str_equal(tls, STR("starttls"))   ? SMTP_TLS_STARTTLS
               : str_equal(tls, STR("implicit")) ? SMTP_TLS_IMPLICIT
                                                 : SMTP_TLS_NONE,
        .username = script_value(script.relay, STR("username")),
        .password = script_value(script.relay, STR("password")),
        .oauth_token = script_value(script.relay, STR("token")),
        .auth = script_value(script.relay, STR("auth")),
        .ehlo_name = ehlo.data ? ehlo : STR("client.example"),
        .timeouts = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
        .stop_fd = -1,
    };
}

static size_t read_recipients(struct run *run, struct str to)
{
    size_t count = 0;
    while (to.data && count < SCRIPT_MAX_RECIPIENTS)
        run->addresses[count++] = str_cut(&to, ',');
    return count;
}

static void run_send(struct run *run, const struct script_send *send)
{
    struct buf message;
    buf_init(&message, SCRIPT_MAX_BYTES);
    script_append_unescaped(&message, send->message);
    struct piece_source pieces = {buf_view(&message), 0, run->memory.plan.pace == MEMORY_BY_BYTE ? 1 : 1000};
    struct smtp_source source = {&pieces, message.len, pull, rewind_source};
    struct smtp_envelope envelope = {
        .return_path = script_value(send->line, STR("from")),
        .recipients = run->addresses,
        .recipient_count = read_recipients(run, script_value(send->line, STR("to"))),
        .partial = str_equal(script_value(send->line, STR("partial")), STR("deliver")) ? SMTP_PARTIAL_DELIVER
                                                                                       : SMTP_PARTIAL_ABORT,
        .smtputf8 = script_value(send->line, STR("smtputf8")).data,
    };
    struct str announced = script_value(send->line, STR("announce"));
    if (announced.data)
        str_to_uint(announced, UINT64_MAX, &source.size_octets);
    run->outcome = (struct outcome){.recipients = run->recipients};
    run->after = smtp_session_send(run->session, &envelope, &source, deadline_after_ms(60000), &run->arena,
                                   &run->transcript, &run->outcome);
    buf_fini(&message);
}

static const char *const after_names[] = {"reuse", "close", "retry"};

static void check_recipients(const struct run *run, struct str want)
{
    char got[512] = "";
    for (size_t i = 0; i < run->outcome.recipient_count; i++)
        snprintf(got + strlen(got), sizeof got - strlen(got), "%s%s", i ? "," : "",
                 recipient_status_name(run->outcome.recipients[i].status));
    CHECK_STR(str_of(got), want);
}

static void check_word(const struct run *run, struct str word)
{
    const struct outcome *outcome = &run->outcome;
    const struct fault_kind *kind = fault_kind(outcome->fault.code);
    struct str value = word;
    struct str name = str_cut(&value, '=');
    char number[32];
    if (str_equal(name, STR("delivery")))
        CHECK_TEXT(value, delivery_name(outcome->delivery));
    else if (str_equal(name, STR("fault")))
        CHECK_TEXT(value, kind->name);
    else if (str_equal(name, STR("status")))
        CHECK(snprintf(number, sizeof number, "%d", kind->http_status) && CHECK_TEXT(value, number));
    else if (str_equal(name, STR("retryable")))
        CHECK_TEXT(value, kind->retry_after_s ? "y" : "n");
    else if (str_equal(name, STR("code")))
        CHECK(snprintf(number, sizeof number, "%d", outcome->reply.code) && CHECK_TEXT(value, number));
    else if (str_equal(name, STR("enhanced")))
        CHECK_STR(outcome->reply.enhanced, value.len ? value : (struct str){0});
    else if (str_equal(name, STR("queue_id")))
        CHECK_STR(outcome->queue_id, value.len ? value : (struct str){0});
    else if (str_equal(name, STR("after")))
        CHECK_TEXT(value, after_names[run->after]);
    else if (str_equal(name, STR("recipients")))
        check_recipients(run, value);
    else
        CHECK(!"a word that expect: knows");
}

static void check_expected(const struct run *run, struct str expect)
{
    while (expect.data) {
        struct str word = str_cut(&expect, ' ');
        if (word.len)
            check_word(run, word);
    }
}

/* What the octets that passed allow to be said of the mail. */
static void check_delivery(const struct run *run, const struct script_send *send)
{
    const struct memory_transport *memory = &run->memory;
    struct str whole = script_value(send->expect, STR("delivery"));
    const char *got = delivery_name(run->outcome.delivery);
    bool claims_early = send->dot_at == SIZE_MAX && str_equal(whole, STR("unknown"));
    if (send->dot_at == SIZE_MAX || memory->received.len <= send->dot_at)
        CHECK(str_equal(str_of(got), STR("not_sent")) || (claims_early && str_equal(str_of(got), whole)));
    else if (memory->received.len >= send->dot_at + 3 && memory->delivered >= send->final_upto)
        CHECK_TEXT(whole, got);
    else
        CHECK_TEXT(STR("unknown"), got);
    bool sent = run->outcome.delivery == DELIVERY_SENT || run->outcome.delivery == DELIVERY_PARTIAL;
    CHECK(sent == (run->outcome.fault.code == FAULT_NONE));
    if (run->after == SMTP_AFTER_RETRY)
        CHECK(memory->received.len <= send->dot_at);
    if (run->after == SMTP_AFTER_REUSE && run->is_cut)
        CHECK(memory->delivered >= send->server_end && !memory->refused);
    if (run->outcome.fault.code != FAULT_NONE)
        CHECK(run->outcome.fault.detail[0] != '\0');
}

static void run_sends(struct run *run)
{
    for (size_t i = 0; i < script.send_count; i++) {
        run_send(run, &script.sends[i]);
        check_delivery(run, &script.sends[i]);
        if (!run->is_cut) {
            check_expected(run, script.sends[i].expect);
            if (script.sends[i].text.data)
                CHECK_STR(run->outcome.reply.text, script.sends[i].text);
        }
        if (run->after != SMTP_AFTER_REUSE)
            break;
    }
}

static bool holds(struct str text, struct str part)
{
    return part.len && text.len && memmem(text.data, text.len, part.data, part.len);
}

static void check_secrets(struct run *run)
{
    struct str secrets[] = {run->relay.password, run->relay.oauth_token};
    for (size_t i = 0; i < 2; i++) {
        CHECK(!holds(smtp_transcript_text(&run->transcript), secrets[i]));
        CHECK(!holds(run->outcome.reply.text, secrets[i]));
        CHECK(!holds(str_of(run->outcome.fault.detail), secrets[i]));
    }
}

static void run_script(struct memory_plan plan, bool is_cut)
{
    struct run run = {.is_cut = is_cut, .outcome.recipients = run.recipients};
    read_relay(&run.relay);
    memory_init(&run.memory, &script, plan);
    arena_init(&run.arena, 1 << 20);
    smtp_transcript_init(&run.transcript);
    run.session = smtp_session_open_over(&run.memory.transport, &run.relay, deadline_after_ms(60000), &run.arena,
                                         &run.transcript, &run.outcome);
    CHECK(!run.session == (run.outcome.fault.code != FAULT_NONE));
    CHECK(run.outcome.delivery == DELIVERY_NOT_SENT);
    if (!is_cut) {
        if (!CHECK(run.session || script.send_count == 0))
            printf("    %s\n", run.outcome.fault.detail);
        check_expected(&run, script.open_expect);
    }
    if (run.session)
        run_sends(&run);
    if (script.closes)
        smtp_session_close(&run.session);
    if (!is_cut)
        CHECK_STR(buf_view(&run.memory.received), buf_view(&script.client));
    smtp_session_close(&run.session);
    check_secrets(&run);
    CHECK(!run.arena.failed);
    smtp_transcript_fini(&run.transcript);
    arena_fini(&run.arena);
    buf_fini(&run.memory.received);
}

static void each_dialogue_replays_at_any_pace(void)
{
    static const char *const paces[] = {"whole", "by line", "by byte"};
    for (size_t i = 0; i < path_count; i++) {
        for (int pace = MEMORY_WHOLE; pace <= MEMORY_BY_BYTE; pace++) {
            test_row("%.60s, %s", paths[i], paces[pace]);
            if (CHECK(script_load(&script, paths[i])))
                run_script((struct memory_plan){(enum memory_pace)pace, SIZE_MAX, SIZE_MAX, SMTP_STATUS_TIMEOUT},
                           false);
            script_fini(&script);
        }
    }
}

static const enum smtp_status endings[] = {SMTP_STATUS_EOF, SMTP_STATUS_RESET, SMTP_STATUS_TIMEOUT,
                                           SMTP_STATUS_TLS_BROKEN};

static void a_relay_that_is_cut_off_anywhere_leaves_the_right_delivery(void)
{
    for (size_t i = 0; i < path_count; i++) {
        CHECK(script_load(&script, paths[i]));
        for (size_t limit = 0; limit <= script.server.len; limit++) {
            for (size_t ending = 0; ending < sizeof endings / sizeof endings[0]; ending++) {
                test_row("%.60s, relay cut at %zu, ending %d", paths[i], limit, (int)endings[ending]);
                run_script((struct memory_plan){MEMORY_WHOLE, limit, SIZE_MAX, endings[ending]}, true);
            }
            run_script((struct memory_plan){MEMORY_BY_BYTE, limit, SIZE_MAX, SMTP_STATUS_EOF}, true);
        }
        script_fini(&script);
    }
}

static void a_write_that_fails_anywhere_leaves_the_right_delivery(void)
{
    for (size_t i = 0; i < path_count; i++) {
        CHECK(script_load(&script, paths[i]));
        for (size_t limit = 0; limit <= script.client.len; limit++) {
            for (size_t ending = 0; ending < sizeof endings / sizeof endings[0]; ending++) {
                test_row("%.60s, write cut at %zu, ending %d", paths[i], limit, (int)endings[ending]);
                run_script((struct memory_plan){MEMORY_WHOLE, SIZE_MAX, limit, endings[ending]}, true);
            }
        }
        script_fini(&script);
    }
}

static void find_scripts(const char *folder)
{
    DIR *directory = opendir(folder);
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        if (strstr(entry->d_name, ".script") && path_count < sizeof paths / sizeof paths[0])
            snprintf(paths[path_count++], sizeof paths[0], "%s/%.200s", folder, entry->d_name);
    if (directory)
        closedir(directory);
}

int main(int argc, char **argv)
{
    find_scripts(argc > 1 ? argv[1] : "tests/transcripts");
    TEST(each_dialogue_replays_at_any_pace);
    TEST(a_relay_that_is_cut_off_anywhere_leaves_the_right_delivery);
    TEST(a_write_that_fails_anywhere_leaves_the_right_delivery);
    return test_result();
}
