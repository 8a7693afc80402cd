/* What a form says, part by part; the JSON in it is read as any other (reader_test.c), and how a form is cut is the mime
 * floor's matter (form_test.c). */
#include "api/message/reader.h"
#include "test.h"

static const struct api_limits limits = {.max_body_bytes = 1 << 20,
                                         .max_in_flight_bytes = 1 << 20,
                                         .max_recipients = 5,
                                         .max_attachments = 3,
                                         .max_headers = 3,
                                         .max_json_nodes = 1000};

#define NAMED(name)           "--xx\r\nContent-Disposition: form-data; name=\"" name "\""
#define BODY(content)         "\r\n\r\n" content "\r\n"
#define MESSAGE(fields)       NAMED("message") BODY("{\"from\":\"a@b.example\",\"to\":\"c@d.example\"" fields "}")
#define FILE_PART(name, more) NAMED(name) more BODY("1")
#define END                   "--xx--\r\n"

static struct problem problem;

static struct submission *read_form(const char *body)
{
    struct submission *submission = submission_new(&limits);
    problem = (struct problem){0};
    bool valid =
        submission_read(submission,
                        &(struct message_body){.form = MESSAGE_AS_FORM,
                                               .content_type = STR("multipart/form-data; boundary=xx"),
                                               .octets = str_of(body)},
                        &limits, &problem);
    CHECK(valid == (problem.fault.code == FAULT_NONE));
    return submission;
}

/* "pointer code, pointer code": every error, in order. */
static void a_fault_is_told_with_its_place(void)
{
    static const struct {
        const char *name, *body, *errors;
    } rows[] = {
        {"good", MESSAGE(",\"text\":\"x\"") END, ""},
        {"a file is enough", MESSAGE("") FILE_PART("attachment", "; filename=\"a\"") END, ""},
        {"no text and no file", MESSAGE("") END, "/text invalid-request"},
        {"no message", FILE_PART("attachment", "; filename=\"a\"") END, " invalid-request"},
        {"no part", END, " invalid-request"},
        {"two messages", MESSAGE(",\"text\":\"x\"") MESSAGE(",\"text\":\"x\"") END, " invalid-request"},
        {"an unknown part", MESSAGE(",\"text\":\"x\"") FILE_PART("file", "") END, " invalid-request"},
        {"another case", MESSAGE(",\"text\":\"x\"") FILE_PART("Attachment", "") END, " invalid-request"},
        {"cut off", MESSAGE(",\"text\":\"x\""), " invalid-request"},
        {"another boundary", "--yy\r\n", " invalid-request"},
        {"a wrong message", MESSAGE(",\"text\":7") FILE_PART("attachment", "") END, "/text invalid-request"},
        {"a wrong type", MESSAGE("") FILE_PART("attachment", "\r\nContent-Type: text") END,
         "/attachments/0/content_type invalid-attachment"},
        {"a multipart", MESSAGE("") FILE_PART("attachment", "\r\nContent-Type: multipart/mixed") END,
         "/attachments/0/content_type invalid-attachment"},
        {"behind one of the JSON",
         MESSAGE(",\"attachments\":[{\"content\":\"eA==\"}]")
             FILE_PART("attachment", "\r\nContent-Type: text") END,
         "/attachments/1/content_type invalid-attachment"},
        {"an inline file without a name", MESSAGE("") FILE_PART("inline", "") END,
         "/attachments/0/content_id invalid-attachment"},
        {"an inline file whose name is no Content-ID",
         MESSAGE("") FILE_PART("inline", "; filename=\"a b\"") END,
         "/attachments/0/content_id invalid-attachment"},
        {"H166 a Content-ID with a bracket",
         MESSAGE("") FILE_PART("inline", "; filename=\"a\"\r\nContent-ID: <a>b>") END,
         "/attachments/0/content_id invalid-attachment"},
        {"a Content-ID that is empty", MESSAGE("") FILE_PART("attachment", "\r\nContent-ID:") END,
         "/attachments/0/content_id invalid-attachment"},
        {"H165 too many files",
         MESSAGE(",\"attachments\":[{\"content\":\"\"},{\"content\":\"\"}]") FILE_PART("attachment", "")
             FILE_PART("attachment", "") END,
         "/attachments invalid-attachment"},
        {"H165 too many files of the form alone",
         MESSAGE("") FILE_PART("attachment", "") FILE_PART("attachment", "") FILE_PART("attachment", "")
             FILE_PART("attachment", "") END,
         "/attachments invalid-attachment"},
    };
    struct buf told;
    buf_init(&told, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct submission *submission = read_form(rows[i].body);
        buf_clear(&told);
        for (size_t at = 0; at < problem.error_count; at++)
            buf_append_format(&told, "%s%.*s %s", at ? ", " : "", STR_ARG(problem.errors[at].pointer),
                              fault_kind(problem.errors[at].code)->name);
        CHECK_TEXT(told.len ? buf_view(&told) : STR(""), rows[i].errors);
        submission_free(&submission);
    }
    buf_fini(&told);
}

static void json_that_is_none_is_told_as_such(void)
{
    struct submission *submission = read_form(NAMED("message") BODY("{") FILE_PART("attachment", "") END);
    CHECK_INT(problem.fault.code, FAULT_INVALID_JSON);
    submission_free(&submission);
}

/* H162: what a file becomes. */
static void files_are_taken_as_they_are(void)
{
    static const struct {
        const char *name, *part, *filename, *type, *id;
        enum disposition disposition;
    } rows[] = {
        {"no name", FILE_PART("attachment", ""), NULL, "application/octet-stream", NULL,
         DISPOSITION_ATTACHMENT},
        {"a name", FILE_PART("attachment", "; filename=\"a.pdf\""), "a.pdf", "application/pdf", NULL,
         DISPOSITION_ATTACHMENT},
        {"a type", FILE_PART("attachment", "; filename=\"a.pdf\"\r\nContent-Type: text/csv"), "a.pdf",
         "text/csv", NULL, DISPOSITION_ATTACHMENT},
        {"a type that says nothing",
         FILE_PART("attachment", "; filename=\"a.pdf\"\r\nContent-Type: Application/Octet-Stream"), "a.pdf",
         "application/pdf", NULL, DISPOSITION_ATTACHMENT},
        {"a path", FILE_PART("attachment", "; filename=\"../../etc/passwd\""), "passwd",
         "application/octet-stream", NULL, DISPOSITION_ATTACHMENT},
        {"a drive", FILE_PART("attachment", "; filename=\"C:\\dir\\x.png\""), "x.png", "image/png", NULL,
         DISPOSITION_ATTACHMENT},
        {"a line break", FILE_PART("attachment", "; filename=\"a%0D%0Ab.png\""), "ab.png", "image/png", NULL,
         DISPOSITION_ATTACHMENT},
        {"quotes", FILE_PART("attachment", "; filename=\"say %22hi%22.txt\""), "say \"hi\".txt", "text/plain",
         NULL, DISPOSITION_ATTACHMENT},
        {"a percent sign", FILE_PART("attachment", "; filename=\"50%41%.txt\""), "50%41%.txt", "text/plain",
         NULL, DISPOSITION_ATTACHMENT},
        {"an override", FILE_PART("attachment", "; filename=\"a\u202Efdp.exe\""), "afdp.exe",
         "application/octet-stream", NULL, DISPOSITION_ATTACHMENT},
        {"nothing but dots", FILE_PART("attachment", "; filename=\"..\""), NULL, "application/octet-stream",
         NULL, DISPOSITION_ATTACHMENT},
        {"inline by its name", FILE_PART("inline", "; filename=\"logo.png\""), "logo.png", "image/png",
         "logo.png", DISPOSITION_INLINE},
        {"inline by its ID", FILE_PART("inline", "; filename=\"a b.png\"\r\nContent-ID: <logo@x>"), "a b.png",
         "image/png", "logo@x", DISPOSITION_INLINE},
        {"an ID of an attachment", FILE_PART("attachment", "; filename=\"a\"\r\nContent-ID: <a@x>"), "a",
         "application/octet-stream", "a@x", DISPOSITION_ATTACHMENT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 1 << 16);
        test_row("%s", rows[i].name);
        struct str body = arena_format(&arena, "%s%s%s", rows[i].part, MESSAGE(""), END);
        struct submission *submission = read_form(body.data);
        const struct message *message = &submission->message;
        CHECK_INT(problem.fault.code, FAULT_NONE);
        if (CHECK_INT(message->attachment_count, 1)) {
            CHECK_STR(message->attachments[0].filename, str_of(rows[i].filename));
            CHECK_TEXT(message->attachments[0].content_type, rows[i].type);
            CHECK_STR(message->attachments[0].content_id, str_of(rows[i].id));
            CHECK_INT(message->attachments[0].disposition, rows[i].disposition);
            CHECK_TEXT(message->attachments[0].content, "1");
        }
        submission_free(&submission);
        arena_fini(&arena);
    }
}

int main(void)
{
    TEST(a_fault_is_told_with_its_place);
    TEST(json_that_is_none_is_told_as_such);
    TEST(files_are_taken_as_they_are);
    return test_result();
}
