/* The input is a text. As quoted-printable, pulled by any window, its lines keep the rules and decode to its canonical
 * form; whatever encoding is chosen for it has the size that was foretold, and decodes to the same. */
#include "mime/transfer.h"
#include "reader.h"

enum { MAX_COLUMNS = 76, MAX_MORE_WINDOW_BYTES = 512 };

/* RFC 2049 section 4, an octet at a time. */
static void make_canonical(struct buf *out, struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        bool is_end = text.data[i] == '\n' || text.data[i] == '\r';
        bool is_pair = i > 0 && text.data[i] == '\n' && text.data[i - 1] == '\r';
        if (is_end && !is_pair)
            buf_append(out, STR("\r\n"));
        else if (!is_end)
            buf_append_char(out, text.data[i]);
    }
    if (text.len && text.data[text.len - 1] != '\n' && text.data[text.len - 1] != '\r')
        buf_append(out, STR("\r\n"));
}

static void check_line(struct str line)
{
    FUZZ_CHECK(line.len <= MAX_COLUMNS);
    FUZZ_CHECK(!line.len || !reader_is_white(line.data[line.len - 1]));
    FUZZ_CHECK(!str_starts_with(line, STR(".")) && !str_starts_with(line, STR("From ")));
    for (size_t i = 0; i < line.len; i++)
        FUZZ_CHECK((line.data[i] >= ' ' && line.data[i] <= '~') || line.data[i] == '\t');
}

/* Lines that "=" ends go on. A UTF-8 character does not go over such an end. */
static void decode_quoted(struct buf *out, struct str text, bool whole_characters)
{
    while (text.len) {
        struct str line = str_first(text, str_index(text, '\r'));
        check_line(line);
        text = str_from(text, line.len);
        FUZZ_CHECK(str_starts_with(text, STR("\r\n")));
        text = str_from(text, 2);
        bool is_soft = line.len && line.data[line.len - 1] == '=';
        size_t before = out->len;
        FUZZ_CHECK(!is_soft || text.len);
        reader_decode_hex(out, str_first(line, line.len - is_soft), '=', false);
        FUZZ_CHECK(!whole_characters || utf8_valid(str_from(buf_view(out), before)));
        if (!is_soft)
            buf_append(out, STR("\r\n"));
    }
}

static void decode_lines_of_base64(struct buf *out, struct str text)
{
    struct buf digits;
    buf_init(&digits, READER_MAX_BYTES);
    while (text.len) {
        struct str line = str_first(text, str_index(text, '\r'));
        text = str_from(text, line.len);
        FUZZ_CHECK(str_starts_with(text, STR("\r\n")));
        text = str_from(text, 2);
        FUZZ_CHECK(line.len && (line.len == MAX_COLUMNS || (line.len < MAX_COLUMNS && !text.len)));
        buf_append(&digits, line);
    }
    reader_decode_base64(out, buf_view(&digits));
    buf_fini(&digits);
}

static void check_quoted_printable(struct str input, struct str canonical)
{
    uint32_t state = fuzz_seed(input);
    struct quoted_printable encoder = {.rest = input};
    struct buf encoded, decoded;
    buf_init(&encoded, READER_MAX_BYTES);
    buf_init(&decoded, READER_MAX_BYTES);
    for (size_t len = 1; len;) {
        size_t window_bytes = QUOTED_PRINTABLE_MIN_WINDOW_BYTES + fuzz_next(&state) % MAX_MORE_WINDOW_BYTES;
        char *window = malloc(window_bytes); /* of its size, for AddressSanitizer */
        FUZZ_CHECK(window);
        len = quoted_printable_pull(&encoder, window, window_bytes);
        FUZZ_CHECK(len <= window_bytes);
        buf_append(&encoded, (struct str){window, len});
        free(window);
    }
    decode_quoted(&decoded, buf_view(&encoded), utf8_valid(input));
    FUZZ_CHECK(!decoded.failed && str_equal(buf_view(&decoded), canonical));
    buf_fini(&encoded);
    buf_fini(&decoded);
}

static void check_seven_bit(struct str text, struct str forbidden)
{
    FUZZ_CHECK(!fuzz_holds(text, forbidden));
    while (text.len) {
        struct str line = str_first(text, str_index(text, '\r'));
        FUZZ_CHECK(line.len <= READER_MAX_LINE_OCTETS && !str_starts_with(line, STR("From ")));
        for (size_t i = 0; i < line.len; i++)
            FUZZ_CHECK((line.data[i] >= ' ' && line.data[i] <= '~') || line.data[i] == '\t');
        text = str_from(text, line.len + 2);
    }
}

static void check_transfer(struct str input, struct str canonical)
{
    static char window[TRANSFER_WINDOW_BYTES];
    struct str forbidden = STR("token");
    struct transfer transfer;
    struct arena arena;
    struct buf encoded, decoded;
    arena_init(&arena, READER_MAX_BYTES);
    buf_init(&encoded, READER_MAX_BYTES);
    buf_init(&decoded, READER_MAX_BYTES);
    FUZZ_CHECK(transfer_set_text(&transfer, &arena, input, forbidden));
    for (struct str piece;
         (piece = transfer_pull(&transfer, window, transfer_window_bytes(&transfer))).len > 0;)
        buf_append(&encoded, piece);
    FUZZ_CHECK(encoded.len == transfer.size_octets);
    if (transfer.encoding == TRANSFER_7BIT) {
        buf_append(&decoded, buf_view(&encoded));
        check_seven_bit(buf_view(&encoded), forbidden);
    } else if (transfer.encoding == TRANSFER_QUOTED_PRINTABLE) {
        decode_quoted(&decoded, buf_view(&encoded), utf8_valid(input));
    } else {
        decode_lines_of_base64(&decoded, buf_view(&encoded));
    }
    FUZZ_CHECK(!decoded.failed && str_equal(buf_view(&decoded), canonical));
    buf_fini(&encoded);
    buf_fini(&decoded);
    arena_fini(&arena);
}

void fuzz_input(struct str input)
{
    struct buf canonical;
    buf_init(&canonical, READER_MAX_BYTES);
    make_canonical(&canonical, input);
    check_quoted_printable(input, buf_view(&canonical));
    check_transfer(input, buf_view(&canonical));
    buf_fini(&canonical);
}
