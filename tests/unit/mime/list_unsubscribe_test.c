#include "mime/list_unsubscribe.h"
#include "test.h"

#include <string.h>

static void a_url_is_http_and_printable(void)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"https://example.com/u?t=1", true},
        {"HTTP://example.com", true},
        {"ftp://example.com", false},
        {"https://", false},
        {"https:///x", false},
        {"example.com", false},
        {"https://example.com/a b", false},
        {"https://example.com/a>", false},
        {"https://example.com/<a", false},
        {"https://example.com/a\"b", false},
        {"https://example.com/a\\b", false},
        {"https://example.com/\x7f", false},
        {"https://example.com/~a", true},
        {"https://example.com/a,b", false},
        {"https://example.com/\r\nX: y", false},
        {"https://example.com/\xc3\xa9", false},
        {"javascript:alert(1)", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%s", rows[i].text);
        CHECK_INT(list_unsubscribe_check_url(str_of(rows[i].text), &fault), rows[i].valid);
    }
}

/* It is not folded. */
static void a_url_fits_into_a_line(void)
{
    char text[901];
    struct fault fault;
    memset(text, 'a', sizeof text);
    memcpy(text, "https://", 8);
    CHECK(list_unsubscribe_check_url((struct str){text, 900}, &fault));
    CHECK(!list_unsubscribe_check_url((struct str){text, 901}, &fault));
    CHECK_TEXT(str_of(fault.detail), "the URL is longer than 900 octets");
}

static void a_mailto_is_an_address_or_a_url(void)
{
    static const struct {
        const char *text;
        bool valid;
    } rows[] = {
        {"off@example.com", true},
        {"mailto:off@example.com?subject=off", true},
        {"mailto:", false},
        {"mailto:off", false},
        {"off@", false},
        {"@example.com", false},
        {"mailto:?to=a@b", false},
        {"off@example.com>", false},
        {"off@example.com, a@b", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%s", rows[i].text);
        CHECK_INT(list_unsubscribe_check_mailto(str_of(rows[i].text), &fault), rows[i].valid);
    }
}

static void one_click_needs_https(void)
{
    static const struct {
        struct list_unsubscribe list;
        bool valid;
    } rows[] = {
        {{.url = {"https://a.example", 17}, .one_click = true}, true},
        {{.url = {"http://a.example", 16}, .one_click = true}, false},
        {{.mailto = {"a@b", 3}, .one_click = true}, false},
        {{.mailto = {"a@b", 3}}, true},
        {{.one_click = false}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct fault fault;
        test_row("%zu", i);
        CHECK_INT(list_unsubscribe_check(&rows[i].list, &fault), rows[i].valid);
    }
}

static void the_fields_are_as_the_rfcs_have_them(void)
{
    static const struct {
        struct list_unsubscribe list;
        const char *want;
    } rows[] = {
        {{.url = {NULL, 0}}, ""},
        {{.url = {"https://a.example/u", 19}}, "List-Unsubscribe: <https://a.example/u>\r\n"},
        {{.mailto = {"a@b", 3}}, "List-Unsubscribe: <mailto:a@b>\r\n"},
        {{.url = {"https://a.example/u", 19}, .mailto = {"mailto:a@b", 10}, .one_click = true},
         "List-Unsubscribe: <https://a.example/u>, <mailto:a@b>\r\n"
         "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buf out;
        buf_init(&out, 4096);
        test_row("%zu", i);
        list_unsubscribe_write(&out, &rows[i].list);
        CHECK_TEXT(out.len ? buf_view(&out) : STR(""), rows[i].want);
        buf_fini(&out);
    }
}

int main(void)
{
    TEST(a_url_is_http_and_printable);
    TEST(a_url_fits_into_a_line);
    TEST(a_mailto_is_an_address_or_a_url);
    TEST(one_click_needs_https);
    TEST(the_fields_are_as_the_rfcs_have_them);
    return test_result();
}
