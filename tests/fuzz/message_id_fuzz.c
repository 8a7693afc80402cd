/* The input is a message ID, or a list of them. What is taken fits into a line, holds nothing that ends it early, and
 * is split without a loss. */
#include "fuzz.h"
#include "mime/message_id.h"

enum { MAX_OCTETS = 998 - 1 };

static void check_id(struct str id)
{
    FUZZ_CHECK(id.len >= 3 && id.len <= MAX_OCTETS && id.data[0] == '<' && id.data[id.len - 1] == '>');
    for (size_t i = 1; i + 1 < id.len; i++)
        FUZZ_CHECK(id.data[i] > ' ' && id.data[i] <= '~' && id.data[i] != '<' && id.data[i] != '>');
}

static void check_own(struct str id)
{
    struct fault fault;
    struct str inside = str_first(str_from(id, 1), id.len - 2), rest = id;
    size_t at = str_index(inside, '@');
    check_id(id);
    FUZZ_CHECK(at > 0 && at + 1 < inside.len && str_last_index(inside, '@') == at);
    FUZZ_CHECK(message_id_check_list(id, &fault));
    FUZZ_CHECK(str_equal(message_id_next(&rest), id) && !message_id_next(&rest).data);
}

/* Between one and the next there are separators only. */
static void check_list(struct str list)
{
    struct str rest = list, behind = list;
    for (struct str id; (id = message_id_next(&rest)).data;) {
        check_id(id);
        FUZZ_CHECK(fuzz_lies_within(id, behind));
        for (; behind.data < id.data; behind = str_from(behind, 1))
            FUZZ_CHECK(strchr(" \t,", behind.data[0]) && behind.data[0]);
        behind = str_from(behind, id.len);
    }
    for (; behind.len; behind = str_from(behind, 1))
        FUZZ_CHECK(strchr(" \t,", behind.data[0]) && behind.data[0]);
}

void fuzz_input(struct str input)
{
    struct fault fault = {0};
    if (message_id_check(input, &fault))
        check_own(input);
    else
        FUZZ_CHECK(fault.code == FAULT_INVALID_HEADER && fault.detail[0]);
    if (message_id_check_list(input, &fault))
        check_list(input);
}
