#include "api/http/crowd.h"
#include "test.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/un.h>

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un un;
};

static struct crowd crowd;

static union address address_of(const char *text)
{
    union address address = {.v6 = {.sin6_family = AF_INET6}};
    if (text[0] == '/') {
        address.un.sun_family = AF_UNIX;
    } else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) != 1) {
        address.v4.sin_family = AF_INET;
        CHECK(inet_pton(AF_INET, text, &address.v4.sin_addr) == 1);
    }
    return address;
}

static bool enter(const char *text, size_t max, struct crowd_address **entered)
{
    union address address = address_of(text);
    return crowd_enter(&crowd, &address.any, max, entered);
}

static bool is_empty(void)
{
    for (size_t i = 0; i < CROWD_BUCKETS; i++)
        if (crowd.buckets[i])
            return false;
    return true;
}

static void what_counts_as_one_address(void)
{
    static const struct {
        const char *name, *first, *second;
        bool are_one;
    } rows[] = {{"the same", "192.0.2.1", "192.0.2.1", true},
                {"the next", "192.0.2.1", "192.0.2.2", false},
                {"one network of 64 bits", "2001:db8::1", "2001:db8::ffff:1", true},
                {"the next network", "2001:db8::1", "2001:db8:0:1::1", false},
                {"IPv4 through an IPv6 socket", "192.0.2.1", "::ffff:192.0.2.1", true},
                {"two of them", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false},
                {"the loopback addresses", "127.0.0.1", "::1", false},
                {"an IPv6 network whose bits are an IPv4 address", "192.0.2.1", "c000:201::", false}};
    crowd_init(&crowd);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct crowd_address *first, *second;
        test_row("%s", rows[i].name);
        CHECK(enter(rows[i].first, 1, &first));
        CHECK(enter(rows[i].second, 1, &second) == !rows[i].are_one);
        crowd_leave(&crowd, &first);
        crowd_leave(&crowd, &second);
        CHECK(is_empty());
    }
}

static void a_place_that_is_left_is_free_again(void)
{
    struct crowd_address *held[10], *one_more;
    crowd_init(&crowd);
    for (size_t i = 0; i < 10; i++)
        CHECK(enter("192.0.2.1", 10, &held[i]));
    CHECK(!enter("192.0.2.1", 10, &one_more));
    CHECK(!one_more);
    crowd_leave(&crowd, &one_more);
    crowd_leave(&crowd, &held[3]);
    CHECK(enter("192.0.2.1", 10, &held[3]));
    CHECK(!enter("192.0.2.1", 10, &one_more));
    for (size_t i = 0; i < 10; i++)
        crowd_leave(&crowd, &held[i]);
    CHECK(is_empty());
}

static void a_unix_socket_and_no_limit_refuse_nobody(void)
{
    struct crowd_address *held[100];
    crowd_init(&crowd);
    for (size_t i = 0; i < 100; i++) {
        CHECK(enter("/", 1, &held[i]));
        CHECK(!held[i]);
    }
    for (size_t i = 0; i < 100; i++)
        CHECK(enter("192.0.2.1", 0, &held[i]));
    for (size_t i = 0; i < 100; i++)
        crowd_leave(&crowd, &held[i]);
    CHECK(is_empty());
}

static void many_addresses_are_kept_apart(void)
{
    enum { ADDRESSES = 5000 };
    static struct crowd_address *held[ADDRESSES];
    crowd_init(&crowd);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < ADDRESSES; i++) {
            char text[INET_ADDRSTRLEN];
            snprintf(text, sizeof text, "10.0.%d.%d", i / 250, i % 250);
            struct crowd_address *again;
            CHECK(round ? !enter(text, 1, &again) : enter(text, 1, &held[i]));
        }
    }
    for (int i = 0; i < ADDRESSES; i++)
        crowd_leave(&crowd, &held[i]);
    CHECK(is_empty());
}

int main(void)
{
    TEST(what_counts_as_one_address);
    TEST(a_place_that_is_left_is_free_again);
    TEST(a_unix_socket_and_no_limit_refuse_nobody);
    TEST(many_addresses_are_kept_apart);
    return test_result();
}
