/* What a request may say, field by field; rows that begin with H are those of the input matrix. How an address
 * or a header must look is the mime floor's matter: here it is enough that its refusal comes out with the right
 * pointer and code. */
#include "api/message/reader.h"
#include "test.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const struct api_limits limits = {.max_body_bytes = 1 << 20,
                                         .max_in_flight_bytes = 1 << 20,
                                         .max_recipients = 5,
                                         .max_attachments = 3,
                                         .max_headers = 3,
                                         .max_json_nodes = 1000};

static struct problem problem;

/* With the problem told where it is refused. */
static struct submission *read_body(const char *body)
{
    struct submission *submission = submission_new(&limits);
    struct str text = arena_copy(&submission->arena, str_of(body));
    problem = (struct problem){0};
    bool valid = submission_read(submission, &(struct message_body){.octets = text}, &limits, &problem);
    CHECK(valid == (problem.fault.code == FAULT_NONE));
    return submission;
}

/* "pointer code, pointer code": every error, in order. */
static void check_errors(const char *body, const char *want)
{
    struct submission *submission = read_body(body);
    struct buf told;
    buf_init(&told, 1 << 16);
    for (size_t i = 0; i < problem.error_count; i++)
        buf_append_format(&told, "%s%.*s %s", i ? ", " : "", STR_ARG(problem.errors[i].pointer),
                          fault_kind(problem.errors[i].code)->name);
    CHECK_STR(buf_view(&told), str_of(want));
    buf_fini(&told);
    submission_free(&submission);
}

/* A request that is right but for `fields`. */
#define WITH(fields) "{\"from\":\"a@example.com\",\"to\":\"b@example.net\",\"text\":\"x\"," fields "}"
#define REST         "\"to\":\"b@example.net\",\"text\":\"x\""

struct refusal {
    const char *name, *body, *errors;
};

static void check_refusals(const struct refusal *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        test_row("%s", rows[i].name);
        check_errors(rows[i].body, rows[i].errors);
    }
}

static void shapes_are_checked(void)
{
    static const struct refusal rows[] = {
        {"H99 null", "null", " invalid-request"},
        {"H99 text", "\"x\"", " invalid-request"},
        {"H99 array", "[]", " invalid-request"},
        {"nothing in it", "{}", "/from invalid-request, /to invalid-address, /text invalid-request"},
        {"H105 NUL in a value", WITH("\"subject\":\"a\\u0000b\""), "/subject invalid-request"},
        {"H112 To beside to", WITH("\"To\":\"c@example.net\""), "/To invalid-request"},
        {"H112 FROM for from", "{\"FROM\":\"a@example.com\"," REST "}",
         "/FROM invalid-request, /from invalid-request"},
        {"H75 the relay is not the caller's", WITH("\"upstream\":\"x\",\"host\":\"y\",\"port\":25"),
         "/upstream invalid-request, /host invalid-request, /port invalid-request"},
        {"H121 unknown field", WITH("\"subjet\":\"x\""), "/subjet invalid-request"},
        {"H121 a name that needs escapes", WITH("\"a/b~c\":1"), "/a~1b~0c invalid-request"},
        {"H121 unknown in a mailbox", WITH("\"cc\":[{\"email\":\"c@example.net\",\"nmae\":\"C\"}]"),
         "/cc/0/nmae invalid-request"},
        {"H121 unknown in an attachment", WITH("\"attachments\":[{\"content\":\"\",\"type\":\"x\"}]"),
         "/attachments/0/type invalid-request"},
        {"H122 to is a number", "{\"from\":\"a@example.com\",\"to\":7,\"text\":\"x\"}",
         "/to invalid-request"},
        {"H122 subject is a number", WITH("\"subject\":5"), "/subject invalid-request"},
        {"H122 subject is null", WITH("\"subject\":null"), "/subject invalid-request"},
        {"H122 H151 from is a list", "{\"from\":[\"a@example.com\",\"b@example.com\"]," REST "}",
         "/from invalid-request"},
        {"H122 a recipient is a list", WITH("\"cc\":[[\"c@example.net\"]]"), "/cc/0 invalid-request"},
        {"H122 text is an object", WITH("\"html\":{}"), "/html invalid-request"},
        {"H122 sender is true", WITH("\"sender\":true"), "/sender invalid-request"},
        {"H122 return_path is an object", WITH("\"return_path\":{\"email\":\"x@example.com\"}"),
         "/return_path invalid-request"},
        {"H122 attachments is an object", WITH("\"attachments\":{\"content\":\"\"}"),
         "/attachments invalid-request"},
        {"H122 an attachment is a text", WITH("\"attachments\":[\"QQ==\"]"),
         "/attachments/0 invalid-request"},
        {"H122 headers is a list", WITH("\"headers\":[]"), "/headers invalid-request"},
        {"H122 a header is a number", WITH("\"headers\":{\"X-A\":1}"), "/headers/X-A invalid-request"},
        {"H122 a header in a list is null", WITH("\"headers\":{\"X-A\":[\"b\",null]}"),
         "/headers/X-A/1 invalid-request"},
        {"H122 email is a number", WITH("\"cc\":{\"email\":1}"), "/cc/email invalid-request"},
        {"H122 name is a list", WITH("\"cc\":{\"email\":\"c@example.net\",\"name\":[]}"),
         "/cc/name invalid-request"},
        {"H116 1e400", WITH("\"subject\":1e400"), "/subject invalid-request"},
        {"partial is another word", WITH("\"partial\":\"some\""), "/partial invalid-request"},
        {"partial is a boolean", WITH("\"partial\":true"), "/partial invalid-request"},
        {"dsn is a list", WITH("\"dsn\":[]"), "/dsn invalid-request"},
        {"dsn has another member", WITH("\"dsn\":{\"orcpt\":true}"), "/dsn/orcpt invalid-request"},
        {"notify is another word", WITH("\"dsn\":{\"notify\":[\"delay\",\"always\"]}"),
         "/dsn/notify/1 invalid-request"},
        {"notify is empty", WITH("\"dsn\":{\"notify\":[]}"), "/dsn/notify invalid-request"},
        {"notify is never, and more", WITH("\"dsn\":{\"notify\":[\"never\",\"delay\"]}"),
         "/dsn/notify invalid-request"},
        {"return is another word", WITH("\"dsn\":{\"return\":\"HDRS\"}"), "/dsn/return invalid-request"},
        {"envelope_id is empty", WITH("\"dsn\":{\"envelope_id\":\"\"}"), "/dsn/envelope_id invalid-request"},
        {"envelope_id with CRLF", WITH("\"dsn\":{\"envelope_id\":\"a\\r\\nDATA\"}"),
         "/dsn/envelope_id invalid-request"},
        {"envelope_id in UTF-8", WITH("\"dsn\":{\"envelope_id\":\"\xc3\xa9\"}"),
         "/dsn/envelope_id invalid-request"},
        {"envelope_id of 34 plus signs",
         WITH("\"dsn\":{\"envelope_id\":\"++++++++++++++++++++++++++++++++++\"}"),
         "/dsn/envelope_id invalid-request"},
        {"require_tls is a word", WITH("\"require_tls\":\"yes\""), "/require_tls invalid-request"},
    };
    check_refusals(rows, sizeof rows / sizeof *rows);
}

static void addresses_are_refused_where_they_stand(void)
{
    static const struct refusal rows[] = {
        {"H124 CRLF in to", "{\"from\":\"a@example.com\",\"to\":\"b@example.net\\r\\nX: y\",\"text\":\"x\"}",
         "/to invalid-address"},
        {"H124 CRLF in a display name",
         WITH("\"cc\":[{\"email\":\"c@example.net\",\"name\":\"C\\r\\nBcc: d@example.net\"}]"),
         "/cc/0/name invalid-address"},
        {"H128 a second command", WITH("\"bcc\":[\"c@example.net\",\"a@b.cd> RCPT TO:<x@y.zz\"]"),
         "/bcc/1 invalid-address"},
        {"H129 a parameter", WITH("\"return_path\":\"a@b.cd> SIZE=1\""), "/return_path invalid-address"},
        {"H135 no at", WITH("\"reply_to\":\"nobody\""), "/reply_to invalid-address"},
        {"H135 in an object", WITH("\"sender\":{\"email\":\"nobody\"}"), "/sender/email invalid-address"},
        {"an object without an email", WITH("\"sender\":{\"name\":\"A\"}"), "/sender/email invalid-request"},
        {"H148 none", "{\"from\":\"a@example.com\",\"text\":\"x\"}", "/to invalid-address"},
        {"H148 empty lists", "{\"from\":\"a@example.com\",\"to\":[],\"cc\":[],\"text\":\"x\"}",
         "/to invalid-address"},
        {"H149 one too many, in all",
         "{\"from\":\"a@example.com\",\"to\":[\"a@b.cd\",\"b@b.cd\",\"c@b.cd\"],"
         "\"bcc\":[\"d@b.cd\",\"e@b.cd\",\"f@b.cd\",\"g@b.cd\"],\"text\":\"x\"}",
         "/bcc/2 too-many-recipients"},
        {"H152 empty from", "{\"from\":\"\"," REST "}", "/from invalid-address"},
        {"several at once",
         "{\"from\":\"a\",\"to\":[\"b\",\"c@example.net\",\"d\"],\"subject\":\"a\\nb\",\"text\":\"x\"}",
         "/from invalid-address, /to/0 invalid-address, /to/2 invalid-address, /subject invalid-header"},
    };
    check_refusals(rows, sizeof rows / sizeof *rows);
}

static void headers_and_attachments_are_refused_where_they_stand(void)
{
    static const struct refusal rows[] = {
        {"H155 CRLF in the subject", WITH("\"subject\":\"a\\r\\nBcc: c@example.net\""),
         "/subject invalid-header"},
        {"H156 a name with a colon", WITH("\"headers\":{\"X:A\":\"b\"}"), "/headers/X:A invalid-header"},
        {"H156 an empty name", WITH("\"headers\":{\"\":\"b\"}"), "/headers/ invalid-header"},
        {"H157 reserved", WITH("\"headers\":{\"bcc\":\"c@example.net\"}"), "/headers/bcc invalid-header"},
        {"H172 date", WITH("\"headers\":{\"Date\":\"x\"}"), "/headers/Date invalid-header"},
        {"a value with CRLF, in a list", WITH("\"headers\":{\"X-A\":[\"b\",\"c\\r\\nD: e\"]}"),
         "/headers/X-A/1 invalid-header"},
        {"H158 too many", WITH("\"headers\":{\"X-A\":\"\",\"X-B\":[\"\",\"\"],\"X-C\":\"\"}"),
         "/headers invalid-header"},
        {"H161 a type that injects",
         WITH("\"attachments\":[{\"content\":\"QQ==\",\"content_type\":\"text/html\\r\\nX: y\"}]"),
         "/attachments/0/content_type invalid-attachment"},
        {"H163 no base64", WITH("\"attachments\":[{\"content\":\"QQ==\"},{\"content\":\"Q*==\"}]"),
         "/attachments/1/content invalid-attachment"},
        {"H163 URL-safe base64", WITH("\"attachments\":[{\"content\":\"-_-_\"}]"),
         "/attachments/0/content invalid-attachment"},
        {"H163 no padding", WITH("\"attachments\":[{\"content\":\"QQ\"}]"),
         "/attachments/0/content invalid-attachment"},
        {"no content", WITH("\"attachments\":[{\"filename\":\"a\"}]"),
         "/attachments/0/content invalid-attachment"},
        {"H165 too many", WITH("\"attachments\":[{},{},{},{}]"), "/attachments invalid-attachment"},
        {"H166 a content ID that injects",
         WITH("\"attachments\":[{\"content\":\"QQ==\",\"content_id\":\"a>\\r\\n\"}]"),
         "/attachments/0/content_id invalid-attachment"},
        {"a disposition of another kind",
         WITH("\"attachments\":[{\"content\":\"QQ==\",\"disposition\":\"form-data\"}]"),
         "/attachments/0/disposition invalid-request"},
        {"H170 nothing to read", "{\"from\":\"a@example.com\",\"to\":\"b@example.net\"}",
         "/text invalid-request"},
        {"H170 no attachments", "{\"from\":\"a@example.com\",\"to\":\"b@example.net\",\"attachments\":[]}",
         "/text invalid-request"},
    };
    check_refusals(rows, sizeof rows / sizeof *rows);
}

static void the_whole_is_what_its_errors_share(void)
{
    static const struct {
        const char *name, *body;
        enum fault_code code;
    } rows[] = {
        {"one", WITH("\"cc\":\"x\""), FAULT_INVALID_ADDRESS},
        {"two of a kind", WITH("\"cc\":[\"x\",\"y\"]"), FAULT_INVALID_ADDRESS},
        {"of two kinds", WITH("\"cc\":\"x\",\"subject\":\"\\n\""), FAULT_INVALID_REQUEST},
        {"no JSON", "{", FAULT_INVALID_JSON},
        {"no UTF-8", "\"\xff\"", FAULT_INVALID_JSON},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct submission *submission = read_body(rows[i].body);
        CHECK_INT(problem.fault.code, rows[i].code);
        submission_free(&submission);
    }
}

static void no_more_errors_are_kept_than_there_is_room_for(void)
{
    struct buf body;
    buf_init(&body, 1 << 16);
    buf_append(&body, STR("{\"from\":\"a@example.com\",\"text\":\"x\",\"to\":[7"));
    for (int i = 1; i < 100; i++)
        buf_append(&body, STR(",7"));
    buf_append(&body, STR("]}"));
    buf_append_char(&body, '\0');
    struct submission *submission = read_body(body.data);
    CHECK_INT(problem.error_count, PROBLEM_MAX_ERRORS);
    CHECK_INT(problem.errors_found, 101);
    CHECK_TEXT(str_of(problem.fault.detail), "101 problems were found: errors has the first 64");
    submission_free(&submission);
    buf_fini(&body);
}

static const char everything[] =
    "{\"from\":{\"email\":\"ann@example.com\",\"name\":\"Ann Lee\"},"
    "\"sender\":\"Office <office@example.com>\","
    "\"to\":[\"Bob <bob@example.net>\",{\"email\":\"carol@example.net\"}],"
    "\"cc\":\"dave@EXAMPLE.net\","
    "\"bcc\":[{\"email\":\"eve@example.net\",\"name\":\"\"}],"
    "\"reply_to\":[\"one@example.com\",\"two@example.com\"],"
    "\"return_path\":\"bounces@example.com\",\"subject\":\"Gr\\u00fc\\u00dfe\","
    "\"text\":\"t\",\"html\":\"<p>h\",\"partial\":\"deliver\",\"require_tls\":true,"
    "\"dsn\":{\"notify\":[\"delay\",\"success\"],\"return\":\"headers\",\"envelope_id\":\"a b+c\"},"
    "\"headers\":{\"X-One\":\"1\",\"X-Two\":[\"2\",\"3\"]},"
    "\"attachments\":[{\"content\":\"QQ==\",\"filename\":\"C:\\\\tmp\\\\a.png\",\"content_id\":\"logo\"},"
    "{\"content\":\"\",\"content_type\":\"text/csv\",\"disposition\":\"inline\"},"
    "{\"content\":\"QUI=\",\"filename\":\"b.pdf\",\"content_id\":\"x\",\"disposition\":\"attachment\"}]}";

static void every_field_arrives(void)
{
    struct submission *submission = read_body(everything);
    const struct message *message = &submission->message;
    CHECK_STR(message->from.address, STR("ann@example.com"));
    CHECK_STR(message->from.display_name, STR("Ann Lee"));
    CHECK_STR(message->sender.address, STR("office@example.com"));
    CHECK_INT(message->to.count, 2);
    CHECK_STR(message->to.items[0].display_name, STR("Bob"));
    CHECK_STR(message->to.items[1].address, STR("carol@example.net"));
    CHECK_INT(message->cc.count, 1);
    CHECK_INT(message->reply_to.count, 2);
    CHECK_STR(message->reply_to.items[1].address, STR("two@example.com"));
    CHECK_STR(message->subject, STR("Gr\xc3\xbc\xc3\x9f"
                                    "e"));
    CHECK_STR(message->text, STR("t"));
    CHECK_STR(message->html, STR("<p>h"));
    CHECK_INT(message->header_count, 3);
    CHECK_STR(message->headers[2].name, STR("X-Two"));
    CHECK_STR(message->headers[2].value, STR("3"));
    CHECK_INT(submission->partial, PARTIAL_DELIVER);
    CHECK(submission->require_tls);
    CHECK_INT(submission->dsn.notify, DSN_SUCCESS | DSN_DELAY);
    CHECK_INT(submission->dsn.returned, DSN_RETURN_HEADERS);
    CHECK_STR(submission->dsn.envelope_id, STR("a b+c"));
    CHECK(!submission->smtputf8);
    submission_free(&submission);
}

static void attachments_are_completed(void)
{
    struct submission *submission = read_body(everything);
    const struct attachment *attachments = submission->message.attachments;
    CHECK_INT(submission->message.attachment_count, 3);
    CHECK_STR(attachments[0].filename, STR("a.png"));
    CHECK_STR(attachments[0].content_type, STR("image/png"));
    CHECK_INT(attachments[0].disposition, DISPOSITION_INLINE);
    CHECK_STR(attachments[0].content_base64, STR("QQ=="));
    CHECK_STR(attachments[1].content_type, STR("text/csv"));
    CHECK_INT(attachments[1].disposition, DISPOSITION_INLINE);
    CHECK(!attachments[1].filename.data);
    CHECK_INT(attachments[2].disposition, DISPOSITION_ATTACHMENT);
    submission_free(&submission);
}

static void the_envelope_is_complete(void)
{
    static const char *const recipients[][2] = {{"bob@example.net", "/to/0"},
                                                {"carol@example.net", "/to/1"},
                                                {"dave@EXAMPLE.net", "/cc"},
                                                {"eve@example.net", "/bcc/0"}};
    struct submission *submission = read_body(everything);
    CHECK_STR(submission->return_path, STR("bounces@example.com"));
    CHECK_INT(submission->recipient_count, 4);
    for (size_t i = 0; i < 4; i++) {
        CHECK_STR(submission->recipients[i], str_of(recipients[i][0]));
        CHECK_STR(submission->pointers[i], str_of(recipients[i][1]));
    }
    CHECK_INT(submission->outcome.recipient_count, 4);
    CHECK(submission->outcome.recipients != NULL);
    CHECK_INT(strlen(submission->id), UUID_BYTES - 1);
    CHECK(str_starts_with(str_from(submission->message.message_id, 1), str_of(submission->id)));
    submission_free(&submission);
}

static void the_return_path_is_from_unless_it_is_given(void)
{
    struct submission *submission = read_body(WITH("\"subject\":\"s\""));
    CHECK_STR(submission->return_path, STR("a@example.com"));
    submission_free(&submission);
    submission = read_body(WITH("\"return_path\":\"\""));
    CHECK_STR(submission->return_path, STR(""));
    submission_free(&submission);
}

/* H150 */
static void a_mailbox_that_stands_twice_is_one_recipient(void)
{
    struct submission *submission =
        read_body("{\"from\":\"a@example.com\",\"to\":[\"b@example.net\",\"B <b@EXAMPLE.NET>\"],"
                  "\"cc\":\"B@example.net\",\"bcc\":[\"c@example.net\",\"b@example.net\"],\"text\":\"x\"}");
    static const char *const wanted[][2] = {
        {"b@example.net", "/to/0"}, {"B@example.net", "/cc"}, {"c@example.net", "/bcc/0"}};
    CHECK_INT(submission->recipient_count, 3);
    CHECK_INT(submission->message.to.count, 2);
    for (size_t i = 0; i < 3; i++) {
        CHECK_STR(submission->recipients[i], str_of(wanted[i][0]));
        CHECK_STR(submission->pointers[i], str_of(wanted[i][1]));
    }
    submission_free(&submission);
}

/* H143, H144 */
static void only_local_parts_need_smtputf8(void)
{
    struct submission *submission = read_body(WITH("\"cc\":\"d@b\\u00fccher.example\""));
    CHECK(!submission->smtputf8);
    CHECK_STR(submission->recipients[1], STR("d@xn--bcher-kva.example"));
    submission_free(&submission);
    submission = read_body(WITH("\"cc\":\"d\\u00fc@example.net\""));
    CHECK(submission->smtputf8);
    submission_free(&submission);
    submission = read_body("{\"from\":\"d\\u00fc@example.com\"," REST "}");
    CHECK(submission->smtputf8);
    submission_free(&submission);
}

/* Whatever is cut off the end, or is put in anywhere, nothing breaks, and only the whole is taken. */
static void a_body_cut_short_or_changed_breaks_nothing(void)
{
    char text[sizeof everything];
    for (size_t i = 0; i + 1 < sizeof everything; i++) {
        test_row("at %zu", i);
        memcpy(text, everything, sizeof text);
        text[i] = '\0';
        struct submission *submission = read_body(text);
        CHECK_INT(problem.fault.code, FAULT_INVALID_JSON);
        submission_free(&submission);
        memcpy(text, everything, sizeof text);
        text[i] ^= 0x11;
        submission = read_body(text);
        submission_free(&submission);
    }
}

static void a_full_arena_is_our_fault(void)
{
    for (size_t max_bytes = 0; max_bytes < 6000; max_bytes += 7) {
        test_row("%zu bytes", max_bytes);
        struct submission *submission = submission_new(&limits);
        submission->arena.max_bytes = max_bytes;
        problem = (struct problem){0};
        bool valid = submission_read(submission, &(struct message_body){.octets = str_of(everything)},
                                     &limits, &problem);
        CHECK(valid || problem.fault.code == FAULT_OVERLOADED);
        CHECK(max_bytes > 100 || !valid);
        submission_free(&submission);
    }
}

static void what_a_message_refers_to_is_checked(void)
{
    static const struct refusal rows[] = {
        {"in_reply_to", WITH("\"in_reply_to\":\"a@b\""), "/in_reply_to invalid-header"},
        {"references", WITH("\"references\":\"<a@b> c\""), "/references invalid-header"},
        {"message_id", WITH("\"message_id\":\"<a>\""), "/message_id invalid-header"},
        {"message_id with CRLF", WITH("\"message_id\":\"<a@b>\\r\\nBcc: c@d\""),
         "/message_id invalid-header"},
        {"date", WITH("\"date\":\"tomorrow\""), "/date invalid-header"},
        {"date is a number", WITH("\"date\":5"), "/date invalid-request"},
        {"list_unsubscribe is empty", WITH("\"list_unsubscribe\":{}"), "/list_unsubscribe invalid-header"},
        {"url", WITH("\"list_unsubscribe\":{\"url\":\"ftp://a\"}"), "/list_unsubscribe/url invalid-header"},
        {"mailto", WITH("\"list_unsubscribe\":{\"mailto\":\"a\"}"),
         "/list_unsubscribe/mailto invalid-header"},
        {"one_click alone", WITH("\"list_unsubscribe\":{\"mailto\":\"a@b\",\"one_click\":true}"),
         "/list_unsubscribe invalid-header"},
        {"one_click is a text", WITH("\"list_unsubscribe\":{\"mailto\":\"a@b\",\"one_click\":\"yes\"}"),
         "/list_unsubscribe/one_click invalid-request"},
        {"calendar is empty", WITH("\"calendar\":{}"), "/calendar/content invalid-request"},
        {"no calendar", WITH("\"calendar\":{\"content\":\"hello\",\"method\":\"REQUEST\"}"),
         "/calendar invalid-attachment"},
        {"calendar without method", WITH("\"calendar\":{\"content\":\"BEGIN:VCALENDAR\\nEND:VCALENDAR\"}"),
         "/calendar invalid-attachment"},
        {"another method",
         WITH("\"calendar\":{\"content\":\"BEGIN:VCALENDAR\\nMETHOD:CANCEL\\n\",\"method\":\"REQUEST\"}"),
         "/calendar invalid-attachment"},
        {"a method that is no token",
         WITH("\"calendar\":{\"content\":\"BEGIN:VCALENDAR\",\"method\":\"A; x=y\"}"),
         "/calendar invalid-attachment"},
        {"a header beside its field",
         WITH("\"in_reply_to\":\"<a@b>\",\"headers\":{\"in-reply-to\":\"<c@d>\"}"),
         "/headers/in-reply-to invalid-header"},
        {"a single header twice", WITH("\"headers\":{\"References\":[\"<a@b>\",\"<c@d>\"]}"),
         "/headers/References invalid-header"},
        {"a single header in two spellings", WITH("\"headers\":{\"List-Id\":\"a.b\",\"list-id\":\"a.b\"}"),
         "/headers/list-id invalid-header"},
    };
    check_refusals(rows, sizeof rows / sizeof rows[0]);
}

static void what_a_message_refers_to_is_read(void)
{
    struct submission *submission = read_body(
        "{\"from\":\"a@example.com\",\"to\":\"b@example.net\",\"in_reply_to\":\"<1@b>\",\"references\":\"<0@"
        "b> <1@b>\","
        "\"message_id\":\"<2@b>\",\"date\":\"1970-01-01T01:00:00+01:00\","
        "\"list_unsubscribe\":{\"url\":\"https://a.example\",\"one_click\":true},"
        "\"calendar\":{\"content\":\"BEGIN:VCALENDAR\\r\\nMETHOD:REQUEST\\r\\nEND:VCALENDAR\\r\\n\"}}");
    const struct message *message = &submission->message;
    CHECK_TEXT(message->in_reply_to, "<1@b>");
    CHECK_TEXT(message->references, "<0@b> <1@b>");
    CHECK_TEXT(message->message_id, "<2@b>");
    CHECK_INT(message->date.utc_s, 0);
    CHECK_INT(message->date.offset_min, 60);
    CHECK_TEXT(message->list_unsubscribe.url, "https://a.example");
    CHECK(message->list_unsubscribe.one_click);
    CHECK_TEXT(message->calendar.method, "REQUEST");
    submission_free(&submission);
}

static void what_is_made_of_a_message_is_counted(void)
{
    struct submission *small = read_body(WITH("\"subject\":\"x\""));
    struct submission *large = read_body(
        WITH("\"headers\":{\"X-A\":\"b\",\"X-C\":\"d\"},\"cc\":[\"c@example.net\",\"d@example.net\"]"));
    uint64_t few = submission_overhead_bytes(small), more = submission_overhead_bytes(large);
    CHECK(few > sizeof *small + 4 * sizeof(cJSON));
    CHECK(more > few + 6 * sizeof(cJSON) + (large->arena.taken_bytes - small->arena.taken_bytes));
    submission_free(&small);
    submission_free(&large);
}

int main(void)
{
    TEST(what_a_message_refers_to_is_checked);
    TEST(what_a_message_refers_to_is_read);
    TEST(shapes_are_checked);
    TEST(addresses_are_refused_where_they_stand);
    TEST(headers_and_attachments_are_refused_where_they_stand);
    TEST(the_whole_is_what_its_errors_share);
    TEST(no_more_errors_are_kept_than_there_is_room_for);
    TEST(every_field_arrives);
    TEST(attachments_are_completed);
    TEST(the_envelope_is_complete);
    TEST(what_is_made_of_a_message_is_counted);
    TEST(the_return_path_is_from_unless_it_is_given);
    TEST(a_mailbox_that_stands_twice_is_one_recipient);
    TEST(only_local_parts_need_smtputf8);
    TEST(a_body_cut_short_or_changed_breaks_nothing);
    TEST(a_full_arena_is_our_fault);
    return test_result();
}
