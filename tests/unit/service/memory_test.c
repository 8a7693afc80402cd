#include "service/process/memory.h"
#include "test.h"

static const int64_t second_us = 1000000;

static void code_is_forgotten_in_a_rest_after_work(void)
{
    struct memory memory = {0};
    static const struct {
        const char *when;
        int64_t at_s, cpu_ms, faults;
        bool rests;
    } rows[] = {
        {"the start is over, long after the machine's", 5000, 40, 3000, true},
        {"it is too early for another look", 5009, 40, 3500, false},
        {"nothing came back", 5010, 41, 3020, false},
        {"a message now and then brought code back", 5020, 50, 3200, true},
        {"much work", 5030, 5000, 9000, false},
        {"and more", 5040, 10000, 9500, false},
        {"the end of it: half of the time was work", 5050, 15000, 9500, false},
        {"rest", 5060, 15001, 9500, true},
        {"rest goes on", 5070, 15001, 9510, false},
    };
    int64_t forgotten = 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct memory_use use = {rows[i].at_s * second_us, rows[i].cpu_ms * 1000, rows[i].faults};
        test_row("%s", rows[i].when);
        memory.faults_at_rest = forgotten;
        CHECK_INT(memory_may_rest(&memory, &use), rows[i].rests);
        if (rows[i].rests)
            forgotten = rows[i].faults;
    }
}

/* Forgotten code comes back when it is called; what can be written stays as it is. */
static void a_rest_changes_nothing_but_what_is_resident(void)
{
    static int variable = 1;
    static int table[4096] = {1, 2, 3};
    struct memory memory = {0};
    variable = 2;
    table[4095] = 7;
    memory_rest(&memory);
    CHECK_INT(variable, 2);
    CHECK_INT(table[4095], 7);
    CHECK_INT(table[2], 3);
    CHECK(memory.since.at_us > 0);
}

int main(void)
{
    TEST(code_is_forgotten_in_a_rest_after_work);
    TEST(a_rest_changes_nothing_but_what_is_resident);
    return test_result();
}
