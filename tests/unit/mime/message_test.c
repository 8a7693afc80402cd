#include "mime/message.h"
#include "test.h"

#include <string.h>

enum { ARENA_BYTES = 64 * 1024 };

static const char ID[] = "0192F3C8-8f0e-7cc3-98c4-dc0c0c07398f";

static void a_stamp_fills_what_is_missing(void)
{
    struct arena arena;
    struct message message = {0}, second = {0};
    struct fault fault;
    arena_init(&arena, ARENA_BYTES);
    CHECK(mailbox_parse(&arena, STR("Ann <Ann@B\u00FCcher.Example>"), &message.from, &fault));
    second.from = message.from;
    CHECK(message_stamp(&arena, &message, ID) && message_stamp(&arena, &second, ID));
    CHECK_TEXT(message.message_id, "<0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f@xn--bcher-kva.example>");
    CHECK(message.date.utc_s > 1700000000);
    CHECK_INT(strlen(message.boundary_token), BOUNDARY_TOKEN_BYTES - 1);
    CHECK(strcmp(message.boundary_token, second.boundary_token) != 0);
    arena_fini(&arena);
}

static void a_stamp_leaves_what_is_there(void)
{
    struct arena arena;
    struct message message = {.message_id = STR("<x@y.example>"),
                              .date = {.utc_s = 5},
                              .is_dated = true,
                              .boundary_token = "token"};
    arena_init(&arena, ARENA_BYTES);
    CHECK(message_stamp(&arena, &message, ID));
    CHECK_TEXT(message.message_id, "<x@y.example>");
    CHECK_INT(message.date.utc_s, 5);
    CHECK_TEXT(str_of(message.boundary_token), "token");
    arena_fini(&arena);
}

static void a_full_arena_stamps_nothing(void)
{
    struct arena arena;
    struct message message = {.from = {.address = STR("a@b.example"), .at = 1}};
    arena_init(&arena, 8);
    CHECK(!message_stamp(&arena, &message, ID));
    arena_fini(&arena);
}

#define NAME_76 "X-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* H155 to H157. */
static void header_fields_are_checked(void)
{
    static const struct {
        struct str name, value;
        bool valid;
    } rows[] = {
        {STR("X-Mailer"), STR("x"), true},
        {STR("X_a.b!c"), STR(""), true},
        {STR("In-Reply-To"), STR("<a@b.example>"), true},
        {STR("List-Unsubscribe"), STR("<mailto:a@b.example>"), true},
        {STR("Subjects"), STR("x"), true},
        {STR("X-Bcc"), STR("x"), true},
        {STR("Importance"), STR("\u00E4"), true},
        {STR(NAME_76), STR("x"), true},
        {STR(NAME_76 "a"), STR("x"), false},
        {STR(""), STR("x"), false},
        {STR("X:Y"), STR("x"), false},
        {STR("X Y"), STR("x"), false},
        {STR("X\r\nY"), STR("x"), false},
        {STR("X\0"), STR("x"), false},
        {STR("X-\u00E4"), STR("x"), false},
        {STR("X\t"), STR("x"), false},
        {STR("X"), STR("a\r\nBcc: b"), false},
        {STR("X"), STR("a\nb"), false},
        {STR("X"), STR("a\rb"), false},
        {STR("X"), STR("a\0b"), false},
        {STR("X"), STR("a\tb"), false},
        {STR("X"), STR("\xff"), false},
        {STR("X"), STR("a\u2028b"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%zu", i);
        CHECK_INT(message_check_header(rows[i].name, rows[i].value, &fault), rows[i].valid);
        CHECK_INT(fault.code, rows[i].valid ? FAULT_NONE : FAULT_INVALID_HEADER);
    }
}

static void what_postern_writes_is_reserved(void)
{
    static const char *const names[] = {
        "From",
        "to",
        "CC",
        "Bcc",
        "Sender",
        "Reply-To",
        "Subject",
        "Date",
        "Message-ID",
        "message-id",
        "Received",
        "Return-Path",
        "MIME-Version",
        "mime-x",
        "Content-Type",
        "Content-Transfer-Encoding",
        "CONTENT-ID",
        "DKIM-Signature",
        "ARC-Seal",
        "ARC-Message-Signature",
        "arc-authentication-results",
        "Authentication-Results",
        "Resent-From",
        "Resent-Bcc",
        "resent-date",
        "DomainKey-Signature",
        "Received-SPF",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct fault fault = {0};
        test_row("%s", names[i]);
        CHECK(!message_check_header(str_of(names[i]), STR("x"), &fault));
        CHECK_INT(fault.code, FAULT_INVALID_HEADER);
    }
}

/* RFC 5322 3.6: what may stand once only, and what a field of the message writes, does not come again. */
static void a_single_field_is_not_repeated(void)
{
    static const struct {
        const char *name, *first, *second;
        struct message message;
        bool repeats; /* the second */
    } rows[] = {
        {"another", "Importance", "X-Priority", {.is_dated = false}, false},
        {"twice", "Importance", "IMPORTANCE", {.is_dated = false}, true},
        {"by a pattern", "List-Id", "list-id", {.is_dated = false}, true},
        {"may come twice", "X-Tag", "X-Tag", {.is_dated = false}, false},
        {"in_reply_to", "X-Tag", "In-Reply-To", {.in_reply_to = STR("<a@b>")}, true},
        {"references", "X-Tag", "References", {.references = STR("<a@b>")}, true},
        {"not written", "X-Tag", "References", {.in_reply_to = STR("<a@b>")}, false},
        {"URL", "X-Tag", "List-Unsubscribe", {.list_unsubscribe = {.url = STR("https://a.b")}}, true},
        {"mailto", "X-Tag", "List-Unsubscribe", {.list_unsubscribe = {.mailto = STR("a@b")}}, true},
        {"no one-click",
         "X-Tag",
         "List-Unsubscribe-Post",
         {.list_unsubscribe = {.mailto = STR("a@b")}},
         false},
        {"one-click", "X-Tag", "List-Unsubscribe-Post", {.list_unsubscribe = {.one_click = true}}, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct header_field fields[] = {{.name = str_of(rows[i].first)}, {.name = str_of(rows[i].second)}};
        struct message message = rows[i].message;
        message.headers = fields;
        message.header_count = 2;
        test_row("%s", rows[i].name);
        CHECK(!message_repeats_header(&message, 0));
        CHECK_INT(message_repeats_header(&message, 1), rows[i].repeats);
    }
}

/* RFC 6047 2.4: the method stands in the part's type, and is that of the content. */
static void a_calendar_has_one_method(void)
{
    static const struct {
        const char *content, *method, *want; /* NULL: not given; refused */
    } rows[] = {
        {"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", NULL, "REQUEST"},
        {"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "request", "request"},
        {"begin:vcalendar\nmethod:CANCEL\n", NULL, "CANCEL"},
        {"BEGIN:VCALENDAR\r\n", "PUBLISH", "PUBLISH"},
        {"BEGIN:VCALENDAR\r\n", NULL, NULL},
        {"BEGIN:VCALENDAR\r\n", "a b", NULL},
        {"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\n", "CANCEL", NULL},
        {"METHOD:REQUEST\r\n", NULL, NULL},
        {"", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct calendar calendar = {.content = str_of(rows[i].content), .method = str_of(rows[i].method)};
        struct fault fault = {0};
        test_row("%zu", i);
        CHECK_INT(message_check_calendar(&calendar, &fault), rows[i].want != NULL);
        CHECK_INT(fault.code, rows[i].want ? FAULT_NONE : FAULT_INVALID_ATTACHMENT);
        if (rows[i].want)
            CHECK_TEXT(calendar.method, rows[i].want);
    }
}

static void a_line_is_a_line(void)
{
    struct fault fault = {0};
    CHECK(message_check_line(STR("Gr\u00FC\u00DFe"), &fault));
    CHECK(!message_check_line(STR("a\r\nBcc: b"), &fault));
    CHECK_INT(fault.code, FAULT_INVALID_HEADER);
}

/* H166. */
static void content_ids_are_bare(void)
{
    static const struct {
        struct str id;
        bool valid;
    } rows[] = {
        {STR("logo"), true},      {STR("logo@example.com"), true},
        {STR("a.b-c_d+1"), true}, {STR(""), false},
        {STR("<logo>"), false},   {STR("a>b"), false},
        {STR("a b"), false},      {STR("a\r\nb"), false},
        {STR("a\0b"), false},     {STR("\u00E4"), false},
        {STR("a\"b"), false},     {STR("a(b)"), false},
        {STR("a;b"), false},      {STR("a\\b"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault = {0};
        test_row("%zu %.*s", i, STR_ARG(rows[i].id));
        CHECK_INT(message_check_content_id(rows[i].id, &fault), rows[i].valid);
        CHECK_INT(fault.code, rows[i].valid ? FAULT_NONE : FAULT_INVALID_ATTACHMENT);
    }
    char text[256];
    struct fault fault;
    memset(text, 'a', sizeof text);
    CHECK(message_check_content_id((struct str){text, 255}, &fault));
    CHECK(!message_check_content_id((struct str){text, 256}, &fault));
}

int main(void)
{
    TEST(a_stamp_fills_what_is_missing);
    TEST(a_stamp_leaves_what_is_there);
    TEST(a_full_arena_stamps_nothing);
    TEST(header_fields_are_checked);
    TEST(what_postern_writes_is_reserved);
    TEST(a_single_field_is_not_repeated);
    TEST(a_calendar_has_one_method);
    TEST(a_line_is_a_line);
    TEST(content_ids_are_bare);
    return test_result();
}
