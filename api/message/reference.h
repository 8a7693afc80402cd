/* api/message/reference.h: the fields of a message that tell of others and of itself: in_reply_to, references,
 * message_id, date, list_unsubscribe, calendar.
 *
 * Each reads its value into the message; what it must be is decided by the mime floor.
 */
#ifndef POSTERN_API_MESSAGE_REFERENCE_H
#define POSTERN_API_MESSAGE_REFERENCE_H

#include "api/message/field.h"

void reference_read_in_reply_to(struct reader *reader, const cJSON *value, const struct place *place,
                                void *message);
void reference_read_references(struct reader *reader, const cJSON *value, const struct place *place,
                               void *message);
void reference_read_message_id(struct reader *reader, const cJSON *value, const struct place *place,
                               void *message);
void reference_read_date(struct reader *reader, const cJSON *value, const struct place *place, void *message);
void reference_read_list_unsubscribe(struct reader *reader, const cJSON *value, const struct place *place,
                                     void *message);
void reference_read_calendar(struct reader *reader, const cJSON *value, const struct place *place,
                             void *message);

#endif
