/* What passes for JSON is JSON to cJSON, too, and so is what cJSON writes of it. Out of memory, nothing passes that did not
 * before, and the other way round. */
#include "api/json/json_check.h"
#include "fuzz.h"

#include <cjson/cJSON.h>

enum { ARENA_BYTES = 1 << 24, MAX_NODES = 2000, TRIES_WITHOUT_MEMORY = 8 };

static bool passes(struct str text, struct fault *fault)
{
    struct arena arena;
    struct str pointer = {0};
    *fault = (struct fault){0};
    arena_init(&arena, ARENA_BYTES);
    bool is_json = json_check(&arena, text, MAX_NODES, &pointer, fault);
    FUZZ_CHECK(is_json || (fault->code != FAULT_NONE && fault->detail[0]));
    FUZZ_CHECK(fault->code != FAULT_INVALID_REQUEST || pointer.data || arena.failed);
    arena_fini(&arena);
    return is_json;
}

static void check_tree(struct str text)
{
    struct fault fault;
    cJSON *tree = cJSON_ParseWithLength(text.data, text.len);
    char *written = cJSON_PrintUnformatted(tree);
    FUZZ_CHECK(tree && written);
    FUZZ_CHECK(passes(str_of(written), &fault));
    cJSON_Delete(tree);
    free(written);
}

void fuzz_input(struct str input)
{
    struct fault fault;
    bool is_json = passes(input, &fault);
    enum fault_code code = fault.code;
    FUZZ_CHECK(is_json || code == FAULT_INVALID_JSON || code == FAULT_INVALID_REQUEST);
    if (is_json)
        check_tree(input);
    for (size_t number = 0; number < TRIES_WITHOUT_MEMORY; number++) {
        fuzz_fail_allocation(number);
        bool still = passes(input, &fault);
        bool has_failed = fuzz_end_of_memory();
        FUZZ_CHECK(still == is_json || (!still && has_failed && fault.code == FAULT_OVERLOADED));
        if (!has_failed)
            break;
    }
}
