#include "api/http/access.h"
#include "api/http/guard.h"
#include "test.h"

#include <string.h>

static struct guard_request request_with(const char *first, const char *second)
{
    struct guard_request request = {.method = STR("POST")};
    const char *values[] = {first, second};
    for (size_t i = 0; i < 2; i++)
        if (values[i])
            request.fields[request.field_count++] =
                (struct guard_field){i ? STR("authorization") : STR("Authorization"), str_of(values[i])};
    return request;
}

static void a_key_is_the_bearers_token_and_nothing_else(void)
{
    static const struct {
        const char *name, *value, *key;
    } rows[] = {{"H63 no field", NULL, NULL},
                {"a key", "Bearer abc", "abc"},
                {"scheme without case", "bEARER abc", "abc"},
                {"more spaces", "  Bearer   abc  ", "abc"},
                {"H65 another scheme", "Basic YTpi", NULL},
                {"H65 empty token", "Bearer ", NULL},
                {"H65 no token", "Bearer", NULL},
                {"H65 empty field", "", NULL},
                {"no scheme", "abc", NULL},
                {"a scheme that begins alike", "Bearerabc def", NULL},
                {"two words are one key, which nobody has", "Bearer abc def", "abc def"},
                {"H67 not ASCII", "Bearer \xff\xfe", "\xff\xfe"},
                {"a tab is no space", "Bearer\tabc", NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct guard_request request = request_with(rows[i].value, NULL);
        struct fault fault = {0};
        struct str key;
        test_row("%s", rows[i].name);
        CHECK(access_read_key(&request, &key, &fault));
        CHECK_TEXT(key, rows[i].key);
    }
}

static void two_authorizations_are_malformed(void)
{
    struct guard_request request = request_with("Bearer abc", "Bearer abc");
    struct fault fault = {0};
    struct str key;
    CHECK(!access_read_key(&request, &key, &fault));
    CHECK_INT(fault.code, FAULT_MALFORMED_HTTP);
}

static void only_names_of_loopback_are_ours(void)
{
    static const struct {
        const char *host;
        bool is_ours;
    } rows[] = {{"127.0.0.1:8587", true},
                {"127.0.0.1", true},
                {"127.9.9.9:1", true},
                {"localhost", true},
                {"LocalHost:8587", true},
                {"postern.localhost:80", true},
                {"[::1]:8587", true},
                {"[::1]", true},
                {"", true},
                {NULL, true},
                {"mail.example.com", true},
                {"MAIL.example.com:99", true},
                {"postern", true},
                {"evil.example", false},
                {"mail.example.com.evil.example", false},
                {"localhost.evil.example", false},
                {"127.0.0.1.evil.example", false},
                {"127.0.0.1.nip.io:8587", false},
                {"notlocalhost", false},
                {".localhost", false},
                {"192.168.0.1", false},
                {"0.0.0.0:8587", false},
                {"[::ffff:127.0.0.1]", false},
                {"[2001:db8::1]:8587", false},
                {"::1", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct access_claim claim = {.host = str_of(rows[i].host)};
        struct fault fault = {0};
        test_row("%s", rows[i].host ? rows[i].host : "(none)");
        CHECK_INT(access_check_host(&claim, STR("mail.example.com  postern "), &fault), rows[i].is_ours);
        CHECK(rows[i].is_ours || fault.code == FAULT_FORBIDDEN);
    }
}

static void no_page_of_another_origin_may_send(void)
{
    static const struct {
        const char *name, *origin, *site;
        bool changes, may;
    } rows[] = {{"no browser", NULL, NULL, true, true},
                {"our own page", "http://127.0.0.1:8587", "same-origin", true, true},
                {"our own page behind TLS", "https://127.0.0.1:8587", NULL, true, true},
                {"typed by the user", NULL, "none", true, true},
                {"another page", "https://evil.example", "cross-site", true, false},
                {"another page, older browser", "https://evil.example", NULL, true, false},
                {"another port", "http://127.0.0.1:3000", NULL, true, false},
                {"another port, by its site", NULL, "same-site", true, false},
                {"a page in a sandbox or a file", "null", NULL, true, false},
                {"an empty origin", "", NULL, true, false},
                {"no origin, another site", NULL, "cross-site", true, false},
                {"a lie about the site", NULL, "x", true, false},
                {"a link to what is only read", NULL, "cross-site", false, true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct access_claim claim = {.changes = rows[i].changes,
                                     .host = STR("127.0.0.1:8587"),
                                     .origin = str_of(rows[i].origin),
                                     .fetch_site = str_of(rows[i].site)};
        struct fault fault = {0};
        test_row("%s", rows[i].name);
        CHECK_INT(access_check_origin(&claim, &fault), rows[i].may);
        CHECK(rows[i].may || fault.code == FAULT_FORBIDDEN);
    }
}

/* A grant for @example.com to @example.net, and a message that it is asked about. */
static struct allow_rule sender_rule = {ALLOW_DOMAIN, {0}, {"example.com", 11}},
                         recipient_rule = {ALLOW_DOMAIN, {0}, {"example.net", 11}};
static const struct access_grant grant = {.senders = {&sender_rule, 1}, .recipients = {&recipient_rule, 1}};

static void every_sender_and_recipient_must_be_allowed(void)
{
    static const struct {
        const char *name, *from, *sender, *return_path, *header, *to, *code, *where;
    } rows[] = {
        {"all right", "a@example.com", NULL, "a@example.com", NULL, "b@example.net", NULL, NULL},
        {"the null path", "a@example.com", NULL, "", NULL, "b@example.net", NULL, NULL},
        {"H71 from", "a@evil.example", NULL, "a@example.com", NULL, "b@example.net", "forbidden-sender",
         "/from"},
        {"H71 sender", "a@example.com", "a@evil.example", "a@example.com", NULL, "b@example.net",
         "forbidden-sender", "/sender"},
        {"H71 return path", "a@example.com", NULL, "a@evil.example", NULL, "b@example.net",
         "forbidden-sender", "/return_path"},
        {"H72", "a@example.com", NULL, "a@example.com", NULL, "b@evil.example", "forbidden-recipient", "/to"},
        {"the sender first", "a@evil.example", NULL, "a@evil.example", NULL, "b@evil.example",
         "forbidden-sender", "/from"},
        {"finished", "a@example.com", NULL, "a@example.com", "From: a@example.com\r\n", "b@example.net", NULL,
         NULL},
        {"H71 From of a finished one", "a@evil.example", NULL, "a@example.com", "From: a@evil.example\r\n",
         "b@example.net", "forbidden-sender", ""},
        {"H71 its envelope", "a@example.com", NULL, "a@evil.example", "From: a@example.com\r\n",
         "b@example.net", "forbidden-sender", "?from"},
        {"its Sender, folded", "a@example.com", NULL, "a@example.com",
         "From: a@example.com\r\nsender: X\r\n <a@evil.example>\r\n", "b@example.net", "forbidden-sender",
         ""},
        {"its Sender, allowed", "a@example.com", NULL, "a@example.com",
         "From: a@example.com\r\nSender: X\r\n <x@example.com>\r\n", "b@example.net", NULL, NULL},
        {"its Resent-From", "a@example.com", NULL, "a@example.com",
         "From: a@example.com\r\nResent-From: a@evil.example\r\n", "b@example.net", "forbidden-sender", ""},
        {"a list of which the last is allowed", "a@example.com", NULL, "a@example.com",
         "From: a@example.com\r\nResent-From: a@evil.example, a@example.com\r\n", "b@example.net",
         "forbidden-sender", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct submission submission = {0};
        struct problem problem = {0};
        struct str to = str_of(rows[i].to), pointer = STR("/to");
        arena_init(&submission.arena, 1 << 20);
        submission.message.from.address = str_of(rows[i].from);
        submission.message.sender.address = str_of(rows[i].sender);
        submission.message.finished.header = str_of(rows[i].header);
        submission.return_path = str_of(rows[i].return_path);
        submission.recipients = &to;
        submission.pointers = &pointer;
        submission.recipient_count = 1;
        test_row("%s", rows[i].name);
        CHECK_INT(access_check_addresses(&grant, &submission, &problem), !rows[i].code);
        CHECK_INT(problem.error_count, rows[i].code != NULL);
        if (rows[i].code && problem.error_count) {
            bool in_query = rows[i].where[0] == '?';
            CHECK_TEXT(str_of(fault_kind(problem.fault.code)->name), rows[i].code);
            CHECK_TEXT(in_query ? problem.errors[0].parameter : problem.errors[0].pointer,
                       rows[i].where + in_query);
        }
        arena_fini(&submission.arena);
    }
}

static void without_lists_anybody_may_write_to_anybody(void)
{
    struct access_grant anything = {0};
    struct submission submission = {.message.from.address = STR("a@b.example")};
    struct problem problem = {0};
    CHECK(access_check_addresses(&anything, &submission, &problem));
}

int main(void)
{
    TEST(a_key_is_the_bearers_token_and_nothing_else);
    TEST(two_authorizations_are_malformed);
    TEST(only_names_of_loopback_are_ours);
    TEST(no_page_of_another_origin_may_send);
    TEST(every_sender_and_recipient_must_be_allowed);
    TEST(without_lists_anybody_may_write_to_anybody);
    return test_result();
}
