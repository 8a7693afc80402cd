#include "smtp/trouble.h"
#include "test.h"

#include <string.h>

/* The rows of the fault matrix by number are in faults_test.c; here stands what holds for all of them. */

static void only_the_end_of_data_leaves_the_outcome_unknown(void)
{
    for (int step = 0; step < SMTP_STEP_COUNT; step++)
        for (int status = SMTP_STATUS_OK + 1; status < SMTP_STATUS_COUNT; status++) {
            test_row("step %d, status %d", step, status);
            enum fault_code code = smtp_trouble_of_status((enum smtp_step)step, (enum smtp_status)status);
            CHECK_INT(smtp_trouble_delivery(code),
                      step == SMTP_STEP_DOT ? DELIVERY_UNKNOWN : DELIVERY_NOT_SENT);
            CHECK(code != FAULT_NONE);
            CHECK(smtp_trouble_status_name((enum smtp_status)status)[0]);
        }
}

static void behind_the_end_of_data_the_first_digit_decides(void)
{
    for (int code = 200; code < 600; code++) {
        test_row("%d", code);
        enum fault_code fault = smtp_trouble_of_reply(SMTP_STEP_DOT, code, (struct str){0});
        CHECK_INT(fault == FAULT_NONE, code < 300);
        CHECK_INT(smtp_trouble_delivery(fault),
                  code >= 300 && code < 400 ? DELIVERY_UNKNOWN : DELIVERY_NOT_SENT);
    }
}

static void every_reply_at_every_step_has_an_answer(void)
{
    for (int step = 0; step < SMTP_STEP_COUNT; step++)
        for (int code = 200; code < 600; code++) {
            test_row("step %d, %d", step, code);
            enum fault_code fault = smtp_trouble_of_reply((enum smtp_step)step, code, (struct str){0});
            const struct fault_kind *kind = fault_kind(fault);
            if (code >= 400 && code < 500 && step != SMTP_STEP_RSET && step != SMTP_STEP_TLS && code != 432)
                CHECK(kind->retry_after_s != RETRY_NEVER);
            if (code >= 500 && code != 552)
                CHECK(kind->retry_after_s == RETRY_NEVER);
            CHECK(smtp_trouble_step_name((enum smtp_step)step)[0]);
        }
}

static void recipients_decide_together(void)
{
    static const struct {
        const char *statuses; /* a, r, d */
        enum fault_code abort, deliver;
    } rows[] = {
        {"a", FAULT_NONE, FAULT_NONE},
        {"aaa", FAULT_NONE, FAULT_NONE},
        {"rrr", FAULT_RECIPIENTS_REJECTED, FAULT_RECIPIENTS_REJECTED},
        {"ddd", FAULT_RECIPIENTS_DEFERRED, FAULT_RECIPIENTS_DEFERRED},
        {"drd", FAULT_RECIPIENTS_REJECTED, FAULT_RECIPIENTS_REJECTED},
        {"ara", FAULT_RECIPIENTS_REJECTED, FAULT_NONE},
        {"ada", FAULT_RECIPIENTS_DEFERRED, FAULT_NONE},
        {"adr", FAULT_RECIPIENTS_REJECTED, FAULT_NONE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct outcome_recipient recipients[4] = {0};
        size_t count = strlen(rows[i].statuses);
        test_row("%s", rows[i].statuses);
        for (size_t n = 0; n < count; n++)
            recipients[n].status = rows[i].statuses[n] == 'a'   ? RECIPIENT_ACCEPTED
                                   : rows[i].statuses[n] == 'r' ? RECIPIENT_REJECTED
                                                                : RECIPIENT_DEFERRED;
        CHECK_INT(smtp_trouble_of_recipients(recipients, count, PARTIAL_ABORT), rows[i].abort);
        CHECK_INT(smtp_trouble_of_recipients(recipients, count, PARTIAL_DELIVER), rows[i].deliver);
    }
}

static void a_verdict_on_a_recipient_follows_its_reply(void)
{
    static const struct {
        int code;
        enum recipient_status status;
    } rows[] = {
        {250, RECIPIENT_ACCEPTED},  {251, RECIPIENT_ACCEPTED},  {252, RECIPIENT_ACCEPTED},
        {421, RECIPIENT_NOT_TRIED}, {450, RECIPIENT_DEFERRED},  {452, RECIPIENT_DEFERRED},
        {550, RECIPIENT_REJECTED},  {551, RECIPIENT_REJECTED},  {552, RECIPIENT_DEFERRED},
        {354, RECIPIENT_NOT_TRIED}, {221, RECIPIENT_NOT_TRIED},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%d", rows[i].code);
        enum fault_code fault = smtp_trouble_of_reply(SMTP_STEP_RCPT, rows[i].code, (struct str){0});
        CHECK_INT(smtp_trouble_of_recipient(fault), rows[i].status);
    }
}

/* RFC 5321 3.2: what a relay says that knows no EHLO; any other refusal is meant. */
static void only_who_does_not_know_ehlo_is_told_helo(void)
{
    for (int code = 200; code < 600; code++) {
        test_row("%d", code);
        bool does_not_know = code == 550 || code == 504 || (code >= 500 && code <= 502);
        CHECK_INT(smtp_trouble_allows_helo(code), does_not_know);
    }
}

int main(void)
{
    TEST(only_the_end_of_data_leaves_the_outcome_unknown);
    TEST(behind_the_end_of_data_the_first_digit_decides);
    TEST(every_reply_at_every_step_has_an_answer);
    TEST(recipients_decide_together);
    TEST(a_verdict_on_a_recipient_follows_its_reply);
    TEST(only_who_does_not_know_ehlo_is_told_helo);
    return test_result();
}
