/* What a script of a few lines cannot show: a thousand recipients, a long message, a session that has been silent. */
#include "memory_transport.h"
#include "smtp/dialogue.h"
#include "test.h"

enum { MANY = 1000 };

/* A relay that answers as told, line by line or chunk by chunk, and notes how it is written to. */
struct mill {
    struct smtp_transport transport;
    struct buf received, replies;
    size_t read_at;    /* of the replies */
    size_t parsed;     /* of what was received */
    size_t chunk_left; /* of BDAT */
    bool in_data;
    const char *hangs_up; /* on a body, with these words; NULL: does not */
    size_t largest_write, writes, recipients;
    const char *offer; /* behind "250-relay\r\n" */
};

static void mill_answer(struct mill *mill, const char *reply)
{
    buf_append(&mill->replies, str_of(reply));
    buf_append(&mill->replies, STR("\r\n"));
}

static void mill_chunk(struct mill *mill, size_t octets)
{
    mill->chunk_left = octets;
    if (octets == 0)
        mill_answer(mill, "250 2.0.0 chunk taken");
}

static void mill_command(struct mill *mill, struct str line)
{
    mill->recipients += str_starts_with(line, STR("RCPT "));
    if (str_starts_with(line, STR("EHLO")))
        mill_answer(mill, mill->offer);
    else if (str_equal(line, STR("DATA")))
        mill->in_data = true, mill_answer(mill, "354 go");
    else if (str_starts_with(line, STR("BDAT ")))
        mill_chunk(mill, strtoul(line.data + 5, NULL, 10));
    else
        mill_answer(mill, str_equal(line, STR("QUIT")) ? "221 bye" : "250 ok");
}

static void mill_work(struct mill *mill)
{
    for (;;) {
        struct str rest = str_from(buf_view(&mill->received), mill->parsed);
        size_t end = str_index(rest, '\n');
        if (mill->chunk_left) {
            size_t used = rest.len < mill->chunk_left ? rest.len : mill->chunk_left;
            mill->parsed += used;
            mill_chunk(mill, mill->chunk_left - used);
            if (mill->chunk_left)
                return;
            continue;
        }
        if (end == rest.len)
            return;
        mill->parsed += end + 1;
        struct str line = str_first(rest, end - 1);
        if (!mill->in_data)
            mill_command(mill, line);
        else if (str_equal(line, STR(".")))
            mill->in_data = false, mill_answer(mill, "250 2.0.0 taken");
    }
}

static enum smtp_status mill_read(struct smtp_transport *transport, char *bytes, size_t room,
                                  struct deadline deadline, size_t *got)
{
    struct mill *mill = (struct mill *)transport;
    (void)deadline;
    struct str ready = str_first(str_from(buf_view(&mill->replies), mill->read_at), room);
    if (ready.len)
        memcpy(bytes, ready.data, ready.len);
    *got = ready.len;
    mill->read_at += ready.len;
    return ready.len ? SMTP_STATUS_OK : SMTP_STATUS_TIMEOUT;
}

static enum smtp_status mill_write(struct smtp_transport *transport, struct str bytes,
                                   struct deadline deadline, size_t *taken)
{
    struct mill *mill = (struct mill *)transport;
    (void)deadline;
    if (mill->in_data && mill->hangs_up) {
        mill_answer(mill, mill->hangs_up);
        *taken = 0;
        return SMTP_STATUS_RESET;
    }
    *taken = bytes.len;
    mill->writes++;
    mill->largest_write = bytes.len > mill->largest_write ? bytes.len : mill->largest_write;
    buf_append(&mill->received, bytes);
    mill_work(mill);
    return SMTP_STATUS_OK;
}

static void mill_free(struct smtp_transport *transport)
{
    (void)transport;
}

struct run {
    struct mill mill;
    struct smtp_relay relay;
    struct arena arena;
    struct smtp_session *session;
    struct str addresses[MANY];
    struct outcome_recipient verdicts[MANY];
    struct outcome outcome;
    struct smtp_envelope envelope;
    struct smtp_source source;
    uint64_t left, fails_at; /* fails_at: how many octets are left when the source fails; 0: never */
};

static void run_open(struct run *run, const char *offer)
{
    static const struct smtp_transport_ops ops = {mill_read, mill_write, memory_start_tls, mill_free};
    run->mill = (struct mill){.transport.ops = &ops, .offer = offer};
    buf_init(&run->mill.received, 1 << 24);
    buf_init(&run->mill.replies, 1 << 20);
    mill_answer(&run->mill, "220 hi");
    run->relay = (struct smtp_relay){.host = STR("relay.example"),
                                     .tls = SMTP_TLS_NONE,
                                     .ehlo_name = STR("client.example"),
                                     .chunking = true,
                                     .timeouts = {1000, 1000, 1000, 1000, 1000, 1000, 1000},
                                     .stop_fd = -1};
    arena_init(&run->arena, 1 << 20);
    run->outcome = (struct outcome){.recipients = run->verdicts};
    run->session = smtp_session_open_over(&run->mill.transport, &run->relay, deadline_after_ms(60000),
                                          &run->arena, NULL, &run->outcome);
    CHECK(run->session);
}

static enum smtp_pull run_pull(void *context, struct str *piece)
{
    static const char line[] = ".23456789 123456789 123456789 123456789 123456789 123456789 12\r\n";
    struct run *run = context;
    *piece = str_first(STR(line), run->left);
    if (run->fails_at && run->left <= run->fails_at)
        return SMTP_PULL_FAILED;
    run->left -= piece->len;
    return piece->len ? SMTP_PULL_PIECE : SMTP_PULL_END;
}

static void run_rewind(void *context)
{
    struct run *run = context;
    run->left = run->source.size_octets;
}

static enum smtp_after run_send(struct run *run, size_t recipients, uint64_t octets)
{
    for (size_t i = 0; i < recipients; i++)
        run->addresses[i] = STR("somebody.with.a.name@department.example.net");
    run->envelope = (struct smtp_envelope){
        .return_path = STR("a@example.com"), .recipients = run->addresses, .recipient_count = recipients};
    run->source = (struct smtp_source){run, octets, run_pull, run_rewind};
    struct smtp_mail mail = {&run->envelope, &run->source, deadline_after_ms(60000),
                             &run->arena,    NULL,         &run->outcome};
    run->mill.writes = run->mill.largest_write = run->mill.recipients = 0;
    return smtp_session_send(run->session, &mail, NULL);
}

static void run_close(struct run *run)
{
    smtp_session_close(&run->session);
    arena_fini(&run->arena);
    buf_fini(&run->mill.received);
    buf_fini(&run->mill.replies);
}

/* RFC 2920 3.1: neither side may wait for the other with its buffers full. */
static void a_thousand_recipients_go_in_several_flights(void)
{
    static struct run run;
    run_open(&run, "250-relay\r\n250 PIPELINING");
    CHECK_INT(run_send(&run, MANY, 66), SMTP_AFTER_REUSE);
    CHECK_INT(run.outcome.delivery, DELIVERY_SENT);
    CHECK_INT(run.mill.recipients, MANY);
    CHECK(run.mill.largest_write < 2 * SMTP_FLIGHT_BYTES);
    CHECK(run.mill.writes > 4 && run.mill.writes < 20);
    run_close(&run);
}

static void a_long_message_is_one_chunk_in_blocks(void)
{
    static struct run run;
    run_open(&run, "250-relay\r\n250-PIPELINING\r\n250 CHUNKING");
    CHECK_INT(run_send(&run, 2, 1000000), SMTP_AFTER_REUSE);
    CHECK_INT(run.outcome.delivery, DELIVERY_SENT);
    CHECK_STR(run.outcome.reply.text, STR("2.0.0 chunk taken"));
    CHECK(run.mill.largest_write <= SMTP_BLOCK_BYTES);
    CHECK_INT(run.mill.chunk_left, 0);
    run_close(&run);
}

/* A message that is not whole is never ended: neither by a dot nor by the octets that a chunk wants. */
static void a_source_that_fails_ends_the_session(void)
{
    static const char *const offers[] = {"250 relay", "250-relay\r\n250 CHUNKING"};
    for (size_t i = 0; i < 2; i++) {
        static struct run run;
        run_open(&run, offers[i]);
        run.fails_at = 500;
        test_row("%s", offers[i]);
        CHECK_INT(run_send(&run, 1, 1000), SMTP_AFTER_CLOSE);
        CHECK_INT(run.outcome.delivery, DELIVERY_NOT_SENT);
        CHECK_INT(run.outcome.fault.code, FAULT_INTERNAL);
        CHECK(!memmem(run.mill.replies.data, run.mill.replies.len, "taken", 5));
        run_close(&run);
        run.fails_at = 0;
    }
}

static void a_relay_that_hangs_up_on_a_body_has_often_said_why(void)
{
    static struct run run;
    run_open(&run, "250 relay");
    run.mill.hangs_up = "552 5.3.4 too long";
    CHECK_INT(run_send(&run, 1, 1000), SMTP_AFTER_CLOSE);
    CHECK_INT(run.outcome.delivery, DELIVERY_NOT_SENT);
    CHECK_INT(run.outcome.fault.code, FAULT_MESSAGE_REJECTED);
    CHECK_INT(run.outcome.reply.code, 552);
    run_close(&run);
}

/* The chunk goes along only where nothing can have ended the session in the meantime. */
static void a_chunk_goes_along_only_on_a_new_session_that_is_awake(void)
{
    static const struct {
        const char *name;
        uint64_t octets;
        bool is_used, was_silent;
        size_t recipients, writes;
    } rows[] = {
        {"new", 1000, false, false, 1, 2},        {"used", 1000, true, false, 1, 3},
        {"silent", 1000, false, true, 1, 3},      {"large", 65537, false, false, 1, 4},
        {"two, abort", 1000, false, false, 2, 3}, {"an octet", 1, false, false, 1, 2},
        {"nothing", 0, false, false, 1, 2},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        static struct run run;
        run_open(&run, "250-relay\r\n250-PIPELINING\r\n250 CHUNKING");
        run.session->is_used = rows[i].is_used;
        if (rows[i].was_silent)
            run.session->heard_at_us -= 1000000;
        run_send(&run, rows[i].recipients, rows[i].octets);
        CHECK_INT(run.outcome.delivery, DELIVERY_SENT);
        CHECK_INT(run.mill.writes, rows[i].writes);
        run_close(&run);
    }
}

/* RFC 6533 3: in ORCPT each "+" takes six octets. */
static void a_chunk_goes_along_only_with_every_recipient(void)
{
    enum { RECIPIENTS = 19 };
    static struct run run;
    run_open(&run, "250-relay\r\n250-PIPELINING\r\n250-CHUNKING\r\n250-SMTPUTF8\r\n250-8BITMIME\r\n250 DSN");
    for (size_t i = 0; i < RECIPIENTS; i++)
        run.addresses[i] =
            STR("\xc3\xa9++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++++@ex.de");
    run.envelope = (struct smtp_envelope){.return_path = STR("a@example.com"),
                                          .recipients = run.addresses,
                                          .recipient_count = RECIPIENTS,
                                          .partial = PARTIAL_DELIVER,
                                          .smtputf8 = true,
                                          .dsn.notify = DSN_SUCCESS | DSN_FAILURE | DSN_DELAY};
    run.source = (struct smtp_source){&run, 100, run_pull, run_rewind};
    struct smtp_mail mail = {&run.envelope, &run.source, deadline_after_ms(60000),
                             &run.arena,    NULL,        &run.outcome};
    CHECK_INT(smtp_session_send(run.session, &mail, NULL), SMTP_AFTER_REUSE);
    CHECK_INT(run.outcome.delivery, DELIVERY_SENT);
    struct str received = buf_view(&run.mill.received);
    const char *chunk = memmem(received.data, received.len, "\r\nBDAT ", 7);
    CHECK(chunk && !memmem(chunk, received.len - (size_t)(chunk - received.data), "\r\nRCPT ", 7));
    CHECK_INT(run.mill.recipients, RECIPIENTS);
    run_close(&run);
}

int main(void)
{
    TEST(a_thousand_recipients_go_in_several_flights);
    TEST(a_long_message_is_one_chunk_in_blocks);
    TEST(a_source_that_fails_ends_the_session);
    TEST(a_relay_that_hangs_up_on_a_body_has_often_said_why);
    TEST(a_chunk_goes_along_only_with_every_recipient);
    TEST(a_chunk_goes_along_only_on_a_new_session_that_is_awake);
    return test_result();
}
