#include "service/relays/queue.h"
#include "test.h"

static void jobs_come_out_in_order_and_those_ahead_first(void)
{
    static const struct {
        const char *puts; /* a letter a job, in capitals those that are put ahead; "-" takes one */
        const char *want;
    } rows[] = {{"abc---", "abc"}, {"abC---", "cab"}, {"aB-c--", "bac"}, {"A-b-", "ab"},
                {"aBC---", "cba"}, {"a-B-c-", "abc"}, {"ABc---", "bac"}, {"-a-", "a"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct queue queue;
        struct job jobs[26] = {0};
        char got[32] = "";
        size_t len = 0;
        queue_init(&queue);
        test_row("%s", rows[i].puts);
        for (const char *c = rows[i].puts; *c; c++) {
            struct job *taken = *c == '-' ? queue_take(&queue) : NULL;
            if (taken)
                got[len++] = (char)('a' + (taken - jobs));
            else if (*c >= 'a')
                queue_put(&queue, &jobs[*c - 'a'], JOB_BEHIND);
            else if (*c >= 'A')
                queue_put(&queue, &jobs[*c - 'A'], JOB_AHEAD);
        }
        CHECK_TEXT(str_of(got), rows[i].want);
        CHECK_INT(queue.count, 0);
        CHECK(!queue.first && queue.last == &queue.first);
    }
}

/* Only the first is looked at for its deadline. */
static void what_goes_ahead_keeps_the_order_of_the_deadlines(void)
{
    static const int64_t deadlines[] = {300, 100, 200, 200, 400};
    static const size_t want[] = {1, 3, 2, 0, 4};
    enum { COUNT = sizeof want / sizeof want[0] };
    struct submission submissions[COUNT];
    struct job jobs[COUNT] = {0};
    struct queue queue;
    queue_init(&queue);
    for (size_t i = 0; i < COUNT; i++) {
        submissions[i].deadline.at_us = deadlines[i];
        jobs[i].submission = &submissions[i];
        queue_put(&queue, &jobs[i], JOB_AHEAD);
    }
    for (size_t i = 0; i < COUNT; i++)
        CHECK(queue_take(&queue) == &jobs[want[i]]);
    CHECK(!queue.first && queue.last == &queue.first);
}

static void a_job_expires_at_its_deadline_and_a_probe_after_a_while(void)
{
    struct submission submission = {.deadline = {1000}};
    struct job message = {.submission = &submission}, probe = {.queued_at_us = 500};
    CHECK(!job_has_expired(&message, 999));
    CHECK(job_has_expired(&message, 1000));
    CHECK(!job_has_expired(&probe, 1000));
    CHECK(job_has_expired(&probe, 500 + 10000000));
}

int main(void)
{
    TEST(jobs_come_out_in_order_and_those_ahead_first);
    TEST(what_goes_ahead_keeps_the_order_of_the_deadlines);
    TEST(a_job_expires_at_its_deadline_and_a_probe_after_a_while);
    return test_result();
}
