#include "mime/form.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* "name|filename|type|id|content;" for each part, and the fault. */
static void describe(struct arena *arena, const char *type, struct str body, struct buf *out)
{
    struct form form;
    struct form_part part;
    struct fault fault = {0};
    buf_clear(out);
    if (form_begin(&form, arena, str_of(type), body, &fault))
        while (form_next(&form, &part, &fault))
            buf_append_format(out, "%.*s|%.*s|%.*s|%.*s|%.*s;", STR_ARG(part.name), STR_ARG(part.filename),
                              STR_ARG(part.content_type), STR_ARG(part.content_id), STR_ARG(part.content));
    if (fault.code != FAULT_NONE)
        buf_append_format(out, "!%s", fault.detail);
}

#define PART(fields, content) "--xx\r\n" fields "\r\n\r\n" content "\r\n"
#define NAMED(name)           "Content-Disposition: form-data; name=\"" name "\""

static void a_form_is_cut_at_its_boundary(void)
{
    static const struct {
        const char *name, *type, *body, *want;
    } rows[] = {
        {"one part", "multipart/form-data; boundary=xx", PART(NAMED("message"), "{}") "--xx--\r\n",
         "message||||{};"},
        {"a quoted boundary", "multipart/form-data; charset=utf-8; boundary=\"xx\"",
         PART(NAMED("message"), "{}") "--xx--", "message||||{};"},
        {"a file", "multipart/form-data; boundary=xx",
         PART(NAMED("attachment") "; filename=\"a b.pdf\"\r\ncontent-type: application/pdf",
              "%PDF") "--xx--\r\n",
         "attachment|a b.pdf|application/pdf||%PDF;"},
        {"a Content-ID", "multipart/form-data; boundary=xx",
         PART(NAMED("inline") "; filename=\"l.png\"\r\nContent-ID: <logo@x>", "PNG") "--xx--\r\n",
         "inline|l.png||logo@x|PNG;"},
        {"names with quotes and backslashes", "multipart/form-data; boundary=xx",
         PART(NAMED("a") "; filename=\"say \\\"hi\\\" %22x%22 C:\\dir.txt\"", "") "--xx--",
         "a|say \"hi\" \"x\" C:\\dir.txt|||;"},
        {"an extended name wins", "multipart/form-data; boundary=xx",
         PART(NAMED("a") "; filename*=UTF-8''%c3%a9.txt; filename=\"e.txt\"", "") "--xx--",
         "a|\xc3\xa9.txt|||;"},
        {"an extended name in letters that are not known", "multipart/form-data; boundary=xx",
         PART(NAMED("a") "; filename*=iso-8859-1''%e9; filename=e; size=3", "") "--xx--", "a|e|||;"},
        {"Content-IDs that are bare, or half so", "multipart/form-data; boundary=xx",
         PART(NAMED("a") "\r\nContent-ID: logo", "") PART(NAMED("b") "\r\nContent-ID: <logo", "")
             PART(NAMED("c") "\r\nContent-ID: <>\r\nX-Other: x", "") "--xx--",
         "a|||logo|;b|||<logo|;c|||<>|;"},
        {"content like a boundary", "multipart/form-data; boundary=xx",
         PART(NAMED("a"), "--xx\n--x\r\n-xx\r\n--x") PART(NAMED("b"), "\r\n") "--xx--",
         "a||||--xx\n--x\r\n-xx\r\n--x;b||||\r\n;"},
        {"a preamble and an epilogue", "multipart/form-data; boundary=xx",
         "hello\r\n" PART(NAMED("a"), "1") "--xx--\r\nbye\r\n--xx\r\n", "a||||1;"},
        {"white space behind a boundary", "multipart/form-data; boundary=xx",
         "--xx \t\r\n" NAMED("a") "\r\n\r\n1\r\n--xx--", "a||||1;"},
        {"no part at all", "multipart/form-data; boundary=xx", "--xx--\r\n", ""},
        {"no boundary", "multipart/form-data", "--xx--\r\n",
         "!the Content-Type has no boundary, or one of more than 70 octets"},
        {"an empty boundary", "multipart/form-data; boundary=\"\"", "--xx--\r\n",
         "!the Content-Type has no boundary, or one of more than 70 octets"},
        {"an endless boundary",
         "multipart/form-data; "
         "boundary=12345678901234567890123456789012345678901234567890123456789012345678901",
         "", "!the Content-Type has no boundary, or one of more than 70 octets"},
        {"an empty body", "multipart/form-data; boundary=xx", "",
         "!the form does not begin with its boundary"},
        {"a boundary without hyphens", "multipart/form-data; boundary=xx", "xx\r\n\r\n\r\n--xx--",
         "!the form does not begin with its boundary"},
        {"a boundary behind other marks", "multipart/form-data; boundary=xx", "++xx\r\n\r\n\r\n--xx--",
         "!the form does not begin with its boundary"},
        {"a boundary within a line", "multipart/form-data; boundary=xx", "a--xx\r\n\r\n\r\n--xx--",
         "!the form does not begin with its boundary"},
        {"another boundary", "multipart/form-data; boundary=yy", PART(NAMED("a"), "1") "--xx--",
         "!the form does not begin with its boundary"},
        {"cut off in the content", "multipart/form-data; boundary=xx", PART(NAMED("a"), "1"),
         "!part 1 of the form has no end: the boundary does not follow"},
        {"cut off in the header", "multipart/form-data; boundary=xx", "--xx\r\n" NAMED("a"),
         "!part 1 of the form has a header without an end"},
        {"cut off behind the delimiter", "multipart/form-data; boundary=xx", PART(NAMED("a"), "1") "--xx",
         "a||||1;!part 2 of the form has something behind its boundary"},
        {"no name", "multipart/form-data; boundary=xx",
         PART("Content-Disposition: form-data; filename=\"x\"", "1") "--xx--",
         "!part 1 of the form has no name"},
        {"something behind the boundary", "multipart/form-data; boundary=xx", "--xxyz\r\n\r\n\r\n--xx--",
         "!part 1 of the form has something behind its boundary"},
    };
    struct buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        arena_init(&arena, 65536);
        test_row("%s", rows[i].name);
        describe(&arena, rows[i].type, str_of(rows[i].body), &out);
        CHECK_TEXT(out.len ? buf_view(&out) : STR(""), rows[i].want);
        arena_fini(&arena);
    }
    buf_fini(&out);
}

/* Every cut of a good form is a fault or a form of fewer parts, and nothing is read beyond it. */
static void a_form_may_end_anywhere(void)
{
    static const char whole[] = PART(NAMED("message"), "{}")
        PART(NAMED("attachment") "; filename=\"a\\\"b%22\"\r\nContent-ID: <x>", "PDF") "--xx--";
    struct buf out;
    buf_init(&out, 4096);
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct arena arena;
        char *cut = len ? memcpy(malloc(len), whole, len) : NULL;
        arena_init(&arena, 65536);
        test_row("%zu", len);
        describe(&arena, "multipart/form-data; boundary=xx", (struct str){cut ? cut : "", len}, &out);
        CHECK(out.len && memchr(out.data, '!', out.len));
        free(cut);
        arena_fini(&arena);
    }
    buf_fini(&out);
}

static void a_line_of_a_header_has_a_bound(void)
{
    enum { MAX_FIELD_BYTES = 4096 };
    struct buf out, body;
    buf_init(&out, 16384);
    buf_init(&body, 16384);
    for (size_t octets = MAX_FIELD_BYTES; octets <= MAX_FIELD_BYTES + 1; octets++) {
        struct arena arena;
        arena_init(&arena, 65536);
        buf_clear(&body);
        buf_append(&body, STR("--xx\r\n" NAMED("a") "\r\n"));
        for (size_t i = 0; i < octets; i++)
            buf_append_char(&body, 'x');
        buf_append(&body, STR("\r\n\r\n1\r\n--xx--"));
        test_row("%zu", octets);
        describe(&arena, "multipart/form-data; boundary=xx", buf_view(&body), &out);
        CHECK_TEXT(buf_view(&out),
                   octets > MAX_FIELD_BYTES ? "!part 1 of the form has a header without an end" : "a||||1;");
        arena_fini(&arena);
    }
    buf_fini(&out);
    buf_fini(&body);
}

static void bytes_are_left_as_they_are(void)
{
    static const char body[] = PART(NAMED("a"), "\0\xff\r\n\0--xx") "--xx--";
    struct arena arena;
    struct form form;
    struct form_part part;
    struct fault fault;
    arena_init(&arena, 65536);
    CHECK(form_begin(&form, &arena, STR("multipart/form-data;boundary=xx"),
                     (struct str){body, sizeof body - 1}, &fault));
    CHECK(form_next(&form, &part, &fault));
    CHECK_STR(part.content, STR("\0\xff\r\n\0--xx"));
    CHECK(!form_next(&form, &part, &fault) && form.ended);
    arena_fini(&arena);
}

int main(void)
{
    TEST(a_form_is_cut_at_its_boundary);
    TEST(a_form_may_end_anywhere);
    TEST(a_line_of_a_header_has_a_bound);
    TEST(bytes_are_left_as_they_are);
    return test_result();
}
