#include "service/sandbox/behaviour_json.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 1 << 20 };

static bool read_rules(const char *body, struct sandbox_rule *rules, size_t *count, struct problem *problem,
                       struct arena *arena)
{
    *problem = (struct problem){0};
    return behaviour_json_read(arena, str_of(body), rules, count, problem);
}

static void rules_are_read(void)
{
    static const char body[] =
        "{\"rules\":[{\"at\":\"rcpt\",\"recipient\":\"a@b\",\"reply\":\"550 5.1.1 no\",\"times\":2},"
        "{\"at\":\"end_of_data\",\"drop\":true,\"delay\":\"1s\"},"
        "{\"at\":\"starttls\",\"certificate\":\"untrusted\"},{\"at\":\"ehlo\",\"without\":\"SIZE DSN\"}]}";
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    struct problem problem;
    struct arena arena;
    size_t count;
    arena_init(&arena, ARENA_BYTES);
    CHECK(read_rules(body, rules, &count, &problem, &arena));
    CHECK_INT(count, 4);
    CHECK_INT(rules[0].step, SANDBOX_STEP_RCPT);
    CHECK_TEXT(str_of(rules[0].recipient), "a@b");
    CHECK_TEXT(str_of(rules[0].act.reply), "550 5.1.1 no");
    CHECK_INT(rules[0].times, 2);
    CHECK_INT(rules[1].times, 0);
    CHECK_INT(rules[1].act.delay_ms, 1000);
    CHECK(rules[1].act.drops && rules[2].act.is_untrusted);
    CHECK_TEXT(str_of(rules[3].act.without), "SIZE DSN");
    CHECK(read_rules("{\"rules\":[]}", rules, &count, &problem, &arena));
    CHECK_INT(count, 0);
    arena_fini(&arena);
}

static void what_is_wrong_is_told_with_its_pointer(void)
{
    static const struct {
        const char *body, *pointer;
    } rows[] = {
        {"[]", ""},
        {"{}", ""},
        {"{\"rules\":[],\"x\":1}", ""},
        {"{\"rules\":{}}", "/rules"},
        {"{\"rules\":[1]}", "/rules/0"},
        {"{\"rules\":[{\"at\":\"rcpt\",\"reply\":\"550 x\",\"y\":1}]}", "/rules/0"},
        {"{\"rules\":[{\"reply\":\"550 x\"}]}", "/rules/0/at"},
        {"{\"rules\":[{\"at\":\"RCPT\",\"reply\":\"550 x\"}]}", "/rules/0/at"},
        {"{\"rules\":[{\"at\":\"rcpt\"}]}", "/rules/0"},
        {"{\"rules\":[{\"at\":\"rcpt\",\"drop\":false}]}", "/rules/0"},
        {"{\"rules\":[{\"at\":\"rcpt\",\"drop\":1}]}", "/rules/0/drop"},
        {"{\"rules\":[{\"at\":\"mail\",\"drop\":true},{\"at\":\"mail\",\"reply\":\"nope\"}]}",
         "/rules/1/reply"},
        {"{\"rules\":[{\"at\":\"mail\",\"reply\":\"550 a\\r\\n250 b\"}]}", "/rules/0/reply"},
        {"{\"rules\":[{\"at\":\"mail\",\"reply\":\"650 a\"}]}", "/rules/0/reply"},
        {"{\"rules\":[{\"at\":\"mail\",\"reply\":\"550-a\"}]}", "/rules/0/reply"},
        {"{\"rules\":[{\"at\":\"mail\",\"reply\":\"550 a\",\"drop\":true}]}", "/rules/0/drop"},
        {"{\"rules\":[{\"at\":\"content\",\"reply\":\"550 a\"}]}", "/rules/0/reply"},
        {"{\"rules\":[{\"at\":\"mail\",\"recipient\":\"a@b\",\"drop\":true}]}", "/rules/0/recipient"},
        {"{\"rules\":[{\"at\":\"mail\",\"delay\":\"11m\"}]}", "/rules/0/delay"},
        {"{\"rules\":[{\"at\":\"mail\",\"delay\":5}]}", "/rules/0/delay"},
        {"{\"rules\":[{\"at\":\"mail\",\"drop\":true,\"times\":0}]}", "/rules/0/times"},
        {"{\"rules\":[{\"at\":\"mail\",\"drop\":true,\"times\":1.5}]}", "/rules/0/times"},
        {"{\"rules\":[{\"at\":\"mail\",\"certificate\":\"untrusted\"}]}", "/rules/0/certificate"},
        {"{\"rules\":[{\"at\":\"mail\",\"without\":\"SIZE\"}]}", "/rules/0/without"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct sandbox_rule rules[SANDBOX_MAX_RULES];
        struct problem problem;
        struct arena arena;
        size_t count;
        test_row("%s", rows[i].body);
        arena_init(&arena, ARENA_BYTES);
        CHECK(!read_rules(rows[i].body, rules, &count, &problem, &arena));
        CHECK_INT(problem.fault.code, FAULT_INVALID_REQUEST);
        CHECK_TEXT(problem.errors[0].pointer, rows[i].pointer);
        arena_fini(&arena);
    }
}

static void what_is_no_json_is_no_rule(void)
{
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    struct problem problem;
    struct arena arena;
    size_t count;
    arena_init(&arena, ARENA_BYTES);
    CHECK(!read_rules("{\"rules\":[],}", rules, &count, &problem, &arena));
    CHECK_INT(problem.fault.code, FAULT_INVALID_JSON);
    arena_fini(&arena);
}

static void sixty_four_rules_are_the_most(void)
{
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    struct problem problem;
    struct arena arena;
    struct buf body;
    size_t count;
    arena_init(&arena, ARENA_BYTES);
    buf_init(&body, 10000);
    buf_append(&body, STR("{\"rules\":[{\"at\":\"mail\",\"drop\":true}"));
    for (size_t i = 0; i < 64; i++)
        buf_append(&body, STR(",{\"at\":\"mail\",\"drop\":true}"));
    buf_append(&body, STR("]}"));
    buf_append_char(&body, '\0');
    CHECK(!read_rules(body.data, rules, &count, &problem, &arena));
    CHECK_TEXT(problem.errors[0].pointer, "/rules");
    buf_fini(&body);
    arena_fini(&arena);
}

static void a_rule_is_used_up(void)
{
    static struct sandbox_behaviour behaviour;
    struct sandbox_rule rules[SANDBOX_MAX_RULES] = {
        {.step = SANDBOX_STEP_MAIL, .times = 2, .act.reply = "450 first"},
        {.step = SANDBOX_STEP_MAIL, .act.reply = "451 then"},
        {.step = SANDBOX_STEP_RCPT, .recipient = "Bob@example.net", .act.reply = "550 bob"},
    };
    struct sandbox_act act;
    sandbox_behaviour_init(&behaviour);
    sandbox_behaviour_set(&behaviour, rules, 3);
    static const char *const replies[] = {"450 first", "450 first", "451 then", "451 then"};
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++) {
        CHECK(sandbox_behaviour_act(&behaviour, SANDBOX_STEP_MAIL, (struct str){0}, &act));
        CHECK_TEXT(str_of(act.reply), replies[i]);
    }
    CHECK(!sandbox_behaviour_act(&behaviour, SANDBOX_STEP_RCPT, STR("ann@example.net"), &act));
    CHECK(sandbox_behaviour_act(&behaviour, SANDBOX_STEP_RCPT, STR("bob@EXAMPLE.net"), &act));
    CHECK(!sandbox_behaviour_act(&behaviour, SANDBOX_STEP_DATA, (struct str){0}, &act));
    CHECK_INT(sandbox_behaviour_get(&behaviour, rules), 2);
    sandbox_behaviour_fini(&behaviour);
}

static void some_addresses_need_no_rule(void)
{
    static const struct {
        const char *address;
        bool known;
    } rows[] = {{"bounce@sandbox.test", true},
                {"Bounce@SANDBOX.test", true},
                {"drop-after-dot@sandbox.test", true},
                {"other@sandbox.test", false},
                {"bounce@sandbox.example", false},
                {"bounce", false},
                {"bounce@x@sandbox.test", false},
                {"@sandbox.test", false},
                {"", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].address);
        CHECK_INT(sandbox_address_find(str_of(rows[i].address)) != NULL, rows[i].known);
    }
}

int main(void)
{
    TEST(rules_are_read);
    TEST(what_is_wrong_is_told_with_its_pointer);
    TEST(what_is_no_json_is_no_rule);
    TEST(sixty_four_rules_are_the_most);
    TEST(a_rule_is_used_up);
    TEST(some_addresses_need_no_rule);
    return test_result();
}
