/* api/message/attachment.h: the attachments of a request (Attachment in openapi.yaml).
 *
 * The base64 is checked where it lies in the parsed body, and never decoded.
 */
#ifndef POSTERN_API_MESSAGE_ATTACHMENT_H
#define POSTERN_API_MESSAGE_ATTACHMENT_H

#include "api/message/field.h"

/* Room for `count` in all; false, with the problem told, where they are too many. */
bool attachment_make_room(struct reader *reader, const struct place *place, size_t count);

/* An array of objects; with room behind them for the files of a form. */
void attachment_read_list(struct reader *reader, const cJSON *value, const struct place *place,
                          struct message *message);

#endif
