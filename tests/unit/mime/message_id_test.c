#include "mime/message_id.h"
#include "test.h"

#include <string.h>

static void an_own_id_is_exact(void)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"<a@b>", true},         {"<a.b+c=1@x-y.example>", true},
        {"a@b", false},          {"<a@b", false},
        {"<a>", false},          {"<@b>", false},
        {"<a@>", false},         {"<a@b@c>", false},
        {"<a b@c>", false},      {"<.a@b>", false},
        {"<a.@b>", false},       {"<a..b@c>", false},
        {"<a@b><c@d>", false},   {"<a@b>\r\nX: y", false},
        {"<\xc3\xa9@b>", false}, {"", false},
        {"<>", false},           {"<a\r\n@b>", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%s", rows[i].text);
        CHECK_INT(message_id_check(str_of(rows[i].text), &fault), rows[i].valid);
    }
}

static void an_own_id_fits_into_a_line(void)
{
    char text[1000];
    struct fault fault;
    memset(text, 'a', sizeof text);
    text[0] = '<';
    text[1] = 'b';
    text[2] = '@';
    text[249] = '>';
    CHECK(message_id_check((struct str){text, 250}, &fault));
    text[249] = 'a';
    text[250] = '>';
    CHECK(!message_id_check((struct str){text, 251}, &fault));
}

static void others_ids_are_taken_as_they_are(void)
{
    static const struct {
        const char *text;
        size_t count; /* 0: refused */
    } rows[] = {
        {"<a@b>", 1},
        {"<a@b> <c@d>", 2},
        {"<a@b>,\t<c@d>,", 2},
        {"<a@b><c@d>", 2},
        {"<no-at>", 1},
        {"<odd:[x]@y@z>", 1},
        {"", 0},
        {" , ", 0},
        {"a@b", 0},
        {"<a@b> c", 0},
        {"<a@b> <c", 0},
        {"<a b@c>", 0},
        {"<<a@b>>", 0},
        {"<>", 0},
        {"<a@b>\r\n<c@d>", 0},
        {"<\xc3\xa9@b>", 0},
        {"<a\x7f@b>", 0},
        {"<a<b@c>", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        struct str rest = str_of(rows[i].text);
        size_t count = 0;
        test_row("%s", rows[i].text);
        if (!CHECK_INT(message_id_check_list(rest, &fault), rows[i].count > 0) || !rows[i].count)
            continue;
        for (struct str id; (id = message_id_next(&rest)).data; count++)
            CHECK(id.data[0] == '<' && id.data[id.len - 1] == '>');
        CHECK_INT(count, rows[i].count);
    }
}

static void another_s_id_fits_into_a_line(void)
{
    char text[901];
    struct fault fault;
    memset(text, 'a', sizeof text);
    text[0] = '<';
    text[899] = '>';
    CHECK(message_id_check_list((struct str){text, 900}, &fault));
    text[899] = 'a';
    text[900] = '>';
    CHECK(!message_id_check_list((struct str){text, 901}, &fault));
}

int main(void)
{
    TEST(an_own_id_is_exact);
    TEST(an_own_id_fits_into_a_line);
    TEST(others_ids_are_taken_as_they_are);
    TEST(another_s_id_fits_into_a_line);
    return test_result();
}
