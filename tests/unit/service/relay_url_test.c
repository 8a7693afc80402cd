#include "service/relay_url.h"
#include "test.h"

static void a_url_names_host_port_policy_and_credentials(void)
{
    static const struct {
        const char *url, *host;
        uint16_t port;
        enum smtp_tls tls;
        bool insecure;
        const char *username, *password;
    } rows[] = {
        {"smtp://relay.example", "relay.example", 587, SMTP_TLS_STARTTLS, false, NULL, NULL},
        {"smtps://relay.example", "relay.example", 465, SMTP_TLS_IMPLICIT, false, NULL, NULL},
        {"smtp://relay.example:2525/", "relay.example", 2525, SMTP_TLS_STARTTLS, false, NULL, NULL},
        {"smtp://ann:pw@relay.example", "relay.example", 587, SMTP_TLS_STARTTLS, false, "ann", "pw"},
        {"smtp://ann%40example.com:p%3Aw%2F%25@r.example", "r.example", 587, SMTP_TLS_STARTTLS, false,
         "ann@example.com", "p:w/%"},
        {"smtp://ann@example.com:p@w@r.example", "r.example", 587, SMTP_TLS_STARTTLS, false,
         "ann@example.com", "p@w"},
        {"smtp://ann@r.example", "r.example", 587, SMTP_TLS_STARTTLS, false, "ann", NULL},
        {"smtp://127.0.0.1:25?tls=none", "127.0.0.1", 25, SMTP_TLS_NONE, false, NULL, NULL},
        {"smtps://[::1]:4650?tls=insecure", "::1", 4650, SMTP_TLS_IMPLICIT, true, NULL, NULL},
        {"smtp://[2001:db8::1]", "2001:db8::1", 587, SMTP_TLS_STARTTLS, false, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct smtp_relay relay = {0};
        struct fault fault;
        arena_init(&arena, 10000);
        test_row("%s", rows[i].url);
        CHECK(relay_url_parse(&arena, str_of(rows[i].url), &relay, &fault));
        CHECK_TEXT(relay.host, rows[i].host);
        CHECK_INT(relay.port, rows[i].port);
        CHECK_INT(relay.tls, rows[i].tls);
        CHECK_INT(relay.insecure, rows[i].insecure);
        CHECK_TEXT(relay.username, rows[i].username);
        CHECK_TEXT(relay.password, rows[i].password);
        arena_fini(&arena);
    }
}

static void a_url_that_is_not_one_is_refused_without_showing_its_password(void)
{
    static const char *const rows[] = {"",
                                       "relay.example",
                                       "http://relay.example",
                                       "smtp://",
                                       "smtp://:25",
                                       "smtp://hunter2@",
                                       "smtp://ann:hunter2@relay.example:0",
                                       "smtp://ann:hunter2@relay.example:65536",
                                       "smtp://ann:hunter2@relay.example:x",
                                       "smtp://ann:hunter2@relay.example:",
                                       "smtp://ann:hunter2%4@relay.example",
                                       "smtp://ann:hunter2%00@relay.example",
                                       "smtp://:hunter2@relay.example",
                                       "smtp://relay.example?tls=maybe",
                                       "smtp://relay.example?hunter2=1",
                                       "smtp://[::1",
                                       "smtp://[::1]x"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct smtp_relay relay = {0};
        struct fault fault = {0};
        arena_init(&arena, 10000);
        test_row("%s", rows[i]);
        CHECK(!relay_url_parse(&arena, str_of(rows[i]), &relay, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        for (size_t at = 0; fault.detail[at]; at++)
            CHECK(!str_starts_with(str_of(fault.detail + at), STR("hunter2")));
        arena_fini(&arena);
    }
}

static bool read_relays(struct arena *arena, struct relay_list *relays, const char *const *sets, size_t count,
                        struct settings *settings, struct fault *fault)
{
    arena_init(arena, 100000);
    return settings_load(settings, &(struct option_sources){.sets = sets, .set_count = count}, fault) &&
           relay_list_read(arena, settings, relays, fault);
}

static void several_urls_are_several_relays_in_order(void)
{
    const char *sets[] = {"smtp_url=smtp://a:1@one.example  smtps://b:2@two.example", "smtp_username=c",
                          "smtp_ehlo_name=here.example"};
    struct arena arena;
    struct relay_list relays;
    struct settings settings;
    struct fault fault;
    CHECK(read_relays(&arena, &relays, sets, 3, &settings, &fault));
    CHECK_INT(relays.count, 2);
    CHECK_TEXT(relays.items[0].host, "one.example");
    CHECK_TEXT(relays.items[1].host, "two.example");
    CHECK_TEXT(relays.items[1].username, "c");
    CHECK_TEXT(relays.items[1].password, "2");
    CHECK_TEXT(relays.items[1].ehlo_name, "here.example");
    CHECK_INT(relays.items[0].timeouts.rcpt_ms, 300000);
    settings_fini(&settings);
    arena_fini(&arena);
}

static void a_service_is_known_by_its_name(void)
{
    const char *sets[] = {"smtp_service=qq", "smtp_username=1@qq.com", "smtp_password=x"};
    struct arena arena;
    struct relay_list relays;
    struct settings settings;
    struct fault fault;
    CHECK(read_relays(&arena, &relays, sets, 3, &settings, &fault));
    CHECK_INT(relays.count, 1);
    CHECK_TEXT(relays.items[0].host, "smtp.qq.com");
    settings_fini(&settings);
    arena_fini(&arena);
}

static void what_could_never_send_stops_the_start(void)
{
    static const char *const rows[][2] = {{"smtp_url=", "smtp_service="},
                                          {"smtp_url=   ", "smtp_service="},
                                          {"smtp_url=smtp://a.example", "smtp_service=qq"},
                                          {"smtp_url=smtp://a.example", "smtp_auth=PLAIN SCRAMM"},
                                          {"smtp_url=smtp://ann@a.example", "smtp_service="},
                                          {"smtp_url=", "smtp_service=nobody-knows"}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct relay_list relays;
        struct settings settings;
        struct fault fault = {0};
        test_row("%s %s", rows[i][0], rows[i][1]);
        CHECK(!read_relays(&arena, &relays, rows[i], 2, &settings, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_REQUEST);
        settings_fini(&settings);
        arena_fini(&arena);
    }
}

int main(void)
{
    TEST(a_url_names_host_port_policy_and_credentials);
    TEST(a_url_that_is_not_one_is_refused_without_showing_its_password);
    TEST(several_urls_are_several_relays_in_order);
    TEST(a_service_is_known_by_its_name);
    TEST(what_could_never_send_stops_the_start);
    return test_result();
}
