#include "api/http/traceparent.h"
#include "test.h"

#include <string.h>

#define TRACE  "4bf92f3577b34da6a3ce929d0e0e4736"
#define PARENT "00f067aa0ba902b7"
#define ID     "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f"
#define OWN    "0192f3c88f0e7cc398c4dc0c0c07398f"

static void a_parent_is_taken_to_the_letter_or_not_at_all(void)
{
    static const struct {
        const char *name, *value;
        bool valid, sampled;
    } rows[] = {
        {"sampled", "00-" TRACE "-" PARENT "-01", true, true},
        {"not sampled", "00-" TRACE "-" PARENT "-00", true, false},
        {"flags that are not known", "00-" TRACE "-" PARENT "-fe", true, false},
        {"all flags", "00-" TRACE "-" PARENT "-ff", true, true},
        {"a later version", "01-" TRACE "-" PARENT "-01", true, true},
        {"a later version with more", "cc-" TRACE "-" PARENT "-01-what-the-future-has", true, true},
        {"a later version with more, unseparated", "cc-" TRACE "-" PARENT "-01.what", false, false},
        {"a later version with an end", "cc-" TRACE "-" PARENT "-01-", true, true},
        {"the forbidden version", "ff-" TRACE "-" PARENT "-01", false, false},
        {"version 00 with more", "00-" TRACE "-" PARENT "-01-x", false, false},
        {"version 00 with a hyphen more", "00-" TRACE "-" PARENT "-01-", false, false},
        {"a version in capitals", "0A-" TRACE "-" PARENT "-01", false, false},
        {"a version that is none", ".0-" TRACE "-" PARENT "-01", false, false},
        {"a trace ID of zeros", "00-00000000000000000000000000000000-" PARENT "-01", false, false},
        {"a parent of zeros", "00-" TRACE "-0000000000000000-01", false, false},
        {"a trace ID in capitals", "00-4BF92F3577B34DA6A3CE929D0E0E4736-" PARENT "-01", false, false},
        {"a parent in capitals", "00-" TRACE "-00F067AA0BA902B7-01", false, false},
        {"a letter beyond f", "00-4bf92f3577b34da6a3ce929d0e0e473g-" PARENT "-01", false, false},
        {"a trace ID too short", "00-4bf92f3577b34da6a3ce929d0e0e473-" PARENT "-01", false, false},
        {"a trace ID too long", "00-" TRACE "0-" PARENT "-01", false, false},
        {"flags of one digit", "00-" TRACE "-" PARENT "-1", false, false},
        {"flags in capitals", "00-" TRACE "-" PARENT "-0F", false, false},
        {"flags of three digits", "00-" TRACE "-" PARENT "-001", false, false},
        {"underscores", "00_" TRACE "_" PARENT "_01", false, false},
        {"two with a comma", "00-" TRACE "-" PARENT "-01,00-" TRACE "-" PARENT "-01", false, false},
        {"nothing", "", false, false},
        {"hyphens", "-------------------------------------------------------", false, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_context context = {.trace_id = "untouched"};
        test_row("%s", rows[i].name);
        bool valid = traceparent_parse(str_of(rows[i].value), &context);
        CHECK_INT(valid, rows[i].valid);
        CHECK_TEXT(str_of(context.trace_id), valid ? TRACE : "untouched");
        if (valid) {
            CHECK_TEXT(str_of(context.parent_id), PARENT);
            CHECK_INT(context.is_sampled, rows[i].sampled);
        }
    }
}

static void every_cut_of_a_parent_is_none(void)
{
    static const char whole[] = "00-" TRACE "-" PARENT "-01";
    for (size_t len = 0; len < sizeof whole - 1; len++) {
        struct trace_context context;
        test_row("%zu octets", len);
        CHECK(!traceparent_parse((struct str){whole, len}, &context));
    }
}

/* `count` members "kN=v", a comma behind each but the last. */
static struct str members(char *text, size_t size, unsigned count)
{
    size_t len = 0;
    for (unsigned i = 0; i < count; i++)
        len += (size_t)snprintf(text + len, size - len, "%sk%u=v", i ? "," : "", i);
    return (struct str){text, len};
}

static void a_state_is_a_list_of_keys_and_values(void)
{
#define TEN        "abcdefghij"
#define HUNDRED    TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN
#define KEY_256    HUNDRED HUNDRED TEN TEN TEN TEN TEN "abcdef"
#define TENANT_241 HUNDRED HUNDRED TEN TEN TEN TEN "a"
    static const struct {
        const char *name, *value;
        bool valid;
    } rows[] = {
        {"one", "congo=t61rcWkgMzE", true},
        {"two", "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE", true},
        {"white space around", "rojo=1 \t, \tcongo=2", true},
        {"empty members", ",rojo=1,,congo=2,", true},
        {"nothing but empty members", ", ,", false},
        {"nothing", "", false},
        {"all that a key may have", "a_-*/0=1", true},
        {"a tenant", "fw529a3039@dt=FfnqJ", true},
        {"a tenant that begins with a digit", "0a@dt=1", true},
        {"a system that begins with a digit", "a@0dt=1", false},
        {"a system of 14", "a@abcdefghijklmn=1", true},
        {"a system of 15", "a@abcdefghijklmno=1", false},
        {"two signs of a tenant", "a@b@c=1", false},
        {"no tenant", "@dt=1", false},
        {"no system", "a@=1", false},
        {"a tenant of 241", TENANT_241 "@dt=1", true},
        {"a tenant of 242", TENANT_241 "a@dt=1", false},
        {"a key of 256", KEY_256 "=1", true},
        {"a key of 257", KEY_256 "a=1", false},
        {"a key in capitals", "Rojo=1", false},
        {"a key that begins with a digit", "0rojo=1", false},
        {"a key with a space", "ro jo=1", false},
        {"a space before the sign", "rojo =1", false},
        {"no key", "=1", false},
        {"no sign", "rojo", false},
        {"no value", "rojo=", false},
        {"a value with a space", "rojo=a b", true},
        {"a value that begins with a space", "rojo= a", true},
        {"two signs", "rojo=a=b", false},
        {"a value with a tab", "rojo=a\tb", false},
        {"a value that is not ASCII", "rojo=\xc3\xbc", false},
        {"a value of 256", "rojo=" KEY_256, true},
        {"a value of 257", "rojo=" KEY_256 "a", false},
        {"a key twice", "rojo=1,congo=2,rojo=3", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        test_row("%s", rows[i].name);
        CHECK_INT(tracestate_is_valid(str_of(rows[i].value)), rows[i].valid);
    }
    char text[512];
    test_row("32 members");
    CHECK(tracestate_is_valid(members(text, sizeof text, 32)));
    test_row("33 members");
    CHECK(!tracestate_is_valid(members(text, sizeof text, 33)));
}

struct header {
    const char *name, *value;
};

static void read_header(struct arena *arena, const struct header *fields, struct trace_context *context)
{
    struct guard_request request = {0};
    for (; fields->name; fields++)
        request.fields[request.field_count++] =
            (struct guard_field){str_of(fields->name), str_of(fields->value)};
    traceparent_read(arena, &request, ID, context);
}

static void where_no_parent_is_believed_the_trace_is_the_messages_own(void)
{
    static const struct {
        const char *name;
        struct header fields[4];
        const char *trace_id, *state;
    } rows[] = {
        {"nothing", {{0}}, OWN, NULL},
        {"a parent", {{"traceparent", "00-" TRACE "-" PARENT "-01"}}, TRACE, NULL},
        {"in capitals", {{"TraceParent", " 00-" TRACE "-" PARENT "-01 "}}, TRACE, NULL},
        {"none", {{"traceparent", "00-x"}, {"tracestate", "a=1"}}, OWN, NULL},
        {"two parents",
         {{"traceparent", "00-" TRACE "-" PARENT "-01"}, {"traceparent", "00-" TRACE "-" PARENT "-01"}},
         OWN,
         NULL},
        {"a state alone", {{"tracestate", "a=1"}}, OWN, NULL},
        {"a state", {{"tracestate", "a=1"}, {"traceparent", "00-" TRACE "-" PARENT "-01"}}, TRACE, "a=1"},
        {"a state of two fields",
         {{"traceparent", "00-" TRACE "-" PARENT "-01"}, {"tracestate", "a=1"}, {"TRACESTATE", "b=2"}},
         TRACE,
         "a=1,b=2"},
        {"a state that is none",
         {{"traceparent", "00-" TRACE "-" PARENT "-01"}, {"tracestate", "A=1"}},
         TRACE,
         NULL},
        {"a state of which half is none",
         {{"traceparent", "00-" TRACE "-" PARENT "-01"}, {"tracestate", "a=1"}, {"tracestate", "a=2"}},
         TRACE,
         NULL},
        {"a state that is too long",
         {{"traceparent", "00-" TRACE "-" PARENT "-01"},
          {"tracestate", "a=" KEY_256},
          {"tracestate", "b=" KEY_256}},
         TRACE,
         NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct trace_context context;
        struct arena arena;
        test_row("%s", rows[i].name);
        arena_init(&arena, 4096);
        read_header(&arena, rows[i].fields, &context);
        CHECK_TEXT(str_of(context.trace_id), rows[i].trace_id);
        CHECK_TEXT(str_of(context.parent_id), strcmp(rows[i].trace_id, OWN) == 0 ? "" : PARENT);
        CHECK_STR(context.state, str_of(rows[i].state));
        CHECK_INT(strspn(context.span_id, "0123456789abcdef"), SPAN_ID_BYTES - 1);
        arena_fini(&arena);
    }
}

static void what_is_handed_on_names_the_messages_own_span(void)
{
    struct trace_context context, read_back;
    char text[TRACEPARENT_BYTES];
    trace_context_begin(&context, ID);
    trace_context_format(&context, text);
    CHECK(traceparent_parse(str_of(text), &read_back));
    CHECK_TEXT(str_of(read_back.trace_id), OWN);
    CHECK_TEXT(str_of(read_back.parent_id), context.span_id);
    CHECK(read_back.is_sampled);
    context.is_sampled = false;
    trace_context_format(&context, text);
    CHECK(traceparent_parse(str_of(text), &read_back) && !read_back.is_sampled);
}

int main(void)
{
    TEST(a_parent_is_taken_to_the_letter_or_not_at_all);
    TEST(every_cut_of_a_parent_is_none);
    TEST(a_state_is_a_list_of_keys_and_values);
    TEST(where_no_parent_is_believed_the_trace_is_the_messages_own);
    TEST(what_is_handed_on_names_the_messages_own_span);
    return test_result();
}
