/* LIMITS (RFC 9422): what a transaction, and what a session, may hold. */
#include "smtp/limits.h"
#include "test.h"

static const struct str recipients[] = {STR("a@one.example"), STR("b@ONE.example"),
                                        STR("\"x@three.example\"@two.example")};

static struct smtp_envelope envelope_of(size_t count, enum partial_policy partial)
{
    return (struct smtp_envelope){.recipients = recipients, .recipient_count = count, .partial = partial};
}

static void a_mail_goes_in_parts_only_where_each_may_fare_for_himself(void)
{
    static const struct {
        uint64_t max_recipients;
        size_t count;
        enum partial_policy partial;
        size_t part;
        bool allowed;
    } rows[] = {
        {0, 3, PARTIAL_ABORT, 3, true},
        {3, 3, PARTIAL_ABORT, 3, true},
        {2, 3, PARTIAL_ABORT, 3, false},
        {2, 3, PARTIAL_DELIVER, 2, true},
        {1, 3, PARTIAL_DELIVER, 1, true},
        {1, 1, PARTIAL_ABORT, 1, true},
        {UINT64_MAX, 3, PARTIAL_DELIVER, 3, true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%zu", i);
        struct smtp_tally tally;
        smtp_tally_init(&tally);
        struct smtp_capabilities offered = {.max_recipients = rows[i].max_recipients};
        struct smtp_envelope envelope = envelope_of(rows[i].count, rows[i].partial);
        CHECK_INT(smtp_limits_part(&offered, &envelope), rows[i].part);
        CHECK_INT(smtp_limits_allow(&tally, &offered, &envelope), rows[i].allowed);
        smtp_tally_fini(&tally);
    }
}

static void mails_are_counted_by_their_transactions(void)
{
    struct smtp_tally tally;
    smtp_tally_init(&tally);
    struct smtp_capabilities offered = {.max_recipients = 1, .max_mails = 3};
    struct smtp_envelope one = envelope_of(1, PARTIAL_ABORT), three = envelope_of(3, PARTIAL_DELIVER);
    CHECK(smtp_limits_allow(&tally, &offered, &three));
    smtp_limits_count(&tally, &offered, &one);
    CHECK(!smtp_limits_allow(&tally, &offered, &three));
    CHECK(smtp_limits_allow(&tally, &offered, &one));
    smtp_limits_count(&tally, &offered, &one);
    CHECK(smtp_limits_have_room(&tally, &offered));
    smtp_limits_count(&tally, &offered, &one);
    CHECK(!smtp_limits_have_room(&tally, &offered));
    CHECK(!smtp_limits_allow(&tally, &offered, &one));
    smtp_tally_fini(&tally);
}

static void domains_are_counted_without_case_and_over_the_session(void)
{
    struct smtp_tally tally;
    smtp_tally_init(&tally);
    struct smtp_capabilities one = {.max_domains = 1}, two = {.max_domains = 2};
    struct smtp_envelope same = envelope_of(2, PARTIAL_ABORT), both = envelope_of(3, PARTIAL_ABORT);
    CHECK(smtp_limits_allow(&tally, &one, &same));
    CHECK(!smtp_limits_allow(&tally, &one, &both));
    CHECK(smtp_limits_allow(&tally, &two, &both));
    smtp_limits_count(&tally, &one, &same);
    CHECK(smtp_limits_allow(&tally, &one, &same));
    struct smtp_envelope other = {.recipients = recipients + 2, .recipient_count = 1};
    CHECK(!smtp_limits_allow(&tally, &one, &other));
    CHECK(smtp_limits_allow(&tally, &two, &other));
    CHECK_STR(buf_view(&tally.domains), STR("one.example "));
    smtp_tally_fini(&tally);
}

int main(void)
{
    TEST(a_mail_goes_in_parts_only_where_each_may_fare_for_himself);
    TEST(mails_are_counted_by_their_transactions);
    TEST(domains_are_counted_without_case_and_over_the_session);
    return test_result();
}
