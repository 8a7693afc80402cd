/* The input is a captured message. Whatever it is, it is taken apart into views of itself, each within its parent's,
 * none before its parent; what is counted of a part is what is decoded of it; and nothing is too much. */
#include "fuzz.h"
#include "service/sandbox/header.h"
#include "service/sandbox/part.h"
#include "service/sandbox/words.h"

enum { ARENA_BYTES = 16 << 20, MAX_PARTS = 500, MAX_DEPTH = 12, MAX_VALUE_BYTES = 16384 };

static void check_place(const struct sandbox_parts *parts, size_t place, struct str input)
{
    const struct sandbox_part *part = &parts->items[place];
    const struct sandbox_part *parent = &parts->items[part->parent];
    FUZZ_CHECK(fuzz_lies_within(part->header, input) && fuzz_lies_within(part->body, input));
    FUZZ_CHECK(part->depth < MAX_DEPTH);
    if (place == 0) {
        FUZZ_CHECK(part->parent == 0 && part->depth == 0);
        return;
    }
    FUZZ_CHECK(part->parent < place && part->depth == parent->depth + 1 && parent->is_container);
    FUZZ_CHECK(fuzz_lies_within(part->header, parent->body) && fuzz_lies_within(part->body, parent->body));
}

/* Brothers do not overlap. */
static void check_order(const struct sandbox_parts *parts, size_t place)
{
    const struct sandbox_part *part = &parts->items[place];
    for (size_t i = place + 1; i < parts->count; i++)
        if (parts->items[i].parent == part->parent && parts->items[i].depth == part->depth) {
            FUZZ_CHECK(part->body.data + part->body.len <= parts->items[i].header.data);
            return;
        }
}

static void check_content(const struct sandbox_part *part)
{
    bool clean, clean_again;
    struct buf text;
    char *out = malloc(part->body.len + 1);
    size_t counted = sandbox_decode(part->encoding, part->body, NULL, &clean);
    FUZZ_CHECK(out && counted <= part->body.len);
    FUZZ_CHECK(sandbox_decode(part->encoding, part->body, out, &clean_again) == counted &&
               clean == clean_again);
    FUZZ_CHECK(part->encoding != SANDBOX_ENCODING_IDENTITY || counted == part->body.len);
    buf_init(&text, MAX_VALUE_BYTES);
    sandbox_charset_append(&text, part->charset, str_first((struct str){out, counted}, MAX_VALUE_BYTES / 4));
    FUZZ_CHECK(!text.failed);
    buf_fini(&text);
    free(out);
}

static void check_fields(struct str header)
{
    struct sandbox_header field;
    size_t before = header.len;
    while (sandbox_header_next(&header, &field)) {
        struct buf value;
        FUZZ_CHECK(header.len < before);
        before = header.len;
        buf_init(&value, MAX_VALUE_BYTES);
        sandbox_words_append(&value, field.value);
        FUZZ_CHECK(!value.failed && value.len <= MAX_VALUE_BYTES);
        buf_fini(&value);
    }
}

void fuzz_input(struct str input)
{
    struct arena arena;
    struct sandbox_parts parts;
    arena_init(&arena, ARENA_BYTES);
    if (sandbox_parts_read(&arena, input, &parts)) {
        FUZZ_CHECK(parts.count > 0 && parts.count <= MAX_PARTS);
        for (size_t i = 0; i < parts.count; i++) {
            check_place(&parts, i, input);
            check_order(&parts, i);
            check_content(&parts.items[i]);
            check_fields(parts.items[i].header);
        }
    }
    arena_fini(&arena);
}
