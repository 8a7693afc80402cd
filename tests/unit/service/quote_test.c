#include "base/base64.h"
#include "service/relays/quote.h"
#include "test.h"

#include <string.h>

static struct message sample(void)
{
    static struct attachment attachments[] = {
        {.filename = {"salaries.xlsx", 13}, .content_base64 = {"QUJDREVGR0hJSktM", 16}}};
    static struct header_field headers[] = {{{"X-Case", 6}, {"case-number-4711", 16}}};
    return (struct message){.subject = STR("Quarterly figures"),
                            .text = STR("Your code is 123456.        \nBye\n--------"),
                            .html = STR("<p>Your code</p>"),
                            .calendar.content = STR("BEGIN:VCALENDAR"),
                            .list_unsubscribe.url = STR("https://example.com/u/t0ken"),
                            .attachments = attachments,
                            .attachment_count = 1,
                            .headers = headers,
                            .header_count = 1};
}

static struct str covered_of(struct arena *arena, struct str text, const struct message *message)
{
    quote_cover(arena, &text, 1, message);
    return text;
}

static void what_is_quoted_is_covered_and_nothing_else(void)
{
    static const struct {
        const char *name, *text, *covered;
    } rows[] = {
        {"nothing quoted", "2.0.0 Ok: queued as 4Xyz12AbCd", "2.0.0 Ok: queued as 4Xyz12AbCd"},
        {"the subject", "5.7.1 'Quarterly figures' is refused", "5.7.1 '*****************' is refused"},
        {"a part of it", "no arterly fi please", "no ********** please"},
        {"at the front", "figures", "figures"},
        {"at both ends", "Quarterly figures", "*****************"},
        {"seven octets stay", "code is", "code is"},
        {"eight do not", "code is 1", "*********"},
        {"the text", "it says 'Your code is 123456.'", "it says '********************'"},
        {"a header's value", "X-Case: case-number-4711", "X-Case: ****************"},
        {"a file's name", "banned: salaries.xlsx", "banned: *************"},
        {"an attachment", "banned: QUJDREVGR0hJSktM", "banned: ****************"},
        {"an attachment, decoded", "banned: ABCDEFGHIJKL", "banned: ************"},
        {"a part of it", "banned: xBCDEFGHIx", "banned: x********x"},
        {"a calendar", "BEGIN:VCALENDAR is refused", "*************** is refused"},
        {"a link", "https://example.com/u/t0ken is listed", "*************************** is listed"},
        {"runs of one octet are none", "a        b --------", "a        b --------"},
        {"other case is another word", "QUARTERLY FIGURES", "QUARTERLY FIGURES"},
        {"two", "Quarterly-figures, salaries.xlsx", "*********-figures, *************"},
        {"line ends stay", "a\nYour code is 123456.\nb", "a\n********************\nb"},
        {"empty", "", ""}};
    const struct message message = sample();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena;
        arena_init(&arena, QUOTE_ARENA_BYTES);
        test_row("%s", rows[i].name);
        CHECK_TEXT(covered_of(&arena, str_of(rows[i].text), &message), rows[i].covered);
        arena_fini(&arena);
    }
}

static void a_finished_message_is_looked_through(void)
{
    const struct message message = {
        .finished = {.header = STR("Subject: secret plan\r\n"), .body = STR("attack at dawn\r\n")}};
    struct arena arena;
    arena_init(&arena, QUOTE_ARENA_BYTES);
    CHECK_TEXT(covered_of(&arena, STR("secret plan, attack at dawn?"), &message),
               "***********, **************?");
    arena_fini(&arena);
}

static void absent_stays_absent_and_no_memory_shows_nothing(void)
{
    const struct message message = sample();
    struct arena arena;
    arena_init(&arena, 64);
    CHECK(!covered_of(&arena, (struct str){0}, &message).data);
    CHECK(!covered_of(&arena, STR("Quarterly figures"), &message).data);
    arena_fini(&arena);
}

static void a_whole_dialogue_fits(void)
{
    enum { DIALOGUE_BYTES = 65536 };
    static char text[DIALOGUE_BYTES], want[DIALOGUE_BYTES];
    const struct str subject = STR("Quarterly figures");
    uint32_t state = 1;
    for (size_t i = 0; i < sizeof text; i++) {
        state = state * 1664525 + 1013904223;
        text[i] = want[i] = (char)(0x80 + (state >> 24) % 0x80);
    }
    memcpy(text + sizeof text - subject.len, subject.data, subject.len);
    memset(want + sizeof text - subject.len, '*', subject.len);
    const struct message message = sample();
    struct arena arena;
    arena_init(&arena, QUOTE_ARENA_BYTES);
    struct str covered = covered_of(&arena, (struct str){text, sizeof text}, &message);
    CHECK(covered.len == sizeof want && memcmp(covered.data, want, sizeof want) == 0);
    arena_fini(&arena);
}

/* Of a text in which no run stands twice. */
static void check_run_at(const struct message *message, struct str content, size_t at)
{
    char text[] = "is '________' yours?", want[] = "is '********' yours?";
    struct arena arena;
    arena_init(&arena, QUOTE_ARENA_BYTES);
    memcpy(text + 4, content.data + at, QUOTE_RUN_BYTES);
    test_row("at %zu", at);
    CHECK_TEXT(covered_of(&arena, str_of(text), message), want);
    arena_fini(&arena);
}

static void a_run_is_found_wherever_it_stands(void)
{
    enum { COUNT = 1200 };
    struct buf content, base64;
    buf_init(&content, 1 << 16);
    buf_init(&base64, 1 << 16);
    for (unsigned i = 0; i < COUNT; i++)
        buf_append_format(&content, "%05u", i * 7919 % 100000);
    base64_encode(&base64, buf_view(&content));
    struct attachment attachment = {.content_base64 = buf_view(&base64)};
    struct message as_text = {.text = buf_view(&content)},
                   as_file = {.attachments = &attachment, .attachment_count = 1};
    for (size_t at = 0; at + QUOTE_RUN_BYTES <= content.len; at += at < 3000 || at > 3100 ? 13 : 1) {
        check_run_at(&as_text, buf_view(&content), at);
        check_run_at(&as_file, buf_view(&content), at);
    }
    check_run_at(&as_file, buf_view(&content), content.len - QUOTE_RUN_BYTES);
    check_run_at(&as_text, buf_view(&content), content.len - QUOTE_RUN_BYTES);
    buf_fini(&content);
    buf_fini(&base64);
}

static void what_is_said_at_once_is_covered_each_by_itself(void)
{
    const struct message message = sample();
    struct arena arena;
    arena_init(&arena, QUOTE_ARENA_BYTES);
    struct str texts[] = {
        STR("4711 salaries.xlsx"), {0}, STR("Quarter"), STR("Quarterly: salaries.xls"), STR("")};
    quote_cover(&arena, texts, sizeof texts / sizeof *texts, &message);
    CHECK_TEXT(texts[0], "4711 *************");
    CHECK(!texts[1].data);
    CHECK_TEXT(texts[2], "Quarter");
    CHECK_TEXT(texts[3], "*********: ************");
    CHECK_TEXT(texts[4], "");
    arena_fini(&arena);
    struct str more[] = {STR("4711"), STR("salaries.xlsx")};
    arena_init(&arena, 64);
    quote_cover(&arena, more, sizeof more / sizeof *more, &message);
    CHECK(!more[0].data && !more[1].data);
    arena_fini(&arena);
}

/* Wherever lines of base64 break, and however it is padded. */
static void an_attachment_is_looked_through_over_its_line_ends(void)
{
    enum { OCTETS = 2400, LINES = 3 };
    static const struct {
        size_t width;
        const char *end;
    } lines[LINES] = {{4, "\n"}, {12, " "}, {76, "\r\n"}};
    unsigned char octets[OCTETS];
    uint32_t state = 1;
    for (size_t i = 0; i < OCTETS; i++) {
        state = state * 1664525 + 1013904223;
        octets[i] = (unsigned char)(state >> 24 | 0x80);
    }
    for (size_t row = 0; row < LINES * 3; row++) {
        struct str content = {(const char *)octets, OCTETS - row / LINES};
        struct buf base64, broken;
        buf_init(&base64, 1 << 14);
        buf_init(&broken, 1 << 14);
        base64_encode(&base64, content);
        for (struct str rest = buf_view(&base64); rest.len; rest = str_from(rest, lines[row % LINES].width)) {
            buf_append(&broken, str_first(rest, lines[row % LINES].width));
            buf_append(&broken, str_of(lines[row % LINES].end));
        }
        struct attachment attachment = {.content_base64 = buf_view(&broken)};
        struct message message = {.attachments = &attachment, .attachment_count = 1};
        for (size_t at = row; at + QUOTE_RUN_BYTES <= content.len; at += 11)
            check_run_at(&message, content, at);
        for (size_t at = content.len - 3 * QUOTE_RUN_BYTES; at + QUOTE_RUN_BYTES <= content.len; at++)
            check_run_at(&message, content, at);
        buf_fini(&broken);
        buf_fini(&base64);
    }
}

int main(void)
{
    TEST(what_is_quoted_is_covered_and_nothing_else);
    TEST(a_finished_message_is_looked_through);
    TEST(absent_stays_absent_and_no_memory_shows_nothing);
    TEST(a_whole_dialogue_fits);
    TEST(a_run_is_found_wherever_it_stands);
    TEST(what_is_said_at_once_is_covered_each_by_itself);
    TEST(an_attachment_is_looked_through_over_its_line_ends);
    return test_result();
}
