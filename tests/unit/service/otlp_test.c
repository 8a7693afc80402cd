#include "memory.h"
#include "service/watch/collector.h"
#include "service/watch/otlp_json.h"
#include "test.h"

#include <cjson/cJSON.h>
#include <string.h>

#define TRACE "4bf92f3577b34da6a3ce929d0e0e4736"

static struct span_record a_record(void)
{
    struct span_record record = {.trace = {.trace_id = TRACE, .span_id = "1111111111111111"},
                                 .id = "0192f3c8-8f0e-7cc3-98c4-dc0c0c07398f",
                                 .began_us = 1000,
                                 .ended_us = 9000,
                                 .delivery = DELIVERY_SENT,
                                 .http_status = 200,
                                 .host = STR("relay.test"),
                                 .port = 587};
    record.phases[PHASE_QUEUED] = (struct outcome_spell){1000, 2000, 1000};
    record.phases[PHASE_DATA] = (struct outcome_spell){3000, 9000, 5000};
    return record;
}

static cJSON *told(const struct span_record *record)
{
    struct otlp_json otlp;
    size_t bytes;
    otlp_json_begin(&otlp, 1700000000000000, STR("host"));
    otlp_json_add(&otlp, record);
    char *text = otlp_json_take(&otlp, &bytes);
    cJSON *tree = text ? cJSON_Parse(text) : NULL;
    free(text);
    return tree;
}

static const cJSON *spans_of(const cJSON *tree)
{
    const cJSON *resource = cJSON_GetArrayItem(cJSON_GetObjectItem(tree, "resourceSpans"), 0);
    const cJSON *scope = cJSON_GetArrayItem(cJSON_GetObjectItem(resource, "scopeSpans"), 0);
    return cJSON_GetObjectItem(scope, "spans");
}

static struct str text_of(const cJSON *span, const char *name)
{
    return str_of(cJSON_GetStringValue(cJSON_GetObjectItem(span, name)));
}

static void a_message_is_a_span_with_its_phases_below_it(void)
{
    struct span_record record = a_record();
    cJSON *tree = told(&record);
    const cJSON *spans = spans_of(tree), *root = cJSON_GetArrayItem(spans, 0),
                *data = cJSON_GetArrayItem(spans, 2);
    CHECK_INT(cJSON_GetArraySize(spans), 3);
    CHECK_TEXT(text_of(root, "traceId"), TRACE);
    CHECK_TEXT(text_of(root, "spanId"), "1111111111111111");
    CHECK(!cJSON_GetObjectItem(root, "parentSpanId") && !cJSON_GetObjectItem(root, "traceState"));
    CHECK(!cJSON_GetObjectItem(root, "status"));
    CHECK_TEXT(text_of(root, "startTimeUnixNano"), "1700000000001000000");
    CHECK_TEXT(text_of(root, "endTimeUnixNano"), "1700000000009000000");
    CHECK_TEXT(text_of(data, "name"), "data");
    CHECK_TEXT(text_of(data, "parentSpanId"), "1111111111111111");
    CHECK_TEXT(text_of(data, "endTimeUnixNano"), "1700000000009000000");
    cJSON_Delete(tree);
}

static void the_callers_place_and_a_problem_are_told(void)
{
    struct span_record record = a_record();
    memcpy(record.trace.parent_id, "2222222222222222", SPAN_ID_BYTES);
    record.trace.state = STR("a=\"\\b,c=d");
    record.fault = FAULT_MESSAGE_REJECTED;
    cJSON *tree = told(&record);
    const cJSON *root = cJSON_GetArrayItem(spans_of(tree), 0);
    CHECK_TEXT(text_of(root, "parentSpanId"), "2222222222222222");
    CHECK_TEXT(text_of(root, "traceState"), "a=\"\\b,c=d");
    CHECK_TEXT(text_of(cJSON_GetObjectItem(root, "status"), "message"), "The relay refused the message");
    cJSON_Delete(tree);
}

static bool load(struct arena *arena, const char *endpoint, const char *headers, struct collector *collector,
                 struct fault *fault)
{
    struct settings settings = {.otlp_endpoint = str_of(endpoint), .otlp_headers = str_of(headers)};
    return collector_load(arena, &settings, collector, fault);
}

static void an_endpoint_is_a_base_to_which_the_path_is_added(void)
{
    static const struct {
        const char *endpoint, *host, *authority, *path;
        uint16_t port;
        bool has_tls;
    } rows[] = {
        {"http://collector:4318", "collector", "collector:4318", "/v1/traces", 4318, false},
        {"http://collector", "collector", "collector", "/v1/traces", 80, false},
        {"https://collector/", "collector", "collector", "/v1/traces", 443, true},
        {"https://c.example:8443/a/b//", "c.example", "c.example:8443", "/a/b/v1/traces", 8443, true},
        {"http://[::1]:4318/x", "::1", "[::1]:4318", "/x/v1/traces", 4318, false},
        {"ftp://collector", NULL, NULL, NULL, 0, false},
        {"HTTP://collector", NULL, NULL, NULL, 0, false},
        {"http://", NULL, NULL, NULL, 0, false},
        {"http:///path", NULL, NULL, NULL, 0, false},
        {"http://collector:x", NULL, NULL, NULL, 0, false},
        {"http://collector/?a=b", NULL, NULL, NULL, 0, false},
        {"http://collector/#a", NULL, NULL, NULL, 0, false},
        {"http://collector/a b", NULL, NULL, NULL, 0, false},
        {"http://collector/\xc3\xbc", NULL, NULL, NULL, 0, false},
        {"http://user@collector", NULL, NULL, NULL, 0, false},
        {"http://a\xc3\xbc.example", NULL, NULL, NULL, 0, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct collector collector;
        struct fault fault;
        test_row("%s", rows[i].endpoint);
        arena_init(&arena, 65536);
        bool valid = load(&arena, rows[i].endpoint, NULL, &collector, &fault);
        CHECK_INT(valid, rows[i].host != NULL);
        if (valid) {
            CHECK_TEXT(collector.place.host, rows[i].host);
            CHECK_TEXT(collector.authority, rows[i].authority);
            CHECK_TEXT(collector.path, rows[i].path);
            CHECK_INT(collector.place.port, rows[i].port);
            CHECK_INT(collector.place.tls == SMTP_TLS_IMPLICIT, rows[i].has_tls);
        }
        collector_fini(&collector);
        arena_fini(&arena);
    }
}

static void fields_are_decoded_and_frame_nothing(void)
{
    static const struct {
        const char *headers, *fields;
    } rows[] = {
        {"a=b", "a: b\r\n"},
        {"authorization=Bearer%20x%3D, X-Scope=7", "authorization: Bearer x=\r\nX-Scope: 7\r\n"},
        {"a=b=c", "a: b=c\r\n"},
        {"a", NULL},
        {"a=", NULL},
        {"=b", NULL},
        {"a=b,", NULL},
        {"a=%", NULL},
        {"a=%0d%0aX: y", NULL},
        {"a=%00", NULL},
        {"a=\xc3\xbc", NULL},
        {"a b=c", NULL},
        {"a:=c", NULL},
        {"content-length=0", NULL},
        {"Transfer-Encoding=chunked", NULL},
        {"host=other", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct arena arena;
        struct collector collector;
        struct fault fault;
        test_row("%s", rows[i].headers);
        arena_init(&arena, 65536);
        bool valid = load(&arena, "http://collector", rows[i].headers, &collector, &fault);
        CHECK_INT(valid, rows[i].fields != NULL);
        if (valid)
            CHECK_TEXT(collector.fields, rows[i].fields);
        else
            CHECK(!strstr(fault.detail, "%0") && !strstr(fault.detail, "other"));
        collector_fini(&collector);
        arena_fini(&arena);
    }
}

static bool a_collector_is_loaded(struct fault *fault)
{
    struct arena arena;
    struct collector collector;
    arena_init(&arena, 65536);
    bool loaded = load(&arena, "http://collector:4318/x", "a=b%20c", &collector, fault);
    CHECK(!loaded || (str_equal(collector.path, STR("/x/v1/traces")) &&
                      str_equal(collector.fields, STR("a: b c\r\n")) && collector.place.tls_context));
    collector_fini(&collector);
    arena_fini(&arena);
    return loaded;
}

static bool a_message_is_told(struct fault *fault)
{
    struct otlp_json otlp;
    struct span_record record = a_record();
    size_t bytes;
    otlp_json_begin(&otlp, 0, STR("host"));
    otlp_json_add(&otlp, &record);
    char *text = otlp_json_take(&otlp, &bytes);
    CHECK(!text || strlen(text) == bytes);
    bool told_it = text || fault_set(fault, FAULT_OVERLOADED, "out of memory");
    free(text);
    return told_it;
}

static void without_memory_nothing_is_half_done(void)
{
    memory_fail_each("a collector", a_collector_is_loaded, FAULT_NONE);
    memory_fail_each("a message", a_message_is_told, FAULT_OVERLOADED);
}

int main(void)
{
    memory_begin();
    TEST(a_message_is_a_span_with_its_phases_below_it);
    TEST(the_callers_place_and_a_problem_are_told);
    TEST(an_endpoint_is_a_base_to_which_the_path_is_added);
    TEST(fields_are_decoded_and_frame_nothing);
    TEST(without_memory_nothing_is_half_done);
    return test_result();
}
