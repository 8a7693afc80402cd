/* The guard over tables of header fields, as libmicrohttpd hands them over. Rows that begin with H are those of
 * the input matrix, as far as they can be seen here; what happens on the wire is the server test's matter. */
#include "api/http/guard.h"
#include "test.h"

enum { MAX_BODY_BYTES = 1000, ROW_FIELDS = 8 };

struct row {
    const char *name;
    const char *fields[2 * ROW_FIELDS]; /* name, value, ... */
    enum fault_code code;
};

static struct guard_request request_of(const char *const *fields)
{
    struct guard_request request = {
        .method = STR("POST"), .target = STR("/v1/messages"), .version = STR("HTTP/1.1")};
    for (; *fields; fields += 2)
        request.fields[request.field_count++] = (struct guard_field){str_of(fields[0]), str_of(fields[1])};
    return request;
}

static enum fault_code check_message(const struct guard_request *request, struct guard_framing *framing)
{
    struct fault fault = {0};
    bool passes = guard_check_framing(request, framing, &fault) &&
                  guard_check_message(request, framing, MAX_BODY_BYTES, &fault);
    return passes ? FAULT_NONE : fault.code;
}

#define HOST   "Host", "localhost"
#define JSON   "Content-Type", "application/json"
#define LENGTH "Content-Length", "7"

static const struct row message_rows[] = {
    {"the usual", {HOST, LENGTH, JSON}, FAULT_NONE},
    {"names in any case", {"hOST", "x", "content-LENGTH", "7", "CONTENT-type", "Application/JSON"}, 0},
    {"chunked", {HOST, JSON, "Transfer-Encoding", "chunked"}, FAULT_NONE},
    {"Chunked", {HOST, JSON, "Transfer-Encoding", " Chunked "}, FAULT_NONE},
    {"as long as is allowed", {HOST, JSON, "Content-Length", "1000"}, FAULT_NONE},
    {"empty", {HOST, JSON, "Content-Length", "0"}, FAULT_NONE},
    {"H1 both", {HOST, JSON, LENGTH, "Transfer-Encoding", "chunked"}, FAULT_MALFORMED_HTTP},
    {"H2 both, the other way", {HOST, "Transfer-Encoding", "chunked", JSON, LENGTH}, FAULT_MALFORMED_HTTP},
    {"H3 two lengths", {HOST, JSON, LENGTH, "Content-Length", "3"}, FAULT_MALFORMED_HTTP},
    {"H4 the same twice", {HOST, JSON, LENGTH, LENGTH}, FAULT_MALFORMED_HTTP},
    {"H5 a list", {HOST, JSON, "Content-Length", "7, 7"}, FAULT_MALFORMED_HTTP},
    {"H6 +7", {HOST, JSON, "Content-Length", "+7"}, FAULT_MALFORMED_HTTP},
    {"H6 -1", {HOST, JSON, "Content-Length", "-1"}, FAULT_MALFORMED_HTTP},
    {"H6 0x7", {HOST, JSON, "Content-Length", "0x7"}, FAULT_MALFORMED_HTTP},
    {"H6 7abc", {HOST, JSON, "Content-Length", "7abc"}, FAULT_MALFORMED_HTTP},
    {"H6 empty", {HOST, JSON, "Content-Length", ""}, FAULT_MALFORMED_HTTP},
    {"H7 2^64", {HOST, JSON, "Content-Length", "18446744073709551616"}, FAULT_PAYLOAD_TOO_LARGE},
    {"H8 2^63-1", {HOST, JSON, "Content-Length", "9223372036854775807"}, FAULT_PAYLOAD_TOO_LARGE},
    {"H8 one too many", {HOST, JSON, "Content-Length", "1001"}, FAULT_PAYLOAD_TOO_LARGE},
    {"H9 white space around", {HOST, JSON, "Content-Length", "  7\t "}, FAULT_NONE},
    {"H10 identity", {HOST, JSON, "Transfer-Encoding", "identity"}, FAULT_MALFORMED_HTTP},
    {"H11 xchunked", {HOST, JSON, "Transfer-Encoding", "xchunked"}, FAULT_MALFORMED_HTTP},
    {"H11 gzip, chunked", {HOST, JSON, "Transfer-Encoding", "gzip, chunked"}, FAULT_MALFORMED_HTTP},
    {"H11 chunked, identity", {HOST, JSON, "Transfer-Encoding", "chunked, identity"}, FAULT_MALFORMED_HTTP},
    {"H12 a control", {HOST, JSON, "Transfer-Encoding", "\013chunked"}, FAULT_MALFORMED_HTTP},
    {"H13 H35 a space before the colon", {HOST, JSON, "Transfer-Encoding ", "chunked"}, FAULT_MALFORMED_HTTP},
    {"H14 two of them",
     {HOST, JSON, "Transfer-Encoding", "chunked", "Transfer-Encoding", "chunked"},
     FAULT_MALFORMED_HTTP},
    {"H23 a control in a value", {HOST, JSON, LENGTH, "X", "a\001b"}, FAULT_MALFORMED_HTTP},
    {"H23 a bare CR", {HOST, JSON, LENGTH, "X", "a\rb"}, FAULT_MALFORMED_HTTP},
    {"H32 a folded name", {HOST, JSON, LENGTH, "X\r\n Y", "a"}, FAULT_MALFORMED_HTTP},
    {"H34 a space before the name", {HOST, JSON, LENGTH, " X", "a"}, FAULT_MALFORMED_HTTP},
    {"H37 no name", {HOST, JSON, LENGTH, "", "a"}, FAULT_MALFORMED_HTTP},
    {"a name that is not ASCII", {HOST, JSON, LENGTH, "X\xc3\xa4", "a"}, FAULT_MALFORMED_HTTP},
    {"a value that is not", {HOST, JSON, LENGTH, "X", "\xc3\xa4 \t"}, FAULT_NONE},
    {"H38 no Host", {JSON, LENGTH}, FAULT_MALFORMED_HTTP},
    {"H39 two Hosts", {HOST, JSON, LENGTH, HOST}, FAULT_MALFORMED_HTTP},
    {"a Host that is none", {"Host", "a b", JSON, LENGTH}, FAULT_MALFORMED_HTTP},
    {"a Host with a path", {"Host", "a/b", JSON, LENGTH}, FAULT_MALFORMED_HTTP},
    {"an IPv6 Host", {"Host", "[::1]:8587", JSON, LENGTH}, FAULT_NONE},
    {"H48 an upgrade is not looked at", {HOST, JSON, LENGTH, "Upgrade", "h2c"}, FAULT_NONE},
    {"100-continue", {HOST, JSON, LENGTH, "Expect", "100-Continue"}, FAULT_NONE},
    {"100-continue with chunks", {HOST, JSON, "Transfer-Encoding", "chunked", "Expect", "100-continue"}, 0},
    {"100-continue with nothing to continue",
     {HOST, JSON, "Content-Length", "0", "Expect", "100-continue"},
     FAULT_EXPECTATION_FAILED},
    {"H50 junk", {HOST, JSON, LENGTH, "Expect", "200-ok"}, FAULT_EXPECTATION_FAILED},
    {"H50 two",
     {HOST, JSON, LENGTH, "Expect", "100-continue", "Expect", "100-continue"},
     FAULT_EXPECTATION_FAILED},
    {"no length", {HOST, JSON}, FAULT_LENGTH_REQUIRED},
    {"H93 no type", {HOST, LENGTH}, FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H93 another", {HOST, LENGTH, "Content-Type", "text/plain"}, FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H93 a longer one",
     {HOST, LENGTH, "Content-Type", "application/json-seq"},
     FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H93 two", {HOST, LENGTH, JSON, JSON}, FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"UTF-8", {HOST, LENGTH, "Content-Type", "application/json; charset=utf-8"}, FAULT_NONE},
    {"\"UTF-8\"", {HOST, LENGTH, "Content-Type", "application/json ;Charset=\"UTF-8\""}, FAULT_NONE},
    {"H94 UTF-16",
     {HOST, LENGTH, "Content-Type", "application/json; charset=utf-16"},
     FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H94 behind another parameter",
     {HOST, LENGTH, "Content-Type", "application/json; a=b; charset=latin1"},
     FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H95 gzip", {HOST, LENGTH, JSON, "Content-Encoding", "gzip"}, FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H95 br", {HOST, LENGTH, JSON, "Content-Encoding", "br"}, FAULT_UNSUPPORTED_MEDIA_TYPE},
    {"H95 identity", {HOST, LENGTH, JSON, "Content-Encoding", "identity"}, FAULT_NONE},
};

static void a_message_is_framed_and_typed(void)
{
    for (size_t i = 0; i < sizeof message_rows / sizeof *message_rows; i++) {
        test_row("%s", message_rows[i].name);
        struct guard_request request = request_of(message_rows[i].fields);
        struct guard_framing framing;
        CHECK_INT(check_message(&request, &framing), message_rows[i].code);
    }
}

static void only_http_1_0_and_1_1_are_spoken(void)
{
    static const char *const fields[] = {HOST, JSON, LENGTH, NULL};
    static const char *const chunked[] = {HOST, JSON, "Transfer-Encoding", "chunked", NULL};
    static const char *const no_host[] = {JSON, LENGTH, NULL};
    static const struct {
        const char *name;
        const char *version;
        const char *const *fields;
        enum fault_code code;
    } rows[] = {{"1.1", "HTTP/1.1", fields, FAULT_NONE},
                {"1.0", "HTTP/1.0", fields, FAULT_NONE},
                {"1.0 without Host", "HTTP/1.0", no_host, FAULT_NONE},
                {"H15 1.0 chunked", "HTTP/1.0", chunked, FAULT_MALFORMED_HTTP},
                {"H41 1.2", "HTTP/1.2", fields, FAULT_MALFORMED_HTTP},
                {"H40 2.0", "HTTP/2.0", fields, FAULT_MALFORMED_HTTP},
                {"H42 0.9", "", fields, FAULT_MALFORMED_HTTP},
                {"H42 another protocol", "FOO/1.1", fields, FAULT_MALFORMED_HTTP},
                {"in small letters", "http/1.1", fields, FAULT_MALFORMED_HTTP},
                {"1.1 and more", "HTTP/1.10", fields, FAULT_MALFORMED_HTTP}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct guard_request request = request_of(rows[i].fields);
        struct guard_framing framing;
        request.version = str_of(rows[i].version);
        CHECK_INT(check_message(&request, &framing), rows[i].code);
    }
}

static void the_target_is_cut_and_nothing_else(void)
{
    static const char *const fields[] = {HOST, JSON, LENGTH, NULL};
    static const struct {
        const char *name, *target, *path, *query; /* no path: malformed */
    } rows[] = {{"origin form", "/v1/messages", "/v1/messages", NULL},
                {"with a query", "/v1/messages?a=b?c", "/v1/messages", "a=b?c"},
                {"with an empty query", "/?", "/", ""},
                {"H27 %00", "/v1/messages%00", "/v1/messages%00", NULL},
                {"H28 %0d%0a", "/v1%0d%0a", "/v1%0d%0a", NULL},
                {"H29 dots and slashes", "/v1/../admin//x/%2e%2e", "/v1/../admin//x/%2e%2e", NULL},
                {"H45 asterisk", "*", "*", NULL},
                {"absolute form, this host", "http://LOCALHOST/v1/messages?x", "/v1/messages", "x"},
                {"H30 absolute form, another", "http://example.com/v1/messages", NULL, NULL},
                {"H30 absolute form, a user", "http://a@localhost/v1/messages", NULL, NULL},
                {"H31 a space", "/v1/messages HTTP/1.1", NULL, NULL},
                {"H31 a fragment", "/v1/messages#x", NULL, NULL},
                {"a control", "/v1\x01", NULL, NULL},
                {"a byte that is not ASCII", "/v1/\xc3\xa4", NULL, NULL},
                {"H26 cut at a NUL to nothing", "", NULL, NULL}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct guard_request request = request_of(fields);
        struct guard_framing framing;
        struct fault fault = {0};
        request.target = str_of(rows[i].target);
        bool passes = guard_check_framing(&request, &framing, &fault);
        CHECK_INT(passes ? FAULT_NONE : fault.code, rows[i].path ? FAULT_NONE : FAULT_MALFORMED_HTTP);
        if (rows[i].path) {
            CHECK_TEXT(framing.path, rows[i].path);
            CHECK_TEXT(framing.query, rows[i].query);
        }
    }
}

static void a_request_without_a_body_has_none(void)
{
    static const struct row rows[] = {
        {"nothing", {HOST}, FAULT_NONE},
        {"a length of nothing", {HOST, "Content-Length", "0"}, FAULT_NONE},
        {"a length", {HOST, LENGTH}, FAULT_MALFORMED_HTTP},
        {"chunked", {HOST, "Transfer-Encoding", "chunked"}, FAULT_MALFORMED_HTTP},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        struct guard_request request = request_of(rows[i].fields);
        struct guard_framing framing;
        struct fault fault = {0};
        CHECK(guard_check_framing(&request, &framing, &fault));
        bool passes = guard_check_no_body(&framing, &fault);
        CHECK_INT(passes ? FAULT_NONE : fault.code, rows[i].code);
    }
}

/* H47 */
static void fields_are_counted(void)
{
    static const char *const fields[] = {HOST, JSON, LENGTH, NULL};
    struct guard_request request = request_of(fields);
    struct guard_framing framing;
    while (request.field_count < GUARD_MAX_FIELDS)
        request.fields[request.field_count++] = (struct guard_field){STR("X"), STR("")};
    CHECK_INT(check_message(&request, &framing), FAULT_NONE);
    request.field_count = 2000;
    CHECK_INT(check_message(&request, &framing), FAULT_HEADERS_TOO_LARGE);
}

static void what_is_accepted_is_rated(void)
{
    static const struct {
        const char *name;
        const char *fields[4];
        int json, rfc822;
    } rows[] = {
        {"no Accept", {NULL}, 1000, 1000},
        {"an empty one", {"Accept", ""}, 1000, 1000},
        {"any", {"Accept", "*/*"}, 1000, 1000},
        {"JSON", {"Accept", "application/json"}, 1000, 0},
        {"a parameter", {"Accept", "application/json;v=1"}, 1000, 0},
        {"in any case", {"accept", "Application/JSON"}, 1000, 0},
        {"any of a type", {"Accept", "application/*"}, 1000, 0},
        {"a message", {"Accept", "message/rfc822"}, 0, 1000},
        {"both, the message rather", {"Accept", "application/json;q=0.5, message/rfc822"}, 500, 1000},
        {"any but JSON", {"Accept", "*/*, application/json;q=0"}, 0, 1000},
        {"any but JSON, turned", {"Accept", "application/json;q=0, */*;q=0.1"}, 0, 100},
        {"in two fields", {"Accept", "text/html", "Accept", "application/json;q=0.25"}, 250, 0},
        {"another", {"Accept", "text/html"}, 0, 0},
        {"a problem only", {"Accept", "application/problem+json"}, 0, 0},
        {"a quality that is none", {"Accept", "application/json;q=2"}, 0, 0},
        {"a quality that is none, with a better one",
         {"Accept", "application/json;q=x, */*;q=0.5"},
         500,
         500},
        {"three decimals", {"Accept", "application/json; q=0.123"}, 123, 0},
        {"four decimals", {"Accept", "application/json; q=0.1234"}, 0, 0},
        {"more than one", {"Accept", "application/json; q=1.001"}, 0, 0},
        {"half a range", {"Accept", "*/json"}, 0, 0},
        {"junk", {"Accept", ",;,/,q=1"}, 0, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        test_row("%s", rows[i].name);
        const char *fields[5] = {NULL};
        for (size_t f = 0; f < 4; f++)
            fields[f] = rows[i].fields[f];
        struct guard_request request = request_of(fields);
        CHECK_INT(guard_rate_accept(&request, STR("application"), STR("json")), rows[i].json);
        CHECK_INT(guard_rate_accept(&request, STR("message"), STR("rfc822")), rows[i].rfc822);
    }
}

int main(void)
{
    TEST(a_message_is_framed_and_typed);
    TEST(only_http_1_0_and_1_1_are_spoken);
    TEST(the_target_is_cut_and_nothing_else);
    TEST(a_request_without_a_body_has_none);
    TEST(fields_are_counted);
    TEST(what_is_accepted_is_rated);
    return test_result();
}
