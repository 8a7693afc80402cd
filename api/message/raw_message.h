/* api/message/raw_message.h: a message/rfc822 body: a finished message, whose envelope stands in the query. */
#ifndef POSTERN_API_MESSAGE_RAW_MESSAGE_H
#define POSTERN_API_MESSAGE_RAW_MESSAGE_H

#include "api/message/field.h"

void raw_message_read(struct reader *reader, struct str query, struct str text);

#endif
