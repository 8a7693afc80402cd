#include "service/sandbox/header.h"
#include "test.h"

static void fields_end_where_no_fold_follows(void)
{
    static const struct {
        const char *message;
        const char *names, *values; /* joined by "|" */
    } rows[] = {
        {"A: 1\r\nB: 2\r\n\r\nC: 3\r\n", "A|B|", "1|2|"},
        {"A: 1\r\n\t2\r\n 3\r\nB: 4\r\n\r\n", "A|B|", "1\t2 3|4|"},
        {"A:1", "A|", "1|"},
        {"A:\r\nB: \r\n", "A|B|", "||"},
        {"A: 1\nB: 2\r\n\r\n", "A|", "1\nB: 2|"},
        {"A: 1\rB: 2\r\n", "A|", "1\rB: 2|"},
        {"A: 1\r\nno field\r\nB: 2\r\n", "A|", "1|"},
        {"no field\r\nB: 2\r\n", "", ""},
        {"A : 1\r\n", "", ""},
        {": 1\r\n", "", ""},
        {"\r\nbody: 1\r\n", "", ""},
        {"A: 1:2\r\n ", "A|", "1:2|"},
        {"A:\r", "A|", "\r|"},
        {"\r", "", ""},
        {"", "", ""},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].message);
        struct buf names, values, line;
        buf_init(&names, 256);
        buf_init(&values, 256);
        struct str rest = str_of(rows[i].message);
        struct sandbox_header header;
        while (sandbox_header_next(&rest, &header)) {
            buf_init(&line, 64);
            sandbox_header_unfold(&line, header.value);
            buf_append_format(&names, "%.*s|", STR_ARG(header.name));
            buf_append_format(&values, "%.*s|", STR_ARG(buf_view(&line)));
            buf_fini(&line);
        }
        CHECK_TEXT(buf_view(&names), rows[i].names);
        CHECK_TEXT(buf_view(&values), rows[i].values);
        buf_fini(&names);
        buf_fini(&values);
    }
}

static void a_long_value_is_cut_at_the_bound(void)
{
    struct buf line;
    buf_init(&line, 5);
    sandbox_header_unfold(&line, STR("abc\r\n def\r\n ghi"));
    CHECK(!line.failed);
    CHECK_TEXT(buf_view(&line), "abc d");
    buf_fini(&line);
}

static void a_field_is_found_in_the_header_section_only(void)
{
    struct str message = STR("From: a@b\r\nsubject: one\r\nSubject: two\r\n\r\nTo: body\r\n");
    CHECK_TEXT(sandbox_header_find(message, STR("Subject")), "one");
    CHECK(!sandbox_header_find(message, STR("To")).data);
}

int main(void)
{
    TEST(fields_end_where_no_fold_follows);
    TEST(a_long_value_is_cut_at_the_bound);
    TEST(a_field_is_found_in_the_header_section_only);
    return test_result();
}
