#include "base/clock.h"
#include "base/fault.h"
#include "base/log.h"
#include "base/outcome.h"
#include "test.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

static void a_deadline_in_the_past_leaves_nothing_and_one_ahead_is_rounded_up(void)
{
    struct deadline past = deadline_after_ms(-5);
    CHECK(deadline_passed(past));
    CHECK_INT(deadline_left_ms(past), 0);
    struct deadline ahead = deadline_after_ms(60000);
    CHECK(!deadline_passed(ahead));
    CHECK(deadline_left_ms(ahead) > 50000 && deadline_left_ms(ahead) <= 60000);
    CHECK_INT(deadline_earlier(past, ahead).at_us, past.at_us);
    struct deadline soon = {clock_monotonic_us() + 300};
    CHECK(deadline_left_ms(soon) <= 1);
    CHECK_INT(deadline_left_ms((struct deadline){INT64_MAX}), INT32_MAX);
}

static void a_stamp_is_utc_with_milliseconds(void)
{
    char text[CLOCK_RFC3339_BYTES];
    clock_format_rfc3339(1732345678009, text);
    CHECK_TEXT(str_of(text), "2024-11-23T07:07:58.009Z");
}

static void every_fault_has_its_row(void)
{
    for (enum fault_code code = FAULT_NONE; code < FAULT_COUNT; code++) {
        const struct fault_kind *kind = fault_kind(code);
        test_row("%d", (int)code);
        CHECK(kind->name && kind->title && kind->http_status >= 200 && kind->http_status < 600);
        CHECK(kind->title[strlen(kind->title) - 1] != '.');
    }
}

static void what_is_blamed_on_the_relay_is_named_so(void)
{
    for (enum fault_code code = FAULT_NONE; code < FAULT_COUNT; code++) {
        test_row("%s", fault_kind(code)->name);
        CHECK_INT(fault_kind(code)->blame == BLAME_RELAY,
                  str_starts_with(str_of(fault_kind(code)->name), STR("upstream-")));
    }
}

static void an_unknown_outcome_is_never_to_be_tried_again(void)
{
    CHECK_INT(fault_kind(FAULT_OUTCOME_UNKNOWN)->retry_after_s, RETRY_NEVER);
    CHECK_INT(fault_kind(FAULT_OUTCOME_UNKNOWN_TIMEOUT)->retry_after_s, RETRY_NEVER);
}

static void a_503_and_a_429_always_say_when_to_try_again(void)
{
    for (enum fault_code code = FAULT_NONE; code < FAULT_COUNT; code++)
        if (fault_kind(code)->http_status == 503 || fault_kind(code)->http_status == 429) {
            test_row("%s", fault_kind(code)->name);
            CHECK(fault_kind(code)->retry_after_s > 0);
        }
}

static void a_detail_that_is_too_long_is_cut(void)
{
    struct fault fault;
    CHECK(!fault_set(&fault, FAULT_INTERNAL, "%1000d", 7));
    CHECK_INT(strlen(fault.detail), FAULT_DETAIL_BYTES - 1);
}

static void the_words_of_the_contract_stand(void)
{
    CHECK_TEXT(str_of(delivery_name(DELIVERY_NOT_SENT)), "not_sent");
    CHECK_TEXT(str_of(delivery_name(DELIVERY_SENT)), "sent");
    CHECK_TEXT(str_of(delivery_name(DELIVERY_PARTIAL)), "partial");
    CHECK_TEXT(str_of(delivery_name(DELIVERY_UNKNOWN)), "unknown");
    CHECK_TEXT(str_of(recipient_status_name(RECIPIENT_NOT_TRIED)), "not_tried");
    CHECK_TEXT(str_of(recipient_status_name(RECIPIENT_ACCEPTED)), "accepted");
    CHECK_TEXT(str_of(recipient_status_name(RECIPIENT_REJECTED)), "rejected");
    CHECK_TEXT(str_of(recipient_status_name(RECIPIENT_DEFERRED)), "deferred");
}

/* What the log writes, without the time in front. */
static struct str logged(enum log_format format, struct str value, char *line, size_t size)
{
    int ends[2];
    int saved = dup(STDERR_FILENO);
    if (pipe(ends) != 0)
        return (struct str){0};
    dup2(ends[1], STDERR_FILENO);
    log_configure(LOG_LEVEL_INFO, format);
    log_event(LOG_LEVEL_DEBUG, "unwanted", LOG_INT("n", 1));
    log_event(LOG_LEVEL_WARN, "hello", LOG_STR("value", value), LOG_INT("n", -7),
              LOG_STR("gone", ((struct str){0})));
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    ssize_t len = read(ends[0], line, size);
    close(ends[0]);
    close(saved);
    struct str whole = {line, len > 0 ? (size_t)len : 0};
    size_t level = 0;
    while (level < whole.len && !str_starts_with(str_from(whole, level), STR("level")))
        level++;
    return str_from(whole, level);
}

static void a_log_line_is_one_line_whatever_is_in_it(void)
{
    static const struct {
        enum log_format format;
        const char *value, *want;
    } rows[] = {
        {LOG_FORMAT_LOGFMT, "plain", "level=warn msg=hello value=plain n=-7\n"},
        {LOG_FORMAT_LOGFMT, "", "level=warn msg=hello value=\"\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "two words", "level=warn msg=hello value=\"two words\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "a=b", "level=warn msg=hello value=\"a=b\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "x\r\nlevel=error",
         "level=warn msg=hello value=\"x\\u000d\\u000alevel=error\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "\"\\", "level=warn msg=hello value=\"\\\"\\\\\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "a\\b", "level=warn msg=hello value=\"a\\\\b\" n=-7\n"},
        {LOG_FORMAT_LOGFMT, "\xff", "level=warn msg=hello value=\"\\ufffd\" n=-7\n"},
        {LOG_FORMAT_JSON, "plain", "level\":\"warn\",\"msg\":\"hello\",\"value\":\"plain\",\"n\":-7}\n"},
        {LOG_FORMAT_JSON, "a\"b", "level\":\"warn\",\"msg\":\"hello\",\"value\":\"a\\\"b\",\"n\":-7}\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char line[8192];
        test_row("%zu", i);
        CHECK_TEXT(logged(rows[i].format, str_of(rows[i].value), line, sizeof line), rows[i].want);
    }
}

static void a_value_that_is_too_long_is_cut_and_the_line_stays_whole(void)
{
    static char value[100000], line[200000];
    memset(value, 'x', sizeof value);
    struct str got = logged(LOG_FORMAT_JSON, (struct str){value, sizeof value}, line, sizeof line);
    CHECK(got.len > 1000 && got.len < 4096);
    CHECK_TEXT(str_from(got, got.len - 9), ",\"n\":-7}\n");
    got = logged(LOG_FORMAT_LOGFMT, (struct str){value, sizeof value}, line, sizeof line);
    CHECK(got.len > 1000 && got.len < 4096);
    CHECK_TEXT(str_from(got, got.len - 6), " n=-7\n");
}

/* PIPE_BUF is the most that is written at once. */
static void a_field_that_does_not_fit_is_left_out(void)
{
    static char value[900], line[8192];
    int ends[2], saved = dup(STDERR_FILENO);
    memset(value, 'x', sizeof value);
    struct str text = {value, sizeof value};
    CHECK(pipe(ends) == 0 && dup2(ends[1], STDERR_FILENO) >= 0);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_JSON);
    log_event(LOG_LEVEL_INFO, "long", LOG_STR("a", text), LOG_STR("b", text), LOG_STR("c", text),
              LOG_STR("d", text), LOG_STR("e", text), LOG_INT("n", 1));
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    ssize_t len = read(ends[0], line, sizeof line);
    CHECK(len > 3000 && len <= 4096 && memmem(line, (size_t)len, "\"d\":", 4));
    CHECK(!memmem(line, (size_t)len, "\"e\":", 4) && memmem(line, (size_t)len, ",\"n\":1}\n", 8));
    close(ends[0]);
    close(saved);
}

static void an_error_that_nobody_knows_has_words_too(void)
{
    CHECK_TEXT(str_of(fault_errno_text(ENOENT)), "No such file or directory");
    CHECK_TEXT(str_of(fault_errno_text(99999)), "unknown error");
}

static void a_reader_that_does_not_keep_up_holds_nothing_up(void)
{
    static char line[100000];
    int ends[2], saved = dup(STDERR_FILENO);
    CHECK(pipe(ends) == 0);
    dup2(ends[1], STDERR_FILENO);
    log_configure(LOG_LEVEL_INFO, LOG_FORMAT_LOGFMT);
    for (int i = 0; i < 5000; i++)
        log_event(LOG_LEVEL_INFO, "filling", LOG_INT("n", i));
    CHECK(read(ends[0], line, sizeof line) > 1000);
    log_event(LOG_LEVEL_INFO, "going on", LOG_INT("n", 1));
    dup2(saved, STDERR_FILENO);
    close(ends[1]);
    ssize_t len = read(ends[0], line, sizeof line);
    CHECK(len > 0 && memmem(line, (size_t)len, "msg=\"going on\" lines_dropped=", 29));
    close(ends[0]);
    close(saved);
}

int main(void)
{
    TEST(a_deadline_in_the_past_leaves_nothing_and_one_ahead_is_rounded_up);
    TEST(a_stamp_is_utc_with_milliseconds);
    TEST(every_fault_has_its_row);
    TEST(what_is_blamed_on_the_relay_is_named_so);
    TEST(an_unknown_outcome_is_never_to_be_tried_again);
    TEST(a_503_and_a_429_always_say_when_to_try_again);
    TEST(a_detail_that_is_too_long_is_cut);
    TEST(the_words_of_the_contract_stand);
    TEST(a_log_line_is_one_line_whatever_is_in_it);
    TEST(a_reader_that_does_not_keep_up_holds_nothing_up);
    TEST(a_value_that_is_too_long_is_cut_and_the_line_stays_whole);
    TEST(a_field_that_does_not_fit_is_left_out);
    TEST(an_error_that_nobody_knows_has_words_too);
    return test_result();
}
