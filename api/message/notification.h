/* api/message/notification.h: the member "dsn" of a message: which delivery status notifications are asked for. */
#ifndef POSTERN_API_MESSAGE_NOTIFICATION_H
#define POSTERN_API_MESSAGE_NOTIFICATION_H

#include "api/message/field.h"

/* A row of the message's fields. */
void notification_read(struct reader *reader, const cJSON *value, const struct place *place, void *target);

#endif
