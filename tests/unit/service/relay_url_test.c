#include "service/relays/relay_url.h"
#include "test.h"

#include <string.h>

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
        {"lmtp://relay.example", "relay.example", 24, SMTP_TLS_STARTTLS, false, NULL, NULL},
        {"lmtp://[::1]:2424/?tls=none", "::1", 2424, SMTP_TLS_NONE, false, NULL, NULL},
        {"smtp:///run/x.sock", "/run/x.sock", 0, SMTP_TLS_NONE, false, NULL, NULL},
        {"smtp:///run/x.sock?tls=none", "/run/x.sock", 0, SMTP_TLS_NONE, false, NULL, NULL},
        {"lmtp://ann:pw@/run/dovecot/lmtp", "/run/dovecot/lmtp", 0, SMTP_TLS_NONE, false, "ann", "pw"},
        {"smtp:///run/a%20b%3fc?weight=7", "/run/a b?c", 0, SMTP_TLS_NONE, false, NULL, NULL},
        {"smtps://relay.example?tls=insecure&weight=2", "relay.example", 465, SMTP_TLS_IMPLICIT, true, NULL,
         NULL},
        {"smtp://a:b@c@d:e@relay.example", "relay.example", 587, SMTP_TLS_STARTTLS, false, "a", "b@c@d:e"},
        {"smtp://ann:a?b/c@relay.example", "relay.example", 587, SMTP_TLS_STARTTLS, false, "ann", "a?b/c"},
        {"smtp://b\xc3\xbc"
         "cher.example",
         "b\xc3\xbc"
         "cher.example",
         587, SMTP_TLS_STARTTLS, false, NULL, NULL},
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

static void the_scheme_names_the_protocol_and_the_query_the_weight(void)
{
    static const struct {
        const char *url;
        enum smtp_protocol protocol;
        unsigned weight;
    } rows[] = {
        {"smtp://a.example", SMTP_PROTOCOL_SMTP, 0},
        {"smtps://a.example?weight=0", SMTP_PROTOCOL_SMTP, 0},
        {"smtp://a.example?weight=1000", SMTP_PROTOCOL_SMTP, 1000},
        {"lmtp://a.example?tls=none&weight=3", SMTP_PROTOCOL_LMTP, 3},
        {"lmtp:///run/lmtp?weight=3&tls=none", SMTP_PROTOCOL_LMTP, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct smtp_relay relay = {0};
        struct fault fault;
        arena_init(&arena, 10000);
        test_row("%s", rows[i].url);
        CHECK(relay_url_parse(&arena, str_of(rows[i].url), &relay, &fault));
        CHECK_INT(relay.protocol, rows[i].protocol);
        CHECK_INT(relay.weight, rows[i].weight);
        CHECK_INT(smtp_relay_is_local(&relay), relay.host.data[0] == '/');
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
                                       "smtp://[::1]x",
                                       "smtps:///run/x.sock",
                                       "smtp:///run/x.sock?tls=insecure",
                                       "smtp:///",
                                       "smtp:///run/%",
                                       "smtp:///run/x%00",
                                       "smtp:///run/x%0asock",
                                       "lmtp://",
                                       "lmtp://?weight=1",
                                       "lmtps://relay.example",
                                       "SMTP//relay.example",
                                       "smtp://relay.example?",
                                       "smtp://relay.example?weight=",
                                       "smtp://relay.example?weight=1001",
                                       "smtp://relay.example?weight=-1",
                                       "smtp://relay.example?weight=1&",
                                       "smtp://relay.example?tls=none&tls=insecure",
                                       "smtp://relay.example/path",
                                       "smtp://relay.example#x",
                                       "smtp://relay\r\n.example",
                                       "smtp://relay .example",
                                       "smtp://relay\x7f.example",
                                       "smtp://<relay.example>",
                                       "smtp://ann:hunter2%0d%0a@relay.example",
                                       "smtp://ann%zz:hunter2@relay.example",
                                       "smtp://ann:hunter2%@relay.example",
                                       "smtp://[::1]]:25",
                                       "smtp://[]:25"};
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

static void a_host_of_any_length_is_read_and_refused(void)
{
    enum { LONGEST = 255 };
    char url[100000] = "smtp://ann:hunter2@";
    size_t front = strlen(url);
    for (size_t len = LONGEST; len < sizeof url - front; len = len * 7 + 1) {
        struct arena arena;
        struct smtp_relay relay = {0};
        struct fault fault = {0};
        arena_init(&arena, 1 << 20);
        memset(url + front, 'a', len);
        url[front + len] = '\0';
        test_row("%zu", len);
        CHECK_INT(relay_url_parse(&arena, str_of(url), &relay, &fault), len <= LONGEST);
        arena_fini(&arena);
    }
}

static void a_proxy_is_socks5_or_http(void)
{
    static const struct {
        const char *url;
        enum smtp_proxy_kind kind; /* NONE: refused */
        const char *host;
        uint16_t port;
        const char *username, *password;
    } rows[] = {
        {"socks5://proxy.example", SMTP_PROXY_SOCKS5, "proxy.example", 1080, NULL, NULL},
        {"socks5h://proxy.example:9050/", SMTP_PROXY_SOCKS5, "proxy.example", 9050, NULL, NULL},
        {"http://proxy.example", SMTP_PROXY_HTTP, "proxy.example", 3128, NULL, NULL},
        {"http://ann:p%3Aw%40@[::1]:8080", SMTP_PROXY_HTTP, "::1", 8080, "ann", "p:w@"},
        {"https://proxy.example", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"socks4://proxy.example", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"proxy.example:1080", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"http://a%3Ab:hunter2@proxy.example", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"http://ann:hunter2%0d%0aX@proxy.example", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"http://proxy.example?hunter2", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"http:///run/hunter2", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"http://proxy.example http://hunter2", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
        {"socks5://ann:hunter2@proxy.example:0", SMTP_PROXY_NONE, NULL, 0, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct smtp_proxy proxy = {0};
        struct fault fault = {0};
        arena_init(&arena, 10000);
        test_row("%s", rows[i].url);
        CHECK_INT(proxy_url_parse(&arena, str_of(rows[i].url), &proxy, &fault),
                  rows[i].kind != SMTP_PROXY_NONE);
        CHECK_INT(fault.code, rows[i].kind == SMTP_PROXY_NONE ? FAULT_INVALID_REQUEST : FAULT_NONE);
        CHECK(!strstr(fault.detail, "hunter2"));
        if (rows[i].kind != SMTP_PROXY_NONE) {
            CHECK_INT(proxy.kind, rows[i].kind);
            CHECK_TEXT(proxy.host, rows[i].host);
            CHECK_INT(proxy.port, rows[i].port);
            CHECK_TEXT(proxy.username, rows[i].username);
            CHECK_TEXT(proxy.password, rows[i].password);
        }
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

static void the_options_hold_for_every_relay(void)
{
    const char *sets[] = {"smtp_url=smtp://one.example lmtp:///run/lmtp", "smtp_chunking=off",
                          "smtp_proxy=socks5://p.example"};
    struct arena arena;
    struct relay_list relays;
    struct settings settings;
    struct fault fault;
    CHECK(read_relays(&arena, &relays, sets, 3, &settings, &fault));
    for (size_t i = 0; i < relays.count; i++) {
        CHECK(!relays.items[i].chunking);
        CHECK_TEXT(relays.items[i].proxy.host, "p.example");
    }
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
                                          {"smtp_url=smtp://a.example", "smtp_proxy=ftp://p.example"},
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
    TEST(the_scheme_names_the_protocol_and_the_query_the_weight);
    TEST(a_url_that_is_not_one_is_refused_without_showing_its_password);
    TEST(a_host_of_any_length_is_read_and_refused);
    TEST(a_proxy_is_socks5_or_http);
    TEST(the_options_hold_for_every_relay);
    TEST(several_urls_are_several_relays_in_order);
    TEST(a_service_is_known_by_its_name);
    TEST(what_could_never_send_stops_the_start);
    return test_result();
}
