/* api/attachment.h: the attachments of a request (Attachment in openapi.yaml).
 *
 * The base64 is checked where it lies in the parsed body, and never decoded.
 */
#ifndef POSTERN_API_ATTACHMENT_H
#define POSTERN_API_ATTACHMENT_H

#include "api/field.h"

/* An array of objects. */
void attachment_read_list(struct reader *reader, const cJSON *value, const struct place *place,
                          struct message *message);

#endif
