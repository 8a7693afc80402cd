/* smtp/data.h: the message behind the 354: body, end of data, and the relay's word on it (RFC 5321 4.1.1.4).
 *
 * The invariant of the house is kept here: "not sent" is said only while not one octet of the end of data can
 * be with the kernel, or on a complete 4yz or 5yz reply to it.
 */
#ifndef POSTERN_SMTP_DATA_H
#define POSTERN_SMTP_DATA_H

#include "smtp/dialogue.h"

/* True where the relay took the message: its reply and queue ID are then in the outcome. */
bool smtp_data_send(struct smtp_dialogue *dialogue, struct smtp_source *source);

#endif
