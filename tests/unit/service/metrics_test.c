#include "service/watch/exposition.h"
#include "service/watch/metrics.h"
#include "test.h"

#include <pthread.h>
#include <string.h>

enum { PAGE_BYTES = 1 << 20 };

static struct metrics *one_relay(const char *host)
{
    struct relay_list relays = {.items = {{.host = str_of(host)}}, .count = 1};
    return metrics_new(&relays);
}

static bool page_has(const struct metrics *metrics, const char *line)
{
    struct buf page;
    buf_init(&page, PAGE_BYTES);
    metrics_append(&page, metrics);
    bool has = !page.failed && memmem(page.data, page.len, line, strlen(line));
    buf_fini(&page);
    return has;
}

static void a_time_falls_into_the_first_bucket_that_holds_it(void)
{
    static const struct {
        int64_t us;
        size_t bucket;
    } rows[] = {{0, 0},          {1, 0},          {1000, 0},       {1001, 1},     {2500, 1},
                {2501, 2},       {999999, 9},     {1000000, 9},    {1000001, 10}, {119999999, 15},
                {120000000, 15}, {120000001, 16}, {INT64_MAX, 16}, {-5, 0}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct histogram histogram = {0};
        test_row("%" PRId64 " us", rows[i].us);
        histogram_count(&histogram, rows[i].us);
        for (size_t bucket = 0; bucket <= HISTOGRAM_BOUNDS; bucket++)
            CHECK_INT(atomic_load(&histogram.buckets[bucket]), bucket == rows[i].bucket);
        CHECK_INT(atomic_load(&histogram.sum_us), rows[i].us > 0 ? rows[i].us : 0);
    }
}

static void a_histogram_is_told_as_running_sums_in_seconds(void)
{
    struct histogram histogram = {0};
    struct buf out;
    buf_init(&out, PAGE_BYTES);
    histogram_count(&histogram, 500);
    histogram_count(&histogram, 1500);
    histogram_count(&histogram, 130000000);
    histogram_append(&out, "x_seconds", "a=\"b\"", &histogram);
    struct str text = buf_view(&out);
    CHECK_TEXT(str_cut(&text, '\n'), "x_seconds_bucket{a=\"b\",le=\"0.001\"} 1");
    CHECK_TEXT(str_cut(&text, '\n'), "x_seconds_bucket{a=\"b\",le=\"0.0025\"} 2");
    for (size_t i = 2; i < HISTOGRAM_BOUNDS; i++)
        str_cut(&text, '\n');
    CHECK_TEXT(str_cut(&text, '\n'), "x_seconds_bucket{a=\"b\",le=\"+Inf\"} 3");
    CHECK_TEXT(str_cut(&text, '\n'), "x_seconds_sum{a=\"b\"} 130.002000");
    CHECK_TEXT(str_cut(&text, '\n'), "x_seconds_count{a=\"b\"} 3");
    buf_fini(&out);
}

static void a_label_ends_neither_its_value_nor_the_line(void)
{
    static const struct {
        const char *host, *line;
    } rows[] = {
        {"smtp.example.com", "{relay=\"smtp.example.com\",place=\"0\"} 0\n"},
        {"/run/a\"b\\c\nd", "{relay=\"/run/a\\\"b\\\\c\\nd\",place=\"0\"} 0\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct metrics *metrics = one_relay(rows[i].host);
        test_row("%zu", i);
        CHECK(metrics && page_has(metrics, rows[i].line));
        metrics_free(&metrics);
    }
    char host[2000];
    memset(host, '"', sizeof host - 1);
    host[sizeof host - 1] = '\0';
    struct metrics *metrics = one_relay(host);
    test_row("one that does not fit");
    CHECK(page_has(metrics, "{relay=\"\",place=\"0\"} 0\n"));
    metrics_free(&metrics);
}

static void answers_that_look_alike_are_one_series(void)
{
    struct metrics *metrics = one_relay("relay");
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++)
        metrics_count_response(metrics, fault_kind(code)->http_status, fault_kind(code)->name);
    metrics_count_response(metrics, 200, NULL);
    metrics_count_response(metrics, 299, "no such code");
    unsigned alike = 0;
    for (enum fault_code code = FAULT_NONE + 1; code < FAULT_COUNT; code++)
        alike += fault_kind(code)->http_status == 502 &&
                 strcmp(fault_kind(code)->name, "upstream-unreachable") == 0;
    char line[128];
    snprintf(line, sizeof line, "{status=\"502\",code=\"upstream-unreachable\"} %u\n", alike);
    CHECK(alike > 1);
    CHECK(page_has(metrics, line));
    CHECK(page_has(metrics, "{status=\"2xx\",code=\"\"} 1\n"));
    metrics_free(&metrics);
}

static void a_session_counts_its_version_or_its_problem_and_what_was_done(void)
{
    struct metrics *metrics = one_relay("relay");
    struct outcome outcome = {.tls = STR("TLSv1.3")};
    outcome.timing.phases[PHASE_CONNECT] = (struct outcome_spell){1, 2001, 2000};
    relay_metrics_count_session(&metrics->relays[0], &outcome);
    outcome.tls = (struct str){0};
    relay_metrics_count_session(&metrics->relays[0], &outcome);
    outcome.tls = STR("TLSv9");
    relay_metrics_count_session(&metrics->relays[0], &outcome);
    outcome.fault.code = FAULT_OVERLOADED;
    relay_metrics_count_session(&metrics->relays[0], &outcome);
    CHECK(page_has(metrics, "opened_total{tls=\"none\",relay=\"relay\",place=\"0\"} 1\n"));
    CHECK(page_has(metrics, "opened_total{tls=\"TLSv1.2\",relay=\"relay\",place=\"0\"} 0\n"));
    CHECK(page_has(metrics, "opened_total{tls=\"TLSv1.3\",relay=\"relay\",place=\"0\"} 1\n"));
    CHECK(page_has(metrics, "opened_total{tls=\"other\",relay=\"relay\",place=\"0\"} 1\n"));
    CHECK(page_has(metrics,
                   "failed_total{status=\"503\",code=\"overloaded\",relay=\"relay\",place=\"0\"} 1\n"));
    CHECK(page_has(metrics, "_seconds_count{phase=\"connect\",relay=\"relay\",place=\"0\"} 4\n"));
    CHECK(page_has(metrics, "_seconds_count{phase=\"tls\",relay=\"relay\",place=\"0\"} 0\n"));
    metrics_free(&metrics);
}

static void beyond_a_hundred_keys_are_counted_together(void)
{
    struct metrics *metrics = one_relay("relay");
    struct outcome outcome = {.delivery = DELIVERY_SENT};
    char name[16];
    for (unsigned round = 0; round < 2; round++)
        for (unsigned i = 0; i < KEY_COUNTS_NAMES + 7; i++) {
            snprintf(name, sizeof name, "key%u", i);
            metrics_count_message(metrics, 0, str_of(name), &outcome, 1);
        }
    metrics_count_message(metrics, 0, (struct str){0}, &outcome, 1);
    CHECK(page_has(metrics, "{key=\"key0\",delivery=\"sent\"} 2\n"));
    CHECK(page_has(metrics, "{key=\"key99\",delivery=\"sent\"} 2\n"));
    CHECK(!page_has(metrics, "key100"));
    CHECK(page_has(metrics, "{key=\"(other)\",delivery=\"sent\"} 14\n"));
    metrics_free(&metrics);
}

enum { THREADS = 8, ROUNDS = 20000 };

static unsigned rounds(void)
{
    return (unsigned)(ROUNDS / test_stride() / 2 * 2);
}

static void *count_many(void *argument)
{
    struct metrics *metrics = argument;
    struct outcome_recipient recipients[2] = {{.status = RECIPIENT_ACCEPTED}, {.status = RECIPIENT_REJECTED}};
    struct outcome outcome = {.delivery = DELIVERY_PARTIAL, .recipients = recipients, .recipient_count = 2};
    outcome.timing.phases[PHASE_DATA] = (struct outcome_spell){1, 1000001, 1000000};
    for (unsigned i = 0; i < rounds(); i++)
        metrics_count_message(metrics, 0, i % 2 ? STR("odd") : STR("even"), &outcome, 1000);
    return NULL;
}

static void check_line(const struct metrics *metrics, const char *series, unsigned count, const char *end)
{
    char line[128];
    snprintf(line, sizeof line, "%s %u%s\n", series, count, end);
    test_row("%s", line);
    CHECK(page_has(metrics, line));
}

static void many_threads_lose_no_count_while_the_page_is_read(void)
{
    struct metrics *metrics = one_relay("relay");
    pthread_t threads[THREADS];
    unsigned all = THREADS * rounds();
    for (size_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, count_many, metrics) == 0);
    for (size_t i = 0; i < 10; i++)
        CHECK(page_has(metrics, "postern_messages_total"));
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    check_line(metrics, "messages_total{delivery=\"partial\",relay=\"relay\",place=\"0\"}", all, "");
    check_line(metrics, "recipients_total{status=\"rejected\",relay=\"relay\",place=\"0\"}", all, "");
    check_line(metrics, "{key=\"odd\",delivery=\"partial\"}", all / 2, "");
    check_line(metrics, "_seconds_count{phase=\"data\",relay=\"relay\",place=\"0\"}", all, "");
    check_line(metrics, "_seconds_sum{phase=\"data\",relay=\"relay\",place=\"0\"}", all, ".000000");
    metrics_free(&metrics);
}

int main(void)
{
    TEST(a_time_falls_into_the_first_bucket_that_holds_it);
    TEST(a_histogram_is_told_as_running_sums_in_seconds);
    TEST(a_label_ends_neither_its_value_nor_the_line);
    TEST(answers_that_look_alike_are_one_series);
    TEST(a_session_counts_its_version_or_its_problem_and_what_was_done);
    TEST(beyond_a_hundred_keys_are_counted_together);
    TEST(many_threads_lose_no_count_while_the_page_is_read);
    return test_result();
}
