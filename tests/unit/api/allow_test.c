#include "api/http/allow.h"
#include "test.h"

static void a_rule_lets_pass_what_it_names_and_nothing_else(void)
{
    static const struct {
        const char *rule, *address;
        bool passes;
    } rows[] = {
        {"ann@example.com", "ann@example.com", true},
        {"ann@EXAMPLE.com", "ann@example.COM", true},
        {"ann@example.com", "Ann@example.com", false},
        {"ann@example.com", "bob@example.com", false},
        {"ann@example.com", "ann@mail.example.com", false},
        {"ann@example.com", "xann@example.com", false},
        {"\"ann\"@example.com", "ann@example.com", true},
        {"\"a b\"@example.com", "\"a b\"@example.com", true},
        {"@example.com", "anyone@example.com", true},
        {"@example.com", "anyone@Example.Com", true},
        {"@example.com", "\"x@y\"@example.com", true},
        {"@example.com", "\"x@example.com\"@evil.net", false},
        {"@example.com", "anyone@mail.example.com", false},
        {"@example.com", "anyone@anexample.com", false},
        {"@example.com", "anyone@example.com.evil.net", false},
        {"@*.example.com", "anyone@mail.example.com", true},
        {"@*.example.com", "anyone@a.b.EXAMPLE.com", true},
        {"@*.example.com", "anyone@example.com", false},
        {"@*.example.com", "anyone@anexample.com", false},
        {"@*.example.com", "anyone@.example.com", false},
        {"@b\xc3\xbc"
         "cher.example",
         "x@xn--bcher-kva.example", true},
        {"@XN--BCHER-KVA.example", "x@xn--bcher-kva.example", true},
        {"@*.b\xc3\xbc"
         "cher.example",
         "x@a.xn--bcher-kva.example", true},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct fault fault = {0};
        struct allow_rule rule;
        struct allow_list list = {&rule, 1};
        arena_init(&arena, 10000);
        test_row("%s %s", rows[i].rule, rows[i].address);
        if (CHECK(allow_rule_read(&arena, str_of(rows[i].rule), &rule, &fault)))
            CHECK_INT(allow_list_has(&list, str_of(rows[i].address)), rows[i].passes);
        arena_fini(&arena);
    }
}

static void what_is_no_rule_is_refused(void)
{
    static const char *const rows[] = {"",
                                       "*",
                                       "example.com",
                                       "*.example.com",
                                       "@",
                                       "@*",
                                       "@*.",
                                       "@*example.com",
                                       "@exam ple.com",
                                       "*@example.com@",
                                       "ann@",
                                       "@a..b",
                                       "Ann <ann@example.com>",
                                       "@*.*.example.com",
                                       "@\xff.com",
                                       "@@example.com"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct fault fault = {0};
        struct allow_rule rule;
        arena_init(&arena, 10000);
        test_row("\"%s\"", rows[i]);
        CHECK(!allow_rule_read(&arena, str_of(rows[i]), &rule, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
        arena_fini(&arena);
    }
}

static void one_rule_of_a_list_is_enough_and_no_list_allows_everything(void)
{
    struct allow_rule rules[] = {{ALLOW_DOMAIN, {0}, STR("example.com")},
                                 {ALLOW_WITHIN, {0}, STR("example.net")}};
    struct allow_list list = {rules, 2}, none = {0};
    CHECK(allow_list_has(&list, STR("a@example.com")));
    CHECK(allow_list_has(&list, STR("a@b.example.net")));
    CHECK(!allow_list_has(&list, STR("a@example.net")));
    CHECK(allow_list_has(&none, STR("a@example.net")));
}

int main(void)
{
    TEST(a_rule_lets_pass_what_it_names_and_nothing_else);
    TEST(what_is_no_rule_is_refused);
    TEST(one_rule_of_a_list_is_enough_and_no_list_allows_everything);
    return test_result();
}
