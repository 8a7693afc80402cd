/* The input is a request's header as libmicrohttpd hands it over: "METHOD TARGET VERSION" on the first line, then "NAME:VALUE".
 * What passes has one meaning only, read here again by other means: how long the body is, and for which host it is. */
#include "api/http/guard.h"
#include "fuzz.h"

enum { MAX_BODY_BYTES = 1 << 20 };

static void read_input(struct str input, struct guard_request *request)
{
    struct str line = str_cut(&input, '\n');
    *request = (struct guard_request){0};
    request->method = str_cut(&line, ' ');
    request->target = str_cut(&line, ' ');
    request->version = line.data ? line : STR("HTTP/1.1");
    while (input.data) {
        line = str_cut(&input, '\n');
        struct guard_field field = {.name = str_cut(&line, ':')};
        field.value = line.data ? line : STR("");
        if (request->field_count < GUARD_MAX_FIELDS)
            request->fields[request->field_count] = field;
        request->field_count++;
    }
}

/* Their number; the last one's value. */
static size_t find_fields(const struct guard_request *request, struct str name, struct str *value)
{
    size_t count = 0;
    for (size_t i = 0; i < request->field_count; i++) {
        if (!str_equal_nocase(request->fields[i].name, name))
            continue;
        *value = str_trim(request->fields[i].value);
        count++;
    }
    return count;
}

/* RFC 9112 5, RFC 9110 5.5. */
static void check_fields(const struct guard_request *request)
{
    FUZZ_CHECK(request->field_count <= GUARD_MAX_FIELDS);
    for (size_t i = 0; i < request->field_count; i++) {
        struct str value = request->fields[i].value;
        FUZZ_CHECK(str_is_token(request->fields[i].name));
        for (size_t at = 0; at < value.len; at++)
            FUZZ_CHECK(value.data[at] == '\t' || !char_is_control(value.data[at]));
    }
}

/* RFC 9112 6.3, and 3.2 for the host. */
static void check_meaning(const struct guard_request *request, const struct guard_framing *framing)
{
    struct str length, coding, host;
    size_t lengths = find_fields(request, STR("Content-Length"), &length);
    size_t codings = find_fields(request, STR("Transfer-Encoding"), &coding);
    size_t hosts = find_fields(request, STR("Host"), &host);
    uint64_t octets = 0;
    FUZZ_CHECK(lengths + codings <= 1 && hosts <= 1);
    FUZZ_CHECK(hosts == 1 || !str_equal(request->version, STR("HTTP/1.1")));
    FUZZ_CHECK(framing->chunked == (codings == 1) && framing->has_length == (lengths == 1));
    FUZZ_CHECK(!codings || str_equal_nocase(coding, STR("chunked")));
    if (lengths) /* what is too large to be a number is too large for every limit, and refused by that */
        FUZZ_CHECK(framing->content_length ==
                   (str_to_uint(length, UINT64_MAX, &octets) ? octets : UINT64_MAX));
    FUZZ_CHECK(framing->path.data && fuzz_lies_within(framing->path, request->target));
    FUZZ_CHECK(str_index(framing->path, '?') == framing->path.len);
}

static void check_fault(const struct fault *fault)
{
    static const enum fault_code codes[] = {FAULT_MALFORMED_HTTP,    FAULT_EXPECTATION_FAILED,
                                            FAULT_LENGTH_REQUIRED,   FAULT_PAYLOAD_TOO_LARGE,
                                            FAULT_HEADERS_TOO_LARGE, FAULT_UNSUPPORTED_MEDIA_TYPE};
    bool is_known = false;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        is_known = is_known || fault->code == codes[i];
    FUZZ_CHECK(is_known && fault->detail[0]);
}

void fuzz_input(struct str input)
{
    struct guard_request request;
    struct guard_framing framing;
    struct fault fault = {0};
    read_input(input, &request);
    if (!guard_check_framing(&request, &framing, &fault)) {
        check_fault(&fault);
        return;
    }
    check_fields(&request);
    check_meaning(&request, &framing);
    int quality = guard_rate_accept(&request, STR("application"), STR("json"));
    FUZZ_CHECK(quality >= 0 && quality <= 1000);
    if (!guard_check_no_body(&framing, &fault))
        check_fault(&fault);
    if (!guard_check_message(&request, &framing, MAX_BODY_BYTES, &fault)) {
        check_fault(&fault);
        return;
    }
    FUZZ_CHECK(framing.chunked != framing.has_length && framing.content_type.len);
    FUZZ_CHECK(framing.content_length <= MAX_BODY_BYTES);
}
