/* The input is the text of a relay's last reply. A queue ID is a piece of it, and stands in it whole. */
#include "base/utf8.h"
#include "fuzz.h"
#include "smtp/queue_id.h"

enum { SHOWN_TEXT_BYTES = 1000, ARENA_BYTES = 4096 };

static void check_place(struct str id, struct str text)
{
    FUZZ_CHECK(!id.data || (id.len > 0 && fuzz_lies_within(id, text)));
}

static void check_form(struct str id)
{
    if (!id.data)
        return;
    FUZZ_CHECK(utf8_valid(id));
    FUZZ_CHECK(str_trim(id).len == id.len);
    char last = id.data[id.len - 1];
    FUZZ_CHECK(last != '.' && last != ',' && last != ';');
}

void fuzz_input(struct str input)
{
    struct arena arena;
    arena_init(&arena, ARENA_BYTES);
    struct str text = utf8_make_safe(&arena, input, SHOWN_TEXT_BYTES);
    struct str id = smtp_queue_id_find(text);
    check_place(id, text);
    check_form(id);
    check_place(smtp_queue_id_find(input), input);
    struct str trimmed = str_trim(text);
    struct str again = smtp_queue_id_find(trimmed);
    FUZZ_CHECK(str_equal(id, again) && !id.data == !again.data);
    arena_fini(&arena);
}
