#include "mime/render.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1024 * 1024, OUT_BYTES = 64 * 1024 * 1024 };

static struct message bare_message(void)
{
    return (struct message){.from = {.address = STR("a@b.example"), .at = 1},
                            .message_id = STR("<1@b.example>"),
                            .boundary_token = "abcdefghijklmnopqrstuvwxyz"};
}

static void pull_all(struct render *render, struct buf *out)
{
    struct str piece;
    buf_clear(out);
    while (render_pull(render, &piece)) {
        CHECK(piece.len > 0);
        buf_append(out, piece);
    }
    CHECK(!render_pull(render, &piece));
    CHECK(!out->failed);
    CHECK_INT(out->len, render_size_octets(render));
}

/* What stands behind MIME-Version: the parts. */
static struct str render_parts(struct arena *arena, const struct message *message, struct buf *out)
{
    struct render *render = render_start(arena, message, NULL);
    if (!CHECK(render))
        return STR("");
    pull_all(render, out);
    const char *parts = memmem(out->data, out->len, "MIME-Version: 1.0\r\n", 19);
    return CHECK(parts) ? str_from(buf_view(out), (size_t)(parts - out->data) + 19) : STR("");
}

/* The tree as its types, "(" and ")" around the children of a multipart. */
static void describe(struct str parts, struct buf *shape)
{
    for (struct str rest = parts; rest.data;) {
        struct str line = str_cut(&rest, '\n');
        if (str_starts_with(line, STR("Content-Type: "))) {
            line = str_first(str_from(line, 14), str_index(line, '\r') - 14);
            struct str type = str_first(line, str_index(line, ';'));
            buf_append(shape, type);
            buf_append_char(shape, str_starts_with(type, STR("multipart/")) ? '(' : ' ');
        } else if (str_starts_with(line, STR("--=_")) && line.len > 4 && line.data[line.len - 2] == '-') {
            buf_append_char(shape, ')');
        }
    }
}

static const struct attachment file = {.content_base64 = STR("Zm9v"), .content_type = STR("a/file")};
static const struct attachment image = {.content_base64 = STR("Zm9v"),
                                        .content_type = STR("a/image"),
                                        .content_id = STR("x"),
                                        .disposition = DISPOSITION_INLINE};
static const struct attachment named = {
    .content_base64 = STR("Zm9v"), .content_type = STR("a/named"), .content_id = STR("x")};
static const struct attachment shown = {
    .content_base64 = STR("Zm9v"), .content_type = STR("a/shown"), .disposition = DISPOSITION_INLINE};

static void a_wrapper_with_one_child_is_left_out(void)
{
    static const struct {
        const char *text, *html;
        const struct attachment *attachments[3];
        const char *shape;
    } rows[] = {
        {NULL, NULL, {0}, "text/plain "},
        {"t", NULL, {0}, "text/plain "},
        {NULL, "h", {0}, "text/html "},
        {"t", "h", {0}, "multipart/alternative(text/plain text/html )"},
        {NULL, NULL, {&file}, "a/file "},
        {NULL, NULL, {&file, &file}, "multipart/mixed(a/file a/file )"},
        {"t", NULL, {&file}, "multipart/mixed(text/plain a/file )"},
        {NULL, "h", {&image}, "multipart/related(text/html a/image )"},
        {"t", "h", {&image}, "multipart/alternative(text/plain multipart/related(text/html a/image ))"},
        {"t", NULL, {&image}, "multipart/mixed(text/plain a/image )"},
        {NULL, "h", {&shown}, "multipart/mixed(text/html a/shown )"},
        {NULL, "h", {&named}, "multipart/mixed(text/html a/named )"},
        {"t", "h", {&file}, "multipart/mixed(multipart/alternative(text/plain text/html )a/file )"},
        {"t",
         "h",
         {&file, &image, &image},
         "multipart/mixed(multipart/alternative(text/plain multipart/related(text/html a/image a/image "
         "))a/file )"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct buf out, shape;
        struct attachment attachments[3];
        struct message message = bare_message();
        arena_init(&arena, ARENA_BYTES);
        buf_init(&out, OUT_BYTES);
        buf_init(&shape, OUT_BYTES);
        message.text = str_of(rows[i].text);
        message.html = str_of(rows[i].html);
        message.attachments = attachments;
        while (message.attachment_count < 3 && rows[i].attachments[message.attachment_count]) {
            attachments[message.attachment_count] = *rows[i].attachments[message.attachment_count];
            message.attachment_count++;
        }
        test_row("%s", rows[i].shape);
        describe(render_parts(&arena, &message, &out), &shape);
        CHECK_TEXT(buf_view(&shape), rows[i].shape);
        buf_fini(&out);
        buf_fini(&shape);
        arena_fini(&arena);
    }
}

/* H160. */
static void a_body_that_holds_the_token_cannot_forge_a_delimiter(void)
{
    static const char forged[] = "a\n--=_m_abcdefghijklmnopqrstuvwxyz--\n";
    struct attachment attachments[] = {file};
    struct message message = bare_message();
    struct arena arena;
    struct buf out;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    message.text = str_of(forged);
    message.attachments = attachments;
    message.attachment_count = 1;
    CHECK_TEXT(render_parts(&arena, &message, &out),
               "Content-Type: multipart/mixed; boundary=\"=_m_abcdefghijklmnopqrstuvwxyz\"\r\n\r\n"
               "--=_m_abcdefghijklmnopqrstuvwxyz\r\n"
               "Content-Type: text/plain; charset=utf-8\r\n"
               "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
               "a\r\n--=3D_m_abcdefghijklmnopqrstuvwxyz--\r\n\r\n"
               "--=_m_abcdefghijklmnopqrstuvwxyz\r\n"
               "Content-Type: a/file\r\n"
               "Content-Transfer-Encoding: base64\r\n"
               "Content-Disposition: attachment\r\n\r\n"
               "Zm9v\r\n"
               "--=_m_abcdefghijklmnopqrstuvwxyz--\r\n");
    buf_fini(&out);
    arena_fini(&arena);
}

static void a_caller_s_name_parameter_yields_to_the_file_name(void)
{
    struct attachment attachments[] = {{.content_base64 = STR("Zm9v"),
                                        .content_type = STR("a/b; NAME=x; c=\"d e\"; name*0=y"),
                                        .filename = STR("z.bin")}};
    struct message message = bare_message();
    struct arena arena;
    struct buf out;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    message.attachments = attachments;
    message.attachment_count = 1;
    struct str parts = render_parts(&arena, &message, &out);
    CHECK_TEXT(str_cut(&parts, '\n'), "Content-Type: a/b; c=\"d e\"; name=\"z.bin\"\r");
    buf_fini(&out);
    arena_fini(&arena);
}

/* Where a message would have gone that goes elsewhere: enough of it to know it by. */
static void original_recipients_are_named_up_to_a_hundred(void)
{
    enum { MANY = 101 };
    static const struct {
        size_t count;
        const char *end;
    } rows[] = {{0, "Date: "},
                {1, "X-Original-To: a@b.example\r\nDate: "},
                {2, " a@b.example\r\nDate: "},
                {100, " a@b.example\r\nDate: "},
                {101, ", and others\r\nDate: "}};
    struct str recipients[MANY];
    for (size_t i = 0; i < MANY; i++)
        recipients[i] = STR("a@b.example");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct buf out;
        struct message message = bare_message();
        message.original_recipients = recipients;
        message.original_recipient_count = rows[i].count;
        arena_init(&arena, ARENA_BYTES);
        buf_init(&out, OUT_BYTES);
        test_row("%zu", rows[i].count);
        struct render *render = render_start(&arena, &message, NULL);
        pull_all(render, &out);
        const char *date = memmem(out.data, out.len, "Date: ", 6);
        size_t end_len = strlen(rows[i].end), shown_count = 0;
        struct str field = str_first(buf_view(&out), (size_t)(date - out.data) + 6);
        CHECK_TEXT(str_from(field, field.len - end_len), rows[i].end);
        for (size_t at = 0; at < field.len; at++)
            shown_count += field.data[at] == '@';
        CHECK_INT(shown_count, rows[i].count < 100 ? rows[i].count : 100);
        buf_fini(&out);
        arena_fini(&arena);
    }
}

static void nothing_is_invented_for_a_message_without_to(void)
{
    struct message message = bare_message();
    struct arena arena;
    struct buf out;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    message.text = STR("x");
    struct render *render = render_start(&arena, &message, NULL);
    if (CHECK(render)) {
        pull_all(render, &out);
        CHECK_TEXT(buf_view(&out), "Date: Thu, 01 Jan 1970 00:00:00 +0000\r\nFrom: a@b.example\r\n"
                                   "Message-ID: <1@b.example>\r\nMIME-Version: 1.0\r\n"
                                   "Content-Type: text/plain; charset=utf-8\r\n"
                                   "Content-Transfer-Encoding: 7bit\r\n\r\nx\r\n");
    }
    buf_fini(&out);
    arena_fini(&arena);
}

/* An attachment of megabytes passes through an arena that could not hold it. */
static void large_content_is_never_copied_whole_and_comes_again(void)
{
    enum { DIGITS = 12 * 1024 * 1024 };
    char *content = malloc(DIGITS);
    struct attachment attachments[] = {file, file};
    struct message message = bare_message();
    struct arena arena;
    struct buf first, second;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&first, OUT_BYTES);
    buf_init(&second, OUT_BYTES);
    if (CHECK(content)) {
        memset(content, 'Q', DIGITS);
        attachments[1].content_base64 = (struct str){content, DIGITS};
        message.text = STR("\u00E4");
        message.attachments = attachments;
        message.attachment_count = 2;
        struct render *render = render_start(&arena, &message, NULL);
        if (CHECK(render)) {
            struct str piece;
            CHECK(render_pull(render, &piece) && render_pull(render, &piece));
            render_rewind(render);
            pull_all(render, &first);
            render_rewind(render);
            pull_all(render, &second);
            CHECK(str_equal(buf_view(&first), buf_view(&second)));
        }
    }
    free(content);
    buf_fini(&first);
    buf_fini(&second);
    arena_fini(&arena);
}

static void an_address_beyond_ascii_makes_its_own_field_raw(void)
{
    struct mailbox to[] = {
        {.address = STR("j\u00FCrgen@b.example"), .at = 7, .display_name = STR("J\u00FCrgen")}};
    struct mailbox cc[] = {{.address = STR("c@b.example"), .at = 1, .display_name = STR("\u00C7")}};
    struct message message = bare_message();
    struct arena arena;
    struct buf out;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    message.cc = (struct mailbox_list){cc, 1};
    struct render *render = render_start(&arena, &message, NULL);
    CHECK(render && !render_needs_smtputf8(render));
    message.to = (struct mailbox_list){to, 1};
    render = render_start(&arena, &message, NULL);
    if (CHECK(render && render_needs_smtputf8(render))) {
        pull_all(render, &out);
        CHECK(memmem(out.data, out.len, "To: J\u00FCrgen <j\u00FCrgen@b.example>\r\n", 32));
        CHECK(memmem(out.data, out.len, "Cc: =?utf-8?B?w4c=?= <c@b.example>\r\n", 36));
    }
    buf_fini(&out);
    arena_fini(&arena);
}

static void a_full_arena_gives_no_render_at_any_size(void)
{
    struct attachment attachments[] = {file};
    struct message message = bare_message();
    message.text = STR("x");
    message.html = STR("<p>\u00E4 is measured, and kept</p>");
    message.attachments = attachments;
    message.attachment_count = 1;
    size_t failures = 0;
    for (size_t bytes = 0; bytes < 8 * 1024; bytes += 64) {
        struct arena arena;
        arena_init(&arena, bytes);
        failures += !render_start(&arena, &message, NULL);
        arena_fini(&arena);
    }
    CHECK(failures > 20 && failures < 128);
}

int main(void)
{
    TEST(a_wrapper_with_one_child_is_left_out);
    TEST(a_body_that_holds_the_token_cannot_forge_a_delimiter);
    TEST(a_caller_s_name_parameter_yields_to_the_file_name);
    TEST(original_recipients_are_named_up_to_a_hundred);
    TEST(nothing_is_invented_for_a_message_without_to);
    TEST(large_content_is_never_copied_whole_and_comes_again);
    TEST(an_address_beyond_ascii_makes_its_own_field_raw);
    TEST(a_full_arena_gives_no_render_at_any_size);
    return test_result();
}
