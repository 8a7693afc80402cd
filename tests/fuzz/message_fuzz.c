/* The input is what a request says: on its first line "json", "form CONTENT-TYPE" or "rfc822 QUERY", then the body. What
 * is taken becomes a message of which each line of the header is looked at: no text of a caller begins one. What is
 * refused is told by JSON. With an allocation that fails nothing becomes of it but the same, or "overloaded". */
#include "api/answer/receipt.h"
#include "api/http/query.h"
#include "api/json/json_check.h"
#include "api/message/reader.h"
#include "mime/render.h"
#include "reader.h"
#include "smtp/envelope.h"

enum { ARENA_BYTES = 1 << 20, MAX_NODES = 100000 };

static const struct api_limits limits = {.max_body_bytes = 1 << 16,
                                         .max_in_flight_bytes = 1 << 20,
                                         .max_recipients = 20,
                                         .max_attachments = 8,
                                         .max_headers = 20,
                                         .max_json_nodes = 500};

/* Those that Postern writes, each of them once at the most. */
static const char *const written[] = {"Date",
                                      "From",
                                      "Sender",
                                      "Reply-To",
                                      "To",
                                      "Cc",
                                      "Subject",
                                      "Message-ID",
                                      "In-Reply-To",
                                      "References",
                                      "List-Unsubscribe",
                                      "List-Unsubscribe-Post",
                                      "MIME-Version",
                                      "Content-Type",
                                      "Content-Transfer-Encoding",
                                      "Content-Disposition",
                                      "Content-ID"};
enum { WRITTEN = sizeof written / sizeof *written };

/* What the guard lets pass: no controls in a field's value, visible ASCII in a target. */
static struct str read_line(struct str *input, bool is_target)
{
    struct str line = str_cut(input, '\n');
    for (size_t i = 0; i < line.len; i++)
        if (char_is_control(line.data[i]) || (is_target && (line.data[i] & 0x80)))
            return STR("");
    return line;
}

static struct message_body read_input(struct str input)
{
    struct str line = read_line(&input, str_starts_with(input, STR("rfc822")));
    struct str word = str_cut(&line, ' ');
    struct message_body body = {.octets = str_first(input.data ? input : STR(""), limits.max_body_bytes)};
    if (str_equal(word, STR("form"))) {
        body.form = MESSAGE_AS_FORM;
        body.content_type = line.data ? line : STR("");
    } else if (str_equal(word, STR("rfc822"))) {
        body.form = MESSAGE_AS_RFC822;
        body.query = line;
    }
    return body;
}

static void check_json(char *json)
{
    struct arena arena;
    struct str pointer;
    struct fault fault;
    FUZZ_CHECK(json);
    arena_init(&arena, ARENA_BYTES);
    FUZZ_CHECK(json_check(&arena, str_of(json), MAX_NODES, &pointer, &fault));
    arena_fini(&arena);
    free(json);
}

static bool is_given(const struct message *message, struct str name)
{
    for (size_t i = 0; i < message->header_count; i++)
        if (str_equal(message->headers[i].name, name))
            return true;
    return false;
}

/* The place among those that Postern writes; WRITTEN for one that the caller gave. */
static size_t place_of(const struct message *message, struct str name)
{
    size_t place = 0;
    while (place < WRITTEN && !str_equal(name, str_of(written[place])))
        place++;
    FUZZ_CHECK(place < WRITTEN || is_given(message, name));
    return place;
}

/* RFC 5322 2.2: fields, and behind them a line with nothing; returns what follows. */
static struct str check_header(const struct message *message, struct str text)
{
    unsigned count[WRITTEN + 1] = {0};
    for (;;) {
        size_t len = str_index(text, '\n');
        FUZZ_CHECK(len < text.len && len > 0 && text.data[len - 1] == '\r');
        struct str line = str_first(text, len - 1);
        text = str_from(text, len + 1);
        if (!line.len)
            break;
        FUZZ_CHECK(line.len <= READER_MAX_LINE_OCTETS && str_index(line, '\r') == line.len);
        FUZZ_CHECK(str_index(line, '\0') == line.len && str_trim(line).len);
        if (!reader_is_white(line.data[0])) {
            FUZZ_CHECK(str_index(line, ':') < line.len);
            count[place_of(message, str_first(line, str_index(line, ':')))]++;
        }
    }
    for (size_t i = 0; i < WRITTEN; i++)
        FUZZ_CHECK(count[i] <= 1);
    FUZZ_CHECK(count[0] && count[1] && (count[7] || !message->message_id.data) && count[12]);
    return text;
}

static void check_lines(struct str text)
{
    while (text.len) {
        size_t len = str_index(text, '\n');
        FUZZ_CHECK(len == text.len || (len > 0 && text.data[len - 1] == '\r'));
        FUZZ_CHECK(len <= READER_MAX_LINE_OCTETS + 1);
        text = str_from(text, len + 1);
    }
}

static void check_message(struct submission *submission, enum message_form form)
{
    struct buf whole;
    struct str piece;
    struct render *render = render_start(&submission->arena, &submission->message, NULL);
    FUZZ_CHECK(render);
    buf_init(&whole, READER_MAX_BYTES);
    while (render_pull(render, &piece))
        buf_append(&whole, piece);
    FUZZ_CHECK(!whole.failed && whole.len == render_size_octets(render));
    check_lines(form == MESSAGE_AS_RFC822 ? buf_view(&whole)
                                          : check_header(&submission->message, buf_view(&whole)));
    buf_fini(&whole);
}

static void check_envelope(const struct submission *submission)
{
    struct smtp_envelope envelope = {.return_path = submission->return_path,
                                     .recipients = submission->recipients,
                                     .recipient_count = submission->recipient_count,
                                     .smtputf8 = submission->smtputf8,
                                     .dsn = submission->dsn};
    struct fault fault;
    FUZZ_CHECK(smtp_envelope_check(&envelope, &fault));
    FUZZ_CHECK(submission->recipient_count <= limits.max_recipients);
}

static bool read_once(struct submission *submission, const struct message_body *body, struct problem *problem)
{
    *problem = (struct problem){0};
    query_read(submission, body->query, body->form == MESSAGE_AS_RFC822, problem);
    return submission_read(submission, body, &limits, problem);
}

/* In turn each allocation that the reading of this input asks for. */
static void check_end_of_memory(const struct message_body *body, bool was_valid, uint32_t number)
{
    struct problem problem;
    struct submission *submission = submission_new(&limits);
    FUZZ_CHECK(submission);
    fuzz_fail_allocation(number);
    bool valid = read_once(submission, body, &problem);
    bool has_failed = fuzz_end_of_memory();
    FUZZ_CHECK(valid ? was_valid : !was_valid || (has_failed && problem.fault.code == FAULT_OVERLOADED));
    submission_free(&submission);
}

void fuzz_input(struct str input)
{
    struct message_body body = read_input(input);
    struct problem problem;
    struct submission *submission = submission_new(&limits);
    FUZZ_CHECK(submission);
    uint32_t seed = fuzz_seed(input);
    bool valid = read_once(submission, &body, &problem);
    if (valid) {
        check_envelope(submission);
        check_message(submission, body.form);
        check_json(receipt_json(submission));
    } else {
        FUZZ_CHECK(problem.fault.code != FAULT_NONE && problem.fault.detail[0]);
        check_json(problem_json(&problem, str_of(submission->id)));
    }
    submission_free(&submission);
    check_end_of_memory(&body, valid, fuzz_next(&seed) % 64);
}
