#include "service/sandbox/path.h"
#include "test.h"

#include <string.h>

static void a_mailbox_follows_the_grammar(void)
{
    static const struct {
        const char *address;
        bool valid;
    } rows[] = {
        {"a@b", true},
        {"a.b+c@example.com", true},
        {"!#$%&'*+-/=?^_`{|}~@example.com", true},
        {"\"a b\"@example.com", true},
        {"\"a\\\"b\"@example.com", true},
        {"\"\"@example.com", true},
        {"\"a@b\"@example.com", true},
        {"a@[127.0.0.1]", true},
        {"a@[IPv6:::1]", true},
        {"a@xn--bcher-kva.example", true},
        {"\xe4\xbd\xa0@\xe4\xbd\xa0.example", true},
        {"", false},
        {"a", false},
        {"@b", false},
        {"a@", false},
        {"a@b@c", false},
        {".a@b", false},
        {"a.@b", false},
        {"a..b@c", false},
        {"a b@c", false},
        {"\"a@b", false},
        {"\"a\\\"@b", false},
        {"\"a\"b@c", false},
        {"a@b.", false},
        {"a@.b", false},
        {"a@b..c", false},
        {"a@-b", false},
        {"a@b-", false},
        {"a@b_c", false},
        {"a@[]", false},
        {"a@[127.0.0.1", false},
        {"a@[b c]", false},
        {"\xff@b", false},
        {"a,b@c", false},
        {"a(x)@c", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].address);
        CHECK_INT(sandbox_path_is_mailbox(str_of(rows[i].address)), rows[i].valid);
    }
}

static struct str fill(char *address, size_t local_part, size_t label, size_t labels)
{
    char *at = memset(address, 'a', local_part);
    at += local_part;
    for (size_t i = 0; i < labels; i++) {
        *at = i ? '.' : '@';
        memset(at + 1, 'b', label);
        at += 1 + label;
    }
    return (struct str){address, (size_t)(at - address)};
}

static void each_part_has_its_limit(void)
{
    static const struct {
        const char *what;
        size_t local_part, label, labels;
        bool valid;
    } rows[] = {
        {"64 octets before the @", 64, 1, 1, true}, {"65 octets before the @", 65, 1, 1, false},
        {"a label of 63 octets", 1, 63, 1, true},   {"a label of 64 octets", 1, 64, 1, false},
        {"254 octets in all", 62, 63, 3, true},     {"255 octets in all", 63, 63, 3, false},
    };
    char address[512];
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].what);
        struct str filled = fill(address, rows[i].local_part, rows[i].label, rows[i].labels);
        CHECK_INT(sandbox_path_is_mailbox(filled), rows[i].valid);
    }
}

static void a_path_ends_at_its_own_bracket(void)
{
    static const struct {
        const char *argument;
        bool cut;
        const char *address, *rest;
    } rows[] = {
        {"<a@b>", true, "a@b", ""},
        {"<> SIZE=1", true, "", " SIZE=1"},
        {"<\">\"@b> X", true, "\">\"@b", " X"},
        {"<\"\\\">\"@b> X", true, "\"\\\">\"@b", " X"},
        {"<@r:a@b>", true, "a@b", ""},
        {"<@r,@s:\">\"@b>", true, "\">\"@b", ""},
        {"<@r>", false, NULL, NULL},
        {"<@r,s:a@b>", false, NULL, NULL},
        {"<@r,:a@b>", false, NULL, NULL},
        {"<@:a@b>", false, NULL, NULL},
        {"<\"a>", false, NULL, NULL},
        {"<\"a\\>", false, NULL, NULL},
        {"<a", false, NULL, NULL},
        {"<", false, NULL, NULL},
        {"a@b>", false, NULL, NULL},
        {"", false, NULL, NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].argument);
        struct str rest = str_of(rows[i].argument), address;
        bool cut = sandbox_path_cut(&rest, &address);
        CHECK_INT(cut, rows[i].cut);
        if (!cut)
            continue;
        CHECK_TEXT(address, rows[i].address);
        CHECK_TEXT(rest, rows[i].rest);
    }
}

int main(void)
{
    TEST(a_mailbox_follows_the_grammar);
    TEST(each_part_has_its_limit);
    TEST(a_path_ends_at_its_own_bracket);
    return test_result();
}
