#include "api/http/guard.h"

#include "api/http/layout.h"

#include <inttypes.h>
#include <string.h>

/* RFC 9110 5.5: visible characters, spaces and tabs, and bytes that are not ASCII. */
static bool is_field_value(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (char_is_control(text.data[i]) && text.data[i] != '\t')
            return false;
    return true;
}

/* RFC 9112 3.2, as origin form: a path and a query of visible ASCII, and never a fragment. */
static bool is_target(struct str text)
{
    return text.len > 0 && str_is_visible(text) && str_index(text, '#') == text.len;
}

/* RFC 9110 7.2: uri-host [ ":" port ], as far as the characters go. */
static bool is_host(struct str text)
{
    for (size_t i = 0; i < text.len; i++)
        if (!char_is_alpha(text.data[i]) && !char_is_digit(text.data[i]) &&
            !(text.data[i] && strchr("-._~!$&'()*+,;=%:[]", text.data[i])))
            return false;
    return true;
}

/* The value of the first field of this name, and how many there are. */
static size_t find_field(const struct guard_request *request, struct str name, struct str *value)
{
    size_t found = 0;
    for (size_t i = 0; i < request->field_count && i < GUARD_MAX_FIELDS; i++) {
        if (!str_equal_nocase(request->fields[i].name, name))
            continue;
        if (found++ == 0)
            *value = str_trim(request->fields[i].value);
    }
    return found;
}

static bool check_fields(const struct guard_request *request, struct fault *fault)
{
    if (request->field_count > GUARD_MAX_FIELDS)
        return fault_set(fault, FAULT_HEADERS_TOO_LARGE, "the header has %zu fields; at most %d are taken",
                         request->field_count, GUARD_MAX_FIELDS);
    for (size_t i = 0; i < request->field_count; i++) {
        if (!str_is_token(request->fields[i].name))
            return fault_set(fault, FAULT_MALFORMED_HTTP, "a header field has a name that is no token");
        if (!is_field_value(request->fields[i].value))
            return fault_set(fault, FAULT_MALFORMED_HTTP, "a header field has a control character");
    }
    return true;
}

/* RFC 9112 2.2 and 5.2 leave a bare LF or a folded field to the server's mercy, and there is none; 5.1 has no white
 * space before the colon. */
static bool check_layout(const struct guard_request *request, struct fault *fault)
{
    return !request->seen_target.data || layout_of_header_is_exact(request) ||
           fault_set(fault, FAULT_MALFORMED_HTTP,
                     "a line of the header does not end with CRLF, or has NUL, or is folded, or has no name");
}

/* RFC 9112 3.2: exactly one Host in HTTP/1.1. */
static bool check_host(const struct guard_request *request, struct fault *fault)
{
    struct str host = {0};
    size_t count = find_field(request, STR("Host"), &host);
    bool may_lack = str_equal(request->version, STR("HTTP/1.0"));
    if (count > 1 || (count == 0 && !may_lack))
        return fault_set(fault, FAULT_MALFORMED_HTTP, "there must be one Host field, not %zu", count);
    return is_host(host) || fault_set(fault, FAULT_MALFORMED_HTTP, "the Host field is no host");
}

/* RFC 9112 3.2.2: the absolute form is taken where it names the host that the Host field names. */
static bool split_target(const struct guard_request *request, struct guard_framing *framing,
                         struct fault *fault)
{
    struct str path = request->target, host = {0};
    if (!is_target(path))
        return fault_set(fault, FAULT_MALFORMED_HTTP,
                         "the request target has a character that must be percent-encoded");
    if (str_starts_with_nocase(path, STR("http://"))) {
        path = str_from(path, sizeof "http://" - 1);
        struct str authority = str_first(path, str_index(path, '/'));
        if (!find_field(request, STR("Host"), &host) || !str_equal_nocase(authority, host))
            return fault_set(fault, FAULT_MALFORMED_HTTP, "the request target names another host");
        path = str_from(path, authority.len);
    }
    framing->path = str_cut(&path, '?');
    framing->query = path;
    return true;
}

static bool check_version(const struct guard_request *request, struct fault *fault)
{
    return str_equal(request->version, STR("HTTP/1.1")) || str_equal(request->version, STR("HTTP/1.0")) ||
           fault_set(fault, FAULT_MALFORMED_HTTP, "only HTTP/1.1 and HTTP/1.0 are spoken here");
}

/* libmicrohttpd that leaves white space behind a value takes "chunked " for another coding. */
static bool has_space_behind(const struct guard_request *request, struct str name)
{
    for (size_t i = 0; i < request->field_count; i++) {
        struct str value = request->fields[i].value;
        if (str_equal_nocase(request->fields[i].name, name) && value.len &&
            str_trim(str_from(value, value.len - 1)).len == 0)
            return true;
    }
    return false;
}

/* RFC 9112 6.3 leaves some of these to the server's mercy; there is none, for they are how requests
 * are smuggled. */
static bool check_transfer_encoding(const struct guard_request *request, struct guard_framing *framing,
                                    struct fault *fault)
{
    struct str encoding = {0};
    size_t count = find_field(request, STR("Transfer-Encoding"), &encoding);
    if (count == 0)
        return true;
    if (count > 1 || !str_equal_nocase(encoding, STR("chunked")))
        return fault_set(fault, FAULT_MALFORMED_HTTP, "the only Transfer-Encoding that is taken is chunked");
    if (request->seen_target.data && has_space_behind(request, STR("Transfer-Encoding")))
        return fault_set(fault, FAULT_MALFORMED_HTTP, "white space stands behind the Transfer-Encoding");
    if (framing->has_length)
        return fault_set(fault, FAULT_MALFORMED_HTTP,
                         "there are both a Content-Length and a Transfer-Encoding");
    if (!str_equal(request->version, STR("HTTP/1.1")))
        return fault_set(fault, FAULT_MALFORMED_HTTP, "HTTP/1.0 has no Transfer-Encoding");
    framing->chunked = true;
    return true;
}

static bool check_content_length(const struct guard_request *request, struct guard_framing *framing,
                                 struct fault *fault)
{
    struct str length = {0};
    size_t count = find_field(request, STR("Content-Length"), &length);
    if (count == 0)
        return true;
    if (count > 1)
        return fault_set(fault, FAULT_MALFORMED_HTTP, "there are %zu Content-Length fields", count);
    for (size_t i = 0; i < length.len; i++)
        if (!char_is_digit(length.data[i]))
            return fault_set(fault, FAULT_MALFORMED_HTTP, "the Content-Length is not a number");
    if (length.len == 0)
        return fault_set(fault, FAULT_MALFORMED_HTTP, "the Content-Length is empty");
    framing->has_length = true;
    /* Digits that do not fit are a number all the same, and too large for any limit. */
    if (!str_to_uint(length, UINT64_MAX, &framing->content_length))
        framing->content_length = UINT64_MAX;
    return true;
}

/* RFC 9110 10.1.1. */
static bool check_expect(const struct guard_request *request, struct guard_framing *framing,
                         struct fault *fault)
{
    struct str expectation = {0};
    size_t count = find_field(request, STR("Expect"), &expectation);
    if (count == 0)
        return true;
    framing->expects_continue = true;
    if (count > 1 || !str_equal_nocase(expectation, STR("100-continue")))
        return fault_set(fault, FAULT_EXPECTATION_FAILED, "the only expectation that is met is 100-continue");
    return framing->chunked || framing->content_length > 0 ||
           fault_set(fault, FAULT_EXPECTATION_FAILED, "there is no body to continue with");
}

bool guard_check_framing(const struct guard_request *request, struct guard_framing *framing,
                         struct fault *fault)
{
    *framing = (struct guard_framing){0};
    return split_target(request, framing, fault) && check_version(request, fault) &&
           check_fields(request, fault) && check_layout(request, fault) && check_host(request, fault) &&
           check_content_length(request, framing, fault) &&
           check_transfer_encoding(request, framing, fault) && check_expect(request, framing, fault);
}

bool guard_check_no_body(const struct guard_framing *framing, struct fault *fault)
{
    return (!framing->chunked && framing->content_length == 0) ||
           fault_set(fault, FAULT_MALFORMED_HTTP, "this request takes no body");
}

static const struct {
    struct str type;
    enum message_form form;
} forms[] = {{STR("application/json"), MESSAGE_AS_JSON},
             {STR("multipart/form-data"), MESSAGE_AS_FORM},
             {STR("message/rfc822"), MESSAGE_AS_RFC822}};

static bool find_form(struct guard_framing *framing)
{
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
        if (media_is_type(framing->content_type, forms[i].type)) {
            framing->form = forms[i].form;
            return true;
        }
    return false;
}

static bool check_media(const struct guard_request *request, struct guard_framing *framing,
                        struct fault *fault)
{
    struct str coding = {0};
    if (find_field(request, STR("Content-Type"), &framing->content_type) != 1 || !find_form(framing))
        return fault_set(fault, FAULT_UNSUPPORTED_MEDIA_TYPE,
                         "the Content-Type must be application/json, multipart/form-data or message/rfc822");
    if (!media_charset_is_utf8(framing->content_type))
        return fault_set(fault, FAULT_UNSUPPORTED_MEDIA_TYPE, "the charset must be UTF-8");
    if (find_field(request, STR("Content-Encoding"), &coding) > 0 &&
        !str_equal_nocase(coding, STR("identity")))
        return fault_set(fault, FAULT_UNSUPPORTED_MEDIA_TYPE, "the body must not be compressed");
    return true;
}

bool guard_check_message(const struct guard_request *request, struct guard_framing *framing,
                         uint64_t max_body_bytes, struct fault *fault)
{
    if (!framing->has_length && !framing->chunked)
        return fault_set(fault, FAULT_LENGTH_REQUIRED,
                         "give the body's Content-Length, or send it as Transfer-Encoding: chunked");
    if (framing->content_length > max_body_bytes)
        return fault_set(fault, FAULT_PAYLOAD_TOO_LARGE,
                         "the body has %" PRIu64 " bytes; at most %" PRIu64 " are taken",
                         framing->content_length, max_body_bytes);
    return check_media(request, framing, fault);
}

int guard_rate_accept(const struct guard_request *request, struct str type, struct str subtype)
{
    struct media_rating rating = {0};
    bool any = false;
    for (size_t i = 0; i < request->field_count; i++) {
        struct str accept = str_trim(request->fields[i].value);
        if (!str_equal_nocase(request->fields[i].name, STR("Accept")) || !accept.len)
            continue;
        any = true;
        media_rate_accept(accept, type, subtype, &rating);
    }
    return any ? rating.quality : MEDIA_FULL_QUALITY;
}
