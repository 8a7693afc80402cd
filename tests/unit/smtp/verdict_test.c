/* What the recipients of a mail are told, and the mail by them. */
#include "smtp/verdict.h"
#include "test.h"

#include <string.h>

enum { MAX_RECIPIENTS = 4 };

/* a: accepted by 250, r: rejected by 550, d: deferred by 450, n: not tried. */
static size_t read_statuses(struct outcome_recipient *recipients, const char *letters)
{
    static const char all[] = "nard";
    static const int codes[] = {0, 250, 550, 450};
    size_t count = strlen(letters);
    for (size_t i = 0; i < count; i++) {
        size_t status = (size_t)(strchr(all, letters[i]) - all);
        recipients[i] =
            (struct outcome_recipient){.status = (enum recipient_status)status, .reply.code = codes[status]};
    }
    return count;
}

static void check_statuses(const struct outcome *outcome, const char *letters)
{
    for (size_t i = 0; i < outcome->recipient_count; i++)
        CHECK("nard"[outcome->recipients[i].status] == letters[i]);
}

static void a_refusal_is_told_by_the_first_that_decided_it(void)
{
    static const struct {
        const char *statuses;
        enum fault_code code;
        int reply; /* 0: none of theirs */
        const char *says;
    } rows[] = {
        {"adr", FAULT_RECIPIENTS_REJECTED, 550, "2 of 3 recipients were refused, and nobody"},
        {"adr", FAULT_RECIPIENTS_DEFERRED, 450, "2 of 3 recipients were refused, and nobody"},
        {"ar", FAULT_RECIPIENTS_PARTLY_REJECTED, 550, "1 of 2 recipients were refused, and the others"},
        {"ad", FAULT_RECIPIENTS_PARTLY_DEFERRED, 450, "1 of 2 recipients were refused, and the others"},
        {"nn", FAULT_RECIPIENTS_DEFERRED, 0, "0 of 2 recipients were refused, and nobody"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome_recipient recipients[MAX_RECIPIENTS];
        struct outcome outcome = {.recipients = recipients};
        test_row("%s, %d", rows[i].statuses, (int)rows[i].code);
        outcome.recipient_count = read_statuses(recipients, rows[i].statuses);
        CHECK(!smtp_verdict_refuse(&outcome, rows[i].code));
        CHECK_INT(outcome.fault.code, rows[i].code);
        CHECK_INT(outcome.reply.code, rows[i].reply);
        CHECK(strstr(outcome.fault.detail, rows[i].says));
    }
}

/* The message was refused behind their verdicts, by this reply or by none. */
static void who_had_been_accepted_was_not_after_all(void)
{
    static const struct {
        const char *before;
        int code;
        const char *behind;
    } rows[] = {{"aadr", 550, "rrdr"}, {"aadr", 451, "dddr"}, {"aadr", 0, "nndr"}, {"aadr", 354, "nndr"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome_recipient recipients[MAX_RECIPIENTS];
        struct outcome outcome = {.recipients = recipients, .reply.code = rows[i].code};
        test_row("%s, %d", rows[i].before, rows[i].code);
        outcome.recipient_count = read_statuses(recipients, rows[i].before);
        smtp_verdict_take_back(&outcome, 0, outcome.recipient_count);
        check_statuses(&outcome, rows[i].behind);
        CHECK_INT(recipients[0].reply.code, rows[i].code);
        CHECK_INT(recipients[3].reply.code, 550);
    }
}

/* Each part of a mail for itself. */
static void another_part_s_verdicts_stand(void)
{
    struct outcome_recipient recipients[MAX_RECIPIENTS];
    struct outcome outcome = {.recipients = recipients, .reply.code = 550};
    outcome.recipient_count = read_statuses(recipients, "aaaa");
    CHECK(smtp_verdict_all_accepted(&outcome));
    smtp_verdict_take_back(&outcome, 1, 2);
    check_statuses(&outcome, "arra");
    CHECK(!smtp_verdict_all_accepted(&outcome));
}

int main(void)
{
    TEST(a_refusal_is_told_by_the_first_that_decided_it);
    TEST(who_had_been_accepted_was_not_after_all);
    TEST(another_part_s_verdicts_stand);
    return test_result();
}
