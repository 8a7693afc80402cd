/* The input is lines "NAME:VALUE" of a request's header. Whatever stands there, a trace comes out that may be handed on:
 * its IDs are such, its state, where one is kept, is what a caller sent, and valid; and what is handed on is read back. */
#include "api/http/traceparent.h"
#include "fuzz.h"

static const char ID[] = "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f";

static void read_input(struct str input, struct guard_request *request)
{
    *request = (struct guard_request){0};
    while (input.data && request->field_count < GUARD_MAX_FIELDS) {
        struct str line = str_cut(&input, '\n');
        struct guard_field field = {.name = str_cut(&line, ':')};
        field.value = line.data ? line : STR("");
        request->fields[request->field_count++] = field;
    }
}

static void check_id(const char *id, size_t len)
{
    FUZZ_CHECK(strlen(id) == len && strspn(id, "0123456789abcdef") == len && strspn(id, "0") < len);
}

/* Visible characters and spaces, each member with a sign in it. */
static void check_state(struct str state)
{
    FUZZ_CHECK(state.len && state.len <= TRACE_STATE_MAX_BYTES);
    for (size_t i = 0; i < state.len; i++)
        FUZZ_CHECK(state.data[i] == '\t' || (state.data[i] >= ' ' && state.data[i] <= '~'));
    while (state.data) {
        struct str member = str_trim(str_cut(&state, ','));
        FUZZ_CHECK(!member.len || str_index(member, '=') < member.len);
    }
}

void fuzz_input(struct str input)
{
    struct guard_request request;
    struct trace_context context, read_back;
    struct arena arena;
    char text[TRACEPARENT_BYTES];
    arena_init(&arena, 1 << 20);
    read_input(input, &request);
    traceparent_read(&arena, &request, ID, &context);
    check_id(context.trace_id, TRACE_ID_BYTES - 1);
    check_id(context.span_id, SPAN_ID_BYTES - 1);
    if (context.parent_id[0])
        check_id(context.parent_id, SPAN_ID_BYTES - 1);
    else
        FUZZ_CHECK(strcmp(context.trace_id, "0192f3c88f0e7cc398c4dc0c0c07398f") == 0);
    if (context.state.data)
        check_state(context.state);
    FUZZ_CHECK(context.parent_id[0] || !context.state.data);
    trace_context_format(&context, text);
    FUZZ_CHECK(traceparent_parse(str_of(text), &read_back));
    FUZZ_CHECK(strcmp(read_back.trace_id, context.trace_id) == 0 &&
               strcmp(read_back.parent_id, context.span_id) == 0);
    arena_fini(&arena);
}
