/* The input is a body, and a header field. Fed in any pieces, a body has the relaxed form that the whole of it has by the
 * words of RFC 6376 3.4.4; a field that of 3.4.2, and a fold more changes nothing. */
#include "mime/dkim_canonical.h"
#include "reader.h"

enum { MAX_PIECE_BYTES = 24 };

static void take(void *context, struct str bytes)
{
    buf_append(context, bytes);
}

static void feed(struct buf *out, struct str input, bool in_pieces)
{
    uint32_t state = fuzz_seed(input);
    struct dkim_body body = {.sink = {out, take}};
    while (input.len) {
        struct str piece = str_first(input, in_pieces ? 1 + fuzz_next(&state) % MAX_PIECE_BYTES : input.len);
        dkim_body_feed(&body, piece);
        input = str_from(input, piece.len);
    }
    dkim_body_end(&body);
}

/* White space in a line becomes one space each, and none at its end. */
static void relax_line(struct buf *out, struct str line)
{
    while (line.len && reader_is_white(line.data[line.len - 1]))
        line.len--;
    for (size_t i = 0; i < line.len; i++)
        if (!reader_is_white(line.data[i]))
            buf_append_char(out, line.data[i]);
        else if (!reader_is_white(line.data[i + 1]))
            buf_append_char(out, ' ');
}

/* Line by line; then the empty ones at the end go. */
static void relax_body(struct buf *out, struct str text)
{
    while (text.len) {
        const char *end = memmem(text.data, text.len, "\r\n", 2);
        size_t len = end ? (size_t)(end - text.data) : text.len;
        relax_line(out, str_first(text, len));
        buf_append(out, STR("\r\n"));
        text = str_from(text, len + 2);
    }
    while (out->len >= 4 && memcmp(out->data + out->len - 4, "\r\n\r\n", 4) == 0)
        out->len -= 2;
    if (str_equal(buf_view(out), STR("\r\n")))
        out->len = 0;
}

static void check_body(struct str input)
{
    struct buf whole, in_pieces, wanted;
    buf_init(&whole, READER_MAX_BYTES);
    buf_init(&in_pieces, READER_MAX_BYTES);
    buf_init(&wanted, READER_MAX_BYTES);
    feed(&whole, input, false);
    feed(&in_pieces, input, true);
    relax_body(&wanted, input);
    FUZZ_CHECK(str_equal(buf_view(&whole), buf_view(&wanted)));
    FUZZ_CHECK(str_equal(buf_view(&in_pieces), buf_view(&wanted)));
    buf_fini(&whole);
    buf_fini(&in_pieces);
    buf_fini(&wanted);
}

/* The field with each of its spaces made a fold, as a relay might. */
static void refold(struct buf *out, struct str field)
{
    size_t colon = str_index(field, ':');
    for (size_t i = 0; i < field.len; i++) {
        if (i > colon && reader_is_white(field.data[i]))
            buf_append(out, STR("\r\n "));
        buf_append_char(out, field.data[i]);
    }
}

static void check_field(struct str field)
{
    struct buf form, refolded, again;
    buf_init(&form, READER_MAX_BYTES);
    buf_init(&refolded, READER_MAX_BYTES);
    buf_init(&again, READER_MAX_BYTES);
    dkim_canonical_field(&form, field);
    refold(&refolded, field);
    dkim_canonical_field(&again, buf_view(&refolded));
    FUZZ_CHECK(str_equal(buf_view(&form), buf_view(&again)));
    struct str name = buf_view(&form), value = name;
    name = str_cut(&value, ':');
    FUZZ_CHECK(value.data && name.len + 1 + value.len == form.len);
    FUZZ_CHECK(str_trim(name).len == name.len && str_trim(value).len == value.len);
    for (size_t i = 0; i < value.len; i++)
        FUZZ_CHECK(value.data[i] != '\r' && value.data[i] != '\n' && value.data[i] != '\t');
    FUZZ_CHECK(!fuzz_holds(value, STR("  ")));
    buf_clear(&again);
    dkim_canonical_field(&again, buf_view(&form));
    FUZZ_CHECK(str_equal(buf_view(&form), buf_view(&again)));
    buf_fini(&form);
    buf_fini(&refolded);
    buf_fini(&again);
}

void fuzz_input(struct str input)
{
    check_body(input);
    check_field(input);
}
