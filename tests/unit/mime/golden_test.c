/* Whole messages, byte for byte against tests/golden/NAME.eml. With "--write" the files are made anew; whether
 * they say what they should is then for tests/mime/read_back_test.py. Run in the source tree. */
#include "base/utf8.h"
#include "mime/message.h"
#include "mime/render.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 4 * 1024 * 1024, MAX_FILE_BYTES = 256 * 1024, MAX_ITEMS = 4 };

struct attachment_row {
    const char *base64, *filename, *content_type, *content_id;
    enum disposition disposition;
};

struct row {
    const char *name;
    const char *from, *sender;
    const char *to[MAX_ITEMS], *cc[MAX_ITEMS], *reply_to[MAX_ITEMS];
    const char *subject, *text, *html;
    struct attachment_row attachments[MAX_ITEMS];
    const char *headers[MAX_ITEMS][2];
};

#define PIXEL                                                                                                \
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
#define FAMILY "\U0001F468\u200D\U0001F469\u200D\U0001F467\u200D\U0001F466"

static const struct row rows[] = {
    {
        .name = "plain",
        .from = "Ann Lee <ann@example.com>",
        .to = {"bob@example.net"},
        .subject = "Hello",
        .text = "Hello Bob,\n\nthis is plain ASCII.\n.\nA line with a dot alone stands above.\n\n-- \nAnn\n",
    },
    {
        .name = "utf8",
        .from = "Ann \u00C4. Lee <ann@example.com>",
        .to = {"\"Lee, Ann\" <lee@example.net>", "\u5C71\u7530\u592A\u90CE <yamada@example.net>",
               "\"quote \\\" and \\\\ backslash\" <\"a b\"@b\u00FCcher.example>", "o'neil@example.net"},
        .cc = {"\"" FAMILY " family\" <family@example.net>"},
        .subject =
            "Gr\u00FC\u00DFe aus K\u00F6ln: " FAMILY " e\u0301 \U0001F1E9\U0001F1EA \U0001F44D\U0001F3FD "
            "\u2014 und dann noch viel mehr Text, der umbrochen werden muss, =?utf-8?Q?nicht?= dekodiert",
        .text = "Gr\u00FC\u00DFe!  \r\nFrom here on = 100 %.\r.start\nThis is a long line with \u00E4, "
                "\u00F6 and \u00FC in "
                "it, which has to be broken softly before it gets too long for a line.",
    },
    {
        .name = "text_html",
        .from = "ann@example.com",
        .to = {"bob@example.net"},
        .reply_to = {"Help Desk <help@example.com>", "Archive <archive@example.com>"},
        .subject = "Both",
        .text = "The text.\n",
        .html = "<p>The <b>html</b>.</p>",
        .headers = {{"X-Campaign", "spring"},
                    {"References", "<1.abcdefghijklmnopqrstuvwxyz@example.com> "
                                   "<2.abcdefghijklmnopqrstuvwxyz@example.com>"}},
    },
    {
        .name = "inline_image",
        .from = "ann@example.com",
        .to = {"bob@example.net"},
        .subject = "A picture",
        .html = "<img src=\"cid:logo@example.com\" alt=\"\u2603\">\n",
        .attachments = {{PIXEL, "logo.png", "image/png", "logo@example.com", DISPOSITION_INLINE}},
    },
    {
        .name = "odd_file_names",
        .from = "ann@example.com",
        .to = {"bob@example.net"},
        .subject = "Three files",
        .text = "See below.\n",
        .attachments = {{"aGVsbG8=", "\u00DCbersicht \u20AC 2026 \u2014 " FAMILY " endg\u00FCltig (2).pdf",
                         NULL, NULL, DISPOSITION_ATTACHMENT},
                        {"aGVs\r\nbG8g d29y\nbGQ=", "C:\\temp\\say \"hi\".txt", "text/plain; charset=utf-8",
                         NULL, DISPOSITION_ATTACHMENT},
                        {"",
                         "a name in ASCII that is far too long to be written in a line of seventy-eight.csv",
                         NULL, NULL, DISPOSITION_ATTACHMENT}},
    },
    {
        .name = "attachment_alone",
        .from = "ann@example.com",
        .to = {"bob@example.net"},
        .attachments = {{PIXEL, NULL, "image/png; name=\"kept.png\"", NULL, DISPOSITION_INLINE}},
    },
    {
        .name = "everything",
        .from = "\u00C4nn Lee <ann@example.com>",
        .sender = "Mailer <mailer@example.com>",
        .to = {"Bob <bob@example.net>", "Carol <carol@example.net>", "Dave <dave@example.net>"},
        .cc = {"Eve <eve@example.net>"},
        .reply_to = {"help@example.com"},
        .subject = "Everything \u2713",
        .text = "\u3053\u3093\u306B\u3061\u306F\u3001\u4E16\u754C\u3002\n\u3088\u308D\u3057\u304F\u3002\n",
        .html = "<p>\u3053\u3093\u306B\u3061\u306F</p><img src=\"cid:one\"><img src=\"cid:two\">\n",
        .attachments = {{PIXEL, "one.png", "image/png", "one", DISPOSITION_INLINE},
                        {PIXEL, "\u4E8C.png", "image/png", "two", DISPOSITION_INLINE},
                        {"JVBERi0xLjQK", "report.pdf", "application/pdf", NULL, DISPOSITION_ATTACHMENT}},
        .headers = {{"X-Mood", "gl\u00FCcklich und zufrieden"}, {"Auto-Submitted", "auto-generated"}},
    },
    {
        .name = "smtputf8",
        .from = "J\u00FCrgen <j\u00FCrgen@b\u00FCcher.example>",
        .to = {"Bj\u00F6rk <bjork@example.net>"},
        .subject = "R\u00E9sum\u00E9",
        .text = "Hi.\n",
    },
};

static void read_mailboxes(struct arena *arena, const char *const texts[MAX_ITEMS], struct mailbox_list *list)
{
    struct fault fault;
    list->items = arena_take_array(arena, MAX_ITEMS, sizeof *list->items);
    for (size_t i = 0; i < MAX_ITEMS && texts[i]; i++)
        CHECK(mailbox_parse(arena, str_of(texts[i]), &list->items[list->count++], &fault));
}

static void read_attachment(struct arena *arena, const struct attachment_row *row,
                            struct attachment *attachment)
{
    struct fault fault;
    uint64_t bytes;
    attachment->content_base64 = str_of(row->base64);
    CHECK(message_check_base64(attachment->content_base64, &bytes, &fault));
    if (row->filename)
        attachment->filename = message_clean_filename(arena, str_of(row->filename));
    attachment->content_type =
        row->content_type ? str_of(row->content_type) : message_guess_content_type(attachment->filename);
    CHECK(message_check_content_type(attachment->content_type, &fault));
    attachment->content_id = str_of(row->content_id);
    attachment->disposition = row->disposition;
}

static void read_row(struct arena *arena, const struct row *row, struct message *message)
{
    struct fault fault;
    *message = (struct message){
        .date = {.utc_s = 1795417560}, .is_dated = true, .boundary_token = "abcdefghijklmnopqrstuvwxyz"};
    CHECK(mailbox_parse(arena, str_of(row->from), &message->from, &fault));
    if (row->sender)
        CHECK(mailbox_parse(arena, str_of(row->sender), &message->sender, &fault));
    read_mailboxes(arena, row->to, &message->to);
    read_mailboxes(arena, row->cc, &message->cc);
    read_mailboxes(arena, row->reply_to, &message->reply_to);
    message->subject = str_of(row->subject);
    message->text = str_of(row->text);
    message->html = str_of(row->html);
    message->attachments = arena_take_array(arena, MAX_ITEMS, sizeof *message->attachments);
    for (size_t i = 0; i < MAX_ITEMS && row->attachments[i].base64; i++)
        read_attachment(arena, &row->attachments[i], &message->attachments[message->attachment_count++]);
    message->headers = arena_take_array(arena, MAX_ITEMS, sizeof *message->headers);
    for (size_t i = 0; i < MAX_ITEMS && row->headers[i][0]; i++)
        message->headers[message->header_count++] =
            (struct header_field){str_of(row->headers[i][0]), str_of(row->headers[i][1])};
    CHECK(message_stamp(arena, message, "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f"));
}

static void render_row(const struct row *row, struct buf *bytes)
{
    struct arena arena;
    struct message message;
    arena_init(&arena, ARENA_BYTES);
    read_row(&arena, row, &message);
    struct render *render = render_start(&arena, &message, NULL);
    if (CHECK(render)) {
        struct str piece;
        while (render_pull(render, &piece))
            buf_append(bytes, piece);
        CHECK_INT(bytes->len, render_size_octets(render));
    }
    arena_fini(&arena);
}

static FILE *open_golden(const struct row *row, const char *mode)
{
    char path[128];
    snprintf(path, sizeof path, "tests/golden/%s.eml", row->name);
    return fopen(path, mode);
}

static void write_golden_files(void)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf bytes;
        buf_init(&bytes, MAX_FILE_BYTES);
        render_row(&rows[i], &bytes);
        FILE *file = open_golden(&rows[i], "wb");
        if (CHECK(file)) {
            CHECK_INT(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
            fclose(file);
        }
        buf_fini(&bytes);
    }
}

static void messages_equal_their_golden_files(void)
{
    static char golden[MAX_FILE_BYTES];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        struct buf bytes;
        buf_init(&bytes, MAX_FILE_BYTES);
        render_row(&rows[i], &bytes);
        FILE *file = open_golden(&rows[i], "rb");
        if (CHECK(file)) {
            size_t len = fread(golden, 1, sizeof golden, file);
            CHECK_STR(buf_view(&bytes), ((struct str){golden, len}));
            fclose(file);
        }
        buf_fini(&bytes);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "--write") == 0)
        TEST(write_golden_files);
    TEST(messages_equal_their_golden_files);
    return test_result();
}
