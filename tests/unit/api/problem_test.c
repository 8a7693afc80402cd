/* What a caller reads, to the byte. */
#include "api/answer/problem.h"
#include "api/answer/receipt.h"
#include "api/json/json_write.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

static void check_json(char *json, const char *want)
{
    CHECK_STR(str_of(json), str_of(want));
    free(json);
}

/* A submission to two, with its outcome to be filled in. */
struct sample {
    struct submission submission;
    struct str recipients[2], pointers[2];
    struct outcome_recipient verdicts[2];
};

static int status_of(const struct sample *sample)
{
    return fault_kind(receipt_fault(&sample->submission.outcome))->http_status;
}

static void sample_init(struct sample *sample)
{
    *sample = (struct sample){.recipients = {STR("bob@example.net"), STR("eve@example.net")},
                              .pointers = {STR("/to/0"), STR("/bcc")}};
    struct submission *submission = &sample->submission;
    memcpy(submission->id, "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f", UUID_BYTES);
    submission->message.message_id = STR("<1@example.com>");
    submission->recipients = sample->recipients;
    submission->pointers = sample->pointers;
    submission->recipient_count = 2;
    submission->outcome.recipients = sample->verdicts;
    submission->outcome.recipient_count = 2;
    sample->verdicts[0] =
        (struct outcome_recipient){RECIPIENT_ACCEPTED, {250, STR("2.1.5"), STR("2.1.5 Ok")}, {0}};
    sample->verdicts[1] = (struct outcome_recipient){RECIPIENT_ACCEPTED, {250, {0}, STR("Ok")}, {0}};
}

static void set_relay(struct outcome *outcome, int code, struct str text)
{
    outcome->host = STR("smtp.example.com");
    outcome->port = 587;
    outcome->tls = STR("TLSv1.3");
    outcome->reply = (struct outcome_reply){code, {0}, text};
}

static void a_receipt_has_all_that_the_relay_said(void)
{
    struct sample sample;
    sample_init(&sample);
    struct outcome *outcome = &sample.submission.outcome;
    outcome->delivery = DELIVERY_SENT;
    set_relay(outcome, 250, STR("2.0.0 Ok: queued as \"4Xyz\""));
    outcome->reply.enhanced = STR("2.0.0");
    outcome->queue_id = STR("4Xyz");
    outcome->timing = (struct outcome_timing){.queued_us = 149, .connected_us = 0, .sent_us = 3950};
    check_json(receipt_json(&sample.submission),
               "{\"id\":\"0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f\",\"delivery\":\"sent\","
               "\"message_id\":\"<1@example.com>\",\"queue_id\":\"4Xyz\","
               "\"upstream\":{\"host\":\"smtp.example.com\",\"port\":587,\"tls\":\"TLSv1.3\",\"code\":250,"
               "\"enhanced\":\"2.0.0\",\"text\":\"2.0.0 Ok: queued as \\\"4Xyz\\\"\"},"
               "\"recipients\":[{\"email\":\"bob@example.net\",\"status\":\"accepted\",\"code\":250,"
               "\"enhanced\":\"2.1.5\",\"text\":\"2.1.5 Ok\"},{\"email\":\"eve@example.net\","
               "\"status\":\"accepted\",\"code\":250,\"enhanced\":null,\"text\":\"Ok\"}],"
               "\"timing_ms\":{\"queued\":0.1,\"connected\":0.0,\"sent\":4.0}}");
    CHECK_INT(status_of(&sample), 200);
}

static void a_queue_id_that_is_not_known_is_null_and_a_transcript_is_shown_when_it_is_asked_for(void)
{
    struct sample sample;
    sample_init(&sample);
    struct outcome *outcome = &sample.submission.outcome;
    outcome->delivery = DELIVERY_PARTIAL;
    set_relay(outcome, 250, STR("Ok"));
    outcome->tls = (struct str){0};
    outcome->transcript = STR("S: 220 x\n");
    sample.submission.wants_transcript = true;
    outcome->recipient_count = 1;
    check_json(receipt_json(&sample.submission),
               "{\"id\":\"0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f\",\"delivery\":\"partial\","
               "\"message_id\":\"<1@example.com>\",\"queue_id\":null,"
               "\"upstream\":{\"host\":\"smtp.example.com\",\"port\":587,\"tls\":null,\"code\":250,"
               "\"enhanced\":null,\"text\":\"Ok\"},"
               "\"recipients\":[{\"email\":\"bob@example.net\",\"status\":\"accepted\",\"code\":250,"
               "\"enhanced\":\"2.1.5\",\"text\":\"2.1.5 Ok\"}],"
               "\"timing_ms\":{\"queued\":0.0,\"connected\":0.0,\"sent\":0.0},"
               "\"transcript\":\"S: 220 x\\n\"}");
    CHECK_INT(status_of(&sample), 200);
}

static void a_refusal_names_the_recipients(void)
{
    struct sample sample;
    sample_init(&sample);
    struct outcome *outcome = &sample.submission.outcome;
    fault_set(&outcome->fault, FAULT_RECIPIENTS_REJECTED, "2 of 2 were refused");
    set_relay(outcome, 550, STR("No such user"));
    sample.verdicts[0] = (struct outcome_recipient){RECIPIENT_REJECTED, {550, {0}, STR("No such user")}, {0}};
    sample.verdicts[1] = (struct outcome_recipient){RECIPIENT_DEFERRED, {451, {0}, STR("Later")}, {0}};
    check_json(receipt_json(&sample.submission),
               "{\"type\":\"urn:postern:problem:recipients-rejected\","
               "\"title\":\"The relay refused one or more recipients\",\"status\":422,"
               "\"code\":\"recipients-rejected\",\"detail\":\"2 of 2 were refused\","
               "\"id\":\"0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f\",\"delivery\":\"not_sent\","
               "\"retryable\":false,\"message_id\":\"<1@example.com>\","
               "\"errors\":[{\"pointer\":\"/to/0\",\"code\":\"recipients-rejected\","
               "\"detail\":\"No such user\"},{\"pointer\":\"/bcc\",\"code\":\"recipients-deferred\","
               "\"detail\":\"Later\"}],"
               "\"upstream\":{\"host\":\"smtp.example.com\",\"port\":587,\"tls\":\"TLSv1.3\",\"code\":550,"
               "\"enhanced\":null,\"text\":\"No such user\"},"
               "\"recipients\":[{\"email\":\"bob@example.net\",\"status\":\"rejected\",\"code\":550,"
               "\"enhanced\":null,\"text\":\"No such user\"},{\"email\":\"eve@example.net\","
               "\"status\":\"deferred\",\"code\":451,\"enhanced\":null,\"text\":\"Later\"}]}");
    CHECK_INT(status_of(&sample), 422);
}

static void what_never_reached_a_relay_shows_none(void)
{
    struct sample sample;
    sample_init(&sample);
    fault_set(&sample.submission.outcome.fault, FAULT_OVERLOADED, "the queue is full");
    sample.verdicts[0] = sample.verdicts[1] = (struct outcome_recipient){0};
    check_json(receipt_json(&sample.submission),
               "{\"type\":\"urn:postern:problem:overloaded\","
               "\"title\":\"Postern has more work than it can take\",\"status\":503,"
               "\"code\":\"overloaded\",\"detail\":\"the queue is full\","
               "\"id\":\"0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f\",\"delivery\":\"not_sent\","
               "\"retryable\":true,\"message_id\":\"<1@example.com>\"}");
    CHECK_INT(status_of(&sample), 503);
}

/* The promise: the delivery decides what is told, whatever the fault says. */
static void the_delivery_is_never_told_wrong(void)
{
    static const struct {
        const char *name;
        enum delivery delivery;
        enum fault_code fault, told;
    } rows[] = {
        {"sent", DELIVERY_SENT, FAULT_NONE, FAULT_NONE},
        {"sent, with a fault after it", DELIVERY_SENT, FAULT_UPSTREAM_TIMEOUT, FAULT_NONE},
        {"partial, with the refusal", DELIVERY_PARTIAL, FAULT_RECIPIENTS_REJECTED, FAULT_NONE},
        {"partial, and not as asked", DELIVERY_PARTIAL, FAULT_RECIPIENTS_PARTLY_REJECTED,
         FAULT_RECIPIENTS_PARTLY_REJECTED},
        {"partial, and not as asked, for now", DELIVERY_PARTIAL, FAULT_RECIPIENTS_PARTLY_DEFERRED,
         FAULT_RECIPIENTS_PARTLY_DEFERRED},
        {"unknown", DELIVERY_UNKNOWN, FAULT_OUTCOME_UNKNOWN, FAULT_OUTCOME_UNKNOWN},
        {"unknown by time", DELIVERY_UNKNOWN, FAULT_OUTCOME_UNKNOWN_TIMEOUT, FAULT_OUTCOME_UNKNOWN_TIMEOUT},
        {"unknown, with a fault that could be tried again", DELIVERY_UNKNOWN, FAULT_UPSTREAM_TIMEOUT,
         FAULT_OUTCOME_UNKNOWN},
        {"unknown, without a fault", DELIVERY_UNKNOWN, FAULT_NONE, FAULT_OUTCOME_UNKNOWN},
        {"not sent", DELIVERY_NOT_SENT, FAULT_UPSTREAM_TEMPORARY, FAULT_UPSTREAM_TEMPORARY},
        {"not sent, without a fault", DELIVERY_NOT_SENT, FAULT_NONE, FAULT_INTERNAL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct outcome outcome = {.delivery = rows[i].delivery, .fault.code = rows[i].fault};
        CHECK_INT(receipt_fault(&outcome), rows[i].told);
        bool success = rows[i].told == FAULT_NONE;
        CHECK(success || rows[i].delivery != DELIVERY_SENT);
        CHECK(rows[i].delivery != DELIVERY_PARTIAL || !fault_kind(rows[i].told)->retry_after_s);
        CHECK((fault_kind(receipt_fault(&outcome))->http_status == 200) == success);
        CHECK(rows[i].delivery != DELIVERY_UNKNOWN || !fault_kind(receipt_fault(&outcome))->retry_after_s);
    }
}

static void a_problem_of_no_submission_has_no_id_and_no_delivery(void)
{
    struct problem problem = {0};
    fault_set(&problem.fault, FAULT_NOT_FOUND, "look elsewhere");
    check_json(problem_json(&problem, (struct str){0}),
               "{\"type\":\"urn:postern:problem:not-found\",\"title\":\"There is nothing at this address\","
               "\"status\":404,\"code\":\"not-found\",\"detail\":\"look elsewhere\",\"retryable\":false}");
}

static void errors_are_told_with_their_places(void)
{
    struct arena arena;
    struct problem problem = {0};
    struct fault fault;
    arena_init(&arena, 4096);
    fault_set(&fault, FAULT_INVALID_ADDRESS, "no \"@\"");
    problem_add(&problem, &arena, STR("/to/1"), &fault);
    fault_set(&fault, FAULT_INVALID_REQUEST, "unknown");
    problem_add_parameter(&problem, &arena, STR("a\xff\nb"), &fault);
    CHECK(!problem_conclude(&problem));
    check_json(problem_json(&problem, STR("7")),
               "{\"type\":\"urn:postern:problem:invalid-request\","
               "\"title\":\"The request has invalid fields\",\"status\":422,\"code\":\"invalid-request\","
               "\"detail\":\"2 problems were found: see errors\",\"id\":\"7\",\"delivery\":\"not_sent\","
               "\"retryable\":false,\"errors\":[{\"pointer\":\"/to/1\",\"code\":\"invalid-address\","
               "\"detail\":\"no \\\"@\\\"\"},{\"parameter\":\"a\xef\xbf\xbd\\nb\","
               "\"code\":\"invalid-request\",\"detail\":\"unknown\"}]}");
    arena_fini(&arena);
}

static void a_fault_of_ours_is_the_whole(void)
{
    struct arena arena;
    struct problem problem = {0};
    struct fault fault;
    arena_init(&arena, 4096);
    fault_set(&fault, FAULT_OVERLOADED, "out of memory");
    problem_add(&problem, &arena, STR("/to"), &fault);
    fault_set(&fault, FAULT_INVALID_ADDRESS, "x");
    problem_add(&problem, &arena, STR("/cc"), &fault);
    CHECK(!problem_conclude(&problem));
    CHECK_INT(problem.fault.code, FAULT_OVERLOADED);
    arena_fini(&arena);
}

static void texts_are_escaped(void)
{
    static const struct {
        const char *name;
        struct str text;
        const char *json;
    } rows[] = {
        {"plain", {"abc", 3}, "\"abc\""},
        {"empty", {"", 0}, "\"\""},
        {"absent", {NULL, 0}, "null"},
        {"short forms", {"\"\\\n\r\t", 5}, "\"\\\"\\\\\\n\\r\\t\""},
        {"controls and NUL", {"\0\x1f\x7f", 3}, "\"\\u0000\\u001f\x7f\""},
        {"UTF-8", {"\xc3\xa4\xf0\x9f\x98\x80", 6}, "\"\xc3\xa4\xf0\x9f\x98\x80\""},
        {"not UTF-8",
         {"a\xc3"
          "b\xed\xa0\x80",
          6},
         "\"a\xef\xbf\xbd"
         "b\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {"cut short", {"\xe2\x82", 2}, "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct json_writer json;
        size_t bytes = 0;
        json_writer_init(&json, 1000);
        json_text(&json, NULL, rows[i].text);
        char *text = json_take(&json, &bytes);
        CHECK_STR(((struct str){text, bytes}), str_of(rows[i].json));
        free(text);
    }
}

static void a_text_beyond_the_bound_is_none(void)
{
    struct json_writer json;
    size_t bytes;
    json_writer_init(&json, 8);
    json_text(&json, NULL, STR("12345678"));
    CHECK(json_take(&json, &bytes) == NULL);
}

int main(void)
{
    TEST(a_receipt_has_all_that_the_relay_said);
    TEST(a_queue_id_that_is_not_known_is_null_and_a_transcript_is_shown_when_it_is_asked_for);
    TEST(a_refusal_names_the_recipients);
    TEST(what_never_reached_a_relay_shows_none);
    TEST(the_delivery_is_never_told_wrong);
    TEST(a_problem_of_no_submission_has_no_id_and_no_delivery);
    TEST(errors_are_told_with_their_places);
    TEST(a_fault_of_ours_is_the_whole);
    TEST(texts_are_escaped);
    TEST(a_text_beyond_the_bound_is_none);
    return test_result();
}
