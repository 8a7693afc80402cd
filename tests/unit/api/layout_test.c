/* Headers cut up in place as libmicrohttpd 0.9 does it, and what their places still tell; chunks likewise. */
#include "api/http/layout.h"
#include "test.h"

#include <string.h>

enum { BUFFER_BYTES = 512 };

static char buffer[BUFFER_BYTES];

/* Cuts the line at `at`, which ends with LF or CRLF, off the buffer; up to its first NUL. */
static struct str cut_line(char **at)
{
    char *line = *at, *lf = strchr(line, '\n'); /* NUL stands as "\1" until here */
    *at = lf + 1;
    *lf = '\0';
    if (lf > line && lf[-1] == '\r')
        lf[-1] = '\0';
    for (char *c = line; c < lf; c++)
        if (*c == '\1')
            *c = '\0';
    return str_of(line);
}

static struct str cut(char **at, char end)
{
    char *part = *at, *found = memchr(part, end, (size_t)(buffer + BUFFER_BYTES - part));
    *found = '\0';
    *at = found + 1;
    return str_of(part);
}

/* The header in `text`, with "\1" for NUL. */
static struct guard_request cut_header(const char *text)
{
    struct guard_request request = {0};
    char *at = buffer;
    snprintf(buffer, sizeof buffer, "%s", text);
    cut_line(&at);
    char *part = buffer;
    request.method = cut(&part, ' ');
    part += strspn(part, " ");
    request.seen_target = cut(&part, ' ');
    request.version = str_of(part);
    for (struct str line = cut_line(&at); line.len; line = cut_line(&at)) {
        char *rest = (char *)(uintptr_t)line.data;
        if (*rest == ':')
            break; /* what 0.9 takes for the empty line */
        struct str name = cut(&rest, ':');
        rest += strspn(rest, " \t");
        request.fields[request.field_count++] = (struct guard_field){name, str_of(rest)};
    }
    request.seen_bytes = (size_t)(at - buffer);
    return request;
}

#define START "GET / HTTP/1.1\r\n"

static void a_header_is_exact_or_not(void)
{
    static const struct {
        const char *name, *text;
        bool exact;
    } rows[] = {
        {"one field", START "Host: a\r\n\r\n", true},
        {"no field", START "\r\n", true},
        {"several", START "Host: a\r\nX: b\r\nY: c\r\n\r\n", true},
        {"white space around a value", START "Host: \t a \t\r\nX:b\r\n\r\n", true},
        {"empty values", START "Host:\r\nX: \t\r\nY:\r\n\r\n", true},
        {"what follows is not looked at", START "Host: a\r\n\r\n\n\n", true},
        {"H22 LF behind the first line", "GET / HTTP/1.1\nHost: a\r\n\r\n", false},
        {"H22 LF behind a field", START "Host: a\nX: b\r\n\r\n", false},
        {"H22 LF behind the last field", START "Host: a\n\r\n", false},
        {"H22 LF for the empty line", START "Host: a\r\n\n", false},
        {"H22 LF behind no field", START "\n", false},
        {"H22 LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", false},
        {"H24 NUL in a value", START "Host: a\1b\r\nX: b\r\n\r\n", false},
        {"H24 NUL at a value's end", START "Host: a\1\r\nX: b\r\n\r\n", false},
        {"H24 NUL in the last value", START "Host: a\1b\r\n\r\n", false},
        {"H24 NUL and as much behind it as an empty line is long", START "Host: a\1b\n\n\r\n", false},
        {"H24 NUL alone", START "Host:\1\r\n\r\n", false},
        {"H25 NUL before a name", START "Host: a\r\n\1X: b\r\n\r\n", false},
        {"H25 NUL in the version", "GET / HTTP/1.1\1\r\nHost: a\r\n\r\n", false},
        {"H26 NUL in the target", "GET /\1a HTTP/1.1\r\nHost: a\r\n\r\n", false},
        {"NUL in the method", "GET\1a / HTTP/1.1\r\nHost: a\r\n\r\n", false},
        {"H31 two spaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", false},
        {"H37 no name", START "Host: a\r\n: b\r\nX: b\r\n\r\n", false},
        {"H37 neither name nor value", START "Host: a\r\n:\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct guard_request request = cut_header(rows[i].text);
        CHECK_INT(layout_of_header_is_exact(&request), rows[i].exact);
    }
}

/* What may look right in the parts alone is refused for its layout, and taken where none is known. */
static void the_guard_looks_at_the_layout(void)
{
    static const struct {
        const char *name, *text;
        bool passes;
    } rows[] = {
        {"as it should be", START "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n", true},
        {"H9 a space behind chunked", START "Host: a\r\nTransfer-Encoding: chunked \r\n\r\n", false},
        {"H9 a tab behind chunked", START "Host: a\r\ntransfer-encoding: chunked\t\r\n\r\n", false},
        {"white space behind another value", START "Host: a \r\nX: b \r\n\r\n", true},
        {"H22", START "Host: a\nX: b\r\n\r\n", false},
        {"H24", START "Host: a\1b\r\n\r\n", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct guard_request request = cut_header(rows[i].text);
        struct guard_framing framing;
        struct fault fault = {0};
        request.target = request.seen_target;
        bool passes = guard_check_framing(&request, &framing, &fault);
        CHECK_INT(passes ? FAULT_NONE : fault.code, rows[i].passes ? FAULT_NONE : FAULT_MALFORMED_HTTP);
        request.seen_target = (struct str){0};
        CHECK(guard_check_framing(&request, &framing, &fault));
    }
}

/* H32: a folded line is moved away together with the name. */
static void a_part_that_lies_elsewhere_is_seen(void)
{
    static char elsewhere[] = "Host b";
    struct guard_request request = cut_header(START "Host: a\r\nX: b\r\n\r\n");
    CHECK(layout_of_header_is_exact(&request));
    request.fields[0].name = str_of(elsewhere);
    CHECK(!layout_of_header_is_exact(&request));
    request = cut_header(START "Host: a\r\nX: b\r\n\r\n");
    request.fields[1].value = str_of(elsewhere);
    CHECK(!layout_of_header_is_exact(&request));
    request = cut_header(START "Host: a\r\nX: b\r\n\r\n");
    request.version = str_of(elsewhere);
    CHECK(!layout_of_header_is_exact(&request));
}

static void what_stands_before_a_chunk_is_exact_or_not(void)
{
    static const struct {
        const char *name;
        struct str text;
        bool exact;
    } rows[] = {
        {"the first chunk", STR("5\r\n"), true},
        {"leading zeros", STR("0005\r\n"), true},
        {"the second", STR("5\r\nhello\r\n1\r\n"), true},
        {"behind data with LF in it", STR("3\r\na\nb\r\n1\r\n"), true},
        {"behind data that ends with CR", STR("1\r\n\r\r\n1\r\n"), true},
        {"behind the end of a chunk that was read before", STR("\r\n1\r\n"), true},
        {"H17 an extension", STR("5;a=\"b\tc\"\r\n"), true},
        {"H17 CR in one", STR("5;a\rb\r\n"), false},
        {"H17 CR at its end", STR("5;a\r\r\n"), false},
        {"H17 NUL in one", STR("5;a\0b\r\n"), false},
        {"H18 LF behind the size", STR("5\n"), false},
        {"H18 LF alone", STR("\n"), false},
        {"H18 LF behind an extension", STR("5;a\n"), false},
        {"H18 LF behind the data", STR("5\r\nhello\n1\r\n"), false},
        {"H18 LF behind data that was read before", STR("\n1\r\n"), false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        CHECK_INT(layout_of_chunk_is_exact(rows[i].text), rows[i].exact);
    }
}

static void without_a_buffer_in_sight_every_chunk_passes(void)
{
    static const char text[] = "5\nhello";
    struct fault fault = {0};
    struct layout layout = {0};
    CHECK(layout_check_chunk(&layout, text + 2, &fault));
    layout.buffer = text;
    CHECK(layout_check_chunk(&layout, text, &fault));
    CHECK_INT(fault.code, FAULT_NONE);
    CHECK(!layout_check_chunk(&layout, text + 2, &fault));
    CHECK_INT(fault.code, FAULT_MALFORMED_HTTP);
}

int main(void)
{
    TEST(a_header_is_exact_or_not);
    TEST(the_guard_looks_at_the_layout);
    TEST(a_part_that_lies_elsewhere_is_seen);
    TEST(what_stands_before_a_chunk_is_exact_or_not);
    TEST(without_a_buffer_in_sight_every_chunk_passes);
    return test_result();
}
