#include "mime/media_type.h"
#include "test.h"

static void types_with_parameters_are_taken(void)
{
    static const char *const types[] = {
        "image/png",
        "application/vnd.ms-excel",
        "image/svg+xml",
        "text/plain; charset=utf-8",
        "text/plain;charset=\"utf-8\" ; format=flowed",
        "application/x; a=\"b; c=\\\"d\\\"\"",
        "text/x-messages",
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct fault fault;
        test_row("%s", types[i]);
        CHECK(media_type_check(str_of(types[i]), &fault));
    }
}

/* H161: nothing of a caller's can become a header of its own, or a structure. */
static void what_is_no_simple_type_is_refused(void)
{
    static const struct str types[] = {
        STR(""),
        STR("image"),
        STR("image/"),
        STR("/png"),
        STR("image/png/x"),
        STR("image png"),
        STR(" image/png"),
        STR("text/html\r\nX: y"),
        STR("text/html\n"),
        STR("text/html\0"),
        STR("text/html; a=b\tc"),
        STR("multipart/mixed; boundary=x"),
        STR("MULTIPART/mixed"),
        STR("message/rfc822"),
        STR("Message/Partial"),
        STR("text/plain;"),
        STR("text/plain; "),
        STR("text/plain; charset"),
        STR("text/plain; charset="),
        STR("text/plain; =utf-8"),
        STR("text/plain; charset=\"utf-8"),
        STR("text/plain; charset=\"utf-8\\\""),
        STR("text/plain; charset=utf 8"),
        STR("text/plain charset=utf-8"),
        STR("text/pl\u00E4in"),
        STR("text/plain; a=\"\u00E4\""),
        STR("text/plain; a=b; c"),
        STR("text/plain, text/html"),
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        struct fault fault = {0};
        test_row("%zu %.*s", i, STR_ARG(types[i]));
        CHECK(!media_type_check(types[i], &fault));
        CHECK_INT(fault.code, FAULT_INVALID_ATTACHMENT);
    }
}

static void a_type_has_a_bound(void)
{
    char text[MEDIA_TYPE_MAX_BYTES + 1];
    struct fault fault;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i == 4 ? '/' : 'a';
    CHECK(media_type_check((struct str){text, MEDIA_TYPE_MAX_BYTES}, &fault));
    CHECK(!media_type_check((struct str){text, MEDIA_TYPE_MAX_BYTES + 1}, &fault));
}

static void parameters_are_walked_in_order(void)
{
    struct str rest, name, value;
    CHECK_TEXT(media_type_essence(STR("a/b ; c=d;e=\"f\\\"; g=h\" "), &rest), "a/b");
    CHECK(media_type_next_parameter(&rest, &name, &value));
    CHECK_TEXT(name, "c");
    CHECK_TEXT(value, "d");
    CHECK(media_type_next_parameter(&rest, &name, &value));
    CHECK_TEXT(name, "e");
    CHECK_TEXT(value, "\"f\\\"; g=h\"");
    CHECK(!media_type_next_parameter(&rest, &name, &value));
    CHECK_INT(rest.len, 0);
    CHECK_TEXT(media_type_essence(STR("a/b\x7f"), &rest), "a/b");
    CHECK_TEXT(rest, "\x7f");
}

static void types_are_guessed_by_extension(void)
{
    static const struct {
        const char *filename, *type;
    } rows[] = {
        {"report.pdf", "application/pdf"},        {"PHOTO.JPG", "image/jpeg"},
        {"a.tar.gz", "application/gzip"},         {"a.b.c.csv", "text/csv"},
        {"kept.eml", "application/octet-stream"}, {"noextension", "application/octet-stream"},
        {"pdf", "application/octet-stream"},      {".pdf", "application/octet-stream"},
        {"a.", "application/octet-stream"},       {"a.unknown", "application/octet-stream"},
        {"", "application/octet-stream"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        struct str type = media_type_guess(str_of(rows[i].filename));
        test_row("%s", rows[i].filename);
        CHECK_TEXT(type, rows[i].type);
        CHECK(media_type_check(type, &fault));
    }
    CHECK_TEXT(media_type_guess((struct str){0}), "application/octet-stream");
}

int main(void)
{
    TEST(types_with_parameters_are_taken);
    TEST(what_is_no_simple_type_is_refused);
    TEST(a_type_has_a_bound);
    TEST(parameters_are_walked_in_order);
    TEST(types_are_guessed_by_extension);
    return test_result();
}
