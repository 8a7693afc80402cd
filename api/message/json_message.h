/* api/message/json_message.h: a JSON text into the submission's message and envelope (Message in openapi.yaml).
 *
 * Strict JSON check first (api/json/json_check.h), then cJSON, then field by field by table; every problem is
 * found and reported with its pointer, not only the first.
 */
#ifndef POSTERN_API_MESSAGE_JSON_MESSAGE_H
#define POSTERN_API_MESSAGE_JSON_MESSAGE_H

#include "api/message/field.h"

void json_message_read(struct reader *reader, struct str json);

#endif
