#include "service/sandbox/behaviour_json.h"
#include "service/sandbox/serve.h"

static void answer_rules(struct sandbox *sandbox, struct api_answer *answer)
{
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    struct json_writer json;
    size_t count = sandbox_behaviour_get(&sandbox->behaviour, rules);
    json_writer_init(&json, SERVE_MAX_JSON_BYTES);
    behaviour_json_write(&json, rules, count);
    serve_json(answer, &json);
}

void serve_behaviour(void *context, const struct api_call *call, struct api_answer *answer)
{
    (void)call;
    answer_rules(context, answer);
}

void serve_set_behaviour(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    struct sandbox_rule rules[SANDBOX_MAX_RULES];
    struct problem problem = {0};
    struct arena arena;
    size_t count;
    arena_init(&arena, SERVE_ARENA_BYTES);
    if (behaviour_json_read(&arena, call->body, rules, &count, &problem)) {
        sandbox_behaviour_set(&sandbox->behaviour, rules, count);
        sandbox_events_add(sandbox->terms.events, SANDBOX_EVENT_BEHAVIOUR, "");
        answer_rules(sandbox, answer);
    } else {
        serve_problem(answer, &problem);
    }
    arena_fini(&arena);
}

void serve_clear_behaviour(void *context, const struct api_call *call, struct api_answer *answer)
{
    struct sandbox *sandbox = context;
    (void)call;
    sandbox_behaviour_set(&sandbox->behaviour, NULL, 0);
    sandbox_events_add(sandbox->terms.events, SANDBOX_EVENT_BEHAVIOUR, "");
    answer->status = 204;
}
