/* The input is a message that somebody else has built. What is taken is passed on but for its Bcc fields; put together
 * again, it is taken again, and nothing more goes. */
#include "mime/finished.h"
#include "reader.h"

enum { ARENA_BYTES = 1 << 22 };

static bool is_taken(struct arena *arena, struct str text, struct finished *finished, struct str *message_id)
{
    struct mailbox from = {0};
    struct fault fault = {0};
    *message_id = (struct str){0};
    bool taken = finished_read(arena, text, finished, &from, message_id, &fault);
    FUZZ_CHECK(taken || (fault.code != FAULT_NONE && fault.detail[0]));
    FUZZ_CHECK(!taken || (from.address.len && !message_id->data == !finished->has_id));
    return taken;
}

/* RFC 5322 2.1, 2.2: lines of fields, each begun by a name or going on with white space. */
static void check_header(const struct finished *finished)
{
    bool is_ascii = true, is_first = true;
    for (struct str rest = finished->header; rest.len; is_first = false) {
        size_t len = str_index(rest, '\n');
        FUZZ_CHECK(len < rest.len && len > 0 && rest.data[len - 1] == '\r');
        struct str line = str_first(rest, len - 1);
        FUZZ_CHECK(line.len > 0 && line.len <= READER_MAX_LINE_OCTETS);
        FUZZ_CHECK(str_index(line, '\r') == line.len && str_index(line, '\0') == line.len);
        FUZZ_CHECK(!is_first || !reader_is_white(line.data[0]));
        struct str name = str_trim(str_first(line, str_index(line, ':')));
        FUZZ_CHECK(reader_is_white(line.data[0]) || str_is_token(name));
        FUZZ_CHECK(reader_is_white(line.data[0]) || !str_equal_nocase(name, STR("Bcc")));
        is_ascii = is_ascii && utf8_is_ascii(line);
        rest = str_from(rest, len + 1);
    }
    FUZZ_CHECK(finished->has_utf8 == !is_ascii && utf8_valid(finished->header));
}

/* The end of the input, and the blank line before it; a message may have none of either. */
static void check_body(const struct finished *finished, struct str input)
{
    FUZZ_CHECK(fuzz_lies_within(finished->body, input));
    FUZZ_CHECK(finished->body.data + finished->body.len == input.data + input.len);
    struct str before = str_first(input, input.len - finished->body.len);
    FUZZ_CHECK(!finished->body.len || fuzz_holds(before, STR("\r\n\r\n")));
    FUZZ_CHECK(finished->is_8bit == !utf8_is_ascii(finished->body));
    FUZZ_CHECK(str_index(finished->body, '\0') == finished->body.len);
}

/* Each line of the header was there before, in this order. */
static void check_nothing_new(const struct finished *finished, struct str input)
{
    for (struct str rest = finished->header; rest.len;) {
        struct str line = str_cut(&rest, '\n'), was;
        do {
            FUZZ_CHECK(input.data);
            was = str_cut(&input, '\n');
        } while (!str_equal(str_first(line, line.len - 1), was) && !str_equal(line, was));
    }
}

static void check_again(struct arena *arena, const struct finished *finished, struct str message_id)
{
    struct finished again;
    struct str id_again;
    struct buf text;
    buf_init(&text, READER_MAX_BYTES);
    buf_append(&text, finished->header);
    buf_append(&text, STR("\r\n"));
    buf_append(&text, finished->body);
    FUZZ_CHECK(is_taken(arena, buf_view(&text), &again, &id_again));
    FUZZ_CHECK(str_equal(again.header, finished->header) && str_equal(again.body, finished->body));
    FUZZ_CHECK(again.is_dated == finished->is_dated && str_equal(id_again, message_id));
    FUZZ_CHECK(again.is_8bit == finished->is_8bit && again.has_utf8 == finished->has_utf8);
    buf_fini(&text);
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct finished finished;
    struct str message_id;
    arena_init(&arena, ARENA_BYTES);
    if (is_taken(&arena, input, &finished, &message_id) && !arena.failed) {
        check_header(&finished);
        check_body(&finished, input);
        check_nothing_new(&finished, input);
        check_again(&arena, &finished, message_id);
    }
    FUZZ_CHECK(!arena.failed);
    arena_fini(&arena);
}
