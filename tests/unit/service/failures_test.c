#include "service/access/failures.h"
#include "test.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

static const int64_t SECOND = 1000000000;
static struct failures failures;

static union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
} peer;

static const struct sockaddr *address(const char *text)
{
    peer.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    if (inet_pton(AF_INET6, text, &peer.v6.sin6_addr) == 1)
        return &peer.any;
    peer.v4 = (struct sockaddr_in){.sin_family = AF_INET};
    if (inet_pton(AF_INET, text, &peer.v4.sin_addr) == 1)
        return &peer.any;
    peer.un = (struct sockaddr_un){.sun_family = AF_UNIX};
    return &peer.any;
}

static void fail_times(const char *text, int times, int64_t now)
{
    for (int i = 0; i < times; i++)
        failures_note(&failures, address(text), now);
}

static void after_a_hundred_at_once_an_address_has_to_wait(void)
{
    failures = (struct failures){0};
    int64_t now = 1000 * SECOND;
    for (int i = 0; i < FAILURES_AT_ONCE; i++)
        CHECK_INT(failures_note(&failures, address("192.0.2.1"), now), 0);
    CHECK_INT(failures_note(&failures, address("192.0.2.1"), now), 6 * SECOND);
    CHECK_INT(failures_note(&failures, address("192.0.2.1"), now + 5 * SECOND), SECOND);
    CHECK_INT(failures_note(&failures, address("192.0.2.1"), now + 6 * SECOND), 0);
    CHECK_INT(failures_note(&failures, address("192.0.2.1"), now + 6 * SECOND), 6 * SECOND);
    CHECK_INT(failures_note(&failures, address("192.0.2.2"), now), 0);
    CHECK_INT(failures_note(&failures, address("192.0.2.1"), now + 3600 * SECOND), 0);
}

static void these_are_one_address_or_are_not(void)
{
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {{"192.0.2.1", "::ffff:192.0.2.1", true},
                {"192.0.2.1", "192.0.2.3", false},
                {"::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
                {"2001:db8:0:1::1", "2001:db8:0:1:ffff::2", true},
                {"2001:db8:0:1::1", "2001:db8:0:2::1", false},
                {"unix", "unix", true},
                {"unix", "0.0.0.0", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        failures = (struct failures){0};
        test_row("%s %s", rows[i].one, rows[i].other);
        fail_times(rows[i].one, FAILURES_AT_ONCE, SECOND);
        CHECK_INT(failures_note(&failures, address(rows[i].other), SECOND) > 0, rows[i].same);
    }
}

/* Room is made where there is the least to remember, so that a crowd of strangers does not wipe out the one who
 * tries most. */
static void the_table_forgets_who_failed_least(void)
{
    failures = (struct failures){0};
    fail_times("192.0.2.1", FAILURES_AT_ONCE, SECOND);
    for (int i = 0; i < 10 * FAILURES_MAX_ADDRESSES; i++) {
        char text[32];
        snprintf(text, sizeof text, "10.%d.%d.1", i / 256, i % 256);
        CHECK_INT(failures_note(&failures, address(text), SECOND), 0);
    }
    CHECK(failures_note(&failures, address("192.0.2.1"), SECOND) > 0);
}

int main(void)
{
    TEST(after_a_hundred_at_once_an_address_has_to_wait);
    TEST(these_are_one_address_or_are_not);
    TEST(the_table_forgets_who_failed_least);
    return test_result();
}
