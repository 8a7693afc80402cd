/* The input is a header value. Written as a field in either way, its lines keep to their bounds; unfolded and decoded,
 * it is what it was. */
#include "mime/header.h"
#include "mime/line.h"
#include "reader.h"

enum { MAX_NAME_BYTES = 76 };

static struct str make_name(struct str input, char name[static MAX_NAME_BYTES])
{
    size_t len = 1 + fuzz_seed(input) % MAX_NAME_BYTES;
    memset(name, 'X', MAX_NAME_BYTES);
    return (struct str){name, len};
}

static void check_field(const struct buf *field, struct str name, struct str value, size_t max_columns)
{
    struct buf line, decoded;
    buf_init(&line, READER_MAX_BYTES);
    buf_init(&decoded, READER_MAX_BYTES);
    FUZZ_CHECK(!field->failed && utf8_is_ascii(buf_view(field)));
    FUZZ_CHECK(reader_unfold(&line, buf_view(field)) <= max_columns);
    FUZZ_CHECK(str_starts_with(buf_view(&line), name));
    struct str written = str_from(buf_view(&line), name.len);
    FUZZ_CHECK(str_starts_with(written, value.len ? STR(": ") : STR(":")));
    reader_decode_words(&decoded, str_from(written, value.len ? 2 : 1));
    FUZZ_CHECK(str_equal(buf_view(&decoded), value));
    buf_fini(&line);
    buf_fini(&decoded);
}

static void check_text(struct str name, struct str value, enum header_value kind, size_t max_columns)
{
    struct header header;
    struct buf field;
    buf_init(&field, READER_MAX_BYTES);
    header_begin(&header, &field, name);
    header_append_text(&header, value, kind);
    header_end(&header);
    check_field(&field, name, value, max_columns);
    buf_fini(&field);
}

static void check_encoded(struct str name, struct str value)
{
    struct header header;
    struct buf field;
    buf_init(&field, READER_MAX_BYTES);
    header_begin(&header, &field, name);
    header_append_encoded(&header, value);
    header_end(&header);
    check_field(&field, name, value, READER_MAX_COLUMNS);
    buf_fini(&field);
}

void fuzz_input(struct str input)
{
    struct fault fault;
    char memory[MAX_NAME_BYTES];
    struct str name = make_name(input, memory);
    if (!line_check(input, FAULT_INVALID_HEADER, "the value", &fault))
        return;
    check_text(name, input, HEADER_FREE_TEXT, READER_MAX_COLUMNS);
    check_text(name, input, HEADER_OPAQUE, READER_MAX_LINE_OCTETS);
    check_encoded(name, input);
}
