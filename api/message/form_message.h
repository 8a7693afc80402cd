/* api/message/form_message.h: a multipart/form-data body, as `curl -F` sends it.
 *
 * A part `message` holds the JSON; parts `attachment` and `inline` are files, taken as they are and encoded
 * once. They stand behind the attachments of the JSON, and are told of by the pointers that follow on theirs.
 */
#ifndef POSTERN_API_MESSAGE_FORM_MESSAGE_H
#define POSTERN_API_MESSAGE_FORM_MESSAGE_H

#include "api/message/field.h"

void form_message_read(struct reader *reader, struct str content_type, struct str body);

#endif
