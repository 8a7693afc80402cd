/* smtp/data.h: the message, its end, and the relay's word on it (RFC 5321 4.1.1.4, RFC 3030, RFC 2033).
 *
 * The invariant of the house is kept here: "not sent" is said only while not one octet of the end of data can
 * be with the kernel, or on a complete 4yz or 5yz reply to it.
 */
#ifndef POSTERN_SMTP_DATA_H
#define POSTERN_SMTP_DATA_H

#include "smtp/dialogue.h"

/* Body and end of data; in the same write as the end, the first commands of the mail that `waiting` has,
 * which is then session->begun. True where the relay may have all of it. */
bool smtp_data_write(struct smtp_dialogue *dialogue, struct smtp_flight *flight,
                     const struct smtp_waiting *waiting);

/* True where the relay took the message, for as many as the policy asks for: its reply and queue ID are then
 * in the outcome. */
bool smtp_data_hear(struct smtp_dialogue *dialogue, struct smtp_flight *flight);

/* Behind a flight that carried its message and failed: does the fault stand, or is the outcome unknown? */
void smtp_data_settle(struct smtp_dialogue *dialogue, struct smtp_flight *flight);

#endif
