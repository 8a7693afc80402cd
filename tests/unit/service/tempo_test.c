/* The time is the test's: no clock is asked. */
#include "service/relays/tempo.h"
#include "test.h"

enum { NOW_US = 50000000 };

static void the_busy_suffice_where_they_take_it_within_the_time(void)
{
    const struct {
        const char *name;
        struct tempo tempo;
        struct tempo_load load;
        bool suffices;
    } rows[] = {
        {"a quick one does for one", {300, NOW_US, 0}, {1, 1, NOW_US}, true},
        {"a quick one does for six", {300, NOW_US, 0}, {1, 6, NOW_US}, true},
        {"but not for seven", {300, NOW_US, 0}, {1, 7, NOW_US}, false},
        {"two do for seven", {300, NOW_US, 0}, {2, 7, NOW_US}, true},
        {"a relay that takes its time", {20000, NOW_US, 0}, {1, 1, NOW_US}, false},
        {"even sixteen with it", {20000, NOW_US, 0}, {16, 2, NOW_US}, false},
        {"nobody is busy", {300, NOW_US, 0}, {0, 1, NOW_US}, false},
        {"they have come to a halt", {300, NOW_US - 2000, 0}, {1, 1, NOW_US}, false},
        {"nothing was finished yet", {0, 0, 0}, {1, 1, NOW_US}, false},
        {"one has waited for long enough", {300, NOW_US, 0}, {1, 1, NOW_US - 2000}, false},
        {"one has waited for a while", {300, NOW_US - 1999, 0}, {1, 1, NOW_US - 1999}, true},
        {"one more has just joined them", {300, NOW_US - 2000, NOW_US}, {1, 1, NOW_US - 2000}, true},
        {"and has not moved them", {300, NOW_US - 4000, NOW_US - 2000}, {1, 1, NOW_US - 4000}, false},
        {"one more does not do, however new", {300, NOW_US, NOW_US}, {1, 7, NOW_US}, false},
        {"that they were quick was long ago", {300, NOW_US - 100000, NOW_US}, {1, 1, NOW_US}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        CHECK(tempo_suffices(&rows[i].tempo, &rows[i].load, 2000, NOW_US) == rows[i].suffices);
    }
}

static void one_that_took_very_long_is_forgotten_within_some_messages(void)
{
    struct tempo tempo = {0};
    for (int i = 0; i < 100; i++)
        tempo_learn(&tempo, 400, NOW_US);
    CHECK(tempo.message_us > 350 && tempo.message_us <= 400);
    tempo_learn(&tempo, INT64_C(300000000), NOW_US + 1);
    CHECK(tempo.message_us > 5000 && tempo.message_us < 7000);
    CHECK_INT(tempo.finished_us, NOW_US + 1);
    for (int i = 0; i < 15; i++)
        tempo_learn(&tempo, 400, NOW_US);
    CHECK(tempo.message_us < 800);
}

static void what_one_in_four_had_to_wait_for_counts_little(void)
{
    struct tempo tempo = {.message_us = 200};
    for (int i = 0; i < 100; i++)
        tempo_learn(&tempo, i % 4 ? 200 : 2000, NOW_US);
    CHECK(tempo.message_us < 400);
    for (int i = 0; i < 100; i++)
        tempo_learn(&tempo, 2000, NOW_US);
    CHECK(tempo.message_us > 1900);
}

int main(void)
{
    TEST(the_busy_suffice_where_they_take_it_within_the_time);
    TEST(one_that_took_very_long_is_forgotten_within_some_messages);
    TEST(what_one_in_four_had_to_wait_for_counts_little);
    return test_result();
}
