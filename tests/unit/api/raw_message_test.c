/* A finished message and the envelope in its query; what the message must be is the mime floor's matter
 * (finished_test.c). */
#include "api/message/reader.h"
#include "test.h"

static const struct api_limits limits = {.max_body_bytes = 1 << 20,
                                         .max_in_flight_bytes = 1 << 20,
                                         .max_recipients = 3,
                                         .max_attachments = 3,
                                         .max_headers = 3,
                                         .max_json_nodes = 1000};

#define TEXT "From: Ann <ann@example.com>\r\nBcc: eve@example.net\r\n\r\nx\r\n"

static struct problem problem;

static struct submission *read_message(const char *query, const char *text)
{
    struct submission *submission = submission_new(&limits);
    problem = (struct problem){0};
    bool valid = submission_read(
        submission,
        &(struct message_body){.form = MESSAGE_AS_RFC822, .query = str_of(query), .octets = str_of(text)},
        &limits, &problem);
    CHECK(valid == (problem.fault.code == FAULT_NONE));
    return submission;
}

/* "where code, where code", where it is a parameter, or the pointer of the whole. */
static void a_fault_is_told_with_its_parameter(void)
{
    static const struct {
        const char *name, *query, *text, *errors;
    } rows[] = {
        {"good", "to=b@example.net", TEXT, ""},
        {"no query", NULL, TEXT, "to invalid-address"},
        {"H148 no recipient", "from=a@example.com", TEXT, "to invalid-address"},
        {"an empty one", "to=", TEXT, "to invalid-address"},
        {"one that is none", "to=b@example.net&to=nobody", TEXT, "to invalid-address"},
        {"one with a name", "to=Bob%20<b@example.net>", TEXT, "to invalid-address"},
        {"a list", "to=b@example.net,c@example.net", TEXT, "to invalid-address"},
        {"H124 CRLF", "to=b@example.net%0D%0ADATA", TEXT, "to invalid-address"},
        {"H127 NUL", "to=b@example.net%00", TEXT, "to invalid-address"},
        {"H128 another command", "to=b@example.net%3E%20RCPT%20TO:%3Cx@y.example", TEXT,
         "to invalid-address"},
        {"H129 a parameter", "from=a@example.com%3E%20SIZE=1&to=b@example.net", TEXT, "from invalid-address"},
        {"H149 too many", "to=a@b.example&to=c@b.example&to=d@b.example&to=e@b.example", TEXT,
         " too-many-recipients"},
        {"two return paths", "from=a@example.com&from=b@example.com&to=b@example.net", TEXT,
         "from invalid-request"},
        {"two empty ones", "from=&from=&to=b@example.net", TEXT, "from invalid-request"},
        {"a wrong message", "to=b@example.net", "Subject: x\r\n\r\n", " invalid-header"},
        {"both", "to=nobody", "x\n", "to invalid-address,  invalid-request"},
    };
    struct buf told;
    buf_init(&told, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct submission *submission = read_message(rows[i].query, rows[i].text);
        buf_clear(&told);
        for (size_t at = 0; at < problem.error_count; at++) {
            const struct problem_error *error = &problem.errors[at];
            struct str where = error->parameter.data ? error->parameter : error->pointer;
            buf_append_format(&told, "%s%.*s %s", at ? ", " : "", STR_ARG(where),
                              fault_kind(error->code)->name);
        }
        CHECK_TEXT(told.len ? buf_view(&told) : STR(""), rows[i].errors);
        submission_free(&submission);
    }
    buf_fini(&told);
}

static void the_envelope_is_that_of_the_query(void)
{
    static const struct {
        const char *query, *return_path, *first, *last;
        size_t count;
        bool smtputf8;
    } rows[] = {
        {"to=b@example.net", "ann@example.com", "b@example.net", "b@example.net", 1, false},
        {"to=x+tag@example.net", "ann@example.com", "x+tag@example.net", "x+tag@example.net", 1, false},
        {"to=%22a%20b%22@example.net", "ann@example.com", "\"a b\"@example.net", "\"a b\"@example.net", 1,
         false},
        {"from=&to=b@example.net", "", "b@example.net", "b@example.net", 1, false},
        {"to=b@example.net&from=c%40example.com&to=d@example.net&dry_run=true", "c@example.com",
         "b@example.net", "d@example.net", 2, false},
        {"to=b@example.net&to=c@example.net&to=b@EXAMPLE.net", "ann@example.com", "b@example.net",
         "c@example.net", 2, false},
        {"to=b@b%C3%BCcher.example", "ann@example.com", "b@xn--bcher-kva.example", "b@xn--bcher-kva.example",
         1, false},
        {"to=%E7%94%A8@example.net", "ann@example.com", "\xe7\x94\xa8@example.net",
         "\xe7\x94\xa8@example.net", 1, true},
        {"from=%E7%94%A8@example.com&to=b@example.net", "\xe7\x94\xa8@example.com", "b@example.net",
         "b@example.net", 1, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].query);
        struct submission *submission = read_message(rows[i].query, TEXT);
        CHECK_TEXT(submission->return_path, rows[i].return_path);
        if (CHECK_INT(submission->recipient_count, rows[i].count)) {
            CHECK_TEXT(submission->recipients[0], rows[i].first);
            CHECK_TEXT(submission->recipients[rows[i].count - 1], rows[i].last);
        }
        CHECK_INT(submission->smtputf8, rows[i].smtputf8);
        CHECK_TEXT(submission->message.finished.header, "From: Ann <ann@example.com>\r\n");
        submission_free(&submission);
    }
}

int main(void)
{
    TEST(a_fault_is_told_with_its_parameter);
    TEST(the_envelope_is_that_of_the_query);
    return test_result();
}
