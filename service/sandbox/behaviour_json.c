/* A rule is read by a table of its members; each reads one value and knows what is wrong with it. What is wrong
 * between them is found behind. */
#include "service/sandbox/behaviour_json.h"

#include "api/json/json_check.h"
#include "base/utf8.h"
#include "service/sandbox/asked.h"

#include <cjson/cJSON.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MAX_NODES = 2000, MAX_DELAY_MS = 600000, MAX_TIMES = 1000000 };

struct reading {
    struct arena *arena;
    struct problem *problem;
    struct str pointer; /* of the rule */
    bool has_step;
};

static void wrong(struct reading *reading, const char *member, const char *detail)
{
    struct fault fault;
    fault_set(&fault, FAULT_INVALID_REQUEST, "%s", detail);
    struct str pointer = member ? arena_format(reading->arena, "%.*s/%s", STR_ARG(reading->pointer), member)
                                : reading->pointer;
    problem_add(reading->problem, reading->arena, pointer, &fault);
}

static struct str text_of(const cJSON *value)
{
    return cJSON_IsString(value) ? str_of(value->valuestring) : (struct str){0};
}

static void keep(char *room, size_t bytes, struct str text)
{
    snprintf(room, bytes, "%.*s", STR_ARG(text));
}

static const char *read_step(struct sandbox_rule *rule, const cJSON *value)
{
    for (int step = 0; step < SANDBOX_STEP_COUNT; step++)
        if (str_equal(text_of(value), sandbox_step_name((enum sandbox_step)step))) {
            rule->step = (enum sandbox_step)step;
            return NULL;
        }
    return "must be greeting, ehlo, starttls, tls, auth, mail, rcpt, data, content or end_of_data";
}

static const char *read_recipient(struct sandbox_rule *rule, const cJSON *value)
{
    struct str text = text_of(value);
    if (!text.len || text.len >= sizeof rule->recipient || str_index(text, '@') == text.len)
        return "must be an address";
    keep(rule->recipient, sizeof rule->recipient, text);
    return NULL;
}

static const char *read_times(struct sandbox_rule *rule, const cJSON *value)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : 0;
    if (number < 1 || number > MAX_TIMES || number != (double)(uint64_t)number)
        return "must be a whole number from 1 to 1000000; without it, the rule holds until it is cleared";
    rule->times = (uint64_t)number;
    return NULL;
}

static const char *read_delay(struct sandbox_rule *rule, const cJSON *value)
{
    return asked_duration(text_of(value), MAX_DELAY_MS, &rule->act.delay_ms)
               ? NULL
               : "must be a time such as 500ms, 3s or 2m, of ten minutes at most";
}

static const char *read_drop(struct sandbox_rule *rule, const cJSON *value)
{
    rule->act.drops = cJSON_IsTrue(value);
    return cJSON_IsBool(value) ? NULL : "must be true or false";
}

/* RFC 5321 4.2: three digits, a space and a text on one line. */
static bool is_reply(struct str text)
{
    if (text.len < 3 || text.len >= SANDBOX_REPLY_BYTES || (text.len > 3 && text.data[3] != ' '))
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (i < 3 ? !char_is_digit(text.data[i]) : char_is_control(text.data[i]))
            return false;
    return text.data[0] >= '2' && text.data[0] <= '5' && text.data[1] <= '5' && utf8_valid(text);
}

static const char *read_reply(struct sandbox_rule *rule, const cJSON *value)
{
    struct str text = text_of(value);
    if (!is_reply(text))
        return "must be a reply such as \"550 5.1.1 User unknown\": a code from 200 to 559, and a text "
               "without "
               "line breaks of 250 bytes at most";
    keep(rule->act.reply, sizeof rule->act.reply, text);
    return NULL;
}

static const char *read_certificate(struct sandbox_rule *rule, const cJSON *value)
{
    rule->act.is_untrusted = str_equal(text_of(value), STR("untrusted"));
    return rule->act.is_untrusted ? NULL : "must be \"untrusted\"";
}

static const char *read_without(struct sandbox_rule *rule, const cJSON *value)
{
    struct str text = text_of(value);
    if (!text.len || text.len >= sizeof rule->act.without)
        return "must be EHLO keywords, such as \"STARTTLS SMTPUTF8\", separated by spaces";
    keep(rule->act.without, sizeof rule->act.without, text);
    return NULL;
}

static const struct {
    const char *name;
    const char *(*read)(struct sandbox_rule *rule, const cJSON *value);
} members[] = {
    {"at", read_step},
    {"recipient", read_recipient},
    {"times", read_times},
    {"delay", read_delay},
    {"drop", read_drop},
    {"reply", read_reply},
    {"certificate", read_certificate},
    {"without", read_without},
};

static void read_member(struct reading *reading, struct sandbox_rule *rule, const cJSON *value)
{
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (strcmp(value->string, members[i].name) != 0)
            continue;
        const char *detail = members[i].read(rule, value);
        reading->has_step = reading->has_step || i == 0;
        if (detail)
            wrong(reading, members[i].name, detail);
        return;
    }
    wrong(reading, NULL, "there is a member that a rule has not: see openapi.yaml");
}

/* What is right each by itself, but not together. */
static void check_rule(struct reading *reading, const struct sandbox_rule *rule)
{
    const struct sandbox_act *act = &rule->act;
    bool has_no_reply = rule->step == SANDBOX_STEP_TLS || rule->step == SANDBOX_STEP_CONTENT;
    const struct {
        bool is_wrong;
        const char *member, *detail;
    } checks[] = {
        {!reading->has_step, "at", "must be given"},
        {rule->recipient[0] && rule->step != SANDBOX_STEP_RCPT, "recipient", "stands at rcpt alone"},
        {act->is_untrusted && rule->step != SANDBOX_STEP_STARTTLS, "certificate", "stands at starttls alone"},
        {act->without[0] && rule->step != SANDBOX_STEP_EHLO, "without", "stands at ehlo alone"},
        {act->reply[0] && has_no_reply, "reply", "is not to be had here: no reply is due"},
        {act->reply[0] && act->drops, "drop", "cannot stand beside a reply"},
        {!act->reply[0] && !act->drops && !act->delay_ms && !act->is_untrusted && !act->without[0], NULL,
         "must say what is done: reply, drop, delay, certificate or without"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++)
        if (checks[i].is_wrong)
            wrong(reading, checks[i].member, checks[i].detail);
}

static void read_rule(struct reading *reading, struct sandbox_rule *rule, const cJSON *value)
{
    size_t errors = reading->problem->errors_found;
    *rule = (struct sandbox_rule){0};
    reading->has_step = false;
    if (!cJSON_IsObject(value)) {
        wrong(reading, NULL, "must be an object");
        return;
    }
    for (const cJSON *member = value->child; member; member = member->next)
        read_member(reading, rule, member);
    if (reading->problem->errors_found == errors)
        check_rule(reading, rule);
}

static void read_rules(struct reading *reading, const cJSON *list, struct sandbox_rule *rules, size_t *count)
{
    reading->pointer = STR("/rules");
    if (!cJSON_IsArray(list)) {
        wrong(reading, NULL, "must be an array of rules");
        return;
    }
    for (const cJSON *value = list->child; value; value = value->next) {
        if (*count == SANDBOX_MAX_RULES) {
            reading->pointer = STR("/rules");
            wrong(reading, NULL, "has more than 64 rules");
            return;
        }
        reading->pointer = arena_format(reading->arena, "/rules/%zu", *count);
        read_rule(reading, &rules[(*count)++], value);
    }
}

bool behaviour_json_read(struct arena *arena, struct str body,
                         struct sandbox_rule rules[static SANDBOX_MAX_RULES], size_t *count,
                         struct problem *problem)
{
    struct reading reading = {.arena = arena, .problem = problem, .pointer = STR("")};
    struct str pointer;
    *count = 0;
    if (!json_check(arena, body, MAX_NODES, &pointer, &problem->fault))
        return false;
    cJSON *root = cJSON_ParseWithLength(body.data, body.len);
    if (!root)
        return fault_set(&problem->fault, FAULT_OVERLOADED, "out of memory");
    const cJSON *list = cJSON_IsObject(root) ? root->child : NULL;
    if (!list || list->next || strcmp(list->string, "rules") != 0)
        wrong(&reading, NULL, "must be an object with the one member rules");
    else
        read_rules(&reading, list, rules, count);
    cJSON_Delete(root);
    return problem_conclude(problem);
}

static void write_act(struct json_writer *json, const struct sandbox_act *act)
{
    char delay[32];
    snprintf(delay, sizeof delay, "%" PRId64 "ms", act->delay_ms);
    if (act->delay_ms)
        json_text(json, "delay", str_of(delay));
    if (act->drops)
        json_bool(json, "drop", true);
    if (act->reply[0])
        json_text(json, "reply", str_of(act->reply));
    if (act->is_untrusted)
        json_text(json, "certificate", STR("untrusted"));
    if (act->without[0])
        json_text(json, "without", str_of(act->without));
}

static void write_rule(struct json_writer *json, const struct sandbox_rule *rule)
{
    json_open_object(json, NULL);
    json_text(json, "at", sandbox_step_name(rule->step));
    if (rule->recipient[0])
        json_text(json, "recipient", str_of(rule->recipient));
    if (rule->times)
        json_uint(json, "times", rule->times);
    write_act(json, &rule->act);
    json_uint(json, "used", rule->used);
    json_close_object(json);
}

static void write_address(struct json_writer *json, const struct sandbox_address *address)
{
    char text[128];
    snprintf(text, sizeof text, "%.*s@%s", STR_ARG(address->name), SANDBOX_ADDRESS_DOMAIN);
    json_open_object(json, NULL);
    json_text(json, "address", str_of(text));
    json_text(json, "meaning", str_of(address->meaning));
    json_text(json, "at", sandbox_step_name(address->step));
    write_act(json, &address->act);
    json_close_object(json);
}

void behaviour_json_write(struct json_writer *json, const struct sandbox_rule *rules, size_t count)
{
    json_open_object(json, NULL);
    json_open_array(json, "rules");
    for (size_t i = 0; i < count; i++)
        write_rule(json, &rules[i]);
    json_close_array(json);
    json_open_array(json, "steps");
    for (int step = 0; step < SANDBOX_STEP_COUNT; step++)
        json_text(json, NULL, sandbox_step_name((enum sandbox_step)step));
    json_close_array(json);
    json_open_array(json, "addresses");
    for (size_t i = 0; i < sandbox_address_count; i++)
        write_address(json, &sandbox_addresses[i]);
    json_close_array(json);
    json_close_object(json);
}
