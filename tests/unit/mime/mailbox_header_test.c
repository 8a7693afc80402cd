#include "mime/mailbox_header.h"
#include "test.h"

enum { ARENA_BYTES = 1024 * 1024, OUT_BYTES = 1024 * 1024, MAX_MAILBOXES = 200 };

static struct arena arena;
static struct buf out;

static struct str write_names(const char *const *names, size_t count, bool raw_utf8)
{
    static struct mailbox items[MAX_MAILBOXES];
    struct fault fault;
    for (size_t i = 0; i < count; i++) {
        CHECK(mailbox_parse_address(&arena, STR("a@b.example"), &items[i], &fault));
        CHECK(mailbox_set_display_name(&arena, str_of(names[i]), &items[i], &fault));
    }
    buf_clear(&out);
    mailbox_header_write(&out, STR("To"), items, count, raw_utf8);
    return buf_view(&out);
}

#define SIXTY "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static void a_name_is_words_or_quoted_or_encoded(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"", "To: a@b.example\r\n"},
        {"Ann Lee", "To: Ann Lee <a@b.example>\r\n"},
        {"O'Neil-Smith & Co!", "To: O'Neil-Smith & Co! <a@b.example>\r\n"},
        {"Ann B. Lee", "To: \"Ann B. Lee\" <a@b.example>\r\n"},
        {"Lee, Ann", "To: \"Lee, Ann\" <a@b.example>\r\n"},
        {"Ann (work)", "To: \"Ann (work)\" <a@b.example>\r\n"},
        {"a@b.example", "To: \"a@b.example\" <a@b.example>\r\n"},
        {"x <y@z.example>", "To: \"x <y@z.example>\" <a@b.example>\r\n"},
        {"\"q\" \\", "To: \"\\\"q\\\" \\\\\" <a@b.example>\r\n"},
        {"Ann  Lee", "To: \"Ann  Lee\" <a@b.example>\r\n"},
        {" Ann ", "To: Ann <a@b.example>\r\n"},
        {"\u00C4nn", "To: =?utf-8?Q?=C3=84nn?= <a@b.example>\r\n"},
        {"Lee, \u00C4nn \"X\"", "To: =?utf-8?B?TGVlLCDDhG5uICJYIg==?= <a@b.example>\r\n"},
        {"=?utf-8?Q?x?=", "To: =?utf-8?B?PT91dGYtOD9RP3g/PQ==?= <a@b.example>\r\n"},
        {SIXTY, "To: " SIXTY " <a@b.example>\r\n"},
        {SIXTY "a", "To: =?utf-8?Q?" SIXTY "a?=\r\n <a@b.example>\r\n"},
        {SIXTY ".", "To: =?utf-8?Q?" SIXTY "?=\r\n =?utf-8?Q?=2E?= <a@b.example>\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        CHECK_TEXT(write_names(&rows[i].name, 1, false), rows[i].want);
    }
}

static void raw_utf8_is_not_encoded(void)
{
    static const struct {
        const char *name, *want;
    } rows[] = {
        {"\u00C4nn Lee", "To: \u00C4nn Lee <a@b.example>\r\n"},
        {"\u00C4nn B. Lee", "To: \"\u00C4nn B. Lee\" <a@b.example>\r\n"},
        {"=?\u00E4?=", "To: =?utf-8?B?PT/DpD89?= <a@b.example>\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        CHECK_TEXT(write_names(&rows[i].name, 1, true), rows[i].want);
    }
}

static void lists_fold_at_their_commas(void)
{
    static const char *const names[] = {"Ann Lee", "Bob B. Brown", "\u00C4nn", "",
                                        "Carol the Fourth of Somewhere"};
    CHECK_TEXT(write_names(names, 5, false), "To: Ann Lee <a@b.example>, \"Bob B. Brown\" <a@b.example>,\r\n"
                                             " =?utf-8?Q?=C3=84nn?= <a@b.example>, a@b.example,\r\n"
                                             " Carol the Fourth of Somewhere <a@b.example>\r\n");
}

static void a_mailbox_longer_than_a_line_folds_within(void)
{
    static const char *const names[] = {"Ann", SIXTY " b c d e f g h i j k"};
    CHECK_TEXT(write_names(names, 2, false), "To: Ann <a@b.example>,\r\n " SIXTY " b c d e f g h i\r\n"
                                             " j k <a@b.example>\r\n");
}

static void long_lists_keep_every_line_short(void)
{
    static const char *names[MAX_MAILBOXES];
    for (size_t i = 0; i < MAX_MAILBOXES; i++)
        names[i] = (const char *[]){"", "Ann", "B. \"C\" D",
                                    "\U0001F468\u200D\U0001F469\u200D\U0001F467 family " SIXTY, SIXTY}[i % 5];
    struct str field = write_names(names, MAX_MAILBOXES, false);
    size_t commas = 0;
    while (field.len) {
        struct str line = str_first(field, str_index(field, '\r'));
        CHECK(line.len <= 78 && str_trim(line).len > 0);
        for (size_t i = 0; i < line.len; i++)
            commas += line.data[i] == ',';
        field = str_from(field, line.len + 2);
    }
    CHECK_INT(commas, MAX_MAILBOXES - 1);
}

int main(void)
{
    arena_init(&arena, ARENA_BYTES);
    buf_init(&out, OUT_BYTES);
    TEST(a_name_is_words_or_quoted_or_encoded);
    TEST(raw_utf8_is_not_encoded);
    TEST(lists_fold_at_their_commas);
    TEST(a_mailbox_longer_than_a_line_folds_within);
    TEST(long_lists_keep_every_line_short);
    buf_fini(&out);
    arena_fini(&arena);
    return test_result();
}
