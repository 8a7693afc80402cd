/* The input is what a caller sends as base64. An octet at a time it is judged the same, and wrapped by any window it is
 * the same digits, in lines of 76. */
#include "mime/base64_wrap.h"
#include "reader.h"

enum { MAX_MORE_WINDOW_BYTES = 512 };

/* False where there is something else than digits, white space, and padding behind them (RFC 4648 section 4). */
static bool collect(struct buf *digits, struct str text)
{
    size_t padding = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n')
            continue;
        bool is_digit = char_is_alpha(c) || char_is_digit(c) || c == '+' || c == '/';
        if (!(is_digit && !padding) && !(c == '=' && padding < 2))
            return false;
        padding += c == '=';
        buf_append_char(digits, c);
    }
    return true;
}

/* No bits are set that the padding drops. */
static bool is_whole(struct str digits)
{
    static const char one_octet_left[] = "AQgw", two_octets_left[] = "AEIMQUYcgkosw048";
    if (digits.len % 4)
        return false;
    size_t padding = digits.len - str_index(digits, '=');
    if (!padding)
        return true;
    char last = digits.data[digits.len - padding - 1];
    return strchr(padding == 2 ? one_octet_left : two_octets_left, last) != NULL;
}

static void check_wrapped(struct str input, struct str digits)
{
    uint32_t state = fuzz_seed(input);
    struct str rest = input;
    uint64_t octets = 0;
    bool was_short = false;
    for (size_t used = 1; used;) {
        size_t window_bytes = BASE64_LINE_COLUMNS + 2 + fuzz_next(&state) % MAX_MORE_WINDOW_BYTES;
        char *window = malloc(window_bytes); /* of its size, for AddressSanitizer */
        FUZZ_CHECK(window);
        used = base64_wrap_pull(&rest, window, window_bytes);
        octets += used;
        for (struct str lines = {window, used}; lines.len;) {
            struct str line = str_first(lines, str_index(lines, '\r'));
            FUZZ_CHECK(!was_short && line.len > 0 && line.len <= BASE64_LINE_COLUMNS);
            FUZZ_CHECK(str_starts_with(digits, line));
            was_short = line.len < BASE64_LINE_COLUMNS;
            digits = str_from(digits, line.len);
            FUZZ_CHECK(str_starts_with(str_from(lines, line.len), STR("\r\n")));
            lines = str_from(lines, line.len + 2);
        }
        free(window);
    }
    FUZZ_CHECK(digits.len == 0 && octets == base64_wrap_octets(input));
}

void fuzz_input(struct str input)
{
    struct buf digits, decoded;
    struct fault fault;
    uint64_t decoded_bytes;
    buf_init(&digits, READER_MAX_BYTES);
    buf_init(&decoded, READER_MAX_BYTES);
    bool is_valid = collect(&digits, input) && is_whole(buf_view(&digits));
    FUZZ_CHECK(base64_wrap_check(input, &decoded_bytes, &fault) == is_valid);
    if (is_valid) {
        reader_decode_base64(&decoded, buf_view(&digits));
        FUZZ_CHECK(decoded.len == decoded_bytes);
        check_wrapped(input, buf_view(&digits));
    }
    buf_fini(&digits);
    buf_fini(&decoded);
}
