/* service/sandbox/behaviour_json.h: rules of behaviour from JSON, strictly, and into it.
 *
 * Errors     INVALID_JSON; INVALID_REQUEST, every fault with its pointer.
 */
#ifndef POSTERN_SERVICE_SANDBOX_BEHAVIOUR_JSON_H
#define POSTERN_SERVICE_SANDBOX_BEHAVIOUR_JSON_H

#include "api/answer/problem.h"
#include "api/json/json_write.h"
#include "service/sandbox/behaviour.h"

/* The rules that a body sets. False, and the problem says why. */
bool behaviour_json_read(struct arena *arena, struct str body,
                         struct sandbox_rule rules[static SANDBOX_MAX_RULES], size_t *count,
                         struct problem *problem);

/* The rules, the steps that there are, and the addresses that need no rule. */
void behaviour_json_write(struct json_writer *json, const struct sandbox_rule *rules, size_t count);

#endif
