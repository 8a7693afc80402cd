#include "mime/mailbox.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

enum { ARENA_BYTES = 256 * 1024 };

struct row {
    const char *text, *name, *address;
};

static void mailboxes_are_read_leniently_and_kept_exactly(void)
{
    static const struct row rows[] = {
        {"ann@example.com", NULL, "ann@example.com"},
        {"<ann@example.com>", NULL, "ann@example.com"},
        {"  ann@example.com  ", NULL, "ann@example.com"},
        {"Ann Lee <ann@example.com>", "Ann Lee", "ann@example.com"},
        {"Ann Lee<ann@example.com>", "Ann Lee", "ann@example.com"},
        {"Ann   Lee   < ann@example.com > ", "Ann Lee", "ann@example.com"},
        {"\"Lee, Ann\" <ann@example.com>", "Lee, Ann", "ann@example.com"},
        {"\"a \\\"b\\\" \\\\ c\" <a@b.example>", "a \"b\" \\ c", "a@b.example"},
        {"Ann \u00C4. Lee <a@b.example>", "Ann \u00C4. Lee", "a@b.example"},
        {"\u5C71\u7530 <a@b.example>", "\u5C71\u7530", "a@b.example"},
        {"[Support] Team <a@b.example>", "[Support] Team", "a@b.example"},
        {"ann@example.com <ann@example.com>", "ann@example.com", "ann@example.com"},
        {"Ann \"The Boss\" Lee <a@b.example>", "Ann The Boss Lee", "a@b.example"},
        {"\"<x@y.example>\" <a@b.example>", "<x@y.example>", "a@b.example"},
        {"Ann (her (old) desk) Lee <a@b.example> (work)", "Ann Lee", "a@b.example"},
        {"(x) a@b.example (y)", NULL, "a@b.example"},
        {"Ann <(x) a@b.example (y > z)>", "Ann", "a@b.example"},
        {"Ann (\\) \\( <) <a@b.example>", "Ann", "a@b.example"},
        {"\"\" <a@b.example>", NULL, "a@b.example"},
        {"\"x@evil y\"@good.example", NULL, "\"x@evil y\"@good.example"},
        {"\"ann\"@example.com", NULL, "ann@example.com"},
        {"\"ann.lee\"@example.com", NULL, "ann.lee@example.com"},
        {"\"ann..lee\"@example.com", NULL, "\"ann..lee\"@example.com"},
        {"\".ann\"@example.com", NULL, "\".ann\"@example.com"},
        {"\"a\\\"b\\\\c\\d\"@example.com", NULL, "\"a\\\"b\\\\cd\"@example.com"},
        {"\"a(b\"@example.com", NULL, "\"a(b\"@example.com"},
        {"a%b@c.example", NULL, "a%b@c.example"},
        {"a!b@c.example", NULL, "a!b@c.example"},
        {"!#$%&'*+-/=?^_`{|}~@example.com", NULL, "!#$%&'*+-/=?^_`{|}~@example.com"},
        {"Ann@EXAMPLE.com", NULL, "Ann@EXAMPLE.com"},
        {"ann@b\u00FCcher.example", NULL, "ann@xn--bcher-kva.example"},
        {"ann@b\u00FCcher\u3002example", NULL, "ann@xn--bcher-kva.example"},
        {"j\u00FCrgen@example.com", NULL, "j\u00FCrgen@example.com"},
        {"\"j\u00FCrgen x\"@example.com", NULL, "\"j\u00FCrgen x\"@example.com"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct mailbox mailbox;
        struct fault fault = {0};
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].text);
        if (CHECK(mailbox_parse(&arena, str_of(rows[i].text), &mailbox, &fault))) {
            CHECK_TEXT(mailbox.display_name, rows[i].name);
            CHECK_TEXT(mailbox.address, rows[i].address);
            CHECK_TEXT(str_from(mailbox.address, mailbox.at), strrchr(rows[i].address, '@'));
        }
        arena_fini(&arena);
    }
}

static void refuse(struct str text)
{
    struct arena arena;
    struct mailbox mailbox;
    struct fault fault = {0};
    arena_init(&arena, ARENA_BYTES);
    CHECK(!mailbox_parse(&arena, text, &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
    CHECK(fault.detail[0]);
    CHECK(!mailbox_parse_address(&arena, text, &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
    arena_fini(&arena);
}

#define A63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

/* The numbers are those of the project's table of hostile HTTP input. */
static void what_is_no_mailbox_is_refused(void)
{
    static const struct {
        const char *name;
        struct str text;
    } rows[] = {
        {"H124 CRLF in the address", STR("a@b.example\r\nRCPT TO:<x@y.example>")},
        {"H124 CRLF in the name", STR("Ann\r\nBcc: x@y.example <a@b.example>")},
        {"H125 bare CR", STR("Ann\r <a@b.example>")},
        {"H126 bare LF", STR("a\n@b.example")},
        {"H127 NUL", STR("a@b.example\0")},
        {"H127 NUL in the middle", STR("a\0b@c.example")},
        {"a tab", STR("Ann\tLee <a@b.example>")},
        {"DEL", STR("a\x7f@b.example")},
        {"H128 a second command", STR("a@b> RCPT TO:<x@y")},
        {"H128 a second command, whole", STR("a@b.example> RCPT TO:<x@y.example")},
        {"H129 a parameter", STR("a@b.example SIZE=1")},
        {"H129 a parameter behind the bracket", STR("<a@b.example> SIZE=1")},
        {"H129 a bracket and a parameter", STR("a@b.example> SIZE=1")},
        {"H130 a quoted CRLF", STR("\"a\r\nb\"@x.example")},
        {"H130 an escaped LF", STR("\"a\\\nb\"@x.example")},
        {"H131 folded white space", STR("a\r\n b@x.example")},
        {"H132 a local part of 65", STR(A63 "aa@x.example")},
        {"H132 a quoted local part of 65", STR("\"" A63 " \"@x.example")},
        {"H133 a label of 64", STR("a@" A63 "a.example")},
        {"H133 a domain of 255", STR("a@" A63 "." A63 "." A63 "." A63)},
        {"H134 an address of 255",
         STR("aaaaaaaaaaaaaaa@" A63 "." A63 "." A63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")},
        {"H135 no at", STR("ann")},
        {"H135 two at", STR("a@b.example@c.example")},
        {"H135 empty", STR("")},
        {"H135 spaces", STR("   ")},
        {"H135 empty brackets", STR("Ann <>")},
        {"H135 no local part", STR("@b.example")},
        {"H135 an empty quoted local part", STR("\"\"@b.example")},
        {"H135 no domain", STR("a@")},
        {"H136 a source route", STR("@a.example,@b.example:c@d.example")},
        {"H136 a source route in brackets", STR("<@a.example,@b.example:c@d.example>")},
        {"H137 a group", STR("g: a@b.example;")},
        {"H137 a group of one with brackets", STR("g: Ann <a@b.example>;")},
        {"H137 an empty group", STR("undisclosed-recipients:;")},
        {"a list", STR("a@b.example, c@d.example")},
        {"a list with names", STR("A <a@b.example>, C <c@d.example>")},
        {"a comma in a name", STR("Lee, Ann <a@b.example>")},
        {"two brackets", STR("<a@b.example> <c@d.example>")},
        {"brackets in brackets", STR("<<a@b.example>>")},
        {"no closing bracket", STR("Ann <a@b.example")},
        {"no opening bracket", STR("Ann a@b.example>")},
        {"a quote without end", STR("\"Ann <a@b.example>")},
        {"a quote without end before the at", STR("\"ann@b.example")},
        {"a comment without end", STR("(x a@b.example")},
        {"a comment without end in the brackets", STR("Ann <(x a@b.example>")},
        {"a comment without end behind the brackets", STR("Ann <a@b.example> (x")},
        {"a comment in the address", STR("a(x)@b.example")},
        {"a backslash at the end", STR("a@b.example (\\")},
        {"H139 an address literal", STR("a@[127.0.0.1]")},
        {"H139 an IPv6 literal", STR("a@[IPv6:::1]")},
        {"H139 an address without brackets", STR("a@127.0.0.1")},
        {"H140 one label", STR("a@localhost")},
        {"H140 one label of another script", STR("a@b\u00FCcher")},
        {"H141 a trailing dot", STR("a@b.example.")},
        {"H141 a trailing ideographic dot", STR("a@b.example\u3002")},
        {"an empty label", STR("a@b..example")},
        {"a leading dot in the domain", STR("a@.example")},
        {"dots in the local part", STR("a..b@c.example")},
        {"a leading dot", STR(".a@c.example")},
        {"a dot before the at", STR("a.@c.example")},
        {"a space in the local part", STR("a b@c.example")},
        {"a space before the at", STR("a @c.example")},
        {"a quote within", STR("a\"b\"@c.example")},
        {"a word behind a quote", STR("\"a\"b@c.example")},
        {"a space in the domain", STR("a@b .example")},
        {"an underscore in the domain", STR("a@b_c.example")},
        {"H144 an invalid A-label", STR("a@xn--zzzzzz--.example")},
        {"H144 a label that IDNA forbids", STR("a@\u0378.example")},
        {"H146 U+2028", STR("a\u2028@b.example")},
        {"H146 U+2028 in a name", STR("Ann\u2028 <a@b.example>")},
        {"H146 U+0085", STR("a\xc2\x85@b.example")},
        {"H146 a full-width at", STR("a\uFF20b.example")},
        {"H146 a full-width at in the local part", STR("a\uFF20b@c.example")},
        {"H146 a full-width at in the domain", STR("a@b\uFF20c.example")},
        {"a no-break space", STR("a\u00A0b@c.example")},
        {"a zero-width space", STR("a\u200Bb@c.example")},
        {"an override", STR("a\u202Eb@c.example")},
        {"H147 a leading hyphen", STR("-oQ/tmp@b.example")},
        {"H147 a quoted leading hyphen", STR("\"-oQ/tmp\"@b.example")},
        {"H147 a leading hyphen in the domain", STR("a@-b.example")},
        {"not UTF-8", STR("a\xff@b.example")},
        {"not UTF-8 in a name", STR("\xc0\xaf <a@b.example>")},
        {"not UTF-8 in the domain", STR("a@\xed\xa0\x80.example")},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        refuse(rows[i].text);
    }
}

static void accept_address(const char *text)
{
    struct arena arena;
    struct mailbox mailbox;
    struct fault fault;
    arena_init(&arena, ARENA_BYTES);
    test_row("%s", text);
    CHECK(mailbox_parse_address(&arena, str_of(text), &mailbox, &fault));
    CHECK_TEXT(mailbox.address, text);
    arena_fini(&arena);
}

static void the_longest_address_is_taken(void)
{
    accept_address(A63 "a@x.example");
    accept_address("a@" A63 ".example");
    accept_address("aaaaaaaaaaaaaa@" A63 "." A63 "." A63 ".aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
}

static void an_address_alone_has_nothing_around_it(void)
{
    static const char *const texts[] = {" a@b.example", "a@b.example ", "<a@b.example>", "Ann <a@b.example>",
                                        "a@b.example (x)"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct arena arena;
        struct mailbox mailbox;
        struct fault fault;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", texts[i]);
        CHECK(!mailbox_parse_address(&arena, str_of(texts[i]), &mailbox, &fault));
        CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
        arena_fini(&arena);
    }
}

/* H138. Quadratic work would show in the suite's time limit: each text is as long as a line may be. */
static void hostile_nesting_is_refused_without_recursion(void)
{
    static const char *const units[] = {"(", "()", "(\\", "\"", "\"\"", "<", "\\", "((((((((((((((((()",
                                        "@", "."};
    enum { BYTES = 32 * 1024 };
    char *text = malloc(BYTES);
    if (!CHECK(text))
        return;
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        test_row("%s", units[i]);
        size_t unit = strlen(units[i]);
        for (size_t at = 0; at < BYTES; at++)
            text[at] = units[i][at % unit];
        refuse((struct str){text, BYTES});
    }
    free(text);
}

static void comments_nest_to_a_bound(void)
{
    struct arena arena;
    struct mailbox mailbox;
    struct fault fault;
    arena_init(&arena, ARENA_BYTES);
    CHECK(mailbox_parse(&arena, STR("((((((((((((((((x)))))))))))))))) a@b.example"), &mailbox, &fault));
    CHECK(!mailbox_parse(&arena, STR("(((((((((((((((((x))))))))))))))))) a@b.example"), &mailbox, &fault));
    arena_fini(&arena);
}

static void a_name_on_its_own_is_a_line(void)
{
    struct arena arena;
    struct mailbox mailbox = {0};
    struct fault fault;
    arena_init(&arena, ARENA_BYTES);
    CHECK(mailbox_set_display_name(&arena, STR("Lee, \"Ann\" <\\>"), &mailbox, &fault));
    CHECK_TEXT(mailbox.display_name, "Lee, \"Ann\" <\\>");
    CHECK(mailbox_set_display_name(&arena, STR(""), &mailbox, &fault));
    CHECK_STR(mailbox.display_name, (struct str){0});
    CHECK(!mailbox_set_display_name(&arena, STR("Ann\r\nBcc: x"), &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_INVALID_ADDRESS);
    CHECK(!mailbox_set_display_name(&arena, STR("\xff"), &mailbox, &fault));
    arena_fini(&arena);
}

static void only_a_local_part_beyond_ascii_needs_smtputf8(void)
{
    static const struct {
        const char *text;
        bool needs;
    } rows[] = {{"\u00C4nn <ann@example.com>", false},
                {"ann@b\u00FCcher.example", false},
                {"j\u00FCrgen@example.com", true}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct mailbox mailbox;
        struct fault fault;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s", rows[i].text);
        CHECK(mailbox_parse(&arena, str_of(rows[i].text), &mailbox, &fault));
        CHECK_INT(mailbox_needs_smtputf8(&mailbox), rows[i].needs);
        arena_fini(&arena);
    }
}

static void mailboxes_are_equal_but_for_the_case_of_the_domain(void)
{
    static const struct {
        const char *a, *b;
        bool equal;
    } rows[] = {{"a@b.example", "Ann <a@B.Example>", true},
                {"\"a\"@b.example", "a@b.example", true},
                {"a@b\u00FCcher.example", "a@XN--BCHER-KVA.example", true},
                {"A@b.example", "a@b.example", false},
                {"a@b.example", "a@c.example", false},
                {"a@b.example", "aa@b.example", false}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct mailbox a, b;
        struct fault fault;
        arena_init(&arena, ARENA_BYTES);
        test_row("%s %s", rows[i].a, rows[i].b);
        CHECK(mailbox_parse(&arena, str_of(rows[i].a), &a, &fault));
        CHECK(mailbox_parse(&arena, str_of(rows[i].b), &b, &fault));
        CHECK_INT(mailbox_equal(&a, &b), rows[i].equal);
        arena_fini(&arena);
    }
}

static void a_full_arena_is_no_fault_of_the_address(void)
{
    struct arena arena;
    struct mailbox mailbox;
    struct fault fault;
    arena_init(&arena, 8);
    CHECK(!mailbox_parse(&arena, STR("Ann Lee <ann@example.com>"), &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    CHECK(!mailbox_set_display_name(&arena, STR("Ann Lee and others"), &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    arena_fini(&arena);
    arena_init(&arena, 8);
    CHECK(!mailbox_parse_address(&arena, STR("a@b.example"), &mailbox, &fault));
    CHECK_INT(fault.code, FAULT_OVERLOADED);
    arena_fini(&arena);
}

int main(void)
{
    TEST(mailboxes_are_read_leniently_and_kept_exactly);
    TEST(what_is_no_mailbox_is_refused);
    TEST(the_longest_address_is_taken);
    TEST(an_address_alone_has_nothing_around_it);
    TEST(hostile_nesting_is_refused_without_recursion);
    TEST(comments_nest_to_a_bound);
    TEST(a_name_on_its_own_is_a_line);
    TEST(only_a_local_part_beyond_ascii_needs_smtputf8);
    TEST(mailboxes_are_equal_but_for_the_case_of_the_domain);
    TEST(a_full_arena_is_no_fault_of_the_address);
    return test_result();
}
