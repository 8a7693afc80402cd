/* The input is a file name as a caller gives it. Made safe, it is one, and stays so; written as parameters, old readers
 * and new find it whole (RFC 2231, and RFC 2047 where it does not belong). */
#include "mime/filename.h"
#include "mime/line.h"
#include "mime/parameter.h"
#include "reader.h"

enum { ARENA_BYTES = 1 << 20, MAX_PARAMETERS = 64 };

struct parameters {
    struct {
        struct str name, value; /* the value as it stands there */
    } items[MAX_PARAMETERS];
    size_t count;
};

static void check_clean(struct arena *arena, struct str name)
{
    FUZZ_CHECK(name.len > 0 && name.len <= FILENAME_MAX_BYTES && utf8_valid(name));
    FUZZ_CHECK(str_index(name, '/') == name.len && str_index(name, '\\') == name.len);
    FUZZ_CHECK(!str_equal(name, STR(".")) && !str_equal(name, STR("..")));
    for (struct str rest = name; rest.len;) {
        uint32_t code_point;
        rest = str_from(rest, utf8_decode(rest, &code_point));
        FUZZ_CHECK(!line_is_control(code_point));
        FUZZ_CHECK(code_point < 0x202a || code_point > 0x202e);
    }
    FUZZ_CHECK(str_equal(filename_clean(arena, name), name));
}

static size_t value_octets(struct str text)
{
    size_t quoted = text.len && text.data[0] == '"' ? str_skip_quoted(text, 0) : 0;
    FUZZ_CHECK(quoted || !text.len || text.data[0] != '"');
    return quoted ? quoted : str_index(text, ';');
}

/* `type; name=value; name="value"`. */
static void read_parameters(struct str line, struct parameters *parameters)
{
    line = str_from(line, str_index(line, ';'));
    for (parameters->count = 0; line.len; parameters->count++) {
        FUZZ_CHECK(parameters->count < MAX_PARAMETERS && str_starts_with(line, STR("; ")));
        line = str_trim(str_from(line, 1));
        struct str name = str_first(line, str_index(line, '='));
        FUZZ_CHECK(name.len < line.len && str_is_token(name));
        line = str_from(line, name.len + 1);
        struct str value = str_first(line, value_octets(line));
        parameters->items[parameters->count].name = name;
        parameters->items[parameters->count].value = value;
        line = str_from(line, value.len);
    }
}

static struct str find(const struct parameters *parameters, struct str name)
{
    struct str found = {0};
    for (size_t i = 0; i < parameters->count; i++)
        if (str_equal(parameters->items[i].name, name)) {
            FUZZ_CHECK(!found.data);
            found = parameters->items[i].value;
        }
    return found;
}

static void unquote(struct buf *out, struct str value)
{
    FUZZ_CHECK(value.len >= 2 && value.data[0] == '"' && value.data[value.len - 1] == '"');
    for (size_t i = 1; i + 1 < value.len; i++) {
        i += value.data[i] == '\\';
        FUZZ_CHECK(i + 1 < value.len);
        buf_append_char(out, value.data[i]);
    }
}

/* RFC 2231 3 and 4; false where there is no such parameter. */
static bool read_extended(const struct parameters *parameters, struct buf *out)
{
    struct str whole = find(parameters, STR("filename*")), piece = whole;
    if (!whole.data)
        piece = find(parameters, STR("filename*0*"));
    for (unsigned section = 0; piece.data; section++) {
        char name[32];
        size_t before = out->len;
        FUZZ_CHECK(section || str_starts_with(piece, STR("utf-8''")));
        reader_decode_hex(out, str_from(piece, section ? 0 : 7), '%', false);
        FUZZ_CHECK(utf8_valid(str_from(buf_view(out), before)));
        snprintf(name, sizeof name, "filename*%u*", section + 1);
        piece = whole.data ? (struct str){0} : find(parameters, str_of(name));
    }
    return out->len > 0;
}

static void write_line(struct str filename, struct buf *line, void (*append)(struct header *, struct str))
{
    struct header header;
    struct buf field;
    buf_init(&field, READER_MAX_BYTES);
    header_begin(&header, &field, STR("Content-Disposition"));
    header_append_token(&header, STR("attachment"));
    append(&header, filename);
    header_end(&header);
    FUZZ_CHECK(!field.failed && utf8_is_ascii(buf_view(&field)));
    FUZZ_CHECK(reader_unfold(line, buf_view(&field)) <= READER_MAX_COLUMNS);
    buf_fini(&field);
}

/* The plain one is whole where it is alone; where another is, it is short and can be shown. */
static void check_filename(struct str filename)
{
    struct parameters parameters;
    struct buf line, plain, extended;
    buf_init(&line, READER_MAX_BYTES);
    buf_init(&plain, READER_MAX_BYTES);
    buf_init(&extended, READER_MAX_BYTES);
    write_line(filename, &line, parameter_append_filename);
    read_parameters(buf_view(&line), &parameters);
    unquote(&plain, find(&parameters, STR("filename")));
    bool is_extended = read_extended(&parameters, &extended);
    FUZZ_CHECK(str_equal(buf_view(is_extended ? &extended : &plain), filename));
    FUZZ_CHECK(!is_extended || plain.len < FILENAME_FALLBACK_BYTES);
    FUZZ_CHECK(!fuzz_holds(buf_view(&plain), STR("=?")));
    buf_fini(&line);
    buf_fini(&plain);
    buf_fini(&extended);
}

static void check_name(struct str filename)
{
    struct parameters parameters;
    struct buf line, name, decoded;
    buf_init(&line, READER_MAX_BYTES);
    buf_init(&name, READER_MAX_BYTES);
    buf_init(&decoded, READER_MAX_BYTES);
    write_line(filename, &line, parameter_append_name);
    read_parameters(buf_view(&line), &parameters);
    FUZZ_CHECK(parameters.count == 1);
    unquote(&name, find(&parameters, STR("name")));
    reader_decode_words(&decoded, buf_view(&name));
    bool is_cut = utf8_is_ascii(filename) && name.len < FILENAME_FALLBACK_BYTES && filename.len > name.len;
    FUZZ_CHECK(is_cut || utf8_is_ascii(filename) || str_equal(buf_view(&decoded), filename));
    FUZZ_CHECK(is_cut || decoded.len >= filename.len);
    buf_fini(&line);
    buf_fini(&name);
    buf_fini(&decoded);
}

void fuzz_input(struct str input)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct str filename = filename_clean(&arena, input);
    if (filename.data) {
        check_clean(&arena, filename);
        check_filename(filename);
        check_name(filename);
    }
    FUZZ_CHECK(!arena.failed);
    arena_fini(&arena);
}
